"""Statements and cursors: totals, pages, columns, and Bulk's flat rows."""

from __future__ import annotations

import csv
import io

import pytest

from crm_sync.local_org.soql import SoqlError


def test_cursor_pages_are_linear_and_stable(org):
    connection = org.connection
    connection.execute("SAVEPOINT paging")
    try:
        ids = [f"001page{n:08d}AAA" for n in range(500)]
        rows = [(i, f"N{n:03d}", org.USER) for n, i in enumerate(ids)]
        connection.executemany('INSERT INTO "Account" ("Id", "Name", "OwnerId") VALUES (?, ?, ?)', rows)
        cursor = org.statement("SELECT Name, Owner.Name FROM Account WHERE Name LIKE 'N%' ORDER BY Name DESC").open(
            connection
        )
        assert cursor.total == 500
        assert len(cursor.ids) == 500 * 18
        first = [r["Name"] for r in cursor.page(connection, 0, 200)]
        connection.execute('INSERT INTO "Account" ("Id", "Name") VALUES (?, ?)', ("001page99999999AAA", "N999"))
        connection.execute('DELETE FROM "Account" WHERE "Name" = ?', ("N100",))
        rest = [r["Name"] for offset in (200, 400) for r in cursor.page(connection, offset, 200)]
        assert first + rest == [f"N{n:03d}" for n in range(499, -1, -1) if n != 100]
        assert cursor.page(connection, 600, 200) == []
    finally:
        connection.execute("ROLLBACK TO paging")


def test_total_stays_within_limit_and_offset(org):
    assert org.total("SELECT Id FROM Contact ORDER BY Name LIMIT 2") == 2
    assert org.total("SELECT Id FROM Contact ORDER BY Name LIMIT 3 OFFSET 2") == 2


def test_groups_page_too(org):
    cursor = org.statement("SELECT Name FROM Account GROUP BY Name ORDER BY Name").open(org.connection)
    assert [r["Name"] for r in cursor.page(org.connection, 1, 1)] == ["globex 100%"]


def test_column_metadata(org):
    metadata = org.statement(
        "SELECT Name, NumberOfEmployees, Owner.Name, (SELECT LastName FROM Contacts) FROM account"
    ).column_metadata()
    assert {k: v for k, v in metadata.items() if k != "columnMetadata"} == {
        "entityName": "Account",
        "groupBy": False,
        "idSelected": False,
        "keyPrefix": "001",
    }
    name, employees, owner, contacts = metadata["columnMetadata"]
    assert name == {
        "aggregate": False,
        "apexType": "String",
        "booleanType": False,
        "columnName": "Name",
        "custom": False,
        "displayName": "Name",
        "foreignKeyName": None,
        "insertable": True,
        "joinColumns": [],
        "numberType": False,
        "textType": True,
        "updatable": True,
    }
    assert (employees["apexType"], employees["numberType"]) == ("Integer", True)
    assert (owner["columnName"], owner["aggregate"]) == ("Owner", False)
    assert [c["columnName"] for c in owner["joinColumns"]] == ["Name"]
    assert (contacts["columnName"], contacts["aggregate"], contacts["apexType"]) == ("Contacts", True, None)
    assert [c["columnName"] for c in contacts["joinColumns"]] == ["LastName"]


def test_column_metadata_of_groups(org):
    metadata = org.statement(
        "SELECT Industry, AVG(AnnualRevenue), COUNT(Id) n FROM Account GROUP BY Industry"
    ).column_metadata()
    shown = [(c["columnName"], c["displayName"], c["aggregate"], c["numberType"]) for c in metadata["columnMetadata"]]
    assert shown == [
        ("Industry", "Industry", False, False),
        ("expr0", "avg(AnnualRevenue)", True, True),
        ("n", "count(Id)", True, True),
    ]
    assert metadata["groupBy"] is True
    assert org.statement("SELECT COUNT() FROM Account").column_metadata()["columnMetadata"] == []


def test_columns_know_types(org):
    columns = org.statement("SELECT Id, SystemModstamp, Regions__c, Active__c FROM Account").columns
    assert [(c.name, c.type, c.custom) for c in columns] == [
        ("Id", "id", False),
        ("SystemModstamp", "datetime", False),
        ("Regions__c", "multipicklist", True),
        ("Active__c", "boolean", True),
    ]
    assert org.statement("SELECT Id FROM Account").kind == "records"
    assert org.statement("SELECT COUNT(Id) FROM Account").kind == "groups"
    assert org.statement("SELECT COUNT() FROM Account").kind == "count"


BULK = "SELECT id, account.NAME, LastName, DoNotCall, Birthdate, Account.AnnualRevenue, SystemModstamp FROM Contact ORDER BY Name"


def test_flat_rows(org):
    statement = org.statement(BULK)
    assert statement.header() == (
        "Id",
        "Account.Name",
        "LastName",
        "DoNotCall",
        "Birthdate",
        "Account.AnnualRevenue",
        "SystemModstamp",
    )
    assert list(statement.flat_rows(org.connection)) == [
        (org.ANN, "Acme", "Archer", "true", "1980-02-29", 1000000.0, "2026-03-01T00:00:00.000Z"),
        (org.BOB, "Acme", "O'Brien", "false", "1991-12-31", 1000000.0, "2026-03-02T00:00:00.000Z"),
        (org.DEE, None, "Free", "false", None, None, "2026-03-04T00:00:00.000Z"),
        (org.CID, "globex 100%", 'Quote"d', "false", None, 2500.5, "2026-03-03T00:00:00.000Z"),
    ]


@pytest.mark.parametrize(("delimiter", "line_ending"), [(",", "\n"), ("\t", "\r\n"), ("^", "\n")])
def test_csv_blocks_say_the_same(org, delimiter, line_ending):
    statement = org.statement(BULK)
    blocks = list(statement.csv_blocks(org.connection, delimiter, line_ending, rows_per_block=3))
    assert [n for n, _ in blocks] == [3, 1]
    text = "".join(t for _, t in blocks)
    assert text.endswith('"2026-03-03T00:00:00.000Z"' + line_ending)
    expected = [["" if v is None else str(v) for v in row] for row in statement.flat_rows(org.connection)]
    assert list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)) == expected


def test_csv_of_many_columns(org):
    fields = ", ".join(f.name for f in org.schema.object("Account").fields.values() if f.stored)
    parents = ", ".join(f"Parent.{p}Name" for p in ("", "Owner.", "Parent.", "Parent.Owner.", "Parent.Parent."))
    [(rows, text)] = org.statement(f"SELECT {fields}, {parents} FROM Account").csv_blocks(org.connection)
    assert (rows, text.count("\n")) == (3, 3)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT COUNT() FROM Account",
        "SELECT Name FROM Account GROUP BY Name",
        "SELECT Id, (SELECT Id FROM Contacts) FROM Account",
        "SELECT TYPEOF Who WHEN Contact THEN Name END FROM Task",
        "SELECT Id FROM Account LIMIT 5 OFFSET 1",
        "SELECT FIELDS(ALL) FROM Contact LIMIT 5",
        "SELECT BillingAddress FROM Account",
        "SELECT Body FROM Task",
    ],
)
def test_bulk_refuses(org, text):
    with pytest.raises(SoqlError, match="not supported in Bulk Query") as refused:
        org.statement(text).require_bulk()
    assert refused.value.code == "API_ERROR"


def test_bulk_takes_plain_queries(org):
    org.statement(BULK + " LIMIT 10").require_bulk()


@pytest.mark.parametrize(
    ("text", "index"),
    [
        ("SELECT Id FROM Account WHERE SystemModstamp >= 2026-01-01T00:00:00Z ORDER BY SystemModstamp, Id", "by_stamp"),
        ("SELECT Id FROM Account WHERE SystemModstamp > LAST_MONTH", "by_stamp"),
        ("SELECT Id FROM Account WHERE Name = 'acme'", "by_name"),
        ("SELECT Id FROM Account WHERE Name IN ('acme', 'globex')", "by_name"),
        ("SELECT Id FROM Account WHERE Key__c = 'aB'", "by_key"),
        ("SELECT Id FROM Account WHERE Id > '001xx0000000001AAA' ORDER BY Id", "autoindex"),
    ],
)
def test_indexes_serve(org, text, index):
    connection = org.connection
    connection.execute("SAVEPOINT indexed")
    try:
        connection.execute('CREATE INDEX by_stamp ON "Account" ("SystemModstamp", "Id")')
        connection.execute('CREATE INDEX by_name ON "Account" ("Name" COLLATE NOCASE)')
        connection.execute('CREATE INDEX by_key ON "Account" ("Key__c")')
        plan = org.statement(text).plan
        steps = [r[3] for r in connection.execute("EXPLAIN QUERY PLAN " + plan.ids_sql, plan.parameters)]
        assert index in steps[0]
        assert not any("TEMP B-TREE" in s for s in steps)
    finally:
        connection.execute("ROLLBACK TO indexed")
