"""DuckMirror: the columnar copy of the mapped fields in one DuckDB file, each watermark in the same transaction as its rows.

Filled and read by pull. Disposable: delete the file and the next run reads everything again. It knows tables and
columns, nothing of Salesforce; what a column means is the mapping's business.
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

from crm_sync.errors import PermanentError, TemporaryError, WrongOrgError
from crm_sync.ports import Batch, Stamp
from crm_sync.state.folder import private_folder

FORMAT = "1"
UNMAPPED_SCHEMA = pa.schema(
    [("object", pa.string()), ("id", pa.string()), ("field", pa.string()), ("value", pa.string())]
)
_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")
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


class DuckMirror:
    """One mirror file. `salt` keys the one-way transforms of values that must not be readable here."""

    def __init__(self, database: duckdb.DuckDBPyConnection, path: Path | None, salt: bytes) -> None:
        self._database = database
        self._path = path
        self._salt = salt
        self._lock = threading.RLock()
        self._schemas: dict[str, pa.Schema] = {}
        database.execute("SET python_enable_replacements = false")
        database.execute(_START)

    @classmethod
    def open(cls, path: Path, salt: bytes) -> DuckMirror:
        """Open or make the mirror file, in a folder of this user alone."""
        private_folder(path.parent)
        try:
            return cls(duckdb.connect(str(path)), path, salt)
        except duckdb.IOException as error:
            if "lock" in str(error).lower():
                raise TemporaryError(f"Another process has {path} open. Wait for it, or stop it.") from error
            raise _unreadable(path) from error
        except (duckdb.Error, ValueError) as error:
            raise _unreadable(path) from error

    @classmethod
    def in_memory(cls, salt: bytes) -> DuckMirror:
        """Make a mirror that ends with this process."""
        return cls(duckdb.connect(":memory:"), None, salt)

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
            if not found:
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

    def ids(self, name: str) -> pa.ChunkedArray:
        """Return the ids of all rows, in order."""
        with self._lock:
            return self._fetch(f"SELECT id FROM {_rows(name)} ORDER BY id").column("id")

    def table(self, name: str) -> pa.Table:
        """Return all rows in id order, so that the order in which they came can decide nothing."""
        with self._lock:
            return _reshaped(self._fetch(f"SELECT * FROM {_rows(name)} ORDER BY id"), self._schemas[name])

    def merged(self, name: str) -> pa.Table:
        """Return the last known state of records that were merged into others, in id order."""
        with self._lock:
            return _reshaped(self._fetch(f"SELECT * FROM {_merged(name)} ORDER BY id"), self._schemas[name])

    def unmapped(self) -> pa.Table:
        """Return the picklist values nothing translates."""
        with self._lock:
            return self._fetch("SELECT * FROM unmapped ORDER BY ALL").cast(UNMAPPED_SCHEMA)

    def _write(self, name: str, batch: Batch) -> None:
        gone = pa.table({"id": pa.array(batch.deleted_ids, pa.string())})
        touched = pa.concat_tables([batch.rows.select(["id"]), gone])
        self._delete(name, touched, (_rows(name), _merged(name)))
        self._insert(_rows(name), batch.rows)
        self._insert(_merged(name), batch.merged)
        self._insert("unmapped", batch.unmapped)

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
