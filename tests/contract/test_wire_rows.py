"""Rows: status codes, bodies, upsert outcomes, conditional requests."""

import pytest


def test_create_answers_201_with_its_place(api):
    reply = api.post("sobjects/account/", {"Name": "Acme"})
    assert reply.status_code == 201
    record_id = reply.json()["id"]
    assert reply.json() == {"id": record_id, "success": True, "errors": []}
    assert reply.headers["Location"] == f"/services/data/v68.0/sobjects/Account/{record_id}"
    assert record_id.startswith("001")
    assert len(record_id) == 18


def test_read_gives_every_field_and_compound_addresses(api):
    record_id = api.create("Account", Name="  Acme ", BillingCity="Berlin", Site="")
    row = api.row("Account", record_id[:15])
    assert row["attributes"] == {"type": "Account", "url": f"/services/data/v68.0/sobjects/Account/{record_id}"}
    assert (row["Name"], row["Site"], row["IsDeleted"]) == ("Acme", None, False)
    assert row["BillingAddress"]["city"] == "Berlin"
    assert row["ShippingAddress"] is None
    assert row["CreatedDate"] == row["SystemModstamp"] == "2026-11-20T12:00:00.000+0000"
    some = api.get(f"sobjects/Account/{record_id}?fields=name,id").json()
    assert list(some) == ["attributes", "Name", "Id"]


def test_change_and_delete_answer_204(api):
    record_id = api.create("Account", Name="Acme")
    api.control("POST", "clock", {"advance": 61.7})
    reply = api.patch(f"sobjects/Account/{record_id}", {"Name": "New"})
    assert (reply.status_code, reply.content) == (204, b"")
    assert "Content-Type" not in reply.headers
    row = api.row("Account", record_id)
    assert (row["CreatedDate"], row["SystemModstamp"]) == (
        "2026-11-20T12:00:00.000+0000",
        "2026-11-20T12:01:01.000+0000",
    )
    assert api.delete(f"sobjects/Account/{record_id}").status_code == 204
    gone = api.get(f"sobjects/Account/{record_id}")
    assert gone.status_code == 404
    assert gone.json() == [{"message": "entity is deleted", "errorCode": "ENTITY_IS_DELETED", "fields": []}]
    assert api.delete(f"sobjects/Account/{record_id}").status_code == 404


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
@pytest.mark.parametrize("record_id", ["001Lo0000999999", "nonsense", "003Lo0000000001IAB"])
def test_unknown_ids_are_not_found(api, method, record_id):
    reply = api.call(method, f"sobjects/Account/{record_id}", json={})
    assert reply.status_code == 404
    assert reply.json()[0]["errorCode"] == "NOT_FOUND"


def test_upsert_creates_updates_and_percent_decodes(api):
    path = "sobjects/Sync_Issue__c/External_Key__c/a%2Fb%20c%23%3F%25%2B"
    created = api.patch(path, {"Kind__c": "k", "Subject__c": "s"})
    assert (created.status_code, created.json()["created"]) == (201, True)
    record_id = created.json()["id"]
    assert api.row("Sync_Issue__c", record_id)["External_Key__c"] == "a/b c#?%+"
    updated = api.patch(path, {"Subject__c": "t"})
    assert updated.status_code == 200
    assert updated.json() == {"id": record_id, "success": True, "errors": [], "created": False}
    assert api.get(path).json()["Subject__c"] == "t"
    assert api.delete(path).status_code == 204
    assert api.get(path).status_code == 404


def test_upsert_before_v46_answers_204_and_no_created(api):
    api.version = "45.0"
    path = "sobjects/Sync_Issue__c/External_Key__c/old"
    assert "created" not in api.patch(path, {"Kind__c": "k"}).json()
    reply = api.patch(path, {"Kind__c": "l"})
    assert (reply.status_code, reply.content) == (204, b"")


def test_upsert_with_several_matches_writes_nothing(api):
    for last in ("One", "Two"):
        api.create("Contact", LastName=last, Email="twin@x.example")
    reply = api.patch("sobjects/Contact/Email/twin@x.example", {"LastName": "Three"})
    assert reply.status_code == 300
    assert all(url.startswith("/services/data/v68.0/sobjects/Contact/003") for url in reply.json())
    names = api.query("SELECT LastName FROM Contact WHERE Email = 'twin@x.example' ORDER BY LastName")
    assert [r["LastName"] for r in names["records"]] == ["One", "Two"]
    assert api.get("sobjects/Contact/Email/twin@x.example").status_code == 300


def test_upsert_refusals(api):
    path = "sobjects/Sync_Issue__c/External_Key__c/none"
    assert api.patch(path + "?updateOnly=true", {"Kind__c": "k"}).status_code == 404
    unknown = api.patch("sobjects/Sync_Issue__c/Kind__c/x", {})
    assert unknown.status_code == 404
    assert unknown.json()[0]["message"] == "Provided external ID field does not exist or is not accessible: Kind__c"
    assert api.patch(path, {"External_Key__c": "none", "Kind__c": "k"}).status_code == 400


def test_insert_through_the_upsert_resource(api):
    assert api.post("sobjects/Account/Id", {"Name": "By Id"}).status_code == 201


def test_external_keys_mind_case_and_are_forgotten_with_their_row(api):
    upper = api.patch("sobjects/Sync_Issue__c/External_Key__c/KEY", {"Kind__c": "k"}).json()["id"]
    lower = api.patch("sobjects/Sync_Issue__c/External_Key__c/key", {"Kind__c": "k"}).json()
    assert lower["created"]
    api.delete(f"sobjects/Sync_Issue__c/{upper}")
    again = api.patch("sobjects/Sync_Issue__c/External_Key__c/KEY", {"Kind__c": "k"}).json()
    assert again["created"]
    assert again["id"] != upper


def test_relationships_by_external_id_and_to_parents(api):
    account = api.create("Account", Name="Parent")
    contact = api.create("Contact", LastName="Child", Email="child@x.example", AccountId=account)
    profile = api.patch(
        "sobjects/Reference_Profile__c/External_Key__c/p1", {"Contact__r": {"Email": "child@x.example"}}
    ).json()["id"]
    assert api.row("Reference_Profile__c", profile)["Contact__c"] == contact
    assert api.get(f"sobjects/Contact/{contact}/Account").json()["Name"] == "Parent"
    assert api.get(f"sobjects/Account/{account}/Parent").status_code == 404
    missing = api.post("sobjects/Reference_Profile__c", {"Contact__r": {"Email": "no@x.example"}})
    assert missing.json()[0]["message"] == (
        "Foreign key external ID: no@x.example not found for field Email in entity Contact"
    )


def test_conditional_requests(api):
    record_id = api.create("Account", Name="Conditional")
    modified = api.get(f"sobjects/Account/{record_id}").headers["Last-Modified"]
    same = api.get(f"sobjects/Account/{record_id}", headers={"If-Modified-Since": modified})
    assert (same.status_code, same.content) == (304, b"")
    api.control("POST", "clock", {"advance": 60})
    api.patch(f"sobjects/Account/{record_id}", {"Name": "Changed"})
    assert api.get(f"sobjects/Account/{record_id}", headers={"If-Modified-Since": modified}).status_code == 200
    late = api.patch(f"sobjects/Account/{record_id}", {"Name": "x"}, headers={"If-Unmodified-Since": modified})
    assert late.status_code == 412
    assert api.row("Account", record_id)["Name"] == "Changed"


def test_children_of_a_row_are_listed_like_a_query(api):
    account = api.create("Account", Name="Parent of two")
    for name in ("One", "Two"):
        api.create("Contact", LastName=name, AccountId=account)
    told = api.get(f"sobjects/Account/{account}/Contacts?fields=LastName").json()
    assert (told["totalSize"], told["done"], {r["LastName"] for r in told["records"]}) == (2, True, {"One", "Two"})
    whole = api.get(f"sobjects/Account/{account}/contacts").json()["records"][0]
    assert {"Id", "Email", "MailingAddress", "SystemModstamp"} <= whole.keys()
    assert api.get(f"sobjects/Account/{account}/Opportunities").json()["records"] == []
    assert api.get("sobjects/Account/001Lo0000zzzzzz/Contacts").status_code == 404
    assert api.get(f"sobjects/Account/{account}/Nonsense").status_code == 404


def test_formula_fields_are_refused_not_left_out(api):
    api.control("POST", "schema", {"object": "Lead", "field": "Sum__c", "set": {"type": "double", "formula": "1 + 1"}})
    lead = api.create("Lead", LastName="l", Company="c")
    for path in (f"sobjects/Lead/{lead}", f"sobjects/Lead/{lead}?fields=Sum__c"):
        assert api.get(path).status_code == 501
    assert api.get(f"sobjects/Lead/{lead}?fields=Company").status_code == 200
    api.control("DELETE", "schema")
