"""Closed records and rules/retention.yaml -> what is due for disposal, and what keeps the rest.

Called by `lifecycle.issues`, by `crm-sync retention` and for archive packs. The worker has no right to delete and deletes nothing in the org: it says
what is due, and a person disposes of it. Not here: the worker's own files (`crm-sync retention --carry-out`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

from crm_sync.lifecycle.consents import ends_on
from crm_sync.lifecycle.forgetting import LegalHolds, legal_holds
from crm_sync.lifecycle.world import Row, World
from crm_sync.model.calendar import months_after
from crm_sync.model.names import words
from crm_sync.model.records import Value

ISSUE = "Records due for disposal"
SUBJECT = "retention"
PLATFORMS_OWN = frozenset({"case", "task"})
"""Kinds that the rest of the company uses too: only records with a reference key are the program's to keep or dispose of."""


@dataclass(frozen=True)
class Disposal:
    """A record that is past its time. `held_by` says why it has to stay all the same; None when nothing does."""

    kind: str
    record_id: str
    name: str
    closed_on: date
    due_on: date
    held_by: str | None


@dataclass(frozen=True)
class Scheduled:
    """When a record was closed, when it falls due, and what would hold it then; None for what is not so."""

    kind: str
    record_id: str
    closed_on: date | None
    due_on: date | None
    held_by: str | None


@dataclass(frozen=True)
class Kept:
    """How many records of one kind are kept and why: still open, or closed and not yet past their time."""

    kind: str
    months: int
    open: int
    not_yet: int


def disposals(world: World) -> tuple[Disposal, ...]:
    """Every record that is past its time, held ones included, the longest past first."""
    search = _Search(world)
    found = [one for kind in sorted(world.program.retention.keep_months) for one in search.past(kind)]
    return tuple(sorted(found, key=lambda one: (one.due_on, one.kind, one.record_id)))


def scheduled(world: World, records: Iterable[tuple[str, Row]]) -> tuple[Scheduled, ...]:
    """The schedule of these records, each given with its kind; kinds that rules/retention.yaml does not name are left out."""
    search = _Search(world)
    kinds = world.program.retention.keep_months
    return tuple(search.scheduled(kind, row) for kind, row in records if kind in kinds)


def kept(world: World) -> tuple[Kept, ...]:
    """How many records of each kind are not due."""
    search = _Search(world)
    return tuple(search.kept(kind) for kind in sorted(world.program.retention.keep_months))


def disposal_problem(world: World) -> Iterator[tuple[str, str, dict[str, Value]]]:
    """One issue for the program owner while anything is due; its text changes only when what is due does."""
    counts = Counter(one.kind for one in disposals(world) if one.held_by is None)
    if not counts:
        return
    listed = ", ".join(f"{words(kind)} {count}" for kind, count in sorted(counts.items()))
    fields: dict[str, Value] = {
        "summary": f"Records past their retention: {listed}."[:255],
        "remedy": "crm-sync retention lists them with their ids. Delete them, or put a legal hold on the account.",
        "assigned_to": world.role("program_owner"),
    }
    yield ISSUE, SUBJECT, fields


class _Search:
    """Finds when records were closed, and what holds them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._rules = world.program.retention

    def past(self, kind: str) -> Iterator[Disposal]:
        """The records of one kind that are past their time."""
        for row, closed_on in self._closed(kind):
            due_on = months_after(closed_on, self._rules.keep_months[kind])
            if due_on <= self._world.today:
                name = str(row.get("name") or row["id"])
                yield Disposal(kind, row["id"], name, closed_on, due_on, self._held_by(kind, row))

    def scheduled(self, kind: str, row: Row) -> Scheduled:
        """When one record falls due, and what would hold it."""
        closed_on = CLOSED_ON[kind](self._world, row)
        due_on = months_after(closed_on, self._rules.keep_months[kind]) if closed_on else None
        return Scheduled(kind, row["id"], closed_on, due_on, self._held_by(kind, row))

    def kept(self, kind: str) -> Kept:
        """Count the records of one kind that are not past their time."""
        months = self._rules.keep_months[kind]
        closed = list(self._closed(kind))
        past = sum(months_after(day, months) <= self._world.today for _, day in closed)
        return Kept(kind, months, len(self._rows(kind)) - len(closed), len(closed) - past)

    def _closed(self, kind: str) -> Iterator[tuple[Row, date]]:
        closed_on = CLOSED_ON.get(kind)
        for row in self._rows(kind) if closed_on else ():
            day = closed_on(self._world, row) if closed_on else None
            if day is not None:
                yield row, day

    def _rows(self, kind: str) -> Sequence[Row]:
        """The records of one kind that are the program's: of the platform's own, those with a reference key."""
        rows = self._world.rows(kind)
        return [row for row in rows if row.get("key")] if kind in PLATFORMS_OWN else rows

    def _held_by(self, kind: str, row: Row) -> str | None:
        contact, account = self._about(kind, row)
        hold = self._holds.on(account) if self._rules.legal_hold_stops_disposal and account else False
        if hold is not False:
            return "a legal hold on the account" if hold else "a legal hold cannot be ruled out"
        if contact in self._escalated or account in self._escalated:
            return "an open escalation"
        if kind == "consent" and (row.get("contact"), row.get("use")) in self._published:
            return "a published asset that relies on it"
        return None

    def _about(self, kind: str, row: Row) -> tuple[str | None, str | None]:
        """The person and the account a record is about."""
        profile = self._world.row("profile", row.get("profile")) or {}
        contact = row.get("contact") or row.get("who") or profile.get("contact")
        known = self._world.row("contact", contact) or {}
        return contact, row.get("account") or known.get("account") or row.get("prospect")

    @cached_property
    def _holds(self) -> LegalHolds:
        return legal_holds(self._world.snapshot)

    @cached_property
    def _escalated(self) -> frozenset[str]:
        opened = [row for row in self._world.rows("escalation") if row.get("status") != "closed"]
        return frozenset(row[name] for row in opened for name in ("contact", "account") if row.get(name))

    @cached_property
    def _published(self) -> frozenset[tuple[str | None, str | None]]:
        assets = self._world.rows("asset")
        return frozenset((row.get("contact"), row.get("type")) for row in assets if row.get("status") == "published")


def _latest(*days: date | datetime | None) -> date | None:
    plain = [day.date() if isinstance(day, datetime) else day for day in days if day is not None]
    return max(plain, default=None)


def _profile(world: World, row: Row) -> date | None:
    """A declined or retired profile is closed with the last thing that is dated about the person."""
    if row.get("status") not in ("declined", "retired"):
        return None
    about = [a for a in world.rows("activity") if a.get("contact") == row.get("contact")]
    return _latest(row.get("created_at"), row.get("briefed_on"), *(_activity_day(a) for a in about))


def _consent(world: World, row: Row) -> date | None:
    """A consent is closed when it was withdrawn or refused, or has run out."""
    if row.get("withdrawn_on"):
        return row["withdrawn_on"]  # type: ignore[no-any-return]
    if row.get("status") in world.program.consent.grant_status:
        end = ends_on(world, row)
        return end if end is not None and end <= world.today else None
    return _latest(row.get("created_at")) if row.get("status") in ("refused", "withdrawn") else None


def _request(world: World, row: Row) -> date | None:
    if row.get("stage") not in ("closed", "withdrawn"):
        return None
    about = [a for a in world.rows("activity") if a.get("request") == row["id"]]
    return _latest(row.get("submitted_on"), row.get("created_at"), *(_activity_day(a) for a in about))


def _match(world: World, row: Row) -> date | None:
    """A match is closed with its request."""
    request = world.row("request", row.get("request"))
    closed = _request(world, request) if request else None
    return _latest(closed, row.get("completed_on"), row.get("responded_on"), row.get("created_at")) if closed else None


def _activity(world: World, row: Row) -> date | None:
    return _activity_day(row) if row.get("status") in ("completed", "declined", "missed", "cancelled") else None


def _activity_day(row: Row) -> date | None:
    return _latest(
        *(row.get(name) for name in ("completed_on", "scheduled_on", "responded_on", "asked_on", "requested_on"))
    )


def _escalation(world: World, row: Row) -> date | None:
    return row.get("closed_on") if row.get("status") == "closed" else None


def _run(world: World, row: Row) -> date | None:
    return _latest(row.get("finished_at")) if row.get("kind") != "lease" else None


def _issue(world: World, row: Row) -> date | None:
    return _latest(row.get("modified_at")) if row.get("resolved") else None


def _asset(world: World, row: Row) -> date | None:
    return _latest(row.get("modified_at")) if row.get("status") == "withdrawn" else None


def _coverage(world: World, row: Row) -> date | None:
    """A segment's row is closed with its last change once there is neither demand nor supply."""
    is_nought = all(row.get(name) == 0 for name in ("supply", "demand", "gap"))
    return _latest(row.get("modified_at")) if is_nought else None


def _sync_request(world: World, row: Row) -> date | None:
    return _latest(row.get("modified_at")) if row.get("status") in ("done", "failed") else None


def _case(world: World, row: Row) -> date | None:
    return _latest(row.get("closed_at")) if row.get("closed") else None


def _task(world: World, row: Row) -> date | None:
    """A task keeps no day of its own on which it was closed; its last change was no sooner."""
    return _latest(row.get("modified_at")) if row.get("closed") else None


CLOSED_ON: Mapping[str, Callable[[World, Row], date | None]] = {
    "profile": _profile,
    "consent": _consent,
    "request": _request,
    "match": _match,
    "activity": _activity,
    "escalation": _escalation,
    "sync_run": _run,
    "sync_issue": _issue,
    "asset": _asset,
    "coverage": _coverage,
    "sync_request": _sync_request,
    "case": _case,
    "task": _task,
}
"""When a record of each kind was closed; None while it is open, or when nobody knows."""
