"""A small org for the SOQL tests: four objects, a handful of rows whose values are easy to reason about."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from crm_sync.local_org import ids
from crm_sync.local_org.schema import ChildRelationship, Field, ObjectType, PicklistValue, Schema
from crm_sync.local_org.soql import UserContext, compile_query, prepare

CLOCK = datetime(2026, 3, 18, 10, 30, tzinfo=UTC)  # a Wednesday


def make_id(prefix: str, number: int) -> str:
    id15 = f"{prefix}xx000000{number:04d}"
    return id15 + ids.checksum(id15)


ACME, GLOBEX, INITECH, GONE = (make_id("001", n) for n in range(1, 5))
ANN, BOB, CID, DEE = (make_id("003", n) for n in range(1, 5))
USER, OTHER_USER = make_id("005", 1), make_id("005", 2)
QUEUE = make_id("00G", 1)
CALL, VISIT, NOTE = (make_id("00T", n) for n in range(1, 4))


def reference(name: str, to: tuple[str, ...], relationship: str, **more: Any) -> Field:
    return Field(name, name, "reference", length=18, reference_to=to, relationship_name=relationship, **more)


def picks(*values: str) -> tuple[PicklistValue, ...]:
    return tuple(PicklistValue(v, f"{v} label") for v in values)


def define(name: str, prefix: str, *fields: Field, **more: Any) -> ObjectType:
    own = (Field("Id", "Id", "id", length=18), *fields, Field("IsDeleted", "Deleted", "boolean"))
    own += (Field("SystemModstamp", "Stamp", "datetime", groupable=False),)
    return ObjectType(name, name, f"{name}s", prefix, {f.name.lower(): f for f in own}, **more)


SCHEMA_OBJECTS = (
    define(
        "Account",
        "001",
        Field("Name", "Account Name", "string", length=255),
        Field("Industry", "Industry", "picklist", picklist=picks("Technology", "Retail", "Banking")),
        Field("Regions__c", "Regions", "multipicklist", picklist=picks("North", "South", "East"), custom=True),
        Field("AnnualRevenue", "Revenue", "currency", scale=2),
        Field("NumberOfEmployees", "Employees", "int"),
        Field("Renewal__c", "Renewal", "date", custom=True),
        Field(
            "Description", "Description", "textarea", length=32000, filterable=False, sortable=False, groupable=False
        ),
        Field("Key__c", "Key", "string", length=64, unique=True, case_sensitive=True, external_id=True, custom=True),
        Field("Active__c", "Active", "boolean", custom=True),
        Field("BillingStreet", "Street", "textarea", length=255, compound="BillingAddress"),
        Field("BillingCity", "City", "string", length=40, compound="BillingAddress"),
        Field("BillingAddress", "Address", "address"),
        Field("Score__c", "Score", "double", formula="1 + 1", custom=True),
        reference("OwnerId", ("User",), "Owner"),
        reference("ParentId", ("Account",), "Parent"),
        reference("Sponsor__c", ("Contact",), "Sponsor__r", custom=True),
        children=(
            ChildRelationship("Contacts", "Contact", "AccountId"),
            ChildRelationship("Tasks", "Task", "WhatId"),
            ChildRelationship("ChildAccounts", "Account", "ParentId"),
        ),
    ),
    define(
        "Contact",
        "003",
        Field("FirstName", "First Name", "string", length=40),
        Field("LastName", "Last Name", "string", length=80),
        Field("Name", "Name", "string", length=121),
        Field("Email", "Email", "email", length=80),
        Field("Birthdate", "Birthdate", "date"),
        Field("DoNotCall", "Do Not Call", "boolean"),
        reference("AccountId", ("Account",), "Account"),
        children=(
            ChildRelationship("Tasks", "Task", "WhoId"),
            ChildRelationship("Sponsored__r", "Account", "Sponsor__c"),
        ),
    ),
    define(
        "User",
        "005",
        Field("Name", "Name", "string"),
        Field("Username", "Username", "string"),
        Field("Department", "Department", "string"),
        Field("IsActive", "Active", "boolean"),
    ),
    define("Group", "00G", Field("Name", "Name", "string"), Field("Type", "Type", "picklist", picklist=picks("Queue"))),
    define(
        "Task",
        "00T",
        Field("Subject", "Subject", "string", name_field=True),
        Field("Body", "Body", "base64"),
        Field("Start__c", "Start", "time"),
        reference("WhoId", ("Contact", "User"), "Who"),
        reference("WhatId", ("Account", "Task"), "What"),
        reference("OwnerId", ("Group", "User"), "Owner"),
    ),
    define("Locked", "0ZZ", queryable=False),
)
SCHEMA = Schema({o.name.lower(): o for o in SCHEMA_OBJECTS})
_SQL_TYPES = {"boolean": "INTEGER NOT NULL DEFAULT 0", "int": "INTEGER", "double": "REAL", "currency": "REAL"}

ROWS: dict[str, list[dict[str, Any]]] = {
    "User": [
        {"Id": USER, "Name": "Ursula Owner", "Username": "ursula@example.com", "IsActive": 1, "Department": "Sales"},
        {"Id": OTHER_USER, "Name": "Otto Other", "Username": "otto@example.com", "IsActive": 0},
    ],
    "Group": [{"Id": QUEUE, "Name": "References", "Type": "Queue"}],
    "Account": [
        {
            "Id": ACME, "Name": "Acme", "Industry": "Retail", "Regions__c": "North;East", "AnnualRevenue": 1000000.0,
            "NumberOfEmployees": 50, "Renewal__c": "2026-03-18", "Description": "Long text", "Key__c": "aB",
            "Active__c": 1, "BillingStreet": "1 Way", "BillingCity": "Ulm", "OwnerId": USER, "Sponsor__c": ANN,
            "SystemModstamp": "2026-03-18T09:00:00.000+0000",
        },
        {
            "Id": GLOBEX, "Name": "globex 100%", "Industry": "Technology", "Regions__c": "South",
            "AnnualRevenue": 2500.5, "NumberOfEmployees": 7, "Renewal__c": "2026-04-01", "Key__c": "Ab",
            "OwnerId": OTHER_USER, "ParentId": ACME, "SystemModstamp": "2026-03-17T23:30:00.000+0000",
        },
        {
            "Id": INITECH, "Name": "Ünïtech", "OwnerId": USER, "ParentId": GLOBEX,
            "SystemModstamp": "2025-12-31T23:59:59.000+0000",
        },
        {"Id": GONE, "Name": "Gone", "OwnerId": USER, "IsDeleted": 1, "SystemModstamp": "2026-01-01T00:00:00.000+0000"},
    ],
    "Contact": [
        {
            "Id": ANN, "FirstName": "Ann", "LastName": "Archer", "Name": "Ann Archer", "Email": "ann@acme.test",
            "Birthdate": "1980-02-29", "DoNotCall": 1, "AccountId": ACME, "SystemModstamp": "2026-03-01T00:00:00.000+0000",
        },
        {
            "Id": BOB, "FirstName": "Bob", "LastName": "O'Brien", "Name": "Bob O'Brien", "AccountId": ACME,
            "Birthdate": "1991-12-31", "SystemModstamp": "2026-03-02T00:00:00.000+0000",
        },
        {
            "Id": CID, "LastName": 'Quote"d', "Name": 'Quote"d', "AccountId": GLOBEX,
            "SystemModstamp": "2026-03-03T00:00:00.000+0000",
        },
        {"Id": DEE, "LastName": "Free", "Name": "Free", "SystemModstamp": "2026-03-04T00:00:00.000+0000"},
    ],
    "Task": [
        {"Id": CALL, "Subject": "Call", "WhoId": ANN, "WhatId": ACME, "OwnerId": USER, "Start__c": "09:30:00.000Z"},
        {"Id": VISIT, "Subject": "Visit", "WhoId": USER, "WhatId": CALL, "OwnerId": QUEUE, "Body": "x"},
        {"Id": NOTE, "Subject": "Note", "OwnerId": USER},
    ],
}  # fmt: skip


def create(connection: sqlite3.Connection, schema: Schema = SCHEMA) -> None:
    """Make the tables."""
    for obj in schema.objects.values():
        columns = [f'"{f.name}" {_SQL_TYPES.get(f.type, "TEXT")}' for f in obj.fields.values() if f.stored]
        columns[0] += " PRIMARY KEY"
        connection.execute(f'CREATE TABLE "{obj.name}" ({", ".join(columns)})')


def insert(connection: sqlite3.Connection, table: str, row: dict[str, Any]) -> None:
    """Store one row."""
    columns = ", ".join(f'"{c}"' for c in row)
    marks = ", ".join("?" * len(row))
    connection.execute(f'INSERT INTO "{table}" ({columns}) VALUES ({marks})', list(row.values()))


class Org:
    """The small org, asked in one call; its records' ids by name."""

    ACME, GLOBEX, INITECH, GONE = ACME, GLOBEX, INITECH, GONE
    ANN, BOB, CID, DEE = ANN, BOB, CID, DEE
    USER, OTHER_USER, QUEUE = USER, OTHER_USER, QUEUE
    CALL, VISIT, NOTE = CALL, VISIT, NOTE

    def __init__(self) -> None:
        self.connection = sqlite3.connect(":memory:")
        self.schema = SCHEMA
        self.user = UserContext(USER, ZoneInfo("UTC"))
        prepare(self.connection)
        create(self.connection)
        for table, rows in ROWS.items():
            for row in rows:
                insert(self.connection, table, {"SystemModstamp": "2026-03-01T00:00:00.000+0000", **row})

    def as_user(self, **changes: Any) -> Org:
        """See the org as another user."""
        other = object.__new__(Org)
        other.__dict__.update(self.__dict__, user=replace(self.user, **changes))
        return other

    def statement(self, text: str, *, include_deleted: bool = False) -> Any:
        return compile_query(text, self.schema, self.user, CLOCK, include_deleted=include_deleted)

    def ask(self, text: str, *, include_deleted: bool = False) -> list[dict[str, Any]]:
        """Return the records."""
        return self.statement(text, include_deleted=include_deleted).records(self.connection)

    def total(self, text: str) -> int:
        return self.statement(text).open(self.connection).total

    def values(self, text: str, *, include_deleted: bool = False) -> list[Any]:
        """Return the one column selected, or tuples of several."""
        found = [
            tuple(v for k, v in r.items() if k != "attributes") for r in self.ask(text, include_deleted=include_deleted)
        ]
        return [row[0] if len(row) == 1 else row for row in found]


@pytest.fixture(scope="session")
def org() -> Org:
    """The small org; read only."""
    return Org()
