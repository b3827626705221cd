"""SqliteJournal: what must survive a crash, in one SQLite file (WAL, synchronous FULL, STRICT tables).

Run ledger, intents and outcomes, quarantine and the worker's secret are here; the inbox and the decision log have their
own modules over the same file. Called by pipeline, writeback and the web app, from several threads.
Subjects and codes are kept, never values: no personal data enters this file.
"""

from __future__ import annotations

import secrets
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from crm_sync.errors import PermanentError
from crm_sync.state.decisions import DECISIONS_SCHEMA, DecisionLog
from crm_sync.state.folder import private_folder
from crm_sync.state.inbox import INBOX_SCHEMA, Inbox

FORMAT = 1
SALT_BYTES = 32
_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE runs (
    run_id TEXT PRIMARY KEY, kind TEXT NOT NULL, as_of TEXT NOT NULL, began TEXT NOT NULL, facts TEXT NOT NULL,
    ended TEXT, status TEXT, ending TEXT) STRICT, WITHOUT ROWID;
CREATE TABLE intents (
    id INTEGER PRIMARY KEY, run_id TEXT NOT NULL, subject TEXT NOT NULL, payload_hash TEXT NOT NULL,
    facts TEXT NOT NULL) STRICT;
CREATE INDEX intents_by_run ON intents (run_id);
CREATE TABLE outcomes (
    id INTEGER PRIMARY KEY, run_id TEXT NOT NULL, subject TEXT NOT NULL, status TEXT NOT NULL,
    facts TEXT NOT NULL) STRICT;
CREATE INDEX outcomes_by_run ON outcomes (run_id);
CREATE TABLE quarantine (
    subject TEXT PRIMARY KEY, payload_hash TEXT NOT NULL, code TEXT NOT NULL, message TEXT NOT NULL,
    since TEXT NOT NULL, times INTEGER NOT NULL) STRICT, WITHOUT ROWID;
"""


class SqliteJournal:
    """One journal file. Every method commits before it returns, so what it noted outlives the machine."""

    def __init__(self, connection: sqlite3.Connection, now: Callable[[], datetime]) -> None:
        self._connection = connection
        self._now = now
        self._lock = threading.RLock()
        self.inbox = Inbox(self._transaction, self._moment)
        self.decisions = DecisionLog(self._transaction, self._moment)

    @classmethod
    def open(cls, path: Path, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> SqliteJournal:
        """Open or make the journal; raises PermanentError when the file is damaged or of a later version."""
        private_folder(path.parent)
        path.touch(mode=0o600)
        connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=10)
        try:
            _set_up(connection)
        except sqlite3.DatabaseError as error:
            connection.close()
            raise PermanentError(
                f"{path} is damaged ({error}). Restore it from a backup, or move it away: unread webhooks are then "
                "found by the next sweep, and records in quarantine are tried once more."
            ) from error
        except PermanentError:
            connection.close()
            raise
        return cls(connection, now)

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._connection.close()

    def salt(self) -> bytes:
        """Return this worker's secret for one-way keys; made once, kept for ever."""
        with self._transaction() as connection:
            connection.execute("INSERT OR IGNORE INTO meta VALUES ('salt', ?)", (secrets.token_bytes(SALT_BYTES),))
            row = connection.execute("SELECT value FROM meta WHERE key = 'salt'").fetchone()
        return bytes(row[0])

    def begin_run(self, run_id: str, kind: str, as_of: datetime, facts: Mapping[str, Any]) -> None:
        """Note that a run has begun."""
        with self._transaction() as connection:
            connection.execute(
                "INSERT INTO runs (run_id, kind, as_of, began, facts) VALUES (?, ?, ?, ?, ?)",
                (run_id, kind, as_of.isoformat(), self._moment(), _json(facts)),
            )

    def record_intents(self, run_id: str, intents: Iterable[Mapping[str, Any]]) -> None:
        """Note durably what is about to be written: `subject` and `payload_hash`, and whatever else is known."""
        rows = [(run_id, intent["subject"], intent["payload_hash"], _json(intent)) for intent in intents]
        with self._transaction() as connection:
            connection.executemany(
                "INSERT INTO intents (run_id, subject, payload_hash, facts) VALUES (?, ?, ?, ?)", rows
            )

    def record_outcomes(self, run_id: str, outcomes: Iterable[Mapping[str, Any]]) -> None:
        """Note durably what became of it: `subject` and `status`, and whatever else is known."""
        rows = [(run_id, outcome["subject"], outcome["status"], _json(outcome)) for outcome in outcomes]
        with self._transaction() as connection:
            connection.executemany("INSERT INTO outcomes (run_id, subject, status, facts) VALUES (?, ?, ?, ?)", rows)

    def end_run(self, run_id: str, status: str, facts: Mapping[str, Any]) -> None:
        """Note how a run ended."""
        with self._transaction() as connection:
            connection.execute(
                "UPDATE runs SET ended = ?, status = ?, ending = ? WHERE run_id = ?",
                (self._moment(), status, _json(facts), run_id),
            )

    def adopt_unfinished(self) -> tuple[str, ...]:
        """End every run that a crash left open, as `abandoned`, and name them; its writes are found by the next plan."""
        with self._transaction() as connection:
            rows = connection.execute("SELECT run_id FROM runs WHERE ended IS NULL ORDER BY began").fetchall()
            connection.execute(
                "UPDATE runs SET ended = ?, status = 'abandoned', ending = '{}' WHERE ended IS NULL", (self._moment(),)
            )
        return tuple(row[0] for row in rows)

    def runs(self, most: int = 20) -> tuple[Mapping[str, Any], ...]:
        """Return the latest runs, newest first."""
        columns = ("run_id", "kind", "as_of", "began", "ended", "status", "ending")
        with self._transaction() as connection:
            rows = connection.execute(
                f"SELECT {', '.join(columns)} FROM runs ORDER BY began DESC, run_id LIMIT ?", (most,)
            ).fetchall()
        return tuple(dict(zip(columns, row, strict=True)) for row in rows)

    def quarantined(self) -> Mapping[str, str]:
        """Return every quarantined subject with the hash of the payload that was refused for good."""
        with self._transaction() as connection:
            return dict(connection.execute("SELECT subject, payload_hash FROM quarantine").fetchall())

    def quarantine(self, subject: str, payload_hash: str, code: str, message: str) -> None:
        """Keep this payload from being sent again until it changes."""
        with self._transaction() as connection:
            connection.execute(
                "INSERT INTO quarantine VALUES (?, ?, ?, ?, ?, 1) ON CONFLICT (subject) DO UPDATE SET "
                "payload_hash = excluded.payload_hash, code = excluded.code, message = excluded.message, "
                "times = times + 1",
                (subject, payload_hash, code, message, self._moment()),
            )

    def release(self, subject: str) -> None:
        """Let a subject be sent again."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM quarantine WHERE subject = ?", (subject,))

    def in_quarantine(self) -> tuple[Mapping[str, Any], ...]:
        """Return every quarantined subject with its code, message and since when."""
        columns = ("subject", "code", "message", "since", "times")
        with self._transaction() as connection:
            rows = connection.execute(f"SELECT {', '.join(columns)} FROM quarantine ORDER BY subject").fetchall()
        return tuple(dict(zip(columns, row, strict=True)) for row in rows)

    def prune(self, before: datetime) -> None:
        """Delete runs that ended before this moment, with their intents and outcomes. Decisions have their own rule."""
        old = "SELECT run_id FROM runs WHERE ended < ?"
        with self._transaction() as connection:
            for table in ("intents", "outcomes", "runs"):
                connection.execute(
                    f"DELETE FROM {table} WHERE run_id IN ({old})", (before.astimezone(UTC).isoformat(),)
                )

    def _moment(self) -> str:
        return self._now().astimezone(UTC).isoformat()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")


def _set_up(connection: sqlite3.Connection) -> None:
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "secure_delete = ON", "trusted_schema = OFF"):
        connection.execute(f"PRAGMA {pragma}")
    verdict = connection.execute("PRAGMA integrity_check").fetchone()[0]
    if verdict != "ok":
        raise sqlite3.DatabaseError(verdict)
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > FORMAT:
        raise PermanentError(
            f"The journal is of version {version}; this crm_sync knows {FORMAT}. Run the newer crm_sync, never an older "
            "one on a newer journal."
        )
    if version == 0:
        connection.executescript(
            f"BEGIN IMMEDIATE; {_SCHEMA} {INBOX_SCHEMA} {DECISIONS_SCHEMA} PRAGMA user_version = {FORMAT}; COMMIT;"
        )


def _json(facts: Mapping[str, Any]) -> str:
    return orjson.dumps(facts, default=str, option=orjson.OPT_SORT_KEYS).decode()
