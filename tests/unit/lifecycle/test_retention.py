"""What is due for disposal, what keeps the rest, and the one issue that says so."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from crm_sync.lifecycle.issues import problems
from crm_sync.lifecycle.retention import CLOSED_ON, ISSUE, disposals, kept
from crm_sync.program import Program
from tests.reference_town import Town

LONG_AGO = date(2015, 3, 1)
CLOSED_THEN = datetime(2015, 3, 1, tzinfo=UTC)


@pytest.fixture
def town(snapshot_of: Any, program: Program) -> Town:
    made = Town(snapshot_of, program)
    made.reference("ann", uses=())
    return made


def due(town: Town) -> list[tuple[str, str | None]]:
    return [(one.record_id, one.held_by) for one in disposals(town.world())]


def test_every_kind_of_rules_retention_has_a_closing_day(program: Program) -> None:
    assert set(program.retention.keep_months) == set(CLOSED_ON)


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("profile", {"contact": "ann", "status": "retired", "briefed_on": LONG_AGO}),
        ("consent", {"contact": "ann", "use": "call", "status": "withdrawn", "withdrawn_on": LONG_AGO}),
        ("consent", {"contact": "ann", "use": "call", "status": "granted", "valid_to": LONG_AGO}),
        (
            "consent",
            {"contact": "ann", "use": "call", "status": "refused", "created_at": datetime(2015, 3, 1, tzinfo=UTC)},
        ),
        ("request", {"stage": "closed", "submitted_on": LONG_AGO}),
        ("activity", {"contact": "ann", "type": "call", "status": "declined", "responded_on": LONG_AGO}),
        ("escalation", {"contact": "ann", "status": "closed", "closed_on": LONG_AGO}),
        ("sync_run", {"kind": "full", "finished_at": datetime(2015, 3, 1, tzinfo=UTC)}),
        ("sync_issue", {"resolved": True, "modified_at": CLOSED_THEN}),
        ("asset", {"contact": "ann", "status": "withdrawn", "modified_at": CLOSED_THEN}),
        ("case", {"contact": "ann", "key": "c", "closed": True, "closed_at": CLOSED_THEN}),
        ("task", {"who": "ann", "key": "t", "closed": True, "modified_at": CLOSED_THEN}),
        ("coverage", {"supply": 0.0, "demand": 0.0, "gap": 0.0, "modified_at": CLOSED_THEN}),
        ("sync_request", {"status": "done", "modified_at": CLOSED_THEN}),
        ("sync_request", {"status": "failed", "modified_at": CLOSED_THEN}),
    ],
)
def test_closed_long_ago_is_due(town: Town, kind: str, fields: dict[str, Any]) -> None:
    town.rows.pop("profile")
    town.add(kind, id="old", **fields)
    assert due(town) == [("old", None)]


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("profile", {"contact": "ann", "status": "active", "briefed_on": LONG_AGO}),
        ("consent", {"contact": "ann", "use": "call", "status": "granted", "valid_from": date(2026, 1, 1)}),
        (
            "consent",
            {"contact": "ann", "use": "call", "status": "pending", "created_at": datetime(2015, 3, 1, tzinfo=UTC)},
        ),
        ("request", {"stage": "on_hold", "submitted_on": LONG_AGO}),
        ("request", {"stage": "closed", "submitted_on": date(2026, 1, 1)}),
        ("activity", {"contact": "ann", "type": "call", "status": "asked", "asked_on": LONG_AGO}),
        ("activity", {"contact": "ann", "type": "call", "status": "completed"}),
        ("escalation", {"contact": "ann", "status": "open", "raised_on": LONG_AGO}),
        ("sync_run", {"kind": "lease", "finished_at": datetime(2015, 3, 1, tzinfo=UTC)}),
        ("sync_issue", {"resolved": False, "modified_at": CLOSED_THEN}),
        ("asset", {"contact": "ann", "status": "published", "modified_at": CLOSED_THEN}),
        ("case", {"contact": "ann", "key": "c", "closed": False}),
        ("case", {"contact": "ann", "closed": True, "closed_at": CLOSED_THEN}),
        ("case", {"contact": "ann", "key": "c", "closed": True, "closed_at": None}),
        ("task", {"who": "ann", "key": "t", "closed": False, "modified_at": CLOSED_THEN}),
        ("task", {"who": "ann", "closed": True, "modified_at": CLOSED_THEN}),
        ("coverage", {"supply": 0.0, "demand": 0.2, "gap": 0.2, "modified_at": CLOSED_THEN}),
        ("coverage", {"supply": 0.0, "demand": None, "gap": 0.0, "modified_at": CLOSED_THEN}),
        ("sync_request", {"status": "queued", "modified_at": CLOSED_THEN}),
    ],
)
def test_open_or_recent_is_kept(town: Town, kind: str, fields: dict[str, Any]) -> None:
    town.rows.pop("profile")
    town.add(kind, id="live", **fields)
    assert due(town) == []


def test_the_day_it_falls_due(town: Town) -> None:
    town.add("activity", id="act", contact="ann", type="call", status="completed", completed_on=date(2023, 3, 11))
    assert due(town) == [("act", None)]
    town.rows["activity"][0]["completed_on"] = date(2023, 3, 12)
    assert due(town) == []
    assert next(one for one in kept(town.world()) if one.kind == "activity").not_yet == 1


@pytest.mark.parametrize(
    ("hold", "said"), [(True, "a legal hold on the account"), (None, "a legal hold cannot be ruled out"), (False, None)]
)
def test_a_legal_hold_keeps_everything_of_the_account(town: Town, hold: bool | None, said: str | None) -> None:
    town.add("activity", id="act", contact="ann", type="call", status="completed", completed_on=LONG_AGO)
    town.rows["account"][1]["legal_hold"] = hold
    assert due(town) == [("act", said)]


@pytest.mark.parametrize(
    ("own", "merged", "said"),
    [
        (False, True, "a legal hold on the account"),
        (False, None, "a legal hold cannot be ruled out"),
        (True, None, "a legal hold on the account"),
        (None, True, "a legal hold on the account"),
        (False, False, None),
    ],
)
def test_an_account_takes_over_the_hold_of_whatever_was_merged_into_it(
    town: Town, own: bool | None, merged: bool | None, said: str | None
) -> None:
    town.add("activity", id="act", contact="ann", type="call", status="completed", completed_on=LONG_AGO)
    town.rows["account"][1]["legal_hold"] = own
    town.add("merged_account", id="lost", master_record="between", legal_hold=merged)
    town.add("merged_account", id="between", master_record="acc ann", legal_hold=False)
    assert due(town) == [("act", said)]


def test_an_open_escalation_and_a_published_asset_keep_what_they_rest_on(town: Town) -> None:
    town.add("consent", id="con", contact="ann", use="logo", status="granted", valid_to=LONG_AGO)
    town.add("asset", id="asset", contact="ann", type="logo", status="published")
    assert due(town) == [("con", "a published asset that relies on it")]
    town.add("escalation", id="esc", contact="ann", status="open", raised_on=LONG_AGO)
    assert due(town) == [("con", "an open escalation")]


def test_a_match_goes_with_its_request(town: Town) -> None:
    town.add("request", id="req", stage="closed", submitted_on=LONG_AGO)
    town.add("match", id="mat", request="req", profile="prof ann", completed_on=LONG_AGO)
    town.add(
        "activity",
        id="act",
        request="req",
        contact="ann",
        type="call",
        status="completed",
        completed_on=date(2026, 1, 1),
    )
    assert due(town) == []
    town.rows["activity"].clear()
    assert {record for record, _ in due(town)} == {"req", "mat"}


def test_one_issue_names_how_many_of_what_are_due_and_held_ones_are_not(town: Town) -> None:
    assert [kind for kind, _, _ in problems(town.world()) if kind == ISSUE] == []
    for number in range(2):
        town.add("activity", id=f"act {number}", contact="ann", type="call", status="completed", completed_on=LONG_AGO)
    town.add("request", id="req", stage="closed", submitted_on=LONG_AGO)
    found = [fields for kind, _, fields in problems(town.world()) if kind == ISSUE]
    assert [one["summary"] for one in found] == ["Records past their retention: activity 2, request 1."]
    town.rows["account"][1]["legal_hold"] = True
    found = [fields for kind, _, fields in problems(town.world()) if kind == ISSUE]
    assert [one["summary"] for one in found] == ["Records past their retention: request 1."]


def test_what_people_opened_in_the_platforms_own_objects_is_not_counted(town: Town) -> None:
    town.add("case", id="theirs", contact="ann", closed=True, closed_at=CLOSED_THEN)
    town.add("case", id="open", contact="ann", key="c", closed=False)
    counted = {one.kind: (one.open, one.not_yet) for one in kept(town.world())}
    assert counted["case"] == (1, 0)


@pytest.mark.parametrize(
    ("kind", "fields"),
    [("case", {"contact": "ann", "closed_at": CLOSED_THEN}), ("task", {"who": "ann", "modified_at": CLOSED_THEN})],
)
def test_a_case_and_a_task_are_held_with_their_account(town: Town, kind: str, fields: dict[str, Any]) -> None:
    town.add(kind, id="old", key="k", closed=True, **fields)
    town.rows["account"][1]["legal_hold"] = True
    assert due(town) == [("old", "a legal hold on the account")]
