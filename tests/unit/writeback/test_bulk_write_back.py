"""Writing back by Bulk jobs: the same outcome as by REST, row by row, and calls counted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from crm_sync.model.records import Desired
from crm_sync.program import Program
from tests.local_place import Place
from tests.worker_here import Worker, contacts, match, profile


@pytest.fixture
def bulky(org: Place, tmp_path: Path, program: Program) -> Iterator[Worker]:
    """A worker that writes five rows and more by Bulk."""
    made = Worker(org, tmp_path / "bulky", program)
    made.org = org.worker(made.journal.jobs, bulk_write_rows=5)
    yield made
    made.close()
    org.no_faults()


def stored(org: Place, people: list[str]) -> list[dict[str, object]]:
    named = ", ".join(f"'{person}'" for person in people)
    fields = (
        "Contact__c, Status__c, Strength__c, Verdict__c, Verdict_Summary__c, Eligible_Types__c, Next_Available_On__c"
    )
    return org.rows(f"SELECT {fields} FROM Reference_Profile__c WHERE Contact__c IN ({named}) ORDER BY External_Key__c")


def test_creates_updates_links_and_cleared_fields(org: Place, bulky: Worker) -> None:
    people = contacts(org, 6)
    (asked,) = org.human("Reference_Request__c", {"Type__c": "Quote"})
    wanted = [
        profile(
            person, verdict_summary='a "b", c\n€', eligible_types=("call", "quote"), next_available_on=date(2026, 12, 1)
        )
        for person in people
    ]
    wanted += [match(5000 + i, asked, person) for i, person in enumerate(people)]
    outcome = bulky.reach(wanted)
    assert outcome.count("written") == 12
    assert {row["Verdict_Summary__c"] for row in stored(org, people)} == {'a "b", c\n€'}
    assert {row["Eligible_Types__c"] for row in stored(org, people)} == {"Sales Call;Quote"}
    assert {row["Next_Available_On__c"] for row in stored(org, people)} == {"2026-12-01"}
    cleared = [profile(person, verdict_summary=None, eligible_types=(), next_available_on=None) for person in people]
    assert bulky.reach(cleared).count("written") == 6
    for row in stored(org, people):
        assert (row["Verdict_Summary__c"], row["Eligible_Types__c"], row["Next_Available_On__c"]) == (None, None, None)
        assert (row["Status__c"], row["Strength__c"], row["Verdict__c"]) == ("Candidate", 50.0, "Eligible")
    assert bulky.plan([*cleared, *wanted[6:]]).changes == ()


def test_rows_that_change_different_fields_travel_in_one_job(org: Place, bulky: Worker) -> None:
    people = contacts(org, 6)
    bulky.reach([profile(person) for person in people])
    changed = [
        profile(person, **({"strength": 60.0} if i % 2 else {"verdict_summary": "new"}))
        for i, person in enumerate(people)
    ]
    assert bulky.reach(changed).count("written") == 6
    assert sorted((row["Strength__c"], row["Verdict_Summary__c"]) for row in stored(org, people)) == [
        *[(50.0, "new")] * 3,
        *[(60.0, "fine")] * 3,
    ]


def test_records_that_people_made_are_updated_by_id(org: Place, bulky: Worker) -> None:
    asked = org.human("Reference_Request__c", *({"Type__c": "Quote"} for _ in range(6)))
    outcome = bulky.reach([Desired("request", {"status": "matched"}, id=record_id) for record_id in asked])
    assert outcome.count("written") == 6
    named = ", ".join(f"'{record_id}'" for record_id in asked)
    rows = org.rows(f"SELECT Status__c FROM Reference_Request__c WHERE Id IN ({named})")
    assert {row["Status__c"] for row in rows} == {"Matched"}


def test_bad_rows_are_told_apart_and_the_text_that_csv_cannot_carry_goes_another_way(org: Place, bulky: Worker) -> None:
    people = contacts(org, 8)
    org.fault(
        "record",
        times=-1,
        object="Reference_Profile__c",
        contains=people[2],
        code="FIELD_CUSTOM_VALIDATION_EXCEPTION",
        message="no: really, no",
    )
    wanted = [profile(person) for person in people[:-1]] + [profile(people[-1], verdict_summary="#N/A")]
    outcome = bulky.reach(wanted)
    assert (outcome.count("written"), outcome.count("refused")) == (7, 1)
    (refused,) = [result for result in outcome.results if result.status == "refused"]
    assert (refused.change.key, refused.code) == (people[2], "FIELD_CUSTOM_VALIDATION_EXCEPTION")
    assert "really" in (refused.message or "")
    kept = {row["Contact__c"]: row["Verdict_Summary__c"] for row in stored(org, people)}
    assert kept[people[-1]] == "#N/A"
    assert len(kept) == 7


def test_locked_rows_are_tried_again_by_rest(org: Place, bulky: Worker) -> None:
    people = contacts(org, 6)
    org.fault("record", times=1, object="Reference_Profile__c", contains=people[2], code="UNABLE_TO_LOCK_ROW")
    assert bulky.reach([profile(person) for person in people]).count("written") == 6


@pytest.mark.parametrize("kind", ["expire", "lost_reply", "cut", "truncate", "html"])
@pytest.mark.parametrize("call", range(7))
def test_any_fault_at_any_call_of_a_job_ends_in_the_same_state(org: Place, bulky: Worker, kind: str, call: int) -> None:
    people = contacts(org, 6)
    made = bulky.plan([profile(person) for person in people])
    org.fault(kind, "jobs/ingest", skip=call)
    outcome = bulky.write(made)
    org.no_faults()
    if outcome.count("written") < 6:
        bulky.reach([profile(person) for person in people])
    assert len(stored(org, people)) == 6
    assert bulky.plan([profile(person) for person in people]).changes == ()
