"""Query locators: the open queries behind `01g...-N`.

Kept by org, filled and asked by query. Not here: pages.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from crm_sync.local_org import ids, soql

MOST_OPEN = 10
LIFETIME = timedelta(days=2)


@dataclass(frozen=True)
class OpenQuery:
    """A query with pages still to come, for the user who asked."""

    cursor: soql.Cursor
    user_id: str
    opened_at: datetime


class Locators:
    """The open queries; each user has at most ten, the oldest goes first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[str, OpenQuery] = {}
        self._count = 0

    def add(self, query: OpenQuery) -> str:
        """Keep a query open and give its locator's id."""
        with self._lock:
            own = [k for k, v in self._open.items() if v.user_id == query.user_id]
            for old in own[: max(0, len(own) - MOST_OPEN + 1)]:
                del self._open[old]
            self._count += 1
            name = ids.make("01g", self._count)
            self._open[name] = query
            return name

    def find(self, name: str, user_id: str, now: datetime) -> OpenQuery | None:
        """Give an open query of this user that has not expired."""
        with self._lock:
            found = self._open.get(name)
        if found is None or found.user_id != user_id or now - found.opened_at > LIFETIME:
            return None
        return found

    def clear(self) -> None:
        """Forget all open queries."""
        with self._lock:
            self._open.clear()
