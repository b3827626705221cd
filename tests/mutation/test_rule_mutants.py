"""No rule can be slightly wrong unnoticed: every mutant of the shipped safety rules breaks an expectation of the tests or cases."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from crm_sync.evaluate import evaluate
from crm_sync.program import Program
from tests.mutation.expected import Answers, Expectation, population
from tests.mutation.rules import Mutant, groups

EQUIVALENT = {
    "calls_quarter: {'measure': 'effort'}": "a call is one point",
    "calls_year: {'measure': 'effort'}": "a call is one point",
    "account_calls_quarter: {'measure': 'effort'}": "a call is one point",
    "valid_from not required": "a consent of which nobody knows whether it has begun is unknown anyway",
}
"""Mutants that cannot be told from the rule, and why."""


@pytest.fixture(scope="module")
def everybody(program: Program, snapshot_of: Callable[..., Any]) -> Any:
    return population(program, snapshot_of)


def test_what_is_expected_holds_of_the_rules_that_ship(everybody: Any, program: Program) -> None:
    snapshot, expectations = everybody
    answers = Answers(evaluate(snapshot, program))
    assert [one for one in expectations if not answers.hold(one, one.rule)] == []


def test_every_mutant_of_a_safety_rule_is_noticed(everybody: Any, program: Program) -> None:
    snapshot, expectations = everybody
    by_rule: dict[str, list[Expectation]] = defaultdict(list)
    for one in expectations:
        by_rule[one.rule].append(one)

    def survives(answers: Answers, mutant: Mutant, expected: Sequence[Expectation]) -> bool:
        mine = [one for one in expected if mutant.reference_type in (None, one.reference_type)]
        return all(answers.hold(one, mutant.asked if mutant.rule else one.rule) for one in mine)

    tried, survivors = 0, []
    for changed, mutants in groups(program):
        answers = Answers(evaluate(snapshot, changed))
        tried += len(mutants)
        survivors += [m.name for m in mutants if survives(answers, m, by_rule[m.rule] if m.rule else expectations)]
    assert tried > 500
    print(*sorted(survivors), sep="\n")
    assert sorted(survivors) == sorted(EQUIVALENT)
