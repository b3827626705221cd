"""Admins' own tests of the rules -> what held, and which rules no case speaks of.

Called by `crm-sync check`. The cases come from `program.cases`; a case is judged exactly as an org is.
Not here: reading the files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from crm_sync.errors import ConfigurationError, Mistake
from crm_sync.evaluate.assessment import assess
from crm_sync.evaluate.criteria import rules
from crm_sync.model.snapshot import Snapshot
from crm_sync.model.verdict import Verdict
from crm_sync.program import Program
from crm_sync.program.cases import Case, Expected

CASE_ORG = "00D000000000000EAA"
_ARROW: Mapping[str, pa.DataType] = {
    "number": pa.float64(),
    "checkbox": pa.bool_(),
    "date": pa.date32(),
    "datetime": pa.timestamp("us", "UTC"),
    "multipicklist": pa.list_(pa.string()),
}
_UNMAPPED = pa.schema([(name, pa.string()) for name in ("object", "id", "field", "value")])


@dataclass(frozen=True)
class CaseReport:
    """What the cases showed: how many held, and the rules that no case names, in the order of the rules."""

    held: int
    named: tuple[str, ...]
    unnamed: tuple[str, ...]

    def __str__(self) -> str:
        total = len(self.named) + len(self.unnamed)
        missing = f" No case exercises: {', '.join(self.unnamed)}." if self.unnamed else ""
        return f"{self.held} cases hold; they name {len(self.named)} of {total} rules that stop or caution.{missing}"


def run_cases(cases: Iterable[Case], program: Program) -> CaseReport:
    """Judge every case. Raises ConfigurationError with every expectation that does not hold."""
    judged = tuple(cases)
    wrong = tuple(mistake for case in judged for mistake in check_case(case, program))
    if wrong:
        raise ConfigurationError(wrong)
    named = {rule for case in judged for one in case.expected.values() for rule in _names(one)}
    every = tuple(rule.ref.id for rule in rules(program) if rule.ref.weight != "scored")
    return CaseReport(
        held=len(judged),
        named=tuple(rule for rule in every if rule in named),
        unnamed=tuple(rule for rule in every if rule not in named),
    )


def check_case(case: Case, program: Program) -> Iterator[Mistake]:
    """Give every expectation of one case that does not hold."""
    contacts = {contact for contact, _ in case.expected}
    found = assess(snapshot_of_case(case, program), program).explain_all(contacts, passing=False)
    for (contact, reference_type), expected in case.expected.items():
        verdict = found[contact][reference_type]
        for what, wanted, got in _differences(expected, verdict):
            place = f"{case.where} (case {case.id}, {contact}, {reference_type})"
            yield Mistake(place, f"{what} {got}", f"{what} {wanted}")


def snapshot_of_case(case: Case, program: Program) -> Snapshot:
    """Make a snapshot of a case's records; a mapping without records is an empty table."""
    tables = {name: _table(case.records.get(name, ()), program, name) for name in program.mappings}
    return Snapshot(case.as_of, CASE_ORG, tables, frozenset(), _UNMAPPED.empty_table())


def _table(rows: Sequence[Mapping[str, Any]], program: Program, name: str) -> pa.Table:
    schema = pa.schema([(field.name, _ARROW.get(field.type, pa.string())) for field in program.mappings[name].pulled])
    return pa.Table.from_pylist([dict(row) for row in rows], schema=schema)


def _differences(expected: Expected, verdict: Verdict) -> Iterator[tuple[str, str, str]]:
    if expected.standing != verdict.standing:
        yield "standing", expected.standing, verdict.standing
    got = {
        "fails": [reason.rule_id for reason in verdict.reasons if reason.blocks and reason.truth == "false"],
        "unknown": [reason.rule_id for reason in verdict.reasons if reason.blocks and reason.truth == "unknown"],
        "cautions": [reason.rule_id for reason in verdict.reasons if reason.weight == "caution"],
    }
    for what, ids in got.items():
        wanted = getattr(expected, what)
        if wanted is not None and set(wanted) != set(ids):
            yield what, _listed(wanted), _listed(ids)


def _listed(ids: Iterable[str]) -> str:
    return ", ".join(sorted(ids)) or "none"


def _names(expected: Expected) -> tuple[str, ...]:
    return (*(expected.fails or ()), *(expected.unknown or ()), *(expected.cautions or ()))
