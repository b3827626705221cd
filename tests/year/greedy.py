"""The peer: each request by itself, in the order of arrival, its best reference that is left. Everything else is the same.

Takes the place of `crm_sync.matching.recommend` for a whole year (`greedily`), so that verdicts, caps, rests, lead times, the
lives of asks, and the people are those of the joint assignment's year. What was proposed stays, as there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np

from crm_sync.matching import joint
from crm_sync.matching.ledger import Ledger
from crm_sync.matching.offers import Offers, price_of_use
from crm_sync.matching.recommend import Recommendations


def one_by_one(offers: Offers, rows: Sequence[int], ledger: Ledger, waiting: Mapping[int, int]) -> Recommendations:
    """Serve requests first come, first served, each with the best fit less the price of load that the ledger admits."""
    entered, chosen = ledger.copy(), {}
    for row, reference in sorted(waiting.items()):
        if entered.admits(offers.requests[row], reference):
            entered.take(offers.requests[row], reference)
            chosen[row] = reference
    for row in sorted(set(rows) - chosen.keys(), key=lambda row: offers.requests[row].id):
        suiting = np.flatnonzero(offers.admitted(row))
        load = np.array([entered.load(int(one)) for one in suiting], dtype=np.int64)
        value = offers.points(row)[suiting] - price_of_use(offers.program, load, offers.pool.effort[suiting])
        for one in suiting[np.argsort(-value, kind="stable")]:
            if entered.admits(offers.requests[row], int(one)):
                entered.take(offers.requests[row], int(one))
                chosen[row] = int(one)
                break
    return Recommendations(chosen, entered)


@contextmanager
def greedily() -> Iterator[None]:
    """Let the engine assign one by one until the block ends."""
    ours = joint.recommend
    joint.recommend = one_by_one
    try:
        yield
    finally:
        joint.recommend = ours
