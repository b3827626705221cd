"""How evenly the load is spread: the Gini coefficient of effort among references.

Called by `joint` and the benchmarks. Not here: spreading it, which is the price of load in the assignment.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike

from crm_sync.matching.offers import Offers
from crm_sync.matching.pool import blocking, person_keys_of
from crm_sync.model.verdicts import Verdicts
from crm_sync.program import Program


def gini(load: ArrayLike) -> float:
    """Measure inequality: 0 when all carry the same (or nothing), towards 1 when one carries everything."""
    sorted_load = np.sort(np.asarray(load, dtype=np.float64))
    total = sorted_load.sum()
    if total <= 0:
        return 0.0
    count = len(sorted_load)
    weighted = (np.arange(1, count + 1) * sorted_load).sum()
    return float(2 * weighted / (count * total) - (count + 1) / count)


def gini_of_efforts(verdicts: Verdicts, program: Program, offers: Offers, chosen: Mapping[int, int]) -> float:
    """Measure how evenly a year's effort is spread over everybody who may be asked for anything, caps and rest aside.

    Counts what was done, what is open, and what is recommended now (rows of requests to rows of the pool).
    """
    table = verdicts.table
    resting = {f"tolerance.{cap.id}" for cap in program.tolerance.caps}
    resting |= {f"cooldown.{cooldown.id}" for cooldown in program.tolerance.cooldowns}
    bits = sum(1 << bit for bit, rule in enumerate(verdicts.rules) if rule.id in resting)
    may = np.zeros(table.num_rows, dtype=bool)
    for reference_type in verdicts.types:
        may |= blocking(table, reference_type) & ~bits == 0
    people = table.filter(pa.array(may)).select(["person_key", "effort_365d"])
    load = {key: effort or 0.0 for key, effort in zip(*(c.to_pylist() for c in people.columns), strict=True)}
    for key, effort in _open_efforts(verdicts, program, offers, chosen):
        if key in load:
            load[key] += effort
    return gini(list(load.values()))


def _open_efforts(
    verdicts: Verdicts, program: Program, offers: Offers, chosen: Mapping[int, int]
) -> Iterator[tuple[str, float]]:
    """Give each open ask's effort; an ask of a request that is matched now counts where it is now."""
    points = program.tolerance.effort_points
    matched = {offers.requests[row].id for row in chosen}
    held = [row for row in verdicts.held.to_pylist() if row["request_id"] not in matched]
    person_of = person_keys_of(verdicts, (row["contact_id"] for row in held))
    for row in held:
        yield person_of.get(row["contact_id"], ""), points.get(row["reference_type"] or "", 0.0)
    for request, reference in chosen.items():
        yield offers.pool.person_keys[reference], points[offers.requests[request].type or ""]
