r"""WHERE and HAVING to SQL.

    Condition --Conditions.sql--> "t0."Name" COLLATE NOCASE = :p0 AND ..."

Null is a value here, as in Salesforce, not SQL's unknown: `x = null` and `x != 'a'` match empty fields, NOT IN and
EXCLUDES match them too, `<`, `>`, LIKE, IN and INCLUDES never do, and NOT is "true if the expression is false" (SOQL
guide, Logical Operators) - so NOT (x < 5) matches empty fields. A boolean reached through an empty lookup is false;
`flag = null` means `flag = false` (SOQL guide, Using null). '' equals null, as text is never stored empty.
NOT is pushed down to the comparisons, so that every part of the SQL is two-valued where it matters and indexes serve.
Text compares without case for ASCII letters through NOCASE; values with other letters through soql_fold, which lowers
all letters. Order among non-ASCII letters is by code point.
Called by compile, groups and select. Not here: names (resolve) and values (literals).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from crm_sync.local_org.soql.errors import SoqlError
from crm_sync.local_org.soql.literals import instant, stored
from crm_sync.local_org.soql.operands import Operand, Operands, comparable
from crm_sync.local_org.soql.periods import span
from crm_sync.local_org.soql.sql import SqlValue
from crm_sync.local_org.soql.syntax import (
    And,
    Condition,
    Membership,
    Not,
    Null,
    Or,
    Period,
    SemiJoin,
    Text,
    Truth,
    Value,
)
from crm_sync.local_org.soql.text import glob_pattern, like_pattern, value_of

_NEVER, _ALWAYS = "0", "1"
_OPPOSITE = {"=": "!=", "!=": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_ORDERING = frozenset({"<", "<=", ">", ">="})
_KIND_NAMES = {"cased": "string", "text": "string", "double": "number", "int": "number", "datetime": "dateTime"}
_LONG_LIST = 50

SemiJoinSql = Callable[[SemiJoin, Operand], str]


class Conditions:
    """Writes the conditions of one scope. `semi_join` writes the subselect of IN (SELECT ...)."""

    def __init__(self, operands: Operands, clock: datetime, zone: ZoneInfo, semi_join: SemiJoinSql) -> None:
        self._operands, self._scope = operands, operands.scope
        self._clock, self._zone = clock, zone
        self._semi_join = semi_join

    def sql(self, condition: Condition, *, negated: bool = False) -> str:
        """Write a condition. Raises SoqlError for fields, operators and values that do not fit."""
        if isinstance(condition, Not):
            return self.sql(condition.part, negated=not negated)
        if isinstance(condition, (And, Or)):
            word = " AND " if isinstance(condition, And) != negated else " OR "
            return "(" + word.join(self.sql(part, negated=negated) for part in condition.parts) + ")"
        operand = self._operands.of(condition.left)
        self._check_filterable(operand)
        if isinstance(condition, SemiJoin):
            return self._subselect(condition, operand, negated)
        if isinstance(condition, Membership):
            return self._membership(condition, operand, negated)
        return self._comparison(operand, condition.operator, condition.right, negated)

    def _check_filterable(self, operand: Operand) -> None:
        field = operand.field
        if field is not None and (not field.filterable or operand.kind in ("address", "base64")):
            reason = f"field '{operand.name}' can not be filtered in a query call"
            raise self._scope.error("INVALID_FIELD", operand.at, reason)

    def _invalid_operator(self, operand: Operand) -> SoqlError:
        kind = _KIND_NAMES.get(operand.kind, operand.kind)
        return self._scope.error("INVALID_QUERY_FILTER_OPERATOR", operand.at, f"invalid operator on {kind} field")

    def _subselect(self, condition: SemiJoin, operand: Operand, negated: bool) -> str:
        found = self._semi_join(condition, operand)
        if condition.negated == negated:
            return f"{operand.sql} IN ({found})" if not negated else f"({operand.sql} IN ({found}))"
        return f"({operand.sql} IS NULL OR {operand.sql} NOT IN ({found}))"

    def _comparison(self, operand: Operand, operator: str, value: Value, negated: bool) -> str:
        if operator == "LIKE":
            return self._like(operand, value, negated)
        if isinstance(value, Period):
            return self._in_period(operand, operator, value, negated)
        if operator in _ORDERING and operand.kind in ("boolean", "multipicklist"):
            raise self._invalid_operator(operand)
        if _is_null(operand, value):
            return self._against_null(operand, operator, negated)
        if operator in _ORDERING:
            return self._ordered(operand, operator, stored(operand, value, self._scope), negated)
        return self._equal(operand, stored(operand, value, self._scope), equal=(operator == "=") != negated)

    def _against_null(self, operand: Operand, operator: str, negated: bool) -> str:
        if operator in _ORDERING:
            return _ALWAYS if negated else _NEVER
        equal = (operator == "=") != negated
        if operand.kind == "boolean":
            return f"{_truth(operand)} = {int(not equal)}"
        return f"{operand.sql} IS {'' if equal else 'NOT '}NULL"

    def _equal(self, operand: Operand, value: SqlValue, *, equal: bool) -> str:
        if operand.kind == "boolean":
            return f"{_truth(operand)} = {self._bind(value if equal else 1 - int(value or 0))}"
        left, right = self._sides(operand, value)
        return f"{left} = {right}" if equal else f"{left} IS NOT {right}"

    def _ordered(self, operand: Operand, operator: str, value: SqlValue, negated: bool) -> str:
        left = comparable(operand)
        if not negated:
            return f"{left} {operator} {self._bind(value)}"
        return f"({operand.sql} IS NULL OR {left} {_OPPOSITE[operator]} {self._bind(value)})"

    def _sides(self, operand: Operand, value: SqlValue) -> tuple[str, str]:
        """Return both sides of an equality, folded when the value has letters NOCASE does not know."""
        if operand.kind == "multipicklist":
            value = self._in_list_order(operand, str(value))
        if operand.kind in ("text", "multipicklist") and not str(value).isascii():
            return f"soql_fold({operand.sql})", self._bind(str(value).lower())
        if operand.kind == "multipicklist":
            return f"{operand.sql} COLLATE NOCASE", self._bind(value)
        return comparable(operand), self._bind(value)

    def _in_list_order(self, operand: Operand, value: str) -> str:
        """Return the choices in the order of the picklist, as the store keeps them."""
        order = {v.value.lower(): n for n, v in enumerate(operand.field.picklist)} if operand.field else {}
        return ";".join(sorted(value.split(";"), key=lambda v: order.get(v.lower(), len(order))))

    def _membership(self, condition: Membership, operand: Operand, negated: bool) -> str:
        if condition.operator in ("INCLUDES", "EXCLUDES"):
            return self._choices(condition, operand, negated)
        inside = (condition.operator == "IN") != negated
        nulls = [v for v in condition.values if _is_null(operand, v)]
        rest = [v for v in condition.values if not _is_null(operand, v)]
        if any(isinstance(v, Period) for v in rest):
            return self._any_period(operand, condition.values, inside)
        if operand.kind == "boolean":
            return self._truths(operand, condition.values, inside)
        return self._listed(operand, [stored(operand, v, self._scope) for v in rest], bool(nulls), inside)

    def _any_period(self, operand: Operand, values: Sequence[Value], inside: bool) -> str:
        parts = [self._comparison(operand, "=", v, not inside) for v in values]
        return "(" + (" OR " if inside else " AND ").join(parts) + ")"

    def _truths(self, operand: Operand, values: Sequence[Value], inside: bool) -> str:
        wanted = {0 if isinstance(v, Null) else int(stored(operand, v, self._scope) or 0) for v in values}
        matching = wanted if inside else {0, 1} - wanted
        return f"{_truth(operand)} IN ({', '.join(str(v) for v in sorted(matching))})"

    def _listed(self, operand: Operand, values: list[SqlValue], with_null: bool, inside: bool) -> str:
        if operand.kind == "multipicklist":
            values = [self._in_list_order(operand, str(v)) for v in values]
        parts = self._lists(operand, values, inside)
        if inside:
            parts += [f"{operand.sql} IS NULL"] if with_null else []
            return "(" + " OR ".join(parts) + ")" if parts else _NEVER
        matched = " AND ".join(parts) or _ALWAYS
        return f"({operand.sql} IS {'NOT NULL AND' if with_null else 'NULL OR'} ({matched}))"

    def _lists(self, operand: Operand, values: list[SqlValue], inside: bool) -> list[str]:
        folding = operand.kind in ("text", "multipicklist")
        folded: list[SqlValue] = [str(v).lower() for v in values if folding and not str(v).isascii()]
        plain = [v for v in values if not (folding and not str(v).isascii())]
        word = "IN" if inside else "NOT IN"
        left = f"{operand.sql} COLLATE NOCASE" if operand.kind == "multipicklist" else comparable(operand)
        parts = [f"{left} {word} {self._list(plain)}"] if plain else []
        return [*parts, f"soql_fold({operand.sql}) {word} {self._list(folded)}"] if folded else parts

    def _list(self, values: list[SqlValue]) -> str:
        """Write a list; a long one travels as a single parameter, whatever its length."""
        if len(values) > _LONG_LIST:
            return f"(SELECT value FROM json_each({self._bind(json.dumps(values))}))"
        return "(" + ", ".join(self._bind(v) for v in values) + ")"

    def _choices(self, condition: Membership, operand: Operand, negated: bool) -> str:
        if operand.kind != "multipicklist":
            raise self._invalid_operator(operand)
        anyone = " OR ".join(self._chosen(operand, value) for value in condition.values)
        excluded = (condition.operator == "EXCLUDES") != negated
        return f"NOT ({anyone})" if excluded else f"({anyone})"

    def _chosen(self, operand: Operand, value: Value) -> str:
        """Write that every choice of `a;b` is among the field's."""
        if _is_null(operand, value):
            return f"({operand.sql} IS NULL)"
        choices = str(stored(operand, value, self._scope)).split(";")
        return "(" + " AND ".join(self._has(operand, choice) for choice in choices) + ")"

    def _has(self, operand: Operand, choice: str) -> str:
        fold = "lower" if choice.isascii() else "soql_fold"
        return f"instr({fold}(';' || ifnull({operand.sql}, '') || ';'), {self._bind(f';{choice.lower()};')}) > 0"

    def _like(self, operand: Operand, value: Value, negated: bool) -> str:
        if operand.kind not in ("text", "cased"):
            raise self._invalid_operator(operand)
        if isinstance(value, Null):
            return f"{operand.sql} IS {'NOT ' if negated else ''}NULL"
        stored(operand, value, self._scope)
        raw = value.raw if isinstance(value, Text) else ""
        matched = self._matches(operand, raw, "NOT " if negated else "")
        return f"({operand.sql} IS NULL OR {matched})" if negated else matched

    def _matches(self, operand: Operand, raw: str, word: str) -> str:
        if operand.kind == "cased":
            return f"{operand.sql} {word}GLOB {self._bind(glob_pattern(raw))}"
        pattern = like_pattern(raw)
        if pattern.isascii():
            return f"{operand.sql} {word}LIKE {self._bind(pattern)} ESCAPE '\\'"
        return f"soql_fold({operand.sql}) {word}LIKE {self._bind(pattern.lower())} ESCAPE '\\'"

    def _in_period(self, operand: Operand, operator: str, period: Period, negated: bool) -> str:
        if operand.kind not in ("date", "datetime") or operand.field is None:
            raise self._no_period(operand, period)
        start, end = (self._bind(v) for v in self._bounds(operand, period))
        sql = operand.sql
        positive = {
            "=": f"({sql} >= {start} AND {sql} < {end})",
            "!=": f"({sql} IS NULL OR {sql} < {start} OR {sql} >= {end})",
            "<": f"{sql} < {start}",
            "<=": f"{sql} < {end}",
            ">": f"{sql} >= {end}",
            ">=": f"{sql} >= {start}",
        }
        if not negated:
            return positive[operator]
        opposite = positive[_OPPOSITE[operator]]
        return opposite if operator in ("=", "!=") else f"({sql} IS NULL OR {opposite})"

    def _no_period(self, operand: Operand, period: Period) -> SoqlError:
        wanted = {"id": "string", "text": "string", "cased": "string"}.get(operand.kind, operand.kind)
        quotes = " and should be enclosed in quotes" if wanted == "string" else ""
        reason = f"value of filter criterion for field '{operand.name}' must be of type {wanted}{quotes}"
        return self._scope.error("INVALID_FIELD", operand.at, reason)

    def _bounds(self, operand: Operand, period: Period) -> tuple[str, str]:
        try:
            first, after = span(period, self._clock.astimezone(self._zone).date())
            if operand.kind == "date":
                return first.isoformat(), after.isoformat()
            return self._midnight(first), self._midnight(after)
        except OverflowError:
            reason = f"Invalid date literal: {period.name}:{period.count}"
            raise self._scope.error("INVALID_FIELD", period.at, reason) from None

    def _midnight(self, day: date) -> str:
        if not timedelta(days=2) < day - date.min < date.max - date.min - timedelta(days=2):
            raise OverflowError(day)
        return instant(datetime.combine(day, time(), self._zone))

    def _bind(self, value: SqlValue) -> str:
        return self._scope.parameters.add(value)


def _is_null(operand: Operand, value: Value) -> bool:
    if isinstance(value, Null):
        return True
    if isinstance(value, Truth):
        return False
    return isinstance(value, Text) and operand.kind != "boolean" and not value_of(value.raw) and _is_text(operand)


def _is_text(operand: Operand) -> bool:
    return operand.kind in ("id", "text", "cased", "multipicklist")


def _truth(operand: Operand) -> str:
    return f"ifnull({operand.sql}, 0)" if operand.optional else operand.sql
