"""Written values to stored ones, per kind of field; and the refusals of values that do not fit.

    Operand + Text | Number | Day | ... --> the text or number as the store keeps it, or SoqlError INVALID_FIELD

Called by conditions. Not here: periods (they are spans, see `periods`) and null.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from crm_sync.local_org import ids
from crm_sync.local_org.soql.errors import SoqlError
from crm_sync.local_org.soql.operands import Operand
from crm_sync.local_org.soql.resolve import Scope
from crm_sync.local_org.soql.sql import SqlValue
from crm_sync.local_org.soql.syntax import Day, Instant, Money, Number, Text, TimeOfDay, Truth, Value
from crm_sync.local_org.soql.text import value_of

LONGEST_STRING = 4_000
_TYPE_NAMES = {
    "id": "string",
    "text": "string",
    "cased": "string",
    "multipicklist": "string",
    "datetime": "dateTime",
}
_QUOTED = frozenset({"id", "text", "cased", "multipicklist"})


def stored(operand: Operand, value: Value, scope: Scope) -> SqlValue:
    """Return the value in the form the store keeps it.

    Raises SoqlError INVALID_FIELD when the type does not fit the field, in Salesforce's words; INVALID_QUERY_FILTER_
    OPERATOR for a malformed id.
    """
    if isinstance(value, Text) and operand.kind in _QUOTED:
        return _text(operand, value, scope)
    if isinstance(value, Number) and operand.kind in ("int", "double"):
        return _number(value.value)
    if isinstance(value, Truth) and operand.kind == "boolean":
        return int(value.value)
    moment = _moment(operand, value)
    if moment is None:
        raise _mismatch(operand, value, scope)
    return moment


def instant(moment: datetime) -> str:
    """Return an aware moment as date-times are stored: UTC, milliseconds, +0000."""
    utc = moment.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}+0000".rjust(28, "0")


def _moment(operand: Operand, value: Value) -> str | None:
    if isinstance(value, Day) and operand.kind == "date":
        return value.value.isoformat()
    if isinstance(value, Instant) and operand.kind == "datetime":
        return instant(value.value)
    if isinstance(value, TimeOfDay) and operand.kind == "time":
        return f"{value.value:%H:%M:%S}.{value.value.microsecond // 1000:03d}Z"
    return None


def _text(operand: Operand, value: Text, scope: Scope) -> str:
    meant = value_of(value.raw)
    if len(meant) > LONGEST_STRING:
        reason = f"The string in the WHERE clause is longer than {LONGEST_STRING} characters."
        raise scope.error("MALFORMED_QUERY", value.at, reason)
    if operand.kind != "id" or not meant:
        return meant
    normal = ids.normal(meant)
    if normal is None:
        raise scope.error("INVALID_QUERY_FILTER_OPERATOR", operand.at, f"invalid ID field: {meant}")
    return normal


def _number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() and abs(value) < 2**63 else float(value)


def _mismatch(operand: Operand, value: Value, scope: Scope) -> SoqlError:
    wanted = _TYPE_NAMES.get(operand.kind, operand.kind)
    reason = f"value of filter criterion for field '{operand.name}' must be of type {wanted}"
    if operand.kind in _QUOTED:
        reason += " and should be enclosed in quotes"
    elif isinstance(value, Text):
        reason += " and should not be enclosed in quotes"
    elif isinstance(value, Money):
        reason = f"currency literals need an organization with several currencies: {value.code}{value.amount}"
    return scope.error("INVALID_FIELD", operand.at, reason)
