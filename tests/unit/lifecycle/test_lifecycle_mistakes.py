"""Mistakes that reference programs are known to make with what they do next, each kept here so that this one never makes it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from crm_sync.lifecycle.matches import desired_matches
from crm_sync.model.names import Names
from crm_sync.reporting.watch import watch
from tests.unit.lifecycle.test_asks import CONTACT, MATCH, OTHER, TODAY, slate, world


@pytest.mark.parametrize(("decide_by", "whose_turn"), [(TODAY, None), (TODAY - timedelta(days=1), 2)])
def test_due_dates_are_not_stored_and_never_used_the_next_candidate_comes_when_a_decision_is_overdue(
    world_of: Any, decide_by: date, whose_turn: int | None
) -> None:
    facts = world(
        world_of, {"decide_by": decide_by}, slates=[slate(CONTACT, OTHER) if whose_turn is None else slate(OTHER)]
    )
    wanted = {one.key: one.fields for one in desired_matches(facts)}
    mine = wanted.pop(MATCH["key"])
    assert mine["recommended"] is (whose_turn is None)
    assert mine["state"] == ("proposed" if whose_turn is None else "superseded")
    assert [one["attempt"] for one in wanted.values()] == [whose_turn]


@pytest.mark.parametrize(("due_in", "overdue"), [(1, 0), (0, 0), (-1, 1), (-20, 20)])
def test_due_dates_are_not_stored_and_never_used_an_escalation_past_its_day_is_overdue(
    world_of: Any, due_in: int, overdue: int
) -> None:
    due = TODAY + timedelta(days=due_in)
    raised = {"id": "esc", "status": "open", "raised_on": TODAY - timedelta(days=30), "due_on": due}
    made = world_of(escalation=[raised])
    (one,) = watch(made, Names(made.snapshot)).escalations
    assert (one.due_on, one.overdue_days) == (due, overdue)
