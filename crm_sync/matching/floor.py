"""Offers and a ledger as the market that `assign` solves: columns, caps and prices, one column per kind of use.

Called by `recommend`. Kinds of use are told apart because caps count them differently. Not here: the solver, and caps
over several kinds (ledger).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from crm_sync.matching.columns import UNKNOWN
from crm_sync.matching.ledger import Ledger, kinds_of_use
from crm_sync.matching.market import Ints, Market, Tile
from crm_sync.matching.offers import Offers, Pair, hashes, price_of_use
from crm_sync.matching.requests import OpenRequest
from crm_sync.program.rules import Cap

MOST_IN_ONE_RUN = 16
"""Nobody is put down for more requests than this in one run, whatever their caps."""


@dataclass(frozen=True)
class Floor:
    """The market of the requests `rows` of some offers: a reference has one column per kind of use."""

    offers: Offers
    rows: Sequence[int]
    kinds: Sequence[tuple[int, ...]]
    kind_of: Mapping[str, int]
    forbidden: frozenset[Pair]
    market: Market

    def reference(self, column: int) -> int:
        """The pool's row of a column."""
        return column % len(self.offers.pool)


def open_floor(
    offers: Offers, rows: Sequence[int], ledger: Ledger, forbidden: frozenset[Pair], waiting: Mapping[int, int]
) -> Floor:
    """Lay out requests, columns and caps for `assign`; `forbidden` pairs may not meet, `waiting` ones rather stay."""
    program, pool = offers.program, offers.pool
    types = {offers.requests[row].type or "" for row in rows}
    kind_of_type = kinds_of_use(program, types)
    kinds = sorted(set(kind_of_type.values()))
    kind_of = {reference_type: kinds.index(kind) for reference_type, kind in kind_of_type.items()}
    caps = _Caps(offers, rows, ledger, kind_of)
    cap = np.concatenate([caps.units(kind, index) for index, kind in enumerate(kinds)])
    group, group_cap = caps.groups(kinds)
    steps = max(int(cap.max(initial=1)), 1)
    load = pool.load - np.array([ledger.gave_back[int(person)] for person in pool.person.of_row], dtype=np.int64)
    price = price_of_use(program, load[:, None] + np.arange(steps), pool.effort[:, None])
    stall = _Stall(offers, rows, kind_of, forbidden, waiting)
    market = Market(
        tiles=stall.tiles,
        filled=offers.filled_points,
        request_tie=hashes(offers.requests[row].id for row in rows),
        reference_tie=np.tile(hashes(pool.contact_id), len(kinds)),
        cap=cap,
        price=np.tile(price, (len(kinds), 1)),
        group=group,
        group_cap=group_cap,
    )
    return Floor(offers, rows, kinds, kind_of, forbidden, market)


@dataclass(frozen=True)
class _Stall:
    offers: Offers
    rows: Sequence[int]
    kind_of: Mapping[str, int]
    forbidden: frozenset[Pair]
    waiting: Mapping[int, int]

    def tiles(self) -> Iterator[Tile]:
        """Give each request with everybody who suits it and has a use left."""
        size = len(self.offers.pool)
        barred = self._barred()
        for at, row in enumerate(self.rows):
            references = np.flatnonzero(self.offers.admitted(row))
            if row in barred:
                references = references[~np.isin(references, barred[row])]
            stays = np.float32(self.offers.stay_points) * (references == self.waiting.get(row, UNKNOWN))
            points = self.offers.points(row)[references] + stays
            kind = self.kind_of[self.offers.requests[row].type or ""]
            yield Tile(np.array([at]), kind * size + references, points[None, :])

    def _barred(self) -> Mapping[int, list[int]]:
        barred: dict[int, list[int]] = {}
        for row, reference in self.forbidden:
            barred.setdefault(row, []).append(reference)
        return barred


@dataclass(frozen=True)
class _Caps:
    """What is left for one kind of use of each reference and account."""

    offers: Offers
    rows: Sequence[int]
    ledger: Ledger
    kind_of: Mapping[str, int]

    def units(self, kind: tuple[int, ...], index: int) -> Ints:
        """How many uses of this kind each person's own caps leave; never more than rest allows in this run."""
        most = min(len(self.rows), MOST_IN_ONE_RUN, self._rested(index))
        units = np.full(len(self.offers.pool), most, dtype=np.int64)
        for cap, amount in self._weights(kind, "person"):
            units = np.minimum(units, self._left(cap) // amount)
        return np.maximum(units, 0)

    def groups(self, kinds: Sequence[tuple[int, ...]]) -> tuple[Ints, Ints]:
        """Number the accounts whose caps count each kind, and give what those caps leave; the last group is free."""
        codes = self.offers.pool.account
        free = len(self.rows)
        group: list[Ints] = []
        group_cap: list[Ints] = []
        first: dict[tuple[tuple[str, int], ...], int] = {}
        for kind in kinds:
            weights = tuple((cap.id, amount) for cap, amount in self._weights(kind, "account"))
            if weights not in first:
                first[weights] = sum(len(caps) for caps in group_cap)
                group_cap.append(self._account_caps(kind, free) if weights else np.array([free], dtype=np.int64))
            at = np.where(codes.of_row == UNKNOWN, len(codes), codes.of_row) if weights else np.zeros(len(codes.of_row))
            group.append(first[weights] + at.astype(np.int64))
        return np.concatenate(group), np.concatenate(group_cap)

    def _account_caps(self, kind: tuple[int, ...], most: int) -> Ints:
        """What each account's caps leave for this kind; nothing where the account is not known (the last one)."""
        codes = self.offers.pool.account.of_row
        caps = np.full(len(self.offers.pool.account) + 1, most, dtype=np.int64)
        caps[-1] = 0
        known = codes != UNKNOWN
        for cap, amount in self._weights(kind, "account"):
            np.minimum.at(caps, codes[known], self._left(cap)[known] // amount)
        return np.maximum(caps, 0)

    def _weights(self, kind: tuple[int, ...], per: str) -> list[tuple[Cap, int]]:
        caps = self.offers.program.tolerance.caps
        return [(cap, amount) for cap, amount in zip(caps, kind, strict=True) if amount and cap.per == per]

    def _left(self, cap: Cap) -> Ints:
        """What is left of a cap, with what was released and taken in this run."""
        pool = self.offers.pool
        left = pool.left[cap.id].copy()
        owners = pool.account.of_row if cap.per == "account" else pool.person.of_row
        for counter, sign in ((self.ledger.released, 1), (self.ledger.used, -1)):
            for (cap_id, owner), amount in counter.items():
                if cap_id == cap.id:
                    left[owners == owner] += sign * amount
        return left

    def _rested(self, index: int) -> int:
        """How many requests of this kind one person could serve at most, given the rest between two uses.

        Requests needed less than the rest apart exclude each other; so many stretches cover them all.
        """
        mine = [
            self.offers.requests[row]
            for row in self.rows
            if self.kind_of[self.offers.requests[row].type or ""] == index
        ]
        days = sorted(request.needed_by for request in mine if request.needed_by)
        return min((_stretches(days, rest) for rest in self._rests(mine)), default=len(mine))

    def _rests(self, requests: Sequence[OpenRequest]) -> Iterator[int]:
        types = {request.type for request in requests}
        for cooldown in self.offers.program.tolerance.cooldowns:
            after = cooldown.after
            starts = after == "all" or (isinstance(after, tuple) and types <= set(after))
            if cooldown.event == "used" and cooldown.same is None and starts:
                yield cooldown.days


def _stretches(days: Sequence[date], rest: int) -> int:
    """Cover sorted days with as few stretches as possible, each shorter than the rest; at least one."""
    count, start = 1, days[0] if days else None
    for day in days:
        if start is not None and (day - start).days >= rest:
            count, start = count + 1, day
    return count
