"""Rewinding: what has a date stands on a past day as it stood, and nothing is made up for what has none."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_sync.evaluate import evaluate
from crm_sync.model.snapshot import Snapshot
from crm_sync.simulate.past import activity_on, case_on, consent_on, escalation_on, past_of
from tests.reference_town import AS_OF, Town

TODAY = AS_OF.date()
DAY = date(2026, 2, 1)
BEFORE, AFTER = date(2026, 1, 5), date(2026, 2, 20)
GRANTED: Mapping[str, Any] = {"id": "c", "status": "granted", "valid_from": BEFORE, "withdrawn_on": None}


def told(row: Mapping[str, Any] | None, *names: str) -> Any:
    return row and tuple(row[name] for name in names)


@pytest.mark.parametrize(
    ("changes", "stood"),
    [
        ({}, ("granted", None)),
        ({"valid_from": DAY}, ("granted", None)),
        ({"valid_from": AFTER}, None),
        ({"valid_from": AFTER, "status": "refused"}, None),
        ({"status": "withdrawn", "withdrawn_on": BEFORE}, ("withdrawn", BEFORE)),
        ({"status": "withdrawn", "withdrawn_on": DAY}, ("withdrawn", DAY)),
        ({"status": "withdrawn", "withdrawn_on": AFTER}, ("granted", None)),
        ({"withdrawn_on": AFTER}, ("granted", None)),
        ({"status": "withdrawn", "withdrawn_on": AFTER, "valid_from": None}, ("withdrawn", None)),
        ({"status": "withdrawn", "withdrawn_on": None}, ("withdrawn", None)),
        ({"status": "refused", "withdrawn_on": AFTER}, ("refused", None)),
        ({"status": "pending", "valid_from": None}, ("pending", None)),
    ],
)
def test_a_consent_stands_as_it_stood(changes: Mapping[str, Any], stood: Any) -> None:
    assert told(consent_on({**GRANTED, **changes}, DAY, TODAY), "status", "withdrawn_on") == stood


DAYS = st.dates(date(2025, 9, 1), TODAY)


@given(
    status=st.sampled_from(["granted", "withdrawn", "refused", "pending", None]),
    began=st.none() | DAYS,
    withdrawn=st.none() | DAYS,
    day=DAYS,
)
def test_no_day_has_a_consent_that_is_not_documented_for_it(
    status: str | None, began: date | None, withdrawn: date | None, day: date
) -> None:
    row = {"id": "c", "status": status, "valid_from": began, "withdrawn_on": withdrawn}
    stood = consent_on(row, day, TODAY)
    if stood and stood["status"] == "granted" and stood["withdrawn_on"] is None and status != "granted":
        assert status == "withdrawn"
        assert began is not None
        assert withdrawn is not None
        assert began <= day < withdrawn
    if withdrawn is not None and withdrawn <= day and stood:
        assert stood["withdrawn_on"] == withdrawn


@pytest.mark.parametrize(
    ("row", "status"),
    [
        ({"status": "open", "raised_on": BEFORE}, "open"),
        ({"status": "open", "raised_on": AFTER}, None),
        ({"status": "closed", "raised_on": BEFORE, "closed_on": DAY}, "closed"),
        ({"status": "closed", "raised_on": BEFORE, "closed_on": AFTER}, "open"),
        ({"status": "closed", "raised_on": BEFORE, "closed_on": None, "modified_at": datetime(2026, 1, 9, tzinfo=UTC)}, "closed"),
        ({"status": "closed", "raised_on": BEFORE, "closed_on": None, "modified_at": None}, "open"),
        ({"status": "closed", "raised_on": None, "closed_on": AFTER}, "open"),
    ],
)  # fmt: skip
def test_an_escalation_is_open_until_it_is_known_to_be_closed(row: Mapping[str, Any], status: str | None) -> None:
    assert (told(escalation_on(row, DAY, TODAY), "status") or (None,))[0] == status


@pytest.mark.parametrize(
    ("opened", "closed", "is_closed", "stood"),
    [
        (BEFORE, None, False, False),
        (AFTER, None, False, None),
        (BEFORE, AFTER, True, False),
        (BEFORE, DAY, True, True),
        (BEFORE, None, True, True),
        (None, None, False, False),
    ],
)
def test_a_case_is_open_between_its_days(
    opened: date | None, closed: date | None, is_closed: bool, stood: bool | None
) -> None:
    row = {"opened_at": moment(opened), "closed_at": moment(closed), "closed": is_closed}
    found = case_on(row, DAY, TODAY)
    assert (found and found["closed"]) == stood


def moment(day: date | None) -> datetime | None:
    return datetime(day.year, day.month, day.day, 15, tzinfo=UTC) if day else None


CALL: Mapping[str, Any] = {
    "status": "completed",
    "requested_on": date(2026, 1, 20),
    "asked_on": date(2026, 1, 22),
    "responded_on": date(2026, 1, 26),
    "scheduled_on": date(2026, 2, 9),
    "completed_on": date(2026, 2, 9),
}


@pytest.mark.parametrize(
    ("changes", "day", "stood"),
    [
        ({}, date(2026, 1, 21), None),
        ({}, date(2026, 1, 22), ("asked", None, None)),
        ({}, date(2026, 1, 26), ("accepted", date(2026, 1, 26), None)),
        ({}, date(2026, 2, 9), ("completed", date(2026, 1, 26), date(2026, 2, 9))),
        ({"status": "missed", "completed_on": None}, date(2026, 2, 8), ("accepted", date(2026, 1, 26), None)),
        ({"status": "missed", "completed_on": None}, date(2026, 2, 9), ("missed", date(2026, 1, 26), None)),
        ({"status": "declined", "completed_on": None}, date(2026, 1, 25), ("asked", None, None)),
        ({"status": "declined", "completed_on": None}, date(2026, 1, 26), ("declined", date(2026, 1, 26), None)),
        ({"status": "scheduled", "completed_on": None}, date(2026, 1, 25), ("asked", None, None)),
        ({"status": "scheduled", "completed_on": None}, date(2026, 1, 26), ("scheduled", date(2026, 1, 26), None)),
        ({"status": "completed", "completed_on": None}, date(2026, 1, 23), ("completed", date(2026, 1, 26), None)),
        ({"asked_on": None, "requested_on": None, "responded_on": None}, date(2026, 2, 8), None),
        ({"status": "cancelled"}, date(2026, 1, 23), ("cancelled", date(2026, 1, 26), date(2026, 2, 9))),
        ({"status": None, "asked_on": None, "requested_on": None}, BEFORE, (None, date(2026, 1, 26), date(2026, 2, 9))),
    ],
)
def test_an_activity_has_come_as_far_as_it_had(changes: Mapping[str, Any], day: date, stood: Any) -> None:
    row = {**CALL, **changes}
    assert told(activity_on(row, day, TODAY), "status", "responded_on", "completed_on") == stood


def test_today_is_as_it_is(town: Town) -> None:
    snapshot = town.snapshot()
    today = past_of(snapshot, date(2025, 9, 1)).on(TODAY, {})
    for name in ("consent", "activity", "contact", "profile", "account", "escalation", "case"):
        assert sorted(today.tables[name].to_pylist(), key=str) == sorted(snapshot.tables[name].to_pylist(), key=str)


@pytest.fixture
def small(snapshot_of: Any, program: Any) -> Town:
    town = Town(snapshot_of, program)
    town.reference("ann")
    return town


def stands(town: Town, day: date, kept: Any = None) -> tuple[int, int]:
    """What is false and what is unknown for a call with Ann on a past day."""
    past = past_of(town.snapshot(), date(2025, 9, 1), kept) if kept else past_of(town.snapshot(), date(2025, 9, 1))
    (row,) = evaluate(past.on(day, {}), town.program).table.to_pylist()
    return row["failed_call"], row["unknown_call"]


def test_a_survey_answer_newer_than_the_day_stands_for_the_one_before(small: Town) -> None:
    small.rows["contact"][0]["nps_on"] = TODAY - timedelta(days=3)
    assert stands(small, DAY) == (0, 0)
    small.rows["contact"][0]["nps_on"] = TODAY - timedelta(days=179)
    assert stands(small, DAY) == (0, 0)
    small.rows["contact"][0]["nps_on"] = TODAY - timedelta(days=200)
    assert stands(small, TODAY) != (0, 0)
    small.rows["contact"][0]["nps_on"] = TODAY + timedelta(days=30)
    assert stands(small, DAY)[1] != 0


def test_health_that_began_later_was_not_there(small: Town) -> None:
    small.rows["account"][-1]["healthy_since"] = DAY + timedelta(days=1)
    failed, unknown = stands(small, DAY)
    assert failed != 0
    assert unknown == 0


def test_state_that_a_run_kept_is_taken_from_it(small: Town) -> None:
    now = small.snapshot()
    before = state_of(small, health_score=40.0)
    assert stands(small, DAY) == (0, 0)
    assert stands(small, DAY, lambda day: before)[0] != 0
    assert stands(small, TODAY, lambda day: before) == (0, 0)
    lacking = {**before, "account": before["account"].drop_columns("health_score")}
    assert stands(small, DAY, lambda day: lacking) == (0, 0)
    gone = {**before, "contact": pa.concat_tables([before["contact"], renamed(now, "forgotten")])}
    past = past_of(now, DAY, lambda day: gone)
    assert past.on(DAY, {}).tables["contact"]["id"].to_pylist() == ["ann"]
    assert past.is_kept(DAY)
    assert not past.is_kept(TODAY)


def state_of(town: Town, **account: Any) -> dict[str, pa.Table]:
    before = dict(town.rows["account"][-1])
    town.rows["account"][-1] |= account
    tables = town.snapshot().tables
    town.rows["account"][-1] = before
    return {name: tables[name] for name in ("account", "contact", "profile")}


def renamed(snapshot: Snapshot, name: str) -> pa.Table:
    table = snapshot.tables["contact"]
    return table.set_column(0, "id", pa.array([name]))


def test_people_outside_the_program_are_left_out_but_for_those_who_may_be_the_same_person(small: Town) -> None:
    small.add("contact", id="stranger", account="acc ann", email_key="x")
    small.add("contact", id="twin", account="acc ann", email_key="ann's")
    small.add("contact", id="merged", account="acc ann", master_record="ann")
    small.add("contact", id="colleague", account="acc ann")
    small.rows["contact"][0]["email_key"] = "ann's"
    small.used("colleague", date(2026, 1, 7))
    kept = past_of(small.snapshot(), DAY).snapshot.tables["contact"]["id"].to_pylist()
    assert sorted(kept) == ["ann", "colleague", "merged", "twin"]
