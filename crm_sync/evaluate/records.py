"""Snapshot -> typed SQL views: every table and column a decision needs, whether or not the org showed it.

Used by every module of `evaluate`. A table or column that is absent or unreadable becomes a column of nulls and is
remembered as blind, so that what is counted from rows nobody could see is unknown and not zero. A picklist value that is
none of its mapping's (`Falling` for `falling`) is null, and so is a list that holds one. DuckDB is a calculator over the
given Arrow tables here: nothing is read from or written to a disk. Not here: any decision.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from crm_sync.evaluate.columns import NUMBER, TEXT, TEXTS, TIME, wanted_columns
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
    """Give the snapshot as typed views, every wanted column present, and `unmapped`: values that no mapping translates."""
    many = max((table.num_rows for table in snapshot.tables.values()), default=0) > BATCH
    connection = duckdb.connect(":memory:", config=SETTINGS) if many else _small().cursor()
    blind: set[tuple[str, str]] = set()
    connection.register("shown_unmapped", snapshot.unmapped)
    strange = ["SELECT object, id, field FROM shown_unmapped"]
    for mapping, columns in wanted_columns(program).items():
        table = snapshot.tables.get(mapping)
        unreadable = {field for name, field in snapshot.unreadable if name == mapping}
        readable = set() if table is None else set(table.column_names) - unreadable
        blind |= {(mapping, column) for column in columns if column not in readable}
        losers = snapshot.tables.get(losers_of(mapping)) if mapping in INHERITED else None
        merged = losers is not None and losers.num_rows > 0
        name, values = own_rows(mapping) if merged else mapping, _values(program, mapping)
        shown = _shown(connection, name, [column for column in columns if column in readable], table)
        lost = _view(connection, name, columns, shown, values)
        strange += [f"SELECT '{mapping}', id, '{column}' FROM shown_{name} WHERE {sql}" for column, sql in lost.items()]
        if losers is not None and merged:
            former = {**columns, "master_record": TEXT}
            said = _shown(connection, losers_of(mapping), [c for c in former if c in losers.column_names], losers)
            _view(connection, losers_of(mapping), former, said, values)
            inherit(connection, mapping, columns)
    know_everybody(connection, snapshot)
    connection.execute(f"CREATE TEMP VIEW unmapped AS {' UNION ALL '.join(strange)}")
    return Records(connection, frozenset(blind), snapshot.as_of, many)


@cache
def _small() -> duckdb.DuckDBPyConnection:
    """Give the calculator that all small snapshots share; what each makes of it, only its own connection sees."""
    return duckdb.connect(":memory:", config=SETTINGS | {"threads": 1})


def _shown(
    connection: duckdb.DuckDBPyConnection, name: str, columns: Sequence[str], table: pa.Table | None
) -> pa.Table:
    """Register what can be read of a table."""
    rows = pa.table({"nothing": pa.nulls(table.num_rows if table is not None else 0)})
    if table is not None and columns:
        rows = table.select(columns)
    connection.register(f"shown_{name}", pa.Table.from_batches(rows.to_batches(max_chunksize=BATCH), rows.schema))
    return rows


def _values(program: Program, mapping: str) -> Mapping[str, Sequence[str]]:
    """Give the program values of a mapping's picklists."""
    fields = program.mappings[mapping].fields if mapping in program.mappings else {}
    return {name: field.program_values for name, field in fields.items() if field.program_values}


def _view(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    columns: Mapping[str, str],
    shown: pa.Table,
    values: Mapping[str, Sequence[str]],
) -> Mapping[str, str]:
    """Create one typed view, and say, as SQL, where its picklists hold values that are none of theirs."""
    typed = {column: f"CAST(NULL AS {kind})" for column, kind in columns.items()}
    typed |= {c: _typed(c, columns[c], shown[c], values.get(c, ())) for c in shown.column_names if c in columns}
    selected = ", ".join(f'{sql} AS "{column}"' for column, sql in typed.items())
    connection.execute(f'CREATE TEMP VIEW "{name}" AS SELECT {selected} FROM shown_{name}')
    unclean = [c for c in shown.column_names if c in values and typed[c] != f'"{c}"' and "id" in shown.column_names]
    return {column: f'"{column}" IS NOT NULL AND ({typed[column]}) IS NULL' for column in unclean}


def _typed(name: str, kind: str, shown: pa.ChunkedArray, values: Sequence[str]) -> str:
    """Give one column in its type; what is no number, empty text, and a value that is none of a picklist's, is null."""
    own = f'CAST("{name}" AS {kind})'
    if _is_clean(kind, shown, values):
        return f'"{name}"'
    if values:
        listed = ", ".join(map(text_sql, values))
        each = f"len(list_filter({own}, lambda one: one IN ({listed}))) = len({own})"
        return f"CASE WHEN {each if kind == TEXTS else f'{own} IN ({listed})'} THEN {own} END"
    if kind == NUMBER:
        return f"CASE WHEN isfinite({own}) THEN {own} END"
    if kind == TIME:
        return f'make_timestamp(epoch_us("{name}"))'
    if kind == TEXT:
        return f"nullif({own}, '')"
    return own


def _is_clean(kind: str, shown: pa.ChunkedArray, values: Sequence[str]) -> bool:
    """Whether a column can be taken as it is: its own values, text of which none is empty, or finite numbers."""
    if values:
        several = pa.types.is_list(shown.type)
        given = pc.list_flatten(shown) if several else shown
        allowed = {*values} if several else {*values, None}
        return given.type == pa.string() and set(pc.unique(given).to_pylist()) <= allowed
    if kind == TEXT and shown.type == pa.string():
        return bool(pc.min(pc.binary_length(shown)).as_py() != 0)
    return bool(kind == NUMBER and shown.type == pa.float64() and pc.all(pc.is_finite(shown)).as_py() is not False)


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
