"""Requests and activities -> what was asked for and given, how long it took, and what could not be filled and why.

Called by `report`. Days are business days with the org's holidays, as in rules/. Not here: how it looks (page, plots).
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from crm_sync.lifecycle.world import World
from crm_sync.model.matches import Slate
from crm_sync.model.names import Names, words

RECENT_DAYS = 90
MONTHS = 12
SERVED = frozenset({"accepted", "scheduled", "completed"})
OUTCOMES = ("filled", "under way", "late", "unfilled", "on hold", "withdrawn", "closed without one")
UNDER_WAY = frozenset({"new", "matched", "owner_deciding", "customer_asked", None})


@dataclass(frozen=True)
class Times:
    """How long something took: tenth, middle and ninetieth of a hundred, over `count` cases; `limit` is the rule's."""

    what: str
    count: int
    low: float
    middle: float
    high: float
    limit: float | None


@dataclass(frozen=True)
class Unfilled:
    """One open request without a reference: why, and what is offered instead."""

    request: str
    verdict: str
    why: str
    instead: str


@dataclass(frozen=True)
class Fulfilment:
    """Requests of the last `days` days by outcome, uses by month and kind, times, and what is unfilled now."""

    days: int
    outcomes: Mapping[str, int]
    open_requests: int
    with_slate: int
    months: tuple[str, ...]
    uses: Mapping[str, tuple[int, ...]]
    times: tuple[Times, ...]
    unfilled: tuple[Unfilled, ...]

    @property
    def filled_share(self) -> float | None:
        """Filled of those whose end is known: filled, unfilled, late, or closed without a reference."""
        ended = sum(self.outcomes[name] for name in ("filled", "unfilled", "late", "closed without one"))
        return self.outcomes["filled"] / ended if ended else None


def fulfilment(world: World, names: Names) -> Fulfilment:
    """Gather what was asked for and what became of it."""
    slates = world.matches.slates
    months = _months(world.today)
    return Fulfilment(
        days=RECENT_DAYS,
        outcomes=_outcomes(world),
        open_requests=len(slates),
        with_slate=sum(slate.verdict == "matched" for slate in slates),
        months=tuple(f"{month:%b} {month:%y}" for month in months),
        uses=_uses(world, months),
        times=tuple(_times(world)),
        unfilled=tuple(_unfilled(slate, names) for slate in slates if slate.verdict != "matched"),
    )


def _months(today: date) -> tuple[date, ...]:
    """The first days of the last twelve months, this one last."""
    numbers = range(today.year * 12 + today.month - MONTHS, today.year * 12 + today.month)
    return tuple(date(number // 12, number % 12 + 1, 1) for number in numbers)


def _outcomes(world: World) -> Mapping[str, int]:
    since = world.today - timedelta(days=RECENT_DAYS)
    served = {a.get("request") for a in world.rows("activity") if a.get("status") in SERVED}
    counted = Counter(
        _outcome(row, row["id"] in served, world.slates.get(row["id"]))
        for row in world.rows("request")
        if row.get("submitted_on") and since < row["submitted_on"] <= world.today
    )
    return {name: counted.get(name, 0) for name in OUTCOMES}


def _outcome(row: Mapping[str, Any], served: bool, slate: Slate | None) -> str:
    """What became of one request, as of now."""
    if served or row.get("status") in ("completed", "scheduled", "approved"):
        return "filled"
    if row.get("stage") in ("withdrawn", "on_hold"):
        return "withdrawn" if row["stage"] == "withdrawn" else "on hold"
    if row.get("stage") == "closed":
        return "closed without one"
    if slate is not None and slate.verdict in ("late", "unfilled"):
        return slate.verdict
    return "unfilled" if row.get("status") == "missed" else "under way"


def _uses(world: World, months: Sequence[date]) -> Mapping[str, tuple[int, ...]]:
    counted: Counter[tuple[str, date]] = Counter()
    for row in world.rows("activity"):
        if row.get("status") == "completed" and row.get("completed_on") and row["completed_on"] <= world.today:
            counted[row.get("type") or "", row["completed_on"].replace(day=1)] += 1
    kinds = [t for t in world.program.types if any(counted[t, month] for month in months)]
    return {words(kind): tuple(counted[kind, month] for month in months) for kind in kinds}


def _times(world: World) -> Iterator[Times]:
    """Three waits: until the customer is asked, until they answer, and by kind until the reference has taken place."""
    levels = world.program.matching.service_levels_business_days
    yield from _wait(world, "until asked", ("requested_on", "asked_on"), levels.match + levels.owner_answer)
    yield from _wait(world, "until answered", ("asked_on", "responded_on"), levels.customer_answer)
    for kind in world.program.types:
        yield from _wait(world, f"{words(kind)}, in all", ("requested_on", "completed_on"), None, kind)


def _wait(
    world: World, what: str, between: tuple[str, str], limit: float | None, kind: str | None = None
) -> Iterator[Times]:
    since = world.today - timedelta(days=365)
    days = sorted(
        world.calendar.between(row[between[0]], row[between[1]])
        for row in world.rows("activity")
        if kind in (None, row.get("type")) and row.get(between[0]) and row.get(between[1])
        if since < row[between[1]] <= world.today and row[between[0]] <= row[between[1]]
    )
    if days:
        tenth, ninetieth = days[len(days) // 10], days[min(len(days) - 1, len(days) * 9 // 10)]
        yield Times(what, len(days), tenth, statistics.median(days), ninetieth, limit)


def _unfilled(slate: Slate, names: Names) -> Unfilled:
    day = f"From {slate.earliest_on:%d %b %Y}" if slate.earliest_on else ""
    instead = "; ".join(part for part in (day, slate.substitute or "") if part)
    return Unfilled(names.request(slate.request_id), slate.verdict, slate.why[0] if slate.why else "", instead)
