"""Prices for a solved assignment, and the bound they prove.

Called by `assign`. Linear-programming duality: for any prices, no assignment reaches more than what requests could
gain at those prices plus what references and groups would earn. With the shortest residual distances as prices that
bound meets the optimum, and it holds for pairs the solver never saw. Not here: the solver itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crm_sync.matching.market import Edges, Ints, Market, Prices

UNPAYABLE = 1 << 40
"""More than any price; stands for a reference that has no use left."""


@dataclass(frozen=True)
class _Residual:
    """What the solution leaves free: the next use's price, and the way back along each pair that is taken."""

    value: Ints
    starts: Ints
    rows: Ints
    edge_reference: Ints
    taken_request: Ints
    taken_reference: Ints
    taken_value: Ints
    next_price: Ints
    last_price: Ints
    group_free: NDArray[np.bool_]


def loads(market: Market, chosen: Ints) -> Ints:
    """How many requests each reference got."""
    return np.bincount(chosen[chosen >= 0], minlength=market.references).astype(np.int64)


def objective(market: Market, chosen: Ints, points: Ints) -> int:
    """Add up what the pairs reach: their points, what filling gains, less the price of each use."""
    used = np.arange(market.price.shape[1])[None, :] < loads(market, chosen)[:, None]
    return int((points[chosen >= 0] + market.filled).sum() - market.price[used].sum())


def shadow_prices(market: Market, edges: Edges, chosen: Ints) -> Prices:
    """Find what one more use of each reference and group would cost: shortest ways to the sink (Bellman and Ford)."""
    residual = _residual(market, edges, chosen)
    group = np.where(residual.group_free, 0, UNPAYABLE)
    reference = np.minimum(residual.next_price + group[market.group], UNPAYABLE)
    for _ in range(market.requests + market.references + len(group) + 1):
        group_now, reference_now = _relax(market, residual, group, reference)
        if np.array_equal(group_now, group) and np.array_equal(reference_now, reference):
            break
        group, reference = group_now, reference_now
    return Prices(reference, group)


def _relax(market: Market, residual: _Residual, group: Ints, reference: Ints) -> tuple[Ints, Ints]:
    request = np.zeros(market.requests, dtype=np.int64)
    if len(residual.value):
        way = reference[residual.edge_reference] - residual.value
        request[residual.rows] = np.minimum(0, np.minimum.reduceat(way, residual.starts))
    back = residual.taken_value + request[residual.taken_request]
    lower = np.minimum(reference, residual.next_price + group[market.group])
    np.minimum.at(lower, residual.taken_reference, back)
    lower = np.minimum(lower, UNPAYABLE)
    group_lower = group.copy()
    taken = residual.taken_reference
    np.minimum.at(group_lower, market.group[taken], lower[taken] - residual.last_price[taken])
    return group_lower, lower


def _residual(market: Market, edges: Edges, chosen: Ints) -> _Residual:
    load = loads(market, chosen)
    steps = market.price.shape[1]
    has_next = (load < market.cap) & (load < steps)
    at = np.arange(market.references)
    taken = chosen[edges.request] == edges.reference
    value = edges.points + market.filled
    rows, starts = np.unique(edges.request, return_index=True)
    group_load = np.bincount(market.group, weights=load, minlength=len(market.group_cap))
    return _Residual(
        value=np.where(taken, -UNPAYABLE, value),
        starts=starts,
        rows=rows,
        edge_reference=edges.reference,
        taken_request=edges.request[taken],
        taken_reference=edges.reference[taken],
        taken_value=value[taken],
        next_price=np.where(has_next, market.price[at, np.minimum(load, steps - 1)], UNPAYABLE),
        last_price=market.price[at, np.maximum(load, 1) - 1],
        group_free=group_load < market.group_cap,
    )


def surplus(market: Market, prices: Prices) -> int:
    """What references and groups would earn at these prices: the part of the bound that needs no pair."""
    is_open = market.is_open
    group = np.minimum(prices.group, UNPAYABLE)
    rent = prices.reference[:, None] - market.price - group[market.group][:, None]
    within = np.arange(market.price.shape[1])[None, :] < market.cap[:, None]
    earned = np.where(within & is_open[:, None], np.maximum(rent, 0), 0).sum()
    return int(earned + (np.where(market.group_cap > 0, group, 0) * market.group_cap).sum())
