"""The SQLite database under the org: connections, tables, counters and the commit journal.

One writer at a time, many readers (WAL). Called by org and transactions; rows are written by records alone.
The journal is append-only: sequence, time (the stamp rows got), actor, object, record, action, before, after and
visible_at (the org's clock when others could first see it, later than `time` under the stamp-lag fault).
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from crm_sync.local_org.layout import column_sql, index_sql, quoted
from crm_sync.local_org.schema import ObjectType, Schema

_OWN_TABLES = """
CREATE TABLE IF NOT EXISTS _counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS _prefixes (object TEXT PRIMARY KEY, prefix TEXT NOT NULL UNIQUE) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS _facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS _files (path TEXT PRIMARY KEY, content BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS _journal (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT, time TEXT NOT NULL, actor TEXT NOT NULL, object TEXT NOT NULL,
  record_id TEXT NOT NULL, action TEXT NOT NULL, before TEXT, after TEXT, visible_at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS _journal_by_object ON _journal (object, action, visible_at);
CREATE TRIGGER IF NOT EXISTS _journal_keeps BEFORE UPDATE ON _journal BEGIN SELECT RAISE(ABORT, 'append only'); END;
CREATE TRIGGER IF NOT EXISTS _journal_stays BEFORE DELETE ON _journal BEGIN SELECT RAISE(ABORT, 'append only'); END;
CREATE TABLE IF NOT EXISTS _messages (
  id TEXT PRIMARY KEY, rule TEXT NOT NULL, object TEXT NOT NULL, record_id TEXT NOT NULL, queued_at TEXT NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0, next_at TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'waiting', error TEXT) WITHOUT ROWID;
"""


class Store:
    """A database file, or a private temporary one that is deleted on close when no path is given."""

    def __init__(self, path: Path | None, prepare: Callable[[sqlite3.Connection], None]) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="local-org-")) if path is None else None
        self.path = path or Path(str(self._folder), "org.sqlite")
        self._prepare = prepare
        self._durable = path is not None
        self._write_lock = threading.RLock()
        self._idle: list[sqlite3.Connection] = []
        self._all: list[sqlite3.Connection] = []
        self._pool_lock = threading.Lock()
        self._writer = self.connect()
        self._writer.executescript(_OWN_TABLES)

    @property
    def work_folder(self) -> Path:
        """Where results too large for memory are spooled, beside the database."""
        folder = self.path.with_name(self.path.name + ".spool")
        folder.mkdir(exist_ok=True)
        return folder

    def connect(self) -> sqlite3.Connection:
        """Open a further connection, owned by the store and closed with it."""
        connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=60)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA synchronous={'NORMAL' if self._durable else 'OFF'}")
        connection.execute("PRAGMA temp_store=MEMORY")
        connection.execute("PRAGMA cache_size=-32000")
        self._prepare(connection)
        with self._pool_lock:
            self._all.append(connection)
        return connection

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection that sees one consistent state until it is given back."""
        with self._pool_lock:
            connection = self._idle.pop() if self._idle else None
        connection = connection or self.connect()
        connection.execute("BEGIN")
        try:
            yield connection
        finally:
            connection.execute("ROLLBACK")
            with self._pool_lock:
                self._idle.append(connection)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Lend the one writing connection; what was written is kept unless the block raises."""
        with self._write_lock:
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
            except BaseException:
                self._writer.execute("ROLLBACK")
                raise
            self._writer.execute("COMMIT")

    def shape(self, schema: Schema) -> None:
        """Create or widen the tables so that they hold this schema; keep the key prefixes it uses."""
        with self.writing() as connection:
            for o in schema.objects.values():
                _shape_table(connection, o)
                if o.custom:
                    connection.execute("INSERT OR IGNORE INTO _prefixes VALUES (?, ?)", (o.name, o.key_prefix))

    def keep_files(self, files: Mapping[str, bytes], removed: Iterable[str]) -> None:
        """Keep deployed metadata files, and forget those removed."""
        with self.writing() as connection:
            connection.executemany("DELETE FROM _files WHERE path = ?", [(path,) for path in removed])
            connection.executemany("INSERT OR REPLACE INTO _files VALUES (?, ?)", files.items())

    def files(self) -> dict[str, bytes]:
        """Give the metadata files deployed so far, by path."""
        with self.reading() as connection:
            return dict(connection.execute("SELECT path, content FROM _files"))

    def prefixes(self) -> dict[str, str]:
        """Give the key prefixes kept so far, by custom object name."""
        with self.reading() as connection:
            return dict(connection.execute("SELECT object, prefix FROM _prefixes"))

    def close(self) -> None:
        """Close every connection and delete a temporary database."""
        with self._write_lock, self._pool_lock:
            for connection in self._all:
                connection.close()
            self._all.clear()
            self._idle.clear()
        shutil.rmtree(self.path.with_name(self.path.name + ".spool"), ignore_errors=True)
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)


def _shape_table(connection: sqlite3.Connection, o: ObjectType) -> None:
    stored = [f for f in o.fields.values() if f.stored]
    declared = ", ".join(column_sql(f) for f in stored)
    connection.execute(f"CREATE TABLE IF NOT EXISTS {quoted(o.name)} ({declared})")
    present = {row[1] for row in connection.execute(f"PRAGMA table_info({quoted(o.name)})")}
    for f in stored:
        if f.name not in present:
            connection.execute(f"ALTER TABLE {quoted(o.name)} ADD COLUMN {column_sql(f)}")
    for statement in index_sql(o):
        connection.execute(statement)
