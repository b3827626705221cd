"""A record's JSON body as stored values: names resolved, rights checked, values converted.

    {"Name": "x", "Account": {"Key": "A-1"}} -> {"Name": "x", "AccountId": "001..."}

Called by records for every write. Not here: required fields, uniqueness and the like (checks).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm_sync.local_org import values
from crm_sync.local_org.errors import RecordError, no_such_column
from crm_sync.local_org.layout import quoted
from crm_sync.local_org.schema import Field, ObjectType
from crm_sync.local_org.transactions import Row, Transaction


def read(tx: Transaction, o: ObjectType, body: Mapping[str, Any], creating: bool) -> Row:
    """Read a body. Raises RecordError (unknown, forbidden or unfit field) or OrgError JSON_PARSER_ERROR."""
    row: Row = {}
    for key, value in body.items():
        if key == "attributes":
            continue
        f = o.field(key)
        if f is not None and tx.access.sees(o, f):
            _writable(tx, o, f, creating)
            row[f.name] = values.accept(f, value)
        else:
            reference = _reference(tx, o, key, value)
            row[reference.name] = find_reference(tx, reference, value)
    return row


def _writable(tx: Transaction, o: ObjectType, f: Field, creating: bool) -> None:
    if f.name == "Id":
        if creating:
            raise RecordError("INVALID_FIELD_FOR_INSERT_UPDATE", "cannot specify Id in an insert call", ["Id"])
        raise RecordError("INVALID_FIELD", "The Id field should not be specified in the sobject data.", ["Id"])
    if (f.createable if creating else f.updateable) and tx.access.edits(o, f):
        return
    raise RecordError(
        "INVALID_FIELD_FOR_INSERT_UPDATE",
        f"Unable to create/update fields: {f.name}. Please check the security settings of this field"
        " and verify that it is read/write for your profile or permission set.",
        [f.name],
    )


def _reference(tx: Transaction, o: ObjectType, key: str, value: Any) -> Field:
    """Find the lookup that a relationship name stands for."""
    reference = o.relationship(key)
    if reference is None or not isinstance(value, dict | None) or not tx.access.sees(o, reference):
        raise no_such_column(key, o.name)
    return reference


def find_reference(tx: Transaction, reference: Field, value: Mapping[str, Any] | None) -> str | None:
    """Find the record that `{"Key": "A-1"}` names; a polymorphic lookup also needs `attributes.type`."""
    if value is None:
        return None
    target = _target(tx, reference, value)
    keys = [k for k in value if k not in ("attributes", "type")]
    key = target.field(keys[0]) if len(keys) == 1 else None
    if key is None or not (key.id_lookup or key.external_id or key.name == "Id"):
        raise RecordError(
            "INVALID_FIELD",
            f"The relationship {reference.relationship_name} takes exactly one external ID field of {target.name}; found {keys}.",
            [],
        )
    matches = find_by_key(tx, target, key, value[keys[0]])
    if len(matches) != 1:
        raise RecordError(
            "INVALID_FIELD",
            f"Foreign key external ID: {str(value[keys[0]]).lower()} "
            f"{'not found' if not matches else 'matches more than one record'} "
            f"for field {key.name} in entity {target.name}",
            [],
        )
    return matches[0]


def _target(tx: Transaction, reference: Field, value: Mapping[str, Any]) -> ObjectType:
    attributes = value.get("attributes")
    named = attributes.get("type") if isinstance(attributes, dict) else value.get("type")
    wanted = [t for t in reference.reference_to if named is None or t.lower() == str(named).lower()]
    found = tx.schema.object(wanted[0]) if len(wanted) == 1 else None
    if found is None:
        raise RecordError(
            "INVALID_FIELD",
            f"The relationship {reference.relationship_name} needs attributes.type to say which object.",
            [],
        )
    return found


def find_by_key(tx: Transaction, o: ObjectType, key: Field, value: Any) -> list[str]:
    """List the ids of live records whose key field has this value, at most a few."""
    wanted = values.accept(key, str(value) if key.type == "string" and not isinstance(value, str | None) else value)
    if wanted is None:
        return []
    layout = tx.layouts[o.name]
    fold = "" if key.case_sensitive or key.type in ("id", "reference") else " COLLATE NOCASE"
    visible = f"{layout.live} AND {tx.access.rows(o)}"
    sql = f'SELECT "Id" FROM {layout.table} WHERE {quoted(key.name)} = ?{fold} AND {visible} ORDER BY "Id" LIMIT 20'
    return [row[0] for row in tx.connection.execute(sql, (wanted,))]
