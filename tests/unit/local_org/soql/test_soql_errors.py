"""Refusals: codes, wording, and the place in the query."""

from __future__ import annotations

import pytest

from crm_sync.local_org.soql import SoqlError, SoqlUnsupported
from crm_sync.local_org.soql.errors import located

REFUSED = {
    # the text itself
    "q=SELECT Id FROM Account": ("MALFORMED_QUERY", "unexpected token: 'q'"),
    "SELECT Id": ("MALFORMED_QUERY", "unexpected token: '<EOF>'"),
    "": ("MALFORMED_QUERY", "unexpected token: '<EOF>'"),
    "SELECT Id FROM Account WHERE": ("MALFORMED_QUERY", "unexpected token: '<EOF>'"),
    "SELECT Id FROM Account WHERE Name IS NULL": ("MALFORMED_QUERY", "unexpected token: 'IS'"),
    "SELECT Id FROM Account WHERE Name = 'a' AND Id != null OR Id = null": (
        "MALFORMED_QUERY",
        "unexpected token: 'OR'",
    ),
    "SELECT Id FROM Account WHERE Name = 'a' OR Id != null AND Id = null": (
        "MALFORMED_QUERY",
        "unexpected token: 'AND'",
    ),
    "SELECT Id FROM Account WHERE Name IN ()": ("MALFORMED_QUERY", "unexpected token: ')'"),
    "SELECT Id FROM Account WHERE Name = Name": ("MALFORMED_QUERY", "unexpected token: 'Name'"),
    "SELECT Id FROM Account WHERE Name = 'it's'": ("MALFORMED_QUERY", "unexpected token: 's'"),
    "SELECT Id FROM Account WHERE Name = 'open": ("MALFORMED_QUERY", "mismatched character '<EOF>' expecting '''"),
    "SELECT Id FROM Account WHERE Name = '\\x'": ("MALFORMED_QUERY", "Illegal character sequence '\\x'"),
    "SELECT Id FROM Account WHERE Name = :name": ("MALFORMED_QUERY", "Bind variables only allowed in Apex code"),
    "SELECT Id FROM Account WHERE Name IN :names": ("MALFORMED_QUERY", "Bind variables only allowed in Apex code"),
    "SELECT Id FROM Account LIMIT :n": ("MALFORMED_QUERY", "Bind variables only allowed in Apex code"),
    "SELECT Id FROM Account LIMIT -1": ("MALFORMED_QUERY", "unexpected token: '-1'"),
    "SELECT Id FROM Account LIMIT 1.5": ("MALFORMED_QUERY", "unexpected token: '1.5'"),
    "SELECT Id FROM Account ORDER Name": ("MALFORMED_QUERY", "unexpected token: 'Name'"),
    "SELECT Id FROM Account WHERE # = 1": ("MALFORMED_QUERY", "line 1:29 no viable alternative at character '#'"),
    "SELECT Id FROM Account WHERE SystemModstamp > 2026-01-01T00:00:00 01:00": (
        "MALFORMED_QUERY",
        "line 1:65 no viable alternative at character ' '",
    ),
    "SELECT Id FROM Account WHERE Renewal__c = NEXT_N_DAYS: 3": ("MALFORMED_QUERY", "unexpected token: 'NEXT_N_DAYS'"),
    "SELECT Id FROM Account WHERE Renewal__c = 2026-02-30": ("MALFORMED_QUERY", "Invalid date or time: 2026-02-30"),
    "SELECT Id FROM Account WITH SHARING": ("MALFORMED_QUERY", "unexpected token: 'SHARING'"),
    "SELECT Name n FROM Account": ("MALFORMED_QUERY", "only aggregate expressions use field aliasing"),
    # objects, fields, relationships
    "SELECT Id FROM XYZZY": (
        "INVALID_TYPE",
        (
            "sObject type 'XYZZY' is not supported. If you are attempting to use a custom object, be sure to append the "
            "'__c' after the entity name. Please reference your WSDL or the describe call for the appropriate names."
        ),
    ),
    "SELECT Id FROM Locked": ("INVALID_TYPE_FOR_OPERATION", "entity type Locked does not support query"),
    "SELECT Nmae FROM Account": (
        "INVALID_FIELD",
        (
            "No such column 'Nmae' on entity 'Account'. If you are attempting to use a custom field, be sure to append the "
            "'__c' after the custom field name. Please reference your WSDL or the describe call for the appropriate names."
        ),
    ),
    "SELECT Owner.Nmae FROM Account": ("INVALID_FIELD", "No such column 'Nmae' on entity 'User'"),
    "SELECT Owner.Department FROM Task": ("INVALID_FIELD", "No such column 'Department' on entity 'Name'"),
    "SELECT Account FROM Contact": ("INVALID_FIELD", "No such column 'Account' on entity 'Contact'"),
    "SELECT Boss.Name FROM Account": (
        "INVALID_FIELD",
        (
            "Didn't understand relationship 'Boss' in field path. If you are attempting to use a custom relationship, be "
            "sure to append the '__r' after the custom relationship name."
        ),
    ),
    "SELECT Sponsor__c.Name FROM Account": ("INVALID_FIELD", "Didn't understand relationship 'Sponsor__c'"),
    "SELECT (SELECT Id FROM Contact) FROM Account": (
        "INVALID_TYPE",
        (
            "Didn't understand relationship 'Contact' in FROM part of query call. If you are attempting to use a custom "
            "relationship, be sure to append the '__r' after the custom relationship name."
        ),
    ),
    "SELECT Parent.Parent.Parent.Parent.Parent.Parent.Name FROM Account": ("MALFORMED_QUERY", "maximum of 5 levels"),
    "SELECT Id, Name, id FROM Account": ("INVALID_FIELD", "duplicate field selected: Id"),
    "SELECT FIELDS(ALL) FROM Contact": ("MALFORMED_QUERY", "The SOQL FIELDS function must have a LIMIT of at most 200"),
    "SELECT FIELDS(CUSTOM) FROM Contact LIMIT 201": ("MALFORMED_QUERY", "must have a LIMIT of at most 200"),
    "SELECT FIELDS(SOME) FROM Contact": ("MALFORMED_QUERY", "FIELDS takes one of ALL, CUSTOM, STANDARD"),
    "SELECT FIELDS(STANDARD), Name FROM Contact": ("INVALID_FIELD", "duplicate field selected: Name"),
    "SELECT TYPEOF Owner WHEN User THEN Name END FROM Account": ("INVALID_FIELD", "polymorphic"),
    "SELECT TYPEOF Who WHEN Account THEN Name END FROM Task": ("INVALID_FIELD", "'Account' is not a target"),
    # values and operators
    "SELECT Id FROM Account WHERE SystemModstamp > '2026-01-01T00:00:00Z'": (
        "INVALID_FIELD",
        "value of filter criterion for field 'SystemModstamp' must be of type dateTime and should not be enclosed in quotes",
    ),
    "SELECT Id FROM Account WHERE SystemModstamp > 2026-01-01": (
        "INVALID_FIELD",
        "value of filter criterion for field 'SystemModstamp' must be of type dateTime",
    ),
    "SELECT Id FROM Account WHERE Renewal__c = '2026-01-01'": (
        "INVALID_FIELD",
        "value of filter criterion for field 'Renewal__c' must be of type date and should not be enclosed in quotes",
    ),
    "SELECT Id FROM Account WHERE Renewal__c = 2026-01-01T00:00:00Z": ("INVALID_FIELD", "must be of type date"),
    "SELECT Id FROM Account WHERE Name = 5": (
        "INVALID_FIELD",
        "value of filter criterion for field 'Name' must be of type string and should be enclosed in quotes",
    ),
    "SELECT Id FROM Account WHERE Name = TODAY": ("INVALID_FIELD", "must be of type string"),
    "SELECT Id FROM Account WHERE CALENDAR_YEAR(Renewal__c) = THIS_YEAR": ("INVALID_FIELD", "must be of type int"),
    "SELECT Id FROM Account WHERE NumberOfEmployees = '5'": (
        "INVALID_FIELD",
        "value of filter criterion for field 'NumberOfEmployees' must be of type int and should not be enclosed in quotes",
    ),
    "SELECT Id FROM Account WHERE Active__c = 'true'": ("INVALID_FIELD", "must be of type boolean and should not be"),
    "SELECT Id FROM Account WHERE AnnualRevenue > USD5000": ("INVALID_FIELD", "several currencies"),
    "SELECT Id FROM Account WHERE Id = 'abc'": ("INVALID_QUERY_FILTER_OPERATOR", "invalid ID field: abc"),
    "SELECT Id FROM Account WHERE Id = '001xx0000000001AAB'": ("INVALID_QUERY_FILTER_OPERATOR", "invalid ID field:"),
    "SELECT Id FROM Account WHERE Id LIKE '001%'": ("INVALID_QUERY_FILTER_OPERATOR", "invalid operator on id field"),
    "SELECT Id FROM Account WHERE Renewal__c LIKE '2026%'": (
        "INVALID_QUERY_FILTER_OPERATOR",
        "invalid operator on date field",
    ),
    "SELECT Id FROM Account WHERE NumberOfEmployees LIKE '1%'": (
        "INVALID_QUERY_FILTER_OPERATOR",
        "invalid operator on number",
    ),
    "SELECT Id FROM Account WHERE Regions__c LIKE 'N%'": ("INVALID_QUERY_FILTER_OPERATOR", "on multipicklist field"),
    "SELECT Id FROM Account WHERE Regions__c > 'North'": ("INVALID_QUERY_FILTER_OPERATOR", "on multipicklist field"),
    "SELECT Id FROM Account WHERE Active__c > true": (
        "INVALID_QUERY_FILTER_OPERATOR",
        "invalid operator on boolean field",
    ),
    "SELECT Id FROM Account WHERE Name INCLUDES ('a')": ("INVALID_QUERY_FILTER_OPERATOR", "invalid operator on string"),
    "SELECT Id FROM Account WHERE Name LIKE 5": (
        "INVALID_FIELD",
        "must be of type string and should be enclosed in quotes",
    ),
    "SELECT Id FROM Account WHERE Description = 'x'": (
        "INVALID_FIELD",
        "field 'Description' can not be filtered in a query call",
    ),
    "SELECT Id FROM Account WHERE BillingAddress = 'x'": ("INVALID_FIELD", "can not be filtered in a query call"),
    "SELECT Id FROM Account WHERE Renewal__c = LAST_N_YEARS:99999": ("INVALID_FIELD", "Invalid date literal"),
    "SELECT Id FROM Account WHERE SystemModstamp = LAST_N_YEARS:2026": ("INVALID_FIELD", "Invalid date literal"),
    "SELECT Id FROM Account WHERE Renewal__c = NEXT_N_DAYS:99999999999999999999": (
        "INVALID_FIELD",
        "Invalid date literal",
    ),
    "SELECT Id FROM Account WHERE DAY_ONLY(Renewal__c) = TODAY": (
        "INVALID_FIELD",
        "DAY_ONLY can not be used with field",
    ),
    "SELECT Id FROM Account WHERE CALENDAR_YEAR(Name) = 1": ("INVALID_FIELD", "can not be used with field Name"),
    "SELECT Id FROM Account WHERE CALENDAR_YEAR() = 1": ("MALFORMED_QUERY", "Invalid number of arguments"),
    "SELECT Id FROM Account WHERE convertCurrency(AnnualRevenue) > 1": ("MALFORMED_QUERY", "CONVERTCURRENCY"),
    "SELECT Id FROM Account WHERE COUNT(Id) > 1": ("MALFORMED_QUERY", "Invalid use of function: COUNT"),
    "SELECT Id FROM Account WHERE Name = 'a' OFFSET 2001": (
        "NUMBER_OUTSIDE_VALID_RANGE",
        "Maximum SOQL offset allowed is 2000",
    ),
    "SELECT Id FROM Account ORDER BY Description": (
        "INVALID_FIELD",
        "field 'Description' can not be sorted in a query call",
    ),
    "SELECT Id FROM Account ORDER BY Regions__c": ("INVALID_FIELD", "can not be sorted in a query call"),
    # semi-joins
    "SELECT Id FROM Account WHERE Id IN (SELECT Id FROM Account)": (
        "MALFORMED_QUERY",
        "The inner and outer selects should not be on the same object type",
    ),
    "SELECT Id FROM Account WHERE Id IN (SELECT Id FROM Contact)": (
        "MALFORMED_QUERY",
        (
            "The selected field 'Id' in the subquery and the left operand field 'Id' in the where expression in the outer "
            "query should point to the same object type"
        ),
    ),
    "SELECT Id FROM Account WHERE Name IN (SELECT Id FROM Contact)": ("MALFORMED_QUERY", "should point to the same"),
    "SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact) OR Name = 'a'": (
        "MALFORMED_QUERY",
        "Semi join sub-selects are not allowed with the 'OR' operator",
    ),
    "SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact WHERE Id IN (SELECT WhoId FROM Task))": (
        "MALFORMED_QUERY",
        "Nesting of semi join sub-selects is not supported",
    ),
    "SELECT Id FROM Account WHERE Id IN (SELECT AccountId, Id FROM Contact)": (
        "MALFORMED_QUERY",
        "only select one field",
    ),
    "SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact LIMIT 1)": (
        "MALFORMED_QUERY",
        "SELECT, FROM and WHERE",
    ),
    "SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact) AND Id IN (SELECT WhatId FROM Task) "
    "AND Id NOT IN (SELECT AccountId FROM Contact)": ("MALFORMED_QUERY", "Maximum 2 semi join sub-selects are allowed"),
    "SELECT Id FROM Account WHERE NOT Id IN (SELECT AccountId FROM Contact)": (
        "MALFORMED_QUERY",
        "Semi join sub-selects are not allowed with the 'NOT' operator",
    ),
    "SELECT Id FROM Account ALL ROWS": ("MALFORMED_QUERY", "ALL ROWS not allowed in this context"),
    "SELECT COUNT() FROM Account ALL ROWS": ("MALFORMED_QUERY", "ALL ROWS not allowed in this context"),
    # groups
    "SELECT Name, COUNT(Id) FROM Account": ("MALFORMED_QUERY", "Field must be grouped or aggregated: Name"),
    "SELECT Nmae, COUNT(Id) FROM Account": ("INVALID_FIELD", "No such column 'Nmae'"),
    "SELECT CALENDAR_YEAR(Renewal__c) FROM Account": ("MALFORMED_QUERY", "Field must be grouped or aggregated"),
    "SELECT COUNT(), Id FROM Account": ("MALFORMED_QUERY", "COUNT() must be the only element in SELECT"),
    "SELECT COUNT() FROM Account GROUP BY Name": ("MALFORMED_QUERY", "COUNT() can not be used with GROUP BY"),
    "SELECT COUNT(Id) FROM Account LIMIT 5": (
        "MALFORMED_QUERY",
        "Non-grouped query that uses overall aggregate functions cannot also use LIMIT",
    ),
    "SELECT COUNT(Id) FROM Account ORDER BY Name": (
        "MALFORMED_QUERY",
        "Ordered field must be grouped or aggregated: Name",
    ),
    "SELECT Name FROM Account GROUP BY Name ORDER BY Industry": (
        "MALFORMED_QUERY",
        "Ordered field must be grouped or aggregated: Industry",
    ),
    "SELECT Name FROM Account GROUP BY Name HAVING Industry = 'a'": (
        "MALFORMED_QUERY",
        "grouped or aggregated: Industry",
    ),
    "SELECT COUNT(Id) FROM Account HAVING COUNT(Id) > 1": ("MALFORMED_QUERY", "HAVING needs a GROUP BY clause"),
    "SELECT Id FROM Account HAVING COUNT(Id) > 1": ("MALFORMED_QUERY", "HAVING needs a GROUP BY clause"),
    "SELECT COUNT() FROM Account HAVING COUNT(Id) > 1": ("MALFORMED_QUERY", "HAVING needs a GROUP BY clause"),
    "SELECT Id, (SELECT Id FROM Contacts HAVING COUNT(Id) > 1) FROM Account": (
        "MALFORMED_QUERY",
        "HAVING needs a GROUP BY",
    ),
    "SELECT Id, (SELECT AccountId FROM Contacts GROUP BY AccountId) FROM Account": (
        "MALFORMED_QUERY",
        "can not be grouped",
    ),
    "SELECT GROUPING(Industry) FROM Account": ("MALFORMED_QUERY", "GROUPING needs GROUP BY ROLLUP"),
    "SELECT Industry, GROUPING(Name) FROM Account GROUP BY ROLLUP(Industry)": ("MALFORMED_QUERY", "GROUPING needs"),
    "SELECT SystemModstamp FROM Account GROUP BY SystemModstamp": (
        "INVALID_FIELD",
        "field 'SystemModstamp' can not be grouped in a query call",
    ),
    "SELECT SUM(Name) FROM Account": ("MALFORMED_QUERY", "field Name does not support aggregate operator SUM"),
    "SELECT MAX(Active__c) FROM Account": (
        "MALFORMED_QUERY",
        "field Active__c does not support aggregate operator MAX",
    ),
    "SELECT Name, Owner.Name FROM Account GROUP BY Name, Owner.Name": ("MALFORMED_QUERY", "duplicate alias: Name"),
    "SELECT COUNT(Id) FROM Account GROUP BY ROLLUP(Name), Industry": ("MALFORMED_QUERY", "ROLLUP and CUBE stand alone"),
    "SELECT COUNT(Id), (SELECT Id FROM Contacts) FROM Account": ("MALFORMED_QUERY", "can not select subqueries"),
    "SELECT NONSENSE(Name) FROM Account": ("MALFORMED_QUERY", "Invalid use of function: NONSENSE"),
}


@pytest.mark.parametrize(("text", "expected"), REFUSED.items(), ids=[t[:70] for t in REFUSED])
def test_refused(org, text, expected):
    with pytest.raises(SoqlError) as refused:
        org.ask(text)
    assert refused.value.status == 400
    assert (refused.value.code, expected[1] in refused.value.message) == (expected[0], True), refused.value.message


UNSUPPORTED = [
    "SELECT Score__c FROM Account",
    "SELECT Id FROM Account USING SCOPE team",
    "SELECT Id FROM Account WITH DATA CATEGORY Geography__c AT usa__c",
    "SELECT Id FROM Account WHERE DISTANCE(Name, GEOLOCATION(1, 2), 'km') < 1",
    "SELECT Id FROM Account UPDATE TRACKING",
    "SELECT Who.Owner.Name FROM Task",
    "SELECT TYPEOF Who WHEN Contact THEN Account.Name END FROM Task",
    "SELECT Name FROM Account GROUP BY Name HAVING Id IN (SELECT AccountId FROM Contact)",
]


@pytest.mark.parametrize("text", UNSUPPORTED)
def test_unsupported_is_said(org, text):
    with pytest.raises(SoqlUnsupported) as refused:
        org.ask(text)
    assert (refused.value.status, refused.value.code) == (501, "NOT_IMPLEMENTED")


def test_what_the_user_may_not_see_does_not_exist(org):
    blind = org.as_user(hidden_fields=frozenset({("contact", "email"), ("contact", "accountid"), ("task", "whoid")}))
    for text in (
        "SELECT Email FROM Contact",
        "SELECT Id FROM Contact WHERE Email = 'x'",
        "SELECT Id FROM Contact ORDER BY Email",
        "SELECT COUNT(Email) FROM Contact",
        "SELECT Account.Name FROM Contact",
        "SELECT Sponsor__r.Email FROM Account",
        "SELECT TYPEOF Who WHEN Contact THEN Name END FROM Task",
    ):
        with pytest.raises(SoqlError) as refused:
            blind.ask(text)
        assert refused.value.code == "INVALID_FIELD", text
    with pytest.raises(SoqlError) as refused:
        blind.ask("SELECT (SELECT Id FROM Contacts) FROM Account")
    assert refused.value.code == "INVALID_TYPE"
    without_user = org.as_user(hidden_objects=frozenset({"user"}))
    with pytest.raises(SoqlError, match="INVALID_TYPE"):
        without_user.ask("SELECT Id FROM User")
    with pytest.raises(SoqlError, match="Didn't understand relationship 'Owner'"):
        without_user.ask("SELECT Owner.Name FROM Account")


def test_limits(org):
    with pytest.raises(SoqlError, match="cannot be longer than 100,000 characters"):
        org.ask("SELECT Id FROM Account WHERE Name = '" + "x" * 100_000 + "'")
    assert org.ask("SELECT Id FROM Account WHERE Name = '" + "x" * 4_000 + "'") == []
    with pytest.raises(SoqlError, match="longer than 4000"):
        org.ask("SELECT Id FROM Account WHERE Name = '" + "x" * 4_001 + "'")
    with pytest.raises(SoqlError, match="at most 20 subqueries"):
        org.ask(f"SELECT {', '.join(['(SELECT Id FROM Contacts)'] * 21)} FROM Account")


def test_most_relationships(org):
    from crm_sync.local_org.schema import Field, ObjectType, Schema

    lookups = [
        Field(f"L{n}__c", "L", "reference", reference_to=("Wide",), relationship_name=f"L{n}__r") for n in range(56)
    ]
    fields = {f.name.lower(): f for f in [Field("Id", "Id", "id"), Field("Name", "Name", "string"), *lookups]}
    wide = org.as_user()
    wide.schema = Schema({"wide": ObjectType("Wide", "Wide", "Wides", "0Wi", fields)})
    wide.statement(f"SELECT {', '.join(f'L{n}__r.Name' for n in range(55))} FROM Wide")
    with pytest.raises(SoqlError, match="more than 55 child-to-parent relationships"):
        wide.statement(f"SELECT {', '.join(f'L{n}__r.Name' for n in range(56))} FROM Wide")


@pytest.mark.parametrize(
    ("text", "place", "expected"),
    [
        ("SELECT Nmae FROM Account", 7, "\nSELECT Nmae FROM Account\n       ^\nERROR at Row:1:Column:8\nno"),
        ("SELECT Id\nFROM  Acount", 16, "\nFROM  Acount\n      ^\nERROR at Row:2:Column:7\nno"),
        (
            "SELECT Id, LastModifiedDate FROM Account WHERE LastModifiedDate>TODAY GROUP BY LastModifiedDate",
            79,
            (
                "\nLastModifiedDate>TODAY GROUP BY LastModifiedDate\n                                ^\n"
                "ERROR at Row:1:Column:80\nno"
            ),
        ),
    ],
)
def test_place(text, place, expected):
    """The last case is the cut of a recorded error body."""
    assert located("MALFORMED_QUERY", text, place, "no").message == expected
