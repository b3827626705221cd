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
    country_weekend,
    customer_calendar,
    first_honest_day,
    is_doubtful,
    notice_end,
    parse_blackouts,
    zone_of,
)
from crm_sync.model.calendar import BusinessCalendar
from crm_sync.model.org_days import DAYS, OrgDays

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
        org = OrgDays(frozenset({date(2026, 11, 3)}))
        calendar = customer_calendar(org, "Germany", TODAY)
        assert not calendar.is_business_day(date(2026, 12, 25))
        assert not calendar.is_business_day(date(2026, 11, 3))
        assert not calendar.is_business_day(date(2028, 12, 25))
        assert calendar.is_business_day(date(2029, 12, 25))
        assert customer_calendar(org, "Atlantis", TODAY) == org.calendar
        assert country_holidays(None, (2026,)) == frozenset()

    @pytest.mark.parametrize(
        ("country", "years", "weekend"),
        [
            ("Germany", (2026,), {5, 6}),
            ("Saudi Arabia", (2026,), {4, 5}),
            ("Hong Kong", (2026,), {6}),
            ("AE", (2021,), {4, 5}),  # the Emirates changed theirs as 2022 began
            ("AE", (2022,), {5, 6}),
            ("AE", (2021, 2022), {4, 5, 6}),
            ("Atlantis", (2026,), set()),
            (None, (2026,), set()),
        ],
    )
    def test_weekends_of_countries(self, country: str | None, years: tuple[int, ...], weekend: set[int]) -> None:
        assert country_weekend(country, years) == weekend

    @pytest.mark.parametrize(
        ("org", "country", "weekdays"),
        [
            (None, "Germany", {0, 1, 2, 3, 4}),
            (None, "Saudi Arabia", {6, 0, 1, 2, 3}),
            (None, "Hong Kong", {0, 1, 2, 3, 4}),
            (None, "Iran", {0, 1, 2, 3}),
            (None, "Atlantis", {0, 1, 2, 3, 4}),
            ({0, 1, 2, 3, 4}, "Germany", {0, 1, 2, 3, 4}),
            ({0, 1, 2, 3, 4}, "Saudi Arabia", {0, 1, 2, 3}),
            ({0, 1, 2, 3, 4, 5}, "Germany", {0, 1, 2, 3, 4}),
            ({6, 0, 1, 2, 3}, "Germany", {0, 1, 2, 3}),
            ({6, 0, 1, 2, 3}, "Saudi Arabia", {6, 0, 1, 2, 3}),
            ({6, 0, 1, 2, 3}, None, {0, 1, 2, 3}),
            ({4, 5}, "Saudi Arabia", set()),
        ],
    )
    def test_a_business_day_is_one_where_the_org_and_the_country_work(
        self, org: set[int] | None, country: str | None, weekdays: set[int]
    ) -> None:
        days = OrgDays(weekdays=None if org is None else frozenset(org))
        assert customer_calendar(days, country, TODAY).weekdays == weekdays

    def test_notice_ends_after_so_many_business_days(self) -> None:
        sunday_to_thursday = BusinessCalendar(weekdays=frozenset({6, 0, 1, 2, 3}))
        assert notice_end(sunday_to_thursday, date(2026, 11, 5), 2) == date(2026, 11, 9)
        assert notice_end(sunday_to_thursday, date(2026, 11, 6), 0) == date(2026, 11, 6)
        assert notice_end(BusinessCalendar(weekdays=frozenset()), TODAY, 1) is None

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

    def test_a_notice_that_ends_on_the_last_day_of_the_horizon(self, customer: Any) -> None:
        customer.put("account", "acme", country="Atlantis")
        last = TODAY + timedelta(days=730)
        number = BusinessCalendar().between(TODAY, last)
        assert last.weekday() < 5
        row = customer.put("profile", "ada_profile", notice_days=float(number)).look().row()
        assert row["earliest_call"] == last
        row = customer.put("profile", "ada_profile", notice_days=number + 1.0).look().row()
        assert (row["notice_call"], row["earliest_call"]) == (number + 1, None)

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

    def test_a_holiday_that_comes_back(self, customer: Any) -> None:
        weekly = {"recurrence": "weekly", "recurs_from": date(2026, 1, 1), "recurs_every": 1.0, "recurs_mask": 8.0}
        customer.used("call", date(2025, 1, 7)).put("holiday", "h", recurring=True, **weekly)
        assert customer.look().row()["earliest_call"] == date(2026, 11, 10)
        customer.put("holiday", "h", recurs_until=date(2026, 11, 3))
        assert customer.look().row()["earliest_call"] == date(2026, 11, 9)

    def test_a_holiday_that_nobody_understands_may_be_any_day(self, customer: Any) -> None:
        customer.put("holiday", "h", on=date(2026, 1, 1), recurring=True)
        assert customer.look().row()["earliest_call"] is None
        assert customer.put("holiday", "h", recurring=False).look().row()["earliest_call"] == date(2026, 11, 16)

    @pytest.mark.parametrize("column", ["on", "recurring", "recurrence", "recurs_from", "recurs_mask", "recurs_month"])
    def test_of_hidden_holidays_nothing_is_known(self, customer: Any, column: str) -> None:
        assert customer.look(unreadable=frozenset({("holiday", column)})).row()["earliest_call"] is None

    def test_an_org_that_never_works_has_no_first_day(self, customer: Any) -> None:
        daily = {"recurrence": "daily", "recurs_from": date(2026, 1, 1), "recurs_every": 1.0}
        assert customer.put("holiday", "h", recurring=True, **daily).look().row()["earliest_call"] is None

    def test_somebody_without_a_profile(self, customer: Any) -> None:
        row = customer.drop("profile", "ada_profile").look().row()
        assert (row["notice_call"], row["earliest_call"]) == (10, None)


def hours(*days: str) -> dict[str, Any]:
    """Default business hours that are open on these days."""
    return {
        "active": True,
        "default": True,
        **{f"{day}_{end}": "09:00:00.000Z" for day in days for end in ("start", "end")},
    }


class TestWhoseWeek:
    """Five business days from a Thursday morning."""

    THURSDAY = datetime(2026, 11, 5, 9, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("country", "open_on", "earliest"),
        [
            ("Germany", None, "2026-11-12"),
            ("Saudi Arabia", None, "2026-11-12"),  # Sunday to Thursday
            ("Saudi Arabia", DAYS[:5], "2026-11-16"),  # Monday to Thursday
            ("Germany", ("sunday", *DAYS[:4]), "2026-11-16"),
            ("Saudi Arabia", ("sunday", *DAYS[:4]), "2026-11-12"),
            ("Germany", DAYS[:6], "2026-11-12"),
            ("Atlantis", DAYS[:3], "2026-11-17"),
            ("Saudi Arabia", ("friday", "saturday"), None),
        ],
    )
    def test_the_orgs_hours_and_the_countrys_weekend(
        self, customer: Any, country: str, open_on: tuple[str, ...] | None, earliest: str | None
    ) -> None:
        customer.used("call", date(2025, 1, 7)).put("account", "acme", country=country)
        if open_on:
            customer.put("business_hours", "b", **hours(*open_on))
        found = customer.look(as_of=self.THURSDAY).row()["earliest_call"]
        assert found == (date.fromisoformat(earliest) if earliest else None)

    @pytest.mark.parametrize("column", ["active", "default", "monday_start", "sunday_end"])
    def test_hidden_hours_win_nobody_a_day(self, customer: Any, column: str) -> None:
        customer.used("call", date(2025, 1, 7)).put("account", "acme", country="Saudi Arabia")
        hidden = frozenset({("business_hours", column)})
        assert customer.look(as_of=self.THURSDAY, unreadable=hidden).row()["earliest_call"] == date(2026, 11, 16)


class TestNoticeBeginsWhereTheCustomerIs:
    """Five business days from a Thursday, or from the Friday that has begun in the east."""

    @pytest.mark.parametrize(
        ("zone", "utc", "earliest"),
        [
            ("America/New_York", "2026-11-05T22:30", "2026-11-12"),
            ("Europe/Berlin", "2026-11-05T22:59", "2026-11-12"),
            ("Europe/Berlin", "2026-11-05T23:00", "2026-11-13"),
            ("Asia/Singapore", "2026-11-05T22:30", "2026-11-13"),
            ("Pacific/Kiritimati", "2026-11-05T22:30", "2026-11-13"),
            ("Pacific/Honolulu", "2026-11-06T09:00", "2026-11-12"),
            (None, "2026-11-05T09:59", "2026-11-12"),
            (None, "2026-11-05T10:00", "2026-11-13"),
            ("Mars/Olympus", "2026-11-05T10:00", "2026-11-13"),
        ],
    )
    def test_on_their_own_day_or_the_latest_it_may_be(
        self, customer: Any, zone: str | None, utc: str, earliest: str
    ) -> None:
        customer.used("call", date(2025, 1, 7)).put("profile", "ada_profile", time_zone=zone)
        row = customer.look(as_of=datetime.fromisoformat(f"{utc}+00:00")).row()
        assert row["earliest_call"] == date.fromisoformat(earliest)

    def test_each_of_two_people_in_one_country_has_their_own(self, customer: Any) -> None:
        customer.person("bea").used("call", date(2025, 1, 7)).used("call", date(2025, 1, 7), contact="bea")
        customer.put("profile", "bea_profile", time_zone="Asia/Singapore")
        look = customer.look(as_of=datetime(2026, 11, 5, 22, 30, tzinfo=UTC))
        days = [look.row(contact)["earliest_call"] for contact in ("ada", "bea")]
        assert days == [date(2026, 11, 12), date(2026, 11, 13)]
