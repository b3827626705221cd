"""What went wrong becomes one escalation with a route, an owner and a clock."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from crm_sync.lifecycle.escalations import desired_escalations
from crm_sync.lifecycle.world import digest

TODAY = date(2026, 3, 11)
CONTACT, ACCOUNT = "003000000000001AAA", "001000000000001AAA"
OWNER, MANAGER, LEADER, LEGAL, SPONSOR, PROGRAM, REP = (f"00500000000000{n}AAA" for n in range(1, 8))
PEOPLE: dict[str, Any] = {
    "contact": [{"id": CONTACT, "account": ACCOUNT}],
    "account": [{"id": ACCOUNT, "owner": OWNER}],
    "user": [
        {"id": OWNER, "active": True, "manager": MANAGER},
        {"id": MANAGER, "active": True},
        {"id": LEADER, "active": True, "role": "cs_leader"},
        {"id": LEGAL, "active": True, "role": "legal"},
        {"id": SPONSOR, "active": True, "role": "sponsor"},
        {"id": PROGRAM, "active": True, "role": "program_owner"},
        {"id": REP, "active": True},
    ],
}
ACTIVITY = {
    "id": "a07000000000001AAA",
    "contact": CONTACT,
    "type": "call",
    "status": "completed",
    "completed_on": TODAY - timedelta(days=3),
    "requester": REP,
}


@pytest.mark.parametrize(
    ("activity", "kind", "route", "owner"),
    [
        ({"sentiment": "negative", "issues": "Too long"}, "negative_sentiment", "cs_leader", LEADER),
        ({"status": "missed", "missed_by": "rep"}, "missed_commitment", "rep", REP),
        ({"status": "missed", "missed_by": "customer"}, "missed_commitment", "account_owner", OWNER),
        ({"status": "missed", "missed_by": "us"}, "missed_commitment", "program_owner", PROGRAM),
        ({"status": "missed"}, "missed_commitment", "account_owner", OWNER),
        ({"concern_department": "Billing"}, "department_concern", "department", PROGRAM),
    ],
)
def test_each_kind_has_its_route_and_owner(
    world_of: Any, activity: dict[str, Any], kind: str, route: str, owner: str
) -> None:
    (wanted,) = desired_escalations(world_of(**PEOPLE, activity=[ACTIVITY | activity]))
    assert (wanted.on_create["kind"], wanted.fields["route"], wanted.fields["assigned_to"]) == (kind, route, owner)
    assert wanted.key == digest(kind, ACTIVITY["id"])
    assert wanted.fields["due_on"] > TODAY  # type: ignore[operator]
    assert wanted.on_create["account"] == ACCOUNT


@pytest.mark.parametrize(("age", "raised"), [(30, 1), (31, 0), (0, 1), (-1, 0)])
def test_history_and_the_future_are_not_news(world_of: Any, age: int, raised: int) -> None:
    activity = ACTIVITY | {"sentiment": "negative", "completed_on": TODAY - timedelta(days=age)}
    assert len(list(desired_escalations(world_of(**PEOPLE, activity=[activity])))) == raised


def test_an_owner_who_left_is_stood_in_for(world_of: Any) -> None:
    gone = [row | {"active": row["id"] != OWNER} for row in PEOPLE["user"]]
    missed = ACTIVITY | {"status": "missed"}
    (wanted,) = desired_escalations(world_of(**(PEOPLE | {"user": gone}), activity=[missed]))
    assert wanted.fields["assigned_to"] == MANAGER
    both = [row | {"active": row["id"] not in (OWNER, MANAGER)} for row in PEOPLE["user"]]
    (wanted,) = desired_escalations(world_of(**(PEOPLE | {"user": both}), activity=[missed]))
    assert wanted.fields["assigned_to"] == PROGRAM


CONSENT = {
    "id": "a06000000000001AAA",
    "contact": CONTACT,
    "use": "call",
    "status": "withdrawn",
    "withdrawn_on": TODAY - timedelta(days=1),
}


@pytest.mark.parametrize(
    ("consent", "asks", "raised"),
    [
        (CONSENT, {"activity": [ACTIVITY | {"status": "asked"}]}, 1),
        (CONSENT | {"status": "granted"}, {"activity": [ACTIVITY | {"status": "scheduled"}]}, 1),
        (
            CONSENT | {"status": "granted", "withdrawn_on": TODAY + timedelta(days=1)},
            {"activity": [ACTIVITY | {"status": "asked"}]},
            0,
        ),
        (CONSENT | {"use": "logo"}, {"activity": [ACTIVITY | {"status": "asked"}]}, 0),
        (CONSENT, {"activity": [ACTIVITY]}, 0),
        (
            CONSENT,
            {
                "match": [
                    {
                        "id": "a02000000000001AAA",
                        "request": "a03000000000001AAA",
                        "profile": "a01000000000001AAA",
                        "owner_decision": "approved",
                    }
                ],
                "request": [{"id": "a03000000000001AAA", "type": "call"}],
                "profile": [{"id": "a01000000000001AAA", "contact": CONTACT}],
            },
            1,
        ),
    ],
)
def test_a_withdrawal_while_an_ask_is_open_goes_to_legal(
    world_of: Any, consent: dict[str, Any], asks: dict[str, Any], raised: int
) -> None:
    wanted = list(desired_escalations(world_of(**PEOPLE, consent=[consent], **asks)))
    assert [w.fields["assigned_to"] for w in wanted] == [LEGAL] * raised


def test_overuse_goes_to_the_sponsor_with_the_numbers(world_of: Any) -> None:
    profile = {"id": "a01000000000001AAA", "contact": CONTACT}
    world = world_of(**PEOPLE, profile=[profile], judged=[{"contact_id": CONTACT, "calls_90d": 4.0}])
    (wanted,) = desired_escalations(world)
    assert wanted.fields["assigned_to"] == SPONSOR
    assert wanted.fields["occurrences"] == 2
    assert "4 calls in 90 days; at most 2" in str(wanted.fields["evidence"])


def test_a_record_that_exists_keeps_its_day_and_its_owner(world_of: Any) -> None:
    key = digest("negative_sentiment", ACTIVITY["id"])
    held = {"id": "a08000000000001AAA", "key": key, "raised_on": date(2026, 3, 2), "assigned_to": REP}
    world = world_of(**PEOPLE, activity=[ACTIVITY | {"sentiment": "negative"}], escalation=[held])
    (wanted,) = desired_escalations(world)
    assert wanted.fields["due_on"] == date(2026, 3, 4)
    assert wanted.fields["assigned_to"] == REP
