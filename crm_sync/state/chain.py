"""A sealed table within the journal's file: append-only, each entry sealed with the hash of all entries before it.

The decision log and the disposition log are such tables. An entry that is changed, taken out or put in breaks every seal
after it. The beginning may be cut off when its time has come: the seal it ended with is kept elsewhere, and the rest is
verified from there. Not here: what an entry says.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from crm_sync.errors import PermanentError
from crm_sync.keeping import Sealed

FIRST_SEAL = "0" * 64


@dataclass(frozen=True)
class Place:
    """A place between two entries: the number of the entry before it, and that entry's seal."""

    seq: int
    seal: str


BEGINNING = Place(0, FIRST_SEAL)


def utc_text(moment: datetime) -> str:
    """Give a moment as the journal's file holds it: later ones sort behind earlier ones."""
    return moment.astimezone(UTC).isoformat()


def chain_schema(table: str) -> str:
    """Give the statements that make a sealed table."""
    return f"""
CREATE TABLE {table} (
    seq INTEGER PRIMARY KEY, run_id TEXT NOT NULL, at TEXT NOT NULL, body TEXT NOT NULL, seal TEXT NOT NULL) STRICT;
CREATE TRIGGER {table}_stay BEFORE UPDATE ON {table} BEGIN SELECT raise(ABORT, '{table} are append-only'); END;
{_remain(table)}
"""


def _remain(table: str) -> str:
    return f"CREATE TRIGGER {table}_remain BEFORE DELETE ON {table} BEGIN SELECT raise(ABORT, '{table} are append-only'); END;"


class Chain:
    """One sealed table. Every method works within the caller's transaction.

    `start` tells where the table begins: behind what was cut off.
    """

    def __init__(self, table: str, title: str, start: Callable[[sqlite3.Connection], Place]) -> None:
        self._table = table
        self._title = title
        self.start = start

    def append(self, connection: sqlite3.Connection, run_id: str, at: str, bodies: Iterable[str]) -> str:
        """Add entries in order and return the last seal."""
        last = self.end(connection)
        seq, seal = last.seq, last.seal
        for body in bodies:
            seq += 1
            seal = _seal(seal, seq, run_id, at, body)
            connection.execute(f"INSERT INTO {self._table} VALUES (?, ?, ?, ?, ?)", (seq, run_id, at, body, seal))
        return seal

    def end(self, connection: sqlite3.Connection) -> Place:
        """Give the place after the last entry."""
        row = connection.execute(f"SELECT seq, seal FROM {self._table} ORDER BY seq DESC LIMIT 1").fetchone()
        return Place(*row) if row else self.start(connection)

    def rows(
        self, connection: sqlite3.Connection, run_id: str | None = None, what: str | None = None
    ) -> Iterator[Sealed]:
        """Give the entries of one run, or all, and of one kind (their body's `what`), or all, in order."""
        yield from connection.execute(
            f"SELECT seq, run_id, at, body, seal FROM {self._table} WHERE (?1 IS NULL OR run_id = ?1) "
            "AND (?2 IS NULL OR json_extract(body, '$.what') = ?2) ORDER BY seq",
            (run_id, what),
        )

    def last(self, connection: sqlite3.Connection, what: str) -> Sealed | None:
        """Give the latest entry of this kind."""
        asked = (
            f"SELECT seq, run_id, at, body, seal FROM {self._table} WHERE json_extract(body, '$.what') = ? "
            "ORDER BY seq DESC LIMIT 1"
        )
        found: Sealed | None = connection.execute(asked, (what,)).fetchone()
        return found

    def verify(self, connection: sqlite3.Connection) -> int:
        """Recompute every seal and return how many entries there are; raises PermanentError at the first that is wrong."""
        start = self.start(connection)
        seq, seal = start.seq, start.seal
        for number, run_id, at, body, found in self.rows(connection):
            seq += 1
            seal = _seal(seal, seq, run_id, at, body)
            if number != seq or found != seal:
                raise PermanentError(
                    f"The {self._title} was altered at entry {seq}. Keep the file as it is and compare it with a backup."
                )
        return seq - start.seq

    def older(self, connection: sqlite3.Connection, before: str) -> Place | None:
        """Give the place behind the entries that are all older than this moment (ISO, UTC); None when there are none."""
        found = connection.execute(
            f"SELECT seq, seal FROM {self._table} WHERE seq < coalesce("
            f"(SELECT min(seq) FROM {self._table} WHERE at >= ?), 9e18) ORDER BY seq DESC LIMIT 1",
            (before,),
        ).fetchone()
        return Place(*found) if found else None

    def cut(self, connection: sqlite3.Connection, place: Place) -> None:
        """Take out the entries before this place. Note the place elsewhere in the same transaction."""
        connection.execute(f"DROP TRIGGER {self._table}_remain")
        connection.execute(f"DELETE FROM {self._table} WHERE seq <= ?", (place.seq,))
        connection.execute(_remain(self._table))


def _seal(before: str, seq: int, run_id: str, at: str, body: str) -> str:
    parts = json.dumps([before, seq, run_id, at, body])
    return hashlib.sha256(parts.encode()).hexdigest()
