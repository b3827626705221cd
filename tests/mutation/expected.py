"""Everything the tests and the admins' cases say about single rules, as one population and one list of expectations.

Made of the tables of tests/unit/evaluate and of rules/cases, all of one moment. Used by `test_rule_mutants`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from crm_sync.evaluate.cases import snapshot_of_cases
from crm_sync.evaluate.criteria import rules
from crm_sync.model.snapshot import Snapshot
from crm_sync.model.verdicts import Verdicts
from crm_sync.program import Case, Expected, Program, load_cases
from tests.unit.evaluate.conftest import NOON, TODAY, TYPES, healthy
from tests.unit.evaluate.test_evaluate_consent import GOOD, OTHERS, add_another
from tests.unit.evaluate.test_evaluate_facts import EDGES
from tests.unit.evaluate.test_evaluate_program_rows import NOTICE, ROWS
from tests.unit.evaluate.test_evaluate_unknown import CLEARED, FALSE, family

CASES = Path(__file__).parents[2] / "rules" / "cases"
EVERY = frozenset({"true", "false", "unknown"})
CAUTION = "caution"
"""A caution that is not true; why not is not kept."""


class Expectation(NamedTuple):
    """What one rule may answer of one contact for one type."""

    contact: str
    rule: str
    reference_type: str
    truths: frozenset[str]


def _changes() -> Iterator[tuple[Callable[[Any], Any], str, str | None, str]]:
    """Give, per customer, what to change, and the rule, type (None: any) and truth that the tests expect."""
    for rule, t, truth, change in ROWS:
        yield partial(change, today=TODAY), rule, t, truth
    for mapping, record, fields, rule, truth in EDGES:
        yield (lambda c, m=mapping, r=record, f=fields: c.put(m, r, **f)), rule, "call", truth
    for fields, truth, _ in GOOD:
        yield (lambda c, f=fields: c.put("consent", "ada_call", **f)), "consent", "call", truth
    for fields, truth in OTHERS:
        yield partial(add_another, **fields), "consent", "call", truth
    for rule, (mapping, record, fields) in FALSE.items():
        cleared = CLEARED.get(rule) or CLEARED.get(family(rule)) or dict.fromkeys(fields)
        for truth, given in (("false", fields), ("unknown", cleared)):
            if truth == "false" or not rule.startswith(("product_known", "approved_type", "briefed", "tolerance")):
                yield (lambda c, m=mapping, r=record, f=given: c.put(m, r, **f)), rule, None, truth


def population(program: Program, snapshot_of: Callable[..., Any]) -> tuple[Snapshot, list[Expectation]]:
    """Give everybody in one snapshot, and everything that is expected of them."""
    every = {rule.ref.id: rule.ref for rule in rules(program) if rule.ref.weight != "scored"}
    rows: dict[str, list[dict[str, Any]]] = {}
    found: list[Expectation] = []
    for index, (change, rule, t, truth) in enumerate([(lambda c: c, "", None, "true"), *_changes()]):
        one = healthy(program, snapshot_of, f"{index:03}.")
        one.put("individual", "forgotten", forget=True, no_processing=False, no_solicit=False)
        change(one)
        for mapping, records in one.rows.items():
            rows.setdefault(mapping, []).extend(records.values())
        for name in [rule] if rule else every:
            unasked = [other for other in TYPES if other not in every[name].types] if t is None else []
            found += [Expectation(f"{index:03}.ada", name, other, frozenset({"true"})) for other in unasked]
            for one_type, one_truth in _by_type(every[name], t, truth, everywhere=index == 0):
                found.append(Expectation(f"{index:03}.ada", name, one_type, _truths(every[name], one_truth)))
    cases = load_cases(CASES, program)
    shown = snapshot_of_cases(cases, program)
    mine = snapshot_of(as_of=NOON, **rows)
    tables = {name: pa.concat_tables([table, shown.tables[name]]) for name, table in mine.tables.items()}
    found += [one for case in cases for one in _of_case(case, every)]
    found += [
        Expectation(f"{index:03}.ada", "notice", t, frozenset({str(days[first])}))
        for index, first in ((0, 1), (1 + [rule for rule, *_ in ROWS].index("cooldown.after_call"), 0))
        for t, days in NOTICE.items()
    ]
    return Snapshot(NOON, mine.org_id, tables, frozenset(), mine.unmapped), found


ONE_TYPE = ("consent", "cooldown.after_decline")
"""What the tables try on case studies alone."""
BUT_LOGO = ("approved_type", "briefed")
"""What the tables take away for every type but logos."""


def _by_type(ref: Any, t: str | None, truth: str, *, everywhere: bool) -> Iterator[tuple[str, str]]:
    """Spread what is expected over the types of a rule."""
    if t is not None:
        yield t, truth
        return
    for one in ref.types:
        if everywhere or ref.id not in (*ONE_TYPE, *BUT_LOGO):
            yield one, truth
        elif ref.id in BUT_LOGO:
            yield one, truth if one != "logo" else "true"
        else:
            everybodys = ref.id == "cooldown.after_decline" and truth == "unknown"
            yield one, truth if one == "case_study" or everybodys else "true"


def _truths(ref: Any, truth: str) -> frozenset[str]:
    """Of a caution it is kept whether it is true, and not why not."""
    return frozenset({truth if ref.weight == "hard" or truth == "true" else CAUTION})


def _of_case(case: Case, every: Mapping[str, Any]) -> Iterator[Expectation]:
    for (contact, t), expected in case.expected.items():
        for name, ref in every.items():
            if t in ref.types:
                yield Expectation(f"{case.id}:{contact}", name, t, _by_case(expected, name, ref.weight))


def _by_case(expected: Expected, rule: str, weight: str) -> frozenset[str]:
    if weight == "caution":
        if expected.cautions is None:
            return EVERY
        return frozenset({CAUTION if rule in expected.cautions else "true"})
    truths = frozenset({"true"}) if expected.standing == "eligible" else EVERY
    for truth, named in (("false", expected.fails), ("unknown", expected.unknown)):
        if named is not None:
            truths &= frozenset({truth}) if rule in named else EVERY - {truth}
    return truths


class Answers:
    """The answers of verdicts: by contact, rule and type; a rule that is not asked stands in nobody's way."""

    def __init__(self, verdicts: Verdicts) -> None:
        self.bits = {ref.id: (1 << bit, ref) for bit, ref in enumerate(verdicts.rules)}
        self.rows = {row["contact_id"]: row for row in verdicts.table.to_pylist()}

    def truth(self, contact: str, rule: str, t: str) -> str:
        value, ref = self.bits.get(rule, (0, None))
        row = self.rows[contact]
        if rule == "notice":
            return str(row[f"notice_{t}"])
        if ref is None or t not in ref.types:
            return "true"
        if ref.weight == "caution":
            return CAUTION if row[f"caution_{t}"] & value else "true"
        return "false" if row[f"failed_{t}"] & value else "unknown" if row[f"unknown_{t}"] & value else "true"

    def hold(self, one: Expectation, asked: str | None) -> bool:
        """Whether what is expected of a rule holds of the one that is asked instead; none asked is true."""
        truth = self.truth(one.contact, asked, one.reference_type) if asked is not None else "true"
        return one.truths == EVERY or truth in one.truths
