"""Business days: weekends and the org's holidays left out. Used by evaluate, matching and lifecycle.

Not here: time zones and blackouts (evaluate decides those per person).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import pyarrow as pa

SATURDAY = 5


@dataclass(frozen=True)
class BusinessCalendar:
    """A week of Monday to Friday without these holidays."""

    holidays: frozenset[date] = frozenset()

    @classmethod
    def of_holidays(cls, holidays: pa.Table | None) -> BusinessCalendar:
        """Read the org's Holiday rows (column `on`); no rows means weekends only."""
        days = holidays["on"].to_pylist() if holidays is not None and "on" in holidays.column_names else []
        return cls(frozenset(day for day in days if day is not None))

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


def months_after(start: date, months: int) -> date:
    """The same day some months later; the last day of a shorter month."""
    year, month = divmod(start.month - 1 + months, 12)
    for day in range(start.day, 27, -1):
        try:
            return date(start.year + year, month + 1, day)
        except ValueError:
            continue
    return date(start.year + year, month + 1, start.day)
