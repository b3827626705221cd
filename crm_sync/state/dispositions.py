"""The disposition log: what of the worker's own files was disposed of, on what basis, and how much; sealed, and kept for ever.

Within the journal. It never says about whom. It also tells where the decision log begins once its beginning was disposed of,
so that the rest can still be verified. Written by `erasure` and `disposal`, shown by `crm-sync retention`.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from crm_sync.state.chain import BEGINNING, Chain, Place, utc_text

DECISIONS = "decisions"


class Dispositions:
    """The disposition log within the journal's file."""

    def __init__(
        self, transaction: Callable[[], AbstractContextManager[sqlite3.Connection]], moment: Callable[[], str]
    ) -> None:
        self._transaction = transaction
        self._moment = moment
        self._chain = Chain("dispositions", "disposition log", lambda _: BEGINNING)
        self._decisions = Chain(DECISIONS, "decision log", self.decisions_begin)

    def note(self, what: str, basis: str, number: int, **facts: Any) -> None:
        """Note what was disposed of, on what basis (in words that name nobody), how many, and what else is known."""
        with self._transaction() as connection:
            self._note(connection, {"what": what, "basis": basis, "number": number, **facts})

    def entries(self) -> tuple[Mapping[str, Any], ...]:
        """Return every disposition with its moment, the oldest first."""
        with self._transaction() as connection:
            rows = tuple(self._chain.rows(connection))
        return tuple({**json.loads(body), "at": at} for _, _, at, body, _ in rows)

    def verify(self) -> int:
        """Recompute every seal and return how many dispositions there are; raises PermanentError at one that is wrong."""
        with self._transaction() as connection:
            return self._chain.verify(connection)

    def decisions_begin(self, connection: sqlite3.Connection) -> Place:
        """Tell behind which entry the decision log begins."""
        row = self._chain.last(connection, DECISIONS)
        if row is None:
            return BEGINNING
        noted = json.loads(row[3])
        return Place(noted["up_to"], noted["seal"])

    def decisions_older(self, before: datetime) -> int:
        """Count the decisions that are older than this moment."""
        with self._transaction() as connection:
            place = self._decisions.older(connection, utc_text(before))
            return place.seq - self.decisions_begin(connection).seq if place else 0

    def dispose_of_decisions(self, before: datetime, basis: str) -> int:
        """Take out the decisions that are older than this moment, and note with which seal they ended; returns how many."""
        with self._transaction() as connection:
            place = self._decisions.older(connection, utc_text(before))
            if place is None:
                return 0
            number = place.seq - self.decisions_begin(connection).seq
            noted = {"what": DECISIONS, "basis": basis, "number": number, "up_to": place.seq, "seal": place.seal}
            self._note(connection, noted)
            self._decisions.cut(connection, place)
        return number

    def _note(self, connection: sqlite3.Connection, noted: Mapping[str, Any]) -> None:
        body = json.dumps(noted, sort_keys=True, default=str)
        self._chain.append(connection, noted["what"], self._moment(), [body])
