"""Webhooks that were acknowledged and not yet acted upon. Written by the web app, emptied by the service.

A notification only says "look again at this record": its content is not kept. Many about one record are one look, and a
notification that comes twice counts once. Acknowledge only after `receive` has returned.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from datetime import datetime

from crm_sync.ports import Notification, Waiting
from crm_sync.state.chain import utc_text
from crm_sync.state.suppression import Suppression

INBOX_SCHEMA = """
CREATE TABLE inbox (
    id INTEGER PRIMARY KEY, notification_id TEXT NOT NULL UNIQUE, object_name TEXT NOT NULL, record_id TEXT NOT NULL,
    received TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'new') STRICT;
CREATE INDEX inbox_by_state ON inbox (state, id);
"""
_OLD = "FROM inbox WHERE state = 'done' AND received < ?"


class Inbox:
    """The inbox within the journal's file."""

    def __init__(
        self,
        transaction: Callable[[], AbstractContextManager[sqlite3.Connection]],
        moment: Callable[[], str],
        suppression: Suppression,
    ) -> None:
        self._transaction = transaction
        self._moment = moment
        self._suppression = suppression

    def receive(self, notifications: Iterable[Notification]) -> int:
        """Store notifications durably; returns how many were not known before. Those about the forgotten are not kept."""
        with self._transaction() as connection:
            wanted = [item for item in notifications if not self._suppression.names(item.record_id)]
            now, before = self._moment(), connection.total_changes
            connection.executemany(
                "INSERT OR IGNORE INTO inbox (notification_id, object_name, record_id, received) VALUES (?, ?, ?, ?)",
                [(item.notification_id, item.object_name, item.record_id, now) for item in wanted],
            )
            return connection.total_changes - before

    def waiting(self) -> Waiting:
        """Return what is to be looked at again; it stays until `done`, so a crash in between loses nothing."""
        with self._transaction() as connection:
            rows = connection.execute(
                "SELECT object_name, record_id, max(id) FROM inbox WHERE state = 'new' "
                "GROUP BY object_name, record_id ORDER BY min(id)"
            ).fetchall()
        return Waiting(tuple((row[0], row[1]) for row in rows), max((row[2] for row in rows), default=0))

    def done(self, waiting: Waiting) -> None:
        """Note that everything `waiting` named was looked at; what came since stays new."""
        with self._transaction() as connection:
            connection.execute("UPDATE inbox SET state = 'done' WHERE state = 'new' AND id <= ?", (waiting.up_to,))

    def older(self, before: datetime) -> int:
        """Count what is done and was received before this moment."""
        with self._transaction() as connection:
            return int(connection.execute(f"SELECT count(*) {_OLD}", (utc_text(before),)).fetchone()[0])

    def prune(self, before: datetime) -> int:
        """Delete what is done and was received before this moment, and return how much; keep a week, to know repetitions."""
        with self._transaction() as connection:
            return connection.execute(f"DELETE {_OLD}", (utc_text(before),)).rowcount
