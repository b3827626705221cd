"""Profiles and briefings -> who has to be briefed, or briefed anew, before they are asked for a kind of reference.

A person is briefed for each kind they are approved for, once nothing but the briefing keeps them from being asked. A text with
a day to acknowledge it by sends everybody a new briefing from the day it begins. Called by `tasks`. The acknowledgement is
a person's to record; that nobody is asked without one is `evaluate`'s to see to.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import partial

from crm_sync.lifecycle.drafts import Letter
from crm_sync.lifecycle.duties import Duty, pointing_at, words
from crm_sync.lifecycle.outreach import told_in
from crm_sync.lifecycle.world import Row, World, digest
from crm_sync.program.conditions import tests
from crm_sync.program.templates import Template, names_in

ACKNOWLEDGE = (
    "When the customer has agreed, add {type} to Briefed Types on the profile, with the day and the version of the briefing "
    "({version}). Until then nobody is matched with this customer for it."
)
Counting = frozenset[str] | None


def briefings(world: World) -> Iterator[Duty]:
    """Brief every active reference for each kind it is approved for and not briefed for by a text that will count."""
    texts = world.program.templates
    counting = {t: texts.acknowledged_by(t, world.today, by_now=False) for t in world.program.types}
    for profile in world.rows("profile"):
        approved = profile.get("approved_types") or () if profile.get("status") == "active" else ()
        for t in world.program.types:
            if t in approved and profile.get("contact") and not is_briefed(profile, t, counting[t]):
                yield _briefing(world, profile, t, counting[t])


def is_briefed(profile: Row, reference_type: str, counting: Counting) -> bool:
    """Whether a briefing for this kind of reference is recorded, by a text that counts."""
    named = names_in(profile.get("briefing_version"))
    return reference_type in (profile.get("briefed_types") or ()) and (
        counting is None or not counting.isdisjoint(named)
    )


def _briefing(world: World, profile: Row, reference_type: str, counting: Counting) -> Duty:
    contact = profile["contact"]
    key_of = partial(digest, "briefing", profile["id"], reference_type)
    told = told_in(
        world,
        "briefing",
        contact,
        reference_type,
        key_of,
        counts=lambda text: counting is None or text.name in counting,
    )
    owner = world.owner_of(contact)
    todo = ACKNOWLEDGE.format(type=words(reference_type), version=told.text.name if told.text else "none yet")
    return Duty(
        key_of(told.label),
        f"Brief this reference for a {words(reference_type)}, then record the acknowledgement on the profile",
        owner,
        _due_on(world, told.text),
        contact,
        pointing_at("profile", profile),
        letter=Letter("briefing", told.text, contact, owner, todo, reference_type),
        paused=not _is_due(world, contact, reference_type),
    )


def _due_on(world: World, text: Template | None) -> date:
    """By when: the program's days, sooner if the text has to be acknowledged sooner."""
    usual = world.calendar.add(world.today, world.program.cadence.briefing_business_days)
    last = text.acknowledge_by if text else None
    return min(usual, last) if last and last >= world.today else usual


def _is_due(world: World, contact: str, reference_type: str) -> bool:
    """Whether nothing but the briefing keeps this person from being asked; what nobody can say does."""
    hindered = world.hindered(contact, reference_type)
    return hindered is not None and hindered <= briefing_criteria(world)


def briefing_criteria(world: World) -> frozenset[str]:
    """The criteria that a briefing answers."""
    criteria = world.program.qualification.criteria
    return frozenset(c.id for c in criteria if any(test.fact == "type_briefed" for _, test in tests(c.when)))
