"""A Change in program names -> a RowWrite in API names, or the reason why it must not be sent.

Called by write_back. Ownership is checked here once more, whatever the plan says: a field that people own is never in a
payload, except when the worker creates the record and the mapping says so. Nothing is ever cut to fit.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

import orjson

from crm_sync.model.drafts import Draft
from crm_sync.model.records import Change, Link, Value
from crm_sync.ports import FieldFacts, ObjectFacts, RowWrite
from crm_sync.program.mappings import FieldMapping, ObjectMapping
from crm_sync.writeback.drafts import Names, UnnamedError

ID = "Id"
_OWNERS = {
    "create": frozenset({"worker", "stamp", "key", "human_after_create"}),
    "update": frozenset({"worker", "stamp", "key"}),
}
_LENGTH_CHECKED = frozenset({"string", "textarea", "url", "email", "phone", "picklist", "multipicklist"})


NOBODY = Names({}, is_sandbox=True)


@dataclass(eq=False)
class UnsendableError(Exception):
    """Why a change must not be sent as it is: a code in Salesforce's words, a sentence, the fields concerned."""

    code: str
    message: str
    fields: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


@dataclass(frozen=True)
class Translator:
    """Translates changes by the mappings and by what describe says of their objects (keyed by mapping name).

    `names` are those that drafts are written with; without any, only drafts that name nobody can be.
    """

    mappings: Mapping[str, ObjectMapping]
    facts: Mapping[str, ObjectFacts]
    names: Names = NOBODY

    def row(self, change: Change, *, create_only: bool = False) -> RowWrite:
        """Translate one change; raises UnsendableError. `create_only` refuses to touch a record that exists."""
        mapping = self.mappings[change.object]
        key_field, key = self._identity(change, mapping)
        values: dict[str, Any] = {}
        for name, value in change.fields.items():
            field = _owned_field(change, mapping, name)
            if field.field != key_field:
                values |= self._pair(change.object, field, value)
        return RowWrite(mapping.object, key_field, key, values, create_only)

    def fingerprint(self, change: Change, row: RowWrite) -> str:
        """Identify exactly this write, as the plan says it: a draft counts as it is there, without the names."""
        fields = self.mappings[change.object].fields
        drafts = {fields[name].field: str(value) for name, value in change.fields.items() if isinstance(value, Draft)}
        return payload_hash(replace(row, values={**row.values, **drafts}) if drafts else row)

    def _identity(self, change: Change, mapping: ObjectMapping) -> tuple[str, str]:
        if change.id is not None:
            return ID, change.id
        if mapping.key is None or not change.key:
            raise UnsendableError("MISSING_ARGUMENT", f"{change.object} has neither an id nor a key to be written by")
        if _half_a_pair(change.key):
            raise UnsendableError(
                "TEXT_DATA_OUTSIDE_SUPPORTED_CHARSET", "the key holds a character that the org refuses"
            )
        return mapping.key, change.key

    def _pair(self, object_name: str, field: FieldMapping, value: Value) -> dict[str, Any]:
        known = self._field_facts(object_name, field)
        if isinstance(value, Link):
            return {_relationship(field, known): self._link(value, known)}
        found = self._text(value, field) if isinstance(value, Draft) else api_value(value, field)
        if isinstance(found, str):
            _check_text(found, field, known)
        return {field.field: found}

    def _text(self, draft: Draft, field: FieldMapping) -> str:
        try:
            return self.names.text(draft)
        except UnnamedError as error:
            raise UnsendableError(
                "REQUIRED_FIELD_MISSING", f"the text cannot be written: {error}", (field.name,)
            ) from error

    def _field_facts(self, object_name: str, field: FieldMapping) -> FieldFacts:
        known = self.facts[object_name].fields.get(field.field)
        if known is None:
            raise UnsendableError("INVALID_FIELD", "the integration user may not see this field", (field.field,))
        return known

    def _link(self, link: Link, known: FieldFacts) -> dict[str, Any]:
        target = self.mappings[link.object]
        if target.key is None:
            raise UnsendableError("MISSING_ARGUMENT", f"{link.object} has no key to link by")
        kind = {"attributes": {"type": target.object}} if len(known.reference_to) > 1 else {}
        return kind | {target.key: link.key}


def payload_hash(row: RowWrite) -> str:
    """Identify exactly this write, so that one refused for good is not tried again until it changes."""
    body = orjson.dumps([row.object_name, row.key_field, row.key, row.values], option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(body).hexdigest()[:32]


def api_value(value: Value, field: FieldMapping) -> Any:
    """Turn a program value into what JSON carries to the org; raises UnsendableError."""
    if value is None or value == ():
        return None
    if field.type == "multipicklist":
        return ";".join(_ordered(value, field))
    if field.type == "picklist":
        return _picklist(value, field)
    if field.type == "checkbox" and not isinstance(value, bool):
        raise _unfit(value, field, "true or false")
    if isinstance(value, datetime):
        return _moment(value, field)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        return _number(value, field)
    return value


def _owned_field(change: Change, mapping: ObjectMapping, name: str) -> FieldMapping:
    field = mapping.fields.get(name)
    if field is None or field.owner not in _OWNERS[change.action]:
        owner = field.owner if field else "nobody"
        message = f"{change.object}.{name} belongs to {owner}; the worker may not write it on {change.action}"
        raise UnsendableError("NOT_OURS", message, (name,))
    return field


def _relationship(field: FieldMapping, known: FieldFacts) -> str:
    if not known.relationship_name:
        raise UnsendableError(
            "INVALID_FIELD", "the field is no reference, so nothing can be linked by it", (field.field,)
        )
    return known.relationship_name


def _picklist(value: Value, field: FieldMapping) -> str:
    found = field.api_values.get(value) if isinstance(value, str) else None
    if found is None:
        raise _unfit(value, field, f"one of {', '.join(field.program_values)}")
    return found


def _ordered(value: Value, field: FieldMapping) -> list[str]:
    """Translate the parts in the order that the mapping defines, which is how the org returns them."""
    if not isinstance(value, tuple):
        raise _unfit(value, field, "several values")
    found = {_picklist(part, field) for part in value}
    return [api for api in field.values if api in found]


def _moment(value: datetime, field: FieldMapping) -> str:
    if value.tzinfo is None:
        raise _unfit(value, field, "a time with its zone")
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _number(value: float, field: FieldMapping) -> float | int:
    if not math.isfinite(value):
        raise _unfit(value, field, "a finite number")
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def _check_text(text: str, field: FieldMapping, known: FieldFacts) -> None:
    if "\0" in text or _half_a_pair(text):
        raise UnsendableError(
            "TEXT_DATA_OUTSIDE_SUPPORTED_CHARSET", "the text holds a character that the org refuses", (field.field,)
        )
    if known.type in _LENGTH_CHECKED and 0 < known.length < len(text):
        message = f"{len(text)} characters where the org takes {known.length}"
        raise UnsendableError("STRING_TOO_LONG", message, (field.field,))


def _half_a_pair(text: str) -> bool:
    """Whether the text holds half a surrogate pair, which no encoding can carry."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def _unfit(value: Value, field: FieldMapping, expected: str) -> UnsendableError:
    shown = type(value).__name__ if field.type in ("text", "url") else repr(value)
    return UnsendableError("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", f"{shown}; expected {expected}", (field.field,))
