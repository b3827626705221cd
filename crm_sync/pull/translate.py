"""Text columns in API names -> typed columns in program names, and the picklist values that nothing translates.

Called by pull for every page. Whole columns at a time; a value that does not parse or translate becomes null, which the
rules read as unknown. Personal fields are not asked for, so they cannot come through here; e-mail addresses leave as
keyed hashes. Not here: the way back (writeback has its own).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from crm_sync.program.mappings import FieldMapping, FieldType

MOMENT = pa.timestamp("us", "UTC")
LIST = pa.list_(pa.string())
TYPES: Mapping[FieldType, pa.DataType] = {
    "id": pa.string(),
    "reference": pa.string(),
    "text": pa.string(),
    "url": pa.string(),
    "number": pa.float64(),
    "checkbox": pa.bool_(),
    "date": pa.date32(),
    "datetime": MOMENT,
    "picklist": pa.string(),
    "multipicklist": LIST,
}
HASH_BYTES = 16
_NUMBER = re.compile(r"[+-]?\d+(\.\d*)?([eE][+-]?\d+)?")


def translated(column: pa.ChunkedArray, field: FieldMapping, salt: bytes) -> pa.Array:
    """Turn one text column into the mapped field's type."""
    text = _flat(column)
    if field.transform == "email_key":
        return pa.array([address and email_key(address, salt) for address in text.to_pylist()], pa.string())
    return _BY_TYPE[field.type](text, field)


def unmapped_values(column: pa.ChunkedArray, field: FieldMapping) -> list[tuple[int, str]]:
    """Name (row, value) for every value that the mapping does not translate, of a field whose values it translates."""
    if not field.values:
        return []
    text = _flat(column)
    many = field.type == "multipicklist"
    strange = {
        value: [part for part in (value.split(";") if many else [value]) if part not in field.values]
        for value in pc.unique(text).to_pylist()
        if value
    }
    wanted = pa.array([value for value, parts in strange.items() if parts], pa.string())
    rows = pc.indices_nonzero(pc.is_in(text, value_set=wanted)).to_pylist() if len(wanted) else []
    return [(row, part) for row in rows for part in strange[text[row].as_py()]]


def email_key(address: str, salt: bytes) -> str | None:
    """Hash a normalised address with this worker's secret, so that one person's records meet and nobody can read them.

    Trimmed, case folded, and without a `+tag`; dots count, as not every mail host ignores them. None for what is no
    address: an unknown must not make two strangers one person.
    """
    local, _, host = address.strip().casefold().rpartition("@")
    local = local.partition("+")[0]
    if not local or not host:
        return None
    hasher = _keyed(salt).copy()
    hasher.update(f"{local}@{host}".encode("utf-8", "surrogatepass"))
    return hasher.hexdigest()


@lru_cache(maxsize=1)
def _keyed(salt: bytes) -> hashlib.blake2b:
    """Prepare the hash with the secret, which takes as long as hashing an address."""
    return hashlib.blake2b(key=salt, digest_size=HASH_BYTES)


def _flat(column: pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _each(text: pa.Array, parse: Callable[[str], Any], kind: pa.DataType) -> pa.Array:
    """Parse value by value; what does not parse is null."""

    def parsed(value: str | None) -> Any:
        try:
            return None if value is None else parse(value)
        except (ValueError, OverflowError):
            return None

    return pa.array([parsed(value) for value in text.to_pylist()], kind)


def _plain(text: pa.Array, field: FieldMapping) -> pa.Array:
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)


def _number(text: pa.Array, field: FieldMapping) -> pa.Array:
    if field.is_graded:
        text = _picklist(text, field)
    try:
        found = pc.cast(text, pa.float64())
    except pa.ArrowInvalid:
        found = _each(text, _parse_number, pa.float64())
    return pc.if_else(pc.is_finite(found), found, pa.scalar(None, pa.float64()))


def _checkbox(text: pa.Array, field: FieldMapping) -> pa.Array:
    lower = pc.utf8_lower(text)
    return pc.if_else(
        pc.equal(lower, "true"),
        pa.scalar(True),
        pc.if_else(pc.equal(lower, "false"), pa.scalar(False), pa.scalar(None, pa.bool_())),
    )


def _date(text: pa.Array, field: FieldMapping) -> pa.Array:
    try:
        return pc.cast(text, pa.date32())
    except pa.ArrowInvalid:
        return _each(text, _parse_date, pa.date32())


def _moment(text: pa.Array, field: FieldMapping) -> pa.Array:
    try:
        return pc.cast(text, MOMENT)
    except pa.ArrowInvalid:
        return _each(text, _parse_moment, MOMENT)


def _parse_number(value: str) -> float:
    if not _NUMBER.fullmatch(value):
        raise ValueError("not a number as the org writes one")
    return float(value)


def _parse_date(value: str) -> date:
    if len(value) != len("2026-11-01"):
        raise ValueError("not a date as the org writes one")
    return date.fromisoformat(value)


def _parse_moment(value: str) -> datetime:
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return moment.astimezone(UTC)


def _picklist(text: pa.Array, field: FieldMapping) -> pa.Array:
    names = pa.array(list(field.values), pa.string())
    meanings = pa.array(list(field.values.values()), pa.string())
    return pc.take(meanings, pc.index_in(text, value_set=names))


def _multipicklist(text: pa.Array, field: FieldMapping) -> pa.Array:
    """Translate every part; one part that nothing translates makes the whole unknown."""

    def parse(value: str) -> list[str] | None:
        parts = [field.values.get(part) for part in value.split(";")]
        return None if None in parts else [part for part in dict.fromkeys(parts) if part is not None]

    distinct = {value: parse(value) for value in pc.unique(text).to_pylist() if value}
    return pa.array([distinct.get(value) for value in text.to_pylist()], LIST)


_BY_TYPE: Mapping[FieldType, Callable[[pa.Array, FieldMapping], pa.Array]] = {
    "id": _plain,
    "reference": _plain,
    "text": _plain,
    "url": _plain,
    "number": _number,
    "checkbox": _checkbox,
    "date": _date,
    "datetime": _moment,
    "picklist": _picklist,
    "multipicklist": _multipicklist,
}
