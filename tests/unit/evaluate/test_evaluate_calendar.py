"""A customer's days: blackouts as written, time zones, changes of the clocks, business days, honest first days."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest

from crm_sync.evaluate.calendar import (
    Blackouts,
    Place,
    blackout_answer,
    country_code,
    country_holidays,
    customer_calendar,
    first_honest_day,
    is_doubtful,
    parse_blackouts,
    zone_of,
)
from crm_sync.model.calendar import BusinessCalendar

TODAY = date(2026, 11, 2)
NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


class TestParsing:
    @pytest.mark.parametrize(
        ("text", "blacked_out", "free"),
        [
            ("2026-12-24", ["2026-12-24"], ["2026-12-23", "2026-12-25"]),
            ("2026-12-24 Christmas Eve", ["2026-12-24"], ["2026-12-25"]),
            ("2026-12-20..2027-01-05 reason", ["2026-12-20", "2027-01-05"], ["2026-12-19", "2027-01-06"]),
            ("2026-12-20 .. 2026-12-21", ["2026-12-20", "2026-12-21"], ["2026-12-22"]),
            ("Fri", ["2026-11-06"], ["2026-11-05"]),
            ("friday no meetings", ["2026-11-06"], ["2026-11-07"]),
            ("FRIDAYS", ["2026-11-06"], ["2026-11-07"]),
            ("\n Mon \n\n2026-11-04\n", ["2026-11-02", "2026-11-04"], ["2026-11-03"]),
        ],
    )
    def test_what_people_write(self, text: str, blacked_out: list[str], free: list[str]) -> None:
        found = parse_blackouts(text)
        assert found.unreadable == ()
        assert all(found.covers(date.fromisoformat(day)) for day in blacked_out)
        assert not any(found.covers(date.fromisoformat(day)) for day in free)

    @pytest.mark.parametrize(
        "line",
        [
            "Christmas",
            "24.12.2026",
            "2026-13-01",
            "2026-02-30",
            "2026-12-24..2026-12-20",
            "2026-12-24..someday",
            "Fr",
            "2026-12-24-2026-12-26",
            "?",
        ],
    )
    def test_what_nobody_can_read(self, line: str) -> None:
        assert parse_blackouts(f"Mon\n{line}").unreadable == (line,)


def test_next_free_day() -> None:
    found = parse_blackouts("2026-11-03..2026-11-05\nFri")
    assert found.next_free(date(2026, 11, 2)) == date(2026, 11, 2)
    assert found.next_free(date(2026, 11, 3)) == date(2026, 11, 7)
    assert found.next_free(date(2026, 11, 2), around=(-1, 0, 1)) == date(2026, 11, 8)
    assert parse_blackouts("Mon\nTue\nWed\nThu\nFri\nSat\nSun").next_free(TODAY) is None


@pytest.mark.parametrize(
    "name", [None, "", "Berlin", "Europe/Atlantis", " Europe/Berlin", "../etc/passwd", "/etc/passwd", "Europe"]
)
def test_what_is_no_time_zone(name: str | None) -> None:
    assert zone_of(name) is None


class TestClocks:
    BERLIN = ZoneInfo("Europe/Berlin")

    @pytest.mark.parametrize(
        ("local", "doubtful"),
        [
            ("2026-10-25T01:59", False),
            ("2026-10-25T02:00", True),
            ("2026-10-25T02:59", True),
            ("2026-10-25T03:00", False),
            ("2026-03-29T01:59", False),
            ("2026-03-29T02:30", True),
            ("2026-03-29T03:00", False),
        ],
    )
    def test_hours_that_come_twice_or_never(self, local: str, doubtful: bool) -> None:
        assert is_doubtful(datetime.fromisoformat(local), self.BERLIN) is doubtful

    @pytest.mark.parametrize(("utc", "answer"), [("00:30", False), ("01:30", False), ("23:30", True), ("02:30", True)])
    def test_an_hour_that_comes_twice_is_blacked_out(self, utc: str, answer: bool) -> None:
        day = "2026-10-24" if utc == "23:30" else "2026-10-25"
        moment = datetime.fromisoformat(f"{day}T{utc}+00:00")
        assert blackout_answer(Place("Europe/Berlin", None), Blackouts(), moment) is answer

    @pytest.mark.parametrize("name", sorted(available_timezones())[::7])
    def test_the_day_is_the_customers_in_every_zone(self, name: str) -> None:
        for hour in range(0, 24, 5):
            moment = datetime(2026, 3, 15, hour, 30, tzinfo=UTC)
            local = moment.astimezone(ZoneInfo(name))
            if is_doubtful(local.replace(tzinfo=None), ZoneInfo(name)):
                continue
            place = Place(name, None)
            assert blackout_answer(place, parse_blackouts(local.date().isoformat()), moment) is False
            other = local.date() + timedelta(days=1)
            assert blackout_answer(place, parse_blackouts(other.isoformat()), moment) is True


class TestWithoutTheirOwnZone:
    PLACE = Place(None, "Asia/Singapore")

    @pytest.mark.parametrize(
        ("hour", "days"),
        [
            (0, ["2026-11-01", "2026-11-02"]),
            (11, ["2026-11-01", "2026-11-02", "2026-11-03"]),
            (20, ["2026-11-02", "2026-11-03"]),
        ],
    )
    def test_it_may_be_any_day_on_earth(self, hour: int, days: list[str]) -> None:
        moment = datetime(2026, 11, 2, hour, tzinfo=UTC)
        assert [day.isoformat() for day in self.PLACE.days(moment)] == days
        for day in days:
            assert blackout_answer(self.PLACE, parse_blackouts(day), moment) is False
        assert blackout_answer(self.PLACE, parse_blackouts("2026-11-05"), moment) is True

    def test_a_zone_nobody_knows_is_like_none(self) -> None:
        assert blackout_answer(Place("Mars/Olympus", None), Blackouts(), NOON) is None
        assert blackout_answer(Place("Mars/Olympus", "Asia/Singapore"), Blackouts(), NOON) is True

    def test_a_certain_blackout_needs_no_zone(self) -> None:
        assert blackout_answer(Place(None, None), parse_blackouts("2026-11-02"), NOON) is False


class TestBusinessDays:
    def test_the_orgs_holidays(self) -> None:
        rows = [(date(2025, 11, 3), True), (date(2026, 11, 4), False), (date(2024, 2, 29), None), (None, True)]
        calendar = BusinessCalendar.of_days(rows, TODAY)
        assert not calendar.is_business_day(date(2026, 11, 3))
        assert not calendar.is_business_day(date(2026, 11, 4))
        assert calendar.is_business_day(date(2027, 11, 4))
        assert {date(2027, 2, 28), date(2028, 2, 29)} <= calendar.holidays

    @pytest.mark.parametrize(
        ("country", "code"),
        [
            ("Germany", "DE"),
            ("de", "DE"),
            ("United States", "US"),
            ("USA", "US"),
            ("UK", "GB"),
            ("Atlantis", None),
            (None, None),
        ],
    )
    def test_countries_by_the_names_in_use(self, country: str | None, code: str | None) -> None:
        assert country_code(country) == code

    def test_the_customers_country(self) -> None:
        org = BusinessCalendar(frozenset({date(2026, 11, 3)}))
        calendar = customer_calendar(org, "Germany", TODAY)
        assert not calendar.is_business_day(date(2026, 12, 25))
        assert not calendar.is_business_day(date(2026, 11, 3))
        assert customer_calendar(org, "Atlantis", TODAY) == org
        assert country_holidays(None, (2026,)) == frozenset()

    def test_the_first_honest_day_is_a_business_day_outside_blackouts(self) -> None:
        calendar = BusinessCalendar()
        day = calendar.add(TODAY, 3)
        assert first_honest_day(calendar, Blackouts(), day) == date(2026, 11, 5)
        assert first_honest_day(calendar, parse_blackouts("Thu\nFri"), day) == date(2026, 11, 9)
        assert first_honest_day(calendar, parse_blackouts("Mon\nTue\nWed\nThu\nFri"), day) is None


class TestBlackoutGate:
    def blackout(self, customer: Any, **given: Any) -> str:
        blocking: dict[str, str] = customer.look(**given).blocking()
        return blocking.get("blackout", "true")

    def test_today(self, customer: Any) -> None:
        customer.put("profile", "ada_profile", blackouts="2026-10-30..2026-11-04 fair")
        look = customer.look()
        reason = look.reason("blackout")
        assert (reason.truth, reason.free_on) == ("false", date(2026, 11, 5))
        assert "fair" in (reason.value or "")
        assert reason.source is not None
        assert reason.source.field_name == "Blackouts__c"
        assert look.row()["free_on_logo"] == date(2026, 11, 5)

    @pytest.mark.parametrize(
        ("zone", "truth"), [("Pacific/Auckland", "false"), ("Europe/Berlin", "true"), ("America/New_York", "true")]
    )
    def test_in_the_customers_zone(self, customer: Any, zone: str, truth: str) -> None:
        customer.put("profile", "ada_profile", blackouts="2026-11-03", time_zone=zone)
        assert self.blackout(customer) == truth

    def test_a_line_nobody_can_read(self, customer: Any) -> None:
        customer.put("profile", "ada_profile", blackouts="around Christmas")
        look = customer.look()
        assert look.blocking() == {"blackout": "unknown"}
        assert look.row()["earliest_call"] is None
        assert "line" in (look.reason("blackout").value or "")

    def test_no_zone_and_no_region(self, customer: Any) -> None:
        customer.put("profile", "ada_profile", time_zone=None)
        assert self.blackout(customer) == "true"
        customer.put("account", "acme", region=None)
        look = customer.look()
        assert look.blocking() == {"blackout": "unknown"}
        assert "time zone" in (look.reason("blackout").value or "")

    def test_an_hour_that_comes_twice(self, customer: Any) -> None:
        look = customer.look(as_of=datetime(2026, 10, 25, 0, 30, tzinfo=UTC))
        assert look.blocking() == {"blackout": "false"}
        assert "clocks" in (look.reason("blackout").value or "")

    def test_a_hidden_column_is_unknown_for_everybody(self, customer: Any) -> None:
        look = customer.look(unreadable=frozenset({("profile", "blackouts")}))
        assert look.blocking() == {"blackout": "unknown"}
        assert look.row()["earliest_call"] is None

    def test_regions_of_people_without_a_profile(self, customer: Any) -> None:
        customer.drop("profile", "ada_profile")
        assert self.blackout(customer) == "true"
        assert self.blackout(customer.put("account", "acme", region=None)) == "unknown"


class TestNotice:
    def test_a_first_ask_needs_more(self, customer: Any) -> None:
        row = customer.look().row()
        assert (row["notice_call"], row["notice_quote"], row["notice_site_visit"]) == (10, 10, 30)
        assert row["earliest_call"] == date(2026, 11, 16)
        row = customer.used("call", date(2025, 1, 7)).look().row()
        assert (row["notice_call"], row["earliest_call"]) == (5, date(2026, 11, 9))

    def test_the_persons_own_notice_wins_when_it_is_longer(self, customer: Any) -> None:
        row = customer.put("profile", "ada_profile", notice_days=12.0).look().row()
        assert (row["notice_call"], row["notice_logo"]) == (12, 15)

    def test_of_a_hidden_notice_nothing_is_known(self, customer: Any) -> None:
        row = customer.look(unreadable=frozenset({("profile", "notice_days")})).row()
        assert (row["notice_call"], row["earliest_call"]) == (None, None)

    def test_a_notice_beyond_every_horizon(self, customer: Any) -> None:
        row = customer.put("profile", "ada_profile", notice_days=1e12).look().row()
        assert (row["notice_call"], row["earliest_call"]) == (9999, None)

    def test_hidden_uses_make_every_ask_a_first_one(self, customer: Any) -> None:
        customer.used("call", date(2025, 1, 7))
        assert customer.look(unreadable=frozenset({("activity", "status")})).row()["notice_call"] == 10

    def test_holidays_of_the_org_and_the_country(self, customer: Any) -> None:
        customer.used("call", date(2025, 1, 7)).put("holiday", "h", on=date(2026, 11, 4), recurring=False)
        assert customer.look().row()["earliest_call"] == date(2026, 11, 10)
        late = datetime(2026, 12, 21, 12, tzinfo=UTC)
        assert customer.look(as_of=late).row()["earliest_call"] == date(2026, 12, 29)

    def test_somebody_without_a_profile(self, customer: Any) -> None:
        row = customer.drop("profile", "ada_profile").look().row()
        assert (row["notice_call"], row["earliest_call"]) == (10, None)
