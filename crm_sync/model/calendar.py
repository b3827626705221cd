"""Business days: which weekdays work is done on, without holidays. Used by evaluate, matching and lifecycle.

Not here: whose weekdays and holidays they are (the org's: `org_days`; a customer's: evaluate), time zones and blackouts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

MONDAY_TO_FRIDAY = frozenset(range(5))


@dataclass(frozen=True)
class BusinessCalendar:
    """A week of these days, Monday being 0, without these holidays."""

    holidays: frozenset[date] = frozenset()
    weekdays: frozenset[int] = MONDAY_TO_FRIDAY

    def is_business_day(self, day: date) -> bool:
        """Whether work is done on this day."""
        return day.weekday() in self.weekdays and day not in self.holidays

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
