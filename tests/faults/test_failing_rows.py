"""Every subset of eight rows that fail together: each row has its own outcome, and the next run makes up for all."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from crm_sync.diff import Plan
from crm_sync.local_org.faults import Fault
from crm_sync.local_org.in_process import InProcess
from crm_sync.program import Program
from tests.local_place import Place, place
from tests.worker_here import Worker, contacts, profile

ROWS = 8
FATES = (
    ("UNABLE_TO_LOCK_ROW", "deferred"),  # tried row by row within the run, and given up
    ("ENTITY_IS_LOCKED", "deferred"),
    ("FIELD_CUSTOM_VALIDATION_EXCEPTION", "refused"),
)
"""A code of each class, and how its rows end in the run; the rows of a subset fail with all of them in turn."""


@dataclass(frozen=True)
class Written:
    """A plan that writes eight rows, what the org holds before it and after it, and the worker that carries it out."""

    org: Place
    worker: Worker
    people: Sequence[str]
    plan: Plan
    before: sqlite3.Connection
    after: Mapping[str, Any]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory, program: Program) -> Iterator[Written]:
    """An org in the same process, as there are very many runs."""
    with place() as org:
        worker = Worker(org, tmp_path_factory.mktemp("rows"), program)
        address = org.running.base_url.replace("http://", "https://")
        worker.org._client._session.mount(address, InProcess(org.running.org))
        people = contacts(org, ROWS)
        worker.reach([profile(person) for person in contacts(org, 1)])
        made = worker.plan([profile(person) for person in people])
        before = org.saved()
        worker.write(made)
        yield Written(org, worker, people, made, before, org.contents())
        worker.close()


@pytest.mark.parametrize("every", [5, pytest.param(1, marks=pytest.mark.all_faults)], ids=["every fifth", "every"])
def test_every_subset_of_failing_rows(written: Written, every: int) -> None:
    """None and all are among every fifth; `make test-faults` tries every one."""
    org, worker, people = written.org, written.worker, written.people
    for subset in range(0, 2**ROWS, every):
        org.restore(written.before)
        worker.look_at_runs()
        failing = {people[row]: FATES[(row + subset) % 3] for row in range(ROWS) if subset >> row & 1}
        for person, (code, _) in failing.items():
            known = {"object": "Reference_Profile__c", "contains": person, "code": code}
            org.running.org.faults.add(Fault("record", times=-1, with_=known))
        found = {result.change.key: result.status for result in worker.write(written.plan).results}
        assert found == {person: failing.get(person, ("", "written"))[1] for person in people}
        org.no_faults()
        for person in failing:
            worker.journal.release(f"profile {person}")
        worker.look_at_runs()
        assert worker.write(written.plan).count("written") == ROWS
        assert org.contents() == written.after
