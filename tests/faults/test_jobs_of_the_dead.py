"""A worker that dies in a Bulk job, and the next one that finds the job in its book: it is waited for, and none begun anew."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crm_sync.program import Program
from crm_sync.pull import pull
from crm_sync.salesforce.client import Client
from crm_sync.salesforce.org import SalesforceOrg
from tests.local_place import Place
from tests.worker_here import AS_OF, Worker, contacts, only, profile


class KilledError(BaseException):
    """The process is gone."""


@pytest.fixture
def bulky(org: Place, tmp_path: Path, program: Program) -> Iterator[Worker]:
    """A worker that does everything by Bulk."""
    made = Worker(org, tmp_path, program)
    made.org = org.worker(made.journal.jobs, bulk_read_rows=1, bulk_write_rows=5)
    yield made
    made.close()
    org.no_faults()


def dies_before_looking_at(org: SalesforceOrg, kind: str) -> None:
    """Let the worker die when it first asks how a job of this kind is doing."""
    client: Client = org._client
    read = client.read

    def dying(path: str, doing: str) -> Any:
        if f"/jobs/{kind}/" in path:
            raise KilledError
        return read(path, doing)

    client.read = dying  # type: ignore[method-assign]


def jobs(org: Place, kind: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = org.call("GET", f"jobs/{kind}")["records"]
    return found


def test_a_query_job_is_read_by_the_next_run(org: Place, bulky: Worker) -> None:
    people = contacts(org, 4)
    small = only(bulky.program, "contact")
    dies_before_looking_at(bulky.org, "query")
    with pytest.raises(KilledError):
        pull(bulky.org, bulky.mirror, small, AS_OF)
    begun = jobs(org, "query")
    (late,) = contacts(org, 1)
    again = org.worker(bulky.journal.jobs, bulk_read_rows=1)
    found = pull(again, bulky.mirror, small, AS_OF).tables["contact"]["id"].to_pylist()
    assert {*people, late} <= set(found)
    assert [job for job in jobs(org, "query") if job in begun] == begun
    assert bulky.journal.jobs.open() == ()
    whole = [job for job in jobs(org, "query") if job["object"] == "Contact"]
    assert len(whole) == 2  # that of the dead worker, and what changed since it began


def test_an_ingest_job_is_waited_for_and_its_rows_are_not_sent_again(org: Place, bulky: Worker) -> None:
    bulky.reach([profile(person) for person in contacts(org, 1)])
    people = contacts(org, 6)
    made = bulky.plan([profile(person) for person in people])
    sequence = org.effects()[-1]["sequence"]
    dies_before_looking_at(bulky.org, "ingest")
    with pytest.raises(KilledError):
        bulky.write(made)
    assert [job.about for job in bulky.journal.jobs.open()] == ["write Reference_Profile__c"]
    org.control("POST", "clock", {"advance": 301})
    bulky.org = org.worker(bulky.journal.jobs, bulk_read_rows=1, bulk_write_rows=5)
    assert bulky.plan([profile(person) for person in people]).changes == ()
    assert bulky.journal.jobs.open() == ()
    assert len(jobs(org, "ingest")) == 1
    written = [entry for entry in org.effects(sequence) if entry["object"] == "Reference_Profile__c"]
    assert [entry["action"] for entry in written] == ["insert"] * 6
