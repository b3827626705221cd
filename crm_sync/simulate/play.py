"""Today's records, a rule set and a first day -> every business day since, lived through under these rules.

Each day people answer, requests come, and the worker's own steps decide: evaluate, match, lifecycle. What was really asked of
other people goes on as it was. Called by reporting, once for each rule set. Pure: the same input gives the same result.
Not here: measuring what came of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from crm_sync.evaluate import evaluate
from crm_sync.lifecycle.activities import new_activities
from crm_sync.lifecycle.matches import desired_matches
from crm_sync.lifecycle.requests import desired_requests
from crm_sync.lifecycle.supply import blocking, dated_bits
from crm_sync.lifecycle.world import World
from crm_sync.matching import match
from crm_sync.model.calendar import BusinessCalendar
from crm_sync.model.matches import Matches
from crm_sync.model.org_days import org_calendar
from crm_sync.model.records import Desired
from crm_sync.model.snapshot import Snapshot
from crm_sync.program import Program
from crm_sync.simulate.arrivals import Arrivals, arrivals, noted_activities
from crm_sync.simulate.diary import Diary
from crm_sync.simulate.past import Kept, Past, nothing_kept, past_of
from crm_sync.simulate.people import People, people

Row = Mapping[str, Any]
Tick = Callable[[date], None]


@dataclass
class Seen:
    """What the days showed: of each request the first verdict, and the first day on which somebody was proposed.

    `pool` counts on each day the people who may be asked for something, limits and rests aside; `kept` the days whose
    accounts, contacts and profiles a run had kept.
    """

    first_verdict: dict[str, str] = field(default_factory=dict)
    proposed_on: dict[str, date] = field(default_factory=dict)
    pool: dict[date, int] = field(default_factory=dict)
    kept: int = 0

    def note(self, matches: Matches, day: date) -> None:
        """Note one day's slates."""
        for slate in matches.slates:
            self.first_verdict.setdefault(slate.request_id, slate.verdict)
            if any(candidate.recommended for candidate in slate.candidates):
                self.proposed_on.setdefault(slate.request_id, day)


@dataclass(frozen=True)
class Played:
    """One rule set's past: the last day's world, the rows written, and what was seen on the way."""

    world: World
    asked_for: Arrivals
    people: People
    diary: Diary
    seen: Seen
    days: tuple[date, ...]


def play(
    snapshot: Snapshot, program: Program, since: date, kept: Kept = nothing_kept, tick: Tick = lambda day: None
) -> Played:
    """Live through the days from `since` to today; `tick` is told each day that is done.

    `kept` gives what runs of the past have kept of accounts, contacts and profiles.
    """
    asked_for = arrivals(snapshot, program, since)
    calendar = org_calendar(snapshot)
    answering = people(snapshot, noted_activities(snapshot), asked_for.real)
    past = past_of(_without_replayed(snapshot, asked_for), since, kept)
    replay = _Replay(program, past, asked_for, _diary(snapshot, program, answering))
    days = business_days(since, snapshot.today, calendar)
    for day in days:
        replay.live(day)
        tick(day)
    return Played(replay.world, asked_for, answering, replay.diary, replay.seen, days)


def business_days(first: date, last: date, calendar: BusinessCalendar) -> tuple[date, ...]:
    """The days on which work is done, and the last day whatever it is."""
    every = (first + timedelta(days=number) for number in range((last - first).days))
    return (*filter(calendar.is_business_day, every), last)


def _diary(snapshot: Snapshot, program: Program, answering: People) -> Diary:
    schemas = {name: snapshot.tables[name].schema for name in ("request", "match", "activity")}
    profiles = snapshot.tables["profile"].select(["id", "contact", "key"]).to_pylist()
    contact_of = {row["id"]: row["contact"] or row["key"] for row in profiles}
    calendar = org_calendar(snapshot)
    return Diary(answering, calendar, schemas, contact_of, program.lead_time.business_days)


def _without_replayed(snapshot: Snapshot, asked_for: Arrivals) -> Snapshot:
    """The records with what is replayed taken out: its asks, and every proposal of the worker."""
    tables = dict(snapshot.tables)
    tables["match"] = tables["match"].slice(0, 0)
    for name, rows in (("request", asked_for.others), ("activity", asked_for.asks)):
        tables[name] = pa.Table.from_pylist(rows, schema=tables[name].schema)
    return replace(snapshot, tables=tables)


class _Replay:
    """One rule set on its way through the days."""

    world: World

    def __init__(self, program: Program, past: Past, asked_for: Arrivals, diary: Diary) -> None:
        self.program, self.past, self.diary = program, past, diary
        self.coming = list(reversed(asked_for.requests))
        self.seen = Seen()
        self.yesterday: date | None = None

    def live(self, day: date) -> None:
        """One day: what people did after yesterday's run has been noted, requests come, and the worker runs once."""
        if self.yesterday is not None:
            self.diary.live(self.yesterday)
        self.yesterday = day
        while self.coming and self.coming[-1]["submitted_on"] <= day:
            request = self.coming.pop()
            self.diary.requests[request["id"]] = dict(request)
        self.world = self._look(day)
        self.diary.write(self._wanted(), day)
        self.seen.note(self.world.matches, day)
        self.seen.pool[day] = may_be_asked(self.world)
        self.seen.kept += self.past.is_kept(day)

    def _look(self, day: date) -> World:
        snapshot = self.past.on(day, self.diary.rows())
        verdicts = evaluate(snapshot, self.program)
        return World(snapshot, verdicts, match(snapshot, verdicts, self.program), self.program, {})

    def _wanted(self) -> Iterator[Desired]:
        yield from desired_matches(self.world)
        yield from new_activities(self.world)
        yield from desired_requests(self.world)


def may_be_asked(world: World) -> int:
    """Count the people who may be asked for something, limits and rests aside."""
    table, dated = world.verdicts.table, dated_bits(world.verdicts)
    may = np.logical_or.reduce([blocking(world.verdicts, t) & ~dated == 0 for t in world.program.types])
    return len(set(table.filter(pa.array(may))["person_key"].to_pylist()))
