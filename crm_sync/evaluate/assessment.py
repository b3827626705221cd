"""Snapshot and program -> verdicts, held asks and explanations, computed over one set of views.

Called by the functions in `evaluate`. Not here: any single decision.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache, partial

import pyarrow as pa
import pyarrow.compute as pc

from crm_sync.evaluate.apart import judge_apart
from crm_sync.evaluate.calendar import all_blackouts
from crm_sync.evaluate.facts import fact_columns, facts_sql, of_contacts
from crm_sync.evaluate.held import held_asks
from crm_sync.evaluate.places import Atlas
from crm_sync.evaluate.reasons import Explanations, explanations
from crm_sync.evaluate.records import Records, open_records
from crm_sync.evaluate.state import Blind, create_state
from crm_sync.evaluate.verdicts import AVAILABLE, Judged, available_columns, computed, verdict_columns
from crm_sync.model.snapshot import Snapshot
from crm_sync.model.verdicts import Verdicts
from crm_sync.program import Program

Move = Callable[[date], date | None]
"""Gives the first day from one on that is no blackout of a person."""


@dataclass(frozen=True)
class Assessment:
    """One snapshot under one program, ready to be asked."""

    snapshot: Snapshot
    program: Program
    records: Records
    blind: Blind
    judged: Judged

    def facts(self) -> pa.Table:
        """Give every fact of every contact."""
        return self.records.arrow(facts_sql(self.judged.columns.values(), of_contacts("contact")))

    def verdicts(self) -> Verdicts:
        """Give everybody's verdicts."""
        refs = tuple(rule.ref for rule in self.judged.rules)
        noted = self._noted()
        held = held_asks(self.judged, noted)
        table = pa.concat_tables([noted, judge_apart(self.judged)]) if self.records.many else noted
        return Verdicts(self.snapshot.as_of, refs, self.program.types, table, held, self.blind.nameless)

    def _noted(self) -> pa.Table:
        """Judge those with anything of their own on record one by one; when contacts are few, everybody."""
        found = self.judged.each("noted" if self.records.many else "contact")
        columns = verdict_columns(self.judged, found.sql)
        available = available_columns(self.judged, found.sql)
        table = computed(self.records, found.query, columns | available)
        return _moved(table, dict(_moves(self)), self.program.types, self.snapshot.today)

    def explain_all(self, contact_ids: Iterable[str], *, passing: bool = True) -> Explanations:
        """Give the verdicts of these contacts with their reasons, by contact and type."""
        wanted = sorted(set(contact_ids))
        return explanations(self.judged, self.snapshot, wanted, dict(_moves(self)), passing=passing)


def assess(snapshot: Snapshot, program: Program) -> Assessment:
    """Prepare everything that verdicts and explanations are read from."""
    records = open_records(snapshot, program)
    blind = create_state(records, program)
    columns = {column.name: column for column in fact_columns(records, program, blind)}
    return Assessment(snapshot, program, records, blind, Judged(records, program, columns))


def _moves(assessment: Assessment) -> Iterator[tuple[str, Move]]:
    """Give each person with blackouts the function that moves a day past them; equal ones share it and what it found."""
    atlas = Atlas(assessment.records, assessment.program, assessment.blind.usage)
    known: dict[tuple[str | None, str | None, tuple[str, ...]], Move] = {}
    for row in assessment.records.rows(
        "SELECT contact_id, time_zone, region, blackouts FROM dwelling WHERE blackouts IS NOT NULL"
    ):
        key = (row["time_zone"], row["region"], tuple(row["blackouts"]))
        if key not in known:
            place, blackouts = atlas.place(row["time_zone"], row["region"]), all_blackouts(row["blackouts"])
            known[key] = cache(partial(atlas.next_free, place=place, blackouts=blackouts))
        yield row["contact_id"], known[key]


def _moved(table: pa.Table, moves: Mapping[str, Move], types: Iterable[str], today: date) -> pa.Table:
    """Move days past the blackouts of the few who have any, and tell of the days of each type the first after today."""
    marked = pc.is_in(table["contact_id"], pa.array(moves, pa.string())).combine_chunks()
    who = table["contact_id"].filter(marked).to_pylist()
    for name in (f"{kind}_{t}" for kind in ("free_on", AVAILABLE) for t in types) if who else ():
        days = table[name].combine_chunks()
        moved = [
            moves[one](day) if day else None for one, day in zip(who, days.filter(marked).to_pylist(), strict=True)
        ]
        days = pc.replace_with_mask(days, marked, pa.array(moved, pa.date32()))
        table = table.set_column(table.column_names.index(name), name, days)
    available = [f"{AVAILABLE}_{t}" for t in types]
    first = pc.min_element_wise(*(table[name] for name in available))
    later = pc.if_else(pc.greater(first, today), first, None)
    return table.drop_columns(available).append_column("next_available_on", later)
