"""Conditions, values and days -> words: what was required and what was seen, as a person would say it.

Days stand as dates and not as ages, so that a reason changes when its facts do and not every night.
Called by `reasons`. Not here: which reason applies.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from crm_sync.evaluate.criteria import fact_column
from crm_sync.evaluate.openings import DAY_OF
from crm_sync.program import Program
from crm_sync.program.conditions import All, Any_, Condition, Not_, Test

_OPERATORS = {
    "is": "is {}",
    "is_not": "is not {}",
    "at_least": "at least {}",
    "at_most": "at most {}",
    "above": "more than {}",
    "below": "less than {}",
    "one_of": "one of {}",
    "none_of": "none of {}",
    "has_any": "has any of {}",
    "has_all": "has all of {}",
    "before": "before {}",
    "after": "after {}",
}
_COUNTED_FROM = {
    "health_sustained_days": "since {}",
    "nps_age_days": "answered on {}",
    "tenure_months": "customer since {}",
    "days_to_renewal": "renewal on {}",
    "outcome_age_days": "dated {}",
}


def required(condition: Condition, reference_type: str, program: Program) -> str:
    """Say what a condition asks for."""
    match condition:
        case All():
            return " and ".join(required(part, reference_type, program) for part in condition.all)
        case Any_():
            return " or ".join(required(part, reference_type, program) for part in condition.any)
        case Not_():
            return f"not ({required(condition.not_, reference_type, program)})"
        case _:
            return _required_by(condition, reference_type, program)


def _required_by(test: Test, reference_type: str, program: Program) -> str:
    threshold = test.threshold_for(reference_type)
    if test.operator == "known":
        return "known" if threshold else "not known"
    fact = program.facts.get(test.fact)
    words = _OPERATORS[test.operator].format(plain(threshold))
    return f"{words} {fact.unit}" if fact and fact.unit else words


def seen(facts: Iterable[str], reference_type: str, program: Program, row: Mapping[str, Any]) -> str | None:
    """Say what was found for the facts a condition asks for; None when none of them is known."""
    found = [_seen_of(fact, reference_type, program, row) for fact in facts]
    return ", ".join(value for value in found if value is not None) or None


def _seen_of(fact: str, reference_type: str, program: Program, row: Mapping[str, Any]) -> str | None:
    day = row.get(DAY_OF[fact]) if fact in DAY_OF else None
    if day is not None:
        return _COUNTED_FROM[fact].format(plain(day))
    value = row.get(fact_column(fact, reference_type, program))
    return None if value is None or fact in DAY_OF else plain(value)


def plain(value: Any) -> str:
    """Write one value: yes and no, whole numbers without a point, days as 2026-11-14, several with commas."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, datetime):
        return value.isoformat(timespec="minutes")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return ", ".join(plain(one) for one in value) or "none"
    return str(value)


def counted(number: float, noun: str) -> str:
    """Write a number with its noun: 1 use, 2 uses."""
    return f"{number:g} {noun if number == 1 else noun + 's'}"
