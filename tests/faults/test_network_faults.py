"""What the network does for longer than a moment: answers that stay lost, sessions that stay ended, limits. For a fault at
every call see test_reference_run.
"""

from __future__ import annotations

import pytest

from crm_sync.errors import PermanentError, TemporaryError
from tests.local_place import Place
from tests.worker_here import Worker, contacts, profile

API = "/services/data"


def test_a_lost_answer_to_every_write_is_cleared_up_without_a_second_record(org: Place, worker: Worker) -> None:
    worker.reach([profile(person) for person in contacts(org, 1)])
    people = contacts(org, 5)
    made = worker.plan([profile(person) for person in people])
    sequence = org.effects()[-1]["sequence"]
    org.fault("lost_reply", "composite/sobjects/Reference_Profile__c", times=1)
    outcome = worker.write(made)
    assert outcome.count("written") == 5
    written = [entry for entry in org.effects(sequence) if entry["object"] == "Reference_Profile__c"]
    assert [entry["action"] for entry in written] == ["insert"] * 5


def test_an_answer_that_stays_lost_leaves_the_rows_to_the_next_run(org: Place, worker: Worker) -> None:
    worker.reach([profile(person) for person in contacts(org, 1)])
    (person,) = contacts(org, 1)
    made = worker.plan([profile(person)])
    org.fault("cut", "composite$|composite/sobjects/Reference_Profile__c", times=-1)
    (result,) = worker.write(made).results
    assert (result.status, result.code) == ("deferred", "UNCLEAR")
    org.no_faults()
    assert worker.reach([profile(person)]).count("written") == 1


def test_a_lasting_401_costs_three_logins_at_most(org: Place, worker: Worker) -> None:
    org.fault("expire", API, times=-1)
    fresh = org.worker()
    for _ in range(4):
        with pytest.raises((TemporaryError, PermanentError)):
            fresh.count("Account")
    assert fresh._auth.logins <= 3


def test_the_daily_limit_stops_a_pull_and_the_next_goes_on(org: Place, worker: Worker) -> None:
    org.human("Account", *({"Name": f"L{i}"} for i in range(20)))
    org.fault(
        "error", "composite", status=403, code="REQUEST_LIMIT_EXCEEDED", message="TotalRequests Limit exceeded.", skip=1
    )
    with pytest.raises(TemporaryError, match="limit or maintenance"):
        worker.look()
    org.no_faults()
    assert worker.look().tables["account"].num_rows >= 20
