"""Asks that people made -> activities, so that they count; and of every activity its effort and its thank-you day.

Called by `lifecycle.standing` and `lifecycle.desired`. The worker makes the row and never touches it again: what happened is
people's to write. Not here: uses found outside the program (`off_system`).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from crm_sync.lifecycle.ask_facts import Asks
from crm_sync.lifecycle.off_system import off_system_activities
from crm_sync.lifecycle.world import Row, World, digest
from crm_sync.model.records import FORESEEN, Desired, Value


def activity_key(match_key: str) -> str:
    """The external key of the activity that a match leads to."""
    return digest("activity", match_key)


def new_activities(world: World) -> Iterator[Desired]:
    """Create an activity for every match whose customer was asked, and for every use found outside the program."""
    asks = world.once(Asks)
    real = [row for row in world.rows("activity") if not row["id"].startswith(FORESEEN)]
    known, made = {row["match"] for row in real}, {row["key"] for row in real}
    for match in world.rows("match"):
        asked = match.get("asked_on") or match.get("customer_response") or match.get("completed_on")
        first = _first(asks, match) if asked and match["id"] not in known and match.get("key") else {}
        if first.get("contact") and first.get("type"):
            done = first["completed_on"] if first["status"] == "completed" else None
            yield Desired("activity", _weight(world, first, done), first["key"], on_create=first, why="asked")
    for first in off_system_activities(world):
        if first["key"] not in made:
            fields = _weight(world, first, first["completed_on"])
            yield Desired("activity", fields, first["key"], on_create=first, why="used without a request")


def desired_activities(world: World) -> Iterator[Desired]:
    """Create what is missing, weigh every activity and date its thank-you."""
    yield from new_activities(world)
    for use in world.uses:
        if not use.row["id"].startswith(FORESEEN):
            done = use.completed_on if use.status == "completed" else None
            yield Desired("activity", _weight(world, use.row, done), id=use.row["id"], why="effort of its type")


def _weight(world: World, row: Row, done: date | None) -> dict[str, Value]:
    days = world.program.cadence.thank_you_business_days
    return {
        "effort_points": world.program.tolerance.effort_points.get(row.get("type") or ""),
        "thank_you_due": world.calendar.add(done, days) if done else None,
    }


def _first(asks: Asks, match: Row) -> dict[str, Any]:
    """What an activity says of its match on the day it is made."""
    world = asks.world
    request = world.row("request", match.get("request")) or {}
    planned = match.get("scheduled_for")
    return {
        "key": activity_key(match["key"]),
        "contact": world.contact_of(match),
        "match": match["id"],
        "request": match.get("request"),
        "type": request.get("type"),
        "requester": request.get("requester") or request.get("owner"),
        "audience": request.get("audience"),
        "prospect": request.get("prospect")
        or (world.row("opportunity", request.get("opportunity")) or {}).get("account"),
        "requested_on": request.get("submitted_on"),
        "asked_on": match.get("asked_on"),
        "responded_on": match.get("responded_on"),
        "scheduled_on": planned.date() if planned else None,
        "completed_on": match.get("completed_on"),
        "status": _reached(asks, match),
        "note": f"Made from match {match.get('name') or match['id']}.",
    }


def _reached(asks: Asks, match: Row) -> str:
    """How far the ask has come, whatever holds it back: the status that a new activity begins with."""
    facts = asks.facts(match, proposed=False, chosen=False)
    if facts.use in ("completed", "scheduled"):
        return facts.use
    return facts.customer if facts.customer in ("accepted", "declined") else "asked"
