"""Who is invited into the program: candidates the rules find fit, once each, so many to an owner at a time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from crm_sync.lifecycle.invitations import invitation_key, invitations
from crm_sync.lifecycle.tasks import desired_tasks
from crm_sync.lifecycle.world import World
from crm_sync.model.verdicts import RuleRef, Verdicts
from crm_sync.program import Program
from tests.unit.lifecycle.letters import ACCOUNT, BITS, CONTACT, OWNER, ROWS, TODAY, town

RULES = ("active_profile", "approved_type", "briefed", "consent", "cooldown.after_decline", "no_dispute", "blackout")
BIT = {name: 1 << place for place, name in enumerate(RULES)}
JOINING = BIT["active_profile"] | BIT["approved_type"] | BIT["briefed"] | BIT["consent"]
NEW = {**dict.fromkeys(BITS, 0), **{name: JOINING for name in BITS if name.startswith("failed_")}, "is_candidate": True}


def place(world_of: Any, **changes: Any) -> World:
    """One candidate; nothing keeps them from being asked but that they have not joined."""
    profile = {"status": "candidate", "approved_types": None, **changes.pop("profile", {})}
    judged = NEW | changes.pop("judged", {})
    made = town(world_of, without=("request", "match", "held"), profile=profile, judged=judged, **changes)
    types = tuple(made.program.types)
    rules = tuple(RuleRef(name, "v", "hard", types) for name in RULES)
    verdicts = Verdicts(made.verdicts.as_of, rules, types, made.verdicts.table, made.verdicts.held)
    return World(made.snapshot, verdicts, made.matches, made.program, {})


def to_invite(world: World) -> list[str | None]:
    return [duty.who for duty in invitations(world) if not duty.paused]


def task(contact: str = CONTACT, **fields: Any) -> dict[str, Any]:
    given = {"key": invitation_key(contact), "closed": False, "status": "not_started", **fields}
    return {"id": f"00T {contact}", **given}


def test_a_fit_candidate_is_to_be_invited_by_the_owner_with_a_draft_that_promises_the_caps(world_of: Any) -> None:
    (opened,) = desired_tasks(place(world_of))
    assert (opened.on_create["owner"], opened.on_create["who"]) == (OWNER, CONTACT)
    assert opened.on_create["due_on"] >= TODAY + timedelta(days=1)
    text = str(opened.on_create["description"])
    for part in (
        "Dear {{contact_first_name}},",
        "\n- at most 2 reference calls in any 90 days\n",
        "\n- at most 3 requests of any kind in any 182 days\n",
        "\n- at most 1 visit to your site in any 365 days\n",
        "Written from invitation.1",
    ):
        assert part in text


def test_a_lower_limit_of_their_own_is_what_is_promised(world_of: Any) -> None:
    (opened,) = desired_tasks(place(world_of, profile={"max_calls_quarter": 1.0}))
    assert "at most 1 reference call in any 90 days" in str(opened.on_create["description"])


@pytest.mark.parametrize("status", ["invited", "active", "paused", "declined", "retired", None])
def test_the_task_is_over_when_the_profile_is_no_candidate_any_more(world_of: Any, status: str | None) -> None:
    assert to_invite(place(world_of, profile={"status": status})) == []
    (over,) = desired_tasks(place(world_of, profile={"status": status}, more={"task": [task()]}))
    assert over.fields == {"status": "completed"}


@pytest.mark.parametrize(
    "judged",
    [
        {"is_candidate": False},
        {"is_candidate": None},
        {name: JOINING | BIT["no_dispute"] for name in BITS if name.startswith("failed_")},
        {name: BIT["blackout"] for name in BITS if name.startswith("unknown_")},
        {"failed_quote": JOINING | BIT["cooldown.after_decline"]},
        {"unknown_quote": BIT["cooldown.after_decline"]},
        {"failed_quote": None},
    ],
)
def test_whoever_the_rules_do_not_find_fit_has_to_wait(world_of: Any, judged: dict[str, Any]) -> None:
    assert list(desired_tasks(place(world_of, judged=judged))) == []
    (waits,) = desired_tasks(place(world_of, judged=judged, more={"task": [task()]}))
    assert waits.fields == {"status": "deferred"}


def test_one_kind_that_is_open_is_enough(world_of: Any) -> None:
    others = {name: JOINING | BIT["no_dispute"] for name in BITS if name.startswith("failed_") and "logo" not in name}
    assert to_invite(place(world_of, judged=others)) == [CONTACT]


@pytest.mark.parametrize("wish", [{"opted_out": True}, {"opted_out": None}, {"email_opt_out": True}])
def test_nobody_who_opted_out_or_may_have_is_invited(world_of: Any, wish: dict[str, Any]) -> None:
    assert list(desired_tasks(place(world_of, contact=wish))) == []
    (over,) = desired_tasks(place(world_of, contact=wish, more={"task": [task()]}))
    assert over.fields == {"status": "completed"}


def twin(status: str, **wish: Any) -> dict[str, Any]:
    other = "003000000000002AAA"
    return {
        "contact": [{**ROWS["contact"], "id": other, **wish}],
        "profile": [{"id": "a01000000000002AAA", "contact": other, "status": status}],
        "judged": [{**ROWS["judged"], **NEW, "contact_id": other, "person_key": CONTACT}],
    }


def test_two_records_of_one_person_are_one_invitation(world_of: Any) -> None:
    assert to_invite(place(world_of, more=twin("candidate"))) == [CONTACT]
    in_hand = twin("candidate") | {"task": [task("003000000000002AAA")]}
    assert to_invite(place(world_of, more=in_hand)) == ["003000000000002AAA"], "the task that is there goes on"
    done = twin("candidate") | {"task": [task("003000000000002AAA", closed=True)]}
    assert list(desired_tasks(place(world_of, more=done))) == []


@pytest.mark.parametrize("status", ["declined", "invited", "active", "retired"])
def test_what_another_record_of_the_person_says_counts(world_of: Any, status: str) -> None:
    assert to_invite(place(world_of, more=twin(status))) == []
    assert to_invite(place(world_of, more=twin("candidate", opted_out=True))) == []


def crowd(count: int, tasks: list[dict[str, Any]]) -> dict[str, Any]:
    ids = [f"0030000000001{number:02}AAA" for number in range(count)]
    people = enumerate(ids)
    return {
        "contact": [{**ROWS["contact"], "id": one, "account": ACCOUNT} for one in ids],
        "profile": [{"id": f"a01 {one}", "contact": one, "status": "candidate"} for one in ids],
        "judged": [{**ROWS["judged"], **NEW, "contact_id": one, "strength": 60.0 + place} for place, one in people],
        "task": tasks,
    }


def test_an_owner_has_only_so_many_at_a_time_and_the_strongest_come_first(world_of: Any, program: Program) -> None:
    most = program.cadence.invitations_open_per_owner
    chosen = to_invite(place(world_of, more=crowd(6, [])))
    assert sorted(str(one)[-5:-3] for one in chosen) == ["03", "04", "05"][:most]
    weakest = task("003000000000100AAA")
    assert "003000000000100AAA" in to_invite(place(world_of, more=crowd(6, [weakest]))), "what is in hand stays"
    done = [task(f"0030000000001{number:02}AAA", closed=True) for number in (3, 4, 5)]
    chosen = to_invite(place(world_of, more=crowd(6, done)))
    assert sorted(str(one)[-5:-3] for one in chosen) == ["00", "01", "02"]
