"""Dates move with today, wherever they are written, and everything that depends on them still holds."""

import json
import re
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_sync.local_org.seed import move_dates, read_files

ANCHOR = date(2026, 1, 15)
DAYS = st.integers(min_value=-2000, max_value=20000)
CALENDAR = st.dates(min_value=date(1990, 1, 1), max_value=date(2100, 12, 31))


@given(CALENDAR, DAYS)
def test_every_date_moves_by_the_same_days(day, days):
    moved = date.fromisoformat(move_dates(day.isoformat(), days))
    assert moved - day == timedelta(days=days)


@given(CALENDAR, CALENDAR, DAYS)
def test_what_lies_between_two_dates_stays(first, second, days):
    a, b = move_dates(f"{first}..{second} leave", days).removesuffix(" leave").split("..")
    assert date.fromisoformat(b) - date.fromisoformat(a) == second - first


@given(CALENDAR, DAYS)
def test_moving_back_gives_the_same_text(day, days):
    text = f'{{"On":"{day}","At":"{day}T15:00:00.000Z","Blackouts":"Fri\\n{day} audit"}}'
    assert move_dates(move_dates(text, days), -days) == text


@pytest.mark.parametrize("day", ["2026-02-30", "2026-13-01", "0000-00-00", "2025-02-29"])
def test_what_is_no_day_of_the_calendar_stays(day):
    assert move_dates(f"{day} audit", 40) == f"{day} audit"


def test_the_29th_of_february_moves():
    assert move_dates("2028-02-29", 1) == "2028-03-01"
    assert move_dates("2027-02-28", 366) == "2028-02-29"


def test_numbers_that_only_look_like_dates_stay():
    assert move_dates("12026-01-15 and 2026-01-155 and v2026-1-5", 3) == "12026-01-15 and 2026-01-155 and v2026-1-5"


def moved_records(data_dir, days):
    settings = json.loads((data_dir / "anchor.json").read_text())
    files = read_files(data_dir, ANCHOR + timedelta(days=days), settings)
    return {r["attributes"]["referenceId"]: r for file in files for r in json.loads(file.text)["records"]}


def business_days(start, end):
    return sum((start + timedelta(days=n)).weekday() < 5 for n in range(1, (end - start).days + 1))


@pytest.mark.parametrize("days", range(0, 401, 67))
def test_the_sample_is_as_true_on_any_day(data_dir, by_reference, days):
    today, records = ANCHOR + timedelta(days=days), moved_records(data_dir, days)
    assert set(records) == set(by_reference)
    for name, original in by_reference.items():
        for field, value in original.items():
            if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
                unmoved = 0 if original["attributes"]["type"] == "Holiday" else days
                assert date.fromisoformat(records[name][field]) == date.fromisoformat(value) + timedelta(days=unmoved)
    assert (
        f"{today - timedelta(days=2)}..{today + timedelta(days=20)}"
        in records["case_blackout_auckland_profile"]["Blackouts__c"]
    )
    assert records["case_off_system_use_event"]["StartDateTime"] == f"{today - timedelta(days=5)}T15:00:00.000Z"
    assert records["case_blackout_impossible_date_profile"]["Blackouts__c"] == "2026-02-30 audit"


@pytest.mark.parametrize("days", range(0, 401, 7 * 8 + 1))
def test_requests_have_or_lack_notice_on_any_day_of_the_week(data_dir, book, days):
    lead = {"Sales Call": 5, "Quote": 10, "Logo": 15, "Recording": 20, "Case Study": 30, "Site Visit": 30}
    today, records = ANCHOR + timedelta(days=days), moved_records(data_dir, days)
    late = {"case_late_quote_request", "case_late_call_request", "case_needed_yesterday_request"}
    for name, record in records.items():
        if record["attributes"]["type"] == "Reference_Request__c" and record["Stage__c"] == "Submitted":
            needed_by = date.fromisoformat(record.get("Needed_By__c", "9999-01-01"))
            notice = business_days(today, min(needed_by, today + timedelta(days=100)))
            assert (notice < lead[record["Type__c"]]) == (name in late), name
    assert late <= set(records)
