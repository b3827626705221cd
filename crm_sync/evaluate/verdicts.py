"""Facts -> verdicts: two masks per reference type for every contact, in one pass over columns.

A rule that asks an account alone is judged once per account, one that asks what is on record about few once for each of
those; what is left is judged for every contact, and the masks are added up. Called through `evaluate`.
Not here: what a fact is (`facts`), what a condition means (`criteria`), text (`reasons`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from crm_sync.evaluate.criteria import Rule, compile_condition, fact_column, rules
from crm_sync.evaluate.facts import CARRIED, Column, Layer
from crm_sync.evaluate.masks import NEVER, STRENGTH, Asked, last_of, masked
from crm_sync.evaluate.records import Records
from crm_sync.evaluate.state import SHOWN
from crm_sync.program import Program
from crm_sync.program.conditions import tests

PASSED_ON = ("contact_id", "account_id", "person_key", "health_since", "next_check_in_on", *SHOWN)
"""Facts that are columns of the verdicts as they are."""
POTENTIAL = "shows_potential"


@dataclass(frozen=True)
class Rows:
    """Where a layer's facts come from: its alias in SQL, its rows (`FROM`), and their key."""

    alias: str
    source: str
    key: str


ROWS: Mapping[Layer, Rows] = {
    "account": Rows("a", "(SELECT * FROM account_state UNION ALL BY NAME SELECT CAST(NULL AS VARCHAR) AS id) a", "id"),
    "state": Rows(
        "s",
        "(SELECT * FROM contact_state UNION ALL BY NAME SELECT CAST(NULL AS VARCHAR) AS contact_id) s "
        "LEFT JOIN profile p ON p.id = s.profile_id",
        "contact_id",
    ),
}
"""The layers below everybody. Each has one row of nulls besides, which answers for those who have no row."""
JOINS = """
    contact c LEFT JOIN account_wide a ON a.id = c.account LEFT JOIN individual i ON i.id = c.individual
"""
BRANCHES: Mapping[str, str] = {
    "everybody": f"{JOINS} LEFT JOIN state_wide s ON s.contact_id = c.id",
    "noted": f"{JOINS} JOIN state_wide s ON s.contact_id = c.id",
    "others": (
        f"(SELECT * FROM contact WHERE id NOT IN (SELECT contact_id FROM state_wide)) {JOINS.split(maxsplit=1)[1]} "
        "LEFT JOIN (SELECT * FROM state_wide WHERE false) s ON s.contact_id = c.id"
    ),
}
"""Everybody at once; or, when they are many, those with anything on record apart from those with nothing, for whom half
the columns are the same everywhere."""


@dataclass(frozen=True)
class Judged:
    """One population judged, as the view `judged`: masks of every rule per type, and the days on which they change."""

    records: Records
    program: Program
    rules: tuple[Rule, ...]
    columns: Mapping[str, Column]

    def mask(self, *, weight: str, reference_type: str, stage: str | None = None) -> int:
        """Give the bits of the rules of one weight (and stage) that apply to one type."""
        return sum(
            1 << bit
            for bit, rule in enumerate(self.rules)
            if rule.ref.weight == weight and reference_type in rule.ref.types and stage in (None, rule.stage)
        )

    def asked(self, layer: Layer) -> tuple[Asked, ...]:
        """Give the rules that one layer answers, per reference type."""
        every = (
            Asked(bit, rule, t, rule.key(self.program, t))
            for bit, rule in enumerate(self.rules)
            for t in rule.ref.types
        )
        return tuple(one for one in every if self._layer(one) == layer)

    def _layer(self, one: Asked) -> Layer:
        layers = {self.columns[name].layer for name in one.columns(self.program)}
        return layers.pop() if len(layers) == 1 else "contact"

    def needed(self, asked: Iterable[Asked]) -> list[str]:
        """Name the facts that rules and their days are computed from."""
        names = [name for one in asked for name in (*one.columns(self.program), *one.day_columns())]
        return list(dict.fromkeys(names))

    def selected(self, names: Iterable[str]) -> str:
        """Give facts by name, as SQL."""
        return ", ".join(f'{self.columns[name].sql} AS "{name}"' for name in dict.fromkeys(names))


def judge(records: Records, program: Program, columns: Sequence[Column]) -> Judged:
    """Create the view `judged`: accounts and notable contacts first, then everybody."""
    judged = Judged(records, program, rules(program), {column.name: column for column in columns})
    below = {layer: _create_wide(judged, layer) for layer in ROWS}
    asked = judged.asked("contact")
    potential = program.qualification.candidates.potential
    hoped = [fact_column(test.fact, program.types[0], program) for _, test in tests(potential)]
    kept = _kept(program)
    own = judged.selected([*kept, *judged.needed(asked), *hoped])
    inherited = {f"{layer} {name}": sql for layer, one in below.items() for name, sql in one.columns.items()}
    handed_down = "".join(f', {sql} AS "{name}"' for name, sql in inherited.items())
    profile = "LEFT JOIN profile p ON p.id = s.profile_id" if " p." in f" {own}" else ""
    extra = {POTENTIAL: compile_condition(potential, program.types[0], program)}
    branches = []
    for branch in ("noted", "others") if records.many else ("everybody",):
        view = f"{branch}_facts"
        records.connection.execute(
            f"CREATE TEMP VIEW {view} AS SELECT {own}{handed_down} FROM {BRANCHES[branch]} {profile}"
        )
        found = masked(records.connection, view, program, asked, [*kept, *inherited], extra)
        layers = [found.results, *({n: f"{layer} {c}" for n, c in one.results.items()} for layer, one in below.items())]
        added = ", ".join([*(f'"{name}"' for name in kept), POTENTIAL, *_added_up(judged, layers)])
        branches.append(f"SELECT {added} FROM ({found.query})")
    records.connection.execute(f"CREATE TEMP VIEW judged AS {' UNION ALL '.join(branches)}")
    return judged


@dataclass(frozen=True)
class Below:
    """The results of a layer: where each stands, and the SQL of each column as everybody reads it."""

    results: Mapping[str, str]
    columns: Mapping[str, str]


def _create_wide(judged: Judged, layer: Layer) -> Below:
    """Create `<layer>_wide`: its rows with their results. Somebody who has no row there gets those of a row of nulls."""
    records, rows, asked = judged.records, ROWS[layer], judged.asked(layer)
    needed = judged.needed(asked)
    facts = f", {judged.selected(needed)}" if needed else ""
    records.connection.execute(
        f"CREATE TEMP VIEW {layer}_facts AS SELECT {rows.alias}.{rows.key} AS owner_id{facts} FROM {rows.source}"
    )
    found = masked(records.connection, f"{layer}_facts", judged.program, asked, ["owner_id"], {})
    records.create(f"{layer}_mask", found.query)
    records.create(
        f"{layer}_wide",
        f"SELECT w.*, m.* EXCLUDE (owner_id) FROM {_TABLES[layer]} w JOIN {layer}_mask m ON m.owner_id = w.{rows.key}",
    )
    (default,) = records.rows(f"SELECT * EXCLUDE (owner_id) FROM {layer}_mask WHERE owner_id IS NULL")
    return Below(found.results, {name: _inherited(rows, name, default[name]) for name in found.distinct})


_TABLES: Mapping[Layer, str] = {"account": "account_state", "state": "contact_state"}


def _inherited(rows: Rows, name: str, default: Any) -> str:
    """Give a result of a layer below as SQL; for somebody who has no row there, the one of no row."""
    column = f'{rows.alias}."{name}"'
    if default is None:
        return column
    value = str(default) if isinstance(default, int | float) else f"DATE '{default}'"
    return f"CASE WHEN {rows.alias}.{rows.key} IS NULL THEN {value} ELSE {column} END"


def _kept(program: Program) -> tuple[str, ...]:
    """Name the facts that stay beside the masks."""
    lefts = [f"left_{cap.id}" for cap in program.tolerance.caps]
    per_type = [f"{name}_{t}" for t in program.types for name in (*CARRIED, "notice", "type_approved")]
    return (*PASSED_ON, "nominated", "profile_id", *lefts, *per_type)


def _added_up(judged: Judged, layers: Sequence[Mapping[str, str]]) -> Iterator[str]:
    """Add up the layers' masks and points, and take the last of their days."""

    def all_of(name: str) -> list[str]:
        return [f'"{results[name]}"' for results in layers]

    yield f"{' + '.join(all_of(STRENGTH))} AS points"
    for t in judged.program.types:
        yield from (f"{' + '.join(all_of(f'{kind}_{t}'))} AS {kind}_{t}" for kind in ("false", "null"))
        yield from (f"{last_of(all_of(f'{kind}_{t}'))} AS {kind}_{t}" for kind in ("open", "gate"))


def verdict_columns(judged: Judged) -> Sequence[str]:
    """Give the verdicts' columns as SQL over the view `judged`."""
    program = judged.program
    possible = sum(rule.points for rule in judged.rules)
    columns = [*PASSED_ON, *(f"left_{cap.id}" for cap in program.tolerance.caps)]
    columns += [
        f"{f'points * 100 / {possible}' if possible else '0.0'} AS strength",
        f"{_candidate(judged)} AS is_candidate",
    ]
    for t in program.types:
        hard, caution = judged.mask(weight="hard", reference_type=t), judged.mask(weight="caution", reference_type=t)
        columns += [
            f"false_{t} & {hard} AS failed_{t}",
            f"null_{t} & {hard} AS unknown_{t}",
            f"(false_{t} | null_{t}) & {caution} AS caution_{t}",
            f"open_{t} AS free_on_{t}",
            *(f"{name}_{t}" for name in ("notice", *CARRIED)),
        ]
    return columns


def _candidate(judged: Judged) -> str:
    qualifies = " OR ".join(
        f"((false_{t} | null_{t}) & {judged.mask(weight='hard', reference_type=t, stage='qualify')}) = 0"
        for t in judged.program.types
    )
    return f"coalesce(({qualifies}) AND ({POTENTIAL} OR nominated), false)"


def verdict_table(judged: Judged, where: str = "") -> pa.Table:
    """Compute the verdicts of everybody, or of those a SQL condition selects."""
    return judged.records.arrow(f"SELECT {', '.join(verdict_columns(judged))} FROM judged {where}")


def available_days(judged: Judged) -> list[dict[str, Any]]:
    """Give, for everybody with a profile, the day each approved type is free by its gates.

    Today if it is free now; null if it is not approved, or if the day is not known.
    """
    days = [
        f"CASE WHEN type_approved_{t} AND gate_{t} IS DISTINCT FROM {NEVER} "
        f"THEN coalesce(gate_{t}, {judged.records.today_sql}) END AS {t}"
        for t in judged.program.types
    ]
    return judged.records.rows(f"SELECT contact_id, {', '.join(days)} FROM judged WHERE profile_id IS NOT NULL")
