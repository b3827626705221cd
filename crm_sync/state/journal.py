"""SqliteJournal: what must survive a crash, in one SQLite file (WAL, synchronous FULL, STRICT tables).

Run ledger, intents and outcomes, quarantine and the worker's secret are here; the inbox, the decision log, the disposition
log and the book of Bulk jobs have their own modules over the same file. Called by pipeline, writeback and the web app, from
several threads. Subjects and codes are kept, never values; of whoever is on the suppression list, nothing (`screen`).
"""

from __future__ import annotations

import secrets
import sqlite3
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from crm_sync.errors import PermanentError, TemporaryError
from crm_sync.state import people
from crm_sync.state.chain import chain_schema, utc_text
from crm_sync.state.decisions import DecisionLog
from crm_sync.state.dispositions import Dispositions
from crm_sync.state.folder import private_folder
from crm_sync.state.inbox import INBOX_SCHEMA, Inbox
from crm_sync.state.jobs import JOBS_SCHEMA, JobBook
from crm_sync.state.suppression import Suppression

FORMAT = 2
SUPPRESSION = "forgotten.keys"
SCREENED = "screened"
"""The version of the suppression list that this file was screened with, in `meta`."""
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
_TRACES = (
    "DELETE FROM inbox WHERE names(record_id)",
    "DELETE FROM quarantine WHERE names(subject) OR names(message)",
    "DELETE FROM intents WHERE names(subject) OR names(facts)",
    "DELETE FROM outcomes WHERE names(subject) OR names(facts)",
    "UPDATE runs SET facts = '{}' WHERE names(facts)",
    "UPDATE runs SET ending = '{}' WHERE names(ending)",
)
"""What goes with whoever is on the suppression list; their keys go as well."""


class SqliteJournal:
    """One journal file. Every method commits before it returns, so what it noted outlives the machine."""

    def __init__(self, connection: sqlite3.Connection, now: Callable[[], datetime], beside: Path) -> None:
        self._connection = connection
        self._now = now
        self._lock = threading.RLock()
        self.suppression = Suppression(beside, self.salt())
        self.inbox = Inbox(self._transaction, self._moment, self.suppression)
        self.dispositions = Dispositions(self._transaction, self._moment)
        self.decisions = DecisionLog(self._transaction, self._moment, self.dispositions.decisions_begin)
        self.jobs = JobBook(self._transaction)
        connection.create_function("names", 1, self.suppression.names, deterministic=True)

    @classmethod
    def open(cls, path: Path, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> SqliteJournal:
        """Open or make the journal; raises PermanentError when the file is damaged or of another version."""
        private_folder(path.parent)
        path.touch(mode=0o600)
        connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=10)
        try:
            _set_up(connection)
            return cls(connection, now, path.with_name(SUPPRESSION))
        except sqlite3.DatabaseError as error:
            connection.close()
            raise PermanentError(
                f"{path} is damaged ({error}). Restore it from a backup. If there is none, move the whole state folder away: "
                "the decision log is then lost, and the next run makes the rest anew."
            ) from error
        except PermanentError:
            connection.close()
            raise

    def screen(self) -> int:
        """Take out whoever is on the suppression list, unless that was done; returns how many rows it was.

        Raises:
            TemporaryError: another process reads the file, so what was taken out may still be in it.
        """
        if self.is_screened:
            return 0
        version = self.suppression.version
        with self._transaction() as connection:
            before = connection.total_changes
            for statement in _TRACES:
                connection.execute(statement)
            people.destroy(connection, self.suppression.names)
            erased = connection.total_changes - before
        self._compact()
        with self._transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (SCREENED, version.encode()))
        return erased

    def lose(self, contacts: Collection[str]) -> int:
        """Destroy what unlocks the decisions about these contacts; returns of how many it was."""
        with self._transaction() as connection:
            count = people.destroy(connection, set(contacts).__contains__)
        if count:
            self._compact()
        return count

    @property
    def is_screened(self) -> bool:
        """Whether whoever is on the suppression list was taken out."""
        with self._transaction() as connection:
            row = connection.execute("SELECT value FROM meta WHERE key = ?", (SCREENED,)).fetchone()
        return self.suppression.covers(bytes(row[0]).decode() if row else None)

    def _compact(self) -> None:
        """Leave nothing of deleted rows in the file and in its log."""
        with self._lock:
            self._connection.execute("VACUUM")
            busy = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        if busy:
            raise TemporaryError(
                "Another crm-sync reads the journal, so what was forgotten may still be in it. Run this again."
            )

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
        """Note that a run has begun, or begins again that died before it could."""
        with self._transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO runs (run_id, kind, as_of, began, facts) VALUES (?, ?, ?, ?, ?)",
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

    def older(self, before: datetime) -> int:
        """Count the runs that ended before this moment."""
        with self._transaction() as connection:
            return int(
                connection.execute("SELECT count(*) FROM runs WHERE ended < ?", (utc_text(before),)).fetchone()[0]
            )

    def prune(self, before: datetime) -> int:
        """Delete runs that ended before this moment, with their intents and outcomes; return how many."""
        with self._transaction() as connection:
            for table in ("intents", "outcomes"):
                connection.execute(
                    f"DELETE FROM {table} WHERE run_id IN (SELECT run_id FROM runs WHERE ended < ?)",
                    (utc_text(before),),
                )
            return connection.execute("DELETE FROM runs WHERE ended < ?", (utc_text(before),)).rowcount

    def _moment(self) -> str:
        return utc_text(self._now())

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
    if 0 < version < FORMAT:
        raise PermanentError(
            f"The journal is of version {version}, whose decision log nobody can be forgotten from; this crm_sync writes "
            f"{FORMAT}. Move the state folder away, and keep it as long as its decisions have to be kept."
        )
    if version == 0:
        made = (_SCHEMA, INBOX_SCHEMA, people.PEOPLE_SCHEMA, chain_schema("decisions"), chain_schema("dispositions"))
        connection.executescript(f"BEGIN IMMEDIATE; {' '.join(made)} PRAGMA user_version = {FORMAT}; COMMIT;")
    connection.executescript(JOBS_SCHEMA)


def _json(facts: Mapping[str, Any]) -> str:
    return orjson.dumps(facts, default=str, option=orjson.OPT_SORT_KEYS).decode()
