"""Check conditions: the fact exists, the operator fits its type, and so does every threshold.

Not here: the shape of a condition (`conditions`), and evaluating it.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from crm_sync.errors import Mistake
from crm_sync.program.conditions import DEFAULT, Condition, Test, Value, tests
from crm_sync.program.draft import Draft
from crm_sync.program.facts import DIRECT_MAPPINGS, OPERATORS_OF, Fact, catalogue
from crm_sync.program.nodes import Path
from crm_sync.program.rules import Criterion, Qualification
from crm_sync.program.sentences import truth_meant
from crm_sync.program.sources import Source, one_of


def check_conditions(draft: Draft) -> Iterator[Mistake]:
    """Tell every mistake in the conditions of rules/qualification.yaml."""
    found = draft.rule(Qualification)
    if found is None:
        return
    qualification, source = found
    whole = all(name in draft.mappings for name in DIRECT_MAPPINGS)
    checker = _Checker(source, catalogue(draft.mappings), _personal(draft), draft.types, whole, draft)
    for index, criterion in enumerate(qualification.criteria):
        yield from checker.condition(criterion.when, ("criteria", index, "when"), criterion)
    yield from checker.condition(qualification.candidates.potential, ("candidates", "potential"), None)


def _personal(draft: Draft) -> frozenset[str]:
    return frozenset(f"{m.name}.{field.name}" for m in draft.mappings.values() for field in m.personal)


@dataclass(frozen=True)
class _Checker:
    """What conditions are held against. `whole` says that all mapped facts are known, but for those the draft lacks."""

    source: Source
    facts: Mapping[str, Fact]
    personal: frozenset[str]
    types: tuple[str, ...] | None
    whole: bool
    draft: Draft

    def condition(self, condition: Condition, path: Path, criterion: Criterion | None) -> Iterator[Mistake]:
        """Check every test of one condition; `criterion` is None for the candidate rule."""
        for below, test in tests(condition):
            at = (*path, *below)
            fact = self.facts.get(test.fact)
            if fact is None:
                yield from self._unknown_fact(test, at)
                continue
            yield from self._operator(test, fact, at)
            yield from self._per_type(test, fact, at, criterion)

    def _unknown_fact(self, test: Test, path: Path) -> Iterator[Mistake]:
        at = (*path, "fact")
        if test.fact in self.personal:
            yield self.source.mistake(
                at, f"the fact {test.fact!r}, which is personal and never stored", "a fact that is not personal"
            )
        elif "." not in test.fact or (self.whole and not self.draft.lacks(*test.fact.split(".", 1))):
            yield self.source.unknown(at, "the fact", test.fact, self.facts)

    def _operator(self, test: Test, fact: Fact, path: Path) -> Iterator[Mistake]:
        allowed = OPERATORS_OF[fact.type]
        if test.operator not in allowed:
            found = f"`{test.operator}` for {fact.name}, which is {a_kind(fact)}"
            yield self.source.mistake((*path, test.operator), found, one_of(allowed))
            return
        for below, value in _values(test):
            yield from self._value(test, fact, value, (*path, test.operator, *below))

    def _value(self, test: Test, fact: Fact, value: Value, path: Path) -> Iterator[Mistake]:
        singles = enumerate(value) if isinstance(value, tuple) else [(-1, value)]
        for index, single in singles:
            at = (*path, index) if isinstance(value, tuple) else path
            if test.operator == "known":
                yield from self._truth(at, single, fact.name)
            elif fact.type == "number":
                yield from self._number(at, single, fact)
            elif fact.type == "checkbox":
                yield from self._truth(at, single, fact.name)
            elif fact.type in {"date", "datetime"}:
                yield from self._date(at, single, fact.name)
            else:
                yield from self._text(at, single, fact)

    def _truth(self, path: Path, single: object, name: str) -> Iterator[Mistake]:
        if not isinstance(single, bool):
            meant = truth_meant(single) if isinstance(single, str) else None
            yield self.source.mistake(path, f"{shown(single)} for {name}", "true or false", meant)

    def _number(self, path: Path, single: object, fact: Fact) -> Iterator[Mistake]:
        if isinstance(single, bool) or not isinstance(single, int | float):
            unit = f" of {fact.unit}" if fact.unit else ""
            quotes = ", without quotes" if isinstance(single, str) else ""
            yield self.source.mistake(path, f"{shown(single)} for {fact.name}", f"a number{unit}{quotes}")

    def _date(self, path: Path, single: object, name: str) -> Iterator[Mistake]:
        try:
            datetime.date.fromisoformat(single if isinstance(single, str) else "")
        except ValueError:
            yield self.source.mistake(path, f"{shown(single)} for {name}", "a date, as 2026-12-31")

    def _text(self, path: Path, single: object, fact: Fact) -> Iterator[Mistake]:
        if not isinstance(single, str):
            yield self.source.mistake(path, f"{shown(single)} for {fact.name}", 'text, in quotes if need be: "yes"')
        elif fact.values and single not in fact.values:
            yield self.source.unknown(path, f"the value of {fact.name}", single, fact.values)

    def _per_type(self, test: Test, fact: Fact, path: Path, criterion: Criterion | None) -> Iterator[Mistake]:
        threshold = test.threshold
        if isinstance(threshold, Mapping):
            yield from self._types(threshold, (*path, test.operator), criterion)
        if (fact.per_type or isinstance(threshold, Mapping)) and (criterion is None or criterion.weight == "scored"):
            what = "the candidate rule" if criterion is None else "a scored criterion"
            found = f"a comparison of {fact.name} that differs per reference type in {what}"
            yield self.source.mistake((*path, "fact"), found, "one that is the same for all types")

    def _types(self, threshold: Mapping[str, Value], path: Path, criterion: Criterion | None) -> Iterator[Mistake]:
        for name in threshold:
            if name == DEFAULT or self.types is None:
                continue
            if name not in self.types:
                yield self.source.unknown((*path, name), "the reference type", name, (DEFAULT, *self.types))
            elif criterion is not None and not criterion.applies_to(name):
                found = f"a threshold for {name}, which this criterion is not asked for"
                yield self.source.mistake((*path, name), found, f"{name} among the criterion's `types`")


def _values(test: Test) -> Iterator[tuple[Path, Value]]:
    threshold = test.threshold
    if isinstance(threshold, Mapping):
        yield from (((name,), value) for name, value in threshold.items())
    else:
        yield (), threshold


def a_kind(fact: Fact) -> str:
    """Say what type a fact has, in words."""
    unit = f" of {fact.unit}" if fact.unit else ""
    return {
        "number": f"a number{unit}",
        "checkbox": "true or false",
        "date": "a date",
        "datetime": "a date and time",
        "picklist": "one of a list of values",
        "multipicklist": "several of a list of values",
        "reference": "a link to another record",
        "text": "text",
    }[fact.type]


def shown(value: object) -> str:
    """Say what a plain value is."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"the text {value!r}" if isinstance(value, str) else f"the number {value}"
