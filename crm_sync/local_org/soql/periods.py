"""Date literals as spans of days: TODAY, LAST_N_WEEKS:3, NEXT_FISCAL_QUARTER, N_MONTHS_AGO:2, ...

    Period + today --> (first day, day after the last)

Ranges as the SOQL guide gives them ("Date Formats and Date Literals in WHERE"): LAST_N_DAYS:n and LAST_90_DAYS hold
today too (n + 1 days), NEXT_N_DAYS:n begins tomorrow; LAST_N_WEEKS and longer units end before the current unit. Weeks
start on Sunday (locale en_US); the fiscal year is the calendar year. Called by conditions. Not here: clock and zone.
"""

from __future__ import annotations

from datetime import date, timedelta

from crm_sync.local_org.soql.syntax import Period

_UNITS = {"DAY": "DAY", "WEEK": "WEEK", "MONTH": "MONTH", "QUARTER": "QUARTER", "YEAR": "YEAR"}
_MONTHS = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}
_SHIFTS = {"LAST": -1, "THIS": 0, "NEXT": 1}
_DAYS = {"YESTERDAY": -1, "TODAY": 0, "TOMORROW": 1}


def span(period: Period, today: date) -> tuple[date, date]:
    """Return the first day of the period and the day after its last. Raises OverflowError beyond the calendar."""
    name = period.name.replace("FISCAL_", "")
    if name in _DAYS:
        return _units("DAY", _DAYS[name], 1, today)
    if name.endswith("_90_DAYS"):
        return _last_or_next(name[:4], "DAY", 90, today)
    if "_N_" in name:
        side, _, unit = name.partition("_N_")
        return _last_or_next(side, _UNITS[unit[:-1]], period.count or 0, today)
    if name.endswith("_AGO"):
        return _units(_UNITS[name[2:-5]], -(period.count or 0), 1, today)
    side, _, unit = name.partition("_")
    return _units(_UNITS[unit], _SHIFTS[side], 1, today)


def _last_or_next(side: str, unit: str, count: int, today: date) -> tuple[date, date]:
    if side == "NEXT":
        return _units(unit, 1, count, today)
    today_too = 1 if unit == "DAY" else 0
    return _units(unit, -count, count + today_too, today)


def _units(unit: str, shift: int, count: int, today: date) -> tuple[date, date]:
    """Return the span of `count` units that starts `shift` units from the current one."""
    start = _start(unit, today)
    return _move(unit, start, shift), _move(unit, start, shift + count)


def _start(unit: str, day: date) -> date:
    if unit == "DAY":
        return day
    if unit == "WEEK":
        return day - timedelta(days=day.isoweekday() % 7)
    if unit == "YEAR":
        return date(day.year, 1, 1)
    months = _MONTHS[unit]
    return date(day.year, (day.month - 1) // months * months + 1, 1)


def _move(unit: str, start: date, count: int) -> date:
    if unit in ("DAY", "WEEK"):
        return start + timedelta(days=count * (7 if unit == "WEEK" else 1))
    year, month = divmod(start.year * 12 + start.month - 1 + count * _MONTHS[unit], 12)
    if not date.min.year <= year <= date.max.year:
        raise OverflowError(f"year {year}")
    return date(year, month + 1, 1)
