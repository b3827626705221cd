"""Every row of the tolerance table at its limit, one below and one above, on days and hours on which clocks change.

The rows are the defaults of rules/: how often, how soon again, how near a renewal, how healthy, how fresh, how long agreed,
how much notice. What is counted in days is counted in calendar days, whatever the clocks do between them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from crm_sync.model.calendar import months_after

MOMENTS = [
    datetime(2026, 11, 2, 12, 0, tzinfo=UTC),
    datetime(2026, 3, 29, 0, 59, tzinfo=UTC),  # Berlin: a minute before the clocks go forward
    datetime(2026, 3, 29, 23, 59, tzinfo=UTC),
    datetime(2026, 10, 25, 1, 30, tzinfo=UTC),  # Berlin: the hour that comes twice
    datetime(2026, 11, 1, 4, 30, tzinfo=UTC),  # St. John's: the clocks have just gone back
    datetime(2026, 3, 8, 5, 30, tzinfo=UTC),  # St. John's: the clocks have just gone forward
    datetime(2028, 2, 29, 10, 0, tzinfo=UTC),  # Kiritimati: already the 1st of March
    datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC),
]
ZONES = ("Pacific/Kiritimati", "America/St_Johns", "Europe/Berlin")

Change = Callable[[Any, date], Any]


def uses(reference_type: str, count: int, oldest: int, contact: str = "ada") -> Change:
    """So many uses on days in a row, of which the oldest is so many days ago."""

    def change(customer: Any, today: date) -> Any:
        for index in range(count):
            customer.used(reference_type, today - timedelta(days=oldest - index), contact=contact)

    return change


def colleagues(count: int, oldest: int) -> Change:
    """Calls with so many colleagues of ada."""

    def change(customer: Any, today: date) -> Any:
        for index in range(count):
            customer.person(f"bob{index}")
            customer.used("call", today - timedelta(days=oldest - index), contact=f"bob{index}")

    return change


def both(*changes: Change) -> Change:
    def change(customer: Any, today: date) -> Any:
        for one in changes:
            one(customer, today)

    return change


def put(mapping: str, record: str, **fields: Any) -> Change:
    """Set fields; a day given as a number lies so many days after today."""

    def change(customer: Any, today: date) -> Any:
        days = {n: today + timedelta(days=v) if n in DAYS and isinstance(v, int) else v for n, v in fields.items()}
        customer.put(mapping, record, **days)

    return change


DAYS = {"renewal_on", "healthy_since", "nps_on", "valid_from", "valid_to", "responded_on", "scheduled_on", "asked_on"}


def customer_for(months: int, days: int) -> Change:
    """A customer since so many months before today, and days later."""
    return lambda customer, today: customer.put(
        "account", "acme", customer_since=months_after(today, -months) + timedelta(days=days)
    )


def declined(reference_type: str, ago: int) -> Change:
    return put("activity", "no", contact="ada", type=reference_type, status="declined", responded_on=-ago)


def pending(reference_type: str, count: int) -> Change:
    return both(
        *(
            put("activity", f"p{i}", contact="ada", type=reference_type, status="asked", asked_on=-9)
            for i in range(count)
        )
    )


def caps() -> Iterator[tuple[str, str, str, Change]]:
    """Give rule, type, truth and change: below, at and above each cap, and the edge of its window."""
    for rule, t, most, window in (
        ("tolerance.calls_quarter", "call", 2, 90),
        ("tolerance.calls_year", "call", 8, 365),
        ("tolerance.activations_half_year", "logo", 3, 182),
    ):
        for count, truth in ((most - 1, "true"), (most, "false"), (most + 1, "false")):
            yield rule, t, truth, uses(t, count, window - 1)
        yield rule, t, "true", uses(t, most, window)
        yield rule, t, "false", both(uses(t, most - 1, window - 1), pending(t, 1))
    for count, truth in ((2, "true"), (3, "false"), (4, "false")):
        yield "tolerance.account_calls_quarter", "call", truth, colleagues(count, 89)
    yield "tolerance.account_calls_quarter", "call", "true", colleagues(3, 90)
    for used, asked, truth in (
        (uses("case_study", 1, 364), "case_study", "true"),
        (both(uses("case_study", 1, 364), uses("logo", 1, 300)), "case_study", "false"),
        (both(uses("case_study", 1, 365), uses("logo", 1, 300)), "case_study", "true"),
        (uses("recording", 3, 364), "call", "true"),
        (both(uses("recording", 3, 364), uses("quote", 1, 300)), "call", "false"),
        (both(uses("recording", 3, 364), uses("quote", 1, 300)), "logo", "true"),
        (uses("site_visit", 1, 364), "logo", "false"),
        (uses("site_visit", 1, 365), "site_visit", "true"),
        (pending("site_visit", 1), "quote", "false"),
    ):
        yield "tolerance.effort_year", asked, truth, used


def cooldowns() -> Iterator[tuple[str, str, str, Change]]:
    for rule, t, days in (
        ("cooldown.after_call", "call", 30),
        ("cooldown.after_big_ask", "case_study", 180),
        ("cooldown.after_big_ask", "quote", 180),
    ):
        for ago, truth in ((days - 1, "false"), (days, "true"), (days + 1, "true")):
            yield rule, "logo", truth, uses(t, 1, ago)
    for ago, truth in ((179, "false"), (180, "true"), (181, "true")):
        yield "cooldown.after_decline", "recording", truth, declined("recording", ago)
    yield "cooldown.after_decline", "call", "true", declined("recording", 0)


def qualifications() -> Iterator[tuple[str, str, str, Change]]:
    for days, stop, caution in (
        (-400, "false", "false"), (-1, "false", "false"), (0, "false", "false"), (29, "false", "false"), (30, "false", "false"),
        (31, "true", "false"), (59, "true", "false"), (60, "true", "false"), (61, "true", "true"),
    ):  # fmt: skip
        yield "renewal_not_imminent", "call", stop, put("account", "acme", renewal_on=days)
        yield "renewal_not_near", "call", caution, put("account", "acme", renewal_on=days)
    for t, level in (
        ("call", 75),
        ("quote", 75),
        ("logo", 75),
        ("recording", 75),
        ("case_study", 80),
        ("site_visit", 80),
    ):
        for score, truth in ((level - 1, "false"), (level, "true"), (level + 1, "true")):
            yield "health_level", t, truth, put("account", "acme", health_score=float(score))
    for ago, truth in ((89, "false"), (90, "true"), (91, "true")):
        yield "health_sustained", "call", truth, put("account", "acme", healthy_since=-ago)
    for t, level in (("call", 8), ("quote", 9), ("logo", 9), ("recording", 9), ("case_study", 9), ("site_visit", 9)):
        for score, truth in ((level - 1, "false"), (level, "true"), (level + 1, "true")):
            yield "nps_level", t, truth, put("contact", "ada", nps=float(score))
    for score, truth in ((8, "false"), (9, "true"), (10, "true")):
        yield "nps_nine_or_owner_approves", "call", truth, put("contact", "ada", nps=float(score))
    for ago, truth in ((179, "true"), (180, "true"), (181, "false")):
        yield "nps_fresh", "call", truth, put("contact", "ada", nps_on=-ago)


def standings() -> Iterator[tuple[str, str, str, Change]]:
    for days, truth in ((-1, "true"), (0, "true"), (1, "false")):
        yield "tenure", "call", truth, customer_for(6, days)
    for stage, truth in (("production", "true"), ("implementing", "false"), ("planned", "false"), ("retired", "false")):
        yield "in_production", "call", truth, put("account", "acme", implementation_stage=stage)
    for trend, truth in (("steady", "true"), ("rising", "true"), ("falling", "false")):
        yield "health_not_falling", "call", truth, put("account", "acme", health_trend=trend)
    for risk, stop, caution in (("none", "true", "true"), ("watch", "true", "false"), ("active", "false", "false")):
        yield "no_churn_risk", "call", stop, put("account", "acme", churn_risk=risk)
        yield "churn_watch", "call", caution, put("account", "acme", churn_risk=risk)
    for priority, truth in (("p1", "false"), ("p2", "false"), ("p3", "true"), ("p4", "true")):
        yield "no_open_p1_p2", "call", truth, put("case", "c", account="acme", priority=priority, closed=False)


def consents() -> Iterator[tuple[str, str, str, Change]]:
    for valid, truth in (
        ({"valid_from": 0, "valid_to": 1}, "true"), ({"valid_from": 1, "valid_to": 9}, "false"),
        ({"valid_from": -9, "valid_to": 0}, "false"), ({"valid_from": -900, "valid_to": 1}, "true"),
    ):  # fmt: skip
        yield "consent", "call", truth, put("consent", "ada_call", **valid)
    for days, truth in ((-1, "false"), (0, "false"), (1, "true")):
        yield "consent", "call", truth, partial(_since_a_year, days=days)


def _since_a_year(customer: Any, today: date, days: int) -> None:
    """Consent without an end, given a year ago and some days later."""
    customer.put("consent", "ada_call", valid_from=months_after(today, -12) + timedelta(days=days), valid_to=None)


def others() -> Iterator[tuple[str, str, str, Change]]:
    """What does not count, and what counts all the same: other types, other statuses, other consents."""
    for t in ("quote", "logo", "recording", "case_study", "site_visit"):
        yield "tolerance.calls_quarter", "call", "true", uses(t, 2, 89)
        yield "cooldown.after_call", "call", "true", uses(t, 1, 0)
    for t in ("call", "logo", "recording", "site_visit"):
        yield "cooldown.after_big_ask", "call", "true", uses(t, 1, 0)
    for status, truth in (("asked", "false"), ("accepted", "false"), ("scheduled", "false"), ("cancelled", "true")):
        yield "tolerance.calls_quarter", "call", truth, activities("call", 2, status=status)
    for ago, truth in ((-40, "true"), (-1, "true")):
        yield "tolerance.calls_quarter", "call", truth, activities("call", 2, status="declined", responded_on=ago)
    for ago, truth in ((-89, "false"), (-90, "true")):
        yield "tolerance.calls_quarter", "call", truth, activities("call", 2, status="missed", scheduled_on=ago)
    for t in ("call", "quote", "logo", "recording", "case_study", "site_visit"):
        yield "consent", t, "false", partial(lambda c, today, t: c.drop("consent", f"ada_{t}"), t=t)
        rest = [one for one in TYPES if one != t]
        yield "approved_type", t, "false", put("profile", "ada_profile", approved_types=rest)
        yield "briefed", t, "false", put("profile", "ada_profile", briefed_types=rest)
    for status, truth in (("declined", "false"), ("retired", "false"), ("invited", "true"), ("paused", "true")):
        yield "not_declined_or_retired", "call", truth, put("profile", "ada_profile", status=status)
    yield "not_declined_or_retired", "call", "true", lambda customer, today: customer.drop("profile", "ada_profile")


def activities(reference_type: str, count: int, **fields: Any) -> Change:
    every = (put("activity", f"a{i}", contact="ada", type=reference_type, **fields) for i in range(count))
    return both(*every)


TYPES = ("call", "quote", "logo", "recording", "case_study", "site_visit")
ROWS = [*caps(), *others(), *cooldowns(), *qualifications(), *standings(), *consents()]


@pytest.mark.parametrize("moment", MOMENTS, ids=lambda one: one.strftime("%Y-%m-%dT%H:%M"))
def test_each_row_at_its_limit_below_and_above(together: Any, moment: datetime) -> None:
    today = moment.date()
    looks = together({i: partial(change, today=today) for i, (*_, change) in enumerate(ROWS)}, as_of=moment)
    wrong = [
        (index, rule, t, truth, found)
        for index, (rule, t, truth, _) in enumerate(ROWS)
        for found in (looks[index].reason(rule, reference_type=t).truth,)
        if found != truth
    ]
    assert wrong == []


@pytest.mark.parametrize("moment", MOMENTS, ids=lambda one: one.strftime("%Y-%m-%dT%H:%M"))
def test_a_blackout_is_the_customers_own_day(together: Any, moment: datetime) -> None:
    """Yesterday, today and tomorrow where the customer lives, and an hour that comes twice, for each zone."""
    from zoneinfo import ZoneInfo

    def change(customer: Any, zone: str, offset: int) -> None:
        day = moment.astimezone(ZoneInfo(zone)).date() + timedelta(days=offset)
        customer.put("profile", "ada_profile", time_zone=zone, blackouts=day.isoformat())

    changes = {(zone, offset): partial(change, zone=zone, offset=offset) for zone in ZONES for offset in (-1, 0, 1)}
    for (zone, offset), look in together(changes, as_of=moment).items():
        twice = (zone, moment) in TWICE
        assert look.reason("blackout").truth == ("false" if offset == 0 or twice else "true"), (zone, offset)


TWICE = {("Europe/Berlin", MOMENTS[3]), ("America/St_Johns", MOMENTS[4])}


@pytest.mark.parametrize(
    ("utc", "truth"),
    [
        ("2026-11-01T03:29", True), ("2026-11-01T03:30", False), ("2026-11-01T04:29", False),
        ("2026-11-01T05:29", False), ("2026-11-01T05:30", True),
        ("2026-03-08T05:29", True), ("2026-03-08T05:30", True),
    ],
)  # fmt: skip
def test_the_hour_that_comes_twice_in_a_zone_of_half_hours(utc: str, truth: bool) -> None:
    from crm_sync.evaluate.calendar import Blackouts, Place, blackout_answer

    moment = datetime.fromisoformat(f"{utc}+00:00")
    assert blackout_answer(Place("America/St_Johns", None), Blackouts(), moment) is truth


NOTICE = {"call": (5, 10), "quote": (10, 10), "logo": (15, 15), "recording": (20, 20), "case_study": (30, 30), "site_visit": (30, 30)}  # fmt: skip
"""Business days of notice, and for a first ask."""


def test_notice_per_type_or_the_persons_own_if_longer(together: Any) -> None:
    owns = (None, 4.0, 5.0, 6.0, 29.0, 30.0, 31.0)

    def change(customer: Any, own: float | None, used: bool) -> None:
        customer.put("profile", "ada_profile", notice_days=own)
        if used:
            customer.used("call", date(2025, 1, 7))

    changes = {(own, used): partial(change, own=own, used=used) for own in owns for used in (False, True)}
    for (own, used), look in together(changes).items():
        for t, (usual, first) in NOTICE.items():
            assert look.row()[f"notice_{t}"] == max(usual if used else first, own or 0), (own, used, t)


def test_notice_ends_on_a_business_day_across_a_change_of_the_clocks(together: Any) -> None:
    """Five business days from a Thursday evening before Berlin's clocks change, both ways; in Kiritimati it is Friday."""
    for thursday, earliest, later in (
        (date(2026, 3, 26), date(2026, 4, 2), date(2026, 4, 7)),
        (date(2026, 10, 22), date(2026, 10, 29), date(2026, 10, 30)),
    ):
        moment = datetime(thursday.year, thursday.month, thursday.day, 21, 30, tzinfo=UTC)
        changes = {zone: partial(lambda c, z: c.put("profile", "ada_profile", time_zone=z).used("call", date(2025, 1, 7)), z=zone) for zone in ZONES}  # fmt: skip
        for zone, look in together(changes, as_of=moment).items():
            assert look.row()["earliest_call"] == (later if zone == "Pacific/Kiritimati" else earliest), zone
