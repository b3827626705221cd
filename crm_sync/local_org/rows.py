"""Single rows: create, read, change, delete, by id or by an external id field; upsert; related rows.

Answers `/sobjects/X/...`. Not here: describes, collections, what a write checks (records).
"""

from __future__ import annotations

import dataclasses
import sqlite3
from typing import Any

from crm_sync.local_org import ids, payload, preconditions, query, records, removal, row_shapes
from crm_sync.local_org.calls import Call, Reply
from crm_sync.local_org.errors import OrgError, RecordError, not_found
from crm_sync.local_org.layout import quoted
from crm_sync.local_org.org import Org
from crm_sync.local_org.schema import Field, ObjectType
from crm_sync.local_org.transactions import Transaction

CREATED_FLAG_SINCE = 46


def create(org: Org, call: Call, name: str) -> Reply:
    """Create a row: 201 with its id and its URL in Location."""
    o = org.object(name, call.user)
    with org.writing(call) as tx:
        record_id = records.insert(tx, o, call.json_object())
    return _created(call, o, record_id, {"id": record_id, "success": True, "errors": []})


def _created(call: Call, o: ObjectType, record_id: str, body: dict[str, Any]) -> Reply:
    return Reply(201, body, {"Location": f"{call.data_url}/sobjects/{o.name}/{record_id}"})


def read(org: Org, call: Call, name: str, written_id: str) -> Reply:
    """Read a row, whole or the fields asked for; 304 when it has not changed since If-Modified-Since."""
    o = org.object(name, call.user)
    record_id = ids.normal(written_id)
    with org.reading(call) as connection:
        row = _find(call, connection, o, record_id) if record_id else None
    return _row_reply(call, o, row)


def _row_reply(call: Call, o: ObjectType, row: dict[str, Any] | None) -> Reply:
    if row is None:
        raise not_found()
    if row.get("IsDeleted"):
        raise OrgError("ENTITY_IS_DELETED", "entity is deleted", [])
    edition = preconditions.of_row(o, row)
    unchanged = preconditions.read(call, edition)
    if unchanged is not None:
        return unchanged
    fields = row_shapes.chosen(o, call.user, call.query.get("fields"))
    return Reply(200, row_shapes.shape(call.data_url, o, row, fields), edition.headers(call) if edition else {})


def _find(call: Call, connection: sqlite3.Connection, o: ObjectType, record_id: str) -> dict[str, Any] | None:
    sql = f'SELECT * FROM {quoted(o.name)} WHERE "Id" = ? AND {call.user.rows(o)}'
    cursor = connection.execute(sql, (record_id,))
    found = cursor.fetchone()
    return dict(zip((c[0] for c in cursor.description), found, strict=True)) if found else None


def change(org: Org, call: Call, name: str, written_id: str) -> Reply:
    """Change a row: 204; 412 when it is not in the state that the call's conditions name."""
    o = org.object(name, call.user)
    with org.writing(call) as tx:
        row = _live(call, tx.connection, o, written_id)
        preconditions.write(call, preconditions.of_row(o, row))
        records.update(tx, o, row["Id"], call.json_object())
    return Reply(204)


def delete(org: Org, call: Call, name: str, written_id: str) -> Reply:
    """Delete a row into the recycle bin: 204."""
    o = org.object(name, call.user)
    with org.writing(call) as tx:
        removal.delete(tx, o, _live(call, tx.connection, o, written_id)["Id"])
    return Reply(204)


def _live(call: Call, connection: sqlite3.Connection, o: ObjectType, written_id: str) -> dict[str, Any]:
    record_id = ids.normal(written_id)
    row = _find(call, connection, o, record_id) if record_id else None
    if row is None:
        raise not_found()
    if row.get("IsDeleted"):
        raise OrgError("ENTITY_IS_DELETED", "entity is deleted", [])
    return row


def key_field(o: ObjectType, call: Call, name: str) -> Field:
    """Find the field a row is addressed by: the Id, an external id or an idLookup field."""
    f = o.field(name)
    if f is None or not call.user.sees(o, f) or not (f.external_id or f.id_lookup):
        raise OrgError("NOT_FOUND", f"Provided external ID field does not exist or is not accessible: {name}")
    return f


def read_by_key(org: Org, call: Call, name: str, field_name: str, value: str) -> Reply:
    """Read the row that an external id names, or (`/X/{id}/{Relationship}`) what a row is related to."""
    o = org.object(name, call.user)
    f = o.field(field_name)
    if f is None and ids.normal(field_name):
        return related(org, call, o, field_name, value)
    key = key_field(o, call, field_name)
    with org.reading(call) as connection:
        matches = _by_key(org, call, connection, o, key, value)
        if len(matches) > 1:
            return several(call, o, matches)
        row = _find(call, connection, o, matches[0]) if matches else None
    return _row_reply(call, o, row)


def _by_key(org: Org, call: Call, connection: sqlite3.Connection, o: ObjectType, key: Field, value: str) -> list[str]:
    wanted = ids.normal(value) if key.name == "Id" else value
    layout = org.layouts[o.name]
    fold = "" if key.case_sensitive or key.name == "Id" else " COLLATE NOCASE"
    visible = f"{layout.live} AND {call.user.rows(o)}"
    sql = f'SELECT "Id" FROM {layout.table} WHERE {quoted(key.name)} = ?{fold} AND {visible} LIMIT 20'
    return [row[0] for row in connection.execute(sql, (wanted,))]


def several(call: Call, o: ObjectType, matches: list[str]) -> Reply:
    """Answer 300 with the URLs of all rows that match."""
    return Reply(300, [f"{call.data_url}/sobjects/{o.name}/{found}" for found in matches])


def related(org: Org, call: Call, o: ObjectType, written_id: str, relationship: str) -> Reply:
    """Follow a lookup of a row to its parent (404 when it is empty), or list its children as a query does."""
    reference = o.relationship(relationship)
    if reference is None:
        return _children(org, call, o, ids.normal(written_id) or "", relationship)
    with org.reading(call) as connection:
        row = _find(call, connection, o, ids.normal(written_id) or "")
        target_id = row.get(reference.name) if row else None
        target = org.schema.by_prefix(target_id) if target_id else None
        found = _find(call, connection, target, str(target_id)) if target else None
    if target is None:
        raise not_found()
    return _row_reply(call, target, found)


def _children(org: Org, call: Call, o: ObjectType, record_id: str, relationship: str) -> Reply:
    link = o.child(relationship)
    child = org.schema.object(link.child_object) if link else None
    with org.reading(call) as connection:
        row = _find(call, connection, o, record_id)
    if link is None or child is None or row is None or row.get("IsDeleted"):
        raise not_found()
    names = ", ".join(f.name for f in row_shapes.chosen(child, call.user, call.query.get("fields")))
    soql = f"SELECT {names} FROM {child.name} WHERE {link.field} = '{record_id}'"
    return query.query(org, dataclasses.replace(call, query={"q": soql}))


def upsert(org: Org, call: Call, name: str, field_name: str, value: str) -> Reply:
    """Create or change by external id: 201, 200 (204 before v46), 300 when several rows match, 404 with updateOnly."""
    o = org.object(name, call.user)
    key = key_field(o, call, field_name)
    body = call.json_object()
    if any(k.lower() == key.name.lower() for k in body):
        raise RecordError(
            "INVALID_FIELD", f"The {key.name} field should not be specified in the sobject data.", [key.name]
        )
    with org.writing(call) as tx:
        _check_match(call, tx, o, key, value)
        try:
            done = records.upsert(tx, o, key, value, body, call.flag("updateOnly"))
        except records.SeveralMatchesError as error:
            return several(call, o, error.matches)
    if not done.created and call.version_number < CREATED_FLAG_SINCE:
        return Reply(204)
    told: dict[str, Any] = {"id": done.id, "success": True, "errors": []}
    if call.version_number >= CREATED_FLAG_SINCE:
        told["created"] = done.created
    return _created(call, o, done.id, told) if done.created else Reply(200, told)


def _check_match(call: Call, tx: Transaction, o: ObjectType, key: Field, value: str) -> None:
    """Hold the one row that an upsert would change to the call's conditions."""
    if any(header in call.headers for header in preconditions.HEADERS):
        matches = payload.find_by_key(tx, o, key, value)
        if len(matches) == 1:
            preconditions.write(call, preconditions.of_row(o, _live(call, tx.connection, o, matches[0])))


def create_by_key(org: Org, call: Call, name: str, field_name: str) -> Reply:
    """`POST /sobjects/X/Id`: an insert through the upsert resource. Any other POST to a row is not allowed."""
    if field_name.lower() != "id":
        raise OrgError("METHOD_NOT_ALLOWED", "HTTP Method 'POST' not allowed. Allowed are DELETE,GET,HEAD,PATCH")
    return create(org, call, name)


def delete_by_key(org: Org, call: Call, name: str, field_name: str, value: str) -> Reply:
    """Delete the row that an external id names."""
    o = org.object(name, call.user)
    key = key_field(o, call, field_name)
    with org.writing(call) as tx:
        matches = payload.find_by_key(tx, o, key, value)
        if len(matches) > 1:
            return several(call, o, matches)
        if not matches:
            raise not_found()
        removal.delete(tx, o, matches[0])
    return Reply(204)
