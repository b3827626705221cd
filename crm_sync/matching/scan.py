"""Go over every admissible pair once: the best pairs of each request at given prices, and the best there is.

Called by `assign`. This touches all pairs, so it is matrix work on tiles; only the best leave it. Not here: prices.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crm_sync.matching.market import BARRED, Edges, Floats, Ints, Market, Tile

TIE_BITS = 10
TIE_RANGE = 1 << TIE_BITS
"""Ties are hashes below this; tenths of points times this stay below 2**24, where 32-bit floats are exact."""
_MIXER = np.uint32(0x9E3779B1)


@dataclass(frozen=True)
class Scan:
    """The best points less price of each request over all its pairs (-inf if none), and the pairs asked for."""

    best: NDArray[np.float64]
    edges: Edges


def pair_ties(request_tie: NDArray[np.uint32], reference_tie: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Mix the hashes of request and reference (broadcast) into one below TIE_RANGE that favours neither."""
    mixed: NDArray[np.uint32] = ((request_tie ^ reference_tie) * _MIXER) >> np.uint32(32 - TIE_BITS)
    return mixed


def scan(market: Market, price: Ints, worth: Ints, width: int) -> Scan:
    """Find each request's best value at these prices, and the `width` best pairs of those whose best is above `worth`.

    With the pairs above `worth` come others that nearly are: the next change of prices may lift them over it.
    """
    best = np.full(market.requests, BARRED)
    open_price = np.where(market.is_open, price, np.inf).astype(np.float32)
    found = [_scan_tile(market, tile, open_price, worth, width, best) for tile in market.tiles()]
    return Scan(best, _joined(found))


def _scan_tile(
    market: Market, tile: Tile, price: Floats, worth: Ints, width: int, best: NDArray[np.float64]
) -> tuple[Ints, Ints, Ints]:
    if not tile.references.size:
        empty = np.zeros(0, dtype=np.int64)
        return empty, empty, empty
    value = tile.points - price[tile.references]
    best[tile.requests] = value.max(axis=1)
    rows = np.flatnonzero(best[tile.requests] > worth[tile.requests])
    if not rows.size:
        empty = np.zeros(0, dtype=np.int64)
        return empty, empty, empty
    value = value if rows.size == len(value) else value[rows]
    row, column = _widest(market, tile, rows, value, width)
    points = tile.points[rows[row], column].astype(np.int64)
    return tile.requests[rows[row]], tile.references[column], points


def _widest(market: Market, tile: Tile, rows: Ints, value: Floats, width: int) -> tuple[Ints, Ints]:
    """Give row and column of the `width` best of each row, and of whoever equals the last of them, hash and all."""
    if value.shape[1] <= width:
        row, column = np.nonzero(value > BARRED)
        return row, column
    ties = pair_ties(market.request_tie[tile.requests[rows], None], market.reference_tie[tile.references])
    key = value * np.float32(TIE_RANGE)
    key += ties
    cut = np.array([_cut(one[one > BARRED], width) for one in key], dtype=np.float32)
    row, column = np.nonzero(key >= cut[:, None])
    return row, column


def _cut(values: Floats, width: int) -> float:
    """The least of the `width` greatest values; below all numbers that are any, if there are fewer."""
    if len(values) <= width:
        return float(np.finfo(np.float32).min)
    return float(np.partition(values, len(values) - width)[len(values) - width])


def _joined(found: list[tuple[Ints, Ints, Ints]]) -> Edges:
    if not found:
        return Edges.none()
    request, reference, points = (np.concatenate(part) for part in zip(*found, strict=True))
    order = np.lexsort((reference, request))
    return Edges(request[order], reference[order], points[order])
