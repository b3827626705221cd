"""Expressions to SQL with a kind: what a field or function is worth, and how it compares.

    Path | Call --Operands.of--> Operand(sql, kind, ...)

Kinds group the describe types by how they compare: id, text, cased (case-sensitive text), multipicklist, boolean, int,
double, date, datetime, time, address. Called by conditions, ordering, select and groups.
Not here: operators and values.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from crm_sync.local_org.schema import Field
from crm_sync.local_org.soql.errors import SoqlError, SoqlUnsupported
from crm_sync.local_org.soql.resolve import Column, Join, Scope
from crm_sync.local_org.soql.syntax import Call, Expression, Path

_KINDS = {
    "id": "id",
    "reference": "id",
    "boolean": "boolean",
    "int": "int",
    "double": "double",
    "currency": "double",
    "percent": "double",
    "date": "date",
    "datetime": "datetime",
    "time": "time",
    "multipicklist": "multipicklist",
    "address": "address",
    "location": "address",
    "base64": "base64",
}
_INTEGER = "CAST({} AS INTEGER)"
_DAY_OF_YEAR = _INTEGER.format("strftime('%j', {0})")
_PARTS = {
    "CALENDAR_YEAR": _INTEGER.format("substr({0}, 1, 4)"),
    "CALENDAR_MONTH": _INTEGER.format("substr({0}, 6, 2)"),
    "CALENDAR_QUARTER": "(" + _INTEGER.format("substr({0}, 6, 2)") + " + 2) / 3",
    "DAY_IN_MONTH": _INTEGER.format("substr({0}, 9, 2)"),
    "DAY_IN_WEEK": _INTEGER.format("strftime('%w', {0})") + " + 1",
    "DAY_IN_YEAR": _DAY_OF_YEAR,
    "DAY_ONLY": "substr({0}, 1, 10)",
    "HOUR_IN_DAY": _INTEGER.format("substr({0}, 12, 2)"),
    "WEEK_IN_MONTH": "(" + _INTEGER.format("substr({0}, 9, 2)") + " - 1) / 7 + 1",
    "WEEK_IN_YEAR": f"({_DAY_OF_YEAR} - 1) / 7 + 1",
}
_PARTS |= {f"FISCAL_{unit}": _PARTS[f"CALENDAR_{unit}"] for unit in ("YEAR", "QUARTER", "MONTH")}
DATE_FUNCTIONS = frozenset(_PARTS)
AGGREGATES = frozenset({"COUNT", "COUNT_DISTINCT", "SUM", "AVG", "MIN", "MAX", "GROUPING"})
_INSTANT_ONLY = frozenset({"DAY_ONLY", "HOUR_IN_DAY"})
_NOT_AGGREGATED = frozenset({"multipicklist", "address", "base64", "boolean", "id"})
_FUNCTIONS_UNSUPPORTED = frozenset({"DISTANCE", "GEOLOCATION"})


@dataclass(frozen=True)
class Operand:
    """The SQL of a value and what it is. `name` is how messages call it; `optional`: null through an empty lookup."""

    sql: str
    kind: str
    name: str
    at: int
    column: Column | None = None
    optional: bool = False

    @property
    def field(self) -> Field | None:
        """The field itself, None for functions."""
        return self.column.field if self.column else None


def kind_of(field: Field) -> str:
    """Return the kind of a field."""
    kind = _KINDS.get(field.type, "text")
    return "cased" if kind == "text" and field.case_sensitive else kind


def comparable(operand: Operand) -> str:
    """Return the operand's SQL with the collation its kind compares under."""
    if operand.kind == "text":
        return f"{operand.sql} COLLATE NOCASE"
    return f"{operand.sql} COLLATE BINARY" if operand.kind in ("cased", "id") else operand.sql


def keyed(expression: Expression) -> str:
    """Return a spelling under which equal expressions are equal, whatever the case they were written in."""
    if isinstance(expression, Path):
        return str(expression).lower()
    arguments = (keyed(a) if isinstance(a, (Path, Call)) else repr(a) for a in expression.arguments)
    return f"{expression.function}({','.join(arguments)})"


class Operands:
    """The operands of one scope. `nulled` holds the grouped expressions (their SQL) a subtotal row leaves out."""

    def __init__(
        self, scope: Scope, zone: str, *, aggregates: bool = False, nulled: frozenset[str] = frozenset()
    ) -> None:
        self.scope, self.zone = scope, zone
        self._aggregates, self._nulled = aggregates, nulled

    def of(self, expression: Expression) -> Operand:
        """Find what an expression is worth. Raises SoqlError INVALID_FIELD or MALFORMED_QUERY."""
        found = self._real(expression)
        if found.sql not in self._nulled:
            return found
        return Operand("NULL", found.kind, found.name, found.at, found.column, optional=True)

    def _real(self, expression: Expression) -> Operand:
        return self.field(expression) if isinstance(expression, Path) else self._call(expression)

    def field(self, path: Path) -> Operand:
        """Return the operand of a field."""
        column = self.scope.column(path)
        return Operand(column.sql, kind_of(column.field), path.names[-1], path.at, column, column.optional)

    def in_join(self, join: Join, path: Path) -> Operand:
        """Return the operand of a field of a table already found."""
        column = self.scope.column_in(join, path)
        return Operand(column.sql, kind_of(column.field), path.names[-1], path.at, column, column.optional)

    def _call(self, call: Call) -> Operand:
        name = call.function
        if name in _FUNCTIONS_UNSUPPORTED:
            raise SoqlUnsupported(f"{name}()")
        if name in DATE_FUNCTIONS:
            return self._date_part(call)
        if name == "TOLABEL":
            return self._label(call)
        if name in AGGREGATES and self._aggregates:
            return self._aggregate(call)
        raise self.scope.error("MALFORMED_QUERY", call.at, f"Invalid use of function: {name}")

    def argument(self, call: Call) -> Path | Call:
        """Return the one argument of a function."""
        if len(call.arguments) == 1 and isinstance(call.arguments[0], (Path, Call)):
            return call.arguments[0]
        raise self.scope.error("MALFORMED_QUERY", call.at, f"Invalid number of arguments for function: {call.function}")

    def _date_part(self, call: Call) -> Operand:
        inner = self.argument(call)
        local = isinstance(inner, Call) and inner.function == "CONVERTTIMEZONE"
        source = self.of(self.argument(inner) if local and isinstance(inner, Call) else inner)
        wanted = ("datetime",) if local or call.function in _INSTANT_ONLY else ("datetime", "date")
        if source.kind not in wanted:
            reason = f"Function {call.function} can not be used with field {source.name}"
            raise self.scope.error("INVALID_FIELD", call.at, reason)
        kind = "date" if call.function == "DAY_ONLY" else "int"
        sql = _PARTS[call.function].format(self._moment(source, local=local))
        return Operand(sql, kind, call.function, call.at, optional=True)

    def _moment(self, source: Operand, *, local: bool) -> str:
        if local:
            return f"soql_local({source.sql}, {self.scope.parameters.add(self.zone)})"
        return f"substr({source.sql}, 1, 19)" if source.kind == "datetime" else source.sql

    def _label(self, call: Call) -> Operand:
        inner = self.argument(call)
        if not isinstance(inner, Path):
            raise self.scope.error("MALFORMED_QUERY", call.at, "toLabel() takes a field")
        source = self.field(inner)
        labels = {v.value: v.label for v in source.field.picklist} if source.field else {}
        if not labels:
            return source
        sql = f"soql_label({source.sql}, {self.scope.parameters.add(json.dumps(labels))})"
        return Operand(sql, "text", source.name, source.at, source.column, source.optional)

    def _aggregate(self, call: Call) -> Operand:
        name = call.function
        if name == "COUNT" and not call.arguments:
            return Operand("count(*)", "int", name, call.at)
        source = self._real(self.argument(call))
        if name == "GROUPING":
            return Operand("1" if source.sql in self._nulled else "0", "int", name, call.at)
        if name.startswith("COUNT"):
            distinct = "DISTINCT " if name == "COUNT_DISTINCT" else ""
            return Operand(f"count({distinct}{comparable(source)})", "int", name, call.at)
        return self._summary(call, source)

    def _summary(self, call: Call, source: Operand) -> Operand:
        name, numeric = call.function, source.kind in ("int", "double")
        if source.kind in _NOT_AGGREGATED or (name in ("SUM", "AVG") and not numeric):
            reason = f"field {source.name} does not support aggregate operator {name}"
            raise SoqlError("MALFORMED_QUERY", reason)
        if name in ("SUM", "AVG"):
            kind = "double" if name == "AVG" else source.kind
            return Operand(f"{name.lower()}({source.sql})", kind, name, call.at, optional=True)
        if source.field is not None and source.field.type == "picklist" and source.field.picklist:
            ranked = f"printf('%05d', {rank(source, self.scope)}) || {source.sql}"
            sql = f"substr({name.lower()}({ranked}), 6)"
        else:
            sql = f"{name.lower()}({comparable(source)})"
        return Operand(sql, source.kind, name, call.at, optional=True)


def rank(operand: Operand, scope: Scope) -> str:
    """Return the SQL of a picklist value's place in its list; values outside the list come last."""
    values = operand.field.picklist if operand.field else ()
    cases = " ".join(f"WHEN {scope.parameters.add(v.value)} THEN {place}" for place, v in enumerate(values))
    return f"CASE {operand.sql} COLLATE NOCASE {cases} ELSE {len(values)} END"
