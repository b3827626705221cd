"""The records every org has before anybody writes: the organization, profiles, two users, business hours.

Called by org when it opens; does nothing on a database that has them. Not here: sample data (seed).
"""

from __future__ import annotations

from crm_sync.local_org.ids import ORGANIZATION_ID
from crm_sync.local_org.records import create_unchecked
from crm_sync.local_org.transactions import Row, Transaction

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


def ensure(tx: Transaction, worker: str) -> None:
    """Create the records that are missing; `worker` is the user name the connected app runs as."""
    if tx.state_of(ORGANIZATION_ID):
        _ensure_worker(tx, worker)
        return
    profiles = {name: _create(tx, "Profile", _profile(name, power)) for name, power in _PROFILES}
    _create(tx, "User", _user(ADMINISTRATOR, "Ada", "Admin", "admin", profiles["System Administrator"]))
    _create(tx, "Organization", _organization())
    _create(tx, "BusinessHours", {"Name": "Default", "IsActive": 1, "IsDefault": 1, "TimeZoneSidKey": "GMT"})
    _ensure_worker(tx, worker)


def _ensure_worker(tx: Transaction, worker: str) -> None:
    if tx.connection.execute('SELECT 1 FROM "User" WHERE "Username" = ? COLLATE NOCASE', (worker,)).fetchone():
        return
    profile = tx.connection.execute(
        """SELECT "Id" FROM "Profile" WHERE "Name" = 'Salesforce API Only System Integrations'"""
    ).fetchone()
    _create(tx, "User", _user(worker, None, "Integration User", "worker", profile[0]))


def _create(tx: Transaction, name: str, row: Row) -> str:
    return create_unchecked(tx, tx.layouts[name].type, row)


def _profile(name: str, power: int) -> Row:
    return {"Name": name, "PermissionsViewAllData": power, "PermissionsModifyAllData": power}


def _user(username: str, first: str | None, last: str, alias: str, profile_id: str) -> Row:
    names: Row = {"Username": username, "FirstName": first, "LastName": last, "Alias": alias, "Email": username}
    return {**names, **_LOCALE, "ProfileId": profile_id, "IsActive": 1}


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
