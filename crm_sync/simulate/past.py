"""Today's records -> the records of a day in the past: what has a date is rewound, what has none stays as it is today.

Called by `play`. Fails closed: a consent counts only on days for which it is documented, and an escalation whose end is not
known lasts. Nobody who is not in the program is looked at. Not here: the requests that are replayed (`arrivals`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from crm_sync.model.snapshot import Snapshot

Row = Mapping[str, Any]
NOT_READ = ("task", "event", "asset", "coverage", "sync_run", "sync_request", "sync_issue")
"""Tables that no verdict and no assignment reads, or that would tell of uses which are activities already."""
STAMP = "system_modstamp"
"""A column that no decision reads and no run keeps."""
REACHED: Mapping[str, str] = {
    "completed": "completed_on",
    "missed": "scheduled_on",
    "declined": "responded_on",
    "scheduled": "responded_on",
    "accepted": "responded_on",
}
"""The day on which an activity came to the status it has; what was called off may have been so at any time."""
TAKEN_AS_TODAY = (
    "Health scores, churn risk, disputes, opt-outs and whatever else has no date are as they are today: the org keeps no history.",
    "A survey answer that is newer than the day stands for the one it replaced, as old as it is today.",
    "An account that is not healthy today counts as not healthy all the time, a healthy one from the day its health began.",
)
"""What the org cannot be rewound to, in sentences for whoever reads the result."""


def consent_on(row: Row, day: date, today: date) -> Row | None:
    """A consent as it stood: not yet there before it began; one withdrawn later was still granted."""
    began, withdrawn = row.get("valid_from"), row.get("withdrawn_on")
    if began is not None and began > day:
        return None
    if withdrawn is None or withdrawn <= day or withdrawn > today:
        return row
    documented = row.get("status") == "withdrawn" and began is not None
    return {**row, "withdrawn_on": None, "status": "granted" if documented else row.get("status")}


def escalation_on(row: Row, day: date, today: date) -> Row | None:
    """An escalation as it stood: open from the day it was raised to the day it is known to have been closed."""
    if row.get("raised_on") is not None and row["raised_on"] > day:
        return None
    changed = row.get("modified_at")
    closed = row.get("closed_on") or (changed.date() if changed else today)
    return {**row, "status": "open"} if row.get("status") == "closed" and closed > day else row


def case_on(row: Row, day: date, today: date) -> Row | None:
    """A case as it stood: open from the day it was opened to the day it was closed."""
    opened, closed = row.get("opened_at"), row.get("closed_at")
    if opened is not None and opened.date() > day:
        return None
    return {**row, "closed": False} if row.get("closed") and closed is not None and closed.date() > day else row


def activity_on(row: Row, day: date, today: date) -> Row | None:
    """An activity as it stood: asked, then answered, then what became of it; what has no day is as it is."""
    reached = row.get(REACHED.get(row.get("status") or "", ""))
    began = row.get("asked_on") or row.get("requested_on") or reached
    if began is not None and began > day:
        return None
    if reached is None or reached <= day:
        return row
    answered = row.get("responded_on") is not None and row["responded_on"] <= day
    return {
        **row,
        "completed_on": None,
        "responded_on": row["responded_on"] if answered else None,
        "status": "accepted" if answered else "asked",
    }


REWOUND: Mapping[str, Callable[[Row, date, date], Row | None]] = {
    "consent": consent_on,
    "escalation": escalation_on,
    "case": case_on,
    "activity": activity_on,
}


Kept = Callable[[date], Mapping[str, pa.Table]]
"""Gives tables as a kept run of a day saw them, where there was one."""


def nothing_kept(day: date) -> Mapping[str, pa.Table]:
    """No run was kept: everything is read from today's records."""
    return {}


@dataclass(frozen=True)
class Past:
    """The records of the program on any day of the window: tables that stay, rows that change during it, and kept state."""

    snapshot: Snapshot
    moving: Mapping[str, tuple[Row, ...]]
    kept: Kept = nothing_kept

    def on(self, day: date, added: Mapping[str, Iterable[Row]]) -> Snapshot:
        """Give the records of this day, with the rows that the replay has added to some tables."""
        today, tables = self.snapshot.today, {**self.snapshot.tables, **self._state(day)}
        for name in {*self.moving, *added}:
            rows = [found for row in self.moving.get(name, ()) if (found := REWOUND[name](row, day, today)) is not None]
            rows += added.get(name, ())
            tables[name] = pa.concat_tables([tables[name], pa.Table.from_pylist(rows, schema=tables[name].schema)])
        tables["contact"] = _surveyed(tables["contact"], day, today)
        return replace(self.snapshot, as_of=datetime.combine(day, self.snapshot.as_of.timetz()), tables=tables)

    def is_kept(self, day: date) -> bool:
        """Whether a kept run tells how accounts, contacts and profiles stood on this day."""
        return bool(self._state(day))

    def _state(self, day: date) -> Mapping[str, pa.Table]:
        """The kept tables, of what is still there today; none for today, or if any of them lacks a column of today's."""
        kept = self.kept(day) if day < self.snapshot.today else {}
        if not all(
            set(self.snapshot.tables[name].column_names) <= set(table.column_names) for name, table in kept.items()
        ):
            return {}
        return {name: _like(table, self.snapshot.tables[name]) for name, table in kept.items()}


def _like(kept: pa.Table, today: pa.Table) -> pa.Table:
    """Bring a kept table into the form of today's, without what has been deleted since."""
    still_there = pc.is_in(kept["id"], value_set=today["id"].combine_chunks())
    return kept.filter(still_there).select(today.column_names).cast(today.schema)


def past_of(snapshot: Snapshot, since: date, kept: Kept = nothing_kept) -> Past:
    """Part the records of the program into what stays the same from `since` on and what changes."""
    tables = _of_the_program(snapshot)
    moving: dict[str, tuple[Row, ...]] = {}
    for name, on in REWOUND.items():
        rows = tables[name].to_pylist()
        stays = [on(row, since, snapshot.today) == row for row in rows]
        tables[name] = tables[name].filter(pa.array(stays, pa.bool_()))
        moving[name] = tuple(row for row, steady in zip(rows, stays, strict=True) if not steady)
    return Past(replace(snapshot, tables=tables), moving, kept)


def _surveyed(contacts: pa.Table, day: date, today: date) -> pa.Table:
    """Make answers that are newer than the day as old as they are today."""
    answered = np.asarray(contacts["nps_on"].combine_chunks(), dtype="datetime64[D]")
    now, then = np.datetime64(today), np.datetime64(day)
    newer = (answered > then) & (answered <= now)
    moved = np.where(newer, then - (now - answered), answered)
    column = pa.array(moved, pa.date32(), mask=np.isnat(moved))
    return contacts.set_column(contacts.column_names.index("nps_on"), "nps_on", column)


def _of_the_program(snapshot: Snapshot) -> dict[str, pa.Table]:
    """Leave out whom no request could be offered and who changes nobody's limits, and what nobody reads."""
    tables = dict(snapshot.tables)
    contacts = tables["contact"]
    named = [tables["profile"][column].combine_chunks() for column in ("contact", "key")]
    named.append(tables["activity"]["contact"].combine_chunks())
    known = pc.is_in(contacts["id"], value_set=pa.chunked_array(named).unique())
    shared = [_repeated(contacts[bond]) for bond in ("individual", "email_key")]
    merged = pc.or_(contacts["master_record"].is_valid(), _named_by(contacts["id"], contacts["master_record"]))
    kept = known
    for truth in (*shared, merged):
        kept = pc.or_(kept, truth)
    tables["contact"] = contacts.filter(kept)
    for name in (name for name, table in tables.items() if STAMP in table.column_names):
        tables[name] = tables[name].drop_columns(STAMP)
    for name in NOT_READ:
        if name in tables:
            tables[name] = tables[name].slice(0, 0)
    return tables


def _repeated(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Whether the same value stands in another row as well."""
    counted = pc.value_counts(column.drop_null().combine_chunks())
    often = counted.field("values").filter(pc.greater(counted.field("counts"), 1))
    return pc.is_in(column, value_set=often)


def _named_by(ids: pa.ChunkedArray, column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.is_in(ids, value_set=column.drop_null().combine_chunks())
