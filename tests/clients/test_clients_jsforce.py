"""jsforce 3 at its ordinary work, on what it returns and on what is in the org afterwards."""

from __future__ import annotations

import base64
import io
import zipfile

import pytest

from tests.local_place import VERSION

NAMESPACE = 'xmlns="http://soap.sforce.com/2006/04/metadata"'


@pytest.fixture
def jsforce(programs, org):
    """Run a step of jsforce_steps.mjs as the worker."""

    def run(step, **given):
        return programs.step(
            "jsforce_steps",
            step,
            **{"base": org.running.base_url, "token": org.token(), "version": VERSION} | given,
        )

    return run


# --- sign-in


def test_oauth(org, jsforce):
    signed = jsforce("loginByOauth", clientId=org.running.client_id, clientSecret=org.running.client_secret)
    assert signed["user"]["organizationId"] == org.running.org_id
    assert signed["identity"]["username"] == org.running.username
    assert signed["identity"]["user_id"] == signed["user"]["id"]
    assert signed["instanceUrl"] == org.running.base_url


def test_soap_login_up_to_the_last_version_that_has_it(org, jsforce):
    given = {"username": org.running.username, "password": org.running.client_secret}
    signed = jsforce("loginBySoap", **given, version="64.0")
    assert signed["user"]["organizationId"] == org.running.org_id
    assert signed["instanceUrl"] == org.running.base_url
    assert signed["rows"][0]["Name"] == "Embedded org"
    assert (
        "Invalid username, password"
        in jsforce("loginBySoapRefused", **given | {"password": "x"}, version="64.0")["message"]
    )
    assert "UNSUPPORTED_API_VERSION" in jsforce("loginBySoapRefused", **given, version="65.0")["message"]


def test_logout_ends_the_session(jsforce):
    assert jsforce("logout")["errorCode"] == "INVALID_SESSION_ID"


def test_an_ended_session_is_renewed_once(org, jsforce):
    given = {"clientId": org.running.client_id, "clientSecret": org.running.client_secret}
    renewed = jsforce("refreshes", control="/_control/sessions", **given)
    assert renewed["renewed"] == 1
    assert renewed["rows"][0]["Name"] == "Embedded org"


def test_identity_and_limits(org, jsforce):
    told = jsforce("identityAndLimits")
    assert told["identity"]["organization_id"] == org.running.org_id
    assert told["limits"]["DailyApiRequests"]["Max"] == 100_000
    assert told["limitInfo"]["apiUsage"]["limit"] == 100_000
    assert told["versions"][-1]["version"] == VERSION


# --- rows


def test_rows(org, jsforce):
    told = jsforce("rows")
    made = told["made"]["id"]
    assert told["made"] == {"id": made, "success": True, "errors": []}
    assert (told["read"]["Name"], told["read"]["NumberOfEmployees"]) == ("jsforce", 7)
    assert told["read"]["attributes"]["type"] == "Account"
    assert told["changed"] == {"id": made, "success": True, "errors": []}
    assert [r["Id"] for r in told["found"]] == [made]
    assert told["one"]["Name"] == "jsforce, changed"
    assert told["count"] == 1
    assert told["gone"]["success"]
    assert told["missing"]["errorCode"] == "ENTITY_IS_DELETED"
    assert org.rows(f"SELECT Id FROM Account WHERE Id = '{made}'") == []


def test_upserts(org, jsforce):
    told = jsforce("upserts")
    assert told["first"]["created"] is True
    assert told["again"]["created"] is False
    assert [(r["success"], r["created"]) for r in told["many"]] == [(True, False), (True, True), (True, True)]
    assert org.rows("SELECT Kind__c FROM Sync_Issue__c WHERE External_Key__c LIKE 'js-%'") == [{"Kind__c": "c"}] * 3


def test_collections(org, jsforce):
    told = jsforce("collections")
    refused = [r for r in told["made"] if not r["success"]]
    assert len(told["made"]) == 250
    assert [r["errors"][0]["statusCode"] for r in refused] == ["REQUIRED_FIELD_MISSING"]
    assert (len(told["read"]), told["read"][0]["LastName"]) == (200, "J0")
    assert all(r["success"] for r in told["changed"])
    assert org.rows("SELECT Id FROM Lead WHERE Title = 'never'") == []
    assert len(told["gone"]) == 249
    assert org.rows("SELECT Id FROM Lead WHERE LastName LIKE 'J%'") == []


def test_two_hundred_records_by_id(org, jsforce):
    ids = org.human("Contact", *[{"LastName": f"R{n:03}"} for n in range(200)])
    assert [r["LastName"] for r in jsforce("retrieveWithMissing", ids=ids)] == [f"R{n:03}" for n in range(200)]
    org.delete("Contact", ids[5])
    found = jsforce("retrieveWithMissing", ids=[ids[4], ids[5], ids[6]])
    assert [r and r["LastName"] for r in found] == ["R004", None, "R006"]


# --- queries and describes


@pytest.fixture(scope="module")
def many_contacts(org):
    account = org.human("Account", {"Name": "JQ"})[0]
    org.human("Contact", *[{"LastName": f"JQ{n:04}", "AccountId": account} for n in range(2103)])


@pytest.mark.usefixtures("many_contacts")
def test_queries(jsforce):
    told = jsforce("queries")
    assert (told["fetched"], told["distinct"], told["count"]) == (2103, 2103, 2103)
    assert told["first"] == {"totalSize": 2103, "done": False, "length": 2000}
    assert told["more"] == {"done": True, "length": 103}
    assert told["streamed"] == 2050
    [account] = told["nested"]
    assert len(account["Contacts"]["records"]) == 3


@pytest.mark.usefixtures("many_contacts")
def test_the_query_builder(jsforce):
    found = jsforce("queryBuilder")
    assert [(r["LastName"], r["Account"]["Name"]) for r in found] == [(f"JQ2{n:03}", "JQ") for n in (101, 100, 99)]


def test_search(org, jsforce):
    org.human("Account", {"Name": "Searched by jsforce"})
    org.human("Contact", {"LastName": "Forcefinder"})
    account, contact = jsforce("search", words="jsforce OR forcef*")
    assert (account["attributes"]["type"], account["Name"]) == ("Account", "Searched by jsforce")
    assert contact["LastName"] == "Forcefinder"


def test_deleted_rows(org, jsforce):
    gone = org.human("Lead", {"LastName": "JD", "Company": "c"})[0]
    org.delete("Lead", gone)
    org.control("POST", "clock", {"advance": 120})
    now = org.control("GET", "clock")["now"]
    told = jsforce("deletedRows", id=gone, since=now[:10] + "T00:00:00Z", until=now)
    org.control("POST", "clock", {"release": True})
    assert told["live"] == 0
    assert [(r["Id"], r["IsDeleted"]) for r in told["all"]] == [(gone, True)]
    assert gone in [r["id"] for r in told["deleted"]["deletedRecords"]]
    assert gone not in told["updated"]["ids"]


def test_describes(jsforce):
    told = jsforce("describes")
    assert {"Account", "Contact", "Reference_Profile__c", "Sync_Run__c"} <= set(told["names"])
    assert told["account"]["keyPrefix"] == "001"
    assert "Contacts" in told["account"]["children"]
    assert ["Contact__c", "reference", ["Contact"]] in told["profile"]
    assert told["missing"]["errorCode"] == "NOT_FOUND"


def test_composite(org, jsforce):
    answers = jsforce("composite")["compositeResponse"]
    assert [a["httpStatusCode"] for a in answers] == [201, 201, 200]
    assert answers[2]["body"]["records"][0]["Account"]["Name"] == "Composed"
    halted = jsforce("compositeHalted")["compositeResponse"]
    assert [a["httpStatusCode"] for a in halted] == [400, 400]
    assert {a["body"][0]["errorCode"] for a in halted} == {"PROCESSING_HALTED", "REQUIRED_FIELD_MISSING"}
    assert org.rows("SELECT Id FROM Account WHERE Name = 'Halted'") == []


def test_refusals(jsforce):
    told = jsforce("refusals")
    assert {what: r["errorCode"] for what, r in told.items()} == {
        "query": "INVALID_FIELD",
        "syntax": "MALFORMED_QUERY",
        "create": "REQUIRED_FIELD_MISSING",
        "session": "INVALID_SESSION_ID",
        "search": "MALFORMED_SEARCH",
        "version": "NOT_FOUND",
    }
    assert "No such column 'Nothing__c' on entity 'Account'" in told["query"]["message"]


# --- bulk


def test_bulk_1(org, jsforce):
    told = jsforce("bulk1")
    assert [r["success"] for r in told["made"]] == [True, False, True]
    assert told["made"][1]["errors"][0].startswith("REQUIRED_FIELD_MISSING")
    assert [r["success"] for r in told["changed"]] == [True, True]
    assert [r["success"] for r in told["upserted"]] == [True, True]
    assert [(r["LastName"], r["Company"], r["Email"]) for r in told["rows"]] == [
        ("K0", 'c, "1"\nd', ""),
        ("K2", "c", ""),
    ]
    assert [r["success"] for r in told["gone"]] == [True]
    assert [batch["state"] for batch in told["listed"]] == ["Completed"] * 2
    assert told["closed"]["state"] == "Closed"
    assert org.rows("SELECT LastName, Title FROM Lead WHERE LastName LIKE 'K%'") == [{"LastName": "K2", "Title": "T"}]
    assert len(org.rows("SELECT Id FROM Sync_Issue__c WHERE External_Key__c LIKE 'b1/%'")) == 2


def test_bulk_1_refusals(jsforce):
    told = jsforce("bulk1Refused")
    assert told["object"]["errorCode"] == "InvalidEntity"
    assert told["session"]["errorCode"] == "InvalidSessionId"
    assert "No such column 'Nothing__c'" in told["query"]["message"]


def test_bulk_2(org, jsforce):
    told = jsforce("bulk2")
    assert (told["successful"], len(told["failed"]), told["unprocessed"]) == (299, 1, [])
    assert told["failed"][0]["LastName"] == "L7"
    assert told["failed"][0]["sf__Error"].startswith("REQUIRED_FIELD_MISSING")
    assert [r["sf__Created"] for r in told["upserted"]["successfulResults"]] == ["true", "true"]
    assert len(told["rows"]) == 299
    assert {r["Company"] for r in told["rows"]} == {'c, "1"\nd'}
    assert told["gone"] == 299
    assert org.rows("SELECT Id FROM Lead WHERE LastName LIKE 'L%'") == []
    assert len(org.rows("SELECT Id FROM Sync_Issue__c WHERE External_Key__c LIKE 'b2/%'")) == 2


def test_bulk_2_jobs(org, jsforce):
    told = jsforce("bulk2Jobs")
    assert (told["opened"]["state"], told["aborted"]["state"]) == ("Open", "Aborted")
    assert told["deleted"]["errorCode"] == "NOT_FOUND"
    assert "Field name not found : Nothing__c" in told["failed"]["message"]
    assert "Nothing__c" in told["query"]["message"]
    assert org.rows("SELECT Id FROM Lead WHERE LastName = 'Never'") == []


# --- tooling and metadata


def test_tooling(jsforce):
    told = jsforce("tooling")
    assert (told["totalSize"], told["records"][0]["Name"]) == (1, "Embedded org")


def test_deployments_over_soap_and_rest(org, jsforce):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("package.xml", f"<Package {NAMESPACE}><version>63.0</version></Package>")
        archive.writestr(
            "objects/Account.object",
            f"<CustomObject {NAMESPACE}><fields><fullName>Hat__c</fullName><label>Hat</label><type>Text</type>"
            "<length>9</length></fields></CustomObject>",
        )
    told = jsforce("metadata", zip=base64.b64encode(packed.getvalue()).decode())
    assert (told["soap"]["status"], told["soap"]["checkOnly"]) == ("Succeeded", True)
    assert (told["rest"]["status"], told["rest"]["checkOnly"]) == ("Succeeded", False)
    made = org.human("Account", {"Name": "Hat", "Hat__c": "bowler"})[0]
    assert org.rows(f"SELECT Hat__c FROM Account WHERE Id = '{made}'") == [{"Hat__c": "bowler"}]
