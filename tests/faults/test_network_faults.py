"""Whatever the network does at whichever call, the org ends up as if nothing had happened, and holds nothing twice.

Calls of one write-back: 1 describe is remembered from the pull; 2 find the lease, 3 begin the run, 4 write, 5 give back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from crm_sync.errors import PermanentError, TemporaryError
from crm_sync.model.records import Desired
from tests.local_place import Place
from tests.worker_here import Worker, contacts, match, profile

WRITE_CALLS = 4
PULL_CALLS = 5
API = "/services/data"


def wanted(people: Sequence[str], asked: str, number: int) -> list[Desired]:
    return [profile(person) for person in people] + [
        match(number * 10 + i, asked, person) for i, person in enumerate(people)
    ]


def state(place: Place, people: Sequence[str], asked: str) -> list[Mapping[str, Any]]:
    named = ", ".join(f"'{person}'" for person in people)
    profiles = place.rows(
        f"SELECT Contact__c, Status__c, Strength__c FROM Reference_Profile__c WHERE Contact__c IN ({named}) ORDER BY Contact__c"
    )
    matches = place.rows(
        f"SELECT Profile__r.External_Key__c, Rank__c FROM Reference_Match__c WHERE Request__c = '{asked}' ORDER BY External_Key__c"
    )
    return [*profiles, *({"profile": row["Profile__r"]["External_Key__c"], "rank": row["Rank__c"]} for row in matches)]


def expected(people: Sequence[str]) -> list[Mapping[str, Any]]:
    return [
        *({"Contact__c": person, "Status__c": "Candidate", "Strength__c": 50.0} for person in sorted(people)),
        *({"profile": person, "rank": 1.0} for person in people),
    ]


@pytest.mark.parametrize("call", range(WRITE_CALLS))
@pytest.mark.parametrize("kind", ["expire", "lost_reply", "cut", "truncate", "html", "error"])
def test_any_fault_at_any_call_of_a_write_back_ends_in_the_same_state(
    org: Place, worker: Worker, kind: str, call: int
) -> None:
    worker.reach([profile(person) for person in contacts(org, 1)])
    people = contacts(org, 3)
    (asked,) = org.human("Reference_Request__c", {"Type__c": "Quote"})
    made = worker.plan(wanted(people, asked, call * 100 + len(kind)))
    org.fault(kind, API, skip=call)
    try:
        worker.write(made)
    except TemporaryError:
        org.no_faults()
        org.control("POST", "clock", {"advance": 301})
        worker.reach(wanted(people, asked, call * 100 + len(kind)))
    org.no_faults()
    assert state(org, people, asked) == expected(people)
    assert worker.plan(wanted(people, asked, call * 100 + len(kind))).changes == ()


@pytest.mark.parametrize("call", range(PULL_CALLS))
def test_a_session_that_ends_at_any_call_of_a_pull_changes_nothing(org: Place, worker: Worker, call: int) -> None:
    undisturbed = worker.look()
    other = worker.mirror
    org.fault("expire", API, skip=call)
    worker.mirror = type(other).in_memory(b"s" * 32)
    found = worker.look()
    other.close()
    assert all(found.tables[name].equals(table) for name, table in undisturbed.tables.items())


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
