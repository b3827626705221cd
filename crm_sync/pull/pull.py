"""The org -> the mirror -> a Snapshot. Called by the pipeline at the start of every run.

Each table is read from five minutes before where it last came to: a row gets its stamp when a statement runs and is seen
only at commit, so late ones appear behind the mark (Airbyte #27146; the same overlap as Fivetran and Estuary). What even
that misses, the nightly `sweep` finds. Consents are read last, so that none is older than what it is held against.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta

import pyarrow as pa

from crm_sync.errors import ConfigurationError
from crm_sync.model.snapshot import Snapshot
from crm_sync.ports import Batch, Mirror, Org, SchemaChangedError, Stamp
from crm_sync.program import Program
from crm_sync.pull.joins import joined
from crm_sync.pull.pages import batch
from crm_sync.pull.views import View, tables, views

OVERLAP = timedelta(minutes=5)
AHEAD = timedelta(seconds=5)
"""The server's clock is known to the second at best, so a window ends a little later than now: a row written this very
moment must not fall behind its end, or it would be taken for missing and made again."""
READ_LAST = frozenset({"consent"})


def pull(org: Org, mirror: Mirror, program: Program, as_of: datetime, *, again: bool = False) -> Snapshot:
    """Bring the mirror up to date and return it as a Snapshot; a pull that does not finish returns nothing.

    It begins a run, whose calls are counted from here on; `again` reads once more within the same run.

    Raises:
        ConfigurationError: a safety field cannot be read, or a mapping does not fit the org; nothing was read.
        WrongOrgError: the mirror holds another org's rows.
        TemporaryError: the org did not answer; what was read is kept, and the next run goes on from there.
    """
    if not again:
        org.begin()
    org_id = org.identity().org_id
    mirror.claim(org_id)
    try:
        seen = _bring_up_to_date(org, mirror, look_at(org, program))
    except (SchemaChangedError, ConfigurationError):  # what was described hours ago may since be taken away, or granted
        seen = _bring_up_to_date(org, mirror, look_at(org, program, afresh=True))
    return joined(_snapshot(mirror, seen, org_id, as_of), program)


def look_at(org: Org, program: Program, *, afresh: bool = False) -> tuple[View, ...]:
    """Describe every mapped object, and say what of it can be read."""
    objects = tuple(dict.fromkeys(table.object for table in tables(program)))
    return views(program, org.describe_all(objects, afresh=afresh))


def _bring_up_to_date(org: Org, mirror: Mirror, seen: tuple[View, ...]) -> tuple[View, ...]:
    """Read until every table has come to the same moment: a job that an earlier run began reaches to an earlier one."""
    for view in seen:
        mirror.prepare(view.name, view.schema, view.fingerprint(mirror.salt))
    until = Stamp(org.server_time() + AHEAD, "")
    behind = [view for view in seen if view.visible]
    while behind:
        _read(org, mirror, behind, until)
        rest = {view.name for view in behind if view.stamped and (mirror.watermark(view.name) or until) < until}
        behind = [view for view in behind if view.name in rest | (READ_LAST if rest else frozenset())]
    return seen


def _read(org: Org, mirror: Mirror, asked: Sequence[View], until: Stamp) -> None:
    """Read and keep: while one page is written into the mirror, the next is translated and the one after is coming."""
    readings = [view.reading(_since(mirror, view), until, late=view.name in READ_LAST) for view in asked]
    whole: dict[str, list[Batch]] = {view.name: [] for view in asked if not view.stamped}
    with ThreadPoolExecutor(max_workers=1) as writer:
        written: Future[None] | None = None
        for page in org.read(readings):
            view = asked[page.reading]
            found = batch(view, page.rows, mirror.salt)
            if written is not None:
                written.result()
            if view.stamped:
                written = writer.submit(mirror.apply, view.name, found, page.resume)
                continue
            whole[view.name].append(found)
            if page.last:
                written = writer.submit(mirror.replace, view.name, whole.pop(view.name), None)
        if written is not None:
            written.result()


def _since(mirror: Mirror, view: View) -> Stamp | None:
    mark = mirror.watermark(view.name)
    return None if mark is None else Stamp(mark.system_modstamp - OVERLAP, "")


def _snapshot(mirror: Mirror, seen: Sequence[View], org_id: str, as_of: datetime) -> Snapshot:
    pa.default_memory_pool().release_unused()  # what pages took, which would stand beside the tables
    tables = {view.name: mirror.table(view.name) for view in seen}
    tables |= {f"merged_{view.name}": mirror.merged(view.name) for view in seen if view.keeps_merged}
    return Snapshot(
        as_of=as_of,
        org_id=org_id,
        tables=tables,
        unreadable=frozenset((view.name, field.name) for view in seen for field in view.unreadable),
        unmapped=mirror.unmapped(),
    )
