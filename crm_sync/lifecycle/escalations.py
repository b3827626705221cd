"""What went wrong -> escalations: kind, severity, route, owner, due day and evidence, one record per cause.

Called by `lifecycle.desired`. Resolution, cause and closure are people's. Not here: Cases and tasks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from crm_sync.lifecycle.matches import ask_is_open, contact_of
from crm_sync.lifecycle.world import Row, World, digest
from crm_sync.model.records import Desired, Value

OPEN_ASK = frozenset({"asked", "accepted", "scheduled"})


@dataclass(frozen=True)
class Incident:
    """One thing that went wrong: its kind, what it is about, and the evidence in sentences."""

    kind: str
    subject: str
    evidence: str
    contact: str | None
    activity: str | None = None
    user: str | None = None
    route: str | None = None
    occurrences: int = 1


def desired_escalations(world: World) -> Iterator[Desired]:
    """Raise every incident as one record; a record that exists keeps the day it was raised and who has it."""
    held = {row["key"]: row for row in world.rows("escalation") if row.get("key")}
    for incident in sorted(incidents(world), key=lambda i: (i.kind, i.subject)):
        key = digest(incident.kind, incident.subject)
        yield _record(world, incident, key, held.get(key))


def incidents(world: World) -> Iterator[Incident]:
    """Every incident that the records show today."""
    yield from _withdrawn_with_open_ask(world)
    for activity in _recent(world):
        yield from _from_activity(activity)
    yield from _overused(world)


def _withdrawn_with_open_ask(world: World) -> Iterator[Incident]:
    """A consent withdrawn while that very person is being asked for that use."""
    asks = set(_open_asks(world))
    for consent in world.rows("consent"):
        gone = consent.get("status") == "withdrawn" or _past(consent.get("withdrawn_on"), world.today)
        if gone and (consent.get("contact"), consent.get("use")) in asks:
            when = f" on {consent['withdrawn_on']:%d %b %Y}" if consent.get("withdrawn_on") else ""
            text = f"Consent to this use was withdrawn{when} while an ask was open; the ask is frozen."
            yield Incident("consent_withdrawn", consent["id"], text, consent["contact"])


def _open_asks(world: World) -> Iterator[tuple[str | None, str | None]]:
    for activity in world.rows("activity"):
        if activity.get("status") in OPEN_ASK:
            yield activity.get("contact"), activity.get("type")
    for match in world.rows("match"):
        if ask_is_open(match):
            request = world.row("request", match.get("request")) or {}
            yield contact_of(world, match), request.get("type")


def _past(day: date | None, today: date) -> bool:
    return day is not None and day <= today


def _recent(world: World) -> Iterator[Row]:
    """Activities young enough to raise: older ones were handled before, or are history."""
    oldest = world.today - timedelta(days=world.program.escalation.look_back_days)
    for activity in world.rows("activity"):
        dates = [activity.get(name) for name in ("completed_on", "scheduled_on", "responded_on", "asked_on")]
        latest = next((day for day in dates if day is not None), None)
        if latest is not None and oldest <= latest <= world.today:
            yield activity


def _from_activity(activity: Row) -> Iterator[Incident]:
    kind, contact, record = activity.get("type") or "reference", activity.get("contact"), activity["id"]
    what = kind.replace("_", " ")
    if activity.get("sentiment") == "negative":
        text = f"The customer was unhappy with the {what}. Issues: {_issues(activity)}."
        yield Incident("negative_sentiment", record, text, contact, record)
    if activity.get("status") == "missed":
        by = activity.get("missed_by")
        route = {"rep": "rep", "us": "program_owner"}.get(by or "", "account_owner")
        who = {"rep": "the sales rep", "us": "us", "customer": "the customer"}.get(by or "", "somebody not recorded")
        text = f"The {what} did not take place as agreed; missed by {who}."
        yield Incident("missed_commitment", record, text, contact, record, activity.get("requester"), route)
    if activity.get("concern_department"):
        department = activity["concern_department"]
        text = f"The customer raised a concern about {department}: {_issues(activity)}."
        yield Incident("department_concern", record, text, contact, record)


def _issues(activity: Row) -> str:
    return str(activity.get("issues") or "not recorded").rstrip(".")


def _overused(world: World) -> Iterator[Incident]:
    """A person used more often than the cap allows in its window."""
    for cap in world.program.tolerance.caps:
        if cap.id != "calls_quarter":
            continue
        for contact_id, judged in sorted(world.judged.items()):
            used = judged.get("calls_90d") or 0
            if used > cap.limit:
                text = f"{used:g} calls in {cap.window_days} days; at most {cap.limit:g} were promised."
                yield Incident("repeated_overuse", contact_id, text, contact_id, occurrences=int(used - cap.limit))


def _record(world: World, incident: Incident, key: str, held: Row | None) -> Desired:
    rule = world.program.escalation.kinds[incident.kind]
    raised_on = held["raised_on"] if held and held.get("raised_on") else world.today
    route = incident.route or rule.route
    fields: dict[str, Value] = {
        "severity": rule.severity,
        "route": route,
        "assigned_to": _assignee(world, incident, route, held),
        "due_on": world.calendar.add(raised_on, rule.due_business_days),
        "summary": f"{rule.text}."[:255],
        "evidence": incident.evidence,
        "occurrences": incident.occurrences,
    }
    contact = world.row("contact", incident.contact) or {}
    first: Mapping[str, Value] = {
        "key": key,
        "kind": incident.kind,
        "status": "open",
        "raised_on": world.today,
        "contact": incident.contact,
        "account": contact.get("account"),
        "activity": incident.activity,
    }
    return Desired("escalation", fields, key=key, on_create=first, why=rule.text)


def _assignee(world: World, incident: Incident, route: str, held: Row | None) -> str | None:
    """Who has it: the person it is assigned to while they are active, else whom the route names."""
    if held and held.get("assigned_to"):
        user = world.row("user", held["assigned_to"])
        if user and user.get("active"):
            return str(user["id"])
    if route == "account_owner":
        return world.owner_of(incident.contact)
    if route == "rep":
        return world.active_user(incident.user)
    return world.role(route) or world.role(world.program.escalation.fallback_route)
