"""Collections and trees: a result per record, all or none, limits."""

import pytest


def leads(count, **more):
    return [{"attributes": {"type": "Lead"}, "LastName": f"L{n}", "Company": "c", **more} for n in range(count)]


def test_create_gives_a_result_per_record_in_order(api):
    body = {"records": [*leads(1), {"attributes": {"type": "Lead"}, "Company": "c"}, *leads(1)]}
    reply = api.post("composite/sobjects", body)
    assert reply.status_code == 200
    good, bad, last = reply.json()
    assert good == {"id": good["id"], "success": True, "errors": []}
    assert bad == {
        "success": False,
        "errors": [
            {
                "statusCode": "REQUIRED_FIELD_MISSING",
                "message": "Required fields are missing: [LastName]",
                "fields": ["LastName"],
            }
        ],
    }
    assert last["success"]


@pytest.mark.parametrize("all_or_none", [True, None, False])
def test_all_or_none_rolls_back_the_others(api, all_or_none):
    before = api.query("SELECT COUNT() FROM Lead")["totalSize"]
    records = [*leads(2), {"attributes": {"type": "Lead"}, "Company": "c"}]
    results = api.post("composite/sobjects", {"allOrNone": all_or_none, "records": records}).json()
    codes = [e["statusCode"] for r in results for e in r["errors"]]
    after = api.query("SELECT COUNT() FROM Lead")["totalSize"]
    if all_or_none:
        assert codes == ["ALL_OR_NONE_OPERATION_ROLLED_BACK"] * 2 + ["REQUIRED_FIELD_MISSING"]
        assert after == before
    else:
        assert codes == ["REQUIRED_FIELD_MISSING"]
        assert after == before + 2


def test_change_names_records_by_id_in_any_case(api):
    first, second = (api.create("Lead", LastName="x", Company="c") for _ in range(2))
    records = [
        {"attributes": {"type": "Lead"}, "Id": first, "LastName": "y"},
        {"attributes": {"type": "Lead"}, "id": second[:15], "LastName": "z"},
        {"attributes": {"type": "Lead"}, "LastName": "w"},
        {"attributes": {"type": "Lead"}, "id": "00QLo0000zzzzzz", "LastName": "w"},
    ]
    results = api.patch("composite/sobjects", {"records": records}).json()
    assert [r.get("id") for r in results[:2]] == [first, second]
    assert [e["statusCode"] for r in results for e in r["errors"]] == [
        "MISSING_ARGUMENT",
        "INVALID_CROSS_REFERENCE_KEY",
    ]
    assert results[3]["id"].startswith("00QLo0000zzzzzz")
    assert api.row("Lead", second)["LastName"] == "z"


def test_upsert_says_what_was_created(api):
    url = "composite/sobjects/Sync_Issue__c/External_Key__c"
    records = [{"attributes": {"type": "Sync_Issue__c"}, "External_Key__c": f"u{n}", "Kind__c": "k"} for n in range(3)]
    assert [r["created"] for r in api.patch(url, {"records": records}).json()] == [True] * 3
    again = api.patch(url, {"records": [*records[:2], {**records[2], "External_Key__c": "u9"}]}).json()
    assert [r["created"] for r in again] == [False, False, True]


def test_the_same_external_id_twice_fails_both(api):
    records = [{"attributes": {"type": "Sync_Issue__c"}, "External_Key__c": k} for k in ("d", "e", "d")]
    results = api.patch("composite/sobjects/Sync_Issue__c/External_Key__c", {"records": records}).json()
    assert [r["success"] for r in results] == [False, True, False]
    assert results[0]["errors"][0]["message"] == "Duplicate external id specified: d"


def test_upsert_by_id_inserts_without_one(api):
    known = api.create("Lead", LastName="x", Company="c")
    records = [
        {"attributes": {"type": "Lead"}, "Id": None, "LastName": "new", "Company": "c"},
        {"attributes": {"type": "Lead"}, "Id": known, "LastName": "known"},
    ]
    results = api.patch("composite/sobjects/Lead/Id", {"records": records}).json()
    assert [r["created"] for r in results] == [True, False]


def test_delete_by_ids(api):
    known = [api.create("Lead", LastName="x", Company="c") for _ in range(2)]
    results = api.delete(f"composite/sobjects?ids={known[0]},{known[1]},{known[0]}").json()
    assert [r["success"] for r in results] == [True, True, False]
    assert results[2]["errors"][0]["statusCode"] == "ENTITY_IS_DELETED"


def test_retrieve_by_get_and_post(api):
    known = api.create("Lead", LastName="x", Company="c")
    missing = "00QLo0000zzzzzz"
    posted = api.post("composite/sobjects/Lead", {"ids": [known, missing], "fields": ["LastName"]}).json()
    got = api.get(f"composite/sobjects/Lead?ids={known},{missing}&fields=LastName").json()
    assert posted == got
    assert posted[0]["LastName"] == "x"
    assert posted[1] is None


@pytest.mark.parametrize(
    ("records", "code"),
    [
        ([], "REQUIRED_FIELD_MISSING"),
        (leads(201), "EXCEEDED_ID_LIMIT"),
        ([{"attributes": {"type": t}} for t in ("Lead", "Account") * 6], "LIMIT_EXCEEDED"),
        ([{"attributes": {"type": "Nothing"}}], "INVALID_TYPE"),
        (
            [{"attributes": {"type": "Lead"}, "LastName": "x", "Company": "c", "NumberOfEmployees": "n"}],
            "JSON_PARSER_ERROR",
        ),
    ],
)
def test_whole_calls_that_are_refused(api, records, code):
    reply = api.post("composite/sobjects", {"records": records})
    assert (reply.status_code, reply.json()[0]["errorCode"]) == (400, code)


def test_trees_create_children_with_their_parents(api):
    body = {
        "records": [
            {
                "attributes": {"type": "Account", "referenceId": "a"},
                "Name": "Tree",
                "Contacts": {
                    "records": [{"attributes": {"type": "Contact", "referenceId": "c"}, "LastName": "Leaf"}],
                },
            }
        ]
    }
    reply = api.post("composite/tree/Account", body)
    assert reply.status_code == 201
    results = {r["referenceId"]: r["id"] for r in reply.json()["results"]}
    assert api.row("Contact", results["c"])["AccountId"] == results["a"]


def test_a_tree_with_one_bad_record_creates_nothing_and_names_it(api):
    before = api.query("SELECT COUNT() FROM Lead")["totalSize"]
    records = [
        {"attributes": {"type": "Lead", "referenceId": "good"}, "LastName": "x", "Company": "c"},
        {"attributes": {"type": "Lead", "referenceId": "bad"}, "LastName": "x"},
    ]
    reply = api.post("composite/tree/Lead", {"records": records})
    assert reply.status_code == 400
    assert reply.json()["hasErrors"]
    assert [r["referenceId"] for r in reply.json()["results"]] == ["bad"]
    assert api.query("SELECT COUNT() FROM Lead")["totalSize"] == before
