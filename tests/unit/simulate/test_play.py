"""Days lived through: what comes of each request, that every limit holds, and that rules alone make a difference."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from datetime import date
from typing import Any

import pyarrow as pa

from crm_sync.program import Program
from crm_sync.simulate import Course, Played, breaches, courses, flips, play
from tests.reference_town import Town
from tests.unit.simulate.conftest import SINCE, request, with_calls_a_quarter


def matches(played: Played) -> list[dict[str, Any]]:
    return [*played.diary.settled, *played.diary.matches.values()]


def endings(played: Played) -> dict[str, str]:
    return {course.request: course.ending for course in courses(played)}


def test_each_request_comes_to_its_end(played: Played) -> None:
    assert endings(played) == {
        "for ann": "refused",
        "for bob": "filled",
        "for bob later": "filled",
        "for dee": "refused",
        "ask alone": "filled",
        "hasty": "late",
        "visit": "unfilled",
    }


def test_what_really_happened_happens_again_on_the_same_days(played: Played) -> None:
    (no,) = (m for m in matches(played) if m["request"] == "for ann")
    assert (no["asked_on"], no["customer_response"], no["responded_on"]) == (
        date(2026, 2, 27), "declined", date(2026, 3, 2),
    )  # fmt: skip
    (yes,) = (m for m in matches(played) if m["request"] == "ask alone" and m["asked_on"])
    assert (yes["profile"], yes["asked_on"], yes["completed_on"]) == ("prof eve", date(2026, 3, 4), date(2026, 3, 9))


def test_waits_are_business_days_from_the_submission(played: Played) -> None:
    told = {course.request: course for course in courses(played)}
    assert told["for bob"] == Course("for bob", "call", date(2026, 2, 28), "filled", 1, 4, ("bob",))
    assert told["hasty"] == Course("hasty", "call", date(2026, 3, 3), "late", None, None, ())


def test_nobody_is_asked_before_the_gate_has_looked_nor_after_the_consent_is_gone(played: Played) -> None:
    (dee,) = (m for m in matches(played) if m["profile"] == "prof dee")
    assert dee["gate_verdict"] == "refused"
    assert dee["customer_response"] is None
    asked = [m for m in matches(played) if m["asked_on"]]
    assert all(m["owner_decision"] == "approved" and m["owner_decided_on"] < m["asked_on"] for m in asked)
    assert all(m["asked_on"] < date(2026, 3, 5) for m in asked if m["profile"] == "prof dee")


def test_a_stricter_limit_fills_less_and_neither_is_passed(played: Played, played_stricter: Played) -> None:
    assert endings(played_stricter) == endings(played) | {"for bob later": "unfilled"}
    assert breaches(played) == ()
    assert breaches(played_stricter) == ()


def test_no_limit_is_passed_where_everybody_is_wanted_all_the_time(snapshot_of: Any, program: Program) -> None:
    town = Town(snapshot_of, program)
    for name in ("ann", "bob", "cem", "dee"):
        town.reference(name, uses=("call",))
        town.used(name, date(2025, 6, 2))
    for row in town.rows["contact"][:3]:
        row["account"] = "acc ann"
    town.rows["profile"][3]["max_calls_quarter"] = 1.0
    for number in range(16):
        needed_by = date(2026, 4 + number % 4 * 2, 1 + number)
        request(town, f"r{number}", date(2026, 3, 2 + number % 4), needed_by=needed_by)
    found = play(town.snapshot(), program, date(2026, 3, 2))
    assert breaches(found) == ()
    asked = Counter(contact for course in courses(found) for contact in course.asked)
    assert asked.total() >= 3
    assert max(asked.values()) <= 2
    assert asked["dee"] == 1
    assert sum(asked[name] for name in ("ann", "bob", "cem")) <= 3
    assert all(len(course.asked) == len(set(course.asked)) for course in courses(found))


def test_a_limit_that_was_passed_is_found(played_stricter: Played, program: Program) -> None:
    """The asks that two calls a quarter allow, counted against one."""
    generous = play_of_two_calls(played_stricter, program)
    found = breaches(replace(generous, world=replace(generous.world, program=played_stricter.world.program)))
    assert {(one.cap, one.contact_id, one.counted, one.limit) for one in found} == {("calls_quarter", "bob", 2, 1.0)}


def play_of_two_calls(played: Played, program: Program) -> Played:
    """The stricter past with a second call with Bob written into it."""
    (first,) = (row for row in played.diary.activities.values() if row["contact"] == "bob")
    second = {**first, "id": "one too many", "asked_on": first["asked_on"]}
    return replace(played, diary=replace(played.diary, activities={**played.diary.activities, "one too many": second}))


def test_a_persons_own_lower_limit_is_counted_against(played: Played) -> None:
    world = played.world
    profiles = world.snapshot.tables["profile"].to_pylist()
    mine = [{**row, "max_calls_quarter": 0.0} if row["contact"] == "eve" else row for row in profiles]
    table = pa.Table.from_pylist(mine, schema=world.snapshot.tables["profile"].schema)
    snapshot = replace(world.snapshot, tables={**world.snapshot.tables, "profile": table})
    found = breaches(replace(played, world=replace(world, snapshot=snapshot, _rows={})))
    assert {(one.cap, one.contact_id, one.limit) for one in found} == {("calls_quarter", "eve", 0.0)}


def test_a_use_from_outside_that_came_later_is_nobodys_breach(played: Played) -> None:
    bob = next(row for row in played.diary.activities.values() if row["contact"] == "bob")
    outside = [{**bob, "id": f"outside {n}", "status": "completed", "requested_on": None, "asked_on": day, "completed_on": day}
               for n, day in enumerate((date(2026, 3, 9), date(2026, 3, 10)))]  # fmt: skip
    asks = [*played.asked_for.asks, *outside]
    assert breaches(replace(played, asked_for=replace(played.asked_for, asks=asks))) == ()
    earlier = [{**row, "asked_on": date(2026, 3, 2), "completed_on": date(2026, 3, 2)} for row in outside]
    found = breaches(replace(played, asked_for=replace(played.asked_for, asks=[*played.asked_for.asks, *earlier])))
    assert {one.contact_id for one in found} == {"bob"}


def test_the_same_past_twice_is_the_same_whatever_the_order_of_rows(
    town: Town, played: Played, program: Program
) -> None:
    snapshot = town.snapshot()
    shuffled = {name: _shuffled(table) for name, table in snapshot.tables.items()}
    again = play(replace(snapshot, tables=shuffled), program, SINCE)
    assert courses(again) == courses(played)
    assert again.seen == played.seen
    assert again.diary.matches == played.diary.matches


def _shuffled(table: pa.Table) -> pa.Table:
    order = list(range(table.num_rows))
    random.Random(3).shuffle(order)
    return table.take(pa.array(order, pa.int64()))


def test_nobody_flips_between_equal_rules(town: Town, program: Program) -> None:
    found = flips(town.snapshot(), program, replace(program, version="the same"))
    assert found.flips == ()
    assert found.eligible[0] == found.eligible[1] > 0


def test_who_flips_is_told_with_the_criteria_and_what_would_change_it(snapshot_of: Any, program: Program) -> None:
    town = Town(snapshot_of, program)
    town.reference("ann", nps_on=date(2025, 11, 1))
    town.reference("bob")
    town.used("bob", date(2026, 1, 20))
    strict = with_calls_a_quarter(with_fresh_answers(program, 90), 1.0)
    there, back = flips(town.snapshot(), program, strict), flips(town.snapshot(), strict, program)
    told = {flip.contact_id: flip for flip in there.flips}
    assert told["ann"].criteria == ("nps_fresh",)
    assert told["ann"].reasons[0].remedy == "Ask for a new survey answer."
    assert told["bob"].criteria == ("tolerance.calls_quarter",)
    assert told["bob"].reasons[0].free_on == date(2026, 4, 20)
    assert {flip.becomes for flip in there.flips} == {"blocked"}
    assert {flip.becomes for flip in back.flips} == {"eligible"}
    assert there.by_criterion() == {"nps_fresh": {"blocked": 1}, "tolerance.calls_quarter": {"blocked": 1}}
    assert [(f.contact_id, f.criteria) for f in back.flips] == [(f.contact_id, f.criteria) for f in there.flips]
    assert (there.eligible, back.eligible) == ((2, 0), (0, 2))


def with_fresh_answers(program: Program, days: int) -> Program:
    def changed(criterion: Any) -> Any:
        if criterion.id != "nps_fresh":
            return criterion
        when = criterion.when.model_copy(update={"at_most": days})
        return criterion.model_copy(update={"when": when})

    criteria = tuple(map(changed, program.qualification.criteria))
    return replace(program, qualification=program.qualification.model_copy(update={"criteria": criteria}))


def test_a_kind_that_one_rule_set_does_not_know_flips_without_a_criterion(snapshot_of: Any, program: Program) -> None:
    town = Town(snapshot_of, program)
    town.reference("ann", uses=("logo",))
    fewer = {kind: points for kind, points in program.tolerance.effort_points.items() if kind != "logo"}
    other = replace(program, tolerance=program.tolerance.model_copy(update={"effort_points": fewer}))
    found = flips(town.snapshot(), program, other)
    assert [(flip.contact_id, flip.reference_type, flip.becomes) for flip in found.flips] == [
        ("ann", "logo", "blocked")
    ]
    assert found.by_criterion() == {"no such kind": {"blocked": 1}}


def test_a_past_in_which_nothing_was_asked_for_is_lived_through_too(town: Town, program: Program) -> None:
    assert endings(play(town.snapshot(), program, date(2026, 3, 10))) == {}
