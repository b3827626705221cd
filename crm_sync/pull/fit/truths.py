"""Which criteria can never be true in this org: their facts cannot be read, or no value of the org leads to theirs.

Called by `hold_against`. A hard criterion that can never be true means that nobody is ever asked, so it is better told
than found out. Not here: judging a person (evaluate).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from crm_sync.errors import Mistake
from crm_sync.program import Criterion, Qualification
from crm_sync.program.conditions import All, Any_, Condition, Not_, Test, tests
from crm_sync.program.facts import Fact, catalogue
from crm_sync.pull.fit.finding import Finding, Level
from crm_sync.pull.fit.seen import Seen
from crm_sync.pull.fit.values import possible

NO_VALUE = "none"
"""What a derived fact says of a person without a profile, whatever the org's picklist offers."""


@dataclass(frozen=True)
class Answers:
    """Which answers a condition can have besides unknown."""

    yes: bool
    no: bool


def check_truths(seen: Seen) -> Iterator[Finding]:
    """Tell every criterion that no record of this org can meet."""
    rule = seen.draft.rule(Qualification)
    types = seen.draft.types
    if rule is None or types is None:
        return
    qualification, source = rule
    sight = Sight(seen)
    for index, criterion in enumerate(qualification.criteria):
        never = sight.never(criterion, types)
        if not never:
            continue
        applies = [name for name in types if criterion.applies_to(name)]
        where = source.where(("criteria", index, "when"))
        kinds = "" if len(never) == len(applies) else f" for {', '.join(never)}"
        found = f"{criterion.id!r}, which can never be true in this org{kinds}: {sight.why(criterion.when, never[0])}"
        expected = _EXPECTED[criterion.weight]
        level = Level.DIFFERS if criterion.weight == "scored" else Level.BLINDS
        yield Finding(level, Mistake(where, found, expected))
    potential = qualification.candidates.potential
    if not sight.answers(potential, types[0]).yes:
        found = f"the potential of candidates, which can never be true in this org: {sight.why(potential, types[0])}"
        where = source.where(("candidates", "potential"))
        yield Finding(Level.BLINDS, Mistake(where, found, "a condition that somebody can meet"))


_EXPECTED: Mapping[str, str] = {
    "hard": "a criterion that somebody can meet; as it is, nobody is ever asked",
    "caution": "a criterion that somebody can meet; as it is, every owner is cautioned",
    "scored": "a criterion that somebody can meet; as it is, nobody has its points",
}


@dataclass(frozen=True)
class Sight:
    """Answers what conditions can come to in this org."""

    seen: Seen

    def never(self, criterion: Criterion, types: tuple[str, ...]) -> tuple[str, ...]:
        """Name the reference types for which a criterion can never be true."""
        applies = [name for name in types if criterion.applies_to(name)]
        return tuple(name for name in applies if not self.answers(criterion.when, name).yes)

    def answers(self, condition: Condition, reference_type: str) -> Answers:
        """Say whether a condition can be true and can be false, each test by itself."""
        match condition:
            case All():
                parts = [self.answers(part, reference_type) for part in condition.all]
                return Answers(all(part.yes for part in parts), any(part.no for part in parts))
            case Any_():
                parts = [self.answers(part, reference_type) for part in condition.any]
                return Answers(any(part.yes for part in parts), all(part.no for part in parts))
            case Not_():
                inner = self.answers(condition.not_, reference_type)
                return Answers(inner.no, inner.yes)
            case Test():
                return self._answers_of_test(condition, reference_type)

    def why(self, condition: Condition, reference_type: str) -> str:
        """Say what keeps the condition from being true, naming each fact once."""
        blocked = (test for _, test in tests(condition) if not self._answers_of_test(test, reference_type).yes)
        return "; ".join(dict.fromkeys(self._why_test(test) for test in blocked))

    def _answers_of_test(self, test: Test, reference_type: str) -> Answers:
        fact = self._facts.get(test.fact)
        if fact is None:
            return Answers(yes=True, no=True)
        wanted = test.threshold_for(reference_type)
        if self._unreadable(fact):
            return Answers(wanted is False, wanted is True) if test.operator == "known" else Answers(False, False)
        values = self._values(fact)
        return Answers(True, True) if values is None else _of_values(test.operator, wanted, values)

    def _why_test(self, test: Test) -> str:
        fact = self._facts[test.fact]
        hidden = self._unreadable(fact)
        if hidden:
            return f"{', '.join(hidden)} cannot be read"
        return f"no active value of the org leads to what is asked of {test.fact}"

    def _unreadable(self, fact: Fact) -> tuple[str, ...]:
        pairs = (name.split(".") for name in fact.derived_from)
        return tuple(".".join(pair) for pair in pairs if self.seen.hidden(*pair))

    def _values(self, fact: Fact) -> frozenset[str] | None:
        """Give the values that a fact can have in this org; None when anything is possible."""
        mapping_name, _, field_name = (fact.values_of or fact.name).partition(".")
        mapping = self.seen.draft.mappings.get(mapping_name)
        known = self.seen.field(mapping_name, field_name)
        if not fact.values or mapping is None or known is None:
            return None
        found = possible(mapping.fields[field_name], known)
        return None if found is None else found | ({NO_VALUE} if fact.values_of else frozenset())

    @cached_property
    def _facts(self) -> Mapping[str, Fact]:
        return catalogue(self.seen.draft.mappings)


def _of_values(operator: str, wanted: object, values: frozenset[str]) -> Answers:
    """Say whether a picklist with these values can meet a test, and can fail it."""
    asked = frozenset(map(str, wanted if isinstance(wanted, tuple) else (wanted,)))
    met, other = bool(values & asked), bool(values - asked)
    match operator:
        case "is" | "one_of":
            return Answers(met, other)
        case "is_not" | "none_of":
            return Answers(other, met)
        case "has_any":
            return Answers(met, True)
        case "has_all":
            return Answers(asked <= values, True)
    return Answers(True, True)
