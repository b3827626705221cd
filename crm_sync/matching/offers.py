"""Open requests against the pool: each one's outlook, and the market that `assign` solves.

Called by `joint`. Goes over all pairs in slices of rows and keeps a bit for each pair, so memory stays small. Not
here: what is recommended in the end.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crm_sync.matching.filters import Filters, Judgement
from crm_sync.matching.fit import TENTHS, Fit
from crm_sync.matching.market import Floats, Ints
from crm_sync.matching.pool import Pool
from crm_sync.matching.requests import OpenRequest
from crm_sync.matching.scan import pair_ties
from crm_sync.program import Program
from crm_sync.program.rules import SCALE

FILLED, STAYS = 4, 2
"""In perfect fits. Staying outweighs what fit and price could gain by a move; filling a request outweighs one move."""
MOST_FOR_EFFORT = 100 * TENTHS
"""The most that effort adds to a price, in tenths: a whole perfect fit."""
Pair = tuple[int, int]
"""A request's and a reference's row."""


@dataclass(frozen=True)
class Outlook:
    """What the pool holds for one request: how many are counted, kept out by rule, and suit.

    Packed flags: `bits` marks those who suit and have a use left, `full_bits` those who would but for a cap,
    `late_bits` those who would but for notice.
    """

    counted: int
    kept_out: Mapping[str, int]
    suiting: int
    bits: NDArray[np.uint8]
    full_bits: NDArray[np.uint8]
    late_bits: NDArray[np.uint8]


@dataclass(frozen=True)
class Offers:
    """All open requests with their fit and outlook; rows are positions in `requests` and in the pool."""

    requests: Sequence[OpenRequest]
    pool: Pool
    fit: Fit
    filters: Filters
    outlooks: Sequence[Outlook]
    program: Program
    has_room_again: NDArray[np.bool_]

    def admitted(self, row: int) -> NDArray[np.bool_]:
        """Who suits this request and has a use left, or may have one again since a proposal gave it back."""
        ready = self._unpacked(self.outlooks[row].bits)
        return ready | (self._unpacked(self.outlooks[row].full_bits) & self.has_room_again)

    def suited(self, row: int) -> NDArray[np.bool_]:
        """Who suits this request and has a use left, notice aside."""
        return self.admitted(row) | self._unpacked(self.outlooks[row].late_bits)

    def _unpacked(self, bits: NDArray[np.uint8]) -> NDArray[np.bool_]:
        return np.unpackbits(bits, count=len(self.pool)).astype(bool)

    def points(self, row: int) -> Floats:
        """The fit of this request with everybody, in tenths."""
        return self.fit.row(row)

    @property
    def filled_points(self) -> int:
        """What filling a request is worth besides its fit, in tenths: more than any fit, so few go empty for points."""
        return FILLED * self._perfect

    @property
    def stay_points(self) -> int:
        """What it is worth, in tenths, that a proposal stays which an owner looks at: no fit moves it, filling does."""
        return STAYS * self._perfect

    @property
    def _perfect(self) -> int:
        weights: Mapping[str, float] = self.program.matching.weights.model_dump()
        return round(sum(weights.values()) * TENTHS)


def outlooks(requests: Sequence[OpenRequest], fit: Fit, filters: Filters) -> tuple[Outlook, ...]:
    """Judge every request against the whole pool."""
    return tuple(
        _outlook(filters, request, filters.judge(request, fit.row(row))) if request.type else _nothing(filters.pool)
        for row, request in enumerate(requests)
    )


def _outlook(filters: Filters, request: OpenRequest, judged: Judgement) -> Outlook:
    return Outlook(
        counted=judged.counted,
        kept_out=judged.kept_out,
        suiting=int(judged.admitted.sum() + judged.full.sum()),
        bits=np.packbits(judged.admitted),
        full_bits=np.packbits(judged.full),
        late_bits=np.packbits(judged.late),
    )


def _nothing(pool: Pool) -> Outlook:
    nobody = np.packbits(np.zeros(len(pool), dtype=bool))
    return Outlook(0, {}, 0, nobody, nobody, nobody)


def hashes(ids: Iterable[str]) -> NDArray[np.uint32]:
    """Hash ids into 32 bits, the same on every machine and in every run."""
    digests = b"".join(hashlib.blake2b(text.encode(), digest_size=4).digest() for text in ids)
    return np.frombuffer(digests, dtype="<u4").astype(np.uint32)


def ladder(program: Program) -> Ints:
    """The price of the 1st, 2nd, and 3rd or later use, in tenths of a point."""
    price = program.matching.load_price
    return np.array([round(points * TENTHS) for points in (price.first, price.second, price.third)], dtype=np.int64)


def price_of_use(program: Program, load: Ints, effort: Ints) -> Ints:
    """The price of the next use of somebody with this many recent uses and open asks, and so much effort in a year.

    However much that was, filling a request is worth more.
    """
    steps = ladder(program)
    a_point = round(program.matching.load_price.effort_point * TENTHS)
    return steps[np.clip(load, 0, len(steps) - 1)] + np.minimum(effort * a_point // SCALE, MOST_FOR_EFFORT)


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
