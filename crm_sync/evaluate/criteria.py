"""Conditions -> expressions: every criterion compiled once, for whole populations, in three-valued logic.

The expressions are Narwhals', so that they run on any engine with the same answer; a null fact makes a test unknown, and
all, any and not follow Kleene. A criterion whose thresholds and facts are the same for several reference types is
computed once for them. Called by `verdicts`. Not here: facts (`facts`), and text (`reasons`).
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property, reduce
from typing import Any

import narwhals as nw

from crm_sync.errors import ConfigurationError, Mistake
from crm_sync.evaluate.gates import Gate, gates
from crm_sync.model.verdict import Weight
from crm_sync.model.verdicts import RuleRef
from crm_sync.program import Criterion, Program
from crm_sync.program.conditions import All, Any_, Condition, Not_, Test, Value, tests
from crm_sync.program.rules.qualification import Stage

MOST_RULES = 62
"""A mask is a signed 64-bit integer."""
KNOWN = "known"
"""Opens the name of the column that says whether a fact has a value: true, false, or null when nobody could see."""

_COMPARE: Mapping[str, Callable[[nw.Expr, Any], nw.Expr]] = {
    "is": operator.eq,
    "is_not": operator.ne,
    "at_least": operator.ge,
    "at_most": operator.le,
    "above": operator.gt,
    "below": operator.lt,
    "after": operator.gt,
    "before": operator.lt,
}


@dataclass(frozen=True)
class Rule:
    """One hard criterion, caution or score in bit order: a criterion of rules/qualification, or an appended gate."""

    ref: RuleRef
    stage: Stage
    text: str
    remedy: str
    criterion: Criterion | None
    gate: Gate | None

    @property
    def points(self) -> float:
        """What it adds to strength when true."""
        return (self.criterion.points or 0.0) if self.criterion else 0.0

    @cached_property
    def facts(self) -> tuple[str, ...]:
        """The facts a criterion asks for, in the order written; none for a gate, whose answer is a column."""
        return tuple(dict.fromkeys(test.fact for _, test in tests(self.criterion.when))) if self.criterion else ()

    def columns(self, program: Program, reference_type: str) -> tuple[str, ...]:
        """Name the columns a criterion is answered from for one type."""
        when = self.criterion.when if self.criterion else None
        return test_columns(when, reference_type, program) if when else ()

    def key(self, program: Program, reference_type: str) -> str:
        """Name its answer for one type; types for which nothing differs share a name."""
        if self.gate:
            return self.gate.columns[reference_type]
        asked = self._asks(program, reference_type)
        alike = [t for t in self.ref.types if self._asks(program, t) == asked]
        return self.ref.id if len(alike) == len(self.ref.types) else f"{self.ref.id}@{alike[0]}"

    def _asks(self, program: Program, reference_type: str) -> list[tuple[str, Value]]:
        """Give each fact's column and what it is compared with for one type."""
        assert self.criterion is not None  # noqa: S101  (a rule is a criterion or a gate)
        return [
            (test_column(test, reference_type, program), test.threshold_for(reference_type))
            for _, test in tests(self.criterion.when)
        ]

    def truth(self, program: Program, reference_type: str) -> nw.Expr:
        """Give the expression of its answer for one type."""
        if self.gate:
            return nw.col(self.gate.columns[reference_type])
        assert self.criterion is not None  # noqa: S101  (a rule is a criterion or a gate)
        return compile_condition(self.criterion.when, reference_type, program)


def rules(program: Program) -> tuple[Rule, ...]:
    """Give every rule in bit order. Raises ConfigurationError when there are more than a mask can hold."""
    asked = tuple(_of_criterion(criterion, program) for criterion in program.qualification.criteria)
    found = (*asked, *(_of_gate(gate) for gate in gates(program)))
    if len(found) > MOST_RULES:
        expected = f"at most {MOST_RULES} criteria, caps and cooldowns together"
        raise ConfigurationError((Mistake("rules/qualification.yaml", f"{len(found)} of them", expected),))
    return found


def _of_criterion(criterion: Criterion, program: Program) -> Rule:
    types = tuple(t for t in program.types if criterion.applies_to(t))
    weight: Weight = criterion.weight
    ref = RuleRef(criterion.id, criterion.version, weight, types)
    return Rule(ref, criterion.stage, criterion.text, criterion.remedy, criterion, None)


def _of_gate(gate: Gate) -> Rule:
    return Rule(RuleRef(gate.id, gate.version, "hard", gate.types), "ask", gate.text, gate.remedy, None, gate)


def is_per_type(program: Program, fact: str) -> bool:
    """Whether a fact's answer may differ per reference type."""
    known = program.facts.get(fact)
    return known is not None and known.per_type


def fact_column(fact: str, reference_type: str, program: Program) -> str:
    """Name the column of a fact."""
    return f"{fact}_{reference_type}" if is_per_type(program, fact) else fact


def test_columns(condition: Condition, reference_type: str, program: Program) -> tuple[str, ...]:
    """Name the columns a condition reads, each once."""
    return tuple(dict.fromkeys(test_column(test, reference_type, program) for _, test in tests(condition)))


def test_column(test: Test, reference_type: str, program: Program) -> str:
    """Name the column a test reads: a fact's value, or whether it has one."""
    column = fact_column(test.fact, reference_type, program)
    return f"{KNOWN} {column}" if test.operator == "known" else column


def compile_condition(condition: Condition, reference_type: str, program: Program) -> nw.Expr:
    """Turn a condition into an expression that is true, false, or null for unknown."""

    def compiled(part: Condition) -> nw.Expr:
        return compile_condition(part, reference_type, program)

    match condition:
        case All():
            return reduce(operator.and_, map(compiled, condition.all))
        case Any_():
            return reduce(operator.or_, map(compiled, condition.any))
        case Not_():
            return ~compiled(condition.not_)
        case _:
            return _compile_test(condition, reference_type, program)


def _compile_test(test: Test, reference_type: str, program: Program) -> nw.Expr:
    column = nw.col(test_column(test, reference_type, program))
    threshold: Any = test.threshold_for(reference_type)
    if test.operator == "known":
        return column if threshold else ~column
    if test.operator in _COMPARE:
        return _COMPARE[test.operator](column, _comparable(test, threshold, program))
    if test.operator in ("one_of", "none_of"):
        found: nw.Expr = reduce(operator.or_, (column == value for value in threshold))
        return ~found if test.operator == "none_of" else found
    held = (column.list.contains(value) for value in threshold)
    holds: nw.Expr = reduce(operator.or_ if test.operator == "has_any" else operator.and_, held)
    return holds


def _comparable(test: Test, threshold: Any, program: Program) -> Any:
    """Read a threshold that YAML gives as text as the day or moment it means."""
    fact = program.facts.get(test.fact)
    if fact and fact.type == "date" and isinstance(threshold, str):
        return nw.lit(date.fromisoformat(threshold))
    if fact and fact.type == "datetime" and isinstance(threshold, str):
        return nw.lit(datetime.fromisoformat(threshold).replace(tzinfo=None))
    return threshold


def healthy_from(program: Program) -> float | None:
    """Give the lowest health score that any hard criterion accepts for any type; None when none asks for one."""
    accepted = [
        float(test.threshold_for(t))  # type: ignore[arg-type]  # the checks allow numbers alone here
        for criterion in program.qualification.criteria
        if criterion.weight == "hard"
        for _, test in tests(criterion.when)
        if test.fact == "account.health_score" and test.operator in ("at_least", "above")
        for t in program.types
    ]
    return min(accepted, default=None)
