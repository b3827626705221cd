"""The admins' cases run as an org would be judged, and a case that does not hold is told with its place."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from crm_sync.errors import ConfigurationError
from crm_sync.evaluate.cases import check_case, run_cases
from crm_sync.program import Program, load_cases

FOLDER = Path(__file__).parents[3] / "rules" / "cases"


def test_the_cases_that_ship_hold(program: Program) -> None:
    cases = load_cases(FOLDER, program)
    report = run_cases(cases, program)
    assert report.held == len(cases) > 0
    assert "tolerance.calls_quarter" in report.named
    assert not set(report.named) & set(report.unnamed)
    assert f"{report.held} cases hold" in str(report)


def test_no_cases_name_no_rules(program: Program) -> None:
    report = run_cases((), program)
    assert (report.held, report.named) == (0, ())
    assert "consent" in str(report)
    assert "No case exercises" not in str(replace(report, unnamed=()))


def test_an_expectation_that_does_not_hold_is_told(program: Program) -> None:
    case = load_cases(FOLDER, program)[0]
    ((key, expected),) = list(case.expected.items())[:1]
    wrong = expected.model_copy(update={"standing": "unknown", "fails": ("consent",)})
    (standing, fails) = check_case(replace(case, expected={key: wrong}), program)
    assert case.id in standing.where
    assert (standing.found, standing.expected) == ("standing eligible", "standing unknown")
    assert fails.expected == "fails consent"
    with pytest.raises(ConfigurationError, match="standing eligible"):
        run_cases([replace(case, expected={key: wrong})], program)
