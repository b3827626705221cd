"""A year day by day: people act, the worker runs, and a second worker finds nothing left to write.

`Year.live` is the driver of `make year` and of the short year in the tests. Each night one of two workers runs and the other,
whose mirror was filled in another order, looks after it: it must have nothing to write. On some nights something befalls the
run first (`mishaps`), and on some days the worker runs again at midday, after people have acted. Not here: what people do
(`humans`), what is right (`auditor`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa

from crm_sync.diff import Plan
from crm_sync.errors import UnsafePlanError
from crm_sync.lifecycle.supply import bits_of, blocking
from crm_sync.model.snapshot import Snapshot
from crm_sync.model.verdicts import Verdicts
from crm_sync.pipeline import Decision, carry_out, decide
from crm_sync.program import Program
from crm_sync.pull import pull
from tests.year.humans import Day, Dice, Directory, live_through
from tests.year.humans.day import is_workday
from tests.year.mishaps import MISHAPS, seen
from tests.year.place import Place, Worker

AGAIN_AT_MIDDAY = 0.15
Settled = Callable[[Snapshot, Program], Callable[[], list[str]]]
"""Begins to decide on a snapshot once more; the answer says what is left to write."""


@dataclass
class Lived:
    """What a year came to, as the driver saw it; `not_settled` is what second looks would have written.

    `available` counts, by contact record, the days on which nothing but load kept it from being asked for something;
    `callable` those on which it was so for a sales call.
    """

    days: int = 0
    available: Counter[str] = field(default_factory=Counter)
    callable: Counter[str] = field(default_factory=Counter)
    runs: int = 0
    looks: int = 0
    writes: int = 0
    acts: Counter[str] = field(default_factory=Counter)
    befell: Counter[str] = field(default_factory=Counter)
    not_settled: list[str] = field(default_factory=list)


def but_for_load(verdicts: Verdicts, program: Program, kinds: Sequence[str]) -> set[str]:
    """The contact records that may be asked for one of these kinds today, limits and rests after uses aside."""
    rests = {f"cooldown.{rest.id}" for rest in program.tolerance.cooldowns if rest.event == "used"}
    load = bits_of(verdicts, frozenset({f"tolerance.{cap.id}" for cap in program.tolerance.caps} | rests))
    may = np.logical_or.reduce([blocking(verdicts, kind) & ~load == 0 for kind in kinds])
    return set(verdicts.table["contact_id"].filter(pa.array(may)).to_pylist())


def left_to_write(snapshot: Snapshot, program: Program) -> list[str]:
    """Decide on a snapshot and say what a run would write."""
    changes = decide(snapshot, program).plan.changes
    return [f"{snapshot.as_of} {change.action} {change.subject}: {sorted(change.fields)}" for change in changes]


def at_once(snapshot: Snapshot, program: Program) -> Callable[[], list[str]]:
    """Decide once more here and now."""
    left = left_to_write(snapshot, program)
    return lambda: left


def never(snapshot: Snapshot, program: Program) -> Callable[[], list[str]]:
    """Do not look a second time."""
    return list


@dataclass
class Year:
    """The driver: an org, its people, two workers, how second looks are taken, and after which share of runs."""

    place: Place
    people: Directory
    dice: Dice
    workers: Sequence[Worker]
    demand_a_day: float
    settled: Settled = at_once
    looked_after: float = 1.0
    lived: Lived = field(default_factory=Lived)
    workdays: int = 0
    _answers: list[Callable[[], list[str]]] = field(default_factory=list)

    def live(self, start: date, days: int, told: Callable[[str], None] = lambda _: None) -> Lived:
        """Live so many days from `start` on; `told` hears of each."""
        self._begin(start)
        for offset in range(days):
            today = start + timedelta(days=offset)
            self._day(today)
            told(f"{today}: {self.lived.runs} runs, {self.lived.writes} writes, {sum(self.lived.acts.values())} acts")
        self._hear_answers()
        return self.lived

    def _begin(self, start: date) -> None:
        """The first run of all changes everything, so a person agrees to it."""
        self.place.set_clock(start, 5)
        decision = seen(self.workers[0])
        self._carry_out(self.workers[0], decision, agreed=decision.plan.checksum)

    def _day(self, today: date) -> None:
        self.place.set_clock(today, 6)
        first, second = self.workers if self.dice.happens(0.5, "who runs", today) else self.workers[::-1]
        self._befall(first, second, today)
        verdicts = self._run(first, second)
        self.lived.days += 1
        program = self.workers[0].world.program
        self.lived.available.update(but_for_load(verdicts, program, program.types))
        self.lived.callable.update(but_for_load(verdicts, program, ("call",)))
        if is_workday(today):
            self.workdays += 1
            self.place.set_clock(today, 14)
            day = Day(self.place, self.people, self.dice, today, self.workdays, self.demand_a_day)
            live_through(day)
            self.lived.acts.update(day.acts)
            if self.dice.happens(AGAIN_AT_MIDDAY, "midday", today):
                self.place.set_clock(today, 15)
                self._run(second, first)

    def _befall(self, first: Worker, second: Worker, today: date) -> None:
        """Let at most one mishap happen tonight."""
        roll = self.dice.roll("mishap", today)
        for name, (share, mishap) in MISHAPS.items():
            if roll < share:
                mishap(self, first, second, today)
                self.lived.befell[name] += 1
                return
            roll -= share

    def _run(self, worker: Worker, other: Worker) -> Verdicts:
        """One worker runs, and the other looks after it; what the first decided."""
        decision = seen(worker)
        try:
            self._carry_out(worker, decision)
        except UnsafePlanError:
            self._carry_out(worker, decision, agreed=self._agreed_to(decision.plan))
        if self.settled is never or not self.dice.happens(self.looked_after, "second look", self.place.now):
            return decision.verdicts
        snapshot = pull(other.org, other.world.mirror, other.world.program, other.org.server_time())
        self.lived.looks += 1
        self._hear_answers()
        self._answers.append(self.settled(snapshot, other.world.program))
        return decision.verdicts

    def _agreed_to(self, plan: Plan) -> str:
        """The program owner looks at a plan that changes much at once, and agrees to exactly that one."""
        program = self.people.holder("Program Owner")
        program.create("Task", Subject=f"Agreed to plan {plan.checksum}", Status="Completed")
        self.lived.befell["a person agrees to much at once"] += 1
        return plan.checksum

    def _hear_answers(self) -> None:
        for answer in self._answers:
            self.lived.not_settled += answer()
        self._answers.clear()

    def _carry_out(self, worker: Worker, decision: Decision, agreed: str | None = None) -> None:
        outcome = carry_out(worker.world, decision, kind="full", agreed=agreed)
        bad = [result for result in outcome.results if result.status in ("refused", "deferred", "skipped")]
        assert not bad, bad[:3]
        self.lived.runs += 1
        self.lived.writes += outcome.count("written")


def open_year(
    place: Place, folder: Path, program: Program, seed: int, start: date, demand: float, settled: Settled = at_once
) -> Year:
    """Open a year over a place; `demand` is in requests for each active reference a year."""
    place.set_clock(start, 4)
    people = Directory(place)
    people.hire()
    active = place.admin.rows("SELECT COUNT(Id) n FROM Reference_Profile__c WHERE Status__c = 'Active'")[0]["n"]
    workers = [Worker(place, folder / name, program) for name in ("one", "two")]
    return Year(place, people, Dice(seed), workers, demand * active / 250, settled)
