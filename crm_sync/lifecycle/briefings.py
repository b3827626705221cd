"""Profiles and briefings -> who has to be briefed, or briefed anew, before they are asked for a kind of reference.

A person is briefed for each kind they are approved for, once nothing but the briefing keeps them from being asked. A text with
a day to acknowledge it by sends everybody a new briefing from the day it begins. Called by `tasks`. The acknowledgement is
a person's to record; that nobody is asked without one is `evaluate`'s to see to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

from crm_sync.lifecycle.drafts import Letter, text_for
from crm_sync.lifecycle.duties import Duty, pointing_at, words
from crm_sync.lifecycle.outreach import Told
from crm_sync.lifecycle.world import Row, World, digest
from crm_sync.program.conditions import tests
from crm_sync.program.templates import Template, names_in

ACKNOWLEDGE = (
    "When the customer has agreed, add {type} to Briefed Types on the profile, with the day and the version of the briefing "
    "({version}). Until then nobody is matched with this customer for it."
)
Counting = frozenset[str] | None


def briefings(world: World) -> Iterator[Duty]:
    """Brief every active reference for each kind it is approved for and not briefed for by a text that will count.

    A task for what is not due now waits, so that it goes on when the customer is active, approved or free again.
    """
    texts = world.program.templates
    counting = {t: texts.acknowledged_by(t, world.today, by_now=False) for t in world.program.types}
    told = {task.get("what") for task in world.task_of.values()}
    for profile in world.rows("profile"):
        for t in world.program.types if profile.get("contact") else ():
            if is_briefed(profile, t, counting[t]):
                continue
            due = _is_due(world, profile, t)
            tasks = _tasks(world, profile, t, counting[t]) if due or profile["id"] in told else {}
            if due or tasks:
                yield _briefing(world, profile, t, tasks, paused=not due)


def is_briefed(profile: Row, reference_type: str, counting: Counting) -> bool:
    """Whether a briefing for this kind of reference is recorded, by a text that counts."""
    named = names_in(profile.get("briefing_version"))
    return reference_type in (profile.get("briefed_types") or ()) and (
        counting is None or not counting.isdisjoint(named)
    )


def _key(profile: Row, reference_type: str, label: str) -> str:
    return digest("briefing", profile["id"], reference_type, label)


def _tasks(world: World, profile: Row, reference_type: str, counting: Counting) -> Mapping[str, Row]:
    """The tasks there are for this briefing, by the label of their text, the latest text that counts first."""
    versions = sorted(world.program.templates.versions, key=lambda text: text.effective_from, reverse=True)
    known = [t for t in versions if t.is_for("briefing", reference_type) and (counting is None or t.name in counting)]
    keys = {label: _key(profile, reference_type, label) for label in (*(text.label for text in known), "")}
    return {label: world.task_of[key] for label, key in keys.items() if key in world.task_of}


def _told(world: World, profile: Row, reference_type: str, tasks: Mapping[str, Row], *, paused: bool) -> Told:
    """The text of the latest task while it may be used, or waits; of a closed one, as the customer may have the letter.

    The worker closes the task of a retired text when another task takes its place; one without a text shows that it did.
    """
    label = next(iter(tasks), "")
    text = world.program.templates.by_label.get(label)
    in_hand = paused or (text is not None and not text.is_retired(world.today))
    if label and ("" not in tasks if tasks[label].get("closed") else in_hand):
        return Told(label, text)
    return Told.of(text_for(world, "briefing", profile["contact"], reference_type))


def _briefing(world: World, profile: Row, reference_type: str, tasks: Mapping[str, Row], *, paused: bool) -> Duty:
    contact, told = profile["contact"], _told(world, profile, reference_type, tasks, paused=paused)
    owner = world.owner_of(contact)
    todo = ACKNOWLEDGE.format(type=words(reference_type), version=told.text.name if told.text else "none yet")
    return Duty(
        _key(profile, reference_type, told.label),
        f"Brief this reference for a {words(reference_type)}, then record the acknowledgement on the profile",
        owner,
        _due_on(world, told.text),
        contact,
        pointing_at("profile", profile),
        letter=Letter("briefing", told.text, contact, owner, todo, reference_type),
        paused=paused,
    )


def _due_on(world: World, text: Template | None) -> date:
    """By when: the program's days, sooner if the text has to be acknowledged sooner."""
    usual = world.calendar.add(world.today, world.program.cadence.briefing_business_days)
    last = text.acknowledge_by if text else None
    return min(usual, last) if last and last >= world.today else usual


def _is_due(world: World, profile: Row, reference_type: str) -> bool:
    """Whether an approved reference is kept from being asked by nothing but the briefing; what nobody can say does keep it."""
    if profile.get("status") != "active" or reference_type not in (profile.get("approved_types") or ()):
        return False
    hindered = world.hindered(profile["contact"], reference_type)
    return hindered is not None and hindered <= briefing_criteria(world)


def briefing_criteria(world: World) -> frozenset[str]:
    """The criteria that a briefing answers."""
    criteria = world.program.qualification.criteria
    return frozenset(c.id for c in criteria if any(test.fact == "type_briefed" for _, test in tests(c.when)))
