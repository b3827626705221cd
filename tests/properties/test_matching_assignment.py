"""The numeric core against brute force: optimal, proven, within caps, and the same for every order of rows."""

from __future__ import annotations

from itertools import product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_sync.matching.assign import assign
from crm_sync.matching.market import BARRED, Market, Tile

FILLED = 1000
PRICES = (0, 200, 600)


@st.composite
def markets(draw: st.DrawFn) -> Market:
    requests, references, groups = draw(st.integers(1, 4)), draw(st.integers(1, 5)), draw(st.integers(1, 3))
    pair = st.one_of(st.just(BARRED), st.sampled_from([350, 400, 500, 505, 900]))
    points = np.array([[draw(pair) for _ in range(references)] for _ in range(requests)], dtype=np.float32)
    load = np.array([draw(st.integers(0, 2)) for _ in range(references)])
    ladder = np.array([*PRICES, PRICES[-1], PRICES[-1], PRICES[-1]])
    return make(
        points,
        price=ladder[load[:, None] + np.arange(4)],
        cap=np.array([draw(st.integers(0, 3)) for _ in range(references)]),
        group=np.array([draw(st.integers(0, groups - 1)) for _ in range(references)]),
        group_cap=np.array([draw(st.integers(0, 3)) for _ in range(groups)]),
    )


def make(points, price, cap, group, group_cap, request_tie=None, reference_tie=None) -> Market:
    requests, references = points.shape
    tile = Tile(np.arange(requests), np.arange(references), points)
    return Market(
        tiles=lambda: iter([tile]),
        filled=FILLED,
        request_tie=np.arange(requests, dtype=np.uint32) * 7919 if request_tie is None else request_tie,
        reference_tie=np.arange(references, dtype=np.uint32) * 104729 if reference_tie is None else reference_tie,
        cap=cap,
        price=price,
        group=group,
        group_cap=group_cap,
    )


def points_of(market: Market) -> np.ndarray:
    return next(market.tiles()).points


def value(market: Market, chosen: tuple[int, ...]) -> float | None:
    """What a choice reaches, straight from the definition; None when it is not allowed."""
    points, total = points_of(market), 0.0
    load, group_load = np.zeros(market.references, int), np.zeros(len(market.group_cap), int)
    for request, reference in enumerate(chosen):
        if reference >= 0:
            total += points[request, reference] + FILLED - market.price[reference, load[reference]]
            load[reference] += 1
            group_load[market.group[reference]] += 1
    allowed = (load <= market.cap).all() and (group_load <= market.group_cap).all() and np.isfinite(total)
    return total if allowed else None


@settings(max_examples=150, deadline=None)
@given(markets(), st.integers(1, 3))
def test_no_choice_reaches_more(market, width):
    found = assign(market, first_width=width)
    choices = product(range(-1, market.references), repeat=market.requests)
    best = max(total for total in (value(market, choice) for choice in choices) if total is not None)
    assert found.objective == best == found.bound
    assert value(market, tuple(found.reference_of)) == best


@settings(max_examples=60, deadline=None)
@given(markets(), st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(market, random):
    """Reached points are the same for every order, and so is the choice where hashes tell all solutions apart."""
    rows, columns = list(range(market.requests)), list(range(market.references))
    random.shuffle(rows)
    random.shuffle(columns)
    mixed = make(
        points_of(market)[np.ix_(rows, columns)], market.price[columns], market.cap[columns], market.group[columns],
        market.group_cap, market.request_tie[rows], market.reference_tie[columns],
    )  # fmt: skip
    assert assign(mixed).objective == assign(market).objective


@settings(max_examples=60, deadline=None)
@given(markets(), st.data())
def test_more_room_never_reaches_less(market, data):
    reference = data.draw(st.integers(0, market.references - 1))
    cap = market.cap.copy()
    cap[reference] = min(cap[reference] + 1, 3)
    roomier = make(points_of(market), market.price, cap, market.group, market.group_cap)
    assert assign(roomier).objective >= assign(market).objective
