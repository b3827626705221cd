"""What records look like: exact JSON, order of keys, parents, children, functions."""

from __future__ import annotations

import json


def attributes(kind: str, record_id: str, type_name: str | None = None) -> dict[str, str]:
    return {"type": type_name or kind, "url": f"/services/data/v68.0/sobjects/{kind}/{record_id}"}


def same(found: object, expected: object) -> None:
    """Equal, key order included."""
    assert json.dumps(found, indent=1) == json.dumps(expected, indent=1)


def test_fields_in_schema_case_and_select_order(org):
    found = org.ask(
        "select NAME, id, numberofemployees, annualrevenue, active__c, renewal__c from ACCOUNT where name='acme'"
    )
    same(
        found,
        [
            {
                "attributes": attributes("Account", org.ACME),
                "Name": "Acme",
                "Id": org.ACME,
                "NumberOfEmployees": 50,
                "AnnualRevenue": 1000000.0,
                "Active__c": True,
                "Renewal__c": "2026-03-18",
            }
        ],
    )


def test_parents_nest_where_first_named(org):
    found = org.ask(
        "SELECT Account.Owner.Name, Name, Account.Id, Account.Parent.Name FROM Contact WHERE LastName IN ('Archer','Free')"
        " ORDER BY Name"
    )
    account = {
        "attributes": attributes("Account", org.ACME),
        "Owner": {"attributes": attributes("User", org.USER), "Name": "Ursula Owner"},
        "Id": org.ACME,
        "Parent": None,
    }
    same(
        found,
        [
            {"attributes": attributes("Contact", org.ANN), "Account": account, "Name": "Ann Archer"},
            {"attributes": attributes("Contact", org.values("SELECT Id FROM Contact WHERE Name='Free'")[0])}
            | {"Account": None, "Name": "Free"},
        ],
    )


def test_custom_relationship_and_aliases(org):
    [record] = org.ask(
        "SELECT a.Sponsor__r.Email, a.Name FROM Account a, a.Owner o WHERE o.Name = 'Ursula Owner' AND a.Sponsor__c != null"
    )
    assert record["Sponsor__r"]["Email"] == "ann@acme.test"
    assert org.values("SELECT c.LastName FROM Contact c, c.Account a WHERE a.Name = 'globex 100%'") == ['Quote"d']


def test_child_subqueries(org):
    found = org.ask(
        "SELECT Name, (SELECT Id, Account.Name FROM Contacts WHERE DoNotCall = false ORDER BY Name), (SELECT Subject FROM a.Tasks)"
        " FROM Account a ORDER BY Name"
    )
    bob = {
        "attributes": attributes("Contact", org.BOB),
        "Id": org.BOB,
        "Account": {"attributes": attributes("Account", org.ACME), "Name": "Acme"},
    }
    call = {"attributes": attributes("Task", org.CALL), "Subject": "Call"}
    same(
        found[0],
        {
            "attributes": attributes("Account", org.ACME),
            "Name": "Acme",
            "Contacts": {"totalSize": 1, "done": True, "records": [bob]},
            "Tasks": {"totalSize": 1, "done": True, "records": [call]},
        },
    )
    assert found[2]["Contacts"] is None
    assert found[2]["Tasks"] is None


def test_child_limit_and_offset_count_per_parent(org):
    text = "SELECT (SELECT Name FROM Contacts ORDER BY Name DESC LIMIT 1 OFFSET {}) FROM Account ORDER BY Name LIMIT 2"
    shown = [
        [r["Contacts"] and [c["Name"] for c in r["Contacts"]["records"]] for r in org.ask(text.format(offset))]
        for offset in (0, 1)
    ]
    assert shown == [[["Bob O'Brien"], ['Quote"d']], [["Ann Archer"], None]]


def test_subqueries_nest(org):
    [acme] = org.ask(
        "SELECT Id, (SELECT Name, (SELECT Name FROM Contacts) FROM ChildAccounts) FROM Account WHERE Name = 'Acme'"
    )
    [child] = acme["ChildAccounts"]["records"]
    assert child["Name"] == "globex 100%"
    assert [c["Name"] for c in child["Contacts"]["records"]] == ['Quote"d']


def test_subqueries_hide_deleted_children(org):
    text = "SELECT (SELECT Id FROM ChildAccounts) FROM Account WHERE Name = 'Acme'"
    assert org.ask(text)[0]["ChildAccounts"]["totalSize"] == 1


def test_polymorphic_parent_is_a_name(org):
    found = org.ask("SELECT Who.Name, Who.Type, Owner.Name FROM Task ORDER BY Subject")
    same(
        found,
        [
            {
                "attributes": attributes("Task", org.CALL),
                "Who": {"attributes": attributes("Contact", org.ANN, "Name"), "Name": "Ann Archer", "Type": "Contact"},
                "Owner": {"attributes": attributes("User", org.USER, "Name"), "Name": "Ursula Owner"},
            },
            {
                "attributes": attributes("Task", org.NOTE),
                "Who": None,
                "Owner": {"attributes": attributes("User", org.USER, "Name"), "Name": "Ursula Owner"},
            },
            {
                "attributes": attributes("Task", org.VISIT),
                "Who": {"attributes": attributes("User", org.USER, "Name"), "Name": "Ursula Owner", "Type": "User"},
                "Owner": {"attributes": attributes("Group", org.QUEUE, "Name"), "Name": "References"},
            },
        ],
    )


def test_name_of_a_polymorphic_parent_is_its_name_field(org):
    assert [r["What"] and r["What"]["Name"] for r in org.ask("SELECT What.Name FROM Task ORDER BY Subject")] == [
        "Acme",
        None,
        "Call",
    ]
    assert org.values("SELECT Subject FROM Task WHERE What.Name = 'call'") == ["Visit"]


def test_typeof(org):
    found = org.ask(
        "SELECT Subject, TYPEOF Who WHEN contact THEN LastName, donotcall ELSE Name END FROM Task ORDER BY Subject"
    )
    same(
        [r["Who"] for r in found],
        [
            {"attributes": attributes("Contact", org.ANN), "LastName": "Archer", "DoNotCall": True},
            None,
            {"attributes": attributes("User", org.USER, "Name"), "Name": "Ursula Owner"},
        ],
    )
    [without_else] = org.ask("SELECT TYPEOF Who WHEN Contact THEN LastName END FROM Task WHERE Subject = 'Visit'")
    assert without_else["Who"] is None


def test_compound_address(org):
    acme, globex = org.values("SELECT BillingAddress FROM Account WHERE Industry != null ORDER BY Name")
    same(
        acme,
        {
            "city": "Ulm",
            "country": None,
            "geocodeAccuracy": None,
            "latitude": None,
            "longitude": None,
            "postalCode": None,
            "state": None,
            "street": "1 Way",
        },
    )
    assert globex is None


def test_blob_is_an_address(org):
    url = f"/services/data/v68.0/sobjects/Task/{org.VISIT}/Body"
    assert org.values("SELECT Body FROM Task ORDER BY Subject") == [None, None, url]


def test_functions_in_select(org):
    [record] = org.ask(
        "SELECT toLabel(Industry), FORMAT(AnnualRevenue) money, AnnualRevenue, FORMAT(convertCurrency(AnnualRevenue)) own,"
        " convertCurrency(AnnualRevenue) same, FORMAT(Renewal__c) day, FORMAT(SystemModstamp) moment, toLabel(Regions__c) r,"
        " toLabel(Owner.Name) who, FORMAT(Name) plain, FORMAT(NumberOfEmployees) staff FROM Account WHERE Name = 'Acme'"
    )
    assert {k: v for k, v in record.items() if k != "attributes"} == {
        "Industry": "Retail label",
        "money": "$1,000,000.00",
        "AnnualRevenue": 1000000.0,
        "own": "$1,000,000.00",
        "same": 1000000.0,
        "day": "3/18/2026",
        "moment": "3/18/2026, 9:00 AM",
        "r": "North label;East label",
        "who": "Ursula Owner",
        "plain": "Acme",
        "staff": "50",
    }


def test_fields_functions(org):
    everything = org.ask("SELECT FIELDS(ALL) FROM Contact WHERE LastName = 'Archer' LIMIT 200")[0]
    assert list(everything) == ["attributes", *(f.name for f in org.schema.object("Contact").fields.values())]
    standard = org.ask("SELECT FIELDS(STANDARD) FROM Contact")[0]
    assert list(standard) == list(everything)
    hidden = org.as_user(hidden_fields=frozenset({("contact", "email")}))
    assert "Email" not in hidden.ask("SELECT FIELDS(ALL) FROM Contact LIMIT 1")[0]


def test_order(org):
    def names(order: str) -> list[str]:
        return org.values(f"SELECT Name FROM Account ORDER BY {order}")

    acme, globex, unitech = "Acme", "globex 100%", "Ünïtech"
    assert names("Name") == [acme, globex, unitech]
    assert names("Name DESC") == [unitech, globex, acme]
    assert names("NumberOfEmployees") == [unitech, globex, acme]
    assert names("NumberOfEmployees DESC") == [unitech, acme, globex]
    assert names("NumberOfEmployees DESC NULLS LAST") == [acme, globex, unitech]
    assert names("Industry ASC NULLS LAST") == [globex, acme, unitech]  # Technology stands before Retail in the list
    assert names("Owner.Name DESC, Name DESC") == [unitech, acme, globex]
    assert names("CALENDAR_YEAR(SystemModstamp), Name") == [unitech, acme, globex]
    assert names("Name LIMIT 1") == [acme]
    assert names("Name LIMIT 1 OFFSET 1") == [globex]
    assert names("Name OFFSET 2") == [unitech]
    assert names("Name LIMIT 0") == []


def test_purposes_and_security_are_accepted(org):
    statement = org.statement("SELECT Id FROM Account WITH SECURITY_ENFORCED LIMIT 1 FOR VIEW FOR REFERENCE")
    assert statement.purposes == ("VIEW", "REFERENCE")
    for mode in ("USER_MODE", "system_mode"):
        assert org.total(f"SELECT COUNT() FROM Account WHERE Name = 'Acme' WITH {mode}") == 1


def test_version_of_urls(org):
    statement = org.statement("SELECT Id FROM Account WHERE Id = '" + org.GLOBEX + "'")
    [record] = statement.records(org.connection, "51.0")
    assert record["attributes"]["url"] == f"/services/data/v51.0/sobjects/Account/{org.GLOBEX}"
