"""Activities the worker makes: of matches whose customer was asked, and of uses found outside the program."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from crm_sync.lifecycle.activities import activity_key, desired_activities, new_activities
from crm_sync.lifecycle.escalations import desired_escalations
from crm_sync.lifecycle.world import digest

TODAY = date(2026, 3, 11)
CONTACT, REP, PROSPECT = "003000000000001AAA", "005000000000007AAA", "001000000000009AAA"
ACCOUNT, OWNER = "001000000000001AAA", "005000000000001AAA"
PROFILE = {"id": "a01000000000001AAA", "contact": CONTACT, "status": "active"}
REQUEST = {
    "id": "a03000000000001AAA",
    "stage": "submitted",
    "type": "quote",
    "requester": REP,
    "audience": "Banks",
    "prospect": PROSPECT,
    "submitted_on": date(2026, 3, 2),
}
MATCH = {
    "id": "a02000000000001AAA",
    "key": "m",
    "request": REQUEST["id"],
    "profile": PROFILE["id"],
    "state": "proposed",
}
BASE: dict[str, Any] = {
    "profile": [PROFILE],
    "request": [REQUEST],
    "contact": [{"id": CONTACT, "account": ACCOUNT}],
    "account": [{"id": ACCOUNT, "owner": OWNER}],
    "user": [{"id": REP, "active": True}, {"id": OWNER, "active": True}],
}


def made(world: Any) -> list[Any]:
    return list(new_activities(world))


@pytest.mark.parametrize(
    ("noted", "status"),
    [
        ({"asked_on": TODAY}, "asked"),
        ({"asked_on": TODAY, "customer_response": "accepted"}, "accepted"),
        ({"asked_on": TODAY, "customer_response": "declined"}, "declined"),
        ({"asked_on": TODAY, "scheduled_for": datetime(2026, 4, 1, 9, tzinfo=UTC)}, "scheduled"),
        ({"asked_on": TODAY, "completed_on": TODAY}, "completed"),
    ],
)
def test_an_ask_gets_its_activity_once(world_of: Any, noted: dict[str, Any], status: str) -> None:
    (wanted,) = made(world_of(**BASE, match=[MATCH | noted]))
    assert wanted.key == activity_key("m")
    first = wanted.on_create
    assert (first["status"], first["contact"], first["type"], first["match"]) == (status, CONTACT, "quote", MATCH["id"])
    assert (first["requester"], first["audience"], first["prospect"]) == (REP, "Banks", PROSPECT)
    assert (first["requested_on"], first["asked_on"]) == (date(2026, 3, 2), TODAY)
    there = {"id": "a07000000000001AAA", "key": wanted.key, "match": MATCH["id"], "contact": CONTACT, "status": "asked"}
    again = list(desired_activities(world_of(**BASE, match=[MATCH | noted], activity=[there])))
    assert [w.id for w in again] == [there["id"]]
    assert not again[0].on_create


def test_nobody_is_asked_yet_nothing_is_made(world_of: Any) -> None:
    assert made(world_of(**BASE, match=[MATCH | {"owner_decision": "approved"}])) == []


def test_an_activity_that_a_person_made_for_the_match_is_enough(world_of: Any) -> None:
    mine = {"id": "a07000000000001AAA", "match": MATCH["id"], "contact": CONTACT, "status": "asked"}
    assert made(world_of(**BASE, match=[MATCH | {"asked_on": TODAY}], activity=[mine])) == []


EVENT = {
    "id": "00U000000000001AAA",
    "subject": "Reference Call for Pewter Lane",
    "who": CONTACT,
    "owner": REP,
    "starts_at": datetime(2026, 3, 5, 15, tzinfo=UTC),
}
TASK = {
    "id": "00T000000000001AAA",
    "subject": "Customer reference - by phone",
    "who": CONTACT,
    "owner": REP,
    "closed": True,
    "due_on": date(2026, 3, 5),
}


@pytest.mark.parametrize(
    ("rows", "count"),
    [
        ({"event": [EVENT]}, 1),
        ({"task": [TASK]}, 1),
        ({"event": [EVENT], "task": [TASK]}, 1),
        ({"event": [EVENT], "task": [TASK | {"due_on": date(2026, 2, 20)}]}, 2),
        ({"event": [EVENT | {"subject": "Quarterly review"}]}, 0),
        ({"event": [EVENT | {"subject": None}]}, 0),
        ({"event": [EVENT | {"who": "003000000000002AAA"}]}, 0),
        ({"event": [EVENT | {"starts_at": datetime(2026, 3, 12, tzinfo=UTC)}]}, 0),
        ({"event": [EVENT | {"starts_at": datetime(2026, 2, 8, tzinfo=UTC)}]}, 0),
        ({"task": [TASK | {"closed": False}]}, 0),
        ({"task": [TASK | {"key": "ours"}]}, 0),
        (
            {
                "event": [EVENT],
                "activity": [{"contact": CONTACT, "status": "scheduled", "scheduled_on": date(2026, 3, 12)}],
            },
            0,
        ),
        (
            {
                "event": [EVENT],
                "activity": [{"contact": CONTACT, "status": "completed", "completed_on": date(2026, 3, 13)}],
            },
            1,
        ),
        ({"event": [EVENT], "activity": [{"contact": CONTACT, "status": "declined", "asked_on": date(2026, 3, 5)}]}, 1),
        ({"event": [EVENT], "activity": [{"contact": CONTACT, "asked_on": date(2026, 3, 5)}]}, 0),
        ({"event": [EVENT], "match": [MATCH | {"asked_on": date(2026, 3, 4)}]}, 0),
    ],
)
def test_a_use_that_nobody_recorded_is_found_and_counts(world_of: Any, rows: dict[str, Any], count: int) -> None:
    activity = [{"id": f"a0700000000000{n}AAA"} | row for n, row in enumerate(rows.get("activity", []), start=1)]
    found = [
        w for w in made(world_of(**BASE, **(rows | {"activity": activity}))) if "off" in w.why or "without" in w.why
    ]
    assert len(found) == count
    for wanted in found:
        assert (wanted.on_create["status"], wanted.on_create["type"]) == ("completed", "call")
        assert wanted.fields["effort_points"] == 1


TWIN = "003000000000009AAA"


@pytest.mark.parametrize(
    ("rows", "count"),
    [
        ({"event": [EVENT | {"who": TWIN}]}, 1),
        ({"event": [EVENT], "task": [TASK | {"who": TWIN}]}, 1),
        (
            {
                "event": [EVENT],
                "activity": [{"contact": TWIN, "status": "completed", "completed_on": date(2026, 3, 5)}],
            },
            0,
        ),
        ({"event": [EVENT | {"who": TWIN}], "match": [MATCH | {"asked_on": date(2026, 3, 4)}]}, 0),
    ],
)
def test_another_contact_record_of_the_same_person_is_found_and_counts_for_them(
    world_of: Any, rows: dict[str, Any], count: int
) -> None:
    activity = [{"id": f"a0700000000000{n}AAA"} | row for n, row in enumerate(rows.get("activity", []), start=1)]
    judged = [{"contact_id": one, "person_key": CONTACT} for one in (CONTACT, TWIN)]
    world = world_of(**BASE, **(rows | {"activity": activity}), judged=judged)
    found = [w for w in made(world) if w.why == "used without a request"]
    assert [w.on_create["contact"] for w in found] == [CONTACT] * count


def test_whoever_can_answer_is_asked_about_a_use_until_somebody_says_it_was_none(world_of: Any) -> None:
    """The rep who held it sees neither escalation nor activity, so the account owner asks them; the activity names the rep."""
    (raised,) = desired_escalations(world_of(**BASE, event=[EVENT]))
    assert (raised.on_create["kind"], raised.fields["route"], raised.fields["assigned_to"]) == (
        "off_system_use",
        "account_owner",
        OWNER,
    )
    assert "Requester of the activity" in str(raised.fields["evidence"])
    (counted_one,) = made(world_of(**BASE, event=[EVENT]))
    assert counted_one.on_create["requester"] == REP
    key = digest("off_system", EVENT["id"])
    counted = {
        "id": "a07000000000001AAA",
        "key": key,
        "contact": CONTACT,
        "status": "completed",
        "completed_on": date(2026, 3, 5),
    }
    world = world_of(**BASE, event=[EVENT], activity=[counted])
    assert made(world) == []
    assert len(list(desired_escalations(world))) == 1
    assert (
        list(desired_escalations(world_of(**BASE, event=[EVENT], activity=[counted | {"status": "cancelled"}]))) == []
    )


def test_what_people_noted_on_the_match_moves_an_open_activity_on(world_of: Any) -> None:
    open_one = {
        "id": "a07000000000001AAA",
        "match": MATCH["id"],
        "contact": CONTACT,
        "type": "quote",
        "status": "asked",
    }
    done = MATCH | {"asked_on": TODAY - timedelta(days=9), "completed_on": date(2026, 3, 6)}
    (weighed,) = desired_activities(world_of(**BASE, match=[done], activity=[open_one]))
    assert weighed.fields == {"effort_points": 0.5, "thank_you_due": date(2026, 3, 9)}
