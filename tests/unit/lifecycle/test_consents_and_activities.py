"""Expiry warnings at their edges, assets under consent, effort and thank-you days."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from crm_sync.lifecycle.activities import desired_activities
from crm_sync.lifecycle.consents import desired_assets, desired_consents

TODAY = date(2026, 3, 11)
CONTACT = "003000000000001AAA"
GRANTED = {
    "id": "a06000000000001AAA",
    "contact": CONTACT,
    "use": "quote",
    "status": "granted",
    "valid_from": date(2025, 12, 1),
    "evidence": "https://example.com/e",
    "text_version": "3",
    "legal_restriction": False,
}


@pytest.mark.parametrize(
    ("days", "warning"),
    [(61, "none"), (60, "60_days"), (31, "60_days"), (30, "30_days"), (1, "30_days"), (0, "expired"), (-1, "expired")],
)
def test_warnings_at_each_edge(world_of: Any, days: int, warning: str) -> None:
    row = GRANTED | {"valid_to": TODAY + timedelta(days=days)}
    (wanted,) = desired_consents(world_of(consent=[row]))
    assert wanted.fields == {"expiry_warning": warning}


@pytest.mark.parametrize(
    ("changed", "warning"),
    [
        ({"valid_to": None, "valid_from": date(2025, 3, 12)}, "30_days"),
        ({"valid_to": None, "valid_from": date(2025, 3, 11)}, "expired"),
        ({"valid_to": None, "valid_from": None}, "expired"),
        ({"status": "withdrawn", "valid_to": TODAY}, "none"),
        ({"withdrawn_on": TODAY, "valid_to": TODAY + timedelta(days=5)}, "none"),
    ],
)
def test_without_an_end_the_rules_validity_counts_and_a_withdrawn_one_never_warns(
    world_of: Any, changed: dict[str, Any], warning: str
) -> None:
    (wanted,) = desired_consents(world_of(consent=[GRANTED | changed]))
    assert wanted.fields["expiry_warning"] == warning


def test_a_consent_given_on_a_leap_day_ends_on_the_last_of_february(world_of: Any) -> None:
    from crm_sync.lifecycle.consents import ends_on

    world = world_of()
    assert ends_on(world, {"valid_from": date(2024, 2, 29)}) == date(2025, 2, 28)


@pytest.mark.parametrize(
    ("changed", "state"),
    [
        ({"valid_to": date(2026, 12, 1)}, "covered"),
        ({"valid_to": TODAY + timedelta(days=20)}, "expiring"),
        ({"valid_to": TODAY}, "not_covered"),
        ({"status": "withdrawn"}, "not_covered"),
        ({"use": "logo"}, "not_covered"),
        ({"contact": "003000000000002AAA"}, "not_covered"),
        ({"evidence": None}, "not_covered"),
        ({"legal_restriction": True}, "not_covered"),
        ({"legal_restriction": None}, "not_covered"),
        ({"valid_from": TODAY + timedelta(days=1), "valid_to": date(2026, 12, 1)}, "not_covered"),
    ],
)
def test_a_published_asset_is_covered_only_by_a_live_consent_to_that_use(
    world_of: Any, changed: dict[str, Any], state: str
) -> None:
    asset = {"id": "a05000000000001AAA", "contact": CONTACT, "type": "quote", "status": "published"}
    (wanted,) = desired_assets(world_of(consent=[GRANTED | changed], asset=[asset]))
    assert wanted.fields["consent_state"] == state


def test_an_unpublished_asset_is_left_alone(world_of: Any) -> None:
    assert list(desired_assets(world_of(asset=[{"id": "a05000000000001AAA", "status": "draft"}]))) == []


def test_effort_and_the_thank_you_day_skip_weekends_and_holidays(world_of: Any) -> None:
    friday = {"id": "a07000000000001AAA", "type": "case_study", "status": "completed", "completed_on": date(2026, 3, 6)}
    asked = {"id": "a07000000000002AAA", "type": "call", "status": "asked"}
    strange = {"id": "a07000000000003AAA", "type": None, "status": None}
    holiday = {"id": "0C0000000000001AAA", "on": date(2026, 3, 9)}
    wanted = list(desired_activities(world_of(activity=[friday, asked, strange], holiday=[holiday])))
    assert [dict(w.fields) for w in wanted] == [
        {"effort_points": 5.0, "thank_you_due": date(2026, 3, 10)},
        {"effort_points": 1.0, "thank_you_due": None},
        {"effort_points": None, "thank_you_due": None},
    ]
