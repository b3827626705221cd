"""Queries over HTTP: pages and locators. What SOQL means is tested with soql."""

import re


def load(api, count, prefix):
    for start in range(0, count, 200):
        records = [
            {"attributes": {"type": "Lead", "referenceId": f"r{n}"}, "LastName": f"{prefix}{n:05}", "Company": "c"}
            for n in range(start, min(count, start + 200))
        ]
        assert api.post("composite/tree/Lead", {"records": records}).status_code == 201


def test_pages_follow_locators_and_can_be_read_again(api):
    load(api, 500, "page")
    soql = "SELECT LastName FROM Lead WHERE LastName LIKE 'page%' ORDER BY LastName"
    small = {"Sforce-Query-Options": "batchSize=1"}
    first = api.query(soql, headers=small)
    assert list(first) == ["totalSize", "done", "nextRecordsUrl", "records"]
    assert (first["totalSize"], first["done"], len(first["records"])) == (500, False, 200)
    assert re.fullmatch(r"/services/data/v68\.0/query/01g\w{15}-200", first["nextRecordsUrl"])
    load(api, 1, "page0000x")
    second = api.get(first["nextRecordsUrl"], headers=small).json()
    assert api.get(first["nextRecordsUrl"], headers=small).json() == second
    third = api.get(second["nextRecordsUrl"], headers=small).json()
    assert third["done"]
    assert "nextRecordsUrl" not in third
    names = [r["LastName"] for page in (first, second, third) for r in page["records"]]
    assert names == [f"page{n:05}" for n in range(500)]


def test_only_ten_locators_stay_open(api):
    load(api, 201, "open")
    small = {"Sforce-Query-Options": "batchSize=200"}
    soql = "SELECT Id FROM Lead WHERE LastName LIKE 'open%'"
    urls = [api.query(soql, headers=small)["nextRecordsUrl"] for _ in range(11)]
    gone = api.get(urls[0])
    assert gone.status_code == 400
    assert gone.json()[0]["errorCode"] == "INVALID_QUERY_LOCATOR"
    assert api.get(urls[1]).status_code == 200
    assert api.get("query/nonsense").json()[0]["errorCode"] == "INVALID_QUERY_LOCATOR"


def test_locators_are_for_their_user_and_live_two_days(api):
    load(api, 201, "mine")
    small = {"Sforce-Query-Options": "batchSize=200"}
    url = api.query("SELECT Id FROM Lead WHERE LastName LIKE 'mine%'", headers=small)["nextRecordsUrl"]
    other = api.control("POST", "sessions", {}).json()["access_token"]
    assert api.get(url, headers={"Authorization": f"Bearer {other}"}).json()[0]["errorCode"] == "INVALID_QUERY_LOCATOR"
    for days, status in ((1.9, 200), (0.2, 400)):
        api.control("POST", "clock", {"advance": days * 86_400})
        again = api.control("POST", "sessions", {"username": api.running.username}).json()["access_token"]
        assert api.get(url, headers={"Authorization": f"Bearer {again}"}).status_code == status


def test_query_all_keeps_deleted_rows_on_every_page(api):
    load(api, 201, "bin")
    found = api.query("SELECT Id FROM Lead WHERE LastName LIKE 'bin%'")["records"]
    api.delete(f"sobjects/Lead/{found[-1]['Id']}")
    soql = "SELECT Id, IsDeleted FROM Lead WHERE LastName LIKE 'bin%' ORDER BY Id"
    assert api.query(soql)["totalSize"] == 200
    page = api.query(soql, "queryAll", headers={"Sforce-Query-Options": "batchSize=200"})
    assert page["totalSize"] == 201
    rest = api.get(page["nextRecordsUrl"].replace("queryAll", "query")).json()["records"]
    assert rest[0]["IsDeleted"] is True


def test_slash_columns_and_refusals(api):
    assert api.query("SELECT Id FROM Lead LIMIT 1", "query/")["done"]
    columns = api.get("query", params={"q": "SELECT Id, Name FROM Lead", "columns": "true"}).json()
    assert [c["columnName"] for c in columns["columnMetadata"]] == ["Id", "Name"]
    assert api.get("query").json()[0]["errorCode"] == "MALFORMED_QUERY"
    assert api.get("query?explain=SELECT+Id+FROM+Lead").status_code == 501
    unknown = api.get("query", params={"q": "SELECT Id FROM ScratchOrgInfo limit 1"})
    assert (unknown.status_code, unknown.json()[0]["errorCode"]) == (400, "INVALID_TYPE")
    assert "fields" not in unknown.json()[0]


def test_the_organization_row_is_complete(api):
    row = api.query(
        "SELECT Id, Name, InstanceName, IsSandbox, TrialExpirationDate, NamespacePrefix, OrganizationType FROM Organization"
    )["records"][0]
    assert (row["Id"], row["IsSandbox"]) == ("00D000000000000EAA", True)
    assert row["OrganizationType"] == "Developer Edition"
    assert row["InstanceName"]


def test_children_beyond_a_page_have_pages_of_their_own(api):
    account = api.create("Account", Name="Crowded")
    for start in range(0, 450, 150):
        records = [
            {"attributes": {"type": "Contact", "referenceId": f"r{n}"}, "LastName": f"{n:03}", "AccountId": account}
            for n in range(start, start + 150)
        ]
        api.post("composite/tree/Contact", {"records": records})
    small = {"Sforce-Query-Options": "batchSize=200"}
    soql = "SELECT Name, (SELECT LastName FROM Contacts ORDER BY LastName) FROM Account WHERE Name = 'Crowded'"
    envelope = api.query(soql, headers=small)["records"][0]["Contacts"]
    seen = []
    while True:
        seen += [r["LastName"] for r in envelope["records"]]
        assert (envelope["totalSize"], len(envelope["records"])) in ((450, 200), (450, 50))
        if envelope["done"]:
            break
        envelope = api.get(envelope["nextRecordsUrl"], headers=small).json()
    assert seen == [f"{n:03}" for n in range(450)]
    whole = api.query(soql)["records"][0]["Contacts"]
    assert (whole["done"], len(whole["records"])) == (True, 450)


def test_several_long_texts_make_pages_small(api):
    api.control("POST", "schema", {"object": "Lead", "field": "Long__c", "set": {"type": "textarea", "length": 5000}})
    load(api, 201, "long")
    page = api.query("SELECT Description, Long__c FROM Lead WHERE LastName LIKE 'long%'")
    assert (len(page["records"]), page["done"]) == (200, False)
    assert api.query("SELECT Description FROM Lead WHERE LastName LIKE 'long%'")["done"]
    api.control("DELETE", "schema")
