"""The org as the journal tells it: rows by object and id, found by what they point at, and a step back in time."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

Row = dict[str, Any]
POINTERS = {
    "Contact": ("AccountId", "IndividualId", "MasterRecordId"),
    "Account": ("ParentId", "MasterRecordId"),
    "Reference_Profile__c": ("Contact__c",),
    "Reference_Consent__c": ("Contact__c",),
    "Reference_Match__c": ("Request__c", "Profile__c"),
    "Reference_Activity__c": ("Contact__c", "Match__c", "Request__c"),
    "Reference_Escalation__c": ("Contact__c", "Account__c"),
    "Case": ("AccountId", "ContactId"),
    "Task": ("WhatId", "WhoId"),
}


@dataclass(frozen=True)
class Entry:
    """One line of the journal."""

    sequence: int
    time: datetime
    actor: str
    object: str
    record: str
    action: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]

    @property
    def day(self) -> date:
        """The UTC day it happened on."""
        return self.time.date()

    def sets(self, field: str) -> Any:
        """The new value of a field that changed; None when it did not change or was cleared."""
        return self.after.get(field)


def entry_of(line: Mapping[str, Any]) -> Entry:
    """Read one line as the org writes it."""
    before, after = (json.loads(line[name]) if line[name] else {} for name in ("before", "after"))
    return Entry(
        line["sequence"], instant(line["time"]), line["actor"], line["object"], line["record_id"], line["action"], before, after,
    )  # fmt: skip


def instant(text: str) -> datetime:
    """Read a time stamp."""
    return datetime.fromisoformat(text.replace("+0000", "+00:00").replace("Z", "+00:00")).astimezone(UTC)


def day_of(value: Any) -> date | None:
    """Read a date, or the date of an instant."""
    return date.fromisoformat(str(value)[:10]) if value else None


class Org:
    """Every row as it stands after the entries applied so far."""

    def __init__(self) -> None:
        self.tables: dict[str, dict[str, Row]] = defaultdict(dict)
        self._pointing: dict[tuple[str, str], dict[Any, set[str]]] = defaultdict(lambda: defaultdict(set))

    def apply(self, entry: Entry) -> None:
        """Let an entry happen."""
        self._write(entry.object, entry.record, entry.after, gone=entry.action == "purge")

    def _write(self, name: str, record: str, values: Mapping[str, Any], *, gone: bool = False) -> None:
        row = self.tables[name].setdefault(record, {"Id": record})
        for field in POINTERS.get(name, ()):
            if gone or field in values:
                self._pointing[name, field][row.get(field)].discard(record)
        row.update(values)
        if gone:
            del self.tables[name][record]
            return
        for field in POINTERS.get(name, ()):
            if row.get(field):
                self._pointing[name, field][row[field]].add(record)

    def row(self, name: str, record: str | None, *, deleted: bool = False) -> Row:
        """A row by id; an empty one when there is none, or it is in the recycle bin."""
        row = self.tables[name].get(record or "", {})
        return row if deleted or not row.get("IsDeleted") else {}

    def rows(self, name: str) -> Iterator[Row]:
        """All rows of an object that are not deleted."""
        return (row for row in self.tables[name].values() if not row.get("IsDeleted"))

    def pointing(self, name: str, field: str, record: str | None, *, deleted: bool = False) -> Iterator[Row]:
        """The rows whose field points at this record."""
        ids = self._pointing[name, field].get(record, ()) if record else ()
        found = (self.tables[name][one] for one in sorted(ids) if one in self.tables[name])
        return (row for row in found if deleted or not row.get("IsDeleted"))

    @contextmanager
    def without(self, entries: Iterable[Entry]) -> Iterator[None]:
        """The org as it would stand without these latest entries."""
        latest = list(entries)
        for entry in reversed(latest):
            blank = dict.fromkeys(entry.after) if entry.action == "insert" else {}
            self._write(
                entry.object, entry.record, {**blank, **entry.before, "IsDeleted": int(entry.action == "insert")}
            )
        try:
            yield
        finally:
            for entry in latest:
                self._write(entry.object, entry.record, {"IsDeleted": 0, **entry.after})


def workday(day: date, holidays: Iterable[tuple[int, int]]) -> bool:
    """Whether the org works on this day."""
    return day.weekday() < 5 and (day.month, day.day) not in holidays


def workdays_after(day: date, number: int, holidays: tuple[tuple[int, int], ...]) -> date:
    """The day so many workdays later."""
    while number > 0:
        day += timedelta(days=1)
        number -= workday(day, holidays)
    return day
