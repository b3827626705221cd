"""Recommendations -> who stands on each slate: the recommended reference first, then those next in line.

Called by `joint`. Alternates are not reserved: they stand by fit less the price of their load as it is after all
recommendations, and only who still has a use left stands there. Not here: the words (sentences), substitutes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from crm_sync.matching.ledger import Ledger
from crm_sync.matching.market import Floats, Ints
from crm_sync.matching.offers import Offers, hashes, price_of_use
from crm_sync.matching.pool import NEVER
from crm_sync.matching.scan import pair_ties

FIRST_LOOK = 64
"""So many are looked at before everybody is."""


@dataclass(frozen=True)
class Lines:
    """Everybody in line for each request, once all recommendations are entered in the ledger."""

    offers: Offers
    ledger: Ledger

    def slate(self, row: int, recommended: int | None) -> list[int]:
        """Give the references of one slate in rank order, by pool row; the recommended one, if any, comes first."""
        request, size = self.offers.requests[row], self.offers.program.matching.slate_size
        ranked = [] if recommended is None else [recommended]
        for reference in self._in_line(row):
            if len(ranked) == size:
                break
            if self._differs(reference, recommended) and self.ledger.admits(request, reference):
                ranked.append(reference)
        return ranked

    def earliest(self, row: int) -> date | None:
        """Give the first honest day on which anybody who suits could be had, notice aside; None if nobody can."""
        request = self.offers.requests[row]
        days = self.offers.pool.standing[request.type or ""].earliest
        suited = np.flatnonzero(self.offers.suited(row) & (days < NEVER))
        in_order = suited[np.argsort(days[suited], kind="stable")]
        first = next((one for one in in_order if self.ledger.admits(request, int(one))), None)
        return None if first is None else date.fromisoformat(str(days[first]))

    def _differs(self, reference: int, recommended: int | None) -> bool:
        person = self.offers.pool.person.of_row
        return recommended is None or person[reference] != person[recommended]

    def _in_line(self, row: int) -> Iterator[int]:
        """Go through everybody who suits, from the best fit less price down; hashes decide between equals."""
        suiting = np.flatnonzero(self.offers.admitted(row))
        value = self.offers.points(row)[suiting] - self._price[suiting]
        ties = pair_ties(hashes([self.offers.requests[row].id]), self._ties[suiting])
        first = _best(value, ties, min(FIRST_LOOK, len(suiting)))
        yield from (int(suiting[one]) for one in first)
        if len(suiting) > len(first):
            yield from (int(suiting[one]) for one in _best(value, ties, len(suiting))[len(first) :])

    @cached_property
    def _ties(self) -> NDArray[np.uint32]:
        return hashes(self.offers.pool.contact_id)

    @cached_property
    def _price(self) -> Ints:
        """What the next use of each reference costs after this run."""
        person = self.offers.pool.person
        moved = np.zeros(len(person), dtype=np.int64)
        for counter, sign in ((self.ledger.placed, 1), (self.ledger.gave_back, -1)):
            for one, count in counter.items():
                moved[one] += sign * count
        return price_of_use(self.offers.program, self.offers.pool.load + moved[person.of_row], self.offers.pool.effort)


def _best(value: Floats, ties: NDArray[np.uint32], count: int) -> list[int]:
    """Give the rows of the `count` greatest values in order; of equals the greater hash, then the smaller row."""
    if count == 0:
        return []
    cut = np.partition(value, len(value) - count)[len(value) - count]
    near = np.flatnonzero(value >= cut)
    order = np.lexsort((near, -ties[near].astype(np.int64), -value[near]))
    return [int(one) for one in near[order[:count]]]
