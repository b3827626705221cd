"""Asks under way: who keeps a request, who has had their chance, and what is open at all."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from tests.unit.matching.towns import DISPUTE, TODAY, Ref, ask, bit, recommended, town

BETTER, WORSE = Ref("c1"), Ref("c2", industry="Retail", use_case="Compliance")
SOON, PAST = TODAY + timedelta(days=5), TODAY - timedelta(days=1)


def match_row(contact="c2", request="R1", **given):
    return {
        "id": f"M {request} {contact}", "request": request, "profile": f"RP {contact}", "rank": 1, "recommended": True,
        "reserved_until": SOON, "state": "proposed", **given,
    }  # fmt: skip


def held(contact="c2", request="R1", **given):
    return {"contact_id": contact, "request_id": request, "match_id": f"M {request} {contact}", **given}


KEEPS = [
    ({"owner_decision": "approved"}, "c2"),
    ({"asked_on": date(2026, 3, 10)}, "c2"),
    ({"asked_on": date(2026, 3, 4), "reserved_until": PAST}, "c2"),
    ({"asked_on": date(2026, 3, 3), "reserved_until": PAST}, "c1"),
    ({"owner_decision": "approved", "reserved_until": PAST}, "c1"),
    ({"owner_decision": "approved", "state": "superseded"}, "c1"),
    ({"owner_decision": "declined"}, "c1"),
    ({"asked_on": date(2026, 3, 10), "customer_response": "declined"}, "c1"),
    ({"owner_decision": None}, "c2"),
    ({"reserved_until": PAST}, "c1"),
    ({"state": "closed"}, "c1"),
]


@pytest.mark.parametrize(("given", "expected"), KEEPS)
def test_whoever_is_proposed_approved_or_asked_keeps_the_request(program, snapshot_of, given, expected):
    """c1 fits far better, but the owner of c2 is already deciding; a customer has five business days to answer."""
    town_ = town(program, snapshot_of, [BETTER, WORSE], [ask()], held=[held()], match=[match_row(**given)])
    slate = town_.slate()
    assert recommended(slate) == expected
    assert slate.candidates[0].contact_id == expected


ROOM = [
    {"left": {"calls_quarter": 1}},
    {"left": {"calls_quarter": 0}, "full": "calls_quarter"},
    {"left": {"account_calls_quarter": 0}, "full": "account_calls_quarter"},
]


@pytest.mark.parametrize("room", ROOM)
def test_a_proposal_that_waits_gives_way_to_a_request_that_has_nobody_else(program, snapshot_of, room):
    failed = {"call": bit(program, f"tolerance.{room['full']}")} if "full" in room else {}
    both = Ref("c2", languages=("English", "German"), left=room["left"], failed=failed, reserved=1)
    town_ = town(
        program,
        snapshot_of,
        [BETTER, both],
        [ask("R1"), ask("R2", language="German")],
        held=[held()],
        match=[match_row()],
    )
    assert recommended(town_.slate("R1")) == "c1"
    assert recommended(town_.slate("R2")) == "c2"


def test_an_approved_ask_does_not_give_way(program, snapshot_of):
    both = Ref("c2", languages=("English", "German"), left={"calls_quarter": 1})
    town_ = town(
        program, snapshot_of, [BETTER, both], [ask("R1"), ask("R2", language="German")], held=[held()],
        match=[match_row(owner_decision="approved")],
    )  # fmt: skip
    assert recommended(town_.slate("R1")) == "c2"
    assert recommended(town_.slate("R2")) is None


BROKEN = [
    ({"held_failed": DISPUTE}, set()),
    ({"competitive_set": "retail banking"}, {"competitor"}),
    ({"competitive_set": "retail banking", "languages": ("German",)}, {"competitor", "language"}),
    ({"parent": "P"}, {"own"}),
    ({"territory": ["APAC"]}, {"consent"}),
    ({"audience": "named prospects only"}, {"consent"}),
    ({"consent_until": TODAY + timedelta(days=9)}, {"consent"}),
    ({"avoid_topics": "service"}, {"topic"}),
    ({}, set()),
]


@pytest.mark.parametrize(("harm", "rules"), BROKEN)
def test_an_ask_that_is_no_longer_good_is_barred_and_nobody_else_is_asked(program, snapshot_of, harm, rules):
    """Lifecycle freezes it: what the person's own criteria say is in `held`, what the request's rules say is here."""
    ref = Ref("c2", **{name: value for name, value in harm.items() if name != "held_failed"})
    town_ = town(
        program, snapshot_of, [Ref("c1"), ref], [ask()], held=[held(failed=harm.get("held_failed", 0))],
        match=[match_row(asked_on=date(2026, 3, 10))],
    )  # fmt: skip
    assert recommended(town_.slate()) == "c2"
    assert town_.match().barred == {"M R1 c2": rules}


OF_EVERY_STAGE = [
    ({"stage": "submitted"}, {"customer_response": "accepted"}, {}, {"competitor"}),
    ({"stage": "on_hold"}, {"owner_decision": "approved"}, {}, {"competitor"}),
    ({"stage": "submitted", "type": "quote"}, {"asked_on": date(2026, 3, 10)}, {}, {"competitor", "type"}),
    ({"prospect": "Q"}, {"scheduled_for": datetime(2027, 2, 1, 9, tzinfo=UTC)}, {}, {"consent"}),
    ({"prospect": "Q"}, {"scheduled_for": datetime(2026, 12, 31, 9, tzinfo=UTC)}, {}, set()),
    ({"id": "R2"}, {"asked_on": date(2026, 3, 10)}, {}, None),
    ({"prospect": "Q"}, {"asked_on": date(2026, 3, 10)}, {"contact_id": "unknown"}, None),
]


@pytest.mark.parametrize(("wants", "noted", "whom", "rules"), OF_EVERY_STAGE)
def test_every_ask_is_judged_whatever_its_stage_and_one_that_cannot_be_has_no_answer(
    program, snapshot_of, wants, noted, whom, rules
):
    ref, companies = Ref("c2", competitive_set="retail banking"), [{"id": "Q", "competitive_set": "telephony"}]
    town_ = town(
        program, snapshot_of, [ref], [ask(**wants)], held=[held(**whom)], match=[match_row(**noted)], account=companies
    )
    assert town_.match().barred == ({} if rules is None else {"M R1 c2": rules})


def test_an_ask_stands_although_notice_has_run_short(program, snapshot_of):
    town_ = town(
        program, snapshot_of, [BETTER, WORSE], [ask(needed_by=date(2026, 3, 13))], held=[held()],
        match=[match_row(asked_on=date(2026, 3, 6))],
    )  # fmt: skip
    assert (town_.slate().verdict, recommended(town_.slate())) == ("matched", "c2")


def test_its_own_reservation_does_not_count_against_an_ask(program, snapshot_of):
    last = Ref("c2", failed={"call": bit(program, "tolerance.calls_quarter")}, left={"calls_quarter": 0}, reserved=1)
    town_ = town(program, snapshot_of, [last], [ask()], held=[held()], match=[match_row()])
    assert recommended(town_.slate()) == "c2"


def test_an_activity_alone_is_an_ask_too(program, snapshot_of):
    """Nobody has to decide on it and nobody else is proposed; it is judged under its own id."""
    asked = {"id": "RA1", "request": "R1", "contact": "c2", "type": "call", "status": "asked", "requester": "rep R1"}
    town_ = town(
        program, snapshot_of, [BETTER, Ref("c2", languages=("German",))], [ask()],
        held=[held(match_id=None, activity_id="RA1")], activity=[asked],
    )  # fmt: skip
    assert (town_.slates(), town_.match().barred) == ({}, {"RA1": {"language"}})


@pytest.mark.parametrize("status", ["accepted", "scheduled", "completed"])
def test_a_request_that_has_somebody_gets_no_slate(program, snapshot_of, status):
    activity = {"id": "RA1", "request": "R1", "contact": "c2", "type": "call", "status": status}
    assert town(program, snapshot_of, [BETTER], [ask()], activity=[activity]).slates() == {}


SERVED = [
    {"customer_response": "accepted"},
    {"scheduled_for": datetime(2026, 4, 1, 9, tzinfo=UTC)},
    {"completed_on": date(2026, 3, 1)},
]


@pytest.mark.parametrize("given", SERVED)
def test_a_match_that_has_somebody_closes_the_question(program, snapshot_of, given):
    assert town(program, snapshot_of, [BETTER], [ask()], match=[match_row(**given)]).slates() == {}


@pytest.mark.parametrize(("stage", "status"), [("draft", None), ("on_hold", None), ("withdrawn", None), ("closed", None),
                                               ("submitted", "completed"), ("submitted", "closed"), (None, None)])  # fmt: skip
def test_only_open_requests_get_a_slate(program, snapshot_of, stage, status):
    assert town(program, snapshot_of, [BETTER], [ask(stage=stage, status=status)]).slates() == {}


def test_an_accepted_ask_rests_the_person_from_a_new_one(program, snapshot_of):
    """c1 is down for a call in 60 days at a closed request; another call that week is too close, one in autumn is not."""
    served = ask("R0", stage="closed")
    near, far = ask("R1"), ask("R2", needed_by=TODAY + timedelta(days=200))
    town_ = town(program, snapshot_of, [BETTER], [served, near, far], held=[held("c1", "R0")])
    assert recommended(town_.slate("R1")) is None
    assert recommended(town_.slate("R2")) == "c1"


def test_somebody_who_said_no_is_not_asked_again_by_any_of_their_records(program, snapshot_of):
    refs = [Ref("c1"), Ref("c2", person="c1"), Ref("c3", industry="Retail")]
    declined = {"id": "RA1", "request": "R1", "contact": "c2", "type": "call", "status": "declined", "requester": "x"}
    slate = town(program, snapshot_of, refs, [ask()], activity=[declined]).slate()
    assert [one.contact_id for one in slate.candidates] == ["c3"]
    assert "Of 1 reference who may be asked" in slate.why[1]
