"""Answers -> masks: the bits of what is false and of what is unknown, added up per reference type.

Rules whose answer is the same for every type are added up, and their days compared, once. Called by `verdicts` for each layer of facts.
Not here: which rule belongs to which layer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import narwhals as nw

from crm_sync.evaluate.criteria import Rule
from crm_sync.evaluate.openings import DAY_OF, opening
from crm_sync.program import Program

NEVER = "DATE '9999-12-31'"
"""The day on which a gate opens that is shut without a known end."""
STRENGTH = "strength"
SUMS = ("false", "null", "caution")
"""The results per type that are sums of bits."""


@dataclass(frozen=True)
class Asked:
    """One rule asked for one reference type; `key` names its answer, which several types may share but no other rule."""

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
        return self.rule.columns(program, self.reference_type)

    def day_columns(self) -> tuple[str, ...]:
        """Name the columns its day is computed from."""
        if self.rule.gate:
            return (f"free_{self.rule.gate.columns[self.reference_type]}",) if self.rule.gate.dated else ()
        return tuple(DAY_OF[fact] for fact in self.rule.facts if fact in DAY_OF)


@dataclass(frozen=True)
class Masked:
    """Rules answered over a view, as a query, and where each of its results stands.

    Results are `strength` and, per type t, `false_t` and `null_t` (of all rules), `caution_t` (cautions that are not true),
    `open_t` (the last day on which something now false opens) and `gate_t` (of gates alone: null when all are open, and
    never when one is shut without a known end). Types with equal results share a column.
    """

    query: str
    results: Mapping[str, str]
    kept: tuple[str, ...]

    @property
    def sql(self) -> Mapping[str, str]:
        """Everything kept and every result, as SQL over the query."""
        return {
            name: f'"{column}"' for name, column in (*zip(self.kept, self.kept, strict=True), *self.results.items())
        }


def masked(
    connection: duckdb.DuckDBPyConnection,
    view: str,
    program: Program,
    asked: Sequence[Asked],
    keep: Sequence[str],
    extra: Mapping[str, nw.Expr],
) -> Masked:
    """Answer rules over a view; the query keeps the columns to `keep` and has the `extra` ones."""
    facts: Any = nw.from_native(connection.view(view))
    kept = tuple(dict.fromkeys([*keep, *(name for one in asked for name in one.day_columns())]))
    truths = {_answer(one.key): one.rule.truth(program, one.reference_type) for one in asked}
    answers = [expression.alias(name) for name, expression in (truths | dict(extra)).items()]
    native: duckdb.DuckDBPyRelation = facts.select(*(nw.col(name) for name in kept), *answers).to_native()
    native.create_view(f"{view}_answered", replace=True)
    shared = _shared(asked, program)
    results = dict(_results(asked, shared, program))
    names = {sql: f"result {index}" for index, sql in enumerate(dict.fromkeys(results.values()))}
    columns = [f'"{name}"' for name in (*keep, *extra)] + [f'{sql} AS "{name}"' for sql, name in names.items()]
    same = {one.key: one for one in asked if one.key in shared}
    opens, gates = _days(same.values(), program)
    query = f"""
        SELECT {", ".join(columns)} FROM (
            SELECT *, {_bits(shared.items(), unknown=False)} AS shared_false,
                   {_bits(shared.items(), unknown=True)} AS shared_null,
                   {last_of(opens)} AS shared_open, {last_of(gates)} AS shared_gate
            FROM {view}_answered
        )
    """
    return Masked(query, {name: names[sql] for name, sql in results.items()}, (*keep, *extra))


def _results(asked: Sequence[Asked], shared: Mapping[str, int], program: Program) -> Iterator[tuple[str, str]]:
    """Give every result with its SQL over the answers."""
    yield STRENGTH, _points(asked)
    for t in program.types:
        mine = [one for one in asked if one.reference_type == t]
        own = [one for one in mine if one.key not in shared]
        bits = [(one.key, one.value) for one in own]
        yield f"false_{t}", f"shared_false + {_bits(bits, unknown=False)}"
        yield f"null_{t}", f"shared_null + {_bits(bits, unknown=True)}"
        cautions = [one for one in mine if one.rule.ref.weight == "caution"]
        yield f"caution_{t}", _sum(f'CASE WHEN "{_answer(one.key)}" THEN 0 ELSE {one.value} END' for one in cautions)
        opens, gates = _days(own, program)
        yield f"open_{t}", last_of(["shared_open", *opens])
        yield f"gate_{t}", last_of(["shared_gate", *gates])


def _days(asked: Iterable[Asked], program: Program) -> tuple[list[str], list[str]]:
    """Give, as SQL, the days on which rules now false open, and those on which gates now shut do."""
    dated = [(one, day) for one in asked for day in (one.day(program),) if day]
    opens = [f'CASE WHEN NOT "{_answer(one.key)}" THEN {day} END' for one, day in dated]
    return opens, [_gate(one, day) for one, day in dated if one.rule.gate]


def _gate(one: Asked, day: str) -> str:
    answer = f'"{_answer(one.key)}"'
    return f"CASE WHEN {answer} IS NULL THEN {NEVER} WHEN NOT {answer} THEN coalesce({day}, {NEVER}) END"


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
    return _sum(f"CASE WHEN {when.format(_answer(key))} THEN {bit} ELSE 0 END" for key, bit in answers)


def _sum(parts: Iterable[str]) -> str:
    return " + ".join(["CAST(0 AS BIGINT)", *parts])


def _points(asked: Sequence[Asked]) -> str:
    """Add up the points of scored rules that are true, each once, by the first of their types."""
    scored = {one.bit: one for one in reversed(asked) if one.rule.points}
    parts = [f'CASE WHEN "{_answer(one.key)}" THEN {one.rule.points} ELSE 0 END' for one in scored.values()]
    return " + ".join(["CAST(0 AS DOUBLE)", *parts])


def last_of(parts: Sequence[str]) -> str:
    """Give the last of several days, none of which need be known."""
    return f"greatest({', '.join(parts)})" if parts else "CAST(NULL AS DATE)"
