"""Rows of SQLite to the records of the REST API.

    (values...) --Record.build--> {"attributes": {...}, "Name": ..., "Account": {...} | None}

A Record is a plan made once per statement and applied to every row. Called by rows. Not here: SQL.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

Row = Sequence[Any]
Reading = Callable[[Row, str], Any]


@dataclass
class Record:
    """One object in the answer: its type, where its id stands in the row, and its keys in order."""

    type: str
    id_at: int
    name_entity: bool = False
    keys: list[str] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    readings: dict[str, Reading] = field(default_factory=dict)

    def add(self, key: str, position: int, reading: Reading | None = None) -> None:
        """Add a key; without a reading the value is taken as it stands in the row."""
        self.keys.append(key)
        self.positions.append(position)
        if reading is not None:
            self.readings[key] = reading

    def build(self, row: Row, root: str) -> dict[str, Any]:
        """Return the record of a row. `root` is /services/data/vXX.0."""
        return self._built(row, root, self.type)

    def _built(self, row: Row, root: str, url_type: str) -> dict[str, Any]:
        url = f"{root}/sobjects/{url_type}/{row[self.id_at]}"
        record: dict[str, Any] = {"attributes": {"type": self.type, "url": url}}
        for key, position in zip(self.keys, self.positions, strict=True):
            record[key] = row[position]
        for key, read in self.readings.items():
            record[key] = read(row, root)
        return record

    def parent(self, row: Row, root: str) -> dict[str, Any] | None:
        """Return the record of a parent, None when the lookup is empty."""
        return None if row[self.id_at] is None else self.build(row, root)

    def named(self, type_at: int) -> Reading:
        """Return the reading of a polymorphic parent: type Name, url of the real object."""

        def read(row: Row, root: str) -> dict[str, Any] | None:
            return None if row[self.id_at] is None else self._built(row, root, row[type_at])

        return read


def truth(position: int) -> Reading:
    """Read a boolean; a missing parent's is null."""
    return lambda row, _: None if row[position] is None else row[position] == 1


def number(position: int) -> Reading:
    """Read a double, with its point: 5.0."""
    return lambda row, _: None if row[position] is None else float(row[position])


def blob(position: int, object_name: str, field_name: str, id_at: int) -> Reading:
    """Read a base64 field as the address to fetch it from."""

    def read(row: Row, root: str) -> str | None:
        return None if row[position] is None else f"{root}/sobjects/{object_name}/{row[id_at]}/{field_name}"

    return read


def compound(parts: Sequence[tuple[str, int | None]]) -> Reading:
    """Read a compound field: an object of its parts, None when all are empty."""

    def read(row: Row, _: str) -> dict[str, Any] | None:
        values = {key: None if position is None else row[position] for key, position in parts}
        return values if any(v is not None for v in values.values()) else None

    return read


def by_type(branches: Sequence[Record], otherwise: Record | None, type_at: int | None) -> Reading:
    """Read a TYPEOF: the record of the branch whose object the lookup points to."""
    fallback = otherwise.named(type_at) if otherwise is not None and type_at is not None else None

    def read(row: Row, root: str) -> dict[str, Any] | None:
        found = next((r for r in branches if row[r.id_at] is not None), None)
        if found is not None:
            return found.build(row, root)
        return fallback(row, root) if fallback is not None else None

    return read
