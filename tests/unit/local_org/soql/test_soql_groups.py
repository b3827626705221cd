"""Grouped queries: AggregateResult rows, their names, subtotals."""

from __future__ import annotations

import pytest

from crm_sync.local_org.soql import SoqlError


def rows(org, text: str) -> list[dict[str, object]]:
    found = org.ask(text)
    assert all(r.pop("attributes") == {"type": "AggregateResult"} for r in found)
    return found


def test_count_alone_is_a_total_without_records(org):
    cursor = org.statement("select count() from Account").open(org.connection)
    assert cursor.total == 3
    assert cursor.page(org.connection) == []
    assert org.total("SELECT COUNT() FROM Account LIMIT 2") == 2
    assert org.total("SELECT COUNT() FROM Contact WHERE Account.Owner.Name = 'Ursula Owner'") == 2


def test_overall_aggregates(org):
    assert rows(
        org,
        "SELECT COUNT(Id), COUNT(Industry) filled, SUM(AnnualRevenue), AVG(NumberOfEmployees) mean, MIN(Renewal__c), "
        "MAX(Name) FROM Account",
    ) == [
        {
            "expr0": 3,
            "filled": 2,
            "expr1": 1002500.5,
            "mean": 28.5,
            "expr2": "2026-03-18",
            "expr3": "Ünïtech",
        }
    ]
    assert rows(
        org, "SELECT COUNT(Id), SUM(AnnualRevenue), SUM(NumberOfEmployees) n FROM Account WHERE Name = 'no'"
    ) == [{"expr0": 0, "expr1": None, "n": None}]


def test_picklist_extremes_follow_the_list(org):
    assert rows(org, "SELECT MIN(Industry) low, MAX(Industry) high FROM Account") == [
        {"low": "Technology", "high": "Retail"}
    ]


def test_group_by(org):
    assert rows(
        org,
        "SELECT Account.Name, COUNT(Id) n, DoNotCall FROM Contact GROUP BY Account.Name, DoNotCall ORDER BY Account.Name",
    ) == [
        {"Name": None, "n": 1, "DoNotCall": False},
        {"Name": "Acme", "n": 1, "DoNotCall": False},
        {"Name": "Acme", "n": 1, "DoNotCall": True},
        {"Name": "globex 100%", "n": 1, "DoNotCall": False},
    ]
    assert rows(org, "SELECT OwnerId owner FROM Account GROUP BY OwnerId ORDER BY COUNT(Id) DESC LIMIT 1") == [
        {"owner": org.USER}
    ]


def test_groups_ignore_case(org):
    assert rows(org, "SELECT COUNT_DISTINCT(Owner.Name), COUNT(Owner.Name) FROM Account") == [{"expr0": 2, "expr1": 3}]
    assert rows(org, "SELECT COUNT_DISTINCT(Key__c) FROM Account") == [{"expr0": 2}]  # aB and Ab mind case


def test_having(org):
    text = "SELECT OwnerId, COUNT(Id) FROM Account GROUP BY OwnerId HAVING COUNT(Id) {} ORDER BY OwnerId"
    assert [r["expr0"] for r in rows(org, text.format("> 1"))] == [2]
    assert [r["expr0"] for r in rows(org, text.format("IN (1, 2)"))] == [2, 1]
    assert rows(
        org,
        "SELECT Industry FROM Account GROUP BY Industry HAVING Industry LIKE 'R%' OR (NOT MAX(AnnualRevenue) < 9999)",
    ) == [{"Industry": None}, {"Industry": "Retail"}]


def test_date_functions(org):
    assert rows(
        org,
        "SELECT CALENDAR_YEAR(SystemModstamp), CALENDAR_MONTH(SystemModstamp) month, COUNT(Id) FROM Account "
        "GROUP BY CALENDAR_YEAR(SystemModstamp), CALENDAR_MONTH(SystemModstamp) ORDER BY CALENDAR_YEAR(SystemModstamp)",
    ) == [{"expr0": 2025, "month": 12, "expr1": 1}, {"expr0": 2026, "month": 3, "expr1": 2}]
    assert rows(
        org, "SELECT CALENDAR_MONTH(Renewal__c) FROM Account GROUP BY Renewal__c ORDER BY Renewal__c NULLS LAST"
    ) == [
        {"expr0": 3},
        {"expr0": 4},
        {"expr0": None},
    ]


def test_format(org):
    assert rows(org, "SELECT FORMAT(SUM(AnnualRevenue)) total, FORMAT(MIN(Renewal__c)), convertCurrency(MAX(AnnualRevenue)) m FROM Account") == [
        {"total": "$1,002,500.50", "expr0": "3/18/2026", "m": 1000000.0}
    ]  # fmt: skip


def test_rollup(org):
    text = "SELECT OwnerId, Industry, GROUPING(OwnerId) o, GROUPING(Industry) i, COUNT(Id) n FROM Account GROUP BY {}(OwnerId, Industry)"
    leaves = [
        {"OwnerId": org.USER, "Industry": None, "o": 0, "i": 0, "n": 1},
        {"OwnerId": org.USER, "Industry": "Retail", "o": 0, "i": 0, "n": 1},
        {"OwnerId": org.USER, "Industry": None, "o": 0, "i": 1, "n": 2},
        {"OwnerId": org.OTHER_USER, "Industry": "Technology", "o": 0, "i": 0, "n": 1},
        {"OwnerId": org.OTHER_USER, "Industry": None, "o": 0, "i": 1, "n": 1},
    ]
    total = {"OwnerId": None, "Industry": None, "o": 1, "i": 1, "n": 3}
    assert rows(org, text.format("ROLLUP")) == [*leaves, total]
    by_industry = [{"OwnerId": None, "Industry": x, "o": 1, "i": 0, "n": 1} for x in (None, "Retail", "Technology")]
    assert rows(org, text.format("CUBE")) == [*leaves, *by_industry, total]


def test_rollup_with_having_order_and_aggregate_of_the_grouped_field(org):
    assert rows(
        org,
        "SELECT Industry, COUNT(Industry) n FROM Account GROUP BY ROLLUP(Industry) HAVING GROUPING(Industry) = 1 "
        "ORDER BY COUNT(Industry) DESC",
    ) == [{"Industry": None, "n": 2}]
    assert [
        r["n"] for r in rows(org, "SELECT COUNT(Id) n FROM Account GROUP BY ROLLUP(OwnerId) ORDER BY COUNT(Id) DESC")
    ] == [
        3,
        2,
        1,
    ]


def test_more_than_2000_groups_have_no_locator(org):
    from crm_sync.local_org.soql.groups import MOST_GROUPS

    org.connection.execute("SAVEPOINT many")
    try:
        org.connection.executemany(
            'INSERT INTO "User" ("Id", "Name") VALUES (?, ?)', [(f"u{n}", f"n{n}") for n in range(MOST_GROUPS)]
        )
        with pytest.raises(SoqlError) as refused:
            org.ask("SELECT Name, COUNT(Id) FROM User GROUP BY Name")
        assert refused.value.code == "EXCEEDED_ID_LIMIT"
        assert len(org.ask("SELECT Name FROM User GROUP BY Name LIMIT 2000")) == MOST_GROUPS
    finally:
        org.connection.execute("ROLLBACK TO many")
