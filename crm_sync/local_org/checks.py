"""What the platform checks before it saves a record: required, length, picklists, e-mail, references, uniqueness.

Called by records with the stored values that change. Raises RecordError with Salesforce's code and wording.
Not here: an org's own validation rules, which the local org does not run.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from crm_sync.local_org.errors import RecordError
from crm_sync.local_org.layout import Layout, quoted
from crm_sync.local_org.schema import Field
from crm_sync.local_org.transactions import Row, Transaction

_EMAIL = re.compile(r"[^@\s,;<>()\[\]\\\"]+@[^@\s,;<>()\[\]\\\"]+\.[A-Za-z0-9-]{2,}")
_PICKLISTS = ("picklist", "multipicklist")


def values(layout: Layout, row: Row) -> None:
    """Check every given value by itself."""
    for name, value in row.items():
        f = layout.type.fields[name.lower()]
        if isinstance(value, str):
            _text(f, value)


def _text(f: Field, value: str) -> None:
    if f.type in _PICKLISTS and f.restricted:
        _restricted(f, value)
    if f.length and len(value) > f.length and f.type != "reference":
        raise RecordError(
            "STRING_TOO_LONG", f"{f.label}: data value too large: {value} (max length={f.length})", [f.name]
        )
    if f.type == "email" and not _EMAIL.fullmatch(value):
        raise RecordError("INVALID_EMAIL_ADDRESS", f"{f.label}: invalid email address: {value}", [f.name])


def _restricted(f: Field, value: str) -> None:
    allowed = {entry.value for entry in f.picklist if entry.active}
    for part in value.split(";") if f.type == "multipicklist" else (value,):
        if allowed and part not in allowed:
            raise RecordError(
                "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
                f"{f.label}: bad value for restricted picklist field: {part}",
                [f.name],
            )


def required(fields: Iterable[Field], row: Row) -> None:
    """Refuse a record that leaves required fields empty, naming all of them."""
    missing = [f.name for f in fields if row.get(f.name) is None]
    if missing:
        raise RecordError("REQUIRED_FIELD_MISSING", f"Required fields are missing: [{', '.join(missing)}]", missing)


def references(tx: Transaction, layout: Layout, row: Row) -> None:
    """Check that every given reference leads to a live record of an object it may refer to."""
    for name, value in row.items():
        f = layout.type.fields[name.lower()]
        if f.type == "reference" and value is not None:
            _reference(tx, layout, f, value)


def _reference(tx: Transaction, layout: Layout, f: Field, value: str) -> None:
    target = tx.schema.by_prefix(value)
    if target is None or target.name not in f.reference_to:
        raise RecordError("FIELD_INTEGRITY_EXCEPTION", f"{f.label}: id value of incorrect type: {value}", [f.name])
    state = tx.state_of(value)
    if state is None:
        raise RecordError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", [f.name])
    if state == "deleted":
        raise RecordError("ENTITY_IS_DELETED", "entity is deleted", [f.name])
    if f.name == "OwnerId" and target.name == "User":
        _active_owner(tx, layout, value)


def _active_owner(tx: Transaction, layout: Layout, user_id: str) -> None:
    found = tx.connection.execute('SELECT "IsActive" FROM "User" WHERE "Id" = ?', (user_id,)).fetchone()
    if found and not found[0]:
        raise RecordError(
            "INACTIVE_OWNER_OR_USER",
            f"operation performed with inactive user [{user_id[:15]}] as owner of {layout.type.label.lower()}",
            [],
        )


def uniqueness(tx: Transaction, layout: Layout, row: Row, record_id: str | None) -> None:
    """Refuse a value that another live record has in a unique field; the message names it by 15 characters."""
    _junction(tx, layout, row)
    for f in layout.unique:
        value = row.get(f.name)
        if value is None:
            continue
        fold = "" if f.case_sensitive else " COLLATE NOCASE"
        found = tx.connection.execute(
            f'SELECT "Id" FROM {layout.table} WHERE {quoted(f.name)} = ?{fold} AND "Id" IS NOT ? AND {layout.live} LIMIT 1',
            (value, record_id),
        ).fetchone()
        if found:
            raise RecordError(
                "DUPLICATE_VALUE",
                f"duplicate value found: {f.name} duplicates value on record with id: {found[0][:15]}",
                [f.name],
            )


def _junction(tx: Transaction, layout: Layout, row: Row) -> None:
    """Refuse a second record that joins what is joined already."""
    names = layout.type.once
    if not names or any(row.get(name) is None for name in names):
        return
    same = " AND ".join(f"{quoted(name)} = ?" for name in names)
    values = [row[name] for name in names]
    if tx.connection.execute(f"SELECT 1 FROM {layout.table} WHERE {same} AND {layout.live}", values).fetchone():
        told = "; ".join(f"{name.removesuffix('Id')}: {str(row[name])[:15]}" for name in names)
        raise RecordError("DUPLICATE_VALUE", f"Duplicate {layout.type.name}. {told}")
