"""One unit of work: a connection that writes, who writes, and the one stamp everything in it gets.

Opened by org; used by records, removal and jobs. What is written appears to readers at commit, all at once; the stamp is
the clock at the start, as in the service, where a long transaction shows rows older than their appearance.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import orjson

from crm_sync.local_org import ids
from crm_sync.local_org.access import Access
from crm_sync.local_org.layout import Layout
from crm_sync.local_org.locks import Locks
from crm_sync.local_org.schema import ObjectType, Schema

Row = dict[str, Any]


@dataclass(frozen=True)
class Laws:
    """What may refuse a record besides the schema: the org's own rules by object, locks, and faults a tester asked for."""

    validation: Mapping[str, tuple[Any, ...]]
    duplicates: Mapping[str, tuple[Any, ...]]
    locks: Locks
    refuse: Callable[[str, Mapping[str, Any], str | None], None]


@dataclass(frozen=True)
class Wishes:
    """What a call asks for in its headers about the saving of records."""

    allow_duplicates: bool = False
    with_record_details: bool = False
    data_url: str = ""


class Attempt:
    """A part of a transaction that can be taken back."""

    def __init__(self) -> None:
        self.undone = False

    def undo(self) -> None:
        """Take back what the part wrote once it ends."""
        self.undone = True


class Transaction:
    """A write in progress. `stamp` is what rows get; `visible_at` is when others can see them.

    `audit_stamp` takes its place in the created and last modified dates alone, for records imported with dates of old.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        schema: Schema,
        layouts: Mapping[str, Layout],
        access: Access,
        stamp: str,
        visible_at: str,
        laws: Laws,
        wishes: Wishes,
    ) -> None:
        self.connection = connection
        self.schema = schema
        self.layouts = layouts
        self.access = access
        self.stamp = stamp
        self.visible_at = visible_at
        self.audit_stamp: str | None = None
        self.laws = laws
        self.wishes = wishes
        self.inserted: list[tuple[str, str]] = []
        self.touched: set[str] = set()
        self._counters: dict[str, int] = {}
        self._existing: set[str] = set()
        self._depth = 0

    def next_number(self, name: str) -> int:
        """Count up the named counter; numbers of rolled-back records are not used again."""
        if name not in self._counters:
            found = self.connection.execute("SELECT value FROM _counters WHERE name = ?", (name,)).fetchone()
            self._counters[name] = found[0] if found else 0
        self._counters[name] += 1
        return self._counters[name]

    def new_id(self, o: ObjectType) -> str:
        """Make the id of a new record."""
        return ids.make(o.key_prefix, self.next_number(o.name))

    def row(self, o: ObjectType, record_id: str) -> Row | None:
        """Read one row in storage form, deleted ones too."""
        layout = self.layouts[o.name]
        cursor = self.connection.execute(f'SELECT * FROM {layout.table} WHERE "Id" = ?', (record_id,))
        found = cursor.fetchone()
        return dict(zip((c[0] for c in cursor.description), found, strict=True)) if found else None

    def state_of(self, record_id: str) -> str | None:
        """Say whether a record is `live`, `deleted` or not there (None)."""
        if record_id in self._existing:
            return "live"
        o = self.schema.by_prefix(record_id)
        if o is None:
            return None
        layout = self.layouts[o.name]
        found = self.connection.execute(
            f'SELECT {layout.live} FROM {layout.table} WHERE "Id" = ?', (record_id,)
        ).fetchone()
        if found and found[0]:
            self._existing.add(record_id)
        return None if found is None else ("live" if found[0] else "deleted")

    def forget(self, record_id: str) -> None:
        """Look afresh at a record whose state changed."""
        self._existing.discard(record_id)

    def note(self, o: str, record_id: str, action: str, before: Row | None, after: Row | None) -> None:
        """Append to the commit journal; it is kept if and only if this transaction is."""
        self.touched.add(o)
        self.connection.execute(
            "INSERT INTO _journal (time, actor, object, record_id, action, before, after, visible_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (self.stamp, self.access.user_id, o, record_id, action, _json(before), _json(after), self.visible_at),
        )

    @contextmanager
    def attempt(self) -> Iterator[Attempt]:
        """Undo what the block wrote when it raises or says `undo`, and go on with the transaction."""
        self._depth += 1
        name, marked = f"attempt_{self._depth}", len(self.inserted)
        self.connection.execute(f"SAVEPOINT {name}")
        attempt = Attempt()
        try:
            yield attempt
        except BaseException:
            attempt.undo()
            raise
        finally:
            if attempt.undone:
                self.connection.execute(f"ROLLBACK TO {name}")
                del self.inserted[marked:]
                self._existing.clear()
            self.connection.execute(f"RELEASE {name}")
            self._depth -= 1

    def finish(self) -> None:
        """Keep the counters; called once before commit."""
        self.connection.executemany(
            "INSERT INTO _counters VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)",
            self._counters.items(),
        )


def _json(row: Row | None) -> str | None:
    return None if row is None else orjson.dumps(row).decode()
