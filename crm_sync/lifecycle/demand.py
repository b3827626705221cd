"""Open deals and open requests -> how many references will be asked for, by segment and month.

Called by `coverage`. A request counts as one; a deal that has none of a type yet counts by rules/coverage.yaml. A request
that holds a reference already asks for nothing more. Not here: who can give them (supply).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc

from crm_sync.lifecycle.world import Row, World
from crm_sync.model.coverage import Cell

NOT_ASKED = frozenset({None, "draft", "withdrawn"})
"""Stages in which a request says nothing about its deal's needs."""
OPEN = frozenset({"submitted", "on_hold"})
SERVED = frozenset({"accepted", "scheduled", "completed"})
DEAL = ("id", "account", "amount", "close_on", "probability", "product")
COMPANY = ("id", "industry", "product", "region")

Key = tuple[Cell, str]


def month_starts(today: date, months: int) -> tuple[date, ...]:
    """The first days of this month and those after it."""
    counted = (today.year * 12 + today.month - 1 + offset for offset in range(months))
    return tuple(date(number // 12, number % 12 + 1, 1) for number in counted)


def rows_of(table: pa.Table | None, columns: tuple[str, ...], where: pa.Array | None = None) -> list[Row]:
    """Give these columns of some rows, sorted by id; a column the table lacks is all None."""
    if table is None:
        return []
    shown = [name for name in columns if name in table.column_names]
    chosen = table if where is None else table.filter(where)
    blank = dict.fromkeys(columns)
    return sorted(({**blank, **row} for row in chosen.select(shown).to_pylist()), key=lambda row: str(row["id"]))


@dataclass
class Demand:
    """What is asked for: expected requests by segment and month, and what could not be reckoned."""

    months: tuple[date, ...]
    asked: dict[Key, list[float]] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)
    deals: int = 0
    requests: int = 0

    def add(self, cell: Cell, reference_type: str, day: date, number: float) -> None:
        """Count a need on its day; what was needed before counts as needed now, what comes later not at all."""
        month = max(0, (day.year - self.months[0].year) * 12 + day.month - self.months[0].month)
        if month < len(self.months) and number > 0:
            self.asked.setdefault((cell, reference_type), [0.0] * len(self.months))[month] += number


def expected(world: World) -> Demand:
    """Reckon the demand of the coming months."""
    return _Reckoning(world).demand()


class _Reckoning:
    """The deals, the companies and the requests that the demand is read from."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.rules = world.program.coverage
        self.found = Demand(month_starts(world.today, self.rules.months))

    def demand(self) -> Demand:
        covered = self._requests()
        for deal in self.deals.values():
            if (deal["probability"] or 0) >= self.rules.least_probability:
                self._deal(deal, covered.get(deal["id"], frozenset()))
        return self.found

    @cached_property
    def deals(self) -> Mapping[str, Row]:
        """The open deals by id."""
        table = self.world.snapshot.tables.get("opportunity")
        if table is None:
            return {}
        return {row["id"]: row for row in rows_of(table, DEAL, pc.equal(table["closed"], False))}

    @cached_property
    def companies(self) -> Mapping[str, Row]:
        """The companies that deals and requests are about."""
        wanted = {deal["account"] for deal in self.deals.values()}
        wanted |= {row.get("prospect") for row in self.world.rows("request")}
        table = self.world.snapshot.tables["account"]
        known = pa.array(sorted(account for account in wanted if account), pa.string())
        return {row["id"]: row for row in rows_of(table, COMPANY, pc.is_in(table["id"], value_set=known))}

    def _requests(self) -> Mapping[str, frozenset[str]]:
        """Count the open requests, and give for each deal the types that were asked for already."""
        covered: dict[str, set[str]] = defaultdict(set)
        for row in self.world.rows("request"):
            if row.get("stage") in NOT_ASKED or row.get("type") not in self.world.program.types:
                continue
            if row.get("opportunity"):
                covered[row["opportunity"]].add(row["type"])
            if row["stage"] in OPEN and row["id"] not in self._provided:
                self.found.requests += 1
                self.found.add(self._cell_of_request(row), row["type"], row.get("needed_by") or self.world.today, 1)
        return {deal: frozenset(types) for deal, types in covered.items()}

    @cached_property
    def _provided(self) -> frozenset[str]:
        """The requests that hold somebody, or were served."""
        held = {row["request_id"] for row in self.world.verdicts.held.select(["request_id"]).to_pylist()}
        done = {row.get("request") for row in self.world.rows("activity") if row.get("status") in SERVED}
        done |= {row.get("request") for row in self.world.rows("match") if row.get("completed_on")}
        return frozenset(request for request in held | done if request)

    def _cell_of_request(self, row: Row) -> Cell:
        deal: Row = self.deals.get(row.get("opportunity") or "", {})
        company: Row = self.companies.get(row.get("prospect") or deal.get("account") or "", {})
        return Cell(
            self._named("industry", row.get("industry")) or company.get("industry"),
            self._named("product", row.get("product")) or deal.get("product"),
            self._named("region", row.get("region")) or company.get("region"),
        )

    def _named(self, column: str, text: str | None) -> str | None:
        """Give what a person typed as the accounts spell it."""
        return self._spelling[column].get(text.strip().casefold(), text.strip() or None) if text else None

    @cached_property
    def _spelling(self) -> Mapping[str, Mapping[str, str]]:
        accounts = self.world.snapshot.tables["account"]
        names = {name: pc.unique(accounts[name]).to_pylist() for name in ("industry", "product", "region")}
        return {name: {text.strip().casefold(): text for text in sorted(filter(None, names[name]))} for name in names}

    def _deal(self, deal: Row, covered: frozenset[str]) -> None:
        for lacking in ("amount", "close_on"):
            if deal[lacking] is None:
                self.found.left_out[lacking] += 1
                return
        company: Row = self.companies.get(deal["account"] or "", {})
        cell = Cell(company.get("industry"), deal["product"], company.get("region"))
        day = deal["close_on"] - timedelta(days=self.rules.needed_days_before_close)
        likely = deal["probability"] / 100 * self.rules.share(max(0, deal["amount"]))
        self.found.deals += 1
        for reference_type, number in self._asks(covered):
            self.found.add(cell, reference_type, day, likely * number)

    def _asks(self, covered: frozenset[str]) -> Iterator[tuple[str, float]]:
        for reference_type in self.world.program.types:
            if reference_type not in covered:
                yield reference_type, self.rules.references_per_deal[reference_type]
