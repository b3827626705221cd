"""What the pipeline asks for, what references can give within their limits, and who is worth winning for a gap."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from crm_sync.lifecycle.coverage import desired_coverage, recruit_text, segment_key
from crm_sync.lifecycle.demand import month_starts
from crm_sync.model.coverage import Segment
from crm_sync.program import Program
from tests.reference_town import CELL, DEAL, Town


@pytest.fixture
def town(snapshot_of: Any, program: Program) -> Town:
    return Town(snapshot_of, program)


def test_the_months_begin_with_this_one() -> None:
    assert month_starts(date(2026, 11, 22), 3) == (date(2026, 11, 1), date(2026, 12, 1), date(2027, 1, 1))


def test_a_deal_counts_by_probability_size_and_kind_in_the_month_before_it_closes(town: Town) -> None:
    for number in range(10):
        town.add("opportunity", id=f"deal {number}", **DEAL)
    assert town.segment().demand == pytest.approx((0, 10 * 0.5 * 0.25 * 1.2, 0, 0, 0, 0))
    assert town.segment("logo").demand[1] == pytest.approx(10 * 0.5 * 0.25 * 0.1)


@pytest.mark.parametrize(
    ("change", "month"),
    [({"close_on": date(2026, 3, 20)}, 0), ({"close_on": date(2025, 3, 20)}, 0), ({"close_on": date(2026, 9, 29)}, 5)],
)
def test_what_is_overdue_is_needed_now(town: Town, change: dict[str, Any], month: int) -> None:
    town.add("opportunity", id="deal", **(DEAL | change))
    assert [number > 0 for number in town.segment().demand] == [place == month for place in range(6)]


@pytest.mark.parametrize(
    "change",
    [
        {"probability": 10.0},
        {"probability": None},
        {"closed": True},
        {"closed": None},
        {"close_on": date(2027, 5, 20)},
        {"amount": -5.0, "probability": 20.0},
    ],
)
def test_deals_that_ask_for_nothing_yet(town: Town, change: dict[str, Any]) -> None:
    town.add("opportunity", id="deal", **(DEAL | change))
    assert all(sum(segment.demand) < 0.05 for segment in town.coverage().segments)


def test_deals_that_cannot_be_reckoned_are_counted_as_left_out(town: Town) -> None:
    town.add("opportunity", id="deal 1", **(DEAL | {"amount": None}))
    town.add("opportunity", id="deal 2", **(DEAL | {"close_on": None}))
    found = town.coverage()
    assert found.left_out == {"amount": 1, "close_on": 1}
    assert found.segments == ()


def test_a_request_counts_as_one_and_its_deal_not_again(town: Town) -> None:
    town.add("opportunity", id="deal", **DEAL)
    town.add(
        "request",
        id="req",
        opportunity="deal",
        type="call",
        stage="submitted",
        needed_by=date(2026, 3, 30),
        industry=" retail ",
    )
    found = town.coverage()
    segment = next(s for s in found.segments if s.type == "call")
    assert segment.cell == CELL
    assert segment.demand == (1, 0, 0, 0, 0, 0)
    assert (found.deals, found.requests) == (1, 1)
    assert any(s.type == "logo" for s in found.segments) is False  # 0.0125 rounds to nothing


def test_a_request_that_was_served_asks_for_nothing_more(town: Town) -> None:
    town.reference("ann")
    town.add("request", id="req", prospect="prospect", type="call", stage="submitted", product="Core")
    town.add(
        "activity",
        id="act",
        request="req",
        contact="ann",
        type="call",
        status="scheduled",
        scheduled_on=date(2026, 3, 20),
    )
    assert town.coverage().requests == 0


def test_a_reference_gives_what_the_limits_let_them_give(town: Town) -> None:
    """From 25 March (a first ask), thirty days of rest, two calls in 90 days, three in half a year."""
    town.reference("ann")
    assert town.segment().supply == (1, 1, 0, 1, 0, 0)
    assert sum(town.segment().lapsing) == 0


def test_uses_make_room_again_when_they_leave_their_window(town: Town) -> None:
    """5 January leaves the quarter on 5 April and the half-year on 6 July, 1 February on 2 August (and rest after July)."""
    town.reference("ann")
    for day in (date(2026, 1, 5), date(2026, 2, 1)):
        town.used("ann", day)
    assert town.segment().supply == (0, 1, 0, 0, 1, 1)


def test_a_use_without_a_day_never_leaves(town: Town) -> None:
    town.reference("ann")
    for number in range(2):
        town.add("activity", id=f"act {number}", contact="ann", type="call", status="completed", completed_on=None)
    assert [s for s in town.coverage().segments if sum(s.supply)] == []


def test_the_customers_own_limit_wins(town: Town) -> None:
    town.reference("ann")
    town.rows["profile"][0]["max_calls_quarter"] = 1.0
    town.rows["profile"][0]["max_calls_year"] = 1.0
    assert sum(town.segment().supply) == 1


def test_no_use_is_counted_for_two_kinds(town: Town) -> None:
    town.reference("ann", uses=("call", "logo"))
    given = sum(sum(segment.supply) for segment in town.coverage().segments)
    assert given == 3


def test_supply_ends_with_the_consent_and_would_go_on_with_a_new_one(town: Town) -> None:
    town.reference("ann", consent={"valid_to": date(2026, 5, 1)})
    segment = town.segment()
    assert segment.supply == (1, 1, 0, 0, 0, 0)
    assert segment.lapsing == (0, 0, 0, 1, 0, 0)


@pytest.mark.parametrize(
    "change",
    [
        {"paused": True},
        {"health_score": None},
        {"legal_hold": None},
        {"status": "candidate"},
        {"nps_on": None},
        {"profile": False},
    ],
)
def test_who_may_not_be_asked_gives_nothing(town: Town, change: dict[str, Any]) -> None:
    town.reference("ann", **change)
    assert [s for s in town.coverage().segments if sum(s.supply)] == []


def test_taking_information_away_never_adds_supply(town: Town) -> None:
    town.reference("ann")
    town.used("ann", date(2026, 1, 5))
    before = sum(sum(s.supply) for s in town.coverage().segments)
    for mapping, field in (
        ("profile", "time_zone"),
        ("account", "region"),
        ("activity", "completed_on"),
        ("activity", "status"),
    ):
        kept = town.rows[mapping][-1][field]
        town.rows[mapping][-1][field] = None
        assert sum(sum(s.supply) for s in town.coverage().segments) <= before, (mapping, field)
        town.rows[mapping][-1][field] = kept


def test_whom_to_win_for_a_gap_those_with_the_fewest_steps_first(town: Town) -> None:
    town.add("opportunity", id="deal", **(DEAL | {"amount": 1e6, "probability": 90.0}))
    town.reference("member", uses=())
    town.reference("candidate", uses=(), status="candidate")
    town.reference("stranger", uses=(), profile=False, nps_on=date(2025, 1, 1))
    town.reference("far", uses=(), nps_on=None, speaks_publicly=None, health_score=10.0)
    town.reference("gone", uses=(), left_company=True)
    segment = town.segment()
    assert [(r.contact_id, r.near_miss, r.missing) for r in segment.recruits] == [
        ("member", None, ("consent",)),
        ("candidate", None, ("active_profile", "consent")),
        ("stranger", "nps_fresh", ("nps_fresh", "active_profile", "approved_type", "briefed", "consent")),
    ]
    assert recruit_text(segment).splitlines()[2] == (
        "3. CIO, stranger Ltd (stranger): Ask for a new survey answer; then active profile, approved type, briefed, consent."
    )
    assert [r.contact_id for r, _ in town.coverage().recruiting][:1] == ["member"]


def test_rows_for_segments_with_demand_or_supply_and_nought_for_those_that_had(town: Town) -> None:
    town.reference("ann")
    town.add("coverage", id="cov", key="0" * 32, industry="Retail", supply=3.0)
    rows = {row.key: row for row in desired_coverage(town.world())}
    mine = rows[segment_key(town.segment())]
    assert mine.fields == {
        "industry": "Retail",
        "product": "Core",
        "region": "EMEA",
        "type": "call",
        "demand": 0.0,
        "supply": 3.0,
        "gap": -3.0,
        "recruit": None,
    }
    assert rows["0" * 32].fields == {"supply": 0.0, "demand": 0.0, "gap": 0.0, "recruit": None}
    assert len(rows) == 2


def test_the_same_day_and_org_give_the_same_rows_whatever_the_order(town: Town) -> None:
    for name in ("ann", "bob", "cem"):
        town.reference(name, uses=("call", "quote"))
    town.add("opportunity", id="deal", **DEAL)
    first = list(desired_coverage(town.world()))
    for rows in town.rows.values():
        rows.reverse()
    assert list(desired_coverage(town.world())) == first


def test_missing_counts_the_worst_moment_and_a_later_surplus_does_not_help() -> None:
    segment = Segment(CELL, "call", (2, 0, 1), (0, 4, 0), (0, 0, 0))
    assert (segment.gap, segment.missing, segment.short_from) == (-1, 2, 0)
    assert Segment(CELL, "call", (0, 1), (1, 0), (0, 0)).missing == 0
