"""The life of a request, line by line of its table."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from crm_sync.lifecycle.requests import STATUSES, RequestFacts, clock_of, desired_requests, status_of
from crm_sync.lifecycle.world import match_key
from crm_sync.model.matches import Candidate, Slate
from crm_sync.model.records import Link

REQUEST = "a03000000000001AAA"
CONTACT = "003000000000001AAA"
CHOSEN = Candidate(CONTACT, 1, 80.0, {"industry": 25.0}, True, ("Same industry.",))
OTHER = Candidate("003000000000002AAA", 2, 70.0, {}, False, ())


def slate(verdict: str = "matched", *candidates: Candidate, **more: Any) -> Slate:
    return Slate(REQUEST, verdict, candidates, more.pop("why", ("Because.",)), **more)


@pytest.mark.parametrize(
    ("stage", "given", "asks", "status"),
    [
        ("closed", slate("matched", CHOSEN), {"asked"}, "closed"),
        ("withdrawn", None, {"accepted"}, "closed"),
        ("submitted", None, {"completed", "frozen"}, "completed"),
        ("on_hold", slate("matched", CHOSEN), {"asked"}, "frozen"),
        ("submitted", None, {"accepted", "frozen"}, "frozen"),
        ("submitted", None, {"scheduled", "accepted"}, "scheduled"),
        ("submitted", None, {"accepted"}, "approved"),
        ("submitted", None, {"missed"}, "missed"),
        ("submitted", slate("matched", CHOSEN), {"missed"}, "owner_deciding"),
        ("submitted", slate("matched", CHOSEN), {"asked"}, "customer_asked"),
        ("submitted", slate("matched", CHOSEN, OTHER), set(), "owner_deciding"),
        ("submitted", slate("matched", OTHER), {"declined"}, "matched"),
        ("submitted", slate("late"), set(), "late"),
        ("submitted", slate("unfilled"), set(), "unfilled"),
        ("submitted", None, set(), "new"),
    ],
)
def test_each_line_of_the_table(stage: str, given: Slate | None, asks: set[str], status: str) -> None:
    recommends = given is not None and any(candidate.recommended for candidate in given.candidates)
    facts = RequestFacts(stage, given.verdict if given else None, recommends, frozenset(asks))
    assert status_of(facts).name == status


def test_every_status_can_be_reached_and_has_a_place_in_the_org(program: Any) -> None:
    assert {status.name for status in STATUSES} <= set(program.mappings["request"].fields["status"].program_values)


@pytest.mark.parametrize(
    ("due", "clock"),
    [(None, "stopped"), (date(2026, 3, 10), "overdue"), (date(2026, 3, 11), "due"), (date(2026, 3, 12), "on_track")],
)
def test_clocks(due: date | None, clock: str) -> None:
    assert clock_of(date(2026, 3, 11), due) == clock


def test_a_draft_is_left_alone(world_of: Any) -> None:
    assert list(desired_requests(world_of(request=[{"id": REQUEST, "stage": "draft"}]))) == []


def test_the_recommendation_is_linked_and_the_owner_clock_starts(world_of: Any) -> None:
    world = world_of(request=[{"id": REQUEST, "stage": "submitted"}], slates=[slate("matched", CHOSEN)])
    (wanted,) = desired_requests(world)
    assert wanted.fields["recommended_match"] == Link("match", match_key(REQUEST, CONTACT))
    assert wanted.fields["due_on"] == date(2026, 3, 13)
    assert wanted.fields["verdict_summary"] == "Because."


def test_a_running_clock_is_kept_and_a_new_status_starts_a_new_one(world_of: Any) -> None:
    running = {"id": REQUEST, "stage": "submitted", "status": "owner_deciding", "due_on": date(2026, 3, 9)}
    (kept,) = desired_requests(world_of(request=[running], slates=[slate("matched", CHOSEN)]))
    assert (kept.fields["due_on"], kept.fields["clock"]) == (date(2026, 3, 9), "overdue")
    (anew,) = desired_requests(world_of(request=[running | {"status": "new"}], slates=[slate("matched", CHOSEN)]))
    assert (anew.fields["due_on"], anew.fields["clock"]) == (date(2026, 3, 13), "on_track")


def test_a_late_request_is_told_the_honest_date_and_the_substitute(world_of: Any) -> None:
    late = slate(
        "late", earliest_on=date(2026, 3, 25), substitute="A published quote", substitute_asset_id="a05000000000001AAA"
    )
    (wanted,) = desired_requests(world_of(request=[{"id": REQUEST, "stage": "submitted"}], slates=[late]))
    assert wanted.fields["status"] == "late"
    assert wanted.fields["earliest_on"] == date(2026, 3, 25)
    assert wanted.fields["substitute"] == "A published quote"
    assert wanted.fields["clock"] == "stopped"


def test_who_declined_cannot_be_told_from_who_was_never_considered(world_of: Any) -> None:
    """S9: two worlds that differ only in one decline give the requester the same bytes."""
    request = {"id": REQUEST, "stage": "submitted"}
    match = {
        "id": "a02000000000001AAA",
        "key": "k",
        "request": REQUEST,
        "customer_response": "declined",
        "asked_on": date(2026, 3, 1),
    }
    declined = world_of(request=[request], match=[match], slates=[slate("matched", OTHER)])
    never = world_of(request=[request], slates=[slate("matched", OTHER)])
    assert list(desired_requests(declined)) == list(desired_requests(never))
