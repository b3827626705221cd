"""Describes have every key clients read, and hide what permissions hide."""

import pytest

FIELD_KEYS = {
    "aggregatable",
    "aiPredictionField",
    "autoNumber",
    "byteLength",
    "calculated",
    "calculatedFormula",
    "cascadeDelete",
    "caseSensitive",
    "compoundFieldName",
    "controllerName",
    "createable",
    "custom",
    "defaultValue",
    "defaultValueFormula",
    "defaultedOnCreate",
    "dependentPicklist",
    "deprecatedAndHidden",
    "digits",
    "displayLocationInDecimal",
    "encrypted",
    "externalId",
    "extraTypeInfo",
    "filterable",
    "filteredLookupInfo",
    "formulaTreatNullNumberAsZero",
    "groupable",
    "highScaleNumber",
    "htmlFormatted",
    "idLookup",
    "inlineHelpText",
    "label",
    "length",
    "mask",
    "maskType",
    "name",
    "nameField",
    "namePointing",
    "nillable",
    "permissionable",
    "picklistValues",
    "polymorphicForeignKey",
    "precision",
    "queryByDistance",
    "referenceTargetField",
    "referenceTo",
    "relationshipName",
    "relationshipOrder",
    "restrictedDelete",
    "restrictedPicklist",
    "scale",
    "searchPrefilterable",
    "soapType",
    "sortable",
    "type",
    "unique",
    "updateable",
    "writeRequiresMasterRead",
}
OBJECT_KEYS = {
    "actionOverrides",
    "activateable",
    "associateEntityType",
    "associateParentEntity",
    "childRelationships",
    "compactLayoutable",
    "createable",
    "custom",
    "customSetting",
    "deepCloneable",
    "defaultImplementation",
    "deletable",
    "deprecatedAndHidden",
    "extendedBy",
    "extendsInterfaces",
    "feedEnabled",
    "fields",
    "hasSubtypes",
    "implementedBy",
    "implementsInterfaces",
    "isInterface",
    "isSubtype",
    "keyPrefix",
    "label",
    "labelPlural",
    "layoutable",
    "listviewable",
    "lookupLayoutable",
    "mergeable",
    "mruEnabled",
    "name",
    "namedLayoutInfos",
    "networkScopeFieldName",
    "queryable",
    "recordTypeInfos",
    "replicateable",
    "retrieveable",
    "searchLayoutable",
    "searchable",
    "sobjectDescribeOption",
    "supportedScopes",
    "triggerable",
    "undeletable",
    "updateable",
    "urls",
}


def fields(reply):
    return {f["name"]: f for f in reply.json()["fields"]}


@pytest.mark.parametrize("name", ["Account", "contact", "Task", "User", "Organization", "Reference_Profile__c"])
def test_every_key_is_there(api, name):
    told = api.get(f"sobjects/{name}/describe").json()
    assert set(told) == OBJECT_KEYS
    assert all(set(f) == FIELD_KEYS for f in told["fields"])


def test_global_describe_lists_objects_with_their_prefixes(api):
    told = api.get("sobjects").json()
    assert (told["encoding"], told["maxBatchSize"]) == ("UTF-8", 200)
    prefixes = {o["name"]: o["keyPrefix"] for o in told["sobjects"]}
    assert (prefixes["Account"], prefixes["Contact"], prefixes["User"]) == ("001", "003", "005")
    assert prefixes["Reference_Profile__c"].startswith("a0")
    assert len(set(prefixes.values())) == len(prefixes)
    basic = api.get("sobjects/Account").json()
    assert basic["objectDescribe"] in told["sobjects"]


def test_fields_are_described_truthfully(api):
    account = fields(api.get("sobjects/Account/describe"))
    assert (account["Name"]["byteLength"], account["Name"]["nameField"], account["Name"]["nillable"]) == (
        765,
        True,
        False,
    )
    assert account["BillingCity"]["compoundFieldName"] == "BillingAddress"
    assert account["BillingAddress"]["soapType"] == "urn:address"
    assert not account["Description"]["filterable"]
    assert (account["NumberOfEmployees"]["digits"], account["NumberOfEmployees"]["type"]) == (8, "int")
    score = account["Health_Score__c"]
    assert (score["type"], score["precision"], score["scale"], score["custom"]) == ("double", 5, 1, True)
    key = fields(api.get("sobjects/Sync_Issue__c/describe"))["External_Key__c"]
    assert (key["externalId"], key["idLookup"], key["unique"], key["caseSensitive"]) == (True, True, True, True)
    who = fields(api.get("sobjects/Task/describe"))["WhoId"]
    assert (who["referenceTo"], who["namePointing"], who["relationshipName"]) == (["Contact", "Lead"], True, "Who")
    assert "Reference_Request__c" in fields(api.get("sobjects/Task/describe"))["WhatId"]["referenceTo"]
    assert fields(api.get("sobjects/Event/describe"))["Reference_Task_Key__c"]["externalId"]
    languages = fields(api.get("sobjects/Reference_Profile__c/describe"))["Languages__c"]
    assert languages["restrictedPicklist"]
    assert {"active": True, "defaultValue": False, "label": "English", "validFor": None, "value": "English"} in (
        languages["picklistValues"]
    )


def test_describes_say_what_recorded_ones_say(api):
    """Facts seen in published recordings of a real org's describes."""
    account, contact = (fields(api.get(f"sobjects/{n}/describe")) for n in ("Account", "Contact"))
    names = list(account)
    assert names.index("BillingStreet") == names.index("ParentId") + 1
    assert names[names.index("BillingAddress") - 1] == "BillingGeocodeAccuracy"
    assert (account["BillingGeocodeAccuracy"]["type"], account["BillingGeocodeAccuracy"]["restrictedPicklist"]) == (
        "picklist",
        True,
    )
    assert {n: contact[n]["extraTypeInfo"] for n in ("Name", "LastName", "PhotoUrl", "Description", "Email")} == {
        "Name": "personname",
        "LastName": "personname",
        "PhotoUrl": "imageurl",
        "Description": "plaintextarea",
        "Email": None,
    }
    assert [
        n
        for n in ("AccountId", "ReportsToId", "OwnerId", "CreatedById", "MasterRecordId")
        if contact[n]["searchPrefilterable"]
    ] == ["AccountId", "ReportsToId"]
    assert not contact["AccountId"]["cascadeDelete"]
    deal = fields(api.get("sobjects/Opportunity/describe"))
    assert deal["Probability"]["defaultedOnCreate"]
    children = api.get("sobjects/Contact/describe").json()["childRelationships"]
    assert ("Opportunity", "ContactId", "Opportunities") in {
        (c["childSObject"], c["field"], c["relationshipName"]) for c in children
    }
    assert "MasterRecordId" not in {c["field"] for c in children}
    plain = api.get("sobjects/Organization").json()["objectDescribe"]
    assert (plain["layoutable"], plain["triggerable"], plain["replicateable"]) == (False, False, True)
    assert set(plain["urls"]) == {"describe", "rowTemplate", "sobject"}


def test_child_relationships_name_subqueries(api):
    told = api.get("sobjects/Account/describe").json()["childRelationships"]
    contacts = next(c for c in told if c["relationshipName"] == "Contacts")
    assert (contacts["childSObject"], contacts["field"], contacts["cascadeDelete"]) == ("Contact", "AccountId", True)
    for child in told:
        if child["relationshipName"]:
            api.query(f"SELECT Id, (SELECT Id FROM {child['relationshipName']}) FROM Account LIMIT 1")


def test_permissions_hide_fields_and_objects(limited):
    contact = fields(limited.get("sobjects/Contact/describe"))
    assert "Birthdate" not in contact
    assert "Email" in contact
    assert not contact["Email"]["updateable"]
    assert "Lead" not in {o["name"] for o in limited.get("sobjects").json()["sobjects"]}
    assert limited.get("sobjects/Lead/describe").status_code == 404
    hidden = limited.get("query", params={"q": "SELECT Birthdate FROM Contact"})
    assert (hidden.status_code, hidden.json()[0]["errorCode"]) == (400, "INVALID_FIELD")


def test_permissions_refuse_writes(limited):
    denied = limited.post("sobjects/Account", {"Name": "x"})
    assert denied.json()[0]["errorCode"] == "INSUFFICIENT_ACCESS_OR_READONLY"
    admin = limited.control("POST", "sessions", {}).json()["access_token"]
    account = limited.post("sobjects/Account", {"Name": "x"}, headers={"Authorization": f"Bearer {admin}"}).json()["id"]
    assert limited.patch(f"sobjects/Account/{account}", {"Health_Score__c": 1}).status_code == 400
    assert limited.row("Account", account)["Name"] == "x"


@pytest.fixture
def edited(api):
    """Change the schema while the org runs; it is put back afterwards."""
    yield lambda **body: api.control("POST", "schema", body)
    api.control("DELETE", "schema")


def test_a_field_can_go_while_the_org_runs(api, edited):
    account = api.create("Account", Name="x", Health_Score__c=5)
    edited(object="account", field="Health_Score__c", remove=True)
    assert "Health_Score__c" not in api.row("Account", account)
    gone = api.get("query", params={"q": "SELECT Health_Score__c FROM Account"})
    assert gone.json()[0]["errorCode"] == "INVALID_FIELD"
    assert api.patch(f"sobjects/Account/{account}", {"Name": "y"}).status_code == 204
    api.control("DELETE", "schema")
    assert api.row("Account", account)["Health_Score__c"] == 5.0


def test_fields_can_come_be_required_or_lose_values_while_the_org_runs(api, edited):
    edited(object="Lead", field="Extra__c", set={"type": "string", "length": 5, "required": True})
    edited(
        object="Lead", field="Rating", set={"restricted": True, "picklist": ["Hot", {"value": "Old", "active": False}]}
    )
    edited(object="Lead", field="FirstName", set={"length": 3})
    refused = {}
    for values in ({}, {"Extra__c": "x", "Rating": "Old"}, {"Extra__c": "x", "FirstName": "long"}, {"Extra__c": "x"}):
        reply = api.post("sobjects/Lead", {"LastName": "l", "Company": "c", **values})
        refused[str(values)] = reply.json()[0]["errorCode"] if reply.status_code == 400 else reply.status_code
    assert list(refused.values()) == [
        "REQUIRED_FIELD_MISSING",
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        "STRING_TOO_LONG",
        201,
    ]


def test_an_object_can_go_and_lookups_to_it_with_it(api, edited):
    edited(object="Holiday", remove=True)
    assert api.get("sobjects/Holiday/describe").status_code == 404
    edited(object="Case", field="ContactId", remove=True)
    assert "Case" not in {
        c["childSObject"]
        for c in api.get("sobjects/Contact/describe").json()["childRelationships"]
        if c["field"] == "ContactId"
    }


@pytest.mark.parametrize(
    "body",
    [
        {"object": "Nothing__c", "remove": True},
        {"object": "Lead", "field": "Nothing__c", "remove": True},
        {"object": "Lead", "field": "Nothing__c", "set": {"length": 5}},
        {"object": "Lead", "field": "Company", "set": {"lenght": 5}},
    ],
)
def test_wrong_changes_of_the_schema_change_nothing(api, body):
    assert api.post("/_control/schema", body).status_code == 400
    assert api.running.org.edits == ()
