"""One outreach for each request, person and attempt, from one text; a text that is retired meanwhile gives way."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from crm_sync.lifecycle.issues import desired_issues
from crm_sync.lifecycle.matches import desired_matches
from crm_sync.lifecycle.outreach import outreach_key
from crm_sync.lifecycle.tasks import desired_tasks
from crm_sync.lifecycle.world import World
from crm_sync.model.drafts import Draft
from crm_sync.program import Program, Template
from tests.unit.lifecycle.letters import (
    BOSS,
    CONTACT,
    MATCH,
    OWNER,
    ROWS,
    TODAY,
    shipped,
    town,
    under,
    with_texts,
)

YESTERDAY = TODAY - timedelta(days=1)
KEY = ROWS["match"]


@pytest.fixture
def first(program: Program) -> Template:
    return shipped(program, "outreach_talk.1")


@pytest.fixture
def second(program: Program) -> Template:
    return shipped(program, "outreach_talk.1", version=2, effective_from=YESTERDAY, body="{{a_type}} again")


def task_of(text: Template | None, **fields: Any) -> dict[str, Any]:
    label = text.label if text else ""
    return {"id": "00T000000000001AAA", "key": outreach_key(KEY, label), "closed": False, **fields}


def outreach_tasks(world: World) -> dict[str, Any]:
    """What is wanted of outreach tasks, by what happens to them."""
    found = {}
    for wanted in desired_tasks(world):
        subject = str(wanted.on_create.get("subject") or wanted.fields.get("status"))
        if "Ask this customer" in subject or wanted.fields:
            found[subject.split(",", maxsplit=1)[0]] = wanted
    return found


def noted(world: World) -> Any:
    (match,) = desired_matches(world)
    return match.fields.get("outreach_text")


def test_the_owners_approval_opens_one_task_with_the_draft(world_of: Any, first: Template) -> None:
    world = town(world_of)
    (opened,) = outreach_tasks(world).values()
    assert (opened.key, opened.on_create["owner"], opened.on_create["who"]) == (task_of(first)["key"], OWNER, CONTACT)
    assert opened.on_create["what"] == MATCH
    assert isinstance(opened.on_create["description"], Draft)
    assert first.label in str(opened.on_create["description"])
    assert noted(world) == first.label
    assert outreach_tasks(town(world_of, more={"task": [task_of(first)]})) == {}


@pytest.mark.parametrize(
    "match",
    [
        {"owner_decision": None},
        {"owner_decision": "declined"},
        {"asked_on": TODAY},
        {"customer_response": "declined"},
    ],
)
def test_no_approval_no_outreach(world_of: Any, match: dict[str, Any]) -> None:
    assert not [name for name in outreach_tasks(town(world_of, match=match)) if "Ask" in name]


def test_a_rule_in_the_way_means_no_letter(world_of: Any) -> None:
    assert not [name for name in outreach_tasks(town(world_of, held={"failed": 1})) if "Ask" in name]
    waiting = town(world_of, held={"failed": 1}, more={"task": [task_of(shipped_of(world_of))]})
    assert outreach_tasks(waiting)["deferred"].fields == {"status": "deferred"}


def shipped_of(world_of: Any) -> Template:
    found: Template = shipped(town(world_of).program, "outreach_talk.1")
    return found


def test_a_later_version_leaves_the_letter_in_hand_alone(
    world_of: Any, program: Program, first: Template, second: Template
) -> None:
    rules = with_texts(program, first, second)
    with_task = under(town(world_of, match={"outreach_text": first.label}, more={"task": [task_of(first)]}), rules)
    assert outreach_tasks(with_task) == {}
    assert noted(with_task) == first.label
    without = under(town(world_of), rules)
    assert next(iter(outreach_tasks(without).values())).key == task_of(second)["key"]
    assert noted(without) == second.label


def test_a_text_retired_before_anybody_was_asked_gives_way(
    world_of: Any, program: Program, first: Template, second: Template
) -> None:
    retired = first.model_copy(update={"retired_on": TODAY})
    match = {"outreach_text": first.label}
    open_task = under(
        town(world_of, match=match, more={"task": [task_of(first)]}), with_texts(program, retired, second)
    )
    wanted = outreach_tasks(open_task)
    assert wanted["completed"].key == task_of(first)["key"]
    assert wanted["Ask this customer for a call"].key == task_of(second)["key"]
    assert noted(open_task) == second.label
    nothing_left = under(town(world_of, match=match, more={"task": [task_of(first)]}), with_texts(program, retired))
    wanted = outreach_tasks(nothing_left)
    assert wanted["completed"].key == task_of(first)["key"]
    assert "No draft: no approved outreach text" in str(wanted["Ask this customer for a call"].on_create["description"])
    assert noted(nothing_left) is None


@pytest.mark.parametrize("known", [True, False])
def test_whoever_may_have_been_asked_already_is_not_asked_again(
    world_of: Any, program: Program, first: Template, second: Template, known: bool
) -> None:
    """The owner closed the task; that the text is retired, or gone from the rules, makes no second one."""
    retired = (first.model_copy(update={"retired_on": TODAY}),) if known else ()
    world = under(
        town(world_of, match={"outreach_text": first.label}, more={"task": [task_of(first, closed=True)]}),
        with_texts(program, *retired, second),
    )
    assert outreach_tasks(world) == {}
    assert noted(world) == first.label


def test_a_draft_comes_once_there_is_a_text(world_of: Any, program: Program, first: Template) -> None:
    world = under(town(world_of, more={"task": [task_of(None)]}), with_texts(program, first))
    wanted = outreach_tasks(world)
    assert wanted["completed"].key == task_of(None)["key"]
    assert isinstance(wanted["Ask this customer for a call"].on_create["description"], Draft)


def test_a_new_attempt_is_a_new_letter(world_of: Any, first: Template) -> None:
    old = task_of(first, closed=True)
    (again,) = outreach_tasks(town(world_of, match={"attempt": 2.0}, more={"task": [old]})).values()
    assert again.key != old["key"]


def test_what_was_told_stays_on_the_match_once_the_customer_was_asked(world_of: Any, first: Template) -> None:
    asked = town(world_of, match={"asked_on": TODAY, "outreach_text": first.label})
    (match,) = desired_matches(asked)
    assert "outreach_text" not in match.fields


def test_a_reference_that_nobody_was_asked_for_forgets_the_text(world_of: Any, first: Template) -> None:
    over = town(world_of, match={"owner_decision": None, "owner_decided_on": None, "outreach_text": first.label})
    (match,) = desired_matches(over)
    assert match.fields["outreach_text"] is None


def test_a_missing_text_is_the_program_owners_issue(world_of: Any, program: Program, first: Template) -> None:
    profile = {"approved_types": ["call", "logo"]}
    rules = with_texts(program, first, shipped(program, "check_in.1"), shipped(program, "thank_you.1"))
    issues = {str(i.on_create["subject"]): i for i in desired_issues(under(town(world_of, profile=profile), rules))}
    assert set(issues) == {"outreach logo", "briefing call", "briefing logo", "invitation"}
    assert issues["outreach logo"].fields["assigned_to"] == BOSS
    assert issues["outreach logo"].fields["summary"] == (
        "No approved outreach text about logo is in force; tasks come without a draft."
    )
    nobody = under(town(world_of, profile={"status": "candidate"}), with_texts(program))
    assert list(desired_issues(nobody)) == []
    assert list(desired_issues(town(world_of, profile=profile))) == []


def test_thank_you_and_check_in_come_with_a_draft_once(world_of: Any) -> None:
    done = {
        "id": "a07000000000001AAA",
        "contact": CONTACT,
        "type": "call",
        "status": "completed",
        "completed_on": YESTERDAY,
    }
    world = town(
        world_of,
        without=("match", "held"),
        judged={"next_check_in_on": TODAY},
        more={"activity": [done]},
        request={"stage": "closed"},
    )
    drafts = {
        str(t.on_create["subject"])[:9]: str(t.on_create["description"]) for t in desired_tasks(world) if t.on_create
    }
    assert "Subject: Thank you, {{contact_first_name}}" in drafts["Thank thi"]
    assert "Subject: How are things at Acme (Group)?" in drafts["Check in "]
    opted_out = town(
        world_of,
        without=("match", "held"),
        contact={"opted_out": True},
        judged={"next_check_in_on": TODAY},
        more={"activity": [done]},
        request={"stage": "closed"},
    )
    drafts = {str(t.on_create["subject"])[:9]: str(t.on_create["description"]) for t in desired_tasks(opted_out)}
    assert "Do not write to them" in drafts["Thank thi"]
    assert "Check in " not in drafts
