"""Insert, update and upsert of one record, as the platform does them.

    (transaction, object, JSON body) -> id

Called by rows, collections, tree, composite and bulk; the only writer of record tables besides removal. Each call either
writes everything about its record (row, journal) or raises RecordError having written nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crm_sync.local_org import checks, derived, duplicate_rules, payload, validation
from crm_sync.local_org.errors import OrgError, RecordError
from crm_sync.local_org.layout import Layout, quoted
from crm_sync.local_org.schema import Field, ObjectType
from crm_sync.local_org.soql.context import owned
from crm_sync.local_org.transactions import Row, Transaction


@dataclass(frozen=True)
class Upserted:
    """What an upsert did."""

    id: str
    created: bool


class SeveralMatchesError(OrgError):
    """An upsert by a field that is not unique found several records; nothing was written."""

    def __init__(self, o: ObjectType, key: Field, matches: list[str]) -> None:
        shown = ", ".join(matches)
        super().__init__(
            "DUPLICATE_EXTERNAL_ID",
            f"{key.name}: more than one record found for external id field: [{shown}]",
            [],
            status=300,
        )
        self.object_name = o.name
        self.matches = matches


def insert(tx: Transaction, o: ObjectType, body: Mapping[str, Any]) -> str:
    """Create a record and give its 18-character id."""
    permit(tx, o, "create")
    tx.laws.refuse(o.name, body, None)
    return _create(tx, tx.layouts[o.name], payload.read(tx, o, body, creating=True))


def update(tx: Transaction, o: ObjectType, record_id: str, body: Mapping[str, Any]) -> None:
    """Change a live record."""
    permit(tx, o, "edit")
    tx.laws.refuse(o.name, body, record_id)
    current = live_row(tx, o, record_id)
    may_write(tx, o, record_id)
    _change(tx, tx.layouts[o.name], current, payload.read(tx, o, body, creating=False))


def upsert(
    tx: Transaction, o: ObjectType, key: Field, value: Any, body: Mapping[str, Any], update_only: bool
) -> Upserted:
    """Create or change the one record whose key field has this value. Raises SeveralMatchesError, or NOT_FOUND."""
    matches = payload.find_by_key(tx, o, key, value)
    if len(matches) > 1:
        raise SeveralMatchesError(o, key, matches)
    if matches:
        update(tx, o, matches[0], body)
        return Upserted(matches[0], created=False)
    if update_only:
        raise OrgError("NOT_FOUND", "The requested resource does not exist")
    given = dict(body) if key.name == "Id" else {**body, key.name: value}
    return Upserted(insert(tx, o, given), created=True)


def create_unchecked(tx: Transaction, o: ObjectType, row: Row) -> str:
    """Create a record the API cannot (an organization, a profile), from stored values, whatever its permissions."""
    return _create(tx, tx.layouts[o.name], row)


def permit(tx: Transaction, o: ObjectType, operation: str) -> None:
    """Refuse an operation that the object or the user's permissions do not allow."""
    possible = {"create": o.createable, "edit": o.updateable, "delete": o.deletable}[operation]
    if not possible:
        raise RecordError("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", f"entity type {o.name} does not support {operation}")
    if not tx.access.allows(o, operation):
        raise RecordError("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id")


def live_row(tx: Transaction, o: ObjectType, record_id: str) -> Row:
    """Read a row that is there and not in the recycle bin."""
    row = tx.row(o, record_id)
    if row is None:
        raise RecordError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
    if row.get("IsDeleted"):
        raise RecordError("ENTITY_IS_DELETED", "entity is deleted")
    return row


def may_write(tx: Transaction, o: ObjectType, record_id: str) -> None:
    """Refuse a row that sharing does not let the user write, or not even see."""
    access = tx.access
    if o.name.lower() not in access.own_edits:
        return
    sql = f'SELECT 1 FROM {tx.layouts[o.name].table} WHERE "Id" = ? AND {owned(access.user_id, quoted(o.name))}'
    if tx.connection.execute(sql, (record_id,)).fetchone():
        return
    if o.name.lower() in access.own_only:
        raise RecordError(
            "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", "insufficient access rights on cross-reference id"
        )
    raise RecordError("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id")


def locked(tx: Transaction, o: ObjectType, row: Row) -> None:
    """Refuse a record that is locked, or one of whose parents is held: saving a record locks its parents."""

    def parents() -> list[str]:
        named = (row.get(f.name) for f in o.fields.values() if f.type == "reference" and f.name != "OwnerId")
        return [str(i) for i in named if i]

    tx.laws.locks.check(row.get("Id"), parents, tx.access.objects is None)


def _create(tx: Transaction, layout: Layout, given: Row) -> str:
    o = layout.type
    row: Row = {**layout.defaults, **given}
    for f, node in layout.formulas:
        if f.name not in given:
            row[f.name] = validation.default(tx, o, row, f, node)
    for name, value in layout.defaults.items():
        if row[name] is None and not o.fields[name.lower()].nillable:
            row[name] = value
    checks.values(layout, given)
    checks.required(layout.required, row)
    if "ownerid" in o.fields and row.get("OwnerId") is None:
        row["OwnerId"] = tx.access.user_id
    checks.references(tx, layout, given)
    checks.uniqueness(tx, layout, given, None)
    locked(tx, o, row)
    derived.complete(tx, o, row, given.keys())
    validation.check(tx, o, row, None)
    duplicate_rules.check(tx, o, row, None)
    _stamp_new(tx, layout, row)
    tx.connection.execute(layout.insert_sql, [row.get(name) for name in layout.columns])
    tx.note(o.name, row["Id"], "insert", None, {k: v for k, v in row.items() if v is not None})
    tx.inserted.append((o.name, row["Id"]))
    return str(row["Id"])


def _stamp_new(tx: Transaction, layout: Layout, row: Row) -> None:
    o = layout.type
    row["Id"] = row.get("Id") or tx.new_id(o)
    for f in layout.auto_numbers:
        row[f.name] = auto_number(f.auto_number or "{0}", tx.next_number(f"{o.name}.{f.name}"))
    row["CreatedDate"] = row["LastModifiedDate"] = tx.audit_stamp or tx.stamp
    row["SystemModstamp"] = tx.stamp
    for name in ("CreatedById", "LastModifiedById"):
        row[name] = tx.access.user_id
    if "name" in o.fields and row.get("Name") is None and o.custom:
        row["Name"] = row["Id"][:15]
    for name in [n for n in row if n.lower() not in o.fields]:
        del row[name]


def auto_number(pattern: str, number: int) -> str:
    """Write a number by a display format: `RP-{00000}` and 7 give `RP-00007`."""
    head, brace, rest = pattern.partition("{")
    zeros, _, tail = rest.partition("}")
    return f"{head}{str(number).zfill(len(zeros))}{tail}" if brace else f"{pattern}{number}"


def _change(tx: Transaction, layout: Layout, current: Row, given: Row) -> None:
    o, record_id = layout.type, current["Id"]
    changed = {name: value for name, value in given.items() if current.get(name) != value}
    checks.values(layout, changed)
    checks.required((f for f in map(o.fields.__getitem__, map(str.lower, given)) if not f.nillable), given)
    checks.references(tx, layout, changed)
    checks.uniqueness(tx, layout, changed, record_id)
    row = {**current, **given}
    locked(tx, o, row)
    derived.complete(tx, o, row, changed.keys())
    validation.check(tx, o, row, current)
    duplicate_rules.check(tx, o, row, current)
    row |= {"LastModifiedById": tx.access.user_id, "SystemModstamp": tx.stamp}
    row["LastModifiedDate"] = tx.audit_stamp or tx.stamp
    write(tx, layout, current, row, "update")


def write(tx: Transaction, layout: Layout, current: Row, row: Row, action: str) -> None:
    """Write the columns that differ, and journal them before and after."""
    names = [n for n in row if n.lower() in layout.type.fields and (row[n] != current.get(n) or n == "SystemModstamp")]
    settings = ", ".join(f"{quoted(n)} = ?" for n in names)
    tx.connection.execute(
        f'UPDATE {layout.table} SET {settings} WHERE "Id" = ?', [*(row[n] for n in names), current["Id"]]
    )
    tx.note(layout.type.name, current["Id"], action, {n: current.get(n) for n in names}, {n: row[n] for n in names})
