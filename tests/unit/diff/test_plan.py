"""The plan holds exactly the differences, touches only worker-owned fields, and refuses what changes too much."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_sync.diff import Plan, plan
from crm_sync.errors import UnsafePlanError
from crm_sync.model.records import Change, Desired, Link
from crm_sync.program import Program

CONTACT = "003000000000001AAA"
PROFILE = {"id": "a01000000000001AAA", "key": CONTACT, "contact": CONTACT, "verdict": "blocked", "strength": 40.0}


def test_a_record_that_is_as_desired_gives_no_change(program: Program, snapshot_of: Any) -> None:
    wanted = Desired("profile", {"verdict": "blocked", "strength": 40}, key=CONTACT)
    assert plan(snapshot_of(profile=[PROFILE]), [wanted], program).changes == ()


def test_only_the_differing_fields_are_written_with_what_they_were(program: Program, snapshot_of: Any) -> None:
    wanted = Desired("profile", {"verdict": "eligible", "strength": 40}, key=CONTACT)
    (change,) = plan(snapshot_of(profile=[PROFILE]), [wanted], program).changes
    assert (change.action, change.key, dict(change.fields)) == ("update", CONTACT, {"verdict": "eligible"})
    assert change.before["verdict"] == "blocked"


def test_a_field_that_people_own_is_never_written(program: Program, snapshot_of: Any) -> None:
    wanted = Desired("profile", {"paused": False, "status": "active", "no_such_field": 1}, key=CONTACT)
    assert plan(snapshot_of(profile=[PROFILE]), [wanted], program).changes == ()


def test_what_people_own_afterwards_is_set_on_create_only(program: Program, snapshot_of: Any) -> None:
    first = {"key": CONTACT, "contact": CONTACT, "status": "candidate", "paused": True}
    wanted = Desired("profile", {"verdict": "blocked"}, key=CONTACT, on_create=first)
    (created,) = plan(snapshot_of(), [wanted], program).changes
    assert created.action == "create"
    assert dict(created.fields) == {"key": CONTACT, "contact": CONTACT, "status": "candidate", "verdict": "blocked"}
    assert plan(snapshot_of(profile=[PROFILE]), [wanted], program).changes == ()


def test_a_stamp_alone_is_no_difference_and_travels_with_one(program: Program, snapshot_of: Any) -> None:
    stamp = datetime(2026, 3, 11, tzinfo=UTC)
    unchanged = Desired("profile", {"verdict": "blocked", "evaluated_at": stamp}, key=CONTACT)
    changed = Desired("profile", {"verdict": "eligible", "evaluated_at": stamp}, key=CONTACT)
    snapshot = snapshot_of(profile=[PROFILE])
    assert plan(snapshot, [unchanged], program).changes == ()
    assert set(plan(snapshot, [changed], program).changes[0].fields) == {"verdict", "evaluated_at"}


def test_a_record_a_person_made_is_updated_by_id_and_adopted_by_key(program: Program, snapshot_of: Any) -> None:
    keyless = PROFILE | {"key": None}
    wanted = Desired("profile", {"verdict": "blocked", "key": CONTACT}, id=keyless["id"])
    (change,) = plan(snapshot_of(profile=[keyless]), [wanted], program).changes
    assert (change.id, change.key, dict(change.fields)) == (keyless["id"], None, {"key": CONTACT})


def test_a_link_is_held_when_it_points_at_the_record_with_that_key(program: Program, snapshot_of: Any) -> None:
    match = {"id": "a02000000000001AAA", "key": "abc"}
    request = {"id": "a03000000000001AAA", "recommended_match": match["id"]}
    snapshot = snapshot_of(match=[match], request=[request])
    held = Desired("request", {"recommended_match": Link("match", "abc")}, id=request["id"])
    other = Desired("request", {"recommended_match": Link("match", "def")}, id=request["id"])
    assert plan(snapshot, [held], program).changes == ()
    assert plan(snapshot, [other], program).changes[0].fields == {"recommended_match": Link("match", "def")}


@pytest.mark.parametrize(
    ("held", "wanted"), [(None, ()), (["quote", "call"], ("call", "quote")), (None, None), ([], ())]
)
def test_multi_picklists_are_compared_as_sets(program: Program, snapshot_of: Any, held: Any, wanted: Any) -> None:
    snapshot = snapshot_of(profile=[PROFILE | {"eligible_types": held}])
    assert plan(snapshot, [Desired("profile", {"eligible_types": wanted}, key=CONTACT)], program).changes == ()


@pytest.mark.parametrize(
    ("held", "wanted", "same"),
    [(0.0, None, False), (None, 0.0, False), (0.0, 0, True), ("", None, True), ("a ", "a", True), (False, None, False)],
)
def test_zero_is_a_value_and_blank_is_not(
    program: Program, snapshot_of: Any, held: Any, wanted: Any, same: bool
) -> None:
    name = "resolved" if isinstance(held, bool) else "summary" if isinstance(held, str) else None
    if name is None:
        snapshot = snapshot_of(profile=[PROFILE | {"calls_90d": held}])
        found = plan(snapshot, [Desired("profile", {"calls_90d": wanted}, key=CONTACT)], program).changes
    else:
        snapshot = snapshot_of(sync_issue=[{"id": "a04000000000001AAA", "key": "k", name: held}])
        found = plan(snapshot, [Desired("sync_issue", {name: wanted}, key="k")], program).changes
    assert (found == ()) is same


def _change(key: str, verdict: str) -> Change:
    return Change("profile", "update", {"verdict": verdict}, {"verdict": "eligible"}, key=key)


def test_the_checksum_names_these_writes_and_no_others() -> None:
    one = Plan("org", AS_OF_DAY, "v1", (_change("a", "blocked"),))
    assert one.checksum == replace(one, profiles=9).checksum
    assert len({one.checksum, replace(one, org_id="x").checksum, replace(one, rule_version="v2").checksum}) == 3
    assert one.checksum != replace(one, changes=(_change("a", "unknown"),)).checksum


AS_OF_DAY = datetime(2026, 3, 11, tzinfo=UTC).date()


@pytest.mark.parametrize(
    ("profiles", "flipped", "retired", "unsafe"),
    [(100, 20, 5, False), (100, 21, 0, True), (100, 0, 6, True), (19, 19, 19, False), (20, 20, 0, True)],
)
def test_guards_refuse_with_numbers_and_the_remedy(
    program: Program, profiles: int, flipped: int, retired: int, unsafe: bool
) -> None:
    made = Plan("org", AS_OF_DAY, "v1", (), profiles, flipped, retired)
    assert bool(made.problems(program.guards)) is unsafe
    if unsafe:
        with pytest.raises(UnsafePlanError, match=f"crm-sync run --agree {made.checksum}"):
            made.raise_if_unsafe(program.guards)


@pytest.mark.parametrize(
    ("people", "asked", "unsafe"), [(100, 5, False), (100, 6, True), (19, 19, False), (0, 0, False)]
)
def test_many_to_be_forgotten_at_once_need_agreement(program: Program, people: int, asked: int, unsafe: bool) -> None:
    made = Plan("org", AS_OF_DAY, "v1", (), people=people, forgotten=tuple(map(str, range(asked))))
    found = "\n".join(made.problems(program.guards))
    assert (f"{asked} of {people} contacts (6.0 %) would be forgotten for good; the limit is" in found) is unsafe
    assert asked == 0 or made.checksum != replace(made, forgotten=()).checksum


def test_flips_and_retirements_are_counted_among_profiles_judged_before(program: Program, snapshot_of: Any) -> None:
    rows = [
        PROFILE | {"verdict": "eligible", "eligible_types": ["call"]},
        {"id": "a01000000000002AAA", "key": "003000000000002AAA", "verdict": None},
    ]
    wanted = [
        Desired("profile", {"verdict": "blocked", "eligible_types": ()}, key=CONTACT),
        Desired("profile", {"verdict": "blocked", "eligible_types": ()}, key="003000000000002AAA"),
    ]
    made = plan(snapshot_of(profile=rows), wanted, program)
    assert (made.profiles, made.flipped, made.retired) == (1, 1, 1)


@settings(max_examples=50)
@given(order=st.permutations(range(5)))
def test_the_order_of_rows_and_wishes_changes_nothing(program: Program, snapshot_of: Any, order: list[int]) -> None:
    rows = [{"id": f"a0100000000000{i}AAA", "key": f"00300000000000{i}AAA", "strength": float(i)} for i in range(5)]
    wanted = [Desired("profile", {"strength": 1.0}, key=row["key"]) for row in rows]
    straight = plan(snapshot_of(profile=rows), wanted, program)
    shuffled = plan(snapshot_of(profile=[rows[i] for i in order]), [wanted[i] for i in order], program)
    assert straight == shuffled
    assert straight.checksum == shuffled.checksum
