"""Requests left empty -> served after all, directly or by moving one recommendation that nobody has acted on.

Called by `recommend`. Where it ends, no empty request can be served by one such move; a second run starts there and
so finds nothing to move. Only what fills a request is moved: an owner who looks at a proposal is not disturbed for
points. Not here: asks under way, which never move.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from crm_sync.matching.ledger import Ledger
from crm_sync.matching.offers import Offers, ranked

LOOKED_AT = 64
"""So many who suit an empty request are tried before it is given up."""


def settle(offers: Offers, rows: Sequence[int], chosen: dict[int, int], ledger: Ledger) -> None:
    """Serve empty requests of `rows` until no move serves another; changes `chosen` and `ledger`."""
    moves = _Moves(offers, chosen, ledger)
    while sum(moves.serve(row) for row in rows if row not in chosen):
        continue


class _Moves:
    """One reference to an empty request at a time, and the reference's own request to somebody else."""

    def __init__(self, offers: Offers, chosen: dict[int, int], ledger: Ledger) -> None:
        self.offers, self.chosen, self.ledger = offers, chosen, ledger
        self.best: dict[int, list[int]] = {}

    def serve(self, row: int) -> bool:
        """Serve one empty request if a single move does it."""
        request = self.offers.requests[row]
        direct = next((one for one in self._suiting(row) if self.ledger.admits(request, one)), None)
        if direct is not None:
            self._take(row, direct)
            return True
        return any(
            self._makes_way(other, row, one) for one in self._suiting(row)[:LOOKED_AT] for other in self._holders(one)
        )

    def _makes_way(self, other: int, row: int, reference: int) -> bool:
        """Give `reference` to the empty request if `other`, which stands in its way, finds somebody else."""
        held = self.chosen[other]
        self._untake(other)
        if self.ledger.admits(self.offers.requests[row], reference):
            self._take(row, reference)
            admits = (one for one in self._suiting(other) if self.ledger.admits(self.offers.requests[other], one))
            instead = next(admits, None)
            if instead is not None:
                self._take(other, instead)
                return True
            self._untake(row)
        self._take(other, held)
        return False

    def _holders(self, reference: int) -> Iterator[int]:
        """The requests that hold this person, or anybody of the same account, in this run."""
        person, account = self.offers.pool.person.of_row, self.offers.pool.account.of_row
        for other, held in sorted(self.chosen.items()):
            if person[held] == person[reference] or account[held] == account[reference]:
                yield other

    def _suiting(self, row: int) -> list[int]:
        if row not in self.best:
            pairs = [(row, int(one)) for one in np.flatnonzero(self.offers.admitted(row))]
            self.best[row] = [one for _, one in ranked(self.offers, pairs)]
        return self.best[row]

    def _take(self, row: int, reference: int) -> None:
        self.ledger.take(self.offers.requests[row], reference)
        self.chosen[row] = reference

    def _untake(self, row: int) -> None:
        self.ledger.untake(self.offers.requests[row], self.chosen.pop(row))
