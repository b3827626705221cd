"""Searches over HTTP: SOSL, the same in parameters, and what is not done. What a search finds is tested with soql."""

import pytest


@pytest.fixture
def found(api):
    account = api.create("Account", Name="Searched Mill & Sons", Phone="(0731) 555-017")
    contact = api.create("Contact", LastName="Searched", Email="ada@mill.example", AccountId=account)
    yield {"Account": account, "Contact": contact}
    api.delete(f"sobjects/Account/{account}")
    api.delete(f"sobjects/Contact/{contact}")


def search(api, text, resource="search"):
    reply = api.get(resource, params={"q": text})
    assert reply.status_code == 200, reply.text
    return reply.json()["searchRecords"]


def test_records_have_attributes_and_what_was_asked(api, found):
    [account, contact] = search(
        api, "FIND {searched} IN ALL FIELDS RETURNING Account(Id, Name), Contact(Email, Account.Name)", "search/"
    )
    url = f"/services/data/v68.0/sobjects/Account/{found['Account']}"
    assert account == {
        "attributes": {"type": "Account", "url": url},
        "Id": found["Account"],
        "Name": "Searched Mill & Sons",
    }
    assert (contact["Email"], contact["Account"]["Name"]) == ("ada@mill.example", "Searched Mill & Sons")


def test_no_fields_gives_ids_and_old_versions_a_bare_list(api, found):
    assert [r["Id"] for r in search(api, "FIND {searched}")] == [found["Account"], found["Contact"]]
    old = api.get("/services/data/v36.0/search", params={"q": "FIND {searched} RETURNING Contact"}).json()
    assert [r["Id"] for r in old] == [found["Contact"]]


def test_what_was_just_written_is_found_and_what_is_deleted_is_not(api, found):
    text = "FIND {0731555017 OR ada@mill.example} RETURNING Account, Contact"
    assert [r["Id"] for r in search(api, text)] == [found["Account"], found["Contact"]]
    api.patch(f"sobjects/Account/{found['Account']}", {"Phone": None})
    api.delete(f"sobjects/Contact/{found['Contact']}")
    assert search(api, text) == []


def test_refusals_are_a_queries(api):
    reply = api.get("search", params={"q": "FIND searched"})
    assert (reply.status_code, reply.json()[0]["errorCode"]) == (400, "MALFORMED_SEARCH")
    assert api.get("search").json()[0]["errorCode"] == "MALFORMED_SEARCH"
    reply = api.get("search", params={"q": "FIND {searched} RETURNING Nothing__c"})
    assert (reply.status_code, reply.json()[0]["errorCode"]) == (400, "INVALID_TYPE")
    for known in ("FIND {searched} WITH METADATA", "FIND {*earched}"):
        reply = api.get("search", params={"q": known})
        assert (reply.status_code, reply.json()[0]["errorCode"]) == (501, "NOT_IMPLEMENTED")
    assert api.get("search/suggestions", params={"q": "sea", "sobject": "Account"}).status_code == 501


def test_parameters_in_the_url(api, found):
    given = [("q", "searched"), ("sobject", "Account"), ("sobject", "Contact"), ("Account.fields", "id,name")]
    [account, contact] = api.get("parameterizedSearch/", params=given).json()["searchRecords"]
    assert account["Name"] == "Searched Mill & Sons"
    assert (contact["Id"], "LastName" in contact) == (found["Contact"], False)
    everything = search(api, "searched", "parameterizedSearch")
    assert [r["Id"] for r in everything] == [found["Account"], found["Contact"]]
    assert api.get("parameterizedSearch").json()[0]["errorCode"] == "MALFORMED_SEARCH"
    assert api.get("parameterizedSearch", params={"q": "searched", "spellCorrection": "true"}).status_code == 501


def test_parameters_in_a_body(api, found):
    body = {
        "q": "searched OR mill",
        "fields": ["Id"],
        "in": "NAME",
        "overallLimit": 10,
        "defaultLimit": 5,
        "sobjects": [
            {"name": "Contact", "fields": ["LastName"], "limit": 1},
            {"name": "Account", "where": "Name LIKE 'Searched%'", "orderBy": "Name DESC"},
        ],
    }
    [contact, account] = api.post("parameterizedSearch", body).json()["searchRecords"]
    assert (contact["LastName"], account["Id"]) == ("Searched", found["Account"])
    assert api.post("parameterizedSearch", body | {"in": "PHONE"}).json() == {"searchRecords": []}
    assert api.post("parameterizedSearch", {"q": "searched", "fields": ["Id"]}).status_code == 400
    assert api.post("parameterizedSearch", body | {"snippet": "x"}).status_code == 501


def test_describe_says_what_is_searched(api):
    searchable = {o["name"]: o["searchable"] for o in api.get("sobjects").json()["sobjects"]}
    assert searchable["Account"]
    assert searchable["Reference_Profile__c"]
    assert not searchable["PermissionSet"]
    assert api.get("search", params={"q": "FIND {any} RETURNING Profile"}).json()[0]["errorCode"] == (
        "INVALID_TYPE_FOR_OPERATION"
    )


def test_a_field_a_user_may_not_read_is_not_searched(limited):
    admin = {"Authorization": f"Bearer {limited.control('POST', 'sessions', {}).json()['access_token']}"}
    hidden = {"FirstName": "Zeno", "LastName": "Zeno", "AssistantName": "Zebedee"}
    limited.post("sobjects/Contact", hidden, headers=admin)
    text = {"q": "FIND {zebedee} RETURNING Contact"}
    assert len(limited.get("search", params=text, headers=admin).json()["searchRecords"]) == 1
    assert limited.get("search", params=text).json()["searchRecords"] == []
    assert limited.get("search", params={"q": "FIND {zeno} RETURNING Lead"}).json()[0]["errorCode"] == "INVALID_TYPE"
