"""DuckMirror: the columnar copy of the mapped fields in one DuckDB file, each watermark in the same transaction as its rows.

Filled and read by pull. Disposable: delete the file and the next run reads everything again. It knows tables and
columns, nothing of Salesforce; what a column means is the mapping's business. Rows about people on the suppression list stay out.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from crm_sync.errors import PermanentError, TemporaryError, WrongOrgError
from crm_sync.lifecycle.forgetting import without
from crm_sync.ports import Batch, Stamp
from crm_sync.state.folder import private_folder
from crm_sync.state.suppression import Suppression

FORMAT = "1"
ENGINE: dict[str, str | bool | int | float | list[str]] = {"memory_limit": "80MB", "threads": 1}
"""It would take most of the machine else; what needs more memory it works on in the file's folder."""
ROWS_AT_ONCE = 65_536
UNMAPPED_SCHEMA = pa.schema(
    [("object", pa.string()), ("id", pa.string()), ("field", pa.string()), ("value", pa.string())]
)
_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")
_HELD = re.compile(r"^(rows|merged)_")
_SQL_TYPES = {
    pa.string(): "VARCHAR",
    pa.float64(): "DOUBLE",
    pa.bool_(): "BOOLEAN",
    pa.date32(): "DATE",
    pa.timestamp("us", "UTC"): "TIMESTAMP",
    pa.list_(pa.string()): "VARCHAR[]",
}
_START = """
CREATE TABLE IF NOT EXISTS meta (key VARCHAR PRIMARY KEY, value VARCHAR NOT NULL);
CREATE TABLE IF NOT EXISTS progress (
    name VARCHAR PRIMARY KEY, fingerprint VARCHAR NOT NULL, watermark TIMESTAMP, watermark_id VARCHAR);
CREATE TABLE IF NOT EXISTS unmapped (object VARCHAR, id VARCHAR, field VARCHAR, value VARCHAR);
"""


SCREENED = "screened"
"""The version of the suppression list that this file was screened with, in `meta`."""


class DuckMirror:
    """One mirror file. `salt` keys the one-way transforms of values that must not be readable here."""

    def __init__(
        self, database: duckdb.DuckDBPyConnection, path: Path | None, salt: bytes, suppression: Suppression | None
    ) -> None:
        self._database = database
        self._path = path
        self._salt = salt
        self._suppression = suppression
        self._lock = threading.RLock()
        self._schemas: dict[str, pa.Schema] = {}
        self._start()

    @classmethod
    def open(cls, path: Path, salt: bytes, suppression: Suppression | None = None) -> DuckMirror:
        """Open or make the mirror file, in a folder of this user alone; whoever `suppression` names stays out."""
        private_folder(path.parent)
        try:
            return cls(duckdb.connect(str(path), config=ENGINE), path, salt, suppression)
        except duckdb.IOException as error:
            if "lock" in str(error).lower():
                raise TemporaryError(f"Another process has {path} open. Wait for it, or stop it.") from error
            raise _unreadable(path) from error
        except (duckdb.Error, ValueError) as error:
            raise _unreadable(path) from error

    @classmethod
    def in_memory(cls, salt: bytes) -> DuckMirror:
        """Make a mirror that ends with this process."""
        return cls(duckdb.connect(":memory:"), None, salt, None)

    @property
    def salt(self) -> bytes:
        """The secret of the one-way transforms."""
        return self._salt

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    def claim(self, org_id: str) -> None:
        """Bind an empty mirror to this org; raises WrongOrgError when it holds another org's rows."""
        with self._transaction():
            found = dict(self._database.execute("SELECT key, value FROM meta").fetchall())
            if "org_id" not in found:
                self._database.execute("INSERT INTO meta VALUES ('org_id', ?), ('format', ?)", [org_id, FORMAT])
                return
        if found["org_id"] != org_id:
            raise WrongOrgError(
                f"The mirror {self._path or ''} holds rows of the org {found['org_id']}; this is {org_id}. A refreshed "
                "sandbox has a new id. If the new org is meant, delete the file and the next run reads everything."
            )
        if found["format"] != FORMAT:
            raise PermanentError(f"The mirror {self._path or ''} was made by another version. Delete the file.")

    def prepare(self, name: str, schema: pa.Schema, fingerprint: str) -> None:
        """Make the table ready; a new fingerprint empties it and its watermark.

        The last known state of merged records is kept, column by column: the org may have purged them since.
        """
        self._schemas[name] = schema
        with self._transaction():
            known = self._database.execute("SELECT fingerprint FROM progress WHERE name = ?", [name]).fetchall()
            if known == [(fingerprint,)]:
                return
            kept = self._fetch(f"SELECT * FROM {_merged(name)}") if known else None
            for table in (_rows(name), _merged(name)):
                self._database.execute(f"CREATE OR REPLACE TABLE {table} ({_columns(schema)})")
            if kept is not None:
                self._insert(_merged(name), _reshaped(kept, schema))
            self._database.execute("DELETE FROM unmapped WHERE object = ?", [name])
            self._database.execute("INSERT OR REPLACE INTO progress VALUES (?, ?, NULL, NULL)", [name, fingerprint])

    def watermark(self, name: str) -> Stamp | None:
        """Return how far this table has come; None when it is to be read whole."""
        query = "SELECT watermark, watermark_id FROM progress WHERE name = ?"
        with self._lock:
            found = self._database.execute(query, [name]).fetchall()
        return Stamp(found[0][0].replace(tzinfo=UTC), found[0][1]) if found and found[0][0] is not None else None

    def apply(self, name: str, batch: Batch, watermark: Stamp | None) -> None:
        """Write one page and its watermark in one transaction; `watermark` None leaves the old one."""
        with self._transaction():
            self._write(name, batch)
            self._advance(name, watermark)

    def replace(self, name: str, batches: Iterable[Batch], watermark: Stamp | None) -> None:
        """Replace a whole table in one transaction."""
        with self._transaction():
            self._database.execute(f"DELETE FROM {_rows(name)}")
            self._database.execute("DELETE FROM unmapped WHERE object = ?", [name])
            for batch in batches:
                self._write(name, batch)
            self._advance(name, watermark)

    def forget(self, name: str, ids: Sequence[str]) -> None:
        """Delete rows that the org no longer has."""
        with self._transaction():
            self._delete(name, pa.table({"id": pa.array(ids, pa.string())}), (_rows(name),))

    def screen(self) -> int:
        """Take out whoever is on the suppression list, unless that was done; returns how many rows it was.

        The file is written anew even if nothing was left to take out: deleted rows stay readable in an old one.
        """
        if self._suppression is None:
            return 0
        with self._lock:
            noted = dict(self._database.execute("SELECT key, value FROM meta").fetchall())
            if self._suppression.covers(noted.get(SCREENED)):
                return 0
            version = self._suppression.version
            names = [row[0] for row in self._database.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
            gone = sum(self._screen(table) for table in sorted(names) if table == "unmapped" or _HELD.match(table))
            self._rewrite()
            self._database.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", [SCREENED, version])
        return gone

    def ids(self, name: str) -> pa.ChunkedArray:
        """Return the ids of all rows, in order."""
        with self._lock:
            return self._fetch(f"SELECT id FROM {_rows(name)} ORDER BY id").column("id")

    def table(self, name: str) -> pa.Table:
        """Return all rows in id order, so that the order in which they came can decide nothing."""
        return self._all_of(_rows(name), self._schemas[name])

    def merged(self, name: str) -> pa.Table:
        """Return the last known state of records that were merged into others, in id order."""
        return self._all_of(_merged(name), self._schemas[name])

    def unmapped(self) -> pa.Table:
        """Return the picklist values nothing translates."""
        with self._lock:
            return self._fetch("SELECT * FROM unmapped ORDER BY ALL").cast(UNMAPPED_SCHEMA)

    def _write(self, name: str, batch: Batch) -> None:
        gone = pa.table({"id": pa.array(batch.deleted_ids, pa.string())})
        touched = pa.concat_tables([batch.rows.select(["id"]), gone])
        self._delete(name, touched, (_rows(name), _merged(name)))
        rows = self._allowed(name, batch.rows)
        self._insert(_rows(name), rows)
        self._insert(_merged(name), self._allowed(name, batch.merged))
        strange = batch.unmapped
        if rows is not batch.rows:
            strange = strange.filter(pc.is_in(strange["id"], value_set=rows["id"].combine_chunks()))
        self._insert("unmapped", strange)

    def _allowed(self, name: str, rows: pa.Table) -> pa.Table:
        return rows if self._suppression is None else without(name, rows, self._suppression.names)

    def _screen(self, table: str) -> int:
        """Screen one table; returns how many of its rows went or changed."""
        held = self._fetch(f'SELECT * FROM "{table}"')
        held = held.cast(pa.schema([(field.name, _known(field.type)) for field in held.schema]))
        kept = self._allowed(_HELD.sub("", table), held)
        if kept is held:
            return 0
        with self._transaction():
            self._database.execute(f'DELETE FROM "{table}"')
            self._insert(f'"{table}"', kept)
        return max(1, int(held.num_rows - kept.num_rows))

    def _rewrite(self) -> None:
        """Write the file anew, so that nothing of deleted rows is left in it; a crash leaves the old one or the new one."""
        if self._path is None:
            return
        fresh = self._path.with_name(f"{self._path.name}.fresh")
        beside = [path.with_name(f"{path.name}.wal") for path in (fresh, self._path)]
        for left in (fresh, beside[0]):
            left.unlink(missing_ok=True)
        name = self._database.execute("SELECT current_database()").fetchall()[0][0]
        self._database.execute(f"ATTACH {_quoted(str(fresh))} AS fresh")
        self._database.execute(f'COPY FROM DATABASE "{name}" TO fresh')
        self._database.execute("DETACH fresh")
        self._database.close()
        beside[1].unlink(missing_ok=True)
        fresh.replace(self._path)
        self._database = duckdb.connect(str(self._path), config=ENGINE)
        self._start()

    def _start(self) -> None:
        self._database.execute("SET python_enable_replacements = false")
        self._database.execute(_START)

    def _delete(self, name: str, ids: pa.Table, tables: tuple[str, ...]) -> None:
        if not ids.num_rows:
            return
        self._database.register("incoming", ids)
        for table in tables:
            self._database.execute(f"DELETE FROM {table} WHERE id IN (SELECT id FROM incoming)")
        self._database.execute("DELETE FROM unmapped WHERE object = ? AND id IN (SELECT id FROM incoming)", [name])
        self._database.unregister("incoming")

    def _insert(self, table: str, rows: pa.Table) -> None:
        if not rows.num_rows:
            return
        self._database.register("incoming", _without_zone(rows))
        self._database.execute(f"INSERT INTO {table} BY NAME SELECT * FROM incoming")
        self._database.unregister("incoming")

    def _advance(self, name: str, watermark: Stamp | None) -> None:
        if watermark is not None:
            moment = watermark.system_modstamp.astimezone(UTC).replace(tzinfo=None)
            self._database.execute(
                "UPDATE progress SET watermark = ?, watermark_id = ? WHERE name = ?",
                [moment, watermark.record_id, name],
            )

    def _all_of(self, table: str, schema: pa.Schema) -> pa.Table:
        """Read a table in id order, a part at a time, so that it is never in memory twice, nor sorted as a whole."""
        with self._lock:
            parts = (self._part(table, first, last) for first, last in self._bounds(table))
            return pa.concat_tables([schema.empty_table(), *(_packed(_reshaped(part, schema)) for part in parts)])

    def _bounds(self, table: str) -> list[tuple[str, str]]:
        """Give the first and the last id of each part."""
        ids = self._fetch(f"SELECT id FROM {table} ORDER BY id").column("id").combine_chunks()
        parts = [ids[start : start + ROWS_AT_ONCE] for start in range(0, len(ids), ROWS_AT_ONCE)]
        return [(part[0].as_py(), part[-1].as_py()) for part in parts]

    def _part(self, table: str, first: str, last: str) -> pa.Table:
        query = f"SELECT * FROM {table} WHERE id BETWEEN ? AND ? ORDER BY id"
        return self._database.sql(query, params=[first, last]).to_arrow_table()

    def _fetch(self, query: str) -> pa.Table:
        return self._database.sql(query).to_arrow_table()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._lock:
            self._database.execute("BEGIN TRANSACTION")
            try:
                yield
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _rows(name: str) -> str:
    return f'"rows_{_checked(name)}"'


def _merged(name: str) -> str:
    return f'"merged_{_checked(name)}"'


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name for a table or column: expected small letters, digits and underscores")
    return name


def _columns(schema: pa.Schema) -> str:
    return ", ".join(f'"{_checked(field.name)}" {_SQL_TYPES[field.type]}' for field in schema)


def _without_zone(rows: pa.Table) -> pa.Table:
    """Store times as UTC without saying so: zoned times would need a DuckDB extension."""
    fields = [
        pa.field(field.name, pa.timestamp("us")) if pa.types.is_timestamp(field.type) else field
        for field in rows.schema
    ]
    return rows.cast(pa.schema(fields))


def _reshaped(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """Give rows exactly these columns and types; a column they lack, or hold as another type, is all null."""
    arrays = [
        rows.column(field.name).cast(field.type) if _holds(rows, field) else pa.nulls(rows.num_rows, field.type)
        for field in schema
    ]
    return pa.table(arrays, schema=schema)


def _holds(rows: pa.Table, field: pa.Field) -> bool:
    return field.name in rows.column_names and _known(rows.column(field.name).type) == field.type


def _known(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_timestamp(kind):
        return pa.timestamp("us", "UTC")
    if pa.types.is_list(kind):
        return pa.list_(pa.string())
    return pa.string() if pa.types.is_large_string(kind) or pa.types.is_string_view(kind) else kind


def _unreadable(path: Path) -> PermanentError:
    return PermanentError(
        f"{path} cannot be read as a mirror. Delete the file and the next run reads everything again."
    )


def _packed(rows: pa.Table) -> pa.Table:
    """Copy rows into one piece of memory of just their size; in the engine's own there is room for half as many more."""
    counted = pa.MockOutputStream()
    with pa.ipc.new_stream(counted, rows.schema) as stream:
        stream.write_table(rows)
    memory = pa.allocate_buffer(counted.size())
    with pa.ipc.new_stream(pa.FixedSizeBufferWriter(memory), rows.schema) as stream:
        stream.write_table(rows)
    return pa.ipc.open_stream(memory).read_all()
