"""Tables of joined objects -> columns of the mapping they belong to, so that nobody behind this knows where a field lives.

Of an object's rows for one record the one counts that is certainly the newest: a tie, a row without its date or of a day
to come leaves it open, and what is open is null, which the rules read as unknown. Two columns say how it came about:
`health.id`, the row that counts, and `health.rows`, how many there are. Called by pull. Not here: reading.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from crm_sync.model.snapshot import Snapshot
from crm_sync.program import ObjectMapping, Program
from crm_sync.program.mappings import LOOKUP, Joined
from crm_sync.pull.translate import MOMENT

EAST = timedelta(days=1)
"""A day of tomorrow is today somewhere further east; one later than that cannot be."""
AGE = "age"


def joined(snapshot: Snapshot, program: Program) -> Snapshot:
    """Give the snapshot with every joined object's columns in the table of its mapping, and without its own table."""
    for mapping in program.mappings.values():
        for table, join in zip(mapping.tables[1:], mapping.joined.values(), strict=True):
            snapshot = _joined(snapshot, mapping, table, join)
    return snapshot


def _joined(snapshot: Snapshot, mapping: ObjectMapping, table: ObjectMapping, join: Joined) -> Snapshot:
    rows = snapshot.tables[table.name]
    kept = newest(rows, join.newest_by, snapshot.as_of)
    names = [name for name in table.fields if name not in ("id", LOOKUP)]
    tables = {name: rows for name, rows in snapshot.tables.items() if name != table.name}
    for name in (mapping.name, f"merged_{mapping.name}"):
        if name in tables:
            tables[name] = _with_columns(tables[name], join, names, rows, kept)
    return replace(
        snapshot,
        tables=tables,
        unreadable=_unreadable(snapshot, mapping, table, names),
        unmapped=_unmapped(snapshot.unmapped, mapping, table, kept),
    )


def newest(rows: pa.Table, newest_by: str | None, as_of: datetime) -> pa.Table:
    """Keep of the rows for each record the one that counts, if it is certain which."""
    rows = rows.filter(pc.is_valid(rows[LOOKUP]))
    rows = rows.append_column(AGE, _ages(rows, newest_by, as_of))
    found = rows.group_by(LOOKUP).aggregate([(AGE, "max"), (AGE, "count"), ("id", "count")])
    place = pc.index_in(rows[LOOKUP], value_set=found[LOOKUP].combine_chunks())
    count, dated, latest = (found[name].take(place) for name in ("id_count", f"{AGE}_count", f"{AGE}_max"))
    alone = pc.equal(count, 1)
    leading = pc.and_(pc.equal(dated, count), pc.fill_null(pc.equal(rows[AGE], latest), False))
    leaders = rows.filter(pc.or_(alone, leading))
    tied = leaders.group_by(LOOKUP).aggregate([("id", "count")])
    single = tied.filter(pc.equal(tied["id_count"], 1))[LOOKUP].combine_chunks()
    return leaders.filter(pc.is_in(leaders[LOOKUP], value_set=single))


def _ages(rows: pa.Table, newest_by: str | None, as_of: datetime) -> pa.ChunkedArray:
    """Give each row's date as a moment; null without one, and for what cannot have been yet."""
    if newest_by is None:
        return pa.chunked_array([pa.nulls(rows.num_rows, MOMENT)])
    moments = rows[newest_by].cast(pa.timestamp("us")).cast(MOMENT)
    return pc.if_else(pc.less_equal(moments, pa.scalar(as_of + EAST, MOMENT)), moments, pa.scalar(None, MOMENT))


def _with_columns(own: pa.Table, join: Joined, names: list[str], rows: pa.Table, kept: pa.Table) -> pa.Table:
    """Add a joined object's columns to the table of its mapping; null where no row counts."""
    place = pc.index_in(own["id"], value_set=kept[LOOKUP].combine_chunks())
    for name in names:
        own = own.append_column(name, kept[name].take(place))
    own = own.append_column(f"{join.name}.id", kept["id"].take(place))
    counts = rows[LOOKUP].value_counts()
    there = pc.index_in(own["id"], value_set=counts.field("values"))
    number = pc.fill_null(counts.field("counts").take(there.combine_chunks()), 0)
    return own.append_column(f"{join.name}.rows", number)


def _unreadable(
    snapshot: Snapshot, mapping: ObjectMapping, table: ObjectMapping, names: list[str]
) -> frozenset[tuple[str, str]]:
    """Name the joined fields that cannot be read by their mapping; without the lookup, none of them can."""
    lost = {field for name, field in snapshot.unreadable if name == table.name}
    hidden = names if LOOKUP in lost else lost & set(names)
    others = {(name, field) for name, field in snapshot.unreadable if name != table.name}
    return frozenset(others | {(mapping.name, field) for field in hidden})


def _unmapped(unmapped: pa.Table, mapping: ObjectMapping, table: ObjectMapping, kept: pa.Table) -> pa.Table:
    """Tell values that nothing translates of the mapping's records, and only those of rows that count."""
    mine = pc.equal(unmapped["object"], table.name)
    found = unmapped.filter(mine)
    place = pc.index_in(found["id"], value_set=kept["id"].combine_chunks())
    found = found.set_column(1, "id", kept[LOOKUP].take(place))
    found = found.set_column(0, "object", pa.array([mapping.name] * found.num_rows, pa.string()))
    return pa.concat_tables([unmapped.filter(pc.invert(mine)), found.filter(pc.is_valid(found["id"]))])
