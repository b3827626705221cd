"""The life of an ask, line by line of its table, and what silence, a no, a hold and a late answer lead to."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any

import pytest

from crm_sync.lifecycle.ask_duties import ask_duties
from crm_sync.lifecycle.ask_facts import Asks
from crm_sync.lifecycle.asks import EVENTS, PHASES, AskFacts, phase_of
from crm_sync.lifecycle.matches import desired_matches
from crm_sync.lifecycle.requests import desired_requests
from crm_sync.lifecycle.world import match_key
from crm_sync.model.matches import Candidate, Slate

TODAY = date(2026, 3, 11)  # a Wednesday
REQUEST, CONTACT, OTHER = "a03000000000001AAA", "003000000000001AAA", "003000000000002AAA"
OWNER, REP = "005000000000001AAA", "005000000000007AAA"
PROFILE = {"id": "a01000000000001AAA", "contact": CONTACT, "status": "active"}
OTHER_PROFILE = {"id": "a01000000000002AAA", "contact": OTHER, "status": "active"}
MATCH = {
    "id": "a02000000000001AAA",
    "key": match_key(REQUEST, CONTACT),
    "request": REQUEST,
    "profile": PROFILE["id"],
    "state": "proposed",
    "recommended": True,
    "attempt": 1.0,
    "decide_by": TODAY + timedelta(days=1),
    "reserved_until": TODAY + timedelta(days=7),
}
BASE: dict[str, Any] = {
    "profile": [PROFILE, OTHER_PROFILE],
    "contact": [{"id": CONTACT, "account": "001000000000001AAA"}, {"id": OTHER, "account": "001000000000001AAA"}],
    "account": [{"id": "001000000000001AAA", "owner": OWNER}],
    "user": [{"id": OWNER, "active": True}, {"id": REP, "active": True}],
}
OPEN = {"id": REQUEST, "stage": "submitted", "type": "call", "requester": REP}
AGREED = {"owner_decision": "approved", "owner_decided_on": TODAY - timedelta(days=1)}
ASKED = AGREED | {"asked_on": TODAY - timedelta(days=1)}


def verdict(*, failed: int = 0) -> list[dict[str, Any]]:
    return [{"match_id": MATCH["id"], "contact_id": CONTACT, "reference_type": "call", "failed": failed, "unknown": 0}]


def slate(*contacts: str) -> Slate:
    found = tuple(Candidate(c, n, 80.0, {}, n == 1, ("x",)) for n, c in enumerate(contacts, start=1))
    return Slate(REQUEST, "matched", found, ("1 reference is proposed.",))


def world(world_of: Any, noted: dict[str, Any], *, failed: int = 0, request: Any = None, **more: Any) -> Any:
    rows = BASE | {"match": [MATCH | noted], "request": [OPEN | (request or {})], "held": verdict(failed=failed)}
    return world_of(**(rows | more))


def phase(world_of: Any, match: dict[str, Any], **more: Any) -> str:
    found = world(world_of, match, **more)
    return Asks(found).phase(found.rows("match")[0]).name


@pytest.mark.parametrize(
    ("match", "more", "name"),
    [
        ({}, {"slates": [slate(CONTACT)]}, "deciding"),
        ({"recommended": False}, {"slates": [slate(OTHER, CONTACT)]}, "in_line"),
        ({}, {}, "not_proposed"),
        ({"decide_by": TODAY - timedelta(days=1)}, {}, "passed_over"),
        ({"decide_by": TODAY}, {}, "not_proposed"),
        ({"owner_decision": "declined"}, {}, "declined"),
        (AGREED, {}, "approved"),
        (AGREED, {"failed": 1}, "frozen"),
        (AGREED, {"request": {"stage": "on_hold"}}, "frozen"),
        (AGREED, {"request": {"stage": "withdrawn"}}, "request_over"),
        (AGREED, {"request": {"needed_by": TODAY + timedelta(days=7)}}, "approved"),
        (AGREED, {"request": {"needed_by": TODAY - timedelta(days=1)}}, "too_late"),
        (
            AGREED | {"reserved_until": TODAY - timedelta(days=1), "owner_decided_on": date(2026, 3, 6)},
            {},
            "left_unasked",
        ),
        (AGREED | {"reserved_until": TODAY - timedelta(days=1), "owner_decided_on": date(2026, 3, 9)}, {}, "approved"),
        (ASKED, {}, "asked"),
        (ASKED | {"asked_on": date(2026, 3, 4)}, {}, "asked"),
        (ASKED | {"asked_on": date(2026, 3, 3)}, {}, "unanswered"),
        (ASKED, {"failed": 1}, "frozen"),
        (ASKED | {"customer_response": "declined"}, {}, "declined"),
        (ASKED | {"customer_response": "accepted"}, {}, "accepted"),
        (ASKED | {"customer_response": "accepted"}, {"failed": 2}, "frozen"),
        (
            ASKED | {"customer_response": "accepted", "scheduled_for": None},
            {"activity": [{"status": "scheduled"}]},
            "scheduled",
        ),
        (ASKED | {"customer_response": "accepted"}, {"activity": [{"status": "missed"}]}, "missed"),
        (ASKED | {"customer_response": "accepted"}, {"activity": [{"status": "cancelled"}]}, "cancelled"),
        (ASKED | {"customer_response": "accepted"}, {"activity": [{"status": "completed"}]}, "completed"),
        (ASKED | {"completed_on": TODAY}, {"failed": 1}, "completed"),
        (ASKED, {"activity": [{"status": "declined"}]}, "declined"),
    ],
)
def test_each_phase_from_what_people_noted(
    world_of: Any, match: dict[str, Any], more: dict[str, Any], name: str
) -> None:
    linked = [
        {"id": "a07000000000001AAA", "match": MATCH["id"], "contact": CONTACT} | a for a in more.pop("activity", [])
    ]
    assert phase(world_of, match, **more, **({"activity": linked} if linked else {})) == name


FIELDS: dict[str, tuple[Any, ...]] = {
    "request": ("open", "on_hold", "over"),
    "owner": ("undecided", "silent", "approved", "left_unasked", "declined"),
    "customer": ("not_asked", "asked", "silent", "accepted", "declined"),
    "use": ("none", "scheduled", "completed", "missed", "cancelled"),
    "proposed": (False, True),
    "chosen": (False, True),
    "passes": (False, True),
    "in_time": (False, True),
    "overtaken": (False, True),
}
EVERYTHING = [AskFacts(**dict(zip(FIELDS, values, strict=True))) for values in product(*FIELDS.values())]


def test_the_table_is_total_and_every_line_is_reached() -> None:
    assert {phase_of(facts).name for facts in EVERYTHING} == {phase.name for phase in PHASES}


def test_a_no_ends_it_whatever_else_is_true() -> None:
    for facts in EVERYTHING:
        if "declined" in (facts.owner, facts.customer) and facts.use not in ("completed", "missed", "cancelled"):
            assert phase_of(facts).state == "closed"


def test_nothing_goes_on_that_a_rule_stands_in_the_way_of() -> None:
    going_on = {"scheduled", "accepted", "asked", "approved"}
    for facts in EVERYTHING:
        if not facts.passes or facts.request != "open":
            assert phase_of(facts).name not in going_on


def test_events_lead_only_from_where_they_may_happen() -> None:
    for may, changes in EVENTS.values():
        assert any(may(facts) for facts in EVERYTHING)
        assert set(changes) <= set(FIELDS)


def test_attempts_count_the_persons_this_request_has_met(world_of: Any) -> None:
    gone = MATCH | {"decide_by": TODAY - timedelta(days=1)}
    first, *_ = [w for w in desired_matches(world(world_of, gone, slates=[slate(OTHER)])) if w.key != MATCH["key"]]
    assert first.fields["attempt"] == 2
    assert first.fields["decide_by"] == date(2026, 3, 13)
    (old,) = [w for w in desired_matches(world(world_of, gone, slates=[slate(OTHER)])) if w.key == MATCH["key"]]
    assert old.fields == {"recommended": False, "reserved_until": None, "rank": None, "state": "superseded"}


def test_a_reference_that_nobody_was_told_of_gives_its_number_back(world_of: Any) -> None:
    wanted = {w.key: w.fields for w in desired_matches(world(world_of, {}, slates=[slate(OTHER)]))}
    assert wanted[match_key(REQUEST, OTHER)]["attempt"] == 1
    assert (wanted[MATCH["key"]]["attempt"], wanted[MATCH["key"]]["decide_by"]) == (None, None)


def test_an_ask_keeps_its_place_until_the_customers_answer_is_due(world_of: Any) -> None:
    (asked,) = desired_matches(world(world_of, ASKED))
    assert asked.fields["reserved_until"] == date(2026, 3, 17)
    assert asked.fields["gate_verdict"] == "passed"
    late = AGREED | {"owner_decided_on": TODAY, "reserved_until": TODAY}
    (agreed,) = desired_matches(world(world_of, late))
    assert agreed.fields["reserved_until"] == date(2026, 3, 13)


def test_the_final_gate_is_run_at_the_owners_approval(world_of: Any) -> None:
    (refused,) = desired_matches(world(world_of, AGREED, failed=1))
    assert (refused.fields["gate_verdict"], refused.fields["state"]) == ("refused", "frozen")


@pytest.mark.parametrize(
    ("earliest", "needed_by", "gate"),
    [
        (
            TODAY + timedelta(days=19),
            TODAY + timedelta(days=18),
            ("refused", "superseded", "the first day is 30 Mar 2026"),
        ),
        (TODAY + timedelta(days=19), TODAY + timedelta(days=19), ("passed", "proposed", "None")),
        (TODAY + timedelta(days=19), None, ("passed", "proposed", "None")),
        (None, TODAY + timedelta(days=90), ("refused", "frozen", "Nobody can say on which day")),
        (None, None, ("refused", "frozen", "Nobody can say on which day")),
    ],
)
def test_the_final_gate_knows_the_customers_first_day_from_the_verdicts(
    world_of: Any, earliest: date | None, needed_by: date | None, gate: tuple[str, str, str]
) -> None:
    """The day with the blackouts and the holidays of the person; by the org's own days any of these would be in time."""
    judged = [{"contact_id": CONTACT, "notice_call": 5, "earliest_call": earliest}]
    (late,) = desired_matches(world(world_of, AGREED, request={"needed_by": needed_by}, judged=judged))
    assert (late.fields["gate_verdict"], late.fields["state"]) == gate[:2]
    assert gate[2] in str(late.fields["gate_reasons"])


@pytest.mark.parametrize(
    "noted",
    [{"asked_on": TODAY}, {"customer_response": "accepted"}, {"scheduled_for": datetime(2026, 3, 30, 12, tzinfo=UTC)}],
)
def test_notice_is_nobodys_concern_once_the_customer_was_asked(world_of: Any, noted: dict[str, Any]) -> None:
    judged = [{"contact_id": CONTACT, "earliest_call": None}]
    (wanted,) = desired_matches(world(world_of, AGREED | noted, request={"needed_by": TODAY}, judged=judged))
    assert wanted.fields["gate_verdict"] == "passed"


def second(**noted: Any) -> dict[str, Any]:
    return (
        MATCH | {"id": "a02000000000002AAA", "key": match_key(REQUEST, OTHER), "profile": OTHER_PROFILE["id"]} | noted
    )


@pytest.mark.parametrize(
    ("mine", "others", "name"),
    [
        (
            ASKED | {"asked_on": date(2026, 3, 2), "customer_response": "accepted", "responded_on": TODAY},
            {},
            "accepted",
        ),
        (
            ASKED | {"asked_on": date(2026, 3, 2), "customer_response": "accepted", "responded_on": TODAY},
            ASKED,
            "accepted",
        ),
        (
            ASKED | {"asked_on": date(2026, 3, 2), "customer_response": "accepted", "responded_on": TODAY},
            ASKED | {"customer_response": "accepted", "responded_on": date(2026, 3, 10)},
            "overtaken",
        ),
        (AGREED | {"owner_decided_on": TODAY}, ASKED, "overtaken"),
        (AGREED | {"owner_decided_on": TODAY}, AGREED, "overtaken"),
        (AGREED, AGREED | {"owner_decided_on": TODAY}, "approved"),
        (ASKED, ASKED, "asked"),
    ],
)
def test_an_answer_that_comes_late_counts_while_nobody_is_further(
    world_of: Any, mine: dict[str, Any], others: dict[str, Any], name: str
) -> None:
    state = {"state": "superseded"}
    found = world(world_of, {}, match=[MATCH | mine | state, second(**others)])
    assert Asks(found).phase(found.rows("match")[0]).name == name


def duties_of(found: Any) -> dict[str, Any]:
    return {duty.subject.split(":")[0].split(",")[0]: duty for duty in ask_duties(found)}


def test_each_phase_gives_somebody_the_next_thing_to_do(world_of: Any) -> None:
    assert "Ask this customer for a call" in duties_of(world(world_of, AGREED))
    held = duties_of(world(world_of, AGREED, failed=1))
    assert held["Ask this customer for a call"].paused
    assert "no_dispute is not met." in held["On hold"].description
    yes = duties_of(world(world_of, ASKED | {"customer_response": "accepted"}))
    assert (yes["A customer has agreed to a call"].owner, yes["A customer has agreed to a call"].what) == (REP, REQUEST)
    over = duties_of(world(world_of, ASKED, request={"stage": "withdrawn"}))
    assert list(over) == ["Tell this customer that the reference is not needed any more"]
    assert not duties_of(world(world_of, ASKED | {"customer_response": "declined"}))
    assert not duties_of(world(world_of, ASKED))


def test_a_hold_is_said_on_the_request_in_the_same_run(world_of: Any) -> None:
    (wanted,) = desired_requests(world(world_of, ASKED, failed=1))
    assert wanted.fields["status"] == "frozen"
    assert wanted.fields["verdict_summary"] == "This request is on hold; nobody is being asked."
    assert wanted.fields["clock"] == "stopped"


def test_the_clock_is_that_of_the_answer_awaited(world_of: Any) -> None:
    (asked,) = desired_requests(world(world_of, ASKED))
    assert (asked.fields["status"], asked.fields["due_on"]) == ("customer_asked", date(2026, 3, 17))
    (deciding,) = desired_requests(world(world_of, {}, slates=[slate(CONTACT)]))
    assert (deciding.fields["status"], deciding.fields["due_on"]) == ("owner_deciding", date(2026, 3, 12))


@pytest.mark.parametrize(
    ("activity", "days_ago", "status"),
    [
        ({}, 3, "completed"),
        ({"sentiment": "positive"}, 3, "completed"),
        ({"sentiment": "positive", "requester_feedback": "Helped."}, 3, "closed"),
        ({}, 30, "completed"),
        ({}, 31, "closed"),
    ],
)
def test_a_request_is_closed_when_both_sides_have_said_how_it_went(
    world_of: Any, activity: dict[str, Any], days_ago: int, status: str
) -> None:
    use = {"id": "a07000000000001AAA", "match": MATCH["id"], "request": REQUEST, "contact": CONTACT, "type": "call"}
    done = use | {"status": "completed", "completed_on": TODAY - timedelta(days=days_ago)} | activity
    found = world(world_of, ASKED | {"customer_response": "accepted"}, activity=[done])
    (wanted,) = desired_requests(found)
    assert wanted.fields["status"] == status
