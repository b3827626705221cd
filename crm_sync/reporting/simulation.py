"""A rule set lived through the past months -> what came of it, measured: requests, waits, spread, coverage, limits.

Called by `crm-sync simulate` once for each rule set, each in a process of its own. Measures are those of the weekly report
wherever it has them. Not here: living through the days (`simulate`), and holding two sides against each other (`comparison`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median

from crm_sync.evaluate import evaluate
from crm_sync.lifecycle.coverage import forecast
from crm_sync.model.coverage import Cell, Coverage
from crm_sync.model.matches import Matches
from crm_sync.model.names import Names
from crm_sync.model.snapshot import Snapshot
from crm_sync.program import Program
from crm_sync.reporting.revenue import wilson
from crm_sync.reporting.spread import spread
from crm_sync.simulate import (
    ENDINGS,
    TAKEN_AS_TODAY,
    Breach,
    Course,
    Habit,
    Kept,
    Played,
    Tick,
    breaches,
    courses,
    play,
)

LENGTHS = (("same day", 0), ("1 day", 1), ("2 days", 2), ("3 to 5", 5), ("6 to 10", 10), ("longer", 10**6))
NO_MATCHES = Matches((), 0, 0, 0.0)


@dataclass(frozen=True)
class Waits:
    """How many business days something took: the middle, the ninetieth of a hundred, and how many took how long."""

    count: int
    middle: float | None
    ninetieth: float | None
    by_length: tuple[int, ...]


@dataclass(frozen=True)
class Gap:
    """One segment in which references will be missing: how many, of how many expected."""

    cell: Cell
    type: str
    asked: float
    missing: float


@dataclass(frozen=True)
class Side:
    """What came of one rule set. `endings` count requests, `weekly` those submitted in each of `weeks` (Mondays)."""

    version: str
    requests: int
    endings: Mapping[str, int]
    by_kind: Mapping[str, Mapping[str, int]]
    weeks: tuple[date, ...]
    weekly: Mapping[str, tuple[int, ...]]
    until_proposed: Waits
    until_agreed: Waits
    asked: int
    people_asked: int
    loads: tuple[float, ...]
    gini: float
    busiest_share: float | None
    unused_share: float | None
    pool: tuple[int, ...]
    gaps: tuple[Gap, ...]
    breaches: tuple[Breach, ...]
    reckoned: tuple[str, ...]

    @property
    def ended(self) -> int:
        """How many requests have ended one way or another."""
        return self.requests - self.endings["waiting"]

    @property
    def filled_share(self) -> float | None:
        """Filled of those that have ended."""
        return self.endings["filled"] / self.ended if self.ended else None

    @property
    def filled_range(self) -> tuple[float, float] | None:
        """The range of the filled share in which chance lies."""
        return wilson(self.endings["filled"], self.ended) if self.ended else None

    @property
    def missing(self) -> float:
        """How many references will be missing in the coming months."""
        return sum(gap.missing for gap in self.gaps)


def side_of(snapshot: Snapshot, program: Program, since: date, kept: Kept, tick: Tick) -> Side:
    """Live through the days under one rule set and measure what came of it."""
    played = play(snapshot, program, since, kept, tick)
    told = courses(played)
    weeks = _weeks(since, snapshot.today)
    load = spread(played.world, Names(snapshot))
    asked = [contact for course in told for contact in course.asked]
    return Side(
        version=program.version,
        requests=len(told),
        endings=_endings(told),
        by_kind={kind: _endings([c for c in told if c.type == kind]) for kind in sorted({c.type for c in told})},
        weeks=weeks,
        weekly=_weekly(told, weeks),
        until_proposed=_waits(course.proposed_after for course in told),
        until_agreed=_waits(course.agreed_after for course in told),
        asked=len(asked),
        people_asked=len(set(asked)),
        loads=load.loads,
        gini=load.gini,
        busiest_share=load.busiest_share,
        unused_share=load.unused_share,
        pool=_by_week(played.seen.pool, weeks),
        gaps=tuple(_gaps(forecast(snapshot, evaluate(snapshot, program), NO_MATCHES, program))),
        breaches=breaches(played),
        reckoned=tuple(reckoned(played)),
    )


def _endings(told: Sequence[Course]) -> Mapping[str, int]:
    counted = Counter(course.ending for course in told)
    return {ending: counted[ending] for ending in ENDINGS}


def _weeks(first: date, last: date) -> tuple[date, ...]:
    monday = first - timedelta(days=first.weekday())
    return tuple(monday + timedelta(days=7 * number) for number in range((last - monday).days // 7 + 1))


def _weekly(told: Sequence[Course], weeks: Sequence[date]) -> Mapping[str, tuple[int, ...]]:
    counted = Counter(
        (course.ending, course.submitted_on - timedelta(days=course.submitted_on.weekday())) for course in told
    )
    return {ending: tuple(counted[ending, week] for week in weeks) for ending in ENDINGS}


def _by_week(pool: Mapping[date, int], weeks: Sequence[date]) -> tuple[int, ...]:
    """The number on the last day of each week on which there is one; of a week without any, that of the week before."""
    found, last = [], 0
    for week in weeks:
        mine = [pool[day] for day in sorted(pool) if week <= day < week + timedelta(days=7)]
        last = mine[-1] if mine else last
        found.append(last)
    return tuple(found)


def _waits(days: Iterable[int | None]) -> Waits:
    known = sorted(day for day in days if day is not None)
    counted, least = [], -1
    for _, most in LENGTHS:
        counted.append(sum(least < day <= most for day in known))
        least = most
    if not known:
        return Waits(0, None, None, tuple(counted))
    return Waits(len(known), median(known), known[min(len(known) - 1, len(known) * 9 // 10)], tuple(counted))


def _gaps(coverage: Coverage) -> Iterator[Gap]:
    for segment in coverage.gaps:
        yield Gap(segment.cell, segment.type, round(sum(segment.demand), 3), round(segment.missing, 3))


def reckoned(played: Played) -> Iterator[str]:
    """Say how the days were lived through, and what could not be known of them."""
    people, asked_for = played.people, played.asked_for
    yield from (_habit(habit) for habit in (people.owner, people.customer))
    yield "Whom a request was really put to answers as they did; everybody else answers alike under both rule sets."
    yield "Who agrees keeps the appointment, on the day it is needed by or, where that is not known, after the usual time."
    if asked_for.unrecorded:
        yield (
            f"{asked_for.unrecorded} of {len(asked_for.requests)} requests are known from an ask alone. By when they were"
            " needed is not on record, so none of them is late."
        )
    yield "Requests that were withdrawn or put on hold are lived through as if they had stayed open."
    yield "Nobody joins or leaves the program: a candidate becomes a reference only when people accept them."
    if played.seen.kept:
        yield (
            f"On {played.seen.kept} of {len(played.days)} days accounts, contacts and profiles are as a run of that time saw"
            " them. On the others:"
        )
    if played.seen.kept < len(played.days):
        yield from TAKEN_AS_TODAY


def _habit(habit: Habit) -> str:
    seen = f"{habit.answers:,} answers on record" if habit.answers else "assumed: no answer is on record"
    wait = f"{median(habit.waits):g} business days in the middle"
    timed = f"{habit.on_record:,} on record" if len(habit.waits) == habit.on_record else "assumed"
    rest = 1 - habit.yes - habit.no
    return (
        f"{habit.who.capitalize()} say yes to {habit.yes:.0%}, no to {habit.no:.0%} and nothing to {rest:.0%} ({seen}),"
        f" after {wait} ({timed})."
    )
