"""The final gate on verdicts as they are made: it promises no day that they would not."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from crm_sync.evaluate import evaluate
from crm_sync.lifecycle.gate import Gate, gate_of
from crm_sync.lifecycle.world import World
from crm_sync.matching import match
from crm_sync.program import Program
from tests.unit.evaluate.conftest import Customer, healthy

AGREED = {"state": "proposed", "owner_decision": "approved", "owner_decided_on": date(2026, 12, 21)}


@pytest.fixture
def customer(program: Program, snapshot_of: Any) -> Customer:
    """A German reference whose owner has agreed to a call, and who is away from 28 Dec to 10 Jan."""
    found = healthy(program, snapshot_of).used("call", date(2025, 1, 7))
    found.put("profile", "ada_profile", blackouts="2026-12-28..2027-01-10 away")
    return found.put("match", "m", request="r", profile="ada_profile", reserved_until=date(2026, 12, 31), **AGREED)


def judged(customer: Customer, program: Program, needed_by: date) -> Gate:
    customer.put("request", "r", type="call", stage="submitted", needed_by=needed_by)
    snapshot = customer.snapshot(as_of=datetime(2026, 12, 21, 12, tzinfo=UTC))
    verdicts = evaluate(snapshot, program)
    world = World(snapshot, verdicts, match(snapshot, verdicts, program), program, {})
    return gate_of(world, world.rows("match")[0])


@pytest.mark.parametrize(
    ("needed_by", "verdict", "first"),
    [
        (date(2026, 12, 28), "refused", date(2027, 1, 11)),
        (date(2027, 1, 10), "refused", date(2027, 1, 11)),
        (date(2027, 1, 11), "passed", None),
    ],
)
def test_the_gate_and_the_verdicts_know_the_same_first_day(
    customer: Customer, program: Program, needed_by: date, verdict: str, first: date | None
) -> None:
    found = judged(customer, program, needed_by)
    assert (found.verdict, found.earliest_on) == (verdict, first)


def test_a_hidden_holiday_is_no_reason_to_pass(customer: Customer, program: Program) -> None:
    customer.put("holiday", "h", recurring=True)
    found = judged(customer, program, date(2027, 3, 1))
    assert (found.verdict, found.earliest_on, found.passes) == ("refused", None, False)
