"""Deleting, and what goes with it: the recycle bin, cascades, cleared lookups, undelete, merge, purge.

Called by rows, collections and bulk; undelete, merge and purge of single records by control, because REST has no such
calls. Not here: reading the recycle bin (query, replication).
"""

from __future__ import annotations

from collections.abc import Iterator

from crm_sync.local_org.checks import uniqueness
from crm_sync.local_org.errors import RecordError
from crm_sync.local_org.layout import quoted
from crm_sync.local_org.records import live_row, permit, write
from crm_sync.local_org.schema import ChildRelationship, ObjectType
from crm_sync.local_org.transactions import Row, Transaction


def delete(tx: Transaction, o: ObjectType, record_id: str) -> None:
    """Move a record to the recycle bin with its cascading children; clear the lookups that point to it."""
    permit(tx, o, "delete")
    _delete(tx, o, live_row(tx, o, record_id), {})


def _delete(tx: Transaction, o: ObjectType, row: Row, extra: Row) -> None:
    _refuse_if_restricted(tx, o, row)
    for child, link, children in _children(tx, o, row["Id"]):
        for found in children:
            if link.cascade_delete:
                _delete(tx, child, found, {})
            else:
                cleared = {**found, link.field: None, "SystemModstamp": tx.stamp}
                write(tx, tx.layouts[child.name], found, cleared, "update")
    layout = tx.layouts[o.name]
    tx.forget(row["Id"])
    if layout.soft_delete:
        write(tx, layout, row, {**row, **extra, "IsDeleted": 1, "SystemModstamp": tx.stamp}, "delete")
    else:
        _erase(tx, o, row, "delete")


def _refuse_if_restricted(tx: Transaction, o: ObjectType, row: Row) -> None:
    for child, link, children in _children(tx, o, row["Id"]):
        if link.restricted_delete and next(children, None):
            name = row.get("Name") or row["Id"]
            raise RecordError(
                "DELETE_FAILED",
                f"Your attempt to delete {name} could not be completed because it is associated with the following"
                f" {child.label_plural.lower()}.",
            )


def _children(
    tx: Transaction, o: ObjectType, record_id: str
) -> Iterator[tuple[ObjectType, ChildRelationship, Iterator[Row]]]:
    for link in o.children:
        child = tx.schema.object(link.child_object)
        if child is None or link.field == "MasterRecordId":
            continue
        layout = tx.layouts[child.name]
        sql = f'SELECT "Id" FROM {layout.table} WHERE {quoted(link.field)} = ? AND {layout.live}'
        found = [r[0] for r in tx.connection.execute(sql, (record_id,))]
        if found:
            yield child, link, (row for row in (tx.row(child, i) for i in found) if row is not None)


def _erase(tx: Transaction, o: ObjectType, row: Row, action: str) -> None:
    tx.connection.execute(f'DELETE FROM {tx.layouts[o.name].table} WHERE "Id" = ?', (row["Id"],))
    tx.note(o.name, row["Id"], action, {k: v for k, v in row.items() if v is not None}, None)


def purge(tx: Transaction, o: ObjectType, record_id: str) -> None:
    """Delete a record for good (Bulk hardDelete); it then shows in getDeleted alone."""
    permit(tx, o, "delete")
    row = tx.row(o, record_id)
    if row is None:
        raise RecordError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
    if not row.get("IsDeleted"):
        _delete(tx, o, row, {})
    remaining = tx.row(o, record_id)
    if remaining:
        _erase(tx, o, remaining, "purge")


def undelete(tx: Transaction, o: ObjectType, record_id: str) -> None:
    """Take a record out of the recycle bin (its children stay there), without the lookups whose targets are gone.

    Raises RecordError DUPLICATE_VALUE when its external id was used again.
    """
    row = tx.row(o, record_id)
    if row is None or not row.get("IsDeleted"):
        raise RecordError("UNDELETE_FAILED", "Entity is not in the recycle bin")
    uniqueness(tx, tx.layouts[o.name], row, record_id)
    lost = {f.name: None for f in o.fields.values() if f.type == "reference" and _is_lost(tx, row.get(f.name))}
    write(tx, tx.layouts[o.name], row, {**row, **lost, "IsDeleted": 0, "SystemModstamp": tx.stamp}, "undelete")


def _is_lost(tx: Transaction, record_id: str | None) -> bool:
    return record_id is not None and tx.state_of(record_id) != "live"


def merge(tx: Transaction, o: ObjectType, winner_id: str, loser_id: str) -> None:
    """Merge a record into another: children move to the winner, the loser is deleted and points to the winner."""
    if not o.mergeable:
        raise RecordError("INVALID_TYPE", f"entity type {o.name} does not support merge")
    live_row(tx, o, winner_id)
    loser = live_row(tx, o, loser_id)
    for child, link, children in _children(tx, o, loser_id):
        for found in children:
            moved = {**found, link.field: winner_id, "SystemModstamp": tx.stamp}
            write(tx, tx.layouts[child.name], found, moved, "update")
    _delete(tx, o, loser, {"MasterRecordId": winner_id})
