"""Who has to be briefed: active, approved, kept from being asked by nothing else, and not briefed by a text that counts."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from crm_sync.lifecycle.briefings import briefing_criteria, briefings
from crm_sync.lifecycle.duties import Duty
from crm_sync.lifecycle.tasks import desired_tasks
from crm_sync.lifecycle.world import World, digest
from crm_sync.model.drafts import Draft
from crm_sync.model.verdicts import RuleRef
from crm_sync.program import Program, Template
from tests.unit.lifecycle.letters import CONTACT, OWNER, PROFILE, TODAY, TYPES, shipped, town, under, with_texts

RULES = tuple(RuleRef(name, "v", "hard", TYPES) for name in ("briefed", "consent", "no_dispute"))
NOT_BRIEFED = {"failed_call": 1}


def look(world_of: Any, program: Program | None = None, **changes: Any) -> World:
    """One active reference, approved for calls, whom only the briefing keeps from being asked."""
    judged = {**NOT_BRIEFED, **changes.pop("judged", {})}
    world = town(world_of, without=("match", "held"), judged=judged, request={"stage": "closed"}, **changes)
    object.__setattr__(world.verdicts, "rules", RULES)
    return under(world, program) if program else world


def due(world: World) -> list[Duty]:
    return list(briefings(world))


def test_a_briefing_is_the_account_owners_task_with_a_draft(world_of: Any) -> None:
    world = look(world_of)
    (duty,) = due(world)
    assert (duty.owner, duty.who, duty.what, duty.due_on) == (OWNER, CONTACT, PROFILE, date(2026, 3, 18))
    assert not duty.paused
    (opened,) = [t for t in desired_tasks(world) if t.key == duty.key]
    draft = opened.on_create["description"]
    assert isinstance(draft, Draft)
    assert str(draft).startswith("When the customer has agreed, add call to Briefed Types on the profile")
    assert "the version of the briefing (briefing_talk.1)" in str(draft)


@pytest.mark.parametrize(
    ("changes", "due_for"),
    [
        ({}, ["call"]),
        ({"profile": {"status": "candidate"}}, []),
        ({"profile": {"approved_types": None}}, []),
        ({"profile": {"briefed_types": ["call"]}}, []),
        ({"profile": {"briefed_types": ["quote"]}}, ["call"]),
        ({"profile": {"approved_types": ["quote", "call"]}}, ["call", "quote"]),
        ({"profile": {"approved_types": ["quote", "call"], "briefed_types": ["call"]}}, ["quote"]),
    ],
)
def test_who_has_to_be_briefed_for_what(world_of: Any, changes: dict[str, Any], due_for: list[str]) -> None:
    letters = [duty.letter for duty in due(look(world_of, **changes))]
    assert [letter and letter.reference_type for letter in letters] == due_for


@pytest.mark.parametrize(
    ("judged", "is_due"),
    [
        ({"failed_call": 1}, True),
        ({"failed_call": 0, "unknown_call": 1}, True),
        ({"failed_call": 0}, True),
        ({"failed_call": 3}, False),
        ({"unknown_call": 4}, False),
    ],
)
def test_nobody_is_briefed_whom_something_else_keeps_from_being_asked(
    world_of: Any, judged: dict[str, Any], is_due: bool
) -> None:
    world = look(world_of, judged=judged)
    assert bool(due(world)) is is_due
    (text,) = (t for t in world.program.templates.versions if t.name == "briefing_talk.1")
    (kept,) = due(look(world_of, judged=judged, more={"task": [briefed_with(text)]}))
    assert kept.paused is not is_due


def test_somebody_whom_nobody_can_judge_is_not_briefed(world_of: Any) -> None:
    assert due(look(world_of, judged={"failed_call": None})) == []


def test_the_criteria_a_briefing_answers_are_those_that_ask_for_it(world_of: Any) -> None:
    assert briefing_criteria(look(world_of)) == {"briefed"}


def versions(program: Program, **second: Any) -> tuple[Template, Template]:
    first = shipped(program, "briefing_talk.1")
    begins = TODAY - timedelta(days=1)
    return first, shipped(program, "briefing_talk.1", **({"version": 2, "effective_from": begins} | second))


BRIEFED = {"briefed_types": ["call"], "briefed_on": date(2026, 2, 1)}


@pytest.mark.parametrize(
    ("second", "noted", "again"),
    [
        ({}, "briefing_talk.1", False),
        ({}, None, False),
        ({"acknowledge_by": TODAY + timedelta(days=20)}, "briefing_talk.1", True),
        ({"acknowledge_by": TODAY + timedelta(days=20)}, None, True),
        ({"acknowledge_by": TODAY + timedelta(days=20)}, "briefing_talk.2", False),
        ({"acknowledge_by": TODAY + timedelta(days=20)}, "briefing_talk.1, Briefing_Talk.2", False),
        ({"acknowledge_by": TODAY - timedelta(days=1)}, "briefing_talk.1", True),
        ({"acknowledge_by": TODAY - timedelta(days=1)}, "some old text", True),
        ({"acknowledge_by": TODAY + timedelta(days=20), "effective_from": TODAY + timedelta(days=1)}, None, False),
        ({"acknowledge_by": TODAY, "approved_by": None, "approved_on": None}, None, False),
    ],
)
def test_a_version_that_asks_for_it_is_briefed_anew(
    world_of: Any, program: Program, second: dict[str, Any], noted: str | None, again: bool
) -> None:
    rules = with_texts(program, *versions(program, **second))
    found = due(look(world_of, rules, profile=BRIEFED | {"briefing_version": noted}, judged={"failed_call": 0}))
    assert [duty.letter and duty.letter.text and duty.letter.text.name for duty in found] == ["briefing_talk.2"] * again


@pytest.mark.parametrize(
    ("days", "by"), [(2, TODAY + timedelta(days=2)), (60, date(2026, 3, 18)), (-1, date(2026, 3, 18))]
)
def test_it_is_due_when_the_old_one_stops_counting_if_that_is_sooner(
    world_of: Any, program: Program, days: int, by: date
) -> None:
    rules = with_texts(program, *versions(program, acknowledge_by=TODAY + timedelta(days=days)))
    (duty,) = due(look(world_of, rules, profile=BRIEFED, judged={"failed_call": 0}))
    assert duty.due_on == by


def briefed_with(text: Template, **fields: Any) -> dict[str, Any]:
    key = digest("briefing", PROFILE, "call", text.label)
    return {"id": "00T000000000001AAA", "key": key, "what": PROFILE, "closed": False, **fields}


@pytest.mark.parametrize(
    ("second", "retired", "closed", "name"),
    [
        ({}, False, False, "briefing_talk.1"),
        ({}, False, True, "briefing_talk.1"),
        ({}, True, False, "briefing_talk.2"),
        ({}, True, True, "briefing_talk.1"),
        ({"acknowledge_by": TODAY}, False, False, "briefing_talk.2"),
        ({"acknowledge_by": TODAY}, False, True, "briefing_talk.2"),
    ],
)
def test_a_briefing_under_way_goes_on_unless_its_text_may_not_be_used(
    world_of: Any, program: Program, second: dict[str, Any], retired: bool, closed: bool, name: str
) -> None:
    """A person who may have the letter already is not sent a second one for a change that needs no new acknowledgement."""
    first, other = versions(program, **second)
    given = first.model_copy(update={"retired_on": TODAY}) if retired else first
    world = look(world_of, with_texts(program, given, other), more={"task": [briefed_with(first, closed=closed)]})
    (duty,) = due(world)
    assert duty.letter
    assert duty.letter.text
    assert duty.letter.text.name == name
