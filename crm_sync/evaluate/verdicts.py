"""Facts -> verdicts: two masks per reference type for every contact, in one pass over columns.

Called through `evaluate`. Not here: what a fact is (`facts`), what a condition means (`criteria`), text (`reasons`).
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import duckdb
import narwhals as nw
import pyarrow as pa

from crm_sync.evaluate.criteria import POTENTIAL, Rule, answers, rules
from crm_sync.evaluate.facts import CARRIED, FACTS
from crm_sync.evaluate.openings import DAY_OF, openings
from crm_sync.evaluate.records import Records
from crm_sync.evaluate.state import SHOWN
from crm_sync.program import Program

PASSED_ON = (
    "contact_id",
    "account_id",
    "person_key",
    "health_since",
    "next_check_in_on",
    "has_blackouts",
    *SHOWN,
)
"""Facts that are columns of the verdicts as they are."""


@dataclass(frozen=True)
class Judged:
    """One population judged: `false_t` and `null_t` masks of every rule, and what is passed on, as one SQL view."""

    records: Records
    program: Program
    rules: tuple[Rule, ...]

    def mask(self, *, weight: str, reference_type: str, stage: str | None = None) -> int:
        """Give the bits of the rules of one weight (and stage) that apply to one type."""
        return sum(
            1 << bit
            for bit, rule in enumerate(self.rules)
            if rule.ref.weight == weight and reference_type in rule.ref.types and stage in (None, rule.stage)
        )


def judge(records: Records, program: Program) -> Judged:
    """Create the view `judged` from the view `facts`: every answer, then every mask."""
    judged = Judged(records, program, rules(program))
    facts: Any = nw.from_native(records.connection.view(FACTS))
    asked = dict(answers(program))
    answered = facts.select(
        *(nw.col(name) for name in _kept(program)),
        *(expression.alias(f"is {name}") for name, expression in asked.items()),
    )
    masked = answered.select(
        *(nw.col(name) for name in _kept(program)),
        nw.col(f"is {POTENTIAL}").alias(POTENTIAL),
        _strength(judged).alias("strength"),
        *_masks(judged),
    )
    native: duckdb.DuckDBPyRelation = masked.to_native()
    native.create_view("judged")
    return judged


def _kept(program: Program) -> tuple[str, ...]:
    """Name the facts that the masks' view keeps."""
    lefts = [f"left_{cap.id}" for cap in program.tolerance.caps]
    per_type = [f"{name}_{t}" for t in program.types for name in (*CARRIED, "notice", "type_approved")]
    days = tuple(dict.fromkeys(DAY_OF.values()))
    kept = (*PASSED_ON, *days, "nominated", *lefts, *per_type, *dated_columns(rules(program)))
    return tuple(dict.fromkeys(kept))


def dated_columns(all_rules: Iterable[Rule]) -> tuple[str, ...]:
    """Name the days on which dated gates open."""
    gates = [rule.gate for rule in all_rules if rule.gate and rule.gate.dated]
    return tuple(f"free_{column}" for gate in gates for column in gate.distinct)


def _masks(judged: Judged) -> Iterator[nw.Expr]:
    """Give, per type, the bits of what is false and of what is unknown."""
    for reference_type in judged.program.types:
        bits = [
            (nw.col(f"is {rule.key(judged.program, reference_type)}"), 1 << bit)
            for bit, rule in enumerate(judged.rules)
            if reference_type in rule.ref.types
        ]
        yield _sum(
            nw.when(~answer).then(nw.lit(bit, nw.Int64)).otherwise(nw.lit(0, nw.Int64)) for answer, bit in bits
        ).alias(f"false_{reference_type}")
        yield _sum(
            nw.when(answer.is_null()).then(nw.lit(bit, nw.Int64)).otherwise(nw.lit(0, nw.Int64)) for answer, bit in bits
        ).alias(f"null_{reference_type}")


def _strength(judged: Judged) -> nw.Expr:
    """Scale the points of true scored criteria to 0-100."""
    scored = [rule for rule in judged.rules if rule.points]
    total = sum(rule.points for rule in scored)
    earned = [
        nw.when(nw.col(f"is {rule.key(judged.program, rule.ref.types[0])}"))
        .then(nw.lit(rule.points * 100 / total))
        .otherwise(nw.lit(0.0))
        for rule in scored
    ]
    return _sum(earned) if earned else nw.lit(0.0)


def _sum(parts: Iterable[nw.Expr]) -> nw.Expr:
    return reduce(operator.add, parts)


def verdict_columns(judged: Judged) -> Sequence[str]:
    """Give the verdicts' columns as SQL over the view `judged`."""
    program = judged.program
    columns = [f'"{name}"' for name in PASSED_ON]
    columns += [f"left_{cap.id}" for cap in program.tolerance.caps]
    columns += ["least(strength, 100.0) AS strength", f"{_candidate(judged)} AS is_candidate"]
    for t in program.types:
        hard, caution = judged.mask(weight="hard", reference_type=t), judged.mask(weight="caution", reference_type=t)
        columns += [
            f"false_{t} & {hard} AS failed_{t}",
            f"null_{t} & {hard} AS unknown_{t}",
            f"(false_{t} | null_{t}) & {caution} AS caution_{t}",
            f"{_free_on(judged, t, openings(judged.rules, program, t))} AS free_on_{t}",
            f"{_available_on(judged, t)} AS available_on_{t}",
            *(f"{name}_{t}" for name in ("notice", *CARRIED)),
        ]
    return columns


def _candidate(judged: Judged) -> str:
    qualifies = " OR ".join(
        f"((false_{t} | null_{t}) & {judged.mask(weight='hard', reference_type=t, stage='qualify')}) = 0"
        for t in judged.program.types
    )
    return f"coalesce(({qualifies}) AND ({POTENTIAL} OR nominated), false)"


def _dated(judged: Judged, reference_type: str) -> Iterator[tuple[int, str]]:
    """Give the bit and the day column of each dated gate of a type."""
    for bit, rule in enumerate(judged.rules):
        if rule.gate and rule.gate.dated and reference_type in rule.gate.columns:
            yield 1 << bit, f"free_{rule.gate.columns[reference_type]}"


def _free_on(judged: Judged, reference_type: str, dated: Iterable[tuple[int, str]]) -> str:
    """Give the last of the days on which what is now false opens."""
    days = [f"CASE WHEN false_{reference_type} & {bit} <> 0 THEN {day} END" for bit, day in dated]
    return f"greatest({', '.join(days)})" if days else "CAST(NULL AS DATE)"


def _available_on(judged: Judged, reference_type: str) -> str:
    """Give the day an approved type is free; today if it is, null if it is not approved or that day is not known."""
    dated = list(_dated(judged, reference_type))
    all_bits = sum(bit for bit, _ in dated)
    undated = [f"false_{reference_type} & {bit} <> 0 AND {day} IS NULL" for bit, day in dated]
    today = judged.records.today_sql
    return (
        f"CASE WHEN type_approved_{reference_type} IS NOT TRUE OR null_{reference_type} & {all_bits} <> 0 "
        f"{''.join(f'OR ({one}) ' for one in undated)}THEN NULL "
        f"WHEN false_{reference_type} & {all_bits} = 0 THEN {today} ELSE {_free_on(judged, reference_type, dated)} END"
    )


def verdict_table(judged: Judged, where: str = "") -> pa.Table:
    """Compute the verdicts of everybody, or of those a SQL condition selects."""
    return judged.records.arrow(f"SELECT {', '.join(verdict_columns(judged))} FROM judged {where}")
