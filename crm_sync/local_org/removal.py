"""Deleting, and what goes with it: the recycle bin, cascades, cleared lookups, undelete, merge, purge.

Called by rows, collections and bulk; undelete and merge by SOAP and control, because REST has no such calls; expire by org. Not here: reading the recycle bin (query, replication).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from crm_sync.local_org.checks import uniqueness
from crm_sync.local_org.errors import RecordError
from crm_sync.local_org.layout import quoted
from crm_sync.local_org.records import live_row, locked, may_write, permit, write
from crm_sync.local_org.schema import ChildRelationship, ObjectType
from crm_sync.local_org.transactions import Row, Transaction

MOST_LOSERS = 2


def delete(tx: Transaction, o: ObjectType, record_id: str) -> None:
    """Move a record to the recycle bin with its cascading children; clear the lookups that point to it."""
    permit(tx, o, "delete")
    tx.laws.refuse(o.name, {"Id": record_id}, record_id)
    row = live_row(tx, o, record_id)
    may_write(tx, o, record_id)
    _delete(tx, o, row, {})


def _delete(tx: Transaction, o: ObjectType, row: Row, extra: Row) -> None:
    locked(tx, o, row)
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
        if child is None:
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
    """Take a record out of the recycle bin with the children that went there with it, and put back the lookups to it.

    Lookups of the record itself whose targets are gone stay empty. Raises RecordError DUPLICATE_VALUE when its external id
    was used again.
    """
    row = tx.row(o, record_id)
    if row is None or not row.get("IsDeleted"):
        raise RecordError("UNDELETE_FAILED", "Entity is not in the recycle bin")
    uniqueness(tx, tx.layouts[o.name], row, record_id)
    lost = {f.name: None for f in o.fields.values() if f.type == "reference" and _is_lost(tx, row.get(f.name))}
    deleted_at = row["SystemModstamp"]
    write(tx, tx.layouts[o.name], row, {**row, **lost, "IsDeleted": 0, "SystemModstamp": tx.stamp}, "undelete")
    tx.forget(record_id)
    if not row.get("MasterRecordId"):
        _bring_back(tx, o, record_id, deleted_at)


def _bring_back(tx: Transaction, o: ObjectType, record_id: str, deleted_at: str) -> None:
    """Undo what the deletion of a record did to its children; a merge moved them, so nothing of theirs comes back."""
    for link in o.children:
        child = tx.schema.object(link.child_object)
        if child is None:
            continue
        if link.cascade_delete:
            for found in _deleted_with(tx, child, link, record_id, deleted_at):
                undelete(tx, child, found)
        else:
            _relink(tx, child, link, record_id, deleted_at)


def _deleted_with(
    tx: Transaction, child: ObjectType, link: ChildRelationship, record_id: str, deleted_at: str
) -> list[str]:
    layout = tx.layouts[child.name]
    if not layout.soft_delete:
        return []
    sql = f"""SELECT "Id" FROM {layout.table} WHERE {quoted(link.field)} = ? AND "IsDeleted" = 1 AND "SystemModstamp" = ?"""
    return [row[0] for row in tx.connection.execute(sql, (record_id, deleted_at))]


def _relink(tx: Transaction, child: ObjectType, link: ChildRelationship, record_id: str, deleted_at: str) -> None:
    """Fill the lookups that the deletion emptied, where they are empty still."""
    sql = """SELECT record_id FROM _journal WHERE object = ? AND action = 'update' AND time = ?
             AND json_extract(before, ?) = ? AND json_extract(after, ?) IS NULL"""
    path = f'$."{link.field}"'
    for (found_id,) in tx.connection.execute(sql, (child.name, deleted_at, path, record_id, path)).fetchall():
        found = tx.row(child, found_id)
        if found is not None and not found.get("IsDeleted") and found.get(link.field) is None:
            back = {**found, link.field: record_id, "SystemModstamp": tx.stamp}
            write(tx, tx.layouts[child.name], found, back, "update")


def _is_lost(tx: Transaction, record_id: str | None) -> bool:
    return record_id is not None and tx.state_of(record_id) != "live"


def merge(tx: Transaction, o: ObjectType, winner_id: str, loser_ids: Sequence[str]) -> list[str]:
    """Merge records into another: children move to the winner, the losers are deleted and point to it.

    Gives the ids of the children that moved. The winner's own fields are not changed; whoever merges sets them.
    """
    if not o.mergeable or not 1 <= len(loser_ids) <= MOST_LOSERS:
        raise RecordError("INVALID_TYPE", f"entity type {o.name} does not support merge of {len(loser_ids)} records")
    winner, moved = live_row(tx, o, winner_id), []
    for loser_id in loser_ids:
        loser = live_row(tx, o, loser_id)
        for child, link, children in _children(tx, o, loser_id):
            for found in children:
                now = {**found, link.field: winner_id, "SystemModstamp": tx.stamp}
                write(tx, tx.layouts[child.name], found, now, "update")
                moved.append(str(found["Id"]))
        _delete(tx, o, loser, {"MasterRecordId": winner_id})
    touched = {**winner, "SystemModstamp": tx.stamp, "LastModifiedDate": tx.stamp}
    write(tx, tx.layouts[o.name], winner, {**touched, "LastModifiedById": tx.access.user_id}, "update")
    return moved


def expire(tx: Transaction, before: str) -> int:
    """Empty the recycle bin of what was deleted before this stamp, and say how many records that were."""
    gone = 0
    for layout in tx.layouts.values():
        if layout.soft_delete:
            sql = f'SELECT "Id" FROM {layout.table} WHERE "IsDeleted" = 1 AND "SystemModstamp" < ?'
            for (record_id,) in tx.connection.execute(sql, (before,)).fetchall():
                row = tx.row(layout.type, record_id)
                if row is not None:
                    _erase(tx, layout.type, row, "expire")
                    gone += 1
    return gone
