"""Consents, escalations and tasks -> what needs somebody now: what ends, what is open and how old, what is overdue.

Called by `report`. Not here: raising any of it (lifecycle).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from crm_sync.lifecycle.consents import ends_on
from crm_sync.lifecycle.demand import month_starts
from crm_sync.lifecycle.world import Row, World
from crm_sync.model.names import Names, words

AHEAD_MONTHS = 6
SOON_DAYS = 60
AGES = (("up to 2 days", 2), ("3 to 7 days", 7), ("8 to 30 days", 30), ("over 30 days", 10**6))
SEVERITIES = ("high", "medium", "low")


@dataclass(frozen=True)
class Ending:
    """A consent that ends soon, of somebody in the program."""

    who: str
    contact_id: str
    use: str
    ends_on: date
    days: int


@dataclass(frozen=True)
class Open:
    """An escalation that is not closed."""

    name: str
    kind: str
    about: str
    severity: str
    route: str
    raised_on: date | None
    due_on: date | None
    age_days: int
    overdue_days: int


@dataclass(frozen=True)
class Overdue:
    """A task of the worker's that is past its day."""

    what: str
    about: str
    due_on: date
    days: int


@dataclass(frozen=True)
class Watch:
    """What needs somebody. `ending_by_month` counts the coming months, `escalation_ages` open ones by severity and age."""

    ending: tuple[Ending, ...]
    months: tuple[str, ...]
    ending_by_month: tuple[int, ...]
    escalations: tuple[Open, ...]
    escalation_ages: Mapping[str, tuple[int, ...]]
    overdue: tuple[Overdue, ...]
    open_tasks: int


def watch(world: World, names: Names) -> Watch:
    """Gather what needs somebody now."""
    ending = sorted(_ending(world, names), key=lambda one: (one.ends_on, one.who, one.use))
    months = month_starts(world.today, AHEAD_MONTHS)
    escalations = sorted(_open(world, names), key=lambda one: (-one.overdue_days, -one.age_days, one.name))
    tasks = [row for row in world.rows("task") if row.get("key") and not row.get("closed")]
    return Watch(
        ending=tuple(one for one in ending if one.days <= SOON_DAYS),
        months=tuple(f"{month:%b} {month:%y}" for month in months),
        ending_by_month=tuple(sum(one.ends_on.replace(day=1) == month for one in ending) for month in months),
        escalations=tuple(escalations),
        escalation_ages={s: tuple(_ages(escalations, s)) for s in SEVERITIES},
        overdue=tuple(sorted(_overdue(world, tasks, names), key=lambda one: (-one.days, one.what, one.about))),
        open_tasks=len(tasks),
    )


def _ending(world: World, names: Names) -> Iterator[Ending]:
    """Good consents of active references that end within the months ahead."""
    last = world.today + timedelta(days=31 * AHEAD_MONTHS)
    for row in world.rows("consent"):
        profile = world.profile_of.get(row.get("contact") or "", {})
        granted = row.get("status") in world.program.consent.grant_status and not row.get("withdrawn_on")
        end = ends_on(world, row) if granted and profile.get("status") == "active" else None
        if end is not None and world.today < end <= last:
            days = (end - world.today).days
            yield Ending(names.person(row["contact"]), row["contact"], words(row.get("use")), end, days)


def _open(world: World, names: Names) -> Iterator[Open]:
    for row in world.rows("escalation"):
        if row.get("status") == "closed":
            continue
        raised, due = row.get("raised_on"), row.get("due_on")
        about = names.person(row["contact"]) if row.get("contact") else names.account(row.get("account"))
        yield Open(
            name=str(row.get("name") or row["id"]),
            kind=words(row.get("kind")),
            about=about,
            severity=row.get("severity") or "high",
            route=words(row.get("route")),
            raised_on=raised,
            due_on=due,
            age_days=(world.today - raised).days if raised else 0,
            overdue_days=max(0, (world.today - due).days) if due else 0,
        )


def _ages(escalations: list[Open], severity: str) -> Iterator[int]:
    """Count the open escalations of one severity by age."""
    least = -1
    for _, most in AGES:
        yield sum(one.severity == severity and least < one.age_days <= most for one in escalations)
        least = most


def _overdue(world: World, tasks: list[Row], names: Names) -> Iterator[Overdue]:
    for row in tasks:
        due = row.get("due_on")
        if due is not None and due < world.today:
            about = names.person(row["who"]) if row.get("who") else names.account(row.get("account"))
            yield Overdue(str(row.get("subject") or "Task"), about, due, (world.today - due).days)
