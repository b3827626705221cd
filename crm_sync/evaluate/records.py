"""Snapshot -> typed SQL views: every table and column a decision needs, whether or not the org showed it.

Used by every module of `evaluate`. A table or column that is absent or unreadable becomes a column of nulls and is
remembered as blind, so that what is counted from rows nobody could see is unknown and not zero. DuckDB is a calculator
over the given Arrow tables here: nothing is read from or written to a disk. Not here: any decision.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from crm_sync.evaluate.columns import wanted_columns
from crm_sync.evaluate.merged import INHERITED, inherit, know_everybody, losers_of, own_rows
from crm_sync.model.snapshot import Snapshot
from crm_sync.program import Program

SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": "false",
    "python_enable_replacements": "false",
}

BATCH = 122_880
"""Rows that one thread takes at a time."""


@dataclass(frozen=True)
class Records:
    """One snapshot as views named by mapping, with `blind` (mapping, column) pairs that nobody could read.

    `many`: some table has so many rows that they are worth several threads and plans of their own.
    """

    connection: duckdb.DuckDBPyConnection
    blind: frozenset[tuple[str, str]]
    as_of: datetime
    many: bool

    @property
    def today(self) -> date:
        """The UTC calendar day decisions are made for."""
        return self.as_of.date()

    @property
    def today_sql(self) -> str:
        """Today as a SQL literal."""
        return f"DATE '{self.today}'"

    def is_blind(self, mapping: str, *columns: str) -> bool:
        """Whether any of these columns could not be read."""
        return any((mapping, column) in self.blind for column in columns)

    def create(self, name: str, query: str) -> None:
        """Compute a query once and keep its rows under this name."""
        self.connection.execute(f"CREATE TEMP TABLE {name} AS {query}")

    def view(self, name: str, query: str) -> None:
        """Give a query a name, in place of what had it before."""
        self.connection.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS {query}")

    def keep(self, name: str, table: pa.Table) -> None:
        """Make an Arrow table readable under this name."""
        self.connection.register(name, table)

    def arrow(self, query: str) -> pa.Table:
        """Run a query and give its rows as columns."""
        return self.connection.sql(query).to_arrow_table()

    def rows(self, query: str) -> list[dict[str, Any]]:
        """Run a query and give its rows; for what is few or shown."""
        answer = self.connection.execute(query)
        names = [column[0] for column in answer.description or ()]
        return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]


def open_records(snapshot: Snapshot, program: Program) -> Records:
    """Give the snapshot as typed views, every wanted column present."""
    many = max((table.num_rows for table in snapshot.tables.values()), default=0) > BATCH
    connection = duckdb.connect(":memory:", config=SETTINGS if many else SETTINGS | {"threads": 1})
    blind: set[tuple[str, str]] = set()
    for mapping, columns in wanted_columns(program).items():
        table = snapshot.tables.get(mapping)
        unreadable = {field for name, field in snapshot.unreadable if name == mapping}
        readable = set() if table is None else set(table.column_names) - unreadable
        blind |= {(mapping, column) for column in columns if column not in readable}
        losers = snapshot.tables.get(f"merged_{mapping}") if mapping in INHERITED else None
        if losers is None or not losers.num_rows:
            _view(connection, mapping, columns, readable, table)
            continue
        _view(connection, own_rows(mapping), columns, readable, table)
        _view(connection, losers_of(mapping), {**columns, "master_record": "VARCHAR"}, set(losers.column_names), losers)
        inherit(connection, mapping, columns)
    know_everybody(connection, snapshot)
    return Records(connection, frozenset(blind), snapshot.as_of, many)


def _view(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    columns: Mapping[str, str],
    readable: set[str],
    table: pa.Table | None,
) -> None:
    shown = [column for column in columns if column in readable]
    rows = pa.table({"nothing": pa.nulls(table.num_rows if table is not None else 0)})
    if table is not None and shown:
        rows = table.select(shown)
    connection.register(f"shown_{name}", pa.Table.from_batches(rows.to_batches(max_chunksize=BATCH), rows.schema))
    selected = [
        f'{_typed(column, kind, rows[column]) if column in readable else f"CAST(NULL AS {kind})"} AS "{column}"'
        for column, kind in columns.items()
    ]
    connection.execute(f'CREATE TEMP VIEW "{name}" AS SELECT {", ".join(selected)} FROM shown_{name}')


def _typed(column: str, kind: str, shown: pa.ChunkedArray) -> str:
    """Give one column in its type; what is not a number, and empty text, is null."""
    value = f'"{column}"'
    if _is_clean(kind, shown):
        return value
    if kind == "DOUBLE":
        return f"CASE WHEN isfinite(CAST({value} AS DOUBLE)) THEN CAST({value} AS DOUBLE) END"
    if kind == "TIMESTAMP":
        return f"make_timestamp(epoch_us({value}))"
    if kind == "VARCHAR":
        return f"nullif(CAST({value} AS VARCHAR), '')"
    return f"CAST({value} AS {kind})"


def _is_clean(kind: str, shown: pa.ChunkedArray) -> bool:
    """Whether a column can be taken as it is: text of which none is empty, or numbers which are all finite."""
    if kind == "VARCHAR" and shown.type == pa.string():
        return bool(pc.min(pc.binary_length(shown)).as_py() != 0)
    return bool(kind == "DOUBLE" and shown.type == pa.float64() and pc.all(pc.is_finite(shown)).as_py() is not False)


def text_sql(value: str) -> str:
    """Give a text as a SQL literal."""
    return "'" + value.replace("'", "''") + "'"


def list_sql(values: Iterable[str]) -> str:
    """Give texts as the right side of IN; of none, a list that holds nothing."""
    return "(" + (", ".join(text_sql(value) for value in values) or "NULL") + ")"


def any_true(truth: str) -> str:
    """Aggregate Kleene's `or`: true if any is true, else unknown if any is unknown, else false."""
    return f"CASE WHEN bool_or({truth}) THEN true WHEN bool_or(({truth}) IS NULL) THEN NULL ELSE false END"


def all_true(truths: Sequence[str]) -> str:
    """Combine truths by `and`; of none, true."""
    return " AND ".join(f"({truth})" for truth in truths) or "true"
