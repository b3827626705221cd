"""Meetings and completed tasks that name a reference, with no recorded use behind them -> uses that count.

Called by `activities` and `incidents`. Fail closed: what looks like a use is one until a person sets its activity to
Cancelled. Not here: who is asked to confirm it (`escalations`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from crm_sync.lifecycle.world import Row, World, digest
from crm_sync.model.records import FORESEEN

COUNTING = ("asked", "accepted", "scheduled", "completed", "missed", None)
"""Statuses of an activity that may be the recorded use; one without a status may be anything."""


@dataclass(frozen=True)
class Sighting:
    """One meeting or completed task that looks like a use: its record, person, day, type, and who held it."""

    record_id: str
    contact: str
    day: date
    reference_type: str
    user: str | None
    opportunity: str | None
    where: str

    @property
    def key(self) -> str:
        """The external key of the activity it leads to."""
        return digest("off_system", self.record_id)


def off_system_activities(world: World) -> Iterator[dict[str, Any]]:
    """What the activity of every such use says on the day it is made."""
    for sighting in sightings(world):
        deal = world.row("opportunity", sighting.opportunity) or {}
        yield {
            "key": sighting.key,
            "contact": sighting.contact,
            "type": sighting.reference_type,
            "requester": sighting.user,
            "prospect": deal.get("account"),
            "asked_on": sighting.day,
            "completed_on": sighting.day,
            "status": "completed",
            "note": f"Found in a {sighting.where} of {sighting.day:%d %b %Y}; nobody asked for it through a request.",
        }


def sightings(world: World) -> tuple[Sighting, ...]:
    """Every use that no record explains, sorted; those already taken up come first and explain what lies near them."""
    window = timedelta(days=world.program.escalation.off_system.within_days)
    made = {row["key"] for row in world.rows("activity") if row.get("key") and not row["id"].startswith(FORESEEN)}
    seen = sorted(_looked_at(world), key=lambda s: (s.key not in made, s.day, s.record_id))
    recorded = _recorded(world, {sighting.key for sighting in seen})
    found: list[Sighting] = []
    for sighting in seen:
        near = [day for day in recorded.get(sighting.contact, ()) if abs(day - sighting.day) <= window]
        if sighting.key in made or not near:
            found.append(sighting)
            recorded.setdefault(sighting.contact, []).append(sighting.day)
    return tuple(sorted(found, key=lambda s: (s.day, s.record_id)))


def _looked_at(world: World) -> Iterator[Sighting]:
    """Every recent meeting or completed task with a person of the program, by any of their contact records, whose subject holds one of the words."""
    oldest = world.today - timedelta(days=world.program.escalation.look_back_days)
    for where, row, day in _dated(world):
        kind = _kind(world, row.get("subject"))
        person = world.person_of(row.get("who") or "")
        if kind and day and oldest <= day <= world.today and person in world.profile_of:
            yield Sighting(row["id"], person, day, kind, row.get("owner"), row.get("what"), where)


def _dated(world: World) -> Iterator[tuple[str, Row, date | None]]:
    for event in world.rows("event"):
        yield "meeting", event, event["starts_at"].date() if event.get("starts_at") else None
    for task in world.rows("task"):
        if task.get("closed") and not task.get("key"):
            yield "task", task, task.get("due_on")


def _kind(world: World, subject: str | None) -> str | None:
    """The reference type that the first fitting word stands for."""
    text = (subject or "").casefold()
    words = world.program.escalation.off_system.words
    return next((kind for word, kind in words.items() if word.casefold() in text), None)


def _recorded(world: World, own: set[str]) -> dict[str, list[date]]:
    """The days on which each person was asked or used by the records, those found here left out."""
    days: dict[str, list[date]] = {}
    for use in world.uses:
        if use.status in COUNTING and use.row.get("key") not in own and use.row.get("contact"):
            known = (use.row.get("asked_on"), use.responded_on, use.scheduled_on, use.completed_on)
            days.setdefault(world.person_of(use.row["contact"]), []).extend(day for day in known if day)
    for match in world.rows("match"):
        contact = world.contact_of(match)
        if contact and match.get("asked_on"):
            days.setdefault(world.person_of(contact), []).append(match["asked_on"])
    return days
