"""Calls that go ahead only in one state: dates and entity tags, on rows, describes and in composites."""

import pytest

OLD, LATE = "Fri, 20 Nov 2020 12:00:00 GMT", "Fri, 20 Nov 2037 12:00:00 GMT"


@pytest.fixture
def account(api):
    return f"sobjects/Account/{api.create('Account', Name='Conditional')}"


def status(api, method, path, body=None, **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return api.call(method, path, json=body, headers=named).status_code


def test_dates_of_rows(api, account):
    assert status(api, "GET", account, If_Modified_Since=LATE) == 304
    assert status(api, "HEAD", account, If_Modified_Since=LATE) == 304
    assert status(api, "GET", account, If_Modified_Since=OLD) == 200
    assert status(api, "GET", account, If_Unmodified_Since=OLD) == 412
    assert status(api, "PATCH", account, {"Site": "x"}, If_Unmodified_Since=OLD) == 412
    assert status(api, "PATCH", account, {"Site": "x"}, If_Unmodified_Since=LATE) == 204


def test_dates_that_are_none(api, account):
    assert status(api, "GET", account, If_Modified_Since="yesterday") == 200
    assert status(api, "PATCH", account, {"Site": "x"}, If_Unmodified_Since="yesterday") == 400
    assert status(api, "DELETE", account, If_Unmodified_Since=OLD, If_Match='"x"') == 204


def test_tags_tell_two_changes_of_one_second_apart(api, account):
    tag = api.get(account).headers["ETag"]
    assert tag.endswith('-gzip"')
    assert status(api, "GET", account, If_None_Match=tag) == 304
    assert status(api, "GET", account, If_None_Match=tag.replace("-gzip", "")) == 304
    assert status(api, "PATCH", account, {"Site": "one"}, If_Match=tag) == 204
    assert status(api, "PATCH", account, {"Site": "two"}, If_Match=tag) == 412
    assert status(api, "GET", account, If_None_Match=tag) == 200
    assert status(api, "PATCH", account, {"Site": "two"}, If_Match="*") == 204
    assert status(api, "PATCH", account, {"Site": "two"}, If_None_Match="*") == 412
    assert api.get(account).json()["Site"] == "two"
    assert status(api, "GET", account, If_Match='"other"') == 412


def test_tags_are_for_accounts_alone(api):
    lead = f"sobjects/Lead/{api.create('Lead', LastName='l', Company='c')}"
    assert "ETag" not in api.get(lead).headers
    assert status(api, "PATCH", lead, {"Company": "d"}, If_Match='"x"') == 204


def test_upserts_take_conditions_on_the_row_they_find(api):
    path = "sobjects/Sync_Issue__c/External_Key__c/conditional"
    assert status(api, "PATCH", path, {"Kind__c": "k"}, If_Unmodified_Since=OLD) == 201
    assert status(api, "PATCH", path, {"Kind__c": "l"}, If_Unmodified_Since=OLD) == 412


@pytest.mark.parametrize("path", ["sobjects", "sobjects/Account/describe"])
def test_describes_tell_when_the_schema_changed(api, path):
    first = api.get(path)
    assert status(api, "GET", path, If_Modified_Since=first.headers["Last-Modified"]) == 304
    assert status(api, "GET", path, If_None_Match=first.headers["ETag"]) == 304
    assert status(api, "GET", path, If_Modified_Since=OLD) == 200


def test_subrequests_have_conditions_of_their_own(api, account):
    url = "/services/data/v68.0/"
    asked = [
        {
            "method": "GET",
            "url": url + "sobjects/Account/describe",
            "referenceId": "a",
            "httpHeaders": {"If-Modified-Since": LATE},
        },
        {
            "method": "PATCH",
            "url": url + account,
            "referenceId": "b",
            "body": {"Site": "x"},
            "httpHeaders": {"If-Unmodified-Since": OLD},
        },
    ]
    unchanged, refused = api.post("composite", {"compositeRequest": asked}).json()["compositeResponse"]
    assert (unchanged["httpStatusCode"], unchanged["body"]) == (304, None)
    assert set(unchanged["httpHeaders"]) == {"ETag", "Last-Modified"}
    assert (refused["httpStatusCode"], refused["body"][0]["errorCode"]) == (412, "PRECONDITION_FAILED")
