"""Conditions against the small org: which accounts match, by their first letter (Acme, globex, Ünïtech)."""

from __future__ import annotations

import pytest

NAMES = {"Acme": "A", "globex 100%": "g", "Ünïtech": "Ü", "Gone": "x"}

CASES = {
    # text, without case; null is a value
    "Name = 'ACME'": "A",
    "NAME != 'acme'": "gÜ",
    "Name <> 'acme'": "gÜ",
    "Name = 'ÜNÏTECH'": "Ü",
    "Name != 'ÜNÏTECH'": "Ag",
    "Name IN ('acme', 'ünïTECH')": "AÜ",
    "Name NOT IN ('acme', 'ünïTECH')": "g",
    "Name > 'b'": "gÜ",
    "Name <= 'GLOBEX 100%'": "Ag",
    "Name = ''": "",
    "Name != ''": "AgÜ",
    "Industry = null": "Ü",
    "Industry = ''": "Ü",
    "Industry != NULL": "Ag",
    "Industry != 'Retail'": "gÜ",
    "Industry NOT IN ('Retail')": "gÜ",
    "Industry NOT IN ('Retail', null)": "g",
    "Industry IN (null, 'Retail')": "AÜ",
    "Industry IN ('')": "Ü",
    "NOT Industry = 'Retail'": "gÜ",
    "NOT Industry != 'Retail'": "A",
    "NOT Industry = null": "Ag",
    "Industry < 'S'": "A",
    "NOT Industry < 'S'": "gÜ",
    "NOT Industry IN ('Retail', null)": "g",
    "NOT Industry NOT IN ('Retail')": "A",
    "Industry < null": "",
    # LIKE
    "Name LIKE 'a%'": "A",
    "Name LIKE '%E%'": "AgÜ",
    "Name LIKE 'ACM_'": "A",
    "Name LIKE '_N%'": "Ü",
    "Name LIKE 'ünï%'": "Ü",
    "Name LIKE '%100\\%'": "g",
    "Name LIKE 'globex\\_%'": "",
    "NOT Industry LIKE 'R%'": "gÜ",
    "NOT NOT Industry LIKE 'R%'": "A",
    "Industry LIKE null": "Ü",
    "Name LIKE ''": "",
    # case-sensitive text
    "Key__c = 'aB'": "A",
    "Key__c IN ('Ab')": "g",
    "Key__c LIKE 'a%'": "A",
    "NOT Key__c LIKE 'a%'": "gÜ",
    "Key__c LIKE '_b'": "g",
    # ids
    "Id = '001xx0000000001'": "A",
    "Id = '001xx0000000001AAA'": "A",
    "Id = '001xx0000000001aaa'": "A",
    "Id != '001xx0000000001'": "gÜ",
    "ParentId = '001xx0000000001AAA'": "g",
    "ParentId IN ('001xx0000000001', '001xx0000000002')": "gÜ",
    "Id > '001xx0000000001AAA'": "gÜ",
    # numbers
    "NumberOfEmployees = 7": "g",
    "NumberOfEmployees > 7": "A",
    "NumberOfEmployees >= 7.0": "Ag",
    "NumberOfEmployees < 1e3": "Ag",
    "NOT NumberOfEmployees < 10": "AÜ",
    "AnnualRevenue = 2500.50": "g",
    "AnnualRevenue IN (+1000000, 2500.5)": "Ag",
    "AnnualRevenue != 2500.5": "AÜ",
    "AnnualRevenue > -1": "Ag",
    # booleans
    "Active__c = true": "A",
    "Active__c != TRUE": "gÜ",
    "Active__c = null": "gÜ",
    "Active__c != null": "A",
    "NOT Active__c = true": "gÜ",
    "Active__c IN (true, false)": "AgÜ",
    "Active__c NOT IN (true)": "gÜ",
    "Sponsor__r.DoNotCall = false": "gÜ",
    "Sponsor__r.DoNotCall = true": "A",
    # multi-select picklists
    "Regions__c INCLUDES ('north')": "A",
    "Regions__c INCLUDES ('North;East')": "A",
    "Regions__c INCLUDES ('North;South')": "",
    "Regions__c INCLUDES ('North;South', 'South')": "g",
    "Regions__c EXCLUDES ('South')": "AÜ",
    "NOT Regions__c EXCLUDES ('South')": "g",
    "NOT Regions__c INCLUDES ('South', 'East')": "Ü",
    "Regions__c = 'East;North'": "A",
    "Regions__c != 'north;EAST'": "gÜ",
    "Regions__c IN ('East;North', 'South')": "Ag",
    "Regions__c = null": "Ü",
    # dates; the clock stands at Wednesday 2026-03-18 10:30 UTC
    "Renewal__c = 2026-03-18": "A",
    "Renewal__c > 2026-03-18": "g",
    "Renewal__c = TODAY": "A",
    "Renewal__c != TODAY": "gÜ",
    "NOT Renewal__c = TODAY": "gÜ",
    "Renewal__c > TODAY": "g",
    "Renewal__c >= TODAY": "Ag",
    "NOT Renewal__c > TODAY": "AÜ",
    "Renewal__c <= THIS_MONTH": "A",
    "Renewal__c < THIS_MONTH": "",
    "Renewal__c = NEXT_MONTH": "g",
    "Renewal__c = NEXT_N_DAYS:14": "g",
    "Renewal__c = NEXT_N_DAYS:13": "",
    "Renewal__c IN (2026-04-01, 2026-04-02)": "g",
    "Renewal__c IN (TODAY, NEXT_MONTH)": "Ag",
    "Renewal__c NOT IN (TODAY, NEXT_MONTH)": "Ü",
    # date-times
    "SystemModstamp = TODAY": "A",
    "SystemModstamp = YESTERDAY": "g",
    "SystemModstamp < THIS_YEAR": "Ü",
    "SystemModstamp = LAST_YEAR": "Ü",
    "SystemModstamp >= 2026-03-18T09:00:00Z": "A",
    "SystemModstamp > 2026-03-18T09:00:00.000Z": "",
    "SystemModstamp = 2026-03-18T10:00:00+01:00": "A",
    "SystemModstamp = 2026-03-17T15:30:00-0800": "g",
    "SystemModstamp IN (2025-12-31T23:59:59Z)": "Ü",
    # date functions
    "CALENDAR_YEAR(SystemModstamp) = 2025": "Ü",
    "CALENDAR_MONTH(Renewal__c) = 4": "g",
    "CALENDAR_QUARTER(SystemModstamp) = 4": "Ü",
    "FISCAL_QUARTER(Renewal__c) IN (1)": "A",
    "DAY_IN_WEEK(Renewal__c) = 4": "Ag",
    "DAY_IN_YEAR(Renewal__c) = 77": "A",
    "DAY_IN_MONTH(Renewal__c) != 1": "AÜ",
    "DAY_ONLY(SystemModstamp) = 2026-03-17": "g",
    "HOUR_IN_DAY(SystemModstamp) = 9": "A",
    "WEEK_IN_YEAR(Renewal__c) = 11": "A",
    "WEEK_IN_MONTH(Renewal__c) = 1": "g",
    "toLabel(Industry) = 'retail LABEL'": "A",
    # parents, aliases
    "Owner.Name = 'ursula owner'": "AÜ",
    "Parent.Name = 'Acme'": "g",
    "Parent.Parent.Name = 'Acme'": "Ü",
    "Parent.Name = null": "A",
    "Parent.Parent.Name != null": "Ü",
    "Account.Name = 'Acme'": "A",
    # semi- and anti-joins
    "Id IN (SELECT AccountId FROM Contact)": "Ag",
    "Id IN (SELECT AccountId FROM Contact WHERE DoNotCall = true)": "A",
    "Id NOT IN (SELECT AccountId FROM Contact)": "Ü",
    "ParentId IN (SELECT Id FROM Account WHERE Name = 'Acme')": "g",
    "ParentId NOT IN (SELECT Id FROM Account WHERE Name = 'Acme')": "AÜ",
    "Sponsor__c IN (SELECT Id FROM Contact WHERE Account.Name = 'Acme')": "A",
    "OwnerId IN (SELECT OwnerId FROM Account WHERE Name = 'Acme') AND Id NOT IN (SELECT AccountId FROM Contact)": "Ü",
    # logic
    "Name = 'Acme' OR Industry = null": "AÜ",
    "Name = 'Acme' AND (Industry = null OR Active__c = true)": "A",
    "NOT (Name = 'Acme' OR Industry = null)": "g",
    "NOT (NumberOfEmployees > 1 AND Active__c = true)": "gÜ",
    "NOT (NOT Name = 'Acme')": "A",
    "(((Name = 'Acme')))": "A",
}


def matching(org, condition: str) -> str:
    names = org.values(f"SELECT Name FROM Account WHERE {condition} ORDER BY Name")
    return "".join(NAMES[n] for n in names)


@pytest.mark.parametrize(("condition", "expected"), CASES.items(), ids=list(CASES))
def test_condition_matches(org, condition, expected):
    assert matching(org, condition) == expected


def test_long_lists_travel_as_one_parameter(org):
    names = ", ".join(f"'no {n}'" for n in range(4_000))
    assert matching(org, f"Name IN ('acme', {names})") == "A"
    assert matching(org, f"Industry NOT IN ('retail', {names})") == "gÜ"


def test_values_are_never_part_of_the_sql(org):
    assert matching(org, "Name = '\\'; DROP TABLE Account; --'") == ""
    assert org.total("SELECT COUNT() FROM Account") == 3
    statement = org.statement("SELECT Id FROM Account WHERE Name = 'needle' AND NumberOfEmployees = 12345")
    assert "needle" not in statement.plan.ids_sql
    assert "12345" not in statement.plan.ids_sql


@pytest.mark.parametrize(
    ("zone", "condition", "expected"),
    [
        ("America/Los_Angeles", "SystemModstamp = TODAY", "A"),  # 09:00Z is 02:00 there, the 18th
        ("America/Los_Angeles", "SystemModstamp = YESTERDAY", "g"),
        ("Pacific/Auckland", "SystemModstamp = TODAY", "Ag"),  # 23:30Z is noon of the 18th there
        ("Asia/Tokyo", "SystemModstamp = LAST_YEAR", ""),  # 23:59:59Z on 31 December is New Year there
        ("Asia/Tokyo", "HOUR_IN_DAY(convertTimezone(SystemModstamp)) = 18", "A"),
        ("Asia/Tokyo", "CALENDAR_YEAR(convertTimezone(SystemModstamp)) = 2026", "AgÜ"),
    ],
)
def test_days_are_the_users(org, zone, condition, expected):
    from zoneinfo import ZoneInfo

    assert matching(org.as_user(time_zone=ZoneInfo(zone)), condition) == expected


def test_escapes(org):
    assert org.values("SELECT Id FROM Contact WHERE LastName = 'O\\'Brien'") == org.values(
        "SELECT Id FROM Contact WHERE FirstName = 'Bob'"
    )
    assert org.total("SELECT COUNT() FROM Contact WHERE LastName = 'Quote\\\"d'") == 1
    assert org.total("SELECT COUNT() FROM Contact WHERE LastName = '\\u0046ree'") == 1
    assert org.total("SELECT COUNT() FROM Contact WHERE LastName = 'a\\n\\r\\t\\b\\f\\\\'") == 0


@pytest.mark.parametrize(
    ("condition", "subjects"),
    [
        ("Who.Type = 'Contact'", ["Call"]),
        ("Who.Type = 'user'", ["Visit"]),
        ("Who.Type = null", ["Note"]),
        ("Who.Name LIKE 'u%'", ["Visit"]),
        ("Owner.Name = 'References'", ["Visit"]),
        ("What.Type IN ('Account', 'Task')", ["Call", "Visit"]),
        ("WhoId IN (SELECT Id FROM Contact)", ["Call"]),
        ("Start__c = 09:30:00.000Z", ["Call"]),
        ("Start__c > 10:00:00Z", []),
        ("Start__c < 10:00:00Z", ["Call"]),
    ],
)
def test_polymorphic_and_time(org, condition, subjects):
    assert org.values(f"SELECT Subject FROM Task WHERE {condition} ORDER BY Subject") == subjects


def test_deleted_rows_need_query_all(org):
    assert org.total("SELECT COUNT() FROM Account WHERE Name = 'Gone'") == 0
    assert org.values("SELECT IsDeleted FROM Account WHERE Name = 'Gone'", include_deleted=True) == [True]


def test_scope_mine(org):
    assert org.values("SELECT Name FROM Account USING SCOPE mine ORDER BY Name") == ["Acme", "Ünïtech"]
    assert org.total("SELECT COUNT() FROM Account USING SCOPE everything") == 3
