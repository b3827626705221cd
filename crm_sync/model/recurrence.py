"""A holiday that comes back, as Salesforce writes it -> the days on which it does.

A rule says how often (`kind`), from when to when, and, depending on the kind, every how many days, weeks or months, and on
which day. Of a day that a shorter month has not, its last day is taken. Called by `org_days`.
Not here: holidays of one day, and what a rule means that nobody can read.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

MONTHS_IN_A_YEAR = 12
MONDAY_TO_FRIDAY = 0b0111110
LAST = 5
"""The `nth` that means the last; Salesforce's list is First, Second, Third, Fourth, Last."""


@dataclass(frozen=True)
class Recurrence:
    """One rule. What its kind does not need is 1; `mask` has a bit for each weekday, Sunday being the lowest."""

    kind: str
    start: date
    end: date | None
    every: int = 1
    month: int = 1
    day: int = 1
    mask: int = MONDAY_TO_FRIDAY
    nth: int = 1

    def covers(self, one: date) -> bool:
        """Whether the holiday falls on this day."""
        return self.start <= one and (self.end is None or one <= self.end) and _KINDS[self.kind](self, one)


def recurrence_of(row: Mapping[str, Any]) -> Recurrence | None:
    """Read the rule of a Holiday row; None when something is missing that its kind needs, or makes no sense."""
    kind, start = row.get("recurrence") or "", row.get("recurs_from") or row.get("on")
    if kind not in _KINDS or start is None:
        return None
    read = {name: _whole(row.get(f"recurs_{name}"), most) for name, most in _MOST.items()}
    if any(read[name] is None for name in _NEEDED[kind]):
        return None
    return Recurrence(kind, start, row.get("recurs_until"), **{name: one for name, one in read.items() if one})


@lru_cache(maxsize=1024)
def days_of(rule: Recurrence, first: date, last: date) -> frozenset[date]:
    """Give the days from `first` to `last`, both included, on which the holiday falls."""
    every = (first + timedelta(days=number) for number in range((last - first).days + 1))
    return frozenset(filter(rule.covers, every))


_MOST = {"every": 999, "month": MONTHS_IN_A_YEAR, "day": 31, "mask": 127, "nth": LAST}
"""The largest number that makes sense, by field; the smallest is 1. In the mask Sunday is 1, Monday 2, ..., Saturday 64."""
_NEEDED = {
    "daily": ("every",),
    "every_weekday": (),
    "weekly": ("every", "mask"),
    "monthly": ("every", "day"),
    "monthly_nth": ("every", "mask", "nth"),
    "yearly": ("month", "day"),
    "yearly_nth": ("month", "mask", "nth"),
}


def _whole(value: float | None, most: int) -> int | None:
    return int(value) if value is not None and value == int(value) and 1 <= value <= most else None


def _is_in(mask: int, one: date) -> bool:
    return bool(mask >> one.isoweekday() % 7 & 1)


def _daily(rule: Recurrence, one: date) -> bool:
    return (one - rule.start).days % rule.every == 0


def _every_weekday(rule: Recurrence, one: date) -> bool:
    return _is_in(rule.mask, one)


def _weekly(rule: Recurrence, one: date) -> bool:
    """Count weeks as beginning on Sunday and as beginning on Monday: either may be meant, so the days of both are off."""
    weeks = {_week(one, first) - _week(rule.start, first) for first in (0, 1)}
    return _is_in(rule.mask, one) and any(week % rule.every == 0 for week in weeks)


def _week(one: date, sunday: int) -> int:
    """Number a day's week: those that begin on Monday (0) or on Sunday (1)."""
    return (one.toordinal() - 1 + sunday) // 7


def _monthly(rule: Recurrence, one: date) -> bool:
    return _in_turn(rule, one) and _on_day(rule, one)


def _monthly_nth(rule: Recurrence, one: date) -> bool:
    return _in_turn(rule, one) and _on_nth(rule, one)


def _yearly(rule: Recurrence, one: date) -> bool:
    return one.month == rule.month and _on_day(rule, one)


def _yearly_nth(rule: Recurrence, one: date) -> bool:
    return one.month == rule.month and _on_nth(rule, one)


def _in_turn(rule: Recurrence, one: date) -> bool:
    """Whether this month is one of every so many since the start."""
    months = (one.year - rule.start.year) * MONTHS_IN_A_YEAR + one.month - rule.start.month
    return months % rule.every == 0


def _on_day(rule: Recurrence, one: date) -> bool:
    return one.day == min(rule.day, _length(one))


def _on_nth(rule: Recurrence, one: date) -> bool:
    """Whether it is the nth day of its month among those of the rule's weekdays, or the last of them."""
    among = [day for day in range(1, _length(one) + 1) if _is_in(rule.mask, one.replace(day=day))]
    return one.day == among[-1 if rule.nth == LAST else rule.nth - 1]


def _length(one: date) -> int:
    return calendar.monthrange(one.year, one.month)[1]


_KINDS: Mapping[str, Callable[[Recurrence, date], bool]] = {
    "daily": _daily,
    "every_weekday": _every_weekday,
    "weekly": _weekly,
    "monthly": _monthly,
    "monthly_nth": _monthly_nth,
    "yearly": _yearly,
    "yearly_nth": _yearly_nth,
}
