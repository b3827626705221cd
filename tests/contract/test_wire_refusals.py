"""Records refused by what people set up or do: approvals, rows held by others, duplicate rules."""

import pytest

MATCHING = """<MatchingRules xmlns="http://soap.sforce.com/2006/04/metadata"><matchingRules><fullName>Same_Person</fullName>
<booleanFilter>1 AND (2 OR 3)</booleanFilter><label>Same person</label>{items}<ruleStatus>Active</ruleStatus>
</matchingRules></MatchingRules>"""
ITEM = """<matchingRuleItems><blankValueBehavior>{blank}</blankValueBehavior><fieldName>{field}</fieldName>
<matchingMethod>{method}</matchingMethod></matchingRuleItems>"""
DUPLICATE = """<DuplicateRule xmlns="http://soap.sforce.com/2006/04/metadata"><actionOnInsert>{insert}</actionOnInsert>
<actionOnUpdate>Allow</actionOnUpdate><alertText>Use one of these records?</alertText><duplicateRuleMatchRules>
<matchRuleSObjectType>Lead</matchRuleSObjectType><matchingRule>Same_Person</matchingRule></duplicateRuleMatchRules>
<isActive>true</isActive><masterLabel>Same person</masterLabel>{operations}<securityOption>BypassSharingRules</securityOption>
<sortOrder>1</sortOrder></DuplicateRule>"""
ALERTS = "<operationsOnInsert>Alert</operationsOnInsert><operationsOnUpdate>Alert</operationsOnUpdate>"
ALLOWED = {"Sforce-Duplicate-Rule-Header": "allowSave=true"}


@pytest.fixture
def rules(api):
    """Put a duplicate rule in force, and lift it afterwards."""

    def put(insert="Allow", operations=ALERTS, method="Exact", blank="NullNotAllowed"):
        items = "".join(ITEM.format(field=f, method=method, blank=blank) for f in ("LastName", "Email", "Phone"))
        files = {
            "matchingRules/Lead.matchingRule-meta.xml": MATCHING.format(items=items),
            "duplicateRules/Lead.Same.duplicateRule-meta.xml": DUPLICATE.format(insert=insert, operations=operations),
        }
        api.control("POST", "metadata", {"files": files})
        return files

    yield put
    api.control("POST", "metadata", {"remove": ["duplicateRules/Lead.Same.duplicateRule-meta.xml"]})
    for row in api.query("SELECT Id FROM Lead")["records"]:
        api.delete(f"sobjects/Lead/{row['Id']}")


def lead(api, headers=None, **values):
    return api.call("POST", "sobjects/Lead", json={"Company": "c", **values}, headers=headers)


def test_an_alert_refuses_until_the_call_allows_saving(api, rules):
    rules()
    first = lead(api, LastName="Twin", Email="t@x.example").json()["id"]
    refused = lead(api, LastName="TWIN", Email="t@x.example")
    error = refused.json()[0]
    assert (refused.status_code, error["errorCode"], error["message"], error["fields"]) == (
        400,
        "DUPLICATES_DETECTED",
        "Use one of these records?",
        [],
    )
    result = error["duplicateResult"]
    assert (result["allowSave"], result["duplicateRule"], result["duplicateRuleEntityType"]) == (True, "Same", "Lead")
    matched = result["matchResults"][0]
    assert (matched["entityType"], matched["rule"], matched["size"], matched["success"]) == (
        "Lead",
        "Same_Person",
        1,
        True,
    )
    assert matched["matchRecords"][0]["record"] == {
        "attributes": {"type": "Lead", "url": f"/services/data/v68.0/sobjects/Lead/{first}"},
        "Id": first,
    }
    assert [d["name"] for d in matched["matchRecords"][0]["fieldDiffs"]] == ["LastName", "Email"]
    assert lead(api, ALLOWED, LastName="Twin", Email="t@x.example").status_code == 201


def test_details_of_matches_are_told_when_asked(api, rules):
    rules()
    lead(api, LastName="Told", Phone="1")
    headers = {"Sforce-Duplicate-Rule-Header": "allowSave=false; includeRecordDetails=true"}
    told = lead(api, headers, LastName="Told", Phone="1").json()[0]["duplicateResult"]["matchResults"][0]
    assert told["matchRecords"][0]["record"]["Company"] == "c"


def test_a_block_refuses_whatever_the_call_says(api, rules):
    rules(insert="Block")
    lead(api, LastName="Twin", Email="b@x.example")
    refused = lead(api, ALLOWED, LastName="Twin", Email="b@x.example")
    assert refused.json()[0]["duplicateResult"]["allowSave"] is False


def test_blanks_other_values_and_untouched_fields_are_no_duplicates(api, rules):
    rules()
    assert lead(api, LastName="Blank").status_code == 201
    assert lead(api, LastName="Blank").status_code == 201
    one, two = (lead(api, LastName=n, Email="u@x.example").json()["id"] for n in ("One", "Two"))
    assert api.patch(f"sobjects/Lead/{two}", {"Company": "d"}).status_code == 204
    refused = api.patch(f"sobjects/Lead/{two}", {"LastName": "One"})
    assert refused.json()[0]["duplicateResult"]["matchResults"][0]["matchRecords"][0]["record"]["Id"] == one


def test_duplicates_within_a_collection_and_a_composite(api, rules):
    rules()
    record = {"attributes": {"type": "Lead"}, "LastName": "Many", "Email": "m@x.example", "Company": "c"}
    results = api.post("composite/sobjects", {"records": [record, record]}).json()
    assert [r["success"] for r in results] == [True, False]
    assert results[1]["errors"][0]["statusCode"] == "DUPLICATES_DETECTED"
    url = "/services/data/v68.0/sobjects/Lead"
    body = {k: v for k, v in record.items() if k != "attributes"}
    asked = [
        {"method": "POST", "url": url, "referenceId": "a", "body": body},
        {"method": "POST", "url": url, "referenceId": "b", "body": body, "httpHeaders": ALLOWED},
    ]
    told = api.post("composite", {"compositeRequest": asked}).json()["compositeResponse"]
    assert [r["httpStatusCode"] for r in told] == [400, 201]


def test_rules_beyond_the_local_org_are_left_out_not_guessed(api, rules):
    rules(method="FirstName")
    assert api.running.org.laws.duplicates.get("Lead", ()) == ()
    rules(operations="<operationsOnInsert>Report</operationsOnInsert>")
    lead(api, LastName="Reported", Email="r@x.example")
    assert lead(api, LastName="Reported", Email="r@x.example").status_code == 201


@pytest.fixture
def profile(api):
    return api.create("Reference_Profile__c", Contact__c=api.create("Contact", LastName="Held"))


def test_an_approval_locks_a_record_for_all_but_administrators(api, limited, profile):
    admin = limited.control("POST", "sessions", {}).json()["access_token"]
    as_admin = {"Authorization": f"Bearer {admin}"}
    key = "sobjects/Reference_Profile__c/External_Key__c/locked"
    record = limited.patch(key, {"Title__c": "a"}).json()["id"]
    limited.control("POST", "locks", {"id": record, "kind": "approval"})
    refused = limited.patch(key, {"Title__c": "b"})
    assert (refused.status_code, refused.json()[0]["errorCode"]) == (400, "ENTITY_IS_LOCKED")
    assert (
        limited.patch(f"sobjects/Reference_Profile__c/{record}", {"Title__c": "c"}, headers=as_admin).status_code == 204
    )
    limited.control("DELETE", "locks", {"id": record})
    assert limited.patch(key, {"Title__c": "d"}).status_code == 200


def test_a_held_row_holds_back_its_children_for_a_while(api, profile):
    contact = api.row("Reference_Profile__c", profile)["Contact__c"]
    api.control("POST", "locks", {"id": contact[:15], "kind": "row", "seconds": 30})
    assert [lock["record_id"] for lock in api.control("GET", "locks").json()["locks"]] == [contact]
    for refused in (
        api.patch(f"sobjects/Contact/{contact}", {"Title": "x"}),
        api.patch(f"sobjects/Reference_Profile__c/{profile}", {"Title__c": "x"}),
        api.post("sobjects/Reference_Profile__c", {"Contact__c": contact}),
        api.delete(f"sobjects/Reference_Profile__c/{profile}"),
    ):
        assert refused.json()[0] == {
            "message": f"unable to obtain exclusive access to this record or 1 records: {contact}",
            "errorCode": "UNABLE_TO_LOCK_ROW",
            "fields": [],
        }
    api.control("POST", "clock", {"advance": 31})
    assert api.patch(f"sobjects/Reference_Profile__c/{profile}", {"Title__c": "x"}).status_code == 204


def test_the_metadata_in_force_are_listed(api, rules):
    assert set(rules()) <= set(api.control("GET", "metadata").json()["paths"])


def test_wrong_locks_are_refused(api, profile):
    for body in ({"id": "nonsense"}, {"id": profile, "kind": "padlock"}):
        assert api.post("/_control/locks", body).status_code == 400
