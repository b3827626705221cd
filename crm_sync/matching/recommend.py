"""Offers -> one recommended reference per request: the joint assignment, held to every cap and rest by the ledger.

Called by `joint`. The network is exact for one kind of use; caps over several kinds, and rest between two asks of this
run, cross its lines. If the ledger admits what the network found, at the network's price, that is the best there is. If
not, something good is found first: solve, enter the pairs in the ledger from the best down, forbid what it does not admit, and solve again;
requests left empty are then served one by one (settle). Then all limits together decide over the few pairs that could
be part of something better (exact). A proposal that an owner already looks at is worth staying: it moves only to fill a
request. Of equal assignments the one that hashes favour is taken, whatever was written before. Not here: who stands
next in line (slates).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from crm_sync.matching.assign import assign
from crm_sync.matching.exact import Candidate, best_of
from crm_sync.matching.floor import Floor, open_floor
from crm_sync.matching.ledger import Ledger
from crm_sync.matching.market import Assignment
from crm_sync.matching.offers import Offers, Pair, price_of_use, ranked
from crm_sync.matching.settle import settle

ROUNDS = 12


@dataclass(frozen=True)
class Recommendations:
    """Who is recommended for which request (rows), the ledger with them entered, and the proof.

    `objective` and `bound` are tenths of a point over the requests that were open to assignment; equal is proven best.
    """

    chosen: Mapping[int, int]
    ledger: Ledger
    objective: int = 0
    bound: int = 0


def recommend(offers: Offers, rows: Sequence[int], ledger: Ledger, waiting: Mapping[int, int]) -> Recommendations:
    """Recommend one reference per request of `rows`; `waiting` are the proposals that owners already look at."""
    if not rows or not len(offers.pool):
        return Recommendations({}, ledger)
    floor = open_floor(offers, rows, ledger, frozenset(), waiting)
    relaxed = assign(floor.market)
    chosen, refused, entered = _entered(offers, _pairs(floor, relaxed.reference_of), ledger)
    reached, bound = worth(offers, chosen, ledger, waiting), relaxed.bound
    if refused or reached < bound:
        chosen, entered = _found(offers, rows, ledger, waiting)
        reached = worth(offers, chosen, ledger, waiting)
        best = best_of(offers, list(_hopeful(floor, relaxed, bound - reached)), ledger)
        if best is not None:
            chosen, entered = dict(best), _with(offers, best, ledger)
            reached = bound = worth(offers, best, ledger, waiting)
    stayed = offers.stay_points * sum(chosen.get(row) == reference for row, reference in waiting.items())
    return Recommendations(chosen, entered, reached - stayed, bound - stayed)


def _found(
    offers: Offers, rows: Sequence[int], ledger: Ledger, waiting: Mapping[int, int]
) -> tuple[dict[int, int], Ledger]:
    """Find a good assignment that the ledger admits: what waits stays, the rest by the network, then one by one."""
    kept, _, entered = _entered(offers, sorted(waiting.items()), ledger)
    chosen, entered = _assigned(offers, [row for row in rows if row not in kept], entered)
    chosen |= kept
    settle(offers, rows, chosen, entered)
    return chosen, entered


def _hopeful(floor: Floor, relaxed: Assignment, gap: int) -> Iterator[Candidate]:
    """Give every pair that could be part of an assignment better by up to `gap`: at these prices it loses no more."""
    price = np.where(floor.market.is_open, relaxed.prices.reference, np.iinfo(np.int64).max // 2)
    for tile in floor.market.tiles():
        points = tile.points[0].astype(np.int64) + floor.market.filled
        gain = points - price[tile.references]
        for at in np.flatnonzero(gain >= max(int(gain.max(initial=0)), 0) - gap):
            row, reference = floor.rows[int(tile.requests[0])], floor.reference(int(tile.references[at]))
            yield Candidate(row, reference, int(points[at]))


def _with(offers: Offers, chosen: Mapping[int, int], ledger: Ledger) -> Ledger:
    entered = ledger.copy()
    for row, reference in sorted(chosen.items()):
        entered.take(offers.requests[row], reference)
    return entered


def _assigned(offers: Offers, rows: Sequence[int], ledger: Ledger) -> tuple[dict[int, int], Ledger]:
    """Assign requests jointly until the ledger admits every pair; give the pairs and the ledger with them in it."""
    forbidden: frozenset[Pair] = frozenset()
    admitted: dict[int, int] = {}
    entered = ledger
    for _ in range(ROUNDS if rows else 0):
        floor = open_floor(offers, rows, ledger, forbidden, {})
        admitted, refused, entered = _entered(offers, _pairs(floor, assign(floor.market).reference_of), ledger)
        if not refused:
            break
        forbidden |= frozenset(refused)
    return admitted, entered


def _pairs(floor: Floor, columns: np.ndarray[tuple[int], np.dtype[np.int64]]) -> list[Pair]:
    return [(floor.rows[at], floor.reference(int(column))) for at, column in enumerate(columns) if column >= 0]


def _entered(offers: Offers, pairs: list[Pair], ledger: Ledger) -> tuple[dict[int, int], list[Pair], Ledger]:
    """Enter pairs from the best fit down; give those admitted, those refused, and the ledger with them in it."""
    entered, admitted, refused = ledger.copy(), {}, []
    for row, reference in ranked(offers, pairs):
        request = offers.requests[row]
        if entered.admits(request, reference):
            entered.take(request, reference)
            admitted[row] = reference
        else:
            refused.append((row, reference))
    return admitted, refused, entered


def worth(offers: Offers, chosen: Mapping[int, int], before: Ledger, waiting: Mapping[int, int]) -> int:
    """Add up what recommendations reach: fit, filling and staying, less the price of each use."""
    total, ledger = 0, before.copy()
    for row, reference in sorted(chosen.items()):
        request = offers.requests[row]
        total += sum(offers.fit.points(row, reference).values()) + offers.filled_points
        total += offers.stay_points * (waiting.get(row) == reference)
        total -= int(price_of_use(offers.program, np.array(ledger.load(reference)), offers.pool.effort[reference]))
        ledger.take(request, reference)
    return total
