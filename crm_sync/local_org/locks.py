"""Records that cannot be written: locked by an approval, or held by another transaction.

Set by control; asked by records and removal before every write. A row that is held also holds back its children, because
saving a child locks its parents. Not here: SQLite's own locking, which lets one transaction write at a time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from crm_sync.local_org.errors import RecordError

KINDS = ("approval", "row")


def row_is_locked(*record_ids: str | None) -> RecordError:
    """Say that another transaction holds a row, in the service's words."""
    known = [i for i in record_ids if i]
    told = "unable to obtain exclusive access to this record"
    return RecordError("UNABLE_TO_LOCK_ROW", f"{told} or {len(known)} records: {','.join(known)}" if known else told)


@dataclass(frozen=True)
class Lock:
    """One locked record: by an `approval`, or its `row` by a transaction. `until` None: until it is lifted."""

    record_id: str
    kind: str
    until: datetime | None


class Locks:
    """The locks in force, by record."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._guard = threading.Lock()
        self._by_record: dict[str, Lock] = {}

    def add(self, record_id: str, kind: str, seconds: float | None) -> None:
        """Lock a record, for some seconds of the org's clock or until lifted. Raises ValueError for another kind."""
        if kind not in KINDS:
            raise ValueError(f"Lock kind {kind!r} does not exist; expected one of {KINDS}.")
        until = None if seconds is None else self._now() + timedelta(seconds=seconds)
        with self._guard:
            self._by_record[record_id] = Lock(record_id, kind, until)

    def lift(self, record_id: str | None) -> None:
        """Lift the lock of one record, or all."""
        with self._guard:
            if record_id is None:
                self._by_record.clear()
            else:
                self._by_record.pop(record_id, None)

    def listed(self) -> list[Lock]:
        """List the locks in force."""
        with self._guard:
            self._by_record = {k: v for k, v in self._by_record.items() if v.until is None or v.until > self._now()}
            return list(self._by_record.values())

    def check(self, record_id: str | None, parents: Callable[[], list[str]], may_edit_locked: bool) -> None:
        """Raise RecordError when a record, or a parent that its saving would lock, is locked.

        Whoever `may_edit_locked` (administrators) is not held back by an approval.
        """
        if not self._by_record:
            return
        found = {lock.record_id: lock for lock in self.listed()}
        own = found.get(record_id or "")
        if own is not None and own.kind == "approval" and not may_edit_locked:
            raise RecordError("ENTITY_IS_LOCKED", "the entity is locked for editing")
        held = [i for i in (record_id, *parents()) if i in found and found[i].kind == "row"]
        if held:
            raise row_is_locked(*held)
