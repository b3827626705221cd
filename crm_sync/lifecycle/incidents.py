"""Records -> incidents: every single thing that went wrong, with its day, its cause and its evidence in sentences.

Read by `escalations` and `concerns`. Not here: which incidents make one escalation, and who is told.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from crm_sync.lifecycle.ask_facts import Asks
from crm_sync.lifecycle.asks import OPEN
from crm_sync.lifecycle.duties import name_of, pointing_at
from crm_sync.lifecycle.off_system import sightings
from crm_sync.lifecycle.overuse import excesses
from crm_sync.lifecycle.uses import OPEN as OPEN_USE
from crm_sync.lifecycle.uses import Use
from crm_sync.lifecycle.world import World
from crm_sync.model.records import Link, Value


@dataclass(frozen=True)
class Incident:
    """One thing that went wrong. Incidents of one kind and subject have one cause; `source` tells them apart.

    `account` is whom it is about where that is not the contact's. `user` is the colleague concerned, `route` overrides that of
    the kind, `activity` points at the use it came up in. What `lasts` is true today, so it is news however long ago it began.
    """

    kind: str
    subject: str
    source: str
    day: date
    evidence: str
    contact: str | None
    account: str | None = None
    activity: Value = None
    user: str | None = None
    route: str | None = None
    department: str | None = None
    lasts: bool = False


def incidents(world: World) -> Iterator[Incident]:
    """Every incident that the records show, however old."""
    yield from _withdrawals(world)
    for use in world.uses:
        yield from _of_use(world, use)
    yield from _overuse(world)
    yield from _off_system(world)


def _withdrawals(world: World) -> Iterator[Incident]:
    """A consent withdrawn while that very person is being asked for that use."""
    asked = set(_open_asks(world))
    for consent in world.rows("consent"):
        when = consent.get("withdrawn_on")
        gone = consent.get("status") == "withdrawn" or (when is not None and when <= world.today)
        if gone and (consent.get("contact"), consent.get("use")) in asked:
            known = f" on {when:%d %b %Y}" if when else ""
            text = f"Consent to this use was withdrawn{known} while an ask was open; the ask is frozen."
            day = min(when, world.today) if when else world.today
            yield Incident("consent_withdrawn", consent["id"], consent["id"], day, text, consent["contact"], lasts=True)


def _open_asks(world: World) -> Iterator[tuple[str | None, str | None]]:
    """Whom somebody is asking for what, by every record of the person."""
    for contact, kind in _asked_for(world):
        for one in world.same_person.get(contact or "", (contact,)):
            yield one, kind


def _asked_for(world: World) -> Iterator[tuple[str | None, str | None]]:
    for use in world.uses:
        if use.status in OPEN_USE:
            yield use.row.get("contact"), use.row.get("type")
    asks = world.once(Asks)
    for match in world.rows("match"):
        if asks.phase(match).name in OPEN:
            request = world.row("request", match.get("request")) or {}
            yield world.contact_of(match), request.get("type")


MISSED_BY = {
    "rep": ("rep", "the sales rep"),
    "us": ("program_owner", "us"),
    "customer": ("account_owner", "the customer"),
}
"""Who missed it: the route the escalation takes, and the words."""


def _of_use(world: World, use: Use) -> Iterator[Incident]:
    row, day, activity = use.row, use.latest_on, pointing_at("activity", use.row)
    contact, record = row.get("contact"), name_of(row)
    what = (row.get("type") or "reference").replace("_", " ")
    if day is None or day > world.today or contact is None:
        return
    if row.get("sentiment") == "negative":
        text = f"The customer was unhappy with the {what}. Issues: {row.get('issues') or 'not recorded'}."
        yield Incident("negative_sentiment", contact, record, day, text, contact, activity=activity)
    if use.status == "missed":
        route, who = MISSED_BY.get(row.get("missed_by") or "", ("account_owner", "somebody not recorded"))
        subject = f"{contact} {route}"
        text = f"The {what} did not take place as agreed; missed by {who}."
        requester = row.get("requester")
        yield Incident(
            "missed_commitment", subject, record, day, text, contact, activity=activity, user=requester, route=route
        )
    if row.get("concern_department"):
        department = row["concern_department"]
        subject = f"{contact} {department}"
        text = f"The customer raised a concern about {department}: {row.get('issues') or 'not recorded'}."
        yield Incident(
            "department_concern", subject, record, day, text, contact, activity=activity, department=department
        )


def _overuse(world: World) -> Iterator[Incident]:
    """A person or an account used beyond a limit: one incident for each use too many, whichever limits it broke."""
    for excess in excesses(world):
        subject = excess.contact or str(excess.account)
        yield Incident(
            "repeated_overuse", subject, name_of(excess.use.row), excess.day, excess.evidence, excess.contact,
            account=excess.account, activity=pointing_at("activity", excess.use.row), lasts=True,
        )  # fmt: skip


def _off_system(world: World) -> Iterator[Incident]:
    """A use that nobody recorded, until a person says that it was none."""
    activity = {row["key"]: row for row in world.rows("activity") if row.get("key")}
    for sighting in sightings(world):
        row = activity.get(sighting.key) or {}
        if row.get("status") == "cancelled":
            continue
        what = sighting.reference_type.replace("_", " ")
        text = (
            f"A {sighting.where} of {sighting.day:%d %b %Y} looks like a {what} with this customer, and no request led to it. "
            "It counts as a use. Ask the colleague who held it, the Requester of the activity, whether it was one; if it was none, set "
            "the activity to Cancelled."
        )
        subject = f"{sighting.contact} {sighting.user}"
        yield Incident(
            "off_system_use", subject, sighting.record_id, sighting.day, text, sighting.contact,
            activity=Link("activity", sighting.key), user=sighting.user,
        )  # fmt: skip
