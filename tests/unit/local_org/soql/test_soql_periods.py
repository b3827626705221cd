"""Date literals as spans of days, seen from Wednesday 18 March 2026."""

from __future__ import annotations

from datetime import date

import pytest

from crm_sync.local_org.soql.periods import span
from crm_sync.local_org.soql.syntax import Period

TODAY = date(2026, 3, 18)

SPANS = {
    "YESTERDAY": ("2026-03-17", "2026-03-18"),
    "TODAY": ("2026-03-18", "2026-03-19"),
    "TOMORROW": ("2026-03-19", "2026-03-20"),
    "LAST_WEEK": ("2026-03-08", "2026-03-15"),
    "THIS_WEEK": ("2026-03-15", "2026-03-22"),
    "NEXT_WEEK": ("2026-03-22", "2026-03-29"),
    "LAST_MONTH": ("2026-02-01", "2026-03-01"),
    "THIS_MONTH": ("2026-03-01", "2026-04-01"),
    "NEXT_MONTH": ("2026-04-01", "2026-05-01"),
    "LAST_QUARTER": ("2025-10-01", "2026-01-01"),
    "THIS_QUARTER": ("2026-01-01", "2026-04-01"),
    "NEXT_QUARTER": ("2026-04-01", "2026-07-01"),
    "LAST_YEAR": ("2025-01-01", "2026-01-01"),
    "THIS_YEAR": ("2026-01-01", "2027-01-01"),
    "NEXT_YEAR": ("2027-01-01", "2028-01-01"),
    "LAST_FISCAL_QUARTER": ("2025-10-01", "2026-01-01"),
    "THIS_FISCAL_QUARTER": ("2026-01-01", "2026-04-01"),
    "NEXT_FISCAL_YEAR": ("2027-01-01", "2028-01-01"),
    "LAST_90_DAYS": ("2025-12-18", "2026-03-19"),
    "NEXT_90_DAYS": ("2026-03-19", "2026-06-17"),
    "LAST_N_DAYS:1": ("2026-03-17", "2026-03-19"),
    "LAST_N_DAYS:0": ("2026-03-18", "2026-03-19"),
    "NEXT_N_DAYS:2": ("2026-03-19", "2026-03-21"),
    "N_DAYS_AGO:7": ("2026-03-11", "2026-03-12"),
    "LAST_N_WEEKS:2": ("2026-03-01", "2026-03-15"),
    "NEXT_N_WEEKS:1": ("2026-03-22", "2026-03-29"),
    "N_WEEKS_AGO:1": ("2026-03-08", "2026-03-15"),
    "LAST_N_MONTHS:3": ("2025-12-01", "2026-03-01"),
    "NEXT_N_MONTHS:10": ("2026-04-01", "2027-02-01"),
    "N_MONTHS_AGO:2": ("2026-01-01", "2026-02-01"),
    "LAST_N_QUARTERS:1": ("2025-10-01", "2026-01-01"),
    "NEXT_N_QUARTERS:4": ("2026-04-01", "2027-04-01"),
    "N_QUARTERS_AGO:5": ("2024-10-01", "2025-01-01"),
    "LAST_N_YEARS:2": ("2024-01-01", "2026-01-01"),
    "NEXT_N_YEARS:1": ("2027-01-01", "2028-01-01"),
    "N_YEARS_AGO:1": ("2025-01-01", "2026-01-01"),
    "LAST_N_FISCAL_QUARTERS:2": ("2025-07-01", "2026-01-01"),
    "NEXT_N_FISCAL_YEARS:2": ("2027-01-01", "2029-01-01"),
    "N_FISCAL_YEARS_AGO:3": ("2023-01-01", "2024-01-01"),
    "N_FISCAL_QUARTERS_AGO:1": ("2025-10-01", "2026-01-01"),
}


@pytest.mark.parametrize(("literal", "expected"), SPANS.items(), ids=list(SPANS))
def test_span(literal, expected):
    name, _, count = literal.partition(":")
    first, after = span(Period(name, int(count) if count else None), TODAY)
    assert (first.isoformat(), after.isoformat()) == expected


def test_week_starts_on_sunday():
    sunday = date(2026, 3, 15)
    assert span(Period("THIS_WEEK"), sunday)[0] == sunday
    assert span(Period("THIS_WEEK"), date(2026, 3, 21))[0] == sunday


def test_beyond_the_calendar():
    with pytest.raises(OverflowError):
        span(Period("NEXT_N_YEARS", 9_000), TODAY)


@pytest.mark.parametrize("literal", SPANS)
def test_every_literal_is_read_in_a_query(org, literal):
    first, after = SPANS[literal]
    assert org.total(f"SELECT COUNT() FROM Account WHERE Renewal__c = {literal.lower()}") == org.total(
        f"SELECT COUNT() FROM Account WHERE Renewal__c >= {first} AND Renewal__c < {after}"
    )
