"""The decision log: append-only and sealed (ISO 9001 7.5.3), and silent about whoever was forgotten.

Written by the pipeline after each decision; read by `crm-sync audit`. Entries carry ids, verdicts and rule versions, never
names. What is said of a person (a person's entry, a request's candidates) is locked with that person's key; see people.py.
Within the journal. Not here: the seals (chain).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from functools import cache
from typing import Any

from crm_sync.errors import PermanentError
from crm_sync.keeping import Sealed
from crm_sync.state import people
from crm_sync.state.chain import Chain, Place, utc_text
from crm_sync.state.people import Lock

Transaction = Callable[[], AbstractContextManager[sqlite3.Connection]]
Entry = Mapping[str, Any]


class DecisionLog:
    """The decision log within the journal's file. `start` tells where it begins, behind what was disposed of."""

    def __init__(
        self, transaction: Transaction, moment: Callable[[], str], start: Callable[[sqlite3.Connection], Place]
    ) -> None:
        self._transaction = transaction
        self._moment = moment
        self._chain = Chain("decisions", "decision log", start)

    def append(self, run_id: str, entries: Iterable[Entry]) -> str:
        """Add entries in order and return the last seal; keep that elsewhere, and even a rewritten file is found out."""
        told = list(entries)
        with self._transaction() as connection:
            locks = people.locks_of(connection, (contact for entry in told for contact in _contacts(entry)))
            bodies = (json.dumps(_locked(entry, locks), sort_keys=True, default=str) for entry in told)
            return self._chain.append(connection, run_id, self._moment(), bodies)

    def verify(self) -> int:
        """Recompute every seal and return how many entries there are.

        Raises PermanentError at the first seal that is wrong, and for a run that wrote to the org without an entry of it:
        every run is noted before it writes, so the end of the log was cut off.
        """
        with self._transaction() as connection:
            count, cut = self._chain.verify(connection), self._runs_without_entry(connection)
        if cut:
            raise PermanentError(
                f"The run decided for {cut[0]} wrote to the org and has no entry in the decision log: its end was cut off "
                f"({len(cut)} missing). Keep the file as it is and compare it with a backup."
            )
        return count

    def _runs_without_entry(self, connection: sqlite3.Connection) -> Sequence[str]:
        """Say for which moments runs of the ledger were decided that the log lacks.

        Those that were refused and only raised an escalation were never in it, and those disposed of are no longer.
        """
        asked = (
            "SELECT as_of FROM runs WHERE json_extract(facts, '$.noted') IS NOT 0 "
            "AND (?1 = 0 OR began > (SELECT min(at) FROM decisions)) AND as_of NOT IN "
            "(SELECT json_extract(body, '$.as_of') FROM decisions WHERE json_extract(body, '$.what') = 'run') ORDER BY as_of"
        )
        return [as_of for (as_of,) in connection.execute(asked, (self._chain.start(connection).seq,))]

    def entries(self, run_id: str | None = None, what: str | None = None) -> tuple[Entry, ...]:
        """Return the entries of one run, or all, and of one kind (their `what`), or all, in order, with their seals.

        Of whoever was forgotten nothing is left but `forgotten` and a random name.
        """
        with self._transaction() as connection:
            locks = cache(lambda: _by_name(connection))
            return tuple(_entry(row, locks) for row in self._chain.rows(connection, run_id, what))

    def sealed(self) -> tuple[Sealed, ...]:
        """Return every entry as it was sealed: (seq, run_id, at, body, seal)."""
        with self._transaction() as connection:
            return tuple(self._chain.rows(connection))

    def start(self) -> tuple[int, str]:
        """Return the number and the seal of the last entry that was disposed of; 0 and zeros when none was."""
        with self._transaction() as connection:
            found = self._chain.start(connection)
        return found.seq, found.seal

    def last(self, what: str) -> Entry | None:
        """Return the latest entry of this kind."""
        with self._transaction() as connection:
            row = self._chain.last(connection, what)
            return _entry(row, lambda: _by_name(connection)) if row else None

    def people(self) -> tuple[tuple[str, str, bytes], ...]:
        """Return (name in the log, contact, key) of everybody who was not forgotten."""
        with self._transaction() as connection:
            return tuple((lock.who, lock.contact, lock.key) for lock in people.every_lock(connection))

    def missing(self, living: Collection[str], before: datetime) -> tuple[str, ...]:
        """Note whom of its people the org no longer has; return those it has not had since before this moment."""
        with self._transaction() as connection:
            return people.missing(connection, living, self._moment(), utc_text(before))


def _by_name(connection: sqlite3.Connection) -> Mapping[str, Lock]:
    return {lock.who: lock for lock in people.every_lock(connection)}


def _contacts(entry: Entry) -> Iterator[str]:
    """The contacts that an entry names."""
    if isinstance(entry.get("contact"), str):
        yield entry["contact"]
    for candidate in entry.get("candidates") or ():
        yield candidate[0]


def _locked(entry: Entry, locks: Mapping[str, Lock]) -> Entry:
    """Give an entry with what it says of people locked up."""
    if isinstance(entry.get("contact"), str):
        said = {name: value for name, value in entry.items() if name != "what"}
        return {"what": entry.get("what"), **locks[entry["contact"]].close(said)}
    if entry.get("candidates"):
        return {**entry, "candidates": [locks[one[0]].close(one) for one in entry["candidates"]]}
    return entry


def _entry(row: Sealed, locks: Callable[[], Mapping[str, Lock]]) -> Entry:
    """Give an entry as it was told, as far as its people's keys are there."""
    seq, run_id, at, text, seal = row
    body = json.loads(text)
    if "box" in body:
        lock = locks().get(body["who"])
        told = lock.open(body["box"]) if lock else {"contact": body["who"], "forgotten": True}
        body = {"what": body["what"], **told}
    elif body.get("candidates"):
        body["candidates"] = [_candidate(one, locks()) for one in body["candidates"]]
    return {**body, "seq": seq, "run_id": run_id, "at": at, "seal": seal}


def _candidate(one: Mapping[str, str], locks: Mapping[str, Lock]) -> list[Any]:
    lock = locks.get(one["who"])
    return list(lock.open(one["box"])) if lock else [one["who"]]
