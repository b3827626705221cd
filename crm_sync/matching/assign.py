"""Market -> Assignment: the best joint assignment, with a proof over every admissible pair.

Called by `joint` and by `bench/assign.py`. Solve over the best few pairs of each request, price the references, look
over all pairs for one that would be worth more at those prices, add those, and solve again: no such pair is the
proof. Not here: domain words; what comes in and goes out is numbers.
"""

from __future__ import annotations

import numpy as np

from crm_sync.matching.certificate import objective, shadow_prices, surplus
from crm_sync.matching.flow import solve
from crm_sync.matching.market import Assignment, Edges, Ints, Market
from crm_sync.matching.scan import Scan, scan

FIRST_WIDTH = 48


def assign(market: Market, first_width: int = FIRST_WIDTH) -> Assignment:
    """Choose at most one reference per request so that points less prices are greatest, within every cap.

    `first_width` pairs of each request are looked at first; it doubles until the gap is 0, and pairs run out at last,
    so the result is always proven.
    """
    everything = np.full(market.requests, -market.filled, dtype=np.int64)
    edges = scan(market, market.price[:, 0], everything, first_width).edges
    width = first_width
    while True:
        chosen = solve(market, edges)
        prices = shadow_prices(market, edges, chosen)
        gain = _gain(market, edges, prices.reference)
        reached = objective(market, chosen, _points(market, edges, chosen))
        look = scan(market, prices.reference, gain - market.filled, width)
        bound = surplus(market, prices) + _demand(market, look)
        if bound <= reached or not len(look.edges):
            return Assignment(chosen, reached, bound, prices, len(edges))
        edges = edges.merged(look.edges, market.references)
        width *= 2


def _gain(market: Market, edges: Edges, price: Ints) -> Ints:
    """What each request gains at these prices over the edges at hand; staying unfilled gains 0."""
    gain = np.zeros(market.requests, dtype=np.int64)
    np.maximum.at(gain, edges.request, edges.points + market.filled - price[edges.reference])
    return gain


def _demand(market: Market, look: Scan) -> int:
    """What requests would gain at the scanned prices over all admissible pairs."""
    return int(np.maximum(look.best + market.filled, 0).sum())


def _points(market: Market, edges: Edges, chosen: Ints) -> Ints:
    points = np.zeros(market.requests, dtype=np.int64)
    taken = chosen[edges.request] == edges.reference
    points[edges.request[taken]] = edges.points[taken]
    return points
