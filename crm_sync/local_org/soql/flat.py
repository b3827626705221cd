"""Bulk's way out: one flat row per record, formatted inside SQLite, streamed.

    RowPlan --> tuples of CSV scalars, or blocks of finished CSV lines

Bulk prints date-times with Z, booleans as true and false, doubles as Java does (1.0E7), null as nothing. Nothing is held but one block.
Called by statement. Not here: which queries Bulk takes is said here too (`objection`), jobs and pages are not.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from itertools import chain
from operator import itemgetter

from crm_sync.local_org.soql.errors import SoqlError
from crm_sync.local_org.soql.operands import Operand
from crm_sync.local_org.soql.rows import RowPlan
from crm_sync.local_org.soql.sql import SqlValue
from crm_sync.local_org.soql.syntax import Call, FieldItem, Query, SubqueryItem, TypeOf

_FETCH = 5_000
_NEVER_QUOTES = frozenset({"id", "boolean", "int", "double", "date", "datetime", "time"})


def objection(query: Query, flat: Sequence[tuple[str, Operand]]) -> SoqlError | None:
    """Return why Bulk does not take a query, in the API's words where they are known."""
    kinds = {operand.kind for _, operand in flat}
    calls = {i.expression.function for i in query.select if isinstance(i, FieldItem) and isinstance(i.expression, Call)}
    reasons = {
        "Aggregate Relationships not supported in Bulk Query": any(isinstance(i, SubqueryItem) for i in query.select),
        "TYPEOF not supported in Bulk Query": any(isinstance(i, TypeOf) for i in query.select),
        "FIELDS function not supported in Bulk Query": "FIELDS" in calls,
        "OFFSET not supported in Bulk Query": query.offset is not None,
        "Selecting compound data not supported in Bulk Query": "address" in kinds,
        "Selecting binary data not supported in Bulk Query": "base64" in kinds,
    }
    found = next((reason for reason, holds in reasons.items() if holds), None)
    return SoqlError("API_ERROR", found) if found else None


def rows(plan: RowPlan, connection: sqlite3.Connection) -> Iterator[tuple[str | int | float | None, ...]]:
    """Stream the records as tuples of scalars."""
    columns = ", ".join(_printed(operand) for _, operand in plan.flat)
    found = connection.execute(f"SELECT {columns}{plan.flat_tail}", plan.parameters)
    return chain.from_iterable(iter(lambda: found.fetchmany(_FETCH), []))


def csv_blocks(
    plan: RowPlan, connection: sqlite3.Connection, delimiter: str, line_ending: str, rows_per_block: int
) -> Iterator[tuple[int, str]]:
    """Stream (number of rows, CSV text) blocks, every value in double quotes, without the header."""
    values: dict[str, SqlValue] = plan.bound(comma=f'"{delimiter}"', end=f'"{line_ending}')
    pieces = ["'\"'"]
    for n, (_, operand) in enumerate(plan.flat):
        pieces += [":comma"] if n else []
        pieces.append(_cell(operand))
    pieces.append(":end")
    found = connection.execute(f"SELECT {_joined(pieces)}{plan.flat_tail}", values)
    line = itemgetter(0)
    while block := found.fetchmany(rows_per_block):
        yield len(block), "".join(map(line, block))


def _printed(operand: Operand) -> str:
    if operand.kind == "boolean":
        return f"CASE {operand.sql} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END"
    if operand.kind == "double":
        plain = f"abs({operand.sql}) >= 0.001 AND abs({operand.sql}) < 10000000 OR {operand.sql} = 0"
        return f"CASE WHEN {plain} OR {operand.sql} IS NULL THEN {operand.sql} ELSE soql_scientific({operand.sql}) END"
    return f"substr({operand.sql}, 1, 23) || 'Z'" if operand.kind == "datetime" else operand.sql


def _cell(operand: Operand) -> str:
    printed = _printed(operand)
    if operand.kind not in _NEVER_QUOTES:
        printed = f"replace({printed}, '\"', '\"\"')"
    return f"ifnull({printed}, '')"


def _joined(pieces: Sequence[str]) -> str:
    """Concatenate as a balanced tree: SQLite limits the depth of an expression, not its length."""
    if len(pieces) == 1:
        return pieces[0]
    middle = len(pieces) // 2
    return f"({_joined(pieces[:middle])} || {_joined(pieces[middle:])})"
