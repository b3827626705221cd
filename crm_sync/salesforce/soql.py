"""Values and names -> SOQL text. Called by rest and bulk; nothing else writes SOQL, and no filter text comes from outside.

Names must be identifiers, values go through one encoder, so the shape of a query never depends on data. Escapes are
those of the SOQL guide (Quoted String Escape Sequences); datetimes are unquoted, in UTC with a final Z.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime

from crm_sync.ports import Reading, Stamp

_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_]*(?:\.[A-Za-z][A-Za-z0-9_]*)?")
_ESCAPES = {
    "\\": "\\\\",
    "'": "\\'",
    '"': '\\"',
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\b": "\\b",
    "\f": "\\f",
}
WHERE_TEXT_LIMIT = 3_800
STAMP = "SystemModstamp"
DELETED = "IsDeleted"


def identifier(name: str) -> str:
    """Return the name if it is an API name (or one parent path); raises ValueError otherwise."""
    if not _IDENTIFIER.fullmatch(name):
        raise ValueError(f"{name!r} is not an API name: expected letters, digits and underscores")
    return name


def literal(value: str | bool | float | date | datetime | None) -> str:
    """Encode one value; raises ValueError for what SOQL cannot carry (NUL, lone surrogates, naive times, NaN)."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, datetime):
        return _moment(value)
    if isinstance(value, date):
        return value.isoformat()
    if not math.isfinite(value):
        raise ValueError("SOQL has no literal for NaN or infinity")
    return repr(value)


def select(reading: Reading) -> str:
    """Write the query of one reading: every row of the window, in change order."""
    columns = ", ".join(identifier(name) for name in columns_of(reading))
    text = f"SELECT {columns} FROM {identifier(reading.object_name)}"
    if not reading.stamped:
        behind = f" WHERE Id > {literal(reading.since.record_id)}" if reading.since else ""
        return f"{text}{behind} ORDER BY Id"
    return f"{text} WHERE {_window(reading.since, reading.until)} ORDER BY {STAMP}, Id"


def select_unordered(reading: Reading) -> str:
    """Write the same query without an order, which would switch off PK chunking in Bulk 2.0."""
    return select(reading).rpartition(" ORDER BY ")[0]


def columns_of(reading: Reading) -> tuple[str, ...]:
    """Name every column of a reading once: Id, the asked fields, then IsDeleted and SystemModstamp where they exist."""
    extra = (DELETED,) * reading.deletable + (STAMP,) * reading.stamped
    return tuple(dict.fromkeys(("Id", *reading.fields, *extra)))


def select_in(object_name: str, columns: Sequence[str], field: str, values: Iterable[str]) -> Iterator[str]:
    """Write queries for these values of one field, each filter under SOQL's length for one WHERE."""
    head = f"SELECT {', '.join(map(identifier, columns))} FROM {identifier(object_name)} WHERE {identifier(field)} IN "
    for chunk in _by_length((literal(value) for value in values), WHERE_TEXT_LIMIT):
        yield f"{head}({','.join(chunk)})"


def _window(since: Stamp | None, until: datetime) -> str:
    upper = f"{STAMP} <= {_moment(until)}"
    if since is None:
        return upper
    start = _moment(since.system_modstamp)
    if not since.record_id:
        return f"{STAMP} >= {start} AND {upper}"
    after = f"({STAMP} > {start} OR ({STAMP} = {start} AND Id > {literal(since.record_id)}))"
    return f"{after} AND {upper}"


def _moment(value: datetime) -> str:
    if value.tzinfo is None:
        raise ValueError("a time without a zone has no SOQL literal; give it UTC")
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _text(value: str) -> str:
    if "\0" in value or any("\ud800" <= letter <= "\udfff" for letter in value):
        raise ValueError("SOQL text can hold neither NUL nor half a surrogate pair")
    return "'" + "".join(_ESCAPES.get(letter, letter) for letter in value) + "'"


def _by_length(literals: Iterable[str], limit: int) -> Iterator[list[str]]:
    chunk: list[str] = []
    length = 0
    for item in literals:
        if chunk and length + len(item) + 1 > limit:
            yield chunk
            chunk, length = [], 0
        chunk.append(item)
        length += len(item) + 1
    if chunk:
        yield chunk
