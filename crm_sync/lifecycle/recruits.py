"""Gaps and verdicts -> whom to win for them: who only has to be asked in, and who misses exactly one thing.

Called by `coverage`. Not here: the gaps (demand, supply), and winning anybody, which people do.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from crm_sync.lifecycle.demand import Key, rows_of
from crm_sync.lifecycle.supply import Bits, bits_of, blocking, cells_of, dated_bits
from crm_sync.lifecycle.world import Row, World
from crm_sync.model.coverage import Cell, Recruit
from crm_sync.model.names import words

CONSENT = "consent"
ASK_FOR_CONSENT = "Ask for a written consent to this use."


@dataclass(frozen=True)
class _Steps:
    """The criteria by what missing them means: `before` candidacy, `remediable` among those, and steps `after` it."""

    before: int
    remediable: int
    after: int
    dated: int

    @classmethod
    def of(cls, world: World) -> _Steps:
        verdicts, criteria = world.verdicts, world.program.qualification.criteria
        hard = [criterion for criterion in criteria if criterion.weight == "hard"]
        return cls(
            before=bits_of(verdicts, frozenset(c.id for c in hard if c.stage == "qualify")),
            remediable=bits_of(verdicts, frozenset(world.program.coverage.recruit.remediable)),
            after=bits_of(verdicts, frozenset({CONSENT, *(c.id for c in hard if c.stage == "ask")})),
            dated=dated_bits(verdicts),
        )

    def worth_winning(self, bits: Bits) -> Any:
        """Who misses steps after candidacy alone, or one remediable criterion before it."""
        early = bits & self.before
        one = (early != 0) & (early & (early - 1) == 0) & (early & self.remediable != 0)
        known = bits & ~(self.before | self.after | self.dated) == 0
        return known & (one | ((early == 0) & (bits & self.after != 0)))


def recruits(world: World, short: Iterable[Key]) -> Mapping[Key, tuple[Recruit, ...]]:
    """Give for each segment that is short its list, those with the fewest steps first, then the strongest."""
    wanted: dict[str, set[Cell]] = defaultdict(set)
    for cell, reference_type in short:
        wanted[reference_type].add(cell)
    if not wanted:
        return {}
    search = _Search(world)
    return {(cell, t): found for t in sorted(wanted) for cell, found in search.of_type(t, frozenset(wanted[t])).items()}


class _Search:
    """Looks through everybody's verdicts, whole columns at a time."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.steps = _Steps.of(world)
        accounts = world.snapshot.tables["account"].sort_by("id")
        self.cells = cells_of(accounts)
        self.remedies = {c.id: c.remedy for c in world.program.qualification.criteria} | {CONSENT: ASK_FOR_CONSENT}

    def of_type(self, reference_type: str, cells: frozenset[Cell]) -> Mapping[Cell, tuple[Recruit, ...]]:
        """Give the lists of all short segments of one reference type."""
        bits = blocking(self.world.verdicts, reference_type)
        accounts = pa.array(sorted(a for a, cell in self.cells.items() if cell in cells), pa.string())
        table = self.world.verdicts.table
        inside = np.asarray(pc.fill_null(pc.is_in(table["account_id"], value_set=accounts), False))
        mask = self.steps.worth_winning(bits) & inside
        columns = table.select(["contact_id", "account_id", "person_key", "strength"]).filter(pa.array(mask))
        ranked: dict[Cell, list[tuple[Row, int]]] = defaultdict(list)
        for row, missing in sorted(zip(columns.to_pylist(), bits[mask].tolist(), strict=True), key=self._rank):
            ranked[self.cells[row["account_id"]]].append((row, missing))
        return {cell: self._listed(rows) for cell, rows in ranked.items()}

    def _rank(self, found: tuple[Row, int]) -> tuple[int, bool, float, str]:
        row, missing = found
        steps = missing & (self.steps.before | self.steps.after)
        return steps.bit_count(), missing & self.steps.before != 0, -(row["strength"] or 0), row["contact_id"]

    def _listed(self, rows: Sequence[tuple[Row, int]]) -> tuple[Recruit, ...]:
        """The first few, one row a person."""
        once: dict[str, tuple[Row, int]] = {}
        for row, missing in rows:
            once.setdefault(row["person_key"], (row, missing))
        chosen = list(once.values())[: self.world.program.coverage.recruit.most]
        named = self._names([row for row, _ in chosen])
        return tuple(self._recruit(row, missing, named[row["contact_id"]]) for row, missing in chosen)

    def _recruit(self, row: Row, missing: int, who: str) -> Recruit:
        rules = [rule.id for bit, rule in enumerate(self.world.verdicts.rules) if missing >> bit & 1]
        before = [name for name in rules if bits_of(self.world.verdicts, frozenset({name})) & self.steps.before]
        after = [name for name in rules if bits_of(self.world.verdicts, frozenset({name})) & self.steps.after]
        first, *later = (*before, *after)
        step = self.remedies[first].rstrip(".") + (f"; then {', '.join(map(words, later))}" if later else "") + "."
        near_miss = before[0] if before else None
        return Recruit(row["contact_id"], who, round(row["strength"] or 0, 1), near_miss, (first, *later), step)

    def _names(self, rows: Sequence[Row]) -> Mapping[str, str]:
        """Call people by title and company, never by name."""
        tables = self.world.snapshot.tables
        contacts = pa.array([row["contact_id"] for row in rows], pa.string())
        found = rows_of(tables["contact"], ("id", "title"), pc.is_in(tables["contact"]["id"], value_set=contacts))
        titles = {row["id"]: row["title"] for row in found}
        companies = pa.array([row["account_id"] for row in rows], pa.string())
        held = rows_of(tables["account"], ("id", "name"), pc.is_in(tables["account"]["id"], value_set=companies))
        names = {row["id"]: row["name"] for row in held}
        return {
            row[
                "contact_id"
            ]: f"{titles.get(row['contact_id']) or 'contact'}, {names.get(row['account_id']) or 'unknown company'}"
            for row in rows
        }
