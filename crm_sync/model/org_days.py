"""Holiday and BusinessHours rows -> the days on which the org works.

The active default business hours say on which weekdays it works: those with a start and an end. Hours round the clock on
all seven days are what every org comes with; they, hours without an open day and no default hours say nothing about
weekdays, and then our own people's business days (service levels) are Monday to Friday. Called by evaluate, matching,
lifecycle and simulate. Not here: what that means for a customer, who may live elsewhere (evaluate).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from crm_sync.model.calendar import MONDAY_TO_FRIDAY, BusinessCalendar
from crm_sync.model.recurrence import days_of, recurrence_of
from crm_sync.model.snapshot import Snapshot

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
YEARS_BACK, YEARS_AHEAD = 3, 2
"""How many years of holidays are worked out: back for replays, and ahead as far as anything is promised."""


@dataclass(frozen=True)
class OrgDays:
    """The org's holidays and the weekdays it works on (Monday is 0), None when it does not say.

    `all_read`: every holiday could be understood.
    """

    holidays: frozenset[date] = frozenset()
    weekdays: frozenset[int] | None = None
    all_read: bool = True

    @property
    def calendar(self) -> BusinessCalendar:
        """The business days of our own people."""
        return BusinessCalendar(self.holidays, self.weekdays or MONDAY_TO_FRIDAY)


def org_calendar(snapshot: Snapshot) -> BusinessCalendar:
    """Give the business days of our own people."""
    holidays, hours = (snapshot.tables.get(name) for name in ("holiday", "business_hours"))
    return org_days(
        holidays.to_pylist() if holidays is not None else (),
        hours.to_pylist() if hours is not None else (),
        snapshot.today,
    ).calendar


def org_days(holidays: Iterable[Mapping[str, Any]], hours: Iterable[Mapping[str, Any]], today: date) -> OrgDays:
    """Read what the org says about its days."""
    read = [_holiday(row, today) for row in holidays]
    days = frozenset(day for one, _ in read for day in one)
    return OrgDays(days, _weekdays(hours), all(understood for _, understood in read))


def _holiday(row: Mapping[str, Any], today: date) -> tuple[frozenset[date], bool]:
    """Give the days of one holiday, and whether they are all of them: of a rule that nobody can read, its date alone."""
    dated = frozenset({row["on"]} if row.get("on") else ())
    if row.get("recurring") is False:
        return dated, bool(dated)
    rule = recurrence_of(row)
    if rule is None:
        return dated, False
    return days_of(rule, date(today.year - YEARS_BACK, 1, 1), date(today.year + YEARS_AHEAD, 12, 31)), True


def _weekdays(hours: Iterable[Mapping[str, Any]]) -> frozenset[int] | None:
    """Give the weekdays on which the default hours are open, of several those that all of them are."""
    said = [row for row in hours if row.get("active") and row.get("default")]
    if not said or all(_is_round_the_clock(row) for row in said):
        return None
    return frozenset(day for day in range(7) if all(_is_open(row, DAYS[day]) for row in said)) or None


def _is_open(row: Mapping[str, Any], day: str) -> bool:
    return bool(row.get(f"{day}_start") and row.get(f"{day}_end"))


def _is_round_the_clock(row: Mapping[str, Any]) -> bool:
    return all(_is_open(row, day) and row[f"{day}_start"] == row[f"{day}_end"] for day in DAYS)
