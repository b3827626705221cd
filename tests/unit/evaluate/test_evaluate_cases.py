"""The admins' cases run as an org would be judged, and a case that does not hold is told with its place."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from crm_sync.errors import ConfigurationError
from crm_sync.evaluate.cases import run_cases, wrong_in
from crm_sync.program import Expected, Program, load_cases

FOLDER = Path(__file__).parents[3] / "rules" / "cases"


def test_the_cases_that_ship_hold(program: Program) -> None:
    cases = load_cases(FOLDER, program)
    report = run_cases(cases, program)
    assert report.held == len(cases) > 0
    assert "tolerance.calls_quarter" in report.named
    assert not set(report.named) & set(report.unnamed)
    assert f"{report.held} cases hold" in str(report)


def test_a_case_states_the_strength_that_scored_criteria_add_up_to(program: Program) -> None:
    cases = load_cases(FOLDER, program)
    (case,) = (one for one in cases if one.id == "what_makes_a_reference_strong")
    ((key, expected),) = case.expected.items()
    (wrong,) = wrong_in([replace(case, expected={key: expected.model_copy(update={"strength": 49})})], program)
    assert (wrong.found, wrong.expected) == ("strength 50", "strength 49")
    report = run_cases([case, replace(case, id="other", expected={key: Expected(standing="eligible")})], program)
    assert (report.strengths, len(report.scored)) == (1, 7)
    assert "1 of them states the strength that the 7 scored criteria add up to" in str(report)
    rests = ("cooldown.same_audience", "cooldown.same_requester", "cooldown.same_competitor_set")
    assert report.beyond == ("candidates.potential", *rests)
    assert "cooldown.same_requester" in str(report)


def test_no_cases_name_no_rules(program: Program) -> None:
    report = run_cases((), program)
    assert (report.held, report.named) == (0, ())
    assert "consent" in str(report)
    assert "No case exercises" not in str(replace(report, unnamed=()))


def test_an_expectation_that_does_not_hold_is_told(program: Program) -> None:
    case = load_cases(FOLDER, program)[0]
    ((key, expected),) = list(case.expected.items())[:1]
    wrong = expected.model_copy(update={"standing": "unknown", "fails": ("consent",)})
    (standing, fails) = wrong_in([replace(case, expected={key: wrong})], program)
    assert case.id in standing.where
    assert (standing.found, standing.expected) == ("standing eligible", "standing unknown")
    assert fails.expected == "fails consent"
    with pytest.raises(ConfigurationError, match="standing eligible"):
        run_cases([replace(case, expected={key: wrong})], program)


def test_cases_judged_together_are_judged_as_if_alone(program: Program) -> None:
    cases = load_cases(FOLDER, program)
    turned = [replace(case, expected={key: turned_over(one) for key, one in case.expected.items()}) for case in cases]
    together = list(wrong_in(turned, program))
    alone = [mistake for case in turned[::13] for mistake in wrong_in([case], program)]
    assert len(together) > len(cases)
    assert [mistake for mistake in together if mistake.where in {one.where for one in alone}] == alone


def turned_over(expected: Expected) -> Expected:
    """Expect what nobody can be, so that every answer is told."""
    return expected.model_copy(update={"fails": ("?",), "unknown": ("?",), "cautions": ("?",)})


@pytest.mark.parametrize(
    ("mapping", "record"),
    [("activity", {"id": "stray", "contact": None, "status": "completed", "type": "call"}),
     ("consent", {"id": "stray", "contact": None, "status": "withdrawn", "use": "call"}),
     ("match", {"id": "stray", "profile": None, "asked_on": date(2026, 1, 5)})],
)  # fmt: skip
def test_a_record_that_names_nobody_stays_in_its_case(program: Program, mapping: str, record: Any) -> None:
    first, other, *_ = load_cases(FOLDER, program)
    fields = dict.fromkeys(field.name for field in program.mappings[mapping].pulled)
    stray = replace(first, records={**first.records, mapping: (*first.records.get(mapping, ()), fields | record)})
    assert {mistake.where.partition(" ")[0] for mistake in wrong_in([stray, other], program)} == {first.where}
