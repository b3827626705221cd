"""A plan that is refused leaves one escalation behind, and only one."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from crm_sync.lifecycle import mass_change
from crm_sync.lifecycle.escalations import desired_escalations, escalation_key

PROGRAM_OWNER, COLLEAGUE = "005000000000006AAA", "005000000000007AAA"
USERS = [{"id": PROGRAM_OWNER, "active": True, "role": "program_owner"}, {"id": COLLEAGUE, "active": True}]
PROBLEM = "12 of 40 profiles (30.0 %) would change their verdict in this run; the limit is 20 %."


def raised(world: Any, *problems: str) -> Any:
    return mass_change(world.snapshot, world.verdicts, world.matches, problems or (PROBLEM,), world.program)


def test_the_program_owner_is_told_with_the_numbers(world_of: Any) -> None:
    wanted = raised(world_of(user=USERS))
    assert wanted.key == escalation_key("mass_change", "plan", 1)
    assert (wanted.fields["assigned_to"], wanted.fields["occurrences"]) == (PROGRAM_OWNER, 1)
    assert PROBLEM in wanted.fields["evidence"]
    assert wanted.fields["due_on"] == date(2026, 3, 12)
    assert wanted.on_create["status"] == "open"


@pytest.mark.parametrize(("problem", "count"), [(PROBLEM, 1), ("13 of 40 profiles.", 2)])
def test_the_same_numbers_are_said_once(world_of: Any, problem: str, count: int) -> None:
    first = raised(world_of(user=USERS))
    held = {"id": "a08000000000001AAA", "status": "open"} | dict(first.on_create) | dict(first.fields)
    again = raised(world_of(user=USERS, escalation=[held]), problem)
    assert (again.key, again.fields["occurrences"]) == (first.key, count)


def test_after_it_was_closed_the_next_one_is_a_new_record(world_of: Any) -> None:
    closed = {"id": "a08000000000001AAA", "key": escalation_key("mass_change", "plan", 1), "status": "closed"}
    wanted = raised(world_of(user=USERS, escalation=[closed]))
    assert wanted.key == escalation_key("mass_change", "plan", 2)
    assert wanted.fields["occurrences"] == 1


def test_whoever_a_person_gave_it_to_keeps_it(world_of: Any) -> None:
    first = raised(world_of(user=USERS))
    held = {"id": "a08000000000001AAA", "status": "in_progress"} | dict(first.on_create) | dict(first.fields)
    again = raised(world_of(user=USERS, escalation=[held | {"assigned_to": COLLEAGUE}]))
    assert again.fields["assigned_to"] == COLLEAGUE


def test_it_stays_for_a_person_to_close(world_of: Any) -> None:
    first = raised(world_of(user=USERS))
    held = {"id": "a08000000000001AAA", "status": "open"} | dict(first.on_create) | dict(first.fields)
    assert list(desired_escalations(world_of(user=USERS, escalation=[held]))) == []
