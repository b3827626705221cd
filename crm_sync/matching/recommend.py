"""Offers -> one recommended reference per request: the joint assignment, held to every cap and rest by the ledger.

Called by `joint`. The network is exact for one kind of use; caps over several kinds, and rest between two asks of this run,
cross its lines. So: solve, enter the pairs in the ledger from the best down, forbid what it does not admit, and solve again.
After ROUNDS the requests still open are served from the best down. What comes out never exceeds a cap; the
bound is that of the first market, so a gap is shown where this cost something. Not here: who stands next in line (slates).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from crm_sync.matching.assign import assign
from crm_sync.matching.floor import Floor, open_floor
from crm_sync.matching.ledger import Ledger
from crm_sync.matching.offers import Offers, Pair, hashes, price_of_use
from crm_sync.matching.scan import pair_ties

ROUNDS = 12


@dataclass(frozen=True)
class Recommendations:
    """Who is recommended for which request (rows), the ledger with them entered, and the proof.

    `objective` and `bound` are tenths of a point over the requests that were open to assignment.
    """

    chosen: Mapping[int, int]
    ledger: Ledger
    objective: int = 0
    bound: int = 0


def recommend(offers: Offers, rows: Sequence[int], ledger: Ledger) -> Recommendations:
    """Recommend one reference per request of `rows`, all of them together."""
    if not rows or not len(offers.pool):
        return Recommendations({}, ledger)
    forbidden: frozenset[Pair] = frozenset()
    bound = None
    for _ in range(ROUNDS):
        floor = open_floor(offers, rows, ledger, forbidden)
        found = assign(floor.market)
        bound = found.bound if bound is None else bound
        admitted, refused, entered = _entered(offers, _pairs(floor, found.reference_of), ledger)
        if not refused:
            return Recommendations(admitted, entered, worth(offers, admitted, ledger), bound)
        forbidden |= frozenset(refused)
    _serve_rest(offers, [row for row in rows if row not in admitted], admitted, entered)
    return Recommendations(admitted, entered, worth(offers, admitted, ledger), bound or 0)


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


def ranked(offers: Offers, pairs: Sequence[Pair]) -> list[Pair]:
    """Order pairs from the best fit down; hashes decide between equals."""
    if not pairs:
        return []
    rows, references = (np.array(part, dtype=np.int64) for part in zip(*pairs, strict=True))
    points = (offers.fit.wants[rows] * offers.fit.offers[:, references].T).sum(axis=1)
    ties = pair_ties(
        hashes(offers.requests[row].id for row in rows), hashes(offers.pool.contact_id[one] for one in references)
    )
    order = np.lexsort((references, rows, ties, -points))
    return [pairs[at] for at in order]


def _serve_rest(offers: Offers, rows: Sequence[int], admitted: dict[int, int], ledger: Ledger) -> None:
    """Give each request that is left its best reference that the ledger admits, in the order of their ids."""
    for row in rows:
        request = offers.requests[row]
        pairs = [(row, int(reference)) for reference in np.flatnonzero(offers.admitted(row))]
        best = next((one for _, one in ranked(offers, pairs) if ledger.admits(request, one)), None)
        if best is not None:
            ledger.take(request, best)
            admitted[row] = best


def worth(offers: Offers, chosen: Mapping[int, int], before: Ledger) -> int:
    """Add up what recommendations reach: fit, filling, keeping what is proposed, less the price of each use."""
    total, ledger = 0, before.copy()
    for row, reference in sorted(chosen.items()):
        request = offers.requests[row]
        total += sum(offers.fit.points(row, reference).values()) + offers.filled_points
        if request.history.proposed == offers.pool.contact_id[reference]:
            total += offers.kept_points
        total -= int(price_of_use(offers.program, np.array(ledger.load(reference))))
        ledger.take(request, reference)
    return total
