"""Snapshot and program -> verdicts, held asks and explanations, computed over one set of views.

Called by the functions in `evaluate`. Not here: any single decision.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from crm_sync.evaluate.calendar import all_blackouts
from crm_sync.evaluate.facts import FACTS, create_facts
from crm_sync.evaluate.held import held_asks
from crm_sync.evaluate.places import PERSONS, Atlas
from crm_sync.evaluate.reasons import Explanations, explanations
from crm_sync.evaluate.records import Records, open_records
from crm_sync.evaluate.state import Blind
from crm_sync.evaluate.verdicts import Judged, judge, verdict_table
from crm_sync.model.snapshot import Snapshot
from crm_sync.model.verdicts import Verdicts
from crm_sync.program import Program


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
        return self.records.arrow(f"SELECT * FROM {FACTS}")

    def verdicts(self) -> Verdicts:
        """Give everybody's verdicts."""
        refs = tuple(rule.ref for rule in self.judged.rules)
        table = self._table()
        held = held_asks(self.judged, table)
        return Verdicts(self.snapshot.as_of, refs, self.program.types, table, held)

    def _table(self, where: str = "") -> pa.Table:
        """Give the verdicts' columns of everybody, or of some."""
        return _next_available(self, _past_blackouts(self, verdict_table(self.judged, where)))

    def explain_all(self, contact_ids: Iterable[str], *, passing: bool = True) -> Explanations:
        """Give the verdicts of these contacts with their reasons, by contact and type."""
        wanted = sorted(set(contact_ids))
        self.records.keep("wanted", pa.table({"contact_id": pa.array(wanted, pa.string())}))
        table = self._table("WHERE contact_id IN (SELECT contact_id FROM wanted)")
        columns = ["contact_id", *(f"free_on_{t}" for t in self.program.types)]
        free_on = {row["contact_id"]: row for row in table.select(columns).to_pylist()}
        return explanations(self.judged, self.snapshot, wanted, free_on, passing=passing)


def assess(snapshot: Snapshot, program: Program) -> Assessment:
    """Prepare everything that verdicts and explanations are read from."""
    records = open_records(snapshot, program)
    blind, columns = create_facts(records, program)
    return Assessment(snapshot, program, records, blind, judge(records, program, columns))


def _past_blackouts(assessment: Assessment, table: pa.Table) -> pa.Table:
    """Move each free day past the person's blackouts, for the few who have any."""
    marked = table["has_blackouts"].combine_chunks()
    table = table.drop_columns(["has_blackouts"])
    if not marked.true_count:
        return table
    contacts = table["contact_id"].filter(marked).to_pylist()
    moves = dict(_moves(assessment))
    for name in [f"{kind}_{t}" for kind in ("free_on", "available_on") for t in assessment.program.types]:
        column = table[name].combine_chunks()
        days = column.filter(marked).to_pylist()
        moved = [moves[contact](day) if day else None for contact, day in zip(contacts, days, strict=True)]
        column = pc.replace_with_mask(column, marked, pa.array(moved, pa.date32()))
        table = table.set_column(table.column_names.index(name), name, column)
    return table


def _moves(assessment: Assessment) -> Iterator[tuple[str, Callable[[date], date | None]]]:
    """Give each person with blackouts the function that moves a day past them."""
    atlas = Atlas(assessment.records, assessment.program, assessment.blind.usage)
    for row in assessment.records.rows(f"SELECT * FROM ({PERSONS}) WHERE blackouts IS NOT NULL"):
        blackouts, place = all_blackouts(row["blackouts"]), atlas.place(row["time_zone"], row["region"])
        yield row["contact_id"], partial(atlas.next_free, place=place, blackouts=blackouts)


def _next_available(assessment: Assessment, table: pa.Table) -> pa.Table:
    """Give the first day some approved type is free again; null for who has one that is free today."""
    names = [f"available_on_{t}" for t in assessment.program.types]
    first = pc.min_element_wise(*(table[name] for name in names), skip_nulls=True)
    today = pa.scalar(assessment.snapshot.today, pa.date32())
    later = pc.if_else(pc.greater(first, today), first, pa.scalar(None, pa.date32()))
    return table.drop_columns(names).append_column("next_available_on", later)
