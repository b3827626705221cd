"""The functions of our own that the SQL calls, and their registration on a connection.

Called by the store once per connection (`prepare`). All are deterministic: same arguments, same result.
Not here: which query calls which function (operands, conditions, select).
"""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from crm_sync.local_org.soql.search_words import matches


def prepare(connection: sqlite3.Connection) -> None:
    """Register the functions on a connection; every query needs them."""
    connection.create_function("soql_fold", 1, fold, deterministic=True)
    connection.create_function("soql_local", 2, local, deterministic=True)
    connection.create_function("soql_label", 2, label, deterministic=True)
    connection.create_function("soql_format", 4, formatted, deterministic=True)
    connection.create_function("soql_scientific", 1, scientific, deterministic=True)
    connection.create_function("search_matches", 2, matches, deterministic=True)
    connection.create_function("search_digits", 1, digits, deterministic=True)


def scientific(number: float) -> str:
    """Write a large or small double as Java does: 1.0E7, 1.25E-4."""
    sign, digits, exponent = Decimal(repr(float(number))).normalize().as_tuple()
    first, *rest = digits
    power = int(exponent) + len(digits) - 1
    return f"{'-' if sign else ''}{first}.{''.join(map(str, rest)) or '0'}E{power}"


def fold(text: str | None) -> str | None:
    """Lower every letter, also those NOCASE leaves alone."""
    return None if text is None else str(text).lower()


def digits(number: str | None) -> str | None:
    """Leave of a phone number its digits."""
    return None if number is None else "".join(c for c in number if c.isdigit())


def local(instant: str | None, zone: str) -> str | None:
    """Return a stored date-time as local time in a zone, YYYY-MM-DDTHH:MM:SS."""
    if instant is None:
        return None
    moment = datetime.strptime(instant[:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC)
    return moment.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%dT%H:%M:%S")


def label(value: str | None, labels: str) -> str | None:
    """Return the labels of a picklist value, or of the values of a multi-select picklist."""
    if value is None:
        return None
    known = _labels(labels)
    return ";".join(known.get(choice, choice) for choice in value.split(";"))


@lru_cache(maxsize=64)
def _labels(labels: str) -> dict[str, str]:
    known: dict[str, str] = json.loads(labels)
    return known


def formatted(value: str | float | None, kind: str, scale: int, zone: str) -> str | None:
    """Return a value as the en_US user sees it: $5,000.00, 1,234.5, 12.5%, 4/10/2026, 4/10/2026, 3:31 PM."""
    if value is None:
        return None
    if kind == "date":
        day = date.fromisoformat(str(value))
        return f"{day.month}/{day.day}/{day.year}"
    if kind == "datetime":
        return _formatted_instant(str(value), zone)
    if kind == "currency":
        return f"-${-float(value):,.{scale}f}" if float(value) < 0 else f"${float(value):,.{scale}f}"
    if kind in ("int", "double", "percent"):
        return f"{float(value):,.{scale}f}" + ("%" if kind == "percent" else "")
    return str(value)


def _formatted_instant(instant: str, zone: str) -> str:
    moment = datetime.strptime(local(instant, zone) or "", "%Y-%m-%dT%H:%M:%S").replace(tzinfo=ZoneInfo(zone))
    half = "AM" if moment.hour < 12 else "PM"
    return f"{moment.month}/{moment.day}/{moment.year}, {moment.hour % 12 or 12}:{moment.minute:02d} {half}"
