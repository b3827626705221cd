"""Snapshot and program -> verdicts, held asks and explanations, computed over one set of views.

Called by the functions in `evaluate`. Not here: any single decision.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
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
from crm_sync.evaluate.verdicts import Judged, available_days, judge, verdict_table
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
        return self.records.arrow(f"SELECT * FROM {FACTS}")

    def verdicts(self) -> Verdicts:
        """Give everybody's verdicts."""
        refs = tuple(rule.ref for rule in self.judged.rules)
        table = self._table()
        held = held_asks(self.judged, table)
        return Verdicts(self.snapshot.as_of, refs, self.program.types, table, held)

    def _table(self) -> pa.Table:
        """Give the verdicts' columns of everybody."""
        moves = dict(_moves(self))
        table = verdict_table(self.judged)
        for name in (f"free_on_{t}" for t in self.program.types) if moves else ():
            table = _replaced(table, name, moves)
        days = {row.pop("contact_id"): row.values() for row in available_days(self.judged)}
        first = {contact: _first(moves.get(contact), days[contact]) for contact in days}
        return table.append_column("next_available_on", _spread(table, first, self.snapshot.today))

    def explain_all(self, contact_ids: Iterable[str], *, passing: bool = True) -> Explanations:
        """Give the verdicts of these contacts with their reasons, by contact and type."""
        wanted = sorted(set(contact_ids))
        return explanations(self.judged, self.snapshot, wanted, dict(_moves(self)), passing=passing)


def assess(snapshot: Snapshot, program: Program) -> Assessment:
    """Prepare everything that verdicts and explanations are read from."""
    records = open_records(snapshot, program)
    blind, columns = create_facts(records, program)
    return Assessment(snapshot, program, records, blind, judge(records, program, columns))


def _moves(assessment: Assessment) -> Iterator[tuple[str, Move]]:
    """Give each person with blackouts the function that moves a day past them."""
    atlas = Atlas(assessment.records, assessment.program, assessment.blind.usage)
    for row in assessment.records.rows(f"SELECT * FROM ({PERSONS}) WHERE blackouts IS NOT NULL"):
        blackouts, place = all_blackouts(row["blackouts"]), atlas.place(row["time_zone"], row["region"])
        yield row["contact_id"], partial(atlas.next_free, place=place, blackouts=blackouts)


def _replaced(table: pa.Table, name: str, moves: Mapping[str, Move]) -> pa.Table:
    """Move the days of one column past the blackouts of the few who have any."""
    marked = pc.is_in(table["contact_id"], pa.array(moves, pa.string())).combine_chunks()
    column = table[name].combine_chunks()
    contacts, days = table["contact_id"].filter(marked).to_pylist(), column.filter(marked).to_pylist()
    moved = [moves[contact](day) if day else None for contact, day in zip(contacts, days, strict=True)]
    column = pc.replace_with_mask(column, marked, pa.array(moved, pa.date32()))
    return table.set_column(table.column_names.index(name), name, column)


def _first(move: Move | None, days: Iterable[date | None]) -> date | None:
    """Give the first of several days, each moved past the person's blackouts."""
    moved = (move(day) if move and day else day for day in days)
    return min((day for day in moved if day), default=None)


def _spread(table: pa.Table, first: Mapping[str, date | None], today: date) -> pa.Array:
    """Give the days of few as a column of everybody; null for who has something free today."""
    later = {contact: day for contact, day in first.items() if day and day > today}
    index = pc.index_in(table["contact_id"].combine_chunks(), pa.array(later, pa.string()))
    return pa.array(later.values(), pa.date32()).take(index)
