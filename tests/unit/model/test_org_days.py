"""What the org's Holiday and BusinessHours rows say about its days."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from crm_sync.model.calendar import BusinessCalendar
from crm_sync.model.org_days import DAYS, org_calendar, org_days

TODAY = date(2026, 11, 2)  # a Monday
SUNDAY, MONDAY, TUESDAY, WEDNESDAY, FRIDAY, SATURDAY = 1, 2, 4, 8, 32, 64


def off(first: str, last: str, **rule: Any) -> list[str]:
    """The days between two that one recurring holiday takes."""
    found = org_days([{"recurring": True, **rule}], (), TODAY)
    assert found.all_read
    start = date.fromisoformat(first)
    every = [start + timedelta(days=n) for n in range((date.fromisoformat(last) - start).days + 1)]
    return [day.isoformat() for day in every if day in found.holidays]


@pytest.mark.parametrize(
    ("rule", "first", "last", "expected"),
    [
        ({"recurrence": "daily", "recurs_every": 3.0}, "2026-11-01", "2026-11-12", ["11-04", "11-07", "11-10"]),
        ({"recurrence": "every_weekday"}, "2026-11-01", "2026-11-10", ["11-04", "11-05", "11-06", "11-09", "11-10"]),
        ({"recurrence": "every_weekday", "recurs_mask": 42.0}, "2026-11-04", "2026-11-10", ["11-04", "11-06", "11-09"]),
        (
            {"recurrence": "weekly", "recurs_every": 1.0, "recurs_mask": WEDNESDAY + SATURDAY},
            "2026-11-01", "2026-11-14", ["11-04", "11-07", "11-11", "11-14"],
        ),
        (
            {"recurrence": "weekly", "recurs_every": 2.0, "recurs_mask": TUESDAY},
            "2026-11-01", "2026-12-05", ["11-17", "12-01"],
        ),
        (
            {"recurrence": "weekly", "recurs_every": 2.0, "recurs_mask": SUNDAY},  # whichever day a week begins on
            "2026-11-04", "2026-11-30", ["11-08", "11-15", "11-22", "11-29"],
        ),
        ({"recurrence": "monthly", "recurs_every": 1.0, "recurs_day": 31.0}, "2026-11-01", "2027-03-01",
         ["11-30", "12-31", "01-31", "02-28"]),
        ({"recurrence": "monthly", "recurs_every": 3.0, "recurs_day": 4.0}, "2026-11-01", "2027-06-30",
         ["11-04", "02-04", "05-04"]),
        ({"recurrence": "monthly_nth", "recurs_every": 2.0, "recurs_mask": FRIDAY, "recurs_nth": 1.0},
         "2026-11-04", "2027-03-31", ["11-06", "01-01", "03-05"]),
        ({"recurrence": "monthly_nth", "recurs_every": 1.0, "recurs_mask": 62.0, "recurs_nth": 5.0},
         "2026-11-04", "2027-01-31", ["11-30", "12-31", "01-29"]),
        ({"recurrence": "monthly_nth", "recurs_every": 1.0, "recurs_mask": SUNDAY + SATURDAY, "recurs_nth": 2.0},
         "2026-11-04", "2027-01-31", ["11-07", "12-06", "01-03"]),
        ({"recurrence": "yearly", "recurs_month": 12.0, "recurs_day": 25.0}, "2026-11-04", "2028-12-31",
         ["12-25", "12-25", "12-25"]),
        ({"recurrence": "yearly", "recurs_month": 2.0, "recurs_day": 29.0}, "2026-11-04", "2028-12-31",
         ["02-28", "02-29"]),
        ({"recurrence": "yearly_nth", "recurs_month": 11.0, "recurs_mask": 16.0, "recurs_nth": 4.0},
         "2026-11-04", "2028-12-31", ["11-26", "11-25", "11-23"]),
        ({"recurrence": "yearly_nth", "recurs_month": 5.0, "recurs_mask": MONDAY, "recurs_nth": 5.0},
         "2026-11-04", "2028-12-31", ["05-31", "05-29"]),
    ],
)  # fmt: skip
def test_every_kind_of_recurrence(rule: dict[str, Any], first: str, last: str, expected: list[str]) -> None:
    assert [day[5:] for day in off(first, last, recurs_from=date(2026, 11, 4), **rule)] == expected


def test_a_rule_begins_and_ends_on_its_days() -> None:
    daily = {"recurrence": "daily", "recurs_every": 1.0, "recurs_until": date(2026, 11, 5)}
    assert off("2026-11-01", "2026-11-09", recurs_from=date(2026, 11, 3), **daily) == [
        "2026-11-03", "2026-11-04", "2026-11-05",
    ]  # fmt: skip
    assert off("2026-11-01", "2026-11-09", on=date(2026, 11, 5), **daily) == ["2026-11-05"]


def test_holidays_are_worked_out_from_three_years_ago_to_the_year_after_next() -> None:
    rule = {"recurrence": "daily", "recurs_every": 1.0, "recurs_from": date(2000, 1, 1)}
    found = org_days([{"recurring": True, **rule}], (), TODAY).holidays
    assert (min(found), max(found)) == (date(2023, 1, 1), date(2028, 12, 31))


YEARLY = {"recurrence": "yearly", "recurs_from": TODAY, "recurs_month": 12.0, "recurs_day": 25.0, "recurring": True}
NTH = {"recurrence": "monthly_nth", "recurs_from": TODAY, "recurs_every": 1.0, "recurs_mask": 2.0, "recurs_nth": 1.0}


@pytest.mark.parametrize(
    "row",
    [
        YEARLY | {"recurrence": None},
        YEARLY | {"recurrence": "hourly"},
        YEARLY | {"recurs_from": None},
        YEARLY | {"recurs_month": None},
        YEARLY | {"recurs_month": 13.0},
        YEARLY | {"recurs_month": 0.0},
        YEARLY | {"recurs_day": 32.0},
        YEARLY | {"recurs_day": 1.5},
        NTH | {"recurs_every": None},
        NTH | {"recurs_every": 0.0},
        NTH | {"recurs_mask": 128.0},
        NTH | {"recurs_mask": 0.0},
        NTH | {"recurs_nth": 6.0},
        NTH | {"recurs_nth": None},
        {"recurring": False},
        {"recurring": None},
    ],
)
def test_of_a_holiday_that_nobody_understands_its_date_alone_is_known(row: dict[str, Any]) -> None:
    found = org_days([row], (), TODAY)
    assert (found.holidays, found.all_read) == (frozenset(), False)
    if row.get("recurs_from"):
        dated = org_days([row | {"on": date(2026, 12, 24)}, YEARLY], (), TODAY)
        assert date(2026, 12, 24) in dated.holidays
        assert date(2027, 12, 24) not in dated.holidays
        assert date(2026, 12, 25) in dated.holidays
        assert not dated.all_read


def test_a_holiday_of_one_day() -> None:
    found = org_days([{"on": date(2026, 12, 24), "recurring": False, "recurrence": "daily"}], (), TODAY)
    assert (found.holidays, found.all_read) == (frozenset({date(2026, 12, 24)}), True)
    assert org_days((), (), TODAY).all_read


def hours(*days: str, start: str = "08:00:00.000Z", end: str = "18:00:00.000Z", **more: Any) -> dict[str, Any]:
    """Default business hours that are open on these days."""
    times = {f"{day}_{which}": at for day in days for which, at in (("start", start), ("end", end))}
    return {"active": True, "default": True, **times, **more}


@pytest.mark.parametrize(
    ("rows", "weekdays"),
    [
        ([], None),
        ([hours(*DAYS[:5])], {0, 1, 2, 3, 4}),
        ([hours("sunday", *DAYS[:4])], {6, 0, 1, 2, 3}),
        ([hours(*DAYS, start="00:00:00.000Z", end="00:00:00.000Z")], None),
        ([hours(*DAYS)], set(range(7))),
        ([hours(*DAYS, start="00:00:00.000Z", end="00:00:00.000Z") | {"sunday_start": None, "sunday_end": None}], {0, 1, 2, 3, 4, 5}),
        ([hours(*DAYS, start="00:00:00.000Z", end="00:00:00.000Z") | {"sunday_end": "23:59:00.000Z"}], set(range(7))),
        ([hours(*DAYS[:5]) | {"friday_end": None}], {0, 1, 2, 3}),
        ([hours(*DAYS[:5]) | {"friday_start": None}], {0, 1, 2, 3}),
        ([hours()], None),
        ([hours(*DAYS[:4], active=False)], None),
        ([hours(*DAYS[:4], default=False)], None),
        ([hours(*DAYS[:4], default=None)], None),
        ([hours(*DAYS[:4]), hours("sunday", *DAYS[:3])], {0, 1, 2}),
        ([hours(*DAYS[:4]), hours(*DAYS, start="00:00:00.000Z", end="00:00:00.000Z")], {0, 1, 2, 3}),
    ],
)  # fmt: skip
def test_the_weekdays_that_the_default_hours_are_open_on(rows: list[dict[str, Any]], weekdays: set[int] | None) -> None:
    found = org_days((), rows, TODAY)
    assert found.weekdays == weekdays
    assert found.calendar.weekdays == (weekdays or {0, 1, 2, 3, 4})


def test_business_days_of_a_week_that_begins_on_sunday(snapshot_of: Any) -> None:
    calendar = org_calendar(
        snapshot_of(
            business_hours=[{"id": "1", **hours("sunday", *DAYS[:4])}],
            holiday=[{"id": "2", "on": date(2026, 11, 10), "recurring": False}],
        )
    )
    assert [calendar.is_business_day(date(2026, 11, day)) for day in range(5, 11)] == [True, False, False, True, True, False]  # fmt: skip
    assert calendar.add(date(2026, 11, 5), 2) == date(2026, 11, 9)
    assert calendar.between(date(2026, 11, 5), date(2026, 11, 11)) == 3


def test_an_org_that_shows_neither_works_from_monday_to_friday(snapshot_of: Any) -> None:
    snapshot = snapshot_of()
    for name in ("holiday", "business_hours"):
        snapshot.tables.pop(name)
    assert org_calendar(snapshot) == BusinessCalendar()
