"""Permission sets of the package as records: what the org holds of them and what queries see.

    *.permissionset-meta.xml -> PermissionSet, ObjectPermissions, FieldPermissions rows

Called by org when it opens and after a deployment; a set that has not changed is left alone. Not here: what the rows mean
for a user (permissions).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import PurePosixPath

from lxml.etree import _Element

from crm_sync.local_org import metadata_xml
from crm_sync.local_org.metadata_xml import Files, flag, text
from crm_sync.local_org.records import create_unchecked
from crm_sync.local_org.transactions import Row, Transaction

_OBJECT_RIGHTS = {
    "PermissionsCreate": "allowCreate",
    "PermissionsRead": "allowRead",
    "PermissionsEdit": "allowEdit",
    "PermissionsDelete": "allowDelete",
    "PermissionsViewAllRecords": "viewAllRecords",
    "PermissionsModifyAllRecords": "modifyAllRecords",
}
_USER_RIGHTS = ("ViewAllData", "ModifyAllData", "ApiEnabled", "ViewSetup", "EditTask", "EditEvent")


def save(tx: Transaction, files: Files) -> None:
    """Save every permission set of a package whose file is new or has changed."""
    latest = {
        PurePosixPath(path).name.split(".", maxsplit=1)[0]: content
        for path, content in files.items()
        if path.endswith((".permissionset-meta.xml", ".permissionset"))
    }
    for name, content in latest.items():
        if _changed(tx, name, content):
            _save(tx, name, metadata_xml.parse(content))


def _changed(tx: Transaction, name: str, content: bytes) -> bool:
    fact, digest = f"permission set {name}", hashlib.sha256(content).hexdigest()
    found = tx.connection.execute("SELECT value FROM _facts WHERE name = ?", (fact,)).fetchone()
    tx.connection.execute("INSERT OR REPLACE INTO _facts VALUES (?, ?)", (fact, digest))
    return found is None or found[0] != digest


def _save(tx: Transaction, name: str, root: _Element) -> None:
    set_id = _set_id(tx, name, root)
    for child in ("ObjectPermissions", "FieldPermissions"):
        tx.connection.execute(f'DELETE FROM "{child}" WHERE "ParentId" = ?', (set_id,))
    for element in root.findall("objectPermissions"):
        rights = {column: int(flag(element, tag)) for column, tag in _OBJECT_RIGHTS.items()}
        _create(tx, "ObjectPermissions", {"ParentId": set_id, "SobjectType": text(element, "object"), **rights})
    enabled = [text(e, "name") for e in root.findall("customPermissions") if flag(e, "enabled")]
    tx.connection.execute(
        "INSERT OR REPLACE INTO _facts VALUES (?, ?)", (f"custom permissions of {name}", " ".join(enabled))
    )
    for row in _field_rows(root):
        _create(tx, "FieldPermissions", {"ParentId": set_id, **row})


def _set_id(tx: Transaction, name: str, root: _Element) -> str:
    rights = {text(u, "name") for u in root.findall("userPermissions") if flag(u, "enabled")}
    row: Row = {
        "Name": name,
        "Label": text(root, "label", name),
        "Description": text(root, "description")[:255] or None,
    }
    row |= {f"Permissions{right}": int(right in rights) for right in _USER_RIGHTS}
    found = tx.connection.execute('SELECT "Id" FROM "PermissionSet" WHERE "Name" = ?', (name,)).fetchone()
    if found is None:
        return _create(tx, "PermissionSet", row)
    settings = ", ".join(f'"{column}" = ?' for column in row)
    tx.connection.execute(f'UPDATE "PermissionSet" SET {settings} WHERE "Id" = ?', [*row.values(), found[0]])
    return str(found[0])


def _field_rows(root: _Element) -> Iterator[Row]:
    for element in root.findall("fieldPermissions"):
        o, _, field = text(element, "field").partition(".")
        for target in ("Task", "Event") if o == "Activity" else (o,):
            yield {
                "SobjectType": target,
                "Field": f"{target}.{field}",
                "PermissionsRead": int(flag(element, "readable")),
                "PermissionsEdit": int(flag(element, "editable")),
            }


def _create(tx: Transaction, name: str, row: Row) -> str:
    return create_unchecked(tx, tx.layouts[name].type, row)
