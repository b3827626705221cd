"""Answers -> masks: the bits of what is false and of what is unknown, added up per reference type.

Rules whose answer is the same for every type are added up once. Called by `verdicts` for each layer of facts.
Not here: which rule belongs to which layer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import narwhals as nw

from crm_sync.evaluate.criteria import Rule, fact_column
from crm_sync.evaluate.openings import DAY_OF, opening
from crm_sync.program import Program
from crm_sync.program.conditions import tests

NEVER = "DATE '9999-12-31'"
"""The day on which a gate opens that is shut without a known end."""
STRENGTH = "strength"


@dataclass(frozen=True)
class Asked:
    """One rule asked for one reference type; `key` names its answer, which several types may share."""

    bit: int
    rule: Rule
    reference_type: str
    key: str

    @property
    def value(self) -> int:
        """Its bit in a mask."""
        return 1 << self.bit

    def day(self, program: Program) -> str | None:
        """Give the day that opens it, as SQL, where one is known."""
        return opening(self.rule, program, self.reference_type) if self.rule.ref.weight == "hard" else None

    def columns(self, program: Program) -> tuple[str, ...]:
        """Name the facts it is answered from."""
        if self.rule.gate:
            return (self.rule.gate.columns[self.reference_type],)
        facts = dict.fromkeys(test.fact for _, test in self._tests())
        return tuple(fact_column(fact, self.reference_type, program) for fact in facts)

    def day_columns(self) -> tuple[str, ...]:
        """Name the columns its day is computed from."""
        if self.rule.gate:
            return (f"free_{self.rule.gate.columns[self.reference_type]}",) if self.rule.gate.dated else ()
        return tuple(DAY_OF[test.fact] for _, test in self._tests() if test.fact in DAY_OF)

    def _tests(self) -> Iterator[Any]:
        return tests(self.rule.criterion.when) if self.rule.criterion else iter(())


def masked(
    connection: duckdb.DuckDBPyConnection,
    view: str,
    program: Program,
    asked: Sequence[Asked],
    keep: Iterable[str],
    extra: Mapping[str, nw.Expr],
) -> str:
    """Answer rules over a view, and give a query: its kept columns, the extra ones, strength, `false_t` and `null_t`."""
    facts: Any = nw.from_native(connection.view(view))
    kept = tuple(dict.fromkeys(keep))
    truths = {_answer(one.key): one.rule.truth(program, one.reference_type) for one in asked}
    answers = [expression.alias(name) for name, expression in (truths | dict(extra)).items()]
    native: duckdb.DuckDBPyRelation = facts.select(*(nw.col(name) for name in kept), *answers).to_native()
    native.create_view(f"{view}_answered")
    shared = _shared(asked, program)
    own = {one.key for one in asked if one.key not in shared}
    carried = ", ".join(f'"{name}"' for name in (*kept, *extra))
    truths_left = "".join(f', "{_answer(key)}"' for key in sorted(own))
    per_type = [
        f"shared_{kind} + {_bits(mine, unknown=kind == 'null')} AS {kind}_{t}"
        for t in program.types
        for mine in ([(one.key, one.value) for one in asked if one.reference_type == t and one.key in own],)
        for kind in ("false", "null")
    ]
    return f"""
        SELECT {carried}, {STRENGTH}, {", ".join(per_type)} FROM (
            SELECT {carried}{truths_left}, {_points(asked)} AS {STRENGTH},
                   {_bits(shared.items(), unknown=False)} AS shared_false, {_bits(shared.items(), unknown=True)} AS shared_null
            FROM {view}_answered
        )
    """


def _answer(key: str) -> str:
    return f"is {key}"


def _shared(asked: Sequence[Asked], program: Program) -> dict[str, int]:
    """Give the answers, with their bits, that are asked for every type and are the same for all."""
    types: dict[str, set[str]] = {}
    for one in asked:
        types.setdefault(one.key, set()).add(one.reference_type)
    return {one.key: one.value for one in asked if types[one.key] == set(program.types)}


def _bits(answers: Iterable[tuple[str, int]], *, unknown: bool) -> str:
    """Add up the bits of the answers that are unknown, or of those that are false."""
    when = '"{}" IS NULL' if unknown else 'NOT "{}"'
    parts = [f"CASE WHEN {when.format(_answer(key))} THEN {bit} ELSE 0 END" for key, bit in answers]
    return " + ".join(["CAST(0 AS BIGINT)", *parts])


def _points(asked: Sequence[Asked]) -> str:
    """Add up the points of scored rules that are true, each once, by the first of their types."""
    scored = {one.bit: one for one in reversed(asked) if one.rule.points}
    parts = [f'CASE WHEN "{_answer(one.key)}" THEN {one.rule.points} ELSE 0 END' for one in scored.values()]
    return " + ".join(["CAST(0 AS DOUBLE)", *parts])


def days(asked: Sequence[Asked], program: Program) -> Iterator[tuple[str, str]]:
    """Give, per type, `open_t` (the last day on which something now false opens) and `gate_t` (of gates alone).

    `gate_t` is null when every gate is open, and never when one is shut without a known end.
    """
    for t in program.types:
        mine = [(one, one.day(program)) for one in asked if one.reference_type == t]
        opens = [f"CASE WHEN {_is(one, 'false')} THEN {day} END" for one, day in mine if day]
        gates = [
            f"CASE WHEN {_is(one, 'null')} THEN {NEVER} WHEN {_is(one, 'false')} THEN coalesce({day}, {NEVER}) END"
            for one, day in mine
            if day and one.rule.gate
        ]
        if opens:
            yield f"open_{t}", last_of(opens)
        if gates:
            yield f"gate_{t}", last_of(gates)


def _is(one: Asked, kind: str) -> str:
    return f"{kind}_{one.reference_type} & {one.value} <> 0"


def last_of(parts: Sequence[str]) -> str:
    """Give the last of several days, none of which need be known."""
    return f"greatest({', '.join(parts)})" if parts else "CAST(NULL AS DATE)"
