"""A worker that dies at any call, and the next one that finds the org as it was left: nothing lost, nothing twice."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from crm_sync.program import Program
from crm_sync.salesforce.limits import CallBudget
from tests.local_place import Place
from tests.worker_here import AS_OF, Worker, contacts, match, profile


class Killed(BaseException):
    """The process is gone: nothing after this is said to the org."""


class Bomb(CallBudget):
    """Counts calls as the real one does, and kills the process before one of them and ever after."""

    def __init__(self, before: int) -> None:
        super().__init__(100, lambda: AS_OF)
        self.before = before

    def count(self) -> None:
        """Die, or count."""
        if self.calls >= self.before:
            raise Killed
        super().count()


@pytest.mark.parametrize("call", range(5))
@pytest.mark.parametrize("answered", [True, False])
def test_a_worker_killed_at_any_call_leaves_an_org_that_the_next_one_completes(
    org: Place, tmp_path: Path, program: Program, call: int, answered: bool
) -> None:
    first = Worker(org, tmp_path / "first", program)
    first.reach([profile(person) for person in contacts(org, 1)])
    people = contacts(org, 3)
    (asked,) = org.human("Reference_Request__c", {"Type__c": "Quote"})
    wanted = [profile(person) for person in people]
    wanted += [match(7000 + 100 * call + 10 * answered + i, asked, person) for i, person in enumerate(people)]
    made = first.plan(wanted)
    if not answered and call:
        org.fault("lost_reply", "/services/data", skip=call - 1)
    first.org._client._session._budget = Bomb(call)
    with contextlib.suppress(Killed):
        first.write(made)
    org.no_faults()
    first.close()
    org.control("POST", "clock", {"advance": 301})
    second = Worker(org, tmp_path / "second", program, holder="worker two")
    second.reach(wanted)
    assert second.plan(wanted).changes == ()
    named = ", ".join(f"'{person}'" for person in people)
    assert len(org.rows(f"SELECT Id FROM Reference_Profile__c WHERE Contact__c IN ({named})")) == 3
    assert len(org.rows(f"SELECT Id FROM Reference_Match__c WHERE Request__c = '{asked}' AND Profile__c != null")) == 3
    assert org.rows("SELECT Id FROM Sync_Run__c WHERE Status__c = 'Running'") == []
    second.close()
