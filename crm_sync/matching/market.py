"""The assignment problem as arrays: who may meet whom for how many points, at what price, up to which caps.

Built by `offers` from a snapshot and by `bench/assign.py` from random numbers; solved by `assign`. All points are
whole tenths of a point. Not here: what the numbers stand for, and the solver.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]

BARRED = -np.inf
"""The points of a pair that may not meet."""


@dataclass(frozen=True)
class Tile:
    """All references that some requests may meet: one row per request, one column per reference.

    `points[i, j]` is the fit of requests[i] and references[j] in whole tenths, or BARRED. Values stay below 2**24, so
    that 32-bit floats hold them exactly. A request stands in one tile alone.
    """

    requests: Ints
    references: Ints
    points: Floats


Tiles = Callable[[], Iterator[Tile]]
"""Gives the same tiles each time it is called; they are too large to be kept."""


@dataclass(frozen=True)
class Market:
    """Requests and references with their limits, in tenths of a point.

    A reference takes up to `cap` requests, its k-th for `price[:, k]` (never falling along a row); all references of
    one `group` together take up to `group_cap`. A filled request gains `filled` besides its points. `request_tie` and
    `reference_tie` are 32-bit hashes that decide between equal solutions.
    """

    tiles: Tiles
    filled: int
    request_tie: NDArray[np.uint32]
    reference_tie: NDArray[np.uint32]
    cap: Ints
    price: Ints
    group: Ints
    group_cap: Ints

    @property
    def requests(self) -> int:
        """How many requests there are."""
        return len(self.request_tie)

    @property
    def references(self) -> int:
        """How many references there are."""
        return len(self.reference_tie)

    @property
    def is_open(self) -> NDArray[np.bool_]:
        """Which references can take one more request at all."""
        return (self.cap > 0) & (self.group_cap[self.group] > 0)


@dataclass(frozen=True)
class Edges:
    """Pairs that the solver looks at, sorted by request and reference, with their points."""

    request: Ints
    reference: Ints
    points: Ints

    @classmethod
    def none(cls) -> Edges:
        """No pair at all."""
        empty = np.zeros(0, dtype=np.int64)
        return cls(empty, empty, empty)

    def merged(self, other: Edges, references: int) -> Edges:
        """Give the pairs of both, each once."""
        request = np.concatenate([self.request, other.request])
        reference = np.concatenate([self.reference, other.reference])
        points = np.concatenate([self.points, other.points])
        _, first = np.unique(request * references + reference, return_index=True)
        return Edges(request[first], reference[first], points[first])

    def __len__(self) -> int:
        return len(self.request)


@dataclass(frozen=True)
class Prices:
    """What one more use would cost the rest: per reference (`reference`, unpayable where none is left) and group."""

    reference: Ints
    group: Ints


@dataclass(frozen=True)
class Assignment:
    """The chosen pairs, the points they reach, and a bound no assignment can beat; equal when proven optimal.

    `reference_of[i]` is the reference of request i, -1 when unfilled.
    """

    reference_of: Ints
    objective: int
    bound: int
    prices: Prices
    edges: int = field(default=0)

    @property
    def gap(self) -> int:
        """How far from optimal this could at most be; 0 is a proof."""
        return self.bound - self.objective
