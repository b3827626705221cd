"""Mistakes that reference programs are known to make, each kept here so that this one never makes it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

TODAY = date(2026, 11, 2)


def test_usage_is_never_a_bonus(customer: Any) -> None:
    idle = customer.look().row()["strength"]
    assert customer.used("call", TODAY - timedelta(days=40)).look().row()["strength"] <= idle


def test_a_cap_blocks_and_does_not_only_lower_a_score(customer: Any) -> None:
    customer.put("profile", "ada_profile", max_calls_quarter=0.0)
    look = customer.look()
    assert look.standing() == "blocked"
    assert look.reason("tolerance.calls_quarter").blocks


def test_counts_come_from_dated_activities_and_not_from_a_stored_counter(customer: Any) -> None:
    customer.put("profile", "ada_profile", calls_90d=99.0, effort_365d=99.0, reservations=99.0)
    look = customer.look()
    assert look.standing() == "eligible"
    assert look.row()["calls_90d"] == 0


def test_stored_effort_points_are_not_believed(customer: Any) -> None:
    customer.used("recording", TODAY - timedelta(days=40), effort_points=0.0)
    assert customer.look().row()["effort_365d"] == 3.0


def test_missing_data_does_not_pass(customer: Any) -> None:
    customer.put("contact", "ada", nps=None, nps_on=None, left_company=None)
    assert customer.look().blocking() == {"nps_level": "unknown", "nps_fresh": "unknown", "still_there": "unknown"}


def test_the_limit_that_is_named_is_the_limit_that_is_enforced(customer: Any) -> None:
    customer.put("profile", "ada_profile", max_calls_quarter=1.0)
    assert "at most 1 in 90 days" in (customer.look().reason("tolerance.calls_quarter").threshold or "")
    customer.used("call", TODAY - timedelta(days=40))
    assert customer.look().blocking() == {"tolerance.calls_quarter": "false"}


def test_a_high_score_admits_nobody_who_is_not_eligible(customer: Any) -> None:
    customer.put("account", "acme", health_score=100.0, health_trend="rising", outcome="x", outcome_on=TODAY)
    customer.put("contact", "ada", nps=10.0, opted_out=True)
    look = customer.look()
    assert look.row()["strength"] == 100.0
    assert look.standing() == "blocked"


def test_order_of_insertion_decides_nothing(customer: Any) -> None:
    customer.person("bob", email_key="one").put("contact", "ada", email_key="one")
    first = customer.look().row("bob")
    customer.rows = {mapping: dict(reversed(rows.items())) for mapping, rows in customer.rows.items()}
    assert customer.look().row("bob") == first


def test_a_date_that_is_stored_is_used(customer: Any) -> None:
    customer.put("consent", "ada_call", valid_to=TODAY)
    assert customer.look().blocking() == {"consent": "false"}
