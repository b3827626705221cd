"""The decision log: append-only, each entry sealed with the hash of all before it (ISO 9001 7.5.3).

Written by the pipeline after each decision; read by `crm-sync audit`. An entry that is changed, taken out or put in
breaks every seal after it. Entries carry ids, verdicts and rule versions, never names.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any

from crm_sync.errors import PermanentError

DECISIONS_SCHEMA = """
CREATE TABLE decisions (
    seq INTEGER PRIMARY KEY, run_id TEXT NOT NULL, at TEXT NOT NULL, body TEXT NOT NULL, seal TEXT NOT NULL) STRICT;
CREATE TRIGGER decisions_stay BEFORE UPDATE ON decisions BEGIN SELECT raise(ABORT, 'decisions are append-only'); END;
CREATE TRIGGER decisions_remain BEFORE DELETE ON decisions BEGIN SELECT raise(ABORT, 'decisions are append-only'); END;
"""
FIRST_SEAL = "0" * 64


class DecisionLog:
    """The decision log within the journal's file."""

    def __init__(
        self, transaction: Callable[[], AbstractContextManager[sqlite3.Connection]], moment: Callable[[], str]
    ) -> None:
        self._transaction = transaction
        self._moment = moment

    def append(self, run_id: str, entries: Iterable[Mapping[str, Any]]) -> str:
        """Add entries in order and return the last seal; keep that elsewhere, and even a rewritten file is found out."""
        with self._transaction() as connection:
            seq, seal = _last(connection)
            at = self._moment()
            for entry in entries:
                seq += 1
                body = json.dumps(entry, sort_keys=True, default=str)
                seal = _seal(seal, seq, run_id, at, body)
                connection.execute("INSERT INTO decisions VALUES (?, ?, ?, ?, ?)", (seq, run_id, at, body, seal))
        return seal

    def verify(self) -> int:
        """Recompute every seal and return how many entries there are; raises PermanentError at the first that is wrong."""
        seal, count = FIRST_SEAL, 0
        for count, (seq, run_id, at, body, found) in enumerate(self._rows(), start=1):
            seal = _seal(seal, seq, run_id, at, body)
            if seq != count or found != seal:
                raise PermanentError(
                    f"The decision log was altered at entry {count}. Keep the file as it is and compare it with a backup."
                )
        return count

    def entries(self, run_id: str | None = None, what: str | None = None) -> tuple[Mapping[str, Any], ...]:
        """Return the entries of one run, or all, and of one kind (their `what`), or all, in order, with their seals."""
        asked = (
            "SELECT seq, run_id, at, body, seal FROM decisions WHERE (?1 IS NULL OR run_id = ?1) "
            "AND (?2 IS NULL OR json_extract(body, '$.what') = ?2) ORDER BY seq"
        )
        with self._transaction() as connection:
            return tuple(_entry(*row) for row in connection.execute(asked, (run_id, what)))

    def last(self, what: str) -> Mapping[str, Any] | None:
        """Return the latest entry of this kind."""
        asked = (
            "SELECT seq, run_id, at, body, seal FROM decisions WHERE json_extract(body, '$.what') = ? "
            "ORDER BY seq DESC LIMIT 1"
        )
        with self._transaction() as connection:
            row = connection.execute(asked, (what,)).fetchone()
        return _entry(*row) if row else None

    def _rows(self) -> Iterator[tuple[int, str, str, str, str]]:
        with self._transaction() as connection:
            yield from connection.execute("SELECT seq, run_id, at, body, seal FROM decisions ORDER BY seq").fetchall()


def _entry(seq: int, run_id: str, at: str, body: str, seal: str) -> Mapping[str, Any]:
    return {**json.loads(body), "seq": seq, "run_id": run_id, "at": at, "seal": seal}


def _last(connection: sqlite3.Connection) -> tuple[int, str]:
    row = connection.execute("SELECT seq, seal FROM decisions ORDER BY seq DESC LIMIT 1").fetchone()
    return (row[0], row[1]) if row else (0, FIRST_SEAL)


def _seal(before: str, seq: int, run_id: str, at: str, body: str) -> str:
    parts = json.dumps([before, seq, run_id, at, body])
    return hashlib.sha256(parts.encode()).hexdigest()
