"""Incidents -> escalations: one record per cause, with severity, route, owner, clock and evidence.

An incident whose cause has an open record is one more occurrence of it; one that comes after the record was closed opens
the next. Called by `lifecycle.standing` and `lifecycle.desired`. Resolution, cause and closure are people's. Not here: what
went wrong (`incidents`), Cases (`concerns`) and tasks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from crm_sync.lifecycle.incidents import Incident, incidents
from crm_sync.lifecycle.world import Row, World, digest
from crm_sync.model.records import Desired, Link, Value

EVIDENCE_LENGTH = 32_000


@dataclass(frozen=True)
class Record:
    """One escalation as it ought to be: its cause, the how-manieth of that cause, its incidents, and the row held."""

    kind: str
    subject: str
    occurrence: int
    incidents: tuple[Incident, ...]
    held: Row | None

    @property
    def key(self) -> str:
        """The external key: kind, subject and occurrence."""
        return escalation_key(self.kind, self.subject, self.occurrence)


def escalation_key(kind: str, subject: str, occurrence: int = 1) -> str:
    """The external key of an escalation."""
    return digest(kind, subject, str(occurrence))


def desired_escalations(world: World) -> Iterator[Desired]:
    """Raise every cause as one open record; a record that exists keeps the day it was raised and who has it."""
    for record in records(world):
        yield desired_escalation(world, record)


def records(world: World) -> tuple[Record, ...]:
    """The escalations that are or ought to be open, sorted by cause."""
    return world.once(_records)


def _records(world: World) -> tuple[Record, ...]:
    grouped: dict[tuple[str, str], list[Incident]] = defaultdict(list)
    for incident in incidents(world):
        grouped[incident.kind, incident.subject].append(incident)
    found = (_present(world, kind, subject, found) for (kind, subject), found in sorted(grouped.items()))
    return tuple(record for record in found if record.incidents)


@dataclass(frozen=True)
class IncidentFacts:
    """What decides the fate of one incident.

    `held` is where the latest record of its cause stands; `since_closing` that it came after the last one was closed, or
    none ever was; `recent` that it is not history by rules/escalation; `lasts` that it is true to this day.
    """

    held: Literal["none", "open", "closed"] = "none"
    since_closing: bool = True
    recent: bool = True
    lasts: bool = False


@dataclass(frozen=True)
class Fate:
    """One line of the table: what becomes of an incident, and whether it counts in a record."""

    name: str
    holds: Callable[[IncidentFacts], bool]
    counts: bool
    text: str


# The first line that holds gives the fate.
FATES: tuple[Fate, ...] = (
    Fate("dealt_with", lambda f: not f.since_closing, False, "The record it belongs to was closed after it."),
    Fate("history", lambda f: not (f.recent or f.lasts), False, "It is over, and too long ago to be news."),
    Fate("occurrence", lambda f: f.held == "open", True, "One more occurrence of the record that is open."),
    Fate(
        "raised_again",
        lambda f: f.held == "closed",
        True,
        "The cause was closed and is back: the next record is raised.",
    ),
    Fate("raised", lambda f: True, True, "A record is raised, with its route, its clock and the evidence."),
)


def fate_of(facts: IncidentFacts) -> Fate:
    """Decide the fate of one incident: the first line of FATES that holds."""
    return next(fate for fate in FATES if fate.holds(facts))


def so_far(world: World, kind: str, subject: str) -> tuple[tuple[Row, ...], Row | None]:
    """The closed records of a cause, in their order, and the one after them that nobody has closed, if it is there."""
    held = world.once(_by_key)
    closed: list[Row] = []
    while (row := held.get(escalation_key(kind, subject, len(closed) + 1))) and row.get("status") == "closed":
        closed.append(row)
    return tuple(closed), row


def _by_key(world: World) -> Mapping[str, Row]:
    return {row["key"]: row for row in world.rows("escalation") if row.get("key")}


def _present(world: World, kind: str, subject: str, found: Sequence[Incident]) -> Record:
    """The record that a cause's incidents of today belong to: the first that nobody has closed."""
    closed, row = so_far(world, kind, subject)
    after, since = max((_closed_on(world, one) for one in closed), default=date.min), _news_since(world, row)
    state: Literal["none", "open", "closed"] = "open" if row else "closed" if closed else "none"
    mine = (one for one in found if fate_of(IncidentFacts(state, one.day > after, one.day >= since, one.lasts)).counts)
    return Record(kind, subject, len(closed) + 1, tuple(sorted(mine, key=lambda one: (one.day, one.source))), row)


def _closed_on(world: World, row: Row) -> date:
    """The day a record was closed; one without that day was closed when it was last changed."""
    changed = row.get("modified_at")
    closed: date | None = row.get("closed_on")
    return closed or (changed.date() if changed else world.today)


def _news_since(world: World, row: Row | None) -> date:
    """The first day that is not history: what an open record was raised for stays news until it is closed."""
    raised = row.get("raised_on") if row else None
    return min(raised or world.today, world.today) - timedelta(days=world.program.escalation.look_back_days)


def desired_escalation(world: World, record: Record) -> Desired:
    """Give one escalation as it ought to be."""
    rule, first, held = world.program.escalation.kinds[record.kind], record.incidents[0], record.held
    raised_on = held["raised_on"] if held and held.get("raised_on") else world.today
    route = first.route or rule.route
    fields: dict[str, Value] = {
        "severity": rule.severity,
        "route": route,
        "assigned_to": assignee(world, first, route, held),
        "due_on": world.calendar.add(raised_on, rule.due_business_days),
        "summary": f"{rule.text}."[:255],
        **_what_happened(record),
    }
    if record.kind == "department_concern":
        fields["case"] = Link("case", case_key(record))
    on_create = {**_first(world, record, first), **world.queued(fields["assigned_to"])}
    return Desired("escalation", fields, key=record.key, on_create=on_create, why=rule.text)


def case_key(record: Record) -> str:
    """The external key of the Case that a department's concern becomes."""
    return digest("case", record.key)


def _what_happened(record: Record) -> Mapping[str, Value]:
    """The evidence and how often it happened; what has left a window since is still evidence."""
    held, count = record.held or {}, len(record.incidents)
    if held.get("evidence") and count < (held.get("occurrences") or 0):
        return {"evidence": held["evidence"], "occurrences": held["occurrences"]}
    return {"evidence": _evidence(record.incidents), "occurrences": float(count)}


def _evidence(found: Sequence[Incident]) -> str:
    """List what happened, the day before each when it happened more than once."""
    if len(found) == 1:
        return found[0].evidence[:EVIDENCE_LENGTH]
    return "\n".join(f"{one.day:%d %b %Y}: {one.evidence}" for one in found)[:EVIDENCE_LENGTH]


def _first(world: World, record: Record, first: Incident) -> Mapping[str, Value]:
    contact = world.row("contact", first.contact) or {}
    return {
        "key": record.key,
        "kind": record.kind,
        "status": "open",
        "raised_on": world.today,
        "contact": first.contact,
        "account": first.account or contact.get("account"),
        "activity": first.activity,
    }


def assignee(world: World, incident: Incident, route: str, held: Row | None) -> str | None:
    """Who has it: the person it is assigned to while they are active and the route is the same, else whom the route names, else who stands in."""
    if held and held.get("assigned_to") and held.get("route") in (None, route):
        user = world.row("user", held["assigned_to"])
        if user and user.get("active"):
            return str(user["id"])
    if route == "account_owner":
        return world.owner_of(incident.contact)
    if route == "rep":
        return world.active_user(incident.user)
    return world.role(route) or world.role(world.program.escalation.fallback_route)
