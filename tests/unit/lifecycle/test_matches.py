"""What becomes of match rows: proposed, reserved, superseded, frozen, closed; and the final gate."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from crm_sync.lifecycle.matches import desired_matches
from crm_sync.lifecycle.world import match_key
from crm_sync.model.matches import Candidate, Slate
from crm_sync.model.verdict import Reason, Verdict

REQUEST = "a03000000000001AAA"
CONTACT = "003000000000001AAA"
PROFILE = {"id": "a01000000000001AAA", "contact": CONTACT, "key": CONTACT, "status": "active"}
KEY = match_key(REQUEST, CONTACT)
HELD = {"id": "a02000000000001AAA", "key": KEY, "request": REQUEST, "profile": PROFILE["id"], "state": "proposed"}
OPEN = {"id": REQUEST, "stage": "submitted", "type": "call"}
BLOCKING = Reason("no_dispute", "v", "There is no dispute", "false", "hard", "yes", None, None, "Settle it.")


def chosen(recommended: bool = True) -> Slate:
    return Slate(
        REQUEST,
        "matched",
        (Candidate(CONTACT, 1, 81.25, {"industry": 25.0}, recommended, ("Same industry.",), ("Renewal is near.",)),),
        ("x",),
    )


EXPLAINED = {CONTACT: {"call": Verdict(CONTACT, None, "call", "blocked", (BLOCKING,))}}


def ask(standing: str) -> list[dict[str, Any]]:
    failed, unknown = {"eligible": (0, 0), "blocked": (1, 0), "unknown": (0, 2)}[standing]
    return [
        {"match_id": HELD["id"], "contact_id": CONTACT, "reference_type": "call", "failed": failed, "unknown": unknown}
    ]


def test_a_recommended_candidate_is_reserved_for_the_time_of_both_answers(world_of: Any) -> None:
    (wanted,) = desired_matches(world_of(request=[OPEN], profile=[PROFILE], slates=[chosen()]))
    assert wanted.key == KEY
    assert wanted.fields["reserved_until"] == date(2026, 3, 20)
    assert wanted.fields["score"] == 81.2
    assert wanted.fields["reasons"] == "Same industry.\nRenewal is near."
    assert wanted.on_create["profile"] == PROFILE["id"]


def test_an_alternate_reserves_nothing(world_of: Any) -> None:
    (wanted,) = desired_matches(world_of(request=[OPEN], profile=[PROFILE], slates=[chosen(recommended=False)]))
    assert wanted.fields["reserved_until"] is None


@pytest.mark.parametrize(
    ("until", "recommended", "kept"),
    [
        (date(2026, 3, 12), True, date(2026, 3, 12)),
        (date(2026, 3, 11), True, date(2026, 3, 11)),
        (date(2026, 3, 10), True, date(2026, 3, 20)),
        (date(2026, 3, 12), False, date(2026, 3, 20)),
    ],
)
def test_a_running_reservation_is_kept_not_prolonged(world_of: Any, until: date, recommended: bool, kept: date) -> None:
    held = HELD | {"reserved_until": until, "recommended": recommended, "attempt": 1.0, "decide_by": date(2026, 3, 11)}
    (wanted,) = desired_matches(world_of(request=[OPEN], profile=[PROFILE], match=[held], slates=[chosen()]))
    assert wanted.fields["reserved_until"] == kept


@pytest.mark.parametrize(
    ("request_stage", "match", "standing", "state"),
    [
        ("submitted", {}, "eligible", "superseded"),
        ("withdrawn", {"asked_on": date(2026, 3, 9)}, "eligible", "closed"),
        ("closed", {}, "eligible", "closed"),
        ("submitted", {"owner_decision": "declined"}, "eligible", "closed"),
        ("submitted", {"customer_response": "declined", "asked_on": date(2026, 3, 9)}, "eligible", "closed"),
        ("submitted", {"owner_decision": "approved"}, "eligible", "proposed"),
        ("submitted", {"asked_on": date(2026, 3, 9)}, "blocked", "frozen"),
        ("submitted", {"asked_on": date(2026, 3, 9)}, "unknown", "frozen"),
        ("on_hold", {"asked_on": date(2026, 3, 9)}, "eligible", "frozen"),
        ("submitted", {"asked_on": date(2026, 3, 1), "completed_on": date(2026, 3, 9)}, "eligible", "closed"),
    ],
)
def test_a_match_no_slate_proposes_is_settled(
    world_of: Any, request_stage: str, match: dict[str, Any], standing: str, state: str
) -> None:
    world = world_of(
        request=[OPEN | {"stage": request_stage}],
        profile=[PROFILE],
        match=[HELD | match],
        explanations=EXPLAINED,
        held=ask(standing),
    )
    (wanted,) = desired_matches(world)
    assert wanted.fields["state"] == state


def test_somebody_who_can_no_longer_be_judged_freezes_the_ask(world_of: Any) -> None:
    world = world_of(request=[OPEN], profile=[PROFILE], match=[HELD | {"asked_on": date(2026, 3, 9)}])
    (wanted,) = desired_matches(world)
    assert wanted.fields["state"] == "frozen"


@pytest.mark.parametrize(("standing", "gate"), [("eligible", "passed"), ("blocked", "refused"), ("unknown", "refused")])
def test_the_final_gate_decides_anew_when_the_customer_says_yes(world_of: Any, standing: str, gate: str) -> None:
    held = HELD | {"customer_response": "accepted", "asked_on": date(2026, 3, 9), "owner_decision": "approved"}
    (wanted,) = desired_matches(
        world_of(request=[OPEN], profile=[PROFILE], match=[held], explanations=EXPLAINED, held=ask(standing))
    )
    assert wanted.fields["gate_verdict"] == gate
    if gate == "refused":
        says = {"blocked": "There is no dispute: no. Settle it.", "unknown": "nps_level is not met."}[standing]
        assert wanted.fields["gate_reasons"] == says


def test_a_yes_from_somebody_nobody_can_judge_is_refused(world_of: Any) -> None:
    held = HELD | {"customer_response": "accepted", "asked_on": date(2026, 3, 9)}
    (wanted,) = desired_matches(world_of(request=[OPEN], profile=[PROFILE], match=[held]))
    assert (wanted.fields["gate_verdict"], wanted.fields["state"]) == ("refused", "frozen")


def test_the_gate_is_not_run_before_the_customer_has_answered(world_of: Any) -> None:
    (wanted,) = desired_matches(world_of(request=[OPEN], profile=[PROFILE], slates=[chosen()], match=[HELD]))
    assert wanted.fields["gate_verdict"] == "not_checked"
