"""Verdicts -> how evenly the load is spread: Gini, the share of the busiest, who is at a limit, who is never asked.

Called by `report`. The pool is everybody who may be asked for something, limits and rests aside; load is effort in a year,
open asks included. Not here: the curve (plots).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa

from crm_sync.lifecycle.supply import blocking, dated_bits
from crm_sync.lifecycle.world import Row, World
from crm_sync.matching.spread import gini
from crm_sync.model.names import Names

TARGET_GINI = 0.35
BUSIEST = 0.2


@dataclass(frozen=True)
class AtCap:
    """Somebody who has given as much as was agreed, which limits say so, and when there is room again."""

    who: str
    contact_id: str
    limits: tuple[str, ...]
    free_on: date | None


@dataclass(frozen=True)
class Unused:
    """Somebody who could be asked and has not been asked in a year."""

    who: str
    contact_id: str
    strength: float


@dataclass(frozen=True)
class Spread:
    """How evenly the load lies on everybody who may be asked. Loads are effort points, the smallest first."""

    loads: tuple[float, ...]
    gini: float
    target: float
    busiest_share: float | None
    unused_share: float | None
    at_cap: tuple[AtCap, ...]
    unused: tuple[Unused, ...]


def spread(world: World, names: Names) -> Spread:
    """Measure the spread of load over the pool, one line a person."""
    pool = _pool(world)
    loads = sorted(_loads(world, pool).values())
    unused = [row for row in pool.values() if not row["uses_365d"] and not row["reservations"]]
    return Spread(
        loads=tuple(round(load, 3) for load in loads),
        gini=gini(loads) if loads else 0.0,
        target=TARGET_GINI,
        busiest_share=_busiest(loads),
        unused_share=len(unused) / len(pool) if pool else None,
        at_cap=_at_cap(world, names, pool),
        unused=tuple(
            Unused(names.person(row["contact_id"]), row["contact_id"], row["strength"] or 0.0)
            for row in sorted(unused, key=lambda row: (-(row["strength"] or 0), row["contact_id"]))
        ),
    )


def _pool(world: World) -> Mapping[str, Row]:
    """The rows of everybody who may be asked for something, by person."""
    table, dated = world.verdicts.table, dated_bits(world.verdicts)
    may = np.logical_or.reduce([blocking(world.verdicts, t) & ~dated == 0 for t in world.program.types])
    left = [name for name in table.column_names if name.startswith("left_")]
    wanted = [
        "contact_id",
        "person_key",
        "strength",
        "uses_365d",
        "reservations",
        "effort_365d",
        "next_available_on",
        *left,
    ]
    rows = table.filter(pa.array(may)).select(wanted).to_pylist()
    return {row["person_key"]: row for row in sorted(rows, key=lambda row: row["contact_id"], reverse=True)}


def _loads(world: World, pool: Mapping[str, Row]) -> Mapping[str, float]:
    points = world.program.tolerance.effort_points
    person_of = dict(
        zip(*(world.verdicts.table[name].to_pylist() for name in ("contact_id", "person_key")), strict=True)
    )
    held: Counter[str] = Counter()
    for row in world.verdicts.held.to_pylist():
        held[person_of.get(row["contact_id"], "")] += round(1000 * points.get(row["reference_type"] or "", 0))
    return {person: (row["effort_365d"] or 0.0) + held[person] / 1000 for person, row in pool.items()}


def _busiest(loads: list[float]) -> float | None:
    """The share of all load that the busiest fifth carries."""
    total = sum(loads)
    return sum(loads[len(loads) - round(len(loads) * BUSIEST) :]) / total if total else None


def _at_cap(world: World, names: Names, pool: Mapping[str, Row]) -> tuple[AtCap, ...]:
    found = []
    for row in pool.values():
        reached = [cap.text for cap in world.program.tolerance.caps if _reached(row.get(f"left_{cap.id}"))]
        if reached:
            found.append(
                AtCap(names.person(row["contact_id"]), row["contact_id"], tuple(reached), row["next_available_on"])
            )
    return tuple(sorted(found, key=lambda one: (one.free_on or date.max, one.who, one.contact_id)))


def _reached(left: float | None) -> bool:
    return left is not None and left <= 0
