"""Controls of records: what a user does in the UI, rows with stamps of old, locks, and the commit journal.

Called by control. Not here: the org as a whole (control_org).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from crm_sync.local_org import ids, records, removal
from crm_sync.local_org.access import Access
from crm_sync.local_org.calls import Call, Reply
from crm_sync.local_org.clock import instant, stamp
from crm_sync.local_org.org import Org
from crm_sync.local_org.schema import ObjectType
from crm_sync.local_org.transactions import Row

MOST_JOURNAL_ROWS = 10_000
_CHANGES: dict[str, Callable[..., Any]] = {
    "delete": removal.delete,
    "undelete": removal.undelete,
    "purge": removal.purge,
}


def _change_record(org: Org, call: Call) -> Reply:
    """Do as a user what REST cannot: {"as": user id, "id", "do": "delete"|"undelete"|"purge"|"merge", "into": winner's id}."""
    body = call.json_object()
    o, record_id = _named(org, body["id"])
    with org.transaction(_actor(org, body)) as tx:
        if body["do"] == "merge":
            removal.merge(tx, o, _named(org, body["into"])[1], [record_id])
        else:
            _CHANGES[body["do"]](tx, o, record_id)
    return Reply(204)


def _actor(org: Org, body: Row) -> Access:
    """Give the access of the user named, or the platform's own."""
    return org.access(str(body["as"])) if "as" in body else org.system


def _named(org: Org, written: str) -> tuple[ObjectType, str]:
    record_id, o = ids.normal(written), org.schema.by_prefix(written)
    if record_id is None or o is None:
        raise ValueError(f"{written!r} is not the id of a record of this org")
    return o, record_id


def _write_record(org: Org, call: Call) -> Reply:
    """Write as a user: {"as": user id, "object", "id" (to change), "fields": {}, "stamp": instant, "audit": instant}.

    `stamp` is the time of everything that is stamped; `audit` of the created and last modified dates alone.
    """
    body = call.json_object()
    o = org.schema.object(body["object"])
    if o is None:
        raise ValueError(f"object {body['object']!r} is not in this org")
    with org.transaction(_actor(org, body)) as tx:
        tx.stamp = stamp(instant(body["stamp"])) if "stamp" in body else tx.stamp
        tx.audit_stamp = stamp(instant(body["audit"])) if "audit" in body else None
        record_id = ids.normal(body["id"]) if body.get("id") else None
        if record_id:
            records.update(tx, o, record_id, body["fields"])
        else:
            record_id = records.insert(tx, o, body["fields"])
    return Reply(200, {"id": record_id})


def _add_lock(org: Org, call: Call) -> Reply:
    """Lock a record: {"id", "kind": "approval" (ENTITY_IS_LOCKED) | "row" (UNABLE_TO_LOCK_ROW, children too), "seconds"}."""
    body = call.json_object()
    org.locks.add(_named(org, body["id"])[1], str(body.get("kind", "approval")), body.get("seconds"))
    return Reply(204)


def _lift_locks(org: Org, call: Call) -> Reply:
    """Lift the lock of {"id"}, or all locks."""
    written = call.json_object().get("id")
    org.locks.lift(_named(org, written)[1] if written else None)
    return Reply(204)


def _read_locks(org: Org, call: Call) -> Reply:
    """List the locks in force: {"locks"}."""
    return Reply(200, {"locks": [asdict(lock) for lock in org.locks.listed()]})


def _read_journal(org: Org, call: Call) -> Reply:
    """Read the commit journal after ?since=sequence, at most 10,000 entries: {"entries", "last"}."""
    names = ("sequence", "time", "actor", "object", "record_id", "action", "before", "after", "visible_at")
    with org.store.reading() as connection:
        found = connection.execute(
            f"SELECT {', '.join(names)} FROM _journal WHERE sequence > ? ORDER BY sequence LIMIT ?",
            (int(call.query.get("since", "0")), MOST_JOURNAL_ROWS),
        ).fetchall()
    entries: list[Row] = [dict(zip(names, row, strict=True)) for row in found]
    return Reply(200, {"entries": entries, "last": entries[-1]["sequence"] if entries else None})


ENDPOINTS: dict[str, Callable[[Org, Call], Reply]] = {
    "POST records/change": _change_record,
    "POST records/write": _write_record,
    "POST locks": _add_lock,
    "GET locks": _read_locks,
    "DELETE locks": _lift_locks,
    "GET journal": _read_journal,
}
