"""Values between JSON and SQLite, by field type.

    JSON scalar --accept--> stored --give--> JSON scalar

Stored form: text trimmed and never empty; boolean 0/1; int INTEGER; double, currency, percent REAL; date `YYYY-MM-DD`;
datetime UTC with whole seconds; multipicklist in defined order; ids with 18 characters. Called by payload, rows and bulk.
Not here: whether the value is allowed in its field (checks).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, TypeAlias

from crm_sync.local_org import ids
from crm_sync.local_org.clock import stamp
from crm_sync.local_org.errors import OrgError, RecordError
from crm_sync.local_org.schema import Field

Reader: TypeAlias = Callable[[Field, Any], Any]

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_DATETIME = re.compile(
    r"(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2})(?::(\d{2}(?:\.\d+)?))?\s*(Z|[+-]\d{2}:?\d{2})?", re.IGNORECASE
)
_TIME = re.compile(r"(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,3}))?)?Z?")
_YEARS = (1700, 4000)
_TOKENS = {bool: "VALUE_BOOLEAN", int: "VALUE_NUMBER_INT", float: "VALUE_NUMBER_FLOAT", str: "VALUE_STRING"}


def accept(f: Field, value: Any) -> Any:
    """Turn a JSON value into its stored form; None stays None.

    Raises OrgError JSON_PARSER_ERROR for a value of the wrong kind (the whole request is refused, as the service does)
    and RecordError for one that cannot be an id, a number in range or a date.
    """
    if value is None or value == "":
        return _nothing(f)
    reader: Reader = _READERS.get(f.type, _text)
    return reader(f, value)


def give(f: Field, stored: Any) -> Any:
    """Turn a stored value into what REST prints."""
    return bool(stored) if f.type == "boolean" else stored


def _nothing(f: Field) -> Any:
    if f.type == "boolean":
        raise RecordError("INVALID_TYPE_ON_FIELD_IN_RECORD", f"{f.label}: value not of required type: null", [f.name])
    return None


class WrongKindError(OrgError):
    """A JSON value cannot be read as its field's type (Jackson's wording); the whole request is refused."""

    def __init__(self, f: Field, value: Any) -> None:
        token = _TOKENS.get(type(value), "START_ARRAY" if isinstance(value, list) else "START_OBJECT")
        shown = (
            "" if token.startswith("START") else f" value {str(value).lower() if isinstance(value, bool) else value}"
        )
        kind = "integer" if f.type == "int" else f.type
        super().__init__(
            "JSON_PARSER_ERROR",
            f"Cannot deserialize instance of {kind} from {token}{shown} or request may be missing a required field",
        )
        self.field = f
        self.value = value


def _text(f: Field, value: Any) -> str | None:
    if not isinstance(value, str):
        raise WrongKindError(f, value)
    return value.strip() or None


def _boolean(f: Field, value: Any) -> int:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return int(value.lower() == "true")
    raise WrongKindError(f, value)


def _decimal(f: Field, value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise WrongKindError(f, value)
    try:
        read = Decimal(str(value).strip())
    except InvalidOperation:
        raise WrongKindError(f, value) from None
    if not read.is_finite():
        raise WrongKindError(f, value)
    return read


def _integer(f: Field, value: Any) -> int:
    read = _decimal(f, value)
    if read != read.to_integral_value():
        raise WrongKindError(f, value)
    return int(_in_range(f, read, f.precision or 9))


def _number(f: Field, value: Any) -> float:
    read = _decimal(f, value)
    if f.precision:
        read = read.quantize(Decimal(1).scaleb(-f.scale), ROUND_HALF_UP) if abs(read) < Decimal(10) ** 20 else read
        read = _in_range(f, read, f.precision - f.scale)
    return float(read)


def _in_range(f: Field, read: Decimal, digits: int) -> Decimal:
    if abs(read) >= Decimal(10) ** digits:
        raise RecordError(
            "NUMBER_OUTSIDE_VALID_RANGE", f"{f.label}: value outside of valid range on numeric field: {read}", [f.name]
        )
    return read


def _date(f: Field, value: Any) -> str:
    text = str(value).strip()
    if not isinstance(value, str) or not _DATE.fullmatch(text):
        raise WrongKindError(f, value)
    try:
        year = date.fromisoformat(text).year
    except ValueError:
        raise WrongKindError(f, value) from None
    if not _YEARS[0] <= year <= _YEARS[1]:
        raise RecordError("NUMBER_OUTSIDE_VALID_RANGE", f"{f.label}: invalid date: {text}", [f.name])
    return text


def _datetime(f: Field, value: Any) -> str:
    found = _DATETIME.fullmatch(value.strip()) if isinstance(value, str) else None
    if not found:
        raise WrongKindError(f, value)
    day, minutes, seconds, zone = found.groups()
    zone = "+00:00" if zone in (None, "Z", "z") else zone
    try:
        read = datetime.fromisoformat(f"{day}T{minutes}:{(seconds or '00')[:2]}{zone}")
    except ValueError:
        raise WrongKindError(f, value) from None
    return stamp(read.astimezone(UTC))


def _time(f: Field, value: Any) -> str:
    found = _TIME.fullmatch(value.strip()) if isinstance(value, str) else None
    if not found:
        raise WrongKindError(f, value)
    hours, minutes, seconds, parts = found.groups()
    return f"{hours}:{minutes}:{seconds or '00'}.{(parts or '0').ljust(3, '0')}Z"


def _multipicklist(f: Field, value: Any) -> str | None:
    text = _text(f, value)
    chosen = dict.fromkeys(part.strip() for part in (text or "").split(";") if part.strip())
    order = {entry.value: place for place, entry in enumerate(f.picklist)}
    return ";".join(sorted(chosen, key=lambda v: order.get(v, len(order)))) or None


def _reference(f: Field, value: Any) -> str | None:
    text = _text(f, value)
    if text is None:
        return None
    found = ids.normal(text)
    if found is None:
        raise RecordError("MALFORMED_ID", f"{f.label}: malformed id {text}", [f.name])
    return found


_READERS: dict[str, Reader] = {
    "boolean": _boolean,
    "int": _integer,
    "double": _number,
    "currency": _number,
    "percent": _number,
    "date": _date,
    "datetime": _datetime,
    "time": _time,
    "multipicklist": _multipicklist,
    "reference": _reference,
    "id": _reference,
}
