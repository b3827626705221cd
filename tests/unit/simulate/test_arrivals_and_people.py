"""What was asked for, who was really asked, and how owners and customers answer."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime
from typing import Any

import pytest

from crm_sync.model.calendar import BusinessCalendar
from crm_sync.program import Program
from crm_sync.simulate.arrivals import arrivals, noted_activities
from crm_sync.simulate.people import FEWEST, Outcome, people
from tests.reference_town import Town
from tests.unit.simulate.conftest import SINCE, request

CALENDAR = BusinessCalendar()


@pytest.fixture
def small(snapshot_of: Any, program: Program) -> Town:
    town = Town(snapshot_of, program)
    town.reference("ann")
    return town


def test_requests_come_in_order_as_they_were_submitted(town: Town, program: Program) -> None:
    found = arrivals(town.snapshot(), program, SINCE)
    assert [row["id"] for row in found.requests] == [
        "for ann", "for bob", "for dee", "ask alone", "for bob later", "hasty", "visit",
    ]  # fmt: skip
    assert {row["stage"] for row in found.requests} == {"submitted"}
    assert {row["id"]: row["stage"] for row in found.others} == {"long ago": "closed", "draft": "closed"}
    assert found.unrecorded == 1


def test_an_ask_without_a_request_stands_for_one_and_is_not_told_twice(town: Town, program: Program) -> None:
    found = arrivals(town.snapshot(), program, SINCE)
    made = next(row for row in found.requests if row["id"] == "ask alone")
    assert (made["type"], made["requester"], made["audience"], made["prospect"]) == ("call", "rep", "banks", "prospect")
    assert (made["submitted_on"], made["needed_by"]) == (date(2026, 3, 3), None)
    assert {"ask alone", "really no"}.isdisjoint(row["id"] for row in found.asks)
    assert len(found.asks) == 4


def test_what_really_happened_is_known_of_the_pair(town: Town, program: Program) -> None:
    real = arrivals(town.snapshot(), program, SINCE).real
    assert real == {
        ("for ann", "ann"): Outcome("no", 1, 1, None),
        ("ask alone", "eve"): Outcome("yes", 1, 1, date(2026, 3, 9)),
    }


@pytest.mark.parametrize(
    ("changes", "replayed"),
    [
        ({}, True),
        ({"requested_on": date(2026, 2, 25)}, False),
        ({"requested_on": None}, False),
        ({"type": None}, False),
        ({"contact": None}, False),
    ],
)
def test_only_an_ask_that_says_when_it_was_requested_tells_of_a_request(
    small: Town, program: Program, changes: dict[str, Any], replayed: bool
) -> None:
    row = {"id": "a", "contact": "ann", "type": "call", "status": "completed", "requested_on": date(2026, 3, 2)}
    small.add("activity", **(row | changes))
    found = arrivals(small.snapshot(), program, SINCE)
    assert bool(found.unrecorded) is replayed
    assert len(found.asks) == (not replayed)


def test_a_request_without_its_day_came_when_it_was_made(small: Town, program: Program) -> None:
    request(small, "undated", date(2026, 3, 2))
    small.rows["request"][0] |= {"submitted_on": None, "created_at": datetime(2026, 3, 5, 8, tzinfo=UTC)}
    (row,) = arrivals(small.snapshot(), program, SINCE).requests
    assert row["submitted_on"] == date(2026, 3, 5)


@pytest.mark.parametrize(
    ("match", "status", "kind"),
    [
        ({"customer_response": "declined", "responded_on": date(2026, 3, 4)}, "declined", "no"),
        ({"customer_response": "accepted", "completed_on": date(2026, 3, 9)}, "completed", "yes"),
        ({"state": "superseded"}, "cancelled", "nothing"),
        ({"state": "proposed"}, "asked", None),
    ],
)
def test_what_people_noted_on_the_match_counts_for_the_activity(
    small: Town, program: Program, match: dict[str, Any], status: str, kind: str | None
) -> None:
    request(small, "r", date(2026, 3, 2))
    small.add("match", id="m", request="r", profile="prof ann", asked_on=date(2026, 3, 3), **match)
    small.add("activity", id="a", match="m", contact="ann", type="call", status="asked", asked_on=date(2026, 3, 3))
    (row,) = noted_activities(small.snapshot())
    assert (row["status"], row["request"]) == (status, "r")
    assert arrivals(small.snapshot(), program, SINCE).real["r", "ann"].kind == kind


def with_history(town: Town, statuses: dict[str, int], wait: int = 0) -> Town:
    for status, count in statuses.items():
        for number in range(count):
            town.add("activity", id=f"{status} {number}", contact="ann", type="call", status=status,
                     requested_on=date(2025, 9, 1), asked_on=date(2025, 9, 2), responded_on=date(2025, 9, 2 + wait))  # fmt: skip
    return town


def answering(town: Town, real: Any = None) -> Any:
    snapshot = town.snapshot()
    return people(snapshot, noted_activities(snapshot), real or {})


def test_where_nothing_is_on_record_it_is_assumed(small: Town) -> None:
    found = answering(small)
    assert (found.owner.yes, found.owner.no, found.owner.waits) == (0.9, 0.05, (1,))
    assert (found.customer.yes, found.customer.no, found.customer.answers) == (0.8, 0.1, 0)


def test_what_is_on_record_outweighs_what_is_assumed(small: Town) -> None:
    found = answering(with_history(small, {"completed": 30, "declined": 60, "cancelled": 0, "asked": 5}, wait=2))
    assert found.customer.answers == 90
    assert found.customer.yes == pytest.approx((30 + 8) / 100)
    assert found.customer.no == pytest.approx((60 + 1) / 100)
    assert set(found.customer.waits) == {2}
    assert set(found.owner.waits) == {1}


def test_few_waits_are_not_taken_for_the_usual_ones(small: Town) -> None:
    assert answering(with_history(small, {"completed": FEWEST - 1}, wait=3)).customer.waits == (2,)


def test_owners_decisions_on_record_count(small: Town) -> None:
    for number in range(90):
        small.add("match", id=f"m{number}", owner_decision="declined")
    assert answering(small).owner.no == pytest.approx(0.905)


def test_draws_come_to_the_shares_and_are_the_same_every_time(small: Town) -> None:
    found = answering(with_history(small, {"completed": 60, "declined": 20, "cancelled": 20}))
    kinds = [found.customer_answers(f"request {number}", "ann")[0] for number in range(4000)]
    counted = Counter(kinds)
    assert counted["yes"] / 4000 == pytest.approx(found.customer.yes, abs=0.03)
    assert counted["no"] / 4000 == pytest.approx(found.customer.no, abs=0.03)
    again = answering(small)
    assert [again.customer_answers(f"request {number}", "ann")[0] for number in range(4000)] == kinds
    others = [found.customer_answers(f"request {number}", "bob")[0] for number in range(4000)]
    assert others != kinds


def test_whom_a_request_was_really_put_to_answers_as_they_did(small: Town) -> None:
    real = {("r", "ann"): Outcome("no", 4, 7), ("s", "ann"): Outcome("yes", None, None, date(2026, 3, 20))}
    found = answering(small, real)
    assert found.owner_answers("r", "ann") == ("yes", 4)
    assert found.customer_answers("r", "ann") == ("no", 7)
    assert found.owner_answers("s", "ann") == ("yes", 1)
    assert found.customer_answers("s", "ann") == ("yes", 2)


@pytest.mark.parametrize(
    ("needed_by", "agreed_on", "first", "used_on"),
    [
        (date(2026, 3, 30), date(2026, 3, 16), date(2026, 3, 23), date(2026, 3, 30)),
        (None, date(2026, 3, 16), date(2026, 3, 17), date(2026, 3, 23)),
        (None, date(2026, 3, 16), date(2026, 3, 27), date(2026, 3, 27)),
        (date(2026, 3, 2), date(2026, 3, 16), date(2026, 3, 17), date(2026, 3, 23)),
    ],
)
def test_a_use_takes_place_when_it_is_needed_or_after_the_usual_time(
    small: Town, needed_by: date | None, agreed_on: date, first: date, used_on: date
) -> None:
    asked = {"id": "r", "type": "call", "needed_by": needed_by}
    assert answering(small).used_on(asked, "ann", agreed_on, first, CALENDAR) == used_on
