"""Demand, supply and recruits -> the coverage of every segment, and the rows that show it in the org.

Called by `lifecycle.desired`, by `crm-sync forecast` and by the report. A segment that has neither demand nor supply gets
no row; a row whose segment has neither any more says nought. Not here: reckoning each side (demand, supply, recruits).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from crm_sync.lifecycle.demand import Demand, Key, expected
from crm_sync.lifecycle.recruits import recruits
from crm_sync.lifecycle.supply import Supply, giveable
from crm_sync.lifecycle.world import World, digest
from crm_sync.model.coverage import LEAST_SHOWN, Coverage, Segment
from crm_sync.model.matches import Matches
from crm_sync.model.records import Desired, Value
from crm_sync.model.snapshot import Snapshot
from crm_sync.model.verdicts import Verdicts
from crm_sync.program import Program

RECRUITS_LENGTH = 8_000


def forecast(snapshot: Snapshot, verdicts: Verdicts, matches: Matches, program: Program) -> Coverage:
    """Reckon the coverage of the coming months from what one look at the org decided."""
    return coverage(World(snapshot, verdicts, matches, program, {}))


def coverage(world: World) -> Coverage:
    """Reckon what will be asked for and what can be given in the coming months, and whom to win for each gap."""
    demand = expected(world)
    needed = {key: sum(months) for key, months in demand.asked.items()}
    supply = giveable(world, demand.months, needed)
    segments = _segments(demand, supply)
    lists = recruits(world, [(s.cell, s.type) for s in segments if s.missing >= LEAST_SHOWN])
    listed = tuple(replace(segment, recruits=lists.get((segment.cell, segment.type), ())) for segment in segments)
    return Coverage(demand.months, listed, dict(sorted(demand.left_out.items())), demand.deals, demand.requests)


def _segments(demand: Demand, supply: Supply) -> Sequence[Segment]:
    keys = sorted({*demand.asked, *supply.given, *supply.lapsing}, key=lambda key: (key[0].sort_key, key[1]))
    count = len(demand.months)
    found = (
        Segment(
            *key,
            _months(demand.asked, key, count),
            _months(supply.given, key, count),
            _months(supply.lapsing, key, count),
        )
        for key in keys
    )
    return [segment for segment in found if _counts(segment)]


def _months(by_segment: Mapping[Key, Sequence[float]], key: Key, count: int) -> tuple[float, ...]:
    return tuple(float(number) for number in by_segment.get(key, [0] * count))


def _counts(segment: Segment) -> bool:
    return max(sum(segment.demand), sum(segment.supply), sum(segment.lapsing)) >= LEAST_SHOWN


def desired_coverage(world: World) -> Iterator[Desired]:
    """Give every segment with demand or supply its row, and put to nought the rows of segments that have neither."""
    found = {segment_key(segment): segment for segment in coverage(world).segments}
    for key, segment in sorted(found.items()):
        yield Desired("coverage", _fields(segment), key=key, on_create={"key": key}, why="demand against supply")
    for row in world.rows("coverage"):
        if row.get("key") and row["key"] not in found:
            nought: dict[str, Value] = {"supply": 0.0, "demand": 0.0, "gap": 0.0, "recruit": None}
            yield Desired("coverage", nought, key=row["key"], why="neither demand nor supply")


def segment_key(segment: Segment) -> str:
    """The external key of a segment's row."""
    cell = segment.cell
    return digest("coverage", cell.industry or "", cell.product or "", cell.region or "", segment.type)


def _fields(segment: Segment) -> Mapping[str, Value]:
    demand, supply = round(sum(segment.demand), 1), round(sum(segment.supply), 1)
    return {
        "industry": segment.cell.industry,
        "product": segment.cell.product,
        "region": segment.cell.region,
        "type": segment.type,
        "demand": demand,
        "supply": supply,
        "gap": round(demand - supply, 1),
        "recruit": recruit_text(segment)[:RECRUITS_LENGTH] or None,
    }


def recruit_text(segment: Segment) -> str:
    """The recruit list as an account team reads it, one line a person."""
    return "\n".join(
        f"{place}. {r.who} ({r.contact_id}): {r.step}" for place, r in enumerate(segment.recruits, start=1)
    )
