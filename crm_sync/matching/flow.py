"""The pairs at hand as a network: request -> reference -> group -> sink, solved to the optimum in whole numbers.

Called by `assign`. Each further use of a reference is an arc of its own with its rising price, so spreading the load
is part of the optimum. Ties are hashes below one tenth of a point in total: they choose between equal solutions and
never buy points. Not here: which pairs (scan) and the proof (certificate).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from ortools.graph.python import min_cost_flow

from crm_sync.errors import PermanentError
from crm_sync.matching.market import Edges, Ints, Market
from crm_sync.matching.scan import TIE_RANGE, pair_ties


@dataclass(frozen=True)
class Units:
    """Every further use that the edges could make of a reference: `price` of its k-th, sorted by reference and k."""

    reference: Ints
    price: Ints

    @classmethod
    def wanted(cls, market: Market, edges: Edges) -> Units:
        """List the uses of each reference, no more than its cap and than there are requests for it."""
        degree = np.bincount(edges.reference, minlength=market.references)
        number = np.minimum(np.minimum(market.cap, degree), market.price.shape[1])
        reference = np.repeat(np.arange(market.references), number)
        first = np.repeat(np.cumsum(number) - number, number)
        return cls(reference, market.price[reference, np.arange(len(reference)) - first])


def solve(market: Market, edges: Edges) -> Ints:
    """Choose the reference of each request (-1 for none) that reaches the most points over these edges."""
    units = Units.wanted(market, edges)
    network = _network(market, edges, units)
    status = network.solve()
    if status != network.OPTIMAL:
        raise PermanentError(f"The assignment's network has no solution: the solver ended with {status.name}.")
    taken = np.asarray(network.flows(np.arange(len(edges), dtype=np.int32))) > 0
    chosen = np.full(market.requests, -1, dtype=np.int64)
    chosen[edges.request[taken]] = edges.reference[taken]
    return chosen


def _network(market: Market, edges: Edges, units: Units) -> min_cost_flow.SimpleMinCostFlow:
    used, reference = np.unique(edges.reference, return_inverse=True)
    groups, group = np.unique(market.group[used], return_inverse=True)
    requests = market.requests
    sink = requests + len(used) + len(groups)
    scale = max(requests, 1) * TIE_RANGE
    ties = pair_ties(market.request_tie[edges.request], market.reference_tie[edges.reference]).astype(np.int64)
    of_unit = np.searchsorted(used, units.reference)
    network = min_cost_flow.SimpleMinCostFlow()
    arcs = (
        (edges.request, requests + reference, 1, -(edges.points + market.filled) * scale - ties),
        (requests + of_unit, requests + len(used) + group[of_unit], 1, units.price * scale),
        (requests + len(used) + np.arange(len(groups)), sink, market.group_cap[groups], 0),
        (np.arange(requests), sink, 1, 0),
    )
    for tails, heads, capacities, costs in arcs:
        size = len(tails)
        network.add_arcs_with_capacity_and_unit_cost(
            np.asarray(tails, dtype=np.int32),
            np.broadcast_to(np.asarray(heads, dtype=np.int32), size).copy(),
            np.broadcast_to(np.asarray(capacities, dtype=np.int64), size).copy(),
            np.broadcast_to(np.asarray(costs, dtype=np.int64), size).copy(),
        )
    network.set_nodes_supplies(np.arange(requests, dtype=np.int32), np.ones(requests, dtype=np.int64))
    network.set_node_supply(sink, -requests)
    return network
