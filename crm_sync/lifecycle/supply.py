"""Verdicts, uses and limits -> how many references of each kind can be given, by segment and month.

Called by `coverage`. Everybody who may be asked now, or whom nothing but a date keeps, gives what the limits let them give,
as early as they can; each use goes to the kind their segment needs most, so that no use is counted for two kinds. Not here:
what is needed (demand), and which request gets whom (matching).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from crm_sync.lifecycle.demand import COMPANY, Key, rows_of
from crm_sync.lifecycle.limits import Limits, rests
from crm_sync.lifecycle.world import Row, World
from crm_sync.model.coverage import Cell
from crm_sync.model.verdicts import Verdicts

Bits = NDArray[np.int64]
Window = tuple[date, date | None]
"""From when, and up to but without when, somebody may be asked."""


def blocking(verdicts: Verdicts, reference_type: str) -> Bits:
    """The bits of every hard criterion that is not true; what is not known counts as all of them."""
    table = verdicts.table
    if f"failed_{reference_type}" not in table.column_names:
        return np.full(table.num_rows, -1, dtype=np.int64)
    masks = [pc.fill_null(table[f"{kind}_{reference_type}"], -1) for kind in ("failed", "unknown")]
    bits: Bits = np.asarray(masks[0]) | np.asarray(masks[1])
    return bits


def bits_of(verdicts: Verdicts, ids: frozenset[str]) -> int:
    """The bits of these criteria."""
    return sum(1 << bit for bit, rule in enumerate(verdicts.rules) if rule.id in ids)


def dated_bits(verdicts: Verdicts) -> int:
    """The bits of what ends by itself: limits, rests and blackouts."""
    dated = (rule.id for rule in verdicts.rules if rule.id.startswith(("tolerance.", "cooldown.")))
    return bits_of(verdicts, frozenset({*dated, "blackout"}))


@dataclass
class Member:
    """One contact record that may be asked, and for what from when to when; `resting` are types that rest until a day."""

    contact_id: str
    person: str
    account: str | None
    cell: Cell
    windows: Mapping[str, Window]
    resting: dict[str, date] = field(default_factory=dict)

    def opens(self, reference_type: str, day: date) -> date | None:
        """The first day from this one on which nothing but a limit can stand in the way; None if there is none."""
        first, end = self.windows[reference_type]
        opens = max(first, day, self.resting.get(reference_type, first))
        return opens if end is None or opens < end else None


def members(world: World) -> tuple[Member, ...]:
    """Read everybody who may be asked for something, dates aside; those with the fewest kinds first."""
    table, dated = world.verdicts.table, dated_bits(world.verdicts)
    may = [blocking(world.verdicts, t) & ~dated == 0 for t in world.program.types]
    chosen = table.filter(pa.array(np.logical_or.reduce(may)))
    accounts = world.snapshot.tables["account"]
    cells = cells_of(accounts.filter(pc.is_in(accounts["id"], value_set=chosen["account_id"].combine_chunks())))
    profiled = (row for row in chosen.to_pylist() if row["contact_id"] in world.profile_of)
    found = (_member(world, row, cells, dated) for row in profiled)
    return tuple(sorted((m for m in found if m.windows), key=lambda m: (len(m.windows), m.contact_id)))


def cells_of(accounts: pa.Table) -> Mapping[str, Cell]:
    """Each account's cell."""
    return {row["id"]: Cell(row["industry"], row["product"], row["region"]) for row in rows_of(accounts, COMPANY)}


def _member(world: World, row: Row, cells: Mapping[str, Cell], dated: int) -> Member:
    cell = cells.get(row["account_id"] or "", Cell(None, None, None))
    windows = {t: window for t in world.program.types if (window := _window(row, t, dated)) is not None}
    return Member(row["contact_id"], row["person_key"], row["account_id"], cell, windows)


def _window(row: Row, reference_type: str, dated: int) -> Window | None:
    """From the first honest day, later if something dated still stands in the way, to the end of the consent."""
    failed, unknown = row[f"failed_{reference_type}"], row[f"unknown_{reference_type}"]
    free_on, earliest = row[f"free_on_{reference_type}"], row[f"earliest_{reference_type}"]
    if failed is None or unknown is None or (failed | unknown) & ~dated or earliest is None:
        return None
    if failed | unknown and free_on is None:
        return None
    return max(earliest, free_on or earliest), row[f"consent_until_{reference_type}"]


@dataclass
class Supply:
    """Uses that can be given, by segment and month; `lapsing` those that only a renewed consent would allow."""

    given: Mapping[Key, Sequence[int]]
    lapsing: Mapping[Key, Sequence[int]]


def giveable(world: World, months: Sequence[date], needed: Mapping[Key, float]) -> Supply:
    """Reckon what can be given within every limit, with the consents as they are and with all of them renewed."""
    everybody = members(world)
    given = _Giving(world, months, needed, everybody).give()
    if not any(end and end < _after(months[-1]) for m in everybody for _, end in m.windows.values()):
        return Supply(given, {})
    renewed = [_renewed(member) for member in everybody]
    more = _Giving(world, months, needed, renewed).give()
    none = [0] * len(months)
    lapsing = {key: [max(0, a - b) for a, b in zip(more[key], given.get(key, none), strict=True)] for key in more}
    return Supply(given, lapsing)


def _renewed(member: Member) -> Member:
    windows = {t: (first, None) for t, (first, _) in member.windows.items()}
    return Member(member.contact_id, member.person, member.account, member.cell, windows)


def _after(month: date) -> date:
    """The first day of the month after this one."""
    return (month + timedelta(days=31)).replace(day=1)


class _Giving:
    """Walks through the months and lets everybody give what they can."""

    def __init__(
        self, world: World, months: Sequence[date], needed: Mapping[Key, float], everybody: Sequence[Member]
    ) -> None:
        self.world = world
        self.months = months
        self.needed = needed
        self.everybody = [Member(m.contact_id, m.person, m.account, m.cell, m.windows) for m in everybody]
        self.limits = Limits(world, *_rows_about(world, everybody))
        self.given: dict[Key, list[int]] = defaultdict(lambda: [0] * len(months))
        self.total: Counter[Key] = Counter()

    def give(self) -> Mapping[Key, Sequence[int]]:
        """Count what everybody gives, month by month."""
        for number, month in enumerate(self.months):
            for member in self.everybody:
                for reference_type in self._gives(member, max(month, self.world.today), _after(month)):
                    self.given[member.cell, reference_type][number] += 1
        return self.given

    def _gives(self, member: Member, day: date | None, end: date) -> Iterator[str]:
        """Let one member give from this day on, as early as they can, until the month ends."""
        while day is not None and day < end:
            chosen = self._choice(member, day)
            if chosen is None:
                day = self._next_day(member, day, end)
                continue
            self._take(member, chosen, day)
            yield chosen

    def _choice(self, member: Member, day: date) -> str | None:
        """The kind their segment needs most of those they can give on this day."""
        can = [
            t
            for t in member.windows
            if member.opens(t, day) == day and self.limits.fits(member.person, member.account, t, day)
        ]
        return max(can, key=lambda t: self._need(member.cell, t), default=None)

    def _need(self, cell: Cell, reference_type: str) -> float:
        """What the segment expects, and what deals ask for anyway, for each use given so far and this one."""
        wanted = (
            self.needed.get((cell, reference_type), 0) + self.world.program.coverage.references_per_deal[reference_type]
        )
        return wanted / (self.total[cell, reference_type] + 1)

    def _take(self, member: Member, reference_type: str, day: date) -> None:
        self.total[member.cell, reference_type] += 1
        self.limits.take(member.person, member.account, reference_type, day)
        for rested, days in rests(self.world.program.tolerance.cooldowns, reference_type):
            for t in member.windows if rested is None else (rested,):
                member.resting[t] = max(member.resting.get(t, day), day + timedelta(days=days))

    def _next_day(self, member: Member, day: date, end: date) -> date | None:
        """The next day of the month on which something may have changed for this member."""
        days = [
            later
            for t in member.windows
            for later in (member.opens(t, day), self.limits.next_day(member.person, member.account, t, day))
            if later is not None and day < later < end
        ]
        return min(days, default=None)


def _rows_about(world: World, everybody: Sequence[Member]) -> tuple[list[Row], Mapping[str, Row]]:
    """The verdicts' rows of all members, and whose the contact records are that gave something."""
    table = world.verdicts.table
    wanted = {member.contact_id for member in everybody}
    gave = wanted | {row["contact"] for row in world.rows("activity") if row.get("contact")}
    gave |= set(world.verdicts.held["contact_id"].to_pylist())
    known = table.filter(pc.is_in(table["contact_id"], value_set=pa.array(sorted(filter(None, gave)), pa.string())))
    left = [name for name in known.column_names if name.startswith("left_")]
    rows = {
        row["contact_id"]: row for row in known.select(["contact_id", "person_key", "account_id", *left]).to_pylist()
    }
    return [rows[contact] for contact in sorted(wanted)], rows
