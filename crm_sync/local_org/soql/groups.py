"""Grouped queries: aggregates, GROUP BY with ROLLUP and CUBE, HAVING.

    Query --compile_groups--> GroupPlan --fetch--> records of type AggregateResult, without url

SQLite knows no ROLLUP: each grouping set becomes one SELECT, in which the fields left out are NULL, and the sets are
joined by UNION ALL; without ORDER BY the subtotals follow what they sum up, as in the SOQL guide's tables.
Called by statement. Not here: COUNT() alone (statement).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from crm_sync.local_org.soql.columns import Column, column_of
from crm_sync.local_org.soql.errors import SoqlError, SoqlUnsupported
from crm_sync.local_org.soql.level import Level, Request
from crm_sync.local_org.soql.operands import AGGREGATES, DATE_FUNCTIONS, Operand, Operands, comparable, keyed
from crm_sync.local_org.soql.ordering import Term, check_sortable, order_clause, sort_terms
from crm_sync.local_org.soql.select import formatted
from crm_sync.local_org.soql.sql import SqlValue
from crm_sync.local_org.soql.syntax import (
    And,
    Call,
    Comparison,
    Condition,
    Expression,
    FieldItem,
    Membership,
    Not,
    Or,
    Path,
    Query,
)

MOST_GROUPS = 2_000
_MOST_ROLLED_UP = 3
_WRAPPERS = frozenset({"FORMAT", "CONVERTCURRENCY"})


@dataclass(frozen=True)
class GroupPlan:
    """A compiled grouped query. `keys` are the names in the record, with the kind of each value."""

    sql: str
    parameters: dict[str, SqlValue]
    keys: tuple[tuple[str, str], ...]
    columns: tuple[Column, ...]

    def fetch(self, connection: sqlite3.Connection) -> list[dict[str, Any]]:
        """Return all rows. Raises SoqlError EXCEEDED_ID_LIMIT beyond 2,000 groups: they have no query locator."""
        rows = connection.execute(self.sql, self.parameters).fetchmany(MOST_GROUPS + 1)
        if len(rows) > MOST_GROUPS:
            reason = "Aggregate query does not support queryMore(), use LIMIT to restrict the results to a single batch"
            raise SoqlError("EXCEEDED_ID_LIMIT", reason)
        return [self._record(row) for row in rows]

    def _record(self, row: Sequence[Any]) -> dict[str, Any]:
        record: dict[str, Any] = {"attributes": {"type": "AggregateResult"}}
        for (key, kind), value in zip(self.keys, row, strict=True):
            record[key] = value if value is None else _READ.get(kind, _same)(value)
        return record


def _same(value: Any) -> Any:
    return value


_READ = {"boolean": bool, "double": float}


def is_grouped(query: Query) -> bool:
    """Say whether the answer is AggregateResult rows."""
    calls = (_unwrapped(i.expression) for i in query.select if isinstance(i, FieldItem))
    return bool(query.group_by) or any(isinstance(c, Call) and c.function in AGGREGATES for c in calls)


def compile_groups(request: Request, query: Query) -> GroupPlan:
    """Compile a grouped query. Raises SoqlError."""
    return _Groups(Level.outer(request, query)).plan()


def _unwrapped(expression: Expression) -> Expression:
    while isinstance(expression, Call) and expression.function in _WRAPPERS and len(expression.arguments) == 1:
        inner = expression.arguments[0]
        if not isinstance(inner, (Path, Call)):
            break
        expression = inner
    return expression


class _Groups:
    """The compiling of one grouped query."""

    def __init__(self, level: Level) -> None:
        self._level, self._query, self._scope = level, level.query, level.scope
        self._grouped, self._sets = self._grouping()
        self._by_key = {keyed(e): level.operands.of(e) for e in self._grouped}
        for expression, operand in zip(self._grouped, self._by_key.values(), strict=True):
            self._check_groupable(operand, expression.at)

    def plan(self) -> GroupPlan:
        """Compile."""
        self._check_clauses()
        items = [self._item(i) for i in self._query.select]
        keys, columns = self._named(items)
        for order in self._query.order_by:
            self._check_grouped(order.expression, "Ordered field must be grouped or aggregated")
        where = self._level.where()
        sql = self._single(items, where) if len(self._sets) == 1 else self._united(items, where)
        return GroupPlan(sql + self._level.limit(), self._level.request.parameters.values, keys, columns)

    def _grouping(self) -> tuple[tuple[Expression, ...], list[frozenset[int]]]:
        """Return the grouped expressions, and the sets of those (by place) each SELECT groups by."""
        grouped = self._query.group_by
        first = grouped[0] if grouped else None
        rolls = [e for e in grouped if isinstance(e, Call) and e.function in ("ROLLUP", "CUBE")]
        if not rolls:
            return grouped, [frozenset(range(len(grouped)))]
        if len(grouped) > 1 or not isinstance(first, Call) or not 0 < len(first.arguments) <= _MOST_ROLLED_UP:
            reason = f"ROLLUP and CUBE stand alone, with at most {_MOST_ROLLED_UP} fields"
            raise self._scope.error("MALFORMED_QUERY", rolls[0].at, reason)
        inner = tuple(a for a in first.arguments if isinstance(a, (Path, Call)))
        if len(inner) != len(first.arguments):
            raise self._scope.error("MALFORMED_QUERY", first.at, f"{first.function} takes fields")
        return inner, list(_rolled_up(len(inner), cube=first.function == "CUBE"))

    def _check_groupable(self, operand: Operand, at: int) -> None:
        field = operand.field
        if operand.column is not None and field is not None and not field.groupable:
            reason = f"field '{operand.name}' can not be grouped in a query call"
            raise self._scope.error("INVALID_FIELD", at, reason)

    def _check_clauses(self) -> None:
        query = self._query
        if query.group_by:
            return
        if query.limit is not None or query.offset is not None:
            reason = "Non-grouped query that uses overall aggregate functions cannot also use LIMIT"
            raise SoqlError("MALFORMED_QUERY", reason)
        if query.order_by:
            name = query.order_by[0].expression
            raise SoqlError("MALFORMED_QUERY", f"Ordered field must be grouped or aggregated: {_shown(name)}")

    def _item(self, item: Any) -> FieldItem:
        if not isinstance(item, FieldItem):
            raise SoqlError("MALFORMED_QUERY", "A grouped query can not select subqueries or TYPEOF")
        self._check_grouped(_unwrapped(item.expression), "Field must be grouped or aggregated")
        return item

    def _check_grouped(self, expression: Expression, refusal: str) -> None:
        if keyed(expression) in self._by_key:
            return
        if isinstance(expression, Call) and expression.function in AGGREGATES:
            if expression.function == "COUNT" and not expression.arguments:
                raise self._scope.error("MALFORMED_QUERY", expression.at, "COUNT() must be the only element in SELECT")
            if expression.function == "GROUPING":
                self._check_rolled_up(expression)
            return
        inner = expression.arguments[0] if isinstance(expression, Call) and expression.arguments else None
        of_grouped_date = isinstance(inner, Path) and keyed(inner) in self._by_key
        if isinstance(expression, Call) and expression.function in DATE_FUNCTIONS and of_grouped_date:
            return
        if isinstance(expression, Path):
            self._scope.column(expression)  # an unknown field is the first thing to say
        raise SoqlError("MALFORMED_QUERY", f"{refusal}: {_shown(expression)}")

    def _check_rolled_up(self, call: Call) -> None:
        rolled = any(isinstance(e, Call) and e.function in ("ROLLUP", "CUBE") for e in self._query.group_by)
        if not rolled or not any(keyed(a) in self._by_key for a in call.arguments if isinstance(a, (Path, Call))):
            reason = "GROUPING needs GROUP BY ROLLUP or GROUP BY CUBE of its field"
            raise self._scope.error("MALFORMED_QUERY", call.at, reason)

    def _value(self, expression: Expression, operands: Operands) -> Operand:
        """Return the operand of a selected expression for one grouping set."""
        if not isinstance(expression, Call) or expression.function not in _WRAPPERS:
            return operands.of(expression)
        inner = self._value(operands.argument(expression), operands)
        if expression.function == "CONVERTCURRENCY":
            return inner
        source = next(_paths(expression), None)
        return formatted(inner, operands, operands.field(source).field if source is not None else None)

    def _operands(self, grouping_set: frozenset[int]) -> Operands:
        real = list(self._by_key.values())
        nulled = frozenset(o.sql for n, o in enumerate(real) if n not in grouping_set)
        return Operands(self._scope, self._level.request.user.time_zone.key, aggregates=True, nulled=nulled)

    def _named(self, items: Sequence[FieldItem]) -> tuple[tuple[tuple[str, str], ...], tuple[Column, ...]]:
        operands = self._operands(frozenset(range(len(self._by_key))))
        keys, columns, unnamed, seen = [], [], 0, set()
        for item in items:
            operand = self._value(item.expression, operands)
            name = item.alias or (
                operand.column.names[-1] if isinstance(item.expression, Path) and operand.column else ""
            )
            if not name:
                name, unnamed = f"expr{unnamed}", unnamed + 1
            if name.lower() in seen:
                raise SoqlError("MALFORMED_QUERY", f"duplicate alias: {name}")
            seen.add(name.lower())
            keys.append((name, operand.kind))
            columns.append(self._column(name, item, operand))
        return tuple(keys), tuple(columns)

    def _column(self, name: str, item: FieldItem, operand: Operand) -> Column:
        if isinstance(item.expression, Path):
            return column_of(name, operand)
        return column_of(name, operand, _shown(item.expression), aggregate=True)

    def _body(self, grouping_set: frozenset[int], where: str) -> str:
        operands = self._operands(grouping_set)
        grouped = [comparable(o) for n, o in enumerate(self._by_key.values()) if n in grouping_set]
        by = f" GROUP BY {', '.join(grouped) or 'NULL'}" if self._query.group_by else ""
        having = ""
        if self._query.having is not None:
            for expression in _operands_of(self._query.having):
                self._check_grouped(expression, "Field must be grouped or aggregated")
            having = " HAVING " + self._level.conditions(operands).sql(self._query.having)
        return f" FROM {self._scope.tables('select', 'filter')}{where}{by}{having}"

    def _terms(self, operands: Operands) -> list[Term]:
        terms: list[Term] = []
        for order in self._query.order_by:
            operand = operands.of(order.expression)
            check_sortable(operand, self._scope)
            terms += sort_terms(order, operand, self._scope)
        return terms

    def _selected(self, items: Sequence[FieldItem], operands: Operands) -> list[str]:
        return [self._value(item.expression, operands).sql for item in items]

    def _single(self, items: Sequence[FieldItem], where: str) -> str:
        operands = self._operands(self._sets[0])
        selected, terms = self._selected(items, operands), self._terms(operands)
        return f"SELECT {', '.join(selected)}{self._body(self._sets[0], where)}{order_clause(terms)}"

    def _united(self, items: Sequence[FieldItem], where: str) -> str:
        parts, sides = [], list[str]()
        for grouping_set in self._sets:
            operands = self._operands(grouping_set)
            terms = self._terms(operands) or self._subtotals_last(grouping_set)
            sides = [_outer_side(n, term) for n, term in enumerate(terms)]
            columns = [f"{sql} AS v{n}" for n, sql in enumerate(self._selected(items, operands))]
            columns += [f"{sql} AS o{n}" for n, (sql, _) in enumerate(terms)]
            parts.append(f"SELECT {', '.join(columns)}{self._body(grouping_set, where)}")
        names = ", ".join(f"v{n}" for n in range(len(items)))
        return f"SELECT {names} FROM ({' UNION ALL '.join(parts)}) ORDER BY {', '.join(sides)}"

    def _subtotals_last(self, grouping_set: frozenset[int]) -> list[Term]:
        terms: list[Term] = []
        for n, operand in enumerate(self._by_key.values()):
            there = n in grouping_set
            terms += [("0" if there else "1", "ASC"), (operand.sql if there else "NULL", "ASC NULLS FIRST")]
        return terms


def _outer_side(place: int, term: Term) -> str:
    """Return how the united rows sort by a column: the collation does not come through a union by itself."""
    sql, side = term
    return f"o{place} {'COLLATE BINARY ' if sql.endswith('COLLATE BINARY') else 'COLLATE NOCASE '}{side}"


def _rolled_up(count: int, *, cube: bool) -> Iterator[frozenset[int]]:
    for size in range(count, -1, -1):
        if cube:
            yield from (frozenset(c) for c in combinations(range(count), size))
        else:
            yield frozenset(range(size))


def _shown(expression: Expression) -> str:
    """Return an expression as messages and display names show it: avg(Amount)."""
    if isinstance(expression, Path):
        return str(expression)
    arguments = (_shown(a) for a in expression.arguments if isinstance(a, (Path, Call)))
    return f"{expression.function.lower()}({', '.join(arguments)})"


def _paths(expression: Expression) -> Iterator[Path]:
    if isinstance(expression, Path):
        yield expression
        return
    for argument in expression.arguments:
        if isinstance(argument, (Path, Call)):
            yield from _paths(argument)


def _operands_of(condition: Condition) -> Iterator[Expression]:
    if isinstance(condition, Not):
        yield from _operands_of(condition.part)
    elif isinstance(condition, (And, Or)):
        for part in condition.parts:
            yield from _operands_of(part)
    elif isinstance(condition, (Comparison, Membership)):
        yield condition.left
    else:
        raise SoqlUnsupported("semi-joins in HAVING")
