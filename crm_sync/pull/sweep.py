"""Every id and every formula of the org against the mirror: what the increments cannot see. Called by the service each night.

Finds records that were purged without a trace, rows that became visible too late, rows that a lost permission hides, and
formulas and roll-ups whose value changed: these do not stamp the record. Many rows gone at once is more likely a lost
permission than a deletion, so a person has to agree. Not here: rows that were stamped (`pull`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from crm_sync.errors import UnsafePlanError
from crm_sync.ports import Mirror, Org, Reading
from crm_sync.program import Program
from crm_sync.pull.pages import batch, typed_columns
from crm_sync.pull.pull import look_at
from crm_sync.pull.views import DELETED, STAMP, View

MOST_GONE_SHARE = 0.2
FEW = 20


@dataclass(frozen=True)
class Swept:
    """What a sweep found in one table: rows it took out, rows that increments had missed, rows whose formulas differ."""

    name: str
    gone: int
    missed: int
    changed: int


def sweep(org: Org, mirror: Mirror, program: Program, *, agreed: bool = False) -> tuple[Swept, ...]:
    """Hold the whole mirror against the org's ids and formulas, and put right what differs.

    Raises:
        UnsafePlanError: more than a fifth of a table is gone and nobody agreed; that table and the rest stay as they are.
    """
    mirror.claim(org.identity().org_id)
    return tuple(_sweep(org, mirror, view, agreed) for view in look_at(org, program) if view.visible and view.stamped)


def _sweep(org: Org, mirror: Mirror, view: View, agreed: bool) -> Swept:
    mirror.prepare(view.name, view.schema, view.fingerprint(mirror.salt))
    if mirror.watermark(view.name) is None:
        return Swept(view.name, 0, 0, 0)
    there, here = _in_the_org(org, view, mirror.salt), _in_the_mirror(mirror, view)
    gone = _without(here, there)
    if here.num_rows >= FEW and len(gone) > MOST_GONE_SHARE * here.num_rows and not agreed:
        number = f"{len(gone)} of {here.num_rows} {view.name} records are no longer visible."
        raise UnsafePlanError(
            (f"{number} Has a permission been taken away?",),
            agree="crm-sync sweep --agree",
        )
    missed, changed = _without(there, here), _differing(there, here)
    mirror.forget(view.name, gone)
    if missed or changed:
        names = [field.field for field in view.readable] + [STAMP] + [DELETED] * view.deletable
        rows = org.read_rows(view.mapping.object, list(dict.fromkeys(names)), [*missed, *changed])
        mirror.apply(view.name, batch(view, rows, mirror.salt), None)
    return Swept(view.name, len(gone), len(missed), len(changed))


def _in_the_org(org: Org, view: View, salt: bytes) -> pa.Table:
    """Read the id and the formulas of every live record."""
    names = tuple(dict.fromkeys(field.field for field in view.formulas))
    reading = Reading(view.mapping.object, names, None, org.server_time(), stamped=False, deletable=False)
    pages = [typed_columns(view.formulas, page.rows, salt) for page in org.read((reading,))]
    return pa.concat_tables(pages).combine_chunks()


def _in_the_mirror(mirror: Mirror, view: View) -> pa.Table:
    if not view.formulas:
        return pa.table({"id": mirror.ids(view.name)})
    return mirror.table(view.name).select(["id", *(field.name for field in view.formulas)])


def _without(some: pa.Table, others: pa.Table) -> list[str]:
    """Name the ids that others lack."""
    found: list[str] = some["id"].filter(pc.invert(pc.is_in(some["id"], value_set=_flat(others["id"])))).to_pylist()
    return found


def _differing(there: pa.Table, here: pa.Table) -> Sequence[str]:
    """Name the ids that both have, with other values."""
    place = pc.index_in(_flat(here["id"]), value_set=_flat(there["id"]))
    both, theirs = here.filter(pc.is_valid(place)), there.take(pc.drop_null(place))
    differs = pa.repeat(pa.scalar(False), both.num_rows)
    for name in here.column_names[1:]:
        mine, its = both[name], theirs[name]
        same = pc.or_(pc.fill_null(pc.equal(mine, its), False), pc.and_(pc.is_null(mine), pc.is_null(its)))
        differs = pc.or_(differs, pc.invert(same))
    found: list[str] = both["id"].filter(differs).to_pylist()
    return found


def _flat(column: pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks()
