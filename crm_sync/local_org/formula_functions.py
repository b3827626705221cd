"""The functions and operators of formulas, with Salesforce's treatment of what is blank.

Called by formula. A blank number or date compares as false with anything; a blank text equals the empty text.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any


class UnsupportedFormulaError(ValueError):
    """A formula uses something the local org does not know."""


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _equal(left: Any, right: Any) -> bool:
    if isinstance(left, str) or isinstance(right, str):
        return _text(left) == _text(right)
    return bool(left == right)


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    return lambda left, right: left is not None and right is not None and compare(left, right)


def _plus(sign: int) -> Callable[[Any, Any], Any]:
    def combine(left: Any, right: Any) -> Any:
        if left is None or right is None:
            return None
        if isinstance(left, date) and isinstance(right, date):
            return float((left - right).days)
        if isinstance(left, date):
            return left + timedelta(days=sign * float(right))
        if isinstance(left, str) or isinstance(right, str):
            return _text(left) + _text(right)
        return left + sign * right

    return combine


def _numbers(combine: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda left, right: None if left is None or right is None else combine(left, right)


OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {
    "=": _equal,
    "==": _equal,
    "<>": lambda left, right: not _equal(left, right),
    "!=": lambda left, right: not _equal(left, right),
    "<": _ordered(operator.lt),
    ">": _ordered(operator.gt),
    "<=": _ordered(operator.le),
    ">=": _ordered(operator.ge),
    "&&": lambda left, right: bool(left) and bool(right),
    "||": lambda left, right: bool(left) or bool(right),
    "&": lambda left, right: _text(left) + _text(right),
    "+": _plus(1),
    "-": _plus(-1),
    "*": _numbers(operator.mul),
    "/": lambda left, right: None if left is None or not right else left / right,
}


def _is_blank(value: Any) -> bool:
    return value is None or value == ""


def _changed(scope: Any, arguments: Sequence[Any]) -> bool:
    path = arguments[0].path
    return not scope.is_new and not _equal(scope.read(path), scope.read(path, prior=True))


def _prior(scope: Any, arguments: Sequence[Any]) -> Any:
    return scope.read(arguments[0].path, prior=not scope.is_new)


def _if(scope: Any, arguments: Sequence[Any]) -> Any:
    return arguments[1 if arguments[0].value(scope) else 2].value(scope)


def _case(scope: Any, arguments: Sequence[Any]) -> Any:
    wanted, *pairs, otherwise = arguments
    value = wanted.value(scope)
    for match, result in zip(pairs[::2], pairs[1::2], strict=True):
        if _equal(value, match.value(scope)):
            return result.value(scope)
    return otherwise.value(scope)


def _plain(function: Callable[..., Any]) -> Callable[[Any, Sequence[Any]], Any]:
    """Make a function of values into one of arguments."""
    return lambda scope, arguments: function(*(a.value(scope) for a in arguments))


FUNCTIONS: Mapping[str, Callable[[Any, Sequence[Any]], Any]] = {
    "AND": lambda scope, arguments: all(a.value(scope) for a in arguments),
    "OR": lambda scope, arguments: any(a.value(scope) for a in arguments),
    "NOT": _plain(lambda value: not value),
    "IF": _if,
    "CASE": _case,
    "ISNEW": lambda scope, arguments: scope.is_new,
    "ISCHANGED": _changed,
    "PRIORVALUE": _prior,
    "ISBLANK": _plain(_is_blank),
    "ISNULL": _plain(_is_blank),
    "BLANKVALUE": _plain(lambda value, instead: instead if _is_blank(value) else value),
    "ISPICKVAL": _plain(_equal),
    "INCLUDES": _plain(lambda value, part: part in _text(value).split(";")),
    "TEXT": _plain(_text),
    "LEN": _plain(lambda value: float(len(_text(value)))),
    "CONTAINS": _plain(lambda value, part: _text(part) in _text(value)),
    "BEGINS": _plain(lambda value, part: _text(value).startswith(_text(part))),
    "LOWER": _plain(lambda value: _text(value).lower()),
    "UPPER": _plain(lambda value: _text(value).upper()),
    "TRIM": _plain(lambda value: _text(value).strip()),
    "LEFT": _plain(lambda value, count: _text(value)[: int(count)]),
    "RIGHT": _plain(lambda value, count: _text(value)[-int(count) :] if count else ""),
    "REGEX": _plain(lambda value, pattern: re.fullmatch(pattern, _text(value)) is not None),
    "TODAY": lambda scope, arguments: scope.today,
    "NOW": lambda scope, arguments: scope.now,
    "MIN": _plain(lambda *values: min(v for v in values if v is not None)),
    "MAX": _plain(lambda *values: max(v for v in values if v is not None)),
    "ABS": _plain(lambda value: None if value is None else abs(value)),
}
