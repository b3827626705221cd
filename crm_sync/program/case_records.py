"""The records of a case as typed program values.

Called by `cases`. Records are given by mapping and id; later layers change earlier ones field by field. A field that
nobody gives is null, a checkbox false; `null` written out stands for what could not be read. Not here: expectations.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from crm_sync.errors import Mistake
from crm_sync.program.mappings import ANY_OBJECT, FieldMapping, ObjectMapping
from crm_sync.program.nodes import Path, follow
from crm_sync.program.sentences import describe
from crm_sync.program.sources import Source

CaseValue: TypeAlias = str | float | bool | datetime.date | datetime.datetime | tuple[str, ...] | None
Records: TypeAlias = Mapping[str, tuple[Mapping[str, CaseValue], ...]]
Layers: TypeAlias = Mapping[Path, Mapping[str, Mapping[str, Mapping[str, Any] | None]]]

_Written: TypeAlias = dict[str, dict[str, tuple[Any, Path]]]
"""By id and field: the value, and where it stands in the file."""


def records_of(layers: Layers, source: Source, mappings: Mapping[str, ObjectMapping]) -> tuple[Records, list[Mistake]]:
    """Lay `layers` (by their path in the file) over each other; return all records, and every mistake in them."""
    mistakes: list[Mistake] = []
    written: dict[str, _Written] = {}
    for path, layer in layers.items():
        for name, by_id in layer.items():
            if name in mappings:
                _lay(by_id, written.setdefault(name, {}), (*path, name))
            else:
                mistakes.append(source.unknown((*path, name), "the mapping", name, mappings))
    ids = {name: frozenset(by_id) for name, by_id in written.items()}
    records = {}
    for name, by_id in written.items():
        reader = _Reader(source, mappings[name], ids, mistakes)
        records[name] = tuple(reader.record(record_id, fields) for record_id, fields in by_id.items())
    return records, mistakes


def _lay(by_id: Mapping[str, Mapping[str, Any] | None], below: _Written, path: Path) -> None:
    """Lay one layer's records of one mapping over those below it; null takes a record away."""
    for record_id, fields in by_id.items():
        if fields is None:
            below.pop(record_id, None)
        else:
            added = {field: (value, (*path, record_id, field)) for field, value in fields.items()}
            below[record_id] = below.get(record_id, {}) | added


class _Reader:
    """Reads the records of one mapping, noting mistakes."""

    def __init__(
        self, source: Source, mapping: ObjectMapping, ids: Mapping[str, frozenset[str]], mistakes: list[Mistake]
    ) -> None:
        self.source, self.mapping, self.ids, self.mistakes = source, mapping, ids, mistakes

    def record(self, record_id: str, written: Mapping[str, tuple[Any, Path]]) -> Mapping[str, CaseValue]:
        """Type one record: every pulled field of its mapping, in the mapping's order."""
        record: dict[str, CaseValue] = {}
        for field in self.mapping.pulled:
            if field.type == "id":
                record[field.name] = record_id
            elif field.name in written:
                record[field.name] = self._typed(field, *written[field.name])
            else:
                record[field.name] = False if field.type == "checkbox" else None
        if self.mapping.name == "profile" and "key" not in written:
            record["key"] = record["contact"]
        self.mistakes += self._unknown(written, record)
        return record

    def _unknown(self, written: Mapping[str, tuple[Any, Path]], record: Mapping[str, CaseValue]) -> Iterator[Mistake]:
        for name, (_, path) in written.items():
            if name not in record or name == "id":
                known = [field for field in record if field != "id"]
                yield self.source.unknown(path, f"the field of {self.mapping.name}", name, known)

    def _typed(self, field: FieldMapping, value: Any, path: Path) -> CaseValue:
        if value is None:
            return None
        if field.type == "reference":
            return self._reference(field, value, path)
        typed: CaseValue = _READERS[field.type](value)
        if typed is None:
            found = f"{describe(follow(self.source.root, path)[0])} for {field.name}"
            self.mistakes.append(self.source.mistake(path, found, _EXPECTED[field.type]))
        elif field.values and not field.is_graded:
            self._values(field, typed, path)
        return typed

    def _reference(self, field: FieldMapping, value: Any, path: Path) -> str | None:
        known = self.ids.get(str(field.to), frozenset())
        if field.to not in (ANY_OBJECT, "user") and value not in known:
            self.mistakes.append(self.source.unknown(path, f"the {field.to}", str(value), sorted(known)))
        return str(value)

    def _values(self, field: FieldMapping, typed: CaseValue, path: Path) -> None:
        given = typed if isinstance(typed, tuple) else (typed,)
        for index, value in enumerate(given):
            if value not in field.program_values:
                at = (*path, index) if isinstance(typed, tuple) else path
                known = field.program_values
                self.mistakes.append(self.source.unknown(at, f"the value of {field.name}", str(value), known))


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _checkbox(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _date(value: Any) -> datetime.date | None:
    try:
        return datetime.date.fromisoformat(value)
    except (TypeError, ValueError):
        return None


def _datetime(value: Any) -> datetime.datetime | None:
    try:
        moment = datetime.datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return moment.astimezone(datetime.UTC) if moment.tzinfo else None


def _several(value: Any) -> tuple[str, ...] | None:
    return value if isinstance(value, tuple) and all(isinstance(item, str) for item in value) else None


_READERS: Mapping[str, Callable[[Any], CaseValue]] = {
    "text": _text,
    "url": _text,
    "picklist": _text,
    "number": _number,
    "checkbox": _checkbox,
    "date": _date,
    "datetime": _datetime,
    "multipicklist": _several,
}
_EXPECTED: Mapping[str, str] = {
    "text": "text",
    "url": "text",
    "picklist": "one of its values, as text",
    "number": "a number",
    "checkbox": "true or false",
    "date": "a date: 2026-11-02",
    "datetime": "a moment with its time zone: 2026-11-02T09:30:00Z",
    "multipicklist": "a list of its values: [call, quote]",
}
