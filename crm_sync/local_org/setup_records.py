"""The records every org has before anybody writes: the organization, profiles, two users, business hours.

Called by org when it opens; does nothing on a database that has them. Not here: sample data (seed).
"""

from __future__ import annotations

from collections.abc import Sequence

from crm_sync.local_org.ids import ORGANIZATION_ID, make
from crm_sync.local_org.records import create_unchecked
from crm_sync.local_org.transactions import Row, Transaction

SYSTEM_USER_ID = make("005", 0)
ADMINISTRATOR = "admin@crm-sync.example"
_LOCALE: Row = {
    "TimeZoneSidKey": "GMT",
    "LocaleSidKey": "en_US",
    "EmailEncodingKey": "UTF-8",
    "LanguageLocaleKey": "en_US",
}
_PROFILES = (
    ("System Administrator", 1),
    ("Standard User", 0),
    ("Minimum Access - Salesforce", 0),
    ("Salesforce API Only System Integrations", 0),
)


def ensure(tx: Transaction, worker: str, permission_sets: Sequence[str] | None) -> None:
    """Create the records that are missing; `worker` is the user name the connected app runs as.

    Without `permission_sets` the worker is an administrator with every one of them. Raises ValueError for a permission set that is not there.
    """
    if not tx.state_of(ORGANIZATION_ID):
        profiles = {name: _create(tx, "Profile", _profile(name, power)) for name, power in _PROFILES}
        system = _user(
            "autoproc@crm-sync.example", "Automated", "Process", "autoproc", profiles["System Administrator"]
        )
        _create(tx, "User", {**system, "Id": SYSTEM_USER_ID, "UserType": "AutomatedProcess"})
        _create(tx, "User", _user(ADMINISTRATOR, "Ada", "Admin", "admin", profiles["System Administrator"]))
        _create(tx, "Organization", _organization())
        _create(tx, "BusinessHours", _business_hours())
    if not _find(tx, "User", "Username", worker):
        _create_worker(tx, worker, permission_sets)


def _create_worker(tx: Transaction, worker: str, permission_sets: Sequence[str] | None) -> None:
    profile = "System Administrator" if permission_sets is None else "Salesforce API Only System Integrations"
    user_id = _create(
        tx, "User", _user(worker, None, "Integration User", "worker", _find(tx, "Profile", "Name", profile))
    )
    every = [row[0] for row in tx.connection.execute('SELECT "Name" FROM "PermissionSet"')]
    for name in every if permission_sets is None else permission_sets:
        set_id = _find(tx, "PermissionSet", "Name", name)
        if set_id is None:
            raise ValueError(f"Permission set {name!r} is not in the package; the worker's user cannot be assigned it.")
        _create(tx, "PermissionSetAssignment", {"PermissionSetId": set_id, "AssigneeId": user_id, "IsActive": 1})


def _find(tx: Transaction, name: str, field: str, value: str) -> str | None:
    found = tx.connection.execute(f'SELECT "Id" FROM "{name}" WHERE "{field}" = ? COLLATE NOCASE', (value,)).fetchone()
    return str(found[0]) if found else None


def _create(tx: Transaction, name: str, row: Row) -> str:
    return create_unchecked(tx, tx.layouts[name].type, row)


def _profile(name: str, power: int) -> Row:
    return {"Name": name, "PermissionsViewAllData": power, "PermissionsModifyAllData": power}


def _user(username: str, first: str | None, last: str, alias: str, profile_id: str | None) -> Row:
    names: Row = {"Username": username, "FirstName": first, "LastName": last, "Alias": alias, "Email": username}
    return {**names, **_LOCALE, "ProfileId": profile_id, "IsActive": 1}


def _business_hours() -> Row:
    """Round the clock on all seven days, as in every org until somebody says otherwise."""
    days = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
    open_all_day: Row = {f"{day}{end}Time": "00:00:00.000Z" for day in days for end in ("Start", "End")}
    return {"Name": "Default", "IsActive": 1, "IsDefault": 1, "TimeZoneSidKey": "GMT", **open_all_day}


def _organization() -> Row:
    return {
        "Id": ORGANIZATION_ID,
        "Name": "Embedded org",
        "DefaultLocaleSidKey": "en_US",
        "LanguageLocaleKey": "en_US",
        "TimeZoneSidKey": "GMT",
        "FiscalYearStartMonth": 1,
        "OrganizationType": "Developer Edition",
        "InstanceName": "LO0",
        "IsSandbox": 1,
        "IsReadOnly": 0,
    }
