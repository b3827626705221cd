"""Several workers, one org: one writes at a time, a stalled one notices, and the stop switch stops them all."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from crm_sync.errors import CrmSyncError, TemporaryError
from crm_sync.model.records import Outcome
from crm_sync.program import Program
from crm_sync.writeback.lease import LEASE_KEY, Lease
from crm_sync.writeback.translate import Translator
from tests.local_place import Place
from tests.worker_here import Worker, contacts, profile


@pytest.fixture
def other(org: Place, tmp_path: Path, program: Program) -> Iterator[Worker]:
    made = Worker(org, tmp_path / "other", program, holder="worker two")
    yield made
    made.close()


def lease_id(org: Place) -> str:
    return str(org.rows(f"SELECT Id FROM Sync_Run__c WHERE External_Key__c = '{LEASE_KEY}'")[0]["Id"])


def begin(worker: Worker) -> None:
    """Begin a run and die in it."""
    facts = worker.org.describe(worker.program.mappings["sync_run"].object)
    assert facts is not None
    translator = Translator(worker.program.mappings, {"sync_run": facts})
    about = {"kind": "full", "status": "running"}
    lease = Lease(worker.org, translator, worker.surroundings().holder, about, monotonic=lambda: 0.0)
    lease.look(worker.look())
    lease.claim()


def test_while_one_writes_another_may_not(org: Place, worker: Worker, other: Worker) -> None:
    (person,) = contacts(org, 1)
    made = worker.plan([profile(person)])
    begin(other)
    with pytest.raises(TemporaryError, match=r"Another worker \(worker two run 1\) may write until"):
        worker.write(made)
    assert org.rows(f"SELECT Id FROM Reference_Profile__c WHERE External_Key__c = '{person}'") == []
    org.control("POST", "clock", {"advance": 301})
    assert worker.reach([profile(person)]).count("written") == 1


def test_a_run_that_a_dead_worker_left_open_is_closed_by_the_next(org: Place, worker: Worker, other: Worker) -> None:
    worker.reach([profile(person) for person in contacts(org, 1)])
    begin(other)
    org.control("POST", "clock", {"advance": 301})
    worker.reach([profile(person) for person in contacts(org, 1)])
    rows = org.rows(
        "SELECT Status__c, Message__c FROM Sync_Run__c WHERE Holder__c LIKE 'worker two%' ORDER BY Fence__c DESC"
    )
    assert rows[0]["Status__c"] == "Failed"
    assert "Abandoned" in rows[0]["Message__c"]


def test_a_worker_that_slept_through_its_hold_writes_no_more(org: Place, worker: Worker, other: Worker) -> None:
    worker.reach([profile(person) for person in contacts(org, 1)])
    people = contacts(org, 2)
    made = worker.plan([profile(person) for person in people])

    def stall(_: float) -> None:
        """The worker stands still for ten minutes, and another takes over."""
        org.no_faults()
        org.control("POST", "clock", {"advance": 600})
        other.reach([profile(person, strength=99.0) for person in contacts(org, 1)])
        worker.clock_s += 600

    org.fault("record", times=2, object="Reference_Profile__c", contains=people[0])
    worker.pause = stall
    with pytest.raises(TemporaryError, match="hold on the org ran out"):
        worker.write(made)
    written = org.rows(
        f"SELECT External_Key__c FROM Reference_Profile__c WHERE Contact__c IN ('{people[0]}', '{people[1]}')"
    )
    assert written == [{"External_Key__c": people[1]}]
    outcomes = worker.journal._connection.execute("SELECT subject, status FROM outcomes").fetchall()
    assert dict(outcomes)[f"profile {people[1]}"] == "written"
    assert dict(outcomes)[f"profile {people[0]}"] == "deferred"
    rows = org.rows("SELECT Holder__c FROM Sync_Run__c WHERE Kind__c = 'Full' ORDER BY Fence__c DESC LIMIT 2")
    assert [row["Holder__c"][:10] for row in rows] == ["worker two", "worker one"]


def test_a_plan_made_before_another_run_is_refused(org: Place, worker: Worker, other: Worker) -> None:
    """What the other run froze or withdrew would be proposed again by a plan that does not know of it."""
    worker.reach([profile(person) for person in contacts(org, 1)])
    people = contacts(org, 2)
    made = worker.plan([profile(people[0])])
    other.reach([profile(people[1])])
    with pytest.raises(TemporaryError, match="Another worker has run since"):
        worker.write(made)
    assert org.rows(f"SELECT Id FROM Reference_Profile__c WHERE External_Key__c = '{people[0]}'") == []
    assert worker.write(worker.plan([profile(people[0])])).count("written") == 1


def test_the_stop_switch_stops_the_next_run(org: Place, worker: Worker) -> None:
    worker.reach([profile(person) for person in contacts(org, 1)])
    org.update("Sync_Run__c", lease_id(org), Stop_Switch__c=True)
    (person,) = contacts(org, 1)
    made = worker.plan([profile(person)])
    sequence = org.effects()[-1]["sequence"]
    with pytest.raises(TemporaryError, match="stop switch"):
        worker.write(made)
    assert org.effects(sequence) == []
    org.update("Sync_Run__c", lease_id(org), Stop_Switch__c=False)
    assert worker.write(made).count("written") == 1


def test_the_stop_switch_stops_a_running_run_before_its_next_write(org: Place, worker: Worker) -> None:
    worker.reach([profile(person) for person in contacts(org, 1)])
    (person,) = contacts(org, 1)
    made = worker.plan([profile(person)])

    def flip(_: float) -> None:
        org.no_faults()
        org.update("Sync_Run__c", lease_id(org), Stop_Switch__c=True)
        worker.clock_s += 6

    org.fault("record", times=2, object="Reference_Profile__c", contains=person)
    worker.pause = flip
    with pytest.raises(TemporaryError, match="stop switch"):
        worker.write(made)
    assert org.rows(f"SELECT Id FROM Reference_Profile__c WHERE External_Key__c = '{person}'") == []
    (run,) = [run for run in worker.journal.runs() if run["status"] == "failed"]
    (row,) = org.rows(f"SELECT Status__c FROM Sync_Run__c WHERE External_Key__c = '{run['run_id']}'")
    assert row["Status__c"] == "Failed"
    org.update("Sync_Run__c", lease_id(org), Stop_Switch__c=False)


def test_a_long_run_renews_its_hold(org: Place, worker: Worker) -> None:
    worker.reach([profile(person) for person in contacts(org, 1)])
    (person,) = contacts(org, 1)

    def wait(_: float) -> None:
        org.control("POST", "clock", {"advance": 200})
        worker.clock_s += 200

    org.fault("record", times=5, object="Reference_Profile__c", contains=person)
    worker.pause = wait
    assert worker.reach([profile(person)]).count("written") == 1


def test_of_many_that_begin_at_once_one_does(org: Place, tmp_path: Path, program: Program) -> None:
    crowd = [Worker(org, tmp_path / "crowd", program, holder=f"worker {number}") for number in range(5)]
    people = contacts(org, 5)
    plans = [worker.plan([profile(person)]) for worker, person in zip(crowd, people, strict=True)]

    def run(number: int) -> Outcome | CrmSyncError:
        try:
            return crowd[number].write(plans[number])
        except CrmSyncError as error:
            return error

    with ThreadPoolExecutor(5) as pool:
        outcomes = list(pool.map(run, range(5)))
    for worker in crowd:
        worker.close()
    assert all(isinstance(outcome, Outcome | TemporaryError) for outcome in outcomes)
    assert any(isinstance(outcome, Outcome) for outcome in outcomes)
    rows = org.rows("SELECT Fence__c FROM Sync_Run__c WHERE Kind__c = 'Full'")
    fences = [row["Fence__c"] for row in rows]
    assert len(fences) == len(set(fences))
