"""A page of text columns -> a Batch for the mirror: typed rows, deleted ids, merged records, unmapped values.

Called by pull and sweep. Not here: asking for pages, and where the watermark goes.
"""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc

from crm_sync.ports import Batch
from crm_sync.program.mappings import FieldMapping
from crm_sync.pull.translate import translated, unmapped_values
from crm_sync.pull.views import DELETED, STAMP, STAMP_COLUMN, View

_UNMAPPED = ("object", "id", "field", "value")
_STAMP_FIELD = FieldMapping(STAMP_COLUMN, STAMP, "datetime")


def batch(view: View, page: pa.Table, salt: bytes) -> Batch:
    """Sort a page into what lives, what is gone, and what lives on in another record."""
    gone = _gone(view, page)
    all_live = gone is None or not pc.any(gone).as_py()
    live, dead = (page, page.slice(0, 0)) if all_live else (page.filter(pc.invert(gone)), page.filter(gone))
    rows = typed(view, live, salt)
    return Batch(
        rows=rows,
        deleted_ids=dead.column("Id").to_pylist(),
        merged=_merged(typed(view, dead, salt)) if dead.num_rows and view.keeps_merged else rows.slice(0, 0),
        unmapped=_unmapped(view, live),
    )


def typed(view: View, page: pa.Table, salt: bytes) -> pa.Table:
    """Translate a page's columns; what cannot be read is all null."""
    stamp = (_STAMP_FIELD,) if view.stamped else ()
    found = typed_columns((*view.readable, *stamp), page, salt)
    columns = [
        found[field.name] if field.name in found.column_names else pa.nulls(page.num_rows, field.type)
        for field in view.schema
    ]
    return pa.table(columns, schema=view.schema)


def typed_columns(fields: Iterable[FieldMapping], page: pa.Table, salt: bytes) -> pa.Table:
    """Translate these columns of a page, after its ids."""
    names = {name.lower(): name for name in page.column_names}
    columns = {field.name: translated(page.column(names[field.field.lower()]), field, salt) for field in fields}
    return pa.table({**columns, "id": page.column("Id")}).select(list(dict.fromkeys(("id", *columns))))


def _gone(view: View, page: pa.Table) -> pa.ChunkedArray | None:
    """Say of each row whether it was deleted; None where none can be."""
    return pc.equal(pc.fill_null(page.column(DELETED), "false"), "true") if view.deletable else None


def _merged(dead: pa.Table) -> pa.Table:
    return dead.filter(pc.is_valid(dead.column("master_record")))


def _unmapped(view: View, live: pa.Table) -> pa.Table:
    ids = live.column("Id")
    rows = [
        (view.name, ids[row].as_py(), field.name, value)
        for field in view.readable
        for row, value in unmapped_values(live.column(field.field), field)
    ]
    return pa.table({name: pa.array([row[i] for row in rows], pa.string()) for i, name in enumerate(_UNMAPPED)})
