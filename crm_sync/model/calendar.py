"""Business days: weekends and the org's holidays left out. Used by evaluate, matching and lifecycle.

Not here: time zones and blackouts (evaluate decides those per person).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

import pyarrow as pa

SATURDAY = 5


@dataclass(frozen=True)
class BusinessCalendar:
    """A week of Monday to Friday without these holidays."""

    holidays: frozenset[date] = frozenset()

    @classmethod
    def of_holidays(cls, holidays: pa.Table | None, today: date) -> BusinessCalendar:
        """Read the org's Holiday rows (columns `on` and `recurring`); no rows means weekends only."""
        rows = holidays.to_pylist() if holidays is not None else []
        return cls.of_days(((row.get("on"), row.get("recurring")) for row in rows), today)

    @classmethod
    def of_days(cls, rows: Iterable[tuple[date | None, bool | None]], today: date) -> BusinessCalendar:
        """Take holidays (day, recurring) of three years ago, for replays, to the year after next.

        A recurring one returns each year, on the 28th when a 29th is missing; one of which that is not known may recur.
        """
        days: set[date] = set()
        for day, recurring in rows:
            if day is None:
                continue
            days.add(day)
            if recurring is not False:
                days |= {_in_year(day, today.year + offset) for offset in range(-3, 3)}
        return cls(frozenset(days))

    def is_business_day(self, day: date) -> bool:
        """Whether work is done on this day."""
        return day.weekday() < SATURDAY and day not in self.holidays

    def add(self, day: date, business_days: int) -> date:
        """The day that lies this many business days after `day`; 0 gives `day` itself even on a weekend."""
        while business_days > 0:
            day += timedelta(days=1)
            business_days -= self.is_business_day(day)
        return day

    def between(self, start: date, end: date) -> int:
        """How many business days lie after `start` up to and including `end`; 0 when `end` is not after `start`."""
        days = (start + timedelta(days=offset) for offset in range(1, (end - start).days + 1))
        return sum(self.is_business_day(day) for day in days)


def _in_year(day: date, year: int) -> date:
    try:
        return day.replace(year=year)
    except ValueError:
        return day.replace(year=year, day=28)


def months_after(start: date, months: int) -> date:
    """The same day some months later; the last day of a shorter month."""
    year, month = divmod(start.month - 1 + months, 12)
    for day in range(start.day, 27, -1):
        try:
            return date(start.year + year, month + 1, day)
        except ValueError:
            continue
    return date(start.year + year, month + 1, start.day)
