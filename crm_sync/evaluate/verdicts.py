"""Facts -> verdicts: two masks per reference type for every contact, in one pass over columns.

When contacts are many, those with nothing of their own on record are judged apart (`apart`), with the same answers at
a fraction of the work. Called through `evaluate`.
Not here: what a fact is (`facts`), what a condition means (`criteria`), text (`reasons`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa

from crm_sync.evaluate.criteria import Rule, compile_condition, rules, test_columns
from crm_sync.evaluate.facts import CARRIED, Column, facts_sql, of_contacts
from crm_sync.evaluate.masks import NEVER, STRENGTH, Asked, Masked, masked
from crm_sync.evaluate.records import Records
from crm_sync.evaluate.state import SHOWN
from crm_sync.program import Program
from crm_sync.program.conditions import Condition

PASSED_ON = ("contact_id", "account_id", "person_key", "health_since", "next_check_in_on", *SHOWN)
"""Facts that are columns of the verdicts as they are."""
POTENTIAL = "shows_potential"
AVAILABLE = "available"


@dataclass(frozen=True)
class Judged:
    """One population under its rules, ready to be judged: whoever's facts are asked for, all at once."""

    records: Records
    program: Program
    columns: Mapping[str, Column]

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """Every rule in bit order."""
        return rules(self.program)

    @cached_property
    def asked(self) -> tuple[Asked, ...]:
        """Every rule as it is asked for each of its reference types."""
        return tuple(
            Asked(bit, rule, t, f"{bit} {rule.key(self.program, t)}")
            for bit, rule in enumerate(self.rules)
            for t in rule.ref.types
        )

    @cached_property
    def kept(self) -> tuple[str, ...]:
        """The facts that verdicts are made of besides the masks."""
        lefts = [f"left_{cap.id}" for cap in self.program.tolerance.caps]
        per_type = [f"{name}_{t}" for t in self.program.types for name in ("notice", *CARRIED, "type_approved")]
        return (*PASSED_ON, "nominated", *lefts, *per_type)

    def hard(self, reference_type: str, *, stage: str | None = None) -> int:
        """Give the bits of the hard rules (of a stage) that apply to one type."""
        return sum(
            1 << bit
            for bit, rule in enumerate(self.rules)
            if rule.ref.weight == "hard" and reference_type in rule.ref.types and stage in (None, rule.stage)
        )

    def needed(self, asked: Iterable[Asked]) -> list[str]:
        """Name the facts that rules and their days are computed from."""
        return [name for one in asked for name in (*one.columns(self.program), *one.day_columns())]

    @property
    def _potential(self) -> Condition:
        return self.program.qualification.candidates.potential

    @property
    def hoped(self) -> tuple[str, ...]:
        """The facts that show whether somebody has potential."""
        return test_columns(self._potential, self.program.types[0], self.program)

    def answered(self, view: str, asked: Sequence[Asked], keep: Sequence[str], *, potential: bool = True) -> Masked:
        """Answer rules over a view of facts, and whether there is potential."""
        extra = (
            {POTENTIAL: compile_condition(self._potential, self.program.types[0], self.program)} if potential else {}
        )
        return masked(self.records.connection, view, self.program, asked, keep, extra)

    def each(self, contacts: str, *, every_fact: bool = False) -> Masked:
        """Judge contacts (anything FROM takes) one by one, by every rule."""
        keep = tuple(self.columns) if every_fact else self.kept
        names = dict.fromkeys([*keep, *self.hoped, *self.needed(self.asked)])
        self.records.view("each_facts", facts_sql((self.columns[name] for name in names), of_contacts(contacts)))
        return self.answered("each_facts", self.asked, keep)


def verdict_columns(judged: Judged, sql: Mapping[str, str]) -> dict[str, str]:
    """Give the verdicts' columns as SQL, from the SQL of each fact and each result of the rules."""
    program = judged.program
    possible = sum(rule.points for rule in judged.rules)
    passed_on = [*PASSED_ON, *(f"left_{cap.id}" for cap in program.tolerance.caps)]
    columns = {name: sql[name] for name in passed_on}
    columns["strength"] = f"({sql[STRENGTH]}) * 100 / {possible}" if possible else "0.0"
    columns["is_candidate"] = _candidate(judged, sql)
    for t in program.types:
        hard = judged.hard(t)
        columns[f"failed_{t}"] = f"({sql[f'false_{t}']}) & {hard}"
        columns[f"unknown_{t}"] = f"({sql[f'null_{t}']}) & {hard}"
        columns[f"caution_{t}"] = sql[f"caution_{t}"]
        columns[f"free_on_{t}"] = sql[f"open_{t}"]
        columns |= {f"{name}_{t}": sql[f"{name}_{t}"] for name in ("notice", *CARRIED)}
    return columns


def _candidate(judged: Judged, sql: Mapping[str, str]) -> str:
    qualifies = {
        f"((({sql[f'false_{t}']}) | ({sql[f'null_{t}']})) & {mask}) = 0": None
        for t in judged.program.types
        for mask in (judged.hard(t, stage="qualify"),)
    }
    return f"coalesce(({' OR '.join(qualifies)}) AND ({sql[POTENTIAL]} OR {sql['nominated']}), false)"


def available_columns(judged: Judged, sql: Mapping[str, str]) -> dict[str, str]:
    """Give, as SQL, the day each type a profile is approved for is free by its gates.

    Today if it is free now; null if it is not approved, or if the day is not known.
    """
    today = judged.records.today_sql
    return {
        f"{AVAILABLE}_{t}": f"CASE WHEN {sql[f'type_approved_{t}']} AND {gate} IS DISTINCT FROM {NEVER} THEN coalesce({gate}, {today}) END"
        for t in judged.program.types
        for gate in (sql[f"gate_{t}"],)
    }


def computed(records: Records, query: str, columns: Mapping[str, str]) -> pa.Table:
    """Compute columns over a query, each distinct one once."""
    names = {sql: f"column {index}" for index, sql in enumerate(dict.fromkeys(columns.values()))}
    selected = ", ".join(f'{sql} AS "{name}"' for sql, name in names.items())
    found = records.arrow(f"SELECT {selected} FROM ({query})")
    return pa.table({name: found[names[sql]] for name, sql in columns.items()})
