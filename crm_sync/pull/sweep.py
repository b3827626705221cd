"""Every id of the org against every id of the mirror: what the increments cannot see. Called by the service each night.

Finds records that were purged without a trace, rows that became visible too late, and rows that a lost permission hides.
Many rows gone at once is more likely a lost permission than a deletion, so a person has to agree.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from crm_sync.errors import UnsafePlanError
from crm_sync.ports import Mirror, Org
from crm_sync.program import Program
from crm_sync.pull.pages import batch
from crm_sync.pull.pull import look_at
from crm_sync.pull.views import DELETED, STAMP, View

MOST_GONE_SHARE = 0.2
FEW = 20


@dataclass(frozen=True)
class Swept:
    """What a sweep found in one table: rows it took out, and rows it fetched because increments had missed them."""

    name: str
    gone: int
    missed: int


def sweep(org: Org, mirror: Mirror, program: Program, *, agreed: bool = False) -> tuple[Swept, ...]:
    """Hold the whole mirror against the org's ids and put right what differs.

    Raises:
        UnsafePlanError: more than a fifth of a table is gone and nobody agreed; that table and the rest stay as they are.
    """
    mirror.claim(org.identity().org_id)
    return tuple(_sweep(org, mirror, view, agreed) for view in look_at(org, program) if view.visible and view.stamped)


def _sweep(org: Org, mirror: Mirror, view: View, agreed: bool) -> Swept:
    mirror.prepare(view.name, view.schema, view.fingerprint(mirror.salt))
    if mirror.watermark(view.name) is None:
        return Swept(view.name, 0, 0)
    there = pa.array(_flat(org.read_ids(view.mapping.object)), pa.string())
    here = mirror.ids(view.name)
    gone = here.filter(pc.invert(pc.is_in(here, value_set=there))).to_pylist()
    missed = there.filter(pc.invert(pc.is_in(there, value_set=here))).to_pylist()
    if len(here) >= FEW and len(gone) > MOST_GONE_SHARE * len(here) and not agreed:
        raise UnsafePlanError(
            (
                f"{len(gone)} of {len(here)} {view.name} records are no longer visible. Has a permission been taken away?",
            ),
            agree="crm-sync sweep --agree",
        )
    mirror.forget(view.name, gone)
    if missed:
        names = [field.field for field in view.readable] + [STAMP] + [DELETED] * view.deletable
        rows = org.read_rows(view.mapping.object, list(dict.fromkeys(names)), missed)
        mirror.apply(view.name, batch(view, rows, mirror.salt), None)
    return Swept(view.name, len(gone), len(missed))


def _flat(pages: Iterable[Iterable[str]]) -> list[str]:
    return [record_id for page in pages for record_id in page]
