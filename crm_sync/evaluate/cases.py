"""Admins' own tests of the rules -> what held, and which rules no case speaks of.

Called by `crm-sync check`. The cases come from `program.cases`; a case is judged exactly as an org is. Cases of the same
moment are judged as one org in which they do not meet: each case's ids are its own. Not here: reading the files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from crm_sync.errors import ConfigurationError, Mistake
from crm_sync.evaluate.assessment import assess
from crm_sync.evaluate.criteria import rules
from crm_sync.evaluate.reasons import Explanations
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
    """What the cases showed: how many held, and the rules that no case names, in the order of the rules.

    `strengths` counts the cases that state what the `scored` criteria add up to. `beyond` is what no case can state: who becomes
    a candidate, and rests that depend on the request.
    """

    held: int
    named: tuple[str, ...]
    unnamed: tuple[str, ...]
    strengths: int
    scored: tuple[str, ...]
    beyond: tuple[str, ...]

    def __str__(self) -> str:
        total = len(self.named) + len(self.unnamed)
        missing = f" No case exercises: {', '.join(self.unnamed)}." if self.unnamed else ""
        return (
            f"{self.held} cases hold; they name {len(self.named)} of {total} rules that stop or caution.{missing} "
            f"{self.strengths} of them {'states' if self.strengths == 1 else 'state'} the strength that the "
            f"{len(self.scored)} scored criteria add up to. "
            f"Not for cases, which state verdicts on people alone: {', '.join(self.beyond)}."
        )


def run_cases(cases: Iterable[Case], program: Program) -> CaseReport:
    """Judge every case. Raises ConfigurationError with every expectation that does not hold."""
    judged = tuple(cases)
    wrong = tuple(wrong_in(judged, program))
    if wrong:
        raise ConfigurationError(wrong)
    named = {rule for case in judged for one in case.expected.values() for rule in _names(one)}
    every = tuple(rule.ref.id for rule in rules(program) if rule.ref.weight != "scored")
    of_requests = tuple(f"cooldown.{one.id}" for one in program.tolerance.cooldowns if one.same is not None)
    return CaseReport(
        held=len(judged),
        named=tuple(rule for rule in every if rule in named),
        unnamed=tuple(rule for rule in every if rule not in named),
        strengths=sum(_states_strength(case) for case in judged),
        scored=tuple(rule.ref.id for rule in rules(program) if rule.ref.weight == "scored"),
        beyond=("candidates.potential", *of_requests),
    )


def wrong_in(cases: Sequence[Case], program: Program) -> Iterator[Mistake]:
    """Give every expectation that does not hold, in the order of the cases."""
    found: dict[str, Explanations] = {}
    strengths: dict[str, float] = {}
    for together in _orgs(cases):
        contacts = {f"{_mark(case)}{contact}" for case in together for contact, _ in case.expected}
        judged = assess(snapshot_of_cases(together, program), program)
        explained = judged.explain_all(contacts, passing=False)
        found |= dict.fromkeys(map(_mark, together), explained)
        if any(map(_states_strength, together)):
            table = judged.verdicts().table
            strengths |= zip(table["contact_id"].to_pylist(), table["strength"].to_pylist(), strict=True)
    for case in cases:
        for (contact, reference_type), expected in case.expected.items():
            verdict = found[_mark(case)][f"{_mark(case)}{contact}"][reference_type]
            strength = strengths.get(f"{_mark(case)}{contact}", 0.0)
            for what, wanted, got in _differences(expected, verdict, strength):
                place = f"{case.where} (case {case.id}, {contact}, {reference_type})"
                yield Mistake(place, f"{what} {got}", f"{what} {wanted}")


def _orgs(cases: Iterable[Case]) -> Iterable[Sequence[Case]]:
    """Put cases together that leave each other alone: of one moment, and with nothing on record that may be anybody's."""
    orgs: dict[object, list[Case]] = {}
    for case in cases:
        nobodys = any(row.get(field) is None for name, field in NAMING.items() for row in case.records.get(name, ()))
        alone = nobodys or any(case.records.get(name) for name in EVERYBODYS)
        orgs.setdefault(_mark(case) if alone else case.as_of, []).append(case)
    return orgs.values()


NAMING = {"activity": "contact", "consent": "contact", "match": "profile"}
"""Mappings whose records concern everybody when they name nobody, and by which field they name somebody."""
EVERYBODYS = ("holiday", "business_hours")
"""Mappings whose records always concern everybody."""


def _mark(case: Case) -> str:
    """Open every id of a case, so that no two cases share a record or a person."""
    return f"{case.id}:"


def snapshot_of_cases(cases: Sequence[Case], program: Program) -> Snapshot:
    """Make one snapshot of the records of cases of the same moment; a mapping without records is an empty table."""
    tables = {name: _table(cases, program, name) for name in program.mappings}
    return Snapshot(cases[0].as_of, CASE_ORG, tables, frozenset(), _UNMAPPED.empty_table())


def _table(cases: Sequence[Case], program: Program, name: str) -> pa.Table:
    pulled = program.mappings[name].pulled
    schema = pa.schema([(field.name, _ARROW.get(field.type, pa.string())) for field in pulled])
    links = {f.name for f in pulled if f.type in ("id", "reference") or f.name in ("key", "email_key")}
    rows = [
        {field: f"{_mark(case)}{value}" if field in links and value else value for field, value in row.items()}
        for case in cases
        for row in case.records.get(name, ())
    ]
    return pa.Table.from_pylist(rows, schema=schema)


def _states_strength(case: Case) -> bool:
    return any(expected.strength is not None for expected in case.expected.values())


def _differences(expected: Expected, verdict: Verdict, strength: float) -> Iterator[tuple[str, str, str]]:
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
    if expected.strength is not None and round(strength) != expected.strength:
        yield "strength", str(expected.strength), f"{strength:.0f}"


def _listed(ids: Iterable[str]) -> str:
    return ", ".join(sorted(ids)) or "none"


def _names(expected: Expected) -> tuple[str, ...]:
    return (*(expected.fails or ()), *(expected.unknown or ()), *(expected.cautions or ()))
