"""Deals with and without a reference, side by side: closed in a year, open now, and a comparison of like with like.

Called by `report`. A reference goes with a deal when it was given for the deal's request, or to the deal's company within a
year before it closed. That two things go together does not say that one brought about the other, so the influenced amount
never stands alone. Not here: the demand for references (lifecycle).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from crm_sync.lifecycle.demand import rows_of
from crm_sync.lifecycle.world import Row, World

YEAR = timedelta(days=365)
DEAL = ("id", "account", "amount", "close_on", "probability", "closed", "won")
FEW = 10


@dataclass(frozen=True)
class Group:
    """Some deals: how many, what they come to, and of closed ones how many were won, with a 95 % range of the share."""

    deals: int
    amount: float
    won: int
    won_amount: float
    win_rate: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Revenue:
    """Closed and open deals with and without a reference. `like_for_like` is the win rate that the deals without one have
    when they are weighed to the same mix of sizes; None when there is nothing to compare.
    """

    closed_with: Group
    closed_without: Group
    like_for_like: float | None
    open_with: Group
    open_without: Group
    few: bool


def revenue(world: World) -> Revenue:
    """Set the deals that had a reference beside those that had none."""
    deals = rows_of(world.snapshot.tables.get("opportunity"), DEAL)
    given = _given(world, {deal["account"] for deal in deals})
    closed = [d for d in deals if d["closed"] and d["close_on"] and world.today - YEAR < d["close_on"] <= world.today]
    opened = [d for d in deals if d["closed"] is False]
    sides = [
        [[d for d in some if given.went_with(d, world.today) is had] for had in (True, False)]
        for some in (closed, opened)
    ]
    (closed_with, closed_without), (open_with, open_without) = sides
    return Revenue(
        closed_with=_group(closed_with),
        closed_without=_group(closed_without),
        like_for_like=_like_for_like(world, closed_with, closed_without),
        open_with=_group(open_with),
        open_without=_group(open_without),
        few=len(closed_with) < FEW,
    )


@dataclass(frozen=True)
class _Given:
    """The references that took place: by deal, and by company with their days."""

    deals: frozenset[str]
    companies: Mapping[str, Sequence[date]]

    def went_with(self, deal: Row, today: date) -> bool:
        """Whether a reference was given for this deal, or to its company in the year before it closed."""
        until = min(deal["close_on"] or today, today)
        days = self.companies.get(deal["account"] or "", ())
        return deal["id"] in self.deals or any(until - YEAR < day <= until for day in days)


def _given(world: World, accounts: Iterable[str | None]) -> _Given:
    deal_of = {row["id"]: row.get("opportunity") for row in world.rows("request")}
    known, deals = set(accounts), set()
    companies: dict[str, list[date]] = defaultdict(list)
    for row in world.rows("activity"):
        if row.get("status") != "completed" or not row.get("completed_on"):
            continue
        if deal := deal_of.get(row.get("request") or ""):
            deals.add(deal)
        if row.get("prospect") in known and row.get("prospect"):
            companies[row["prospect"]].append(row["completed_on"])
    return _Given(frozenset(deals), companies)


def _group(deals: Sequence[Row]) -> Group:
    won = [deal for deal in deals if deal["won"]]
    closed = sum(bool(deal["closed"]) for deal in deals)
    low, high = wilson(len(won), closed) if closed else (None, None)
    return Group(
        deals=len(deals),
        amount=_sum(deals),
        won=len(won),
        won_amount=_sum(won),
        win_rate=len(won) / closed if closed else None,
        low=low,
        high=high,
    )


def _sum(deals: Iterable[Row]) -> float:
    return math.fsum(deal["amount"] or 0 for deal in deals)


def wilson(hits: int, count: int, z: float = 1.96) -> tuple[float, float]:
    """The 95 % range of a share, after Wilson (1927): sensible for few cases and for shares near 0 or 1."""
    share, spread = hits / count, z * z / count
    middle = (share + spread / 2) / (1 + spread)
    half = z * math.sqrt(share * (1 - share) / count + spread / (4 * count)) / (1 + spread)
    return max(0.0, middle - half), min(1.0, middle + half)


def _like_for_like(world: World, with_one: Sequence[Row], without: Sequence[Row]) -> float | None:
    """The win rate of the deals without a reference, weighed to the sizes of the deals with one."""
    bands = world.program.coverage.deals

    def band(deal: Row) -> int:
        return sum((deal["amount"] or 0) >= one.amount for one in bands)

    rates, weights = [], []
    for number in range(len(bands) + 1):
        mine = sum(band(deal) == number for deal in with_one)
        others = [deal for deal in without if band(deal) == number]
        if mine and others:
            rates.append(sum(bool(deal["won"]) for deal in others) / len(others))
            weights.append(mine)
    return math.fsum(r * w for r, w in zip(rates, weights, strict=True)) / sum(weights) if weights else None
