"""Criteria -> the day each passes by itself, where time alone can do it.

A fact that a calendar moves (how long health has held, how far away a renewal is) crosses its threshold on a day that is
known today. Used by `masks` for everybody and by `reasons` for what is shown. Not here: consents, caps, cooldowns and
blackouts, whose days are computed with them.
"""

from __future__ import annotations

import math

from crm_sync.evaluate.criteria import Rule
from crm_sync.program import Program
from crm_sync.program.conditions import Any_, Condition, Test

GROWING = {"health_sustained_days": "health_since", "nps_age_days": "nps_on", "outcome_age_days": "outcome_on"}
"""Facts that count days since a day, and the column of that day."""
MONTHS, SHRINKING = ("tenure_months", "customer_since"), ("days_to_renewal", "renewal_on")
DAY_OF = {**GROWING, **dict((MONTHS, SHRINKING))}
"""Every fact that time moves, and the column of the day it is counted from."""


def opening(rule: Rule, program: Program, reference_type: str) -> str | None:
    """Give the day one rule opens as SQL over the facts; None when no day is known to open it."""
    if rule.gate:
        return f"free_{rule.gate.columns[reference_type]}" if rule.gate.dated else None
    return _of_condition(rule.criterion.when, reference_type) if rule.criterion else None


def _of_condition(condition: Condition, reference_type: str) -> str | None:
    """Give the day a test, or the first of several of which any is enough, becomes true."""
    if isinstance(condition, Test):
        return _of_test(condition, reference_type)
    if not isinstance(condition, Any_):
        return None
    days = [day for day in (_of_condition(part, reference_type) for part in condition.any) if day]
    return f"least({', '.join(days)})" if days else None


def _of_test(test: Test, reference_type: str) -> str | None:
    threshold = test.threshold_for(reference_type)
    if test.fact not in DAY_OF or isinstance(threshold, bool | str | tuple):
        return None
    day = DAY_OF[test.fact]
    if test.fact in GROWING and test.operator in ("at_least", "above"):
        return f"({day} + {_past(test.operator, threshold)})"
    if test.fact == MONTHS[0] and test.operator in ("at_least", "above"):
        later = f"CAST({day} + INTERVAL {_past(test.operator, threshold)} MONTH AS DATE)"
        return f"({later} + CAST(day({later}) < day({day}) AS INTEGER))"
    if test.fact == SHRINKING[0] and test.operator in ("at_most", "below"):
        nearer = math.floor(threshold) if test.operator == "at_most" else math.ceil(threshold) - 1
        return f"({day} - ({nearer}))"
    return None


def _past(operator: str, threshold: float) -> int:
    """Give the first whole number that a growing count has to reach."""
    return math.ceil(threshold) if operator == "at_least" else math.floor(threshold) + 1
