"""What a user may do, from the rows of profiles, permission sets and their assignments.

    user id -> Access

Called by org, which keeps the answer until one of these rows changes. A profile that may modify all data sees everything;
"Standard User" has the standard objects, the API and the setup; "Salesforce API Only System Integrations" the API alone; other profiles
grant nothing, so that permission sets alone decide.
"""

from __future__ import annotations

import dataclasses
import sqlite3
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from crm_sync.local_org.access import Access
from crm_sync.local_org.schema import Field, ObjectType, Schema
from crm_sync.local_org.standard_objects import setup_objects

SOURCES = frozenset(
    {"User", "Profile", "PermissionSet", "PermissionSetAssignment", "ObjectPermissions", "FieldPermissions"}
)
_EVERY_OPERATION = frozenset({"read", "create", "edit", "delete"})
_ACTIVITY_RIGHTS = {"Task": "PermissionsEditTask", "Event": "PermissionsEditEvent"}
_WITH_API = ("Standard User", "Salesforce API Only System Integrations")
_SETS = 'SELECT "PermissionSetId" FROM "PermissionSetAssignment" WHERE "AssigneeId" = ?'


def of_user(connection: sqlite3.Connection, schema: Schema, user_id: str, sharing: bool) -> Access:
    """Work out the access of a user; `sharing` says whether rows are shared by their owners."""
    found = connection.execute(
        """SELECT p."Name", p."PermissionsModifyAllData", u."TimeZoneSidKey", u."IsActive", u."LanguageLocaleKey" FROM "User" AS u
           LEFT JOIN "Profile" AS p ON p."Id" = u."ProfileId" WHERE u."Id" = ?""",
        (user_id,),
    ).fetchone()
    if found is None:
        return Access(user_id, ZoneInfo("UTC"), objects={})
    profile, everything, zone, active, language = found
    person: dict[str, Any] = {"active": bool(active), "language": language or "en_US"}
    custom = _custom_permissions(connection, user_id)
    if everything or _any_right(connection, user_id, "PermissionsModifyAllData"):
        return Access(user_id, _zone(zone), custom_permissions=custom, **person)
    limited = _limited(connection, schema, user_id, _zone(zone), standard=profile == "Standard User")
    api = profile in _WITH_API or _any_right(connection, user_id, "PermissionsApiEnabled")
    own_only, own_edits = _own_rows(connection, schema, user_id) if sharing else (frozenset(), frozenset())
    return dataclasses.replace(
        limited,
        custom_permissions=custom,
        **person,
        api_enabled=api,
        own_only=own_only,
        own_edits=own_edits,
        views_setup=profile == "Standard User" or _any_right(connection, user_id, "PermissionsViewSetup"),
    )


def _own_rows(connection: sqlite3.Connection, schema: Schema, user_id: str) -> tuple[frozenset[str], frozenset[str]]:
    """Name the objects of which the user sees, and writes, only what they own: by the org-wide defaults and their rights."""
    sql = f"""SELECT lower("SobjectType"), max("PermissionsViewAllRecords"), max("PermissionsModifyAllRecords")
              FROM "ObjectPermissions" WHERE "ParentId" IN ({_SETS}) GROUP BY 1"""
    found = connection.execute(sql, (user_id,)).fetchall()
    owned = {name: o for name, o in schema.objects.items() if o.field("OwnerId")}
    private = {name for name, o in owned.items() if o.sharing == "Private"}
    fixed = private | {name for name, o in owned.items() if o.sharing == "Read"}
    every = _any_right(connection, user_id, "PermissionsViewAllData")
    seen = owned.keys() if every else {name for name, view, modify in found if view or modify}
    return frozenset(private - seen), frozenset(fixed - {name for name, _, modify in found if modify})


def _zone(name: str | None) -> ZoneInfo:
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def _any_right(connection: sqlite3.Connection, user_id: str, column: str) -> bool:
    sql = f'SELECT max("{column}") FROM "PermissionSet" WHERE "Id" IN ({_SETS})'
    return bool(connection.execute(sql, (user_id,)).fetchone()[0])


def _custom_permissions(connection: sqlite3.Connection, user_id: str) -> frozenset[str]:
    sql = f"""SELECT f.value FROM _facts AS f JOIN "PermissionSet" AS p ON f.name = 'custom permissions of ' || p."Name"
              WHERE p."Id" IN ({_SETS})"""
    return frozenset(name for (names,) in connection.execute(sql, (user_id,)) for name in names.split())


def _limited(connection: sqlite3.Connection, schema: Schema, user_id: str, zone: ZoneInfo, standard: bool) -> Access:
    objects = _objects(connection, schema, user_id, standard)
    readable, editable = _fields(connection, user_id)
    hidden, read_only = set(), set()
    for o in schema.objects.values():
        for f in o.fields.values():
            if not f.permissionable or (standard and not f.custom and not o.custom):
                continue
            names = _granted_by(o, f)
            if not readable & names:
                hidden.add((o.name.lower(), f.name.lower()))
            if not editable & names:
                read_only.add((o.name.lower(), f.name.lower()))
    return Access(user_id, zone, objects, frozenset(hidden), frozenset(read_only))


def _granted_by(o: ObjectType, f: Field) -> set[str]:
    """Name the field permissions that cover a field: its own, and that of the address it is part of."""
    whole = f.compound if f.compound and f.compound.endswith("Address") else f.name
    return {f"{o.name}.{f.name}".lower(), f"{o.name}.{whole}".lower()}


def _objects(connection: sqlite3.Connection, schema: Schema, user_id: str, standard: bool) -> dict[str, frozenset[str]]:
    granted: dict[str, frozenset[str]] = {name.lower(): frozenset({"read"}) for name in setup_objects()}
    for name, right in _ACTIVITY_RIGHTS.items():
        writes = standard or _any_right(connection, user_id, right)
        granted[name.lower()] = _EVERY_OPERATION if writes else frozenset({"read"})
    if standard:
        for o in schema.objects.values():
            if not o.custom and o.name not in setup_objects():
                granted[o.name.lower()] = _EVERY_OPERATION
    sql = f"""SELECT lower("SobjectType"), max("PermissionsRead"), max("PermissionsCreate"), max("PermissionsEdit"),
              max("PermissionsDelete") FROM "ObjectPermissions" WHERE "ParentId" IN ({_SETS}) GROUP BY 1"""
    for name, *rights in connection.execute(sql, (user_id,)):
        allowed = {op for op, right in zip(("read", "create", "edit", "delete"), rights, strict=True) if right}
        granted[name] = granted.get(name, frozenset()) | allowed
    return granted


def _fields(connection: sqlite3.Connection, user_id: str) -> tuple[set[str], set[str]]:
    sql = f"""SELECT lower("Field"), max("PermissionsRead"), max("PermissionsEdit") FROM "FieldPermissions"
              WHERE "ParentId" IN ({_SETS}) GROUP BY 1"""
    found = connection.execute(sql, (user_id,)).fetchall()
    return {name for name, read, edit in found if read or edit}, {name for name, _, edit in found if edit}
