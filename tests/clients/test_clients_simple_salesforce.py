"""simple-salesforce 1.12 at its ordinary work: sign-in, rows, queries, Bulk 1.0, Bulk 2.0, a metadata deployment."""

from __future__ import annotations

import csv
import io
import time
import zipfile
from datetime import datetime, timedelta

import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce, format_soql
from simple_salesforce.exceptions import (
    SalesforceAuthenticationFailed,
    SalesforceExpiredSession,
    SalesforceGeneralError,
    SalesforceMalformedRequest,
    SalesforceMoreThanOneRecord,
    SalesforceOperationError,
    SalesforceResourceNotFound,
)

VERSION = "68.0"


class ToTheOrg(HTTPAdapter):
    """Sends to the local org what the library insists on sending to https, or to the hosts of the service."""

    def __init__(self, base_url):
        super().__init__()
        self.base_url = base_url

    def send(self, request, **more):
        _, _, path = request.url.removeprefix("https://").partition("/")
        request.url = f"{self.base_url}/{path}"
        return super().send(request, **more)


@pytest.fixture
def session(org):
    with requests.Session() as opened:
        opened.mount("https://", ToTheOrg(org.running.base_url))
        yield opened


@pytest.fixture
def sf(org, session):
    return Salesforce(instance_url=org.running.base_url, session_id=org.token(), session=session, version=VERSION)


# --- sign-in


def test_client_credentials(org, session):
    sf = Salesforce(
        consumer_key=org.running.client_id,
        consumer_secret=org.running.client_secret,
        domain="org.my",
        session=session,
        version=VERSION,
    )
    assert sf.query("SELECT Name FROM Organization")["records"][0]["Name"] == "Embedded org"
    with pytest.raises(SalesforceAuthenticationFailed, match="invalid client credentials"):
        Salesforce(consumer_key=org.running.client_id, consumer_secret="wrong", domain="org.my", session=session)


def test_jwt_bearer(org, session):
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    org.control("POST", "certificate", {"certificate": public.decode()})
    given = {"consumer_key": org.running.client_id, "privatekey": pem, "session": session, "version": VERSION}
    sf = Salesforce(username="admin@crm-sync.example", **given)
    made = sf.Account.create({"Name": "By the administrator"})["id"]
    assert org.rows(f"SELECT CreatedBy.Username FROM Account WHERE Id = '{made}'")[0]["CreatedBy"]["Username"] == (
        "admin@crm-sync.example"
    )
    with (
        pytest.raises(SalesforceAuthenticationFailed, match="hasn't approved"),
        pytest.warns(UserWarning, match="you may need to authorize"),
    ):
        Salesforce(username="nobody@crm-sync.example", **given)


def test_soap_login_up_to_the_last_version_that_has_it(org, session):
    given = {"username": org.running.username, "security_token": "", "session": session}
    sf = Salesforce(password=org.running.client_secret, **given)
    assert sf.limits()["DailyApiRequests"]["Max"] == 100_000
    with pytest.raises(SalesforceAuthenticationFailed, match="INVALID_LOGIN"):
        Salesforce(password="wrong", **given)
    with pytest.raises(SalesforceAuthenticationFailed, match="UNSUPPORTED_API_VERSION"):
        Salesforce(password=org.running.client_secret, version="65.0", **given)


def test_the_password_flow_is_off_as_it_is_by_default(org, session):
    with pytest.raises(SalesforceAuthenticationFailed, match="authentication failure"):
        Salesforce(
            username=org.running.username,
            password=org.running.client_secret,
            consumer_key=org.running.client_id,
            consumer_secret=org.running.client_secret,
            session=session,
        )


def test_a_session_that_ended(org, sf):
    assert sf.query("SELECT Id FROM Account LIMIT 1")["done"]
    org.control("DELETE", "sessions")
    with pytest.raises(SalesforceExpiredSession):
        sf.Account.describe()


# --- rows


def test_rows(org, sf):
    made = sf.Account.create({"Name": "Rows", "AnnualRevenue": 12, "Phone": "1"})["id"]
    assert org.rows(f"SELECT Name, AnnualRevenue FROM Account WHERE Id = '{made}'") == [
        {"Name": "Rows", "AnnualRevenue": 12}
    ]
    assert sf.Account.update(made, {"Phone": None, "Website": "https://x.example"}) == 204
    read = sf.Account.get(made)
    assert (read["Phone"], read["Website"]) == (None, "https://x.example")
    assert sf.Account.delete(made) == 204
    with pytest.raises(SalesforceResourceNotFound):
        sf.Account.get(made)
    assert sf.query_all(f"SELECT IsDeleted FROM Account WHERE Id = '{made}'", include_deleted=True)["records"][0][
        "IsDeleted"
    ]


def test_upsert_by_external_id(org, sf):
    assert sf.Sync_Issue__c.upsert("External_Key__c/up sert%2F1", {"Kind__c": "k"}) == 201
    assert sf.Sync_Issue__c.upsert("External_Key__c/up sert%2F1", {"Kind__c": "l"}) == 200
    assert org.rows("SELECT Kind__c FROM Sync_Issue__c WHERE External_Key__c = 'up sert/1'") == [{"Kind__c": "l"}]
    answer = sf.Sync_Issue__c.upsert("External_Key__c/up sert%2F1", {"Kind__c": "m"}, raw_response=True).json()
    assert (answer["success"], answer["created"]) == (True, False)
    org.human("Contact", *[{"LastName": "Twice", "Email": "twice@x.example"}] * 2)
    with pytest.raises(SalesforceMoreThanOneRecord):
        sf.Contact.upsert("Email/twice@x.example", {"LastName": "Thrice"})
    assert len(org.rows("SELECT Id FROM Contact WHERE LastName = 'Thrice'")) == 0


def test_refused_rows(sf):
    with pytest.raises(SalesforceMalformedRequest) as refused:
        sf.Contact.create({"FirstName": "No last name"})
    assert refused.value.content[0]["errorCode"] == "REQUIRED_FIELD_MISSING"
    assert refused.value.content[0]["fields"] == ["LastName"]
    with pytest.raises(SalesforceMalformedRequest, match="INVALID_FIELD"):
        sf.Contact.create({"LastName": "x", "Nothing__c": 1})


def test_changed_and_deleted(org, sf):
    kept, gone = org.human("Lead", {"LastName": "Kept", "Company": "c"}, {"LastName": "Gone", "Company": "c"})
    org.delete("Lead", gone)
    org.control("POST", "clock", {"advance": 120})
    now = datetime.fromisoformat(org.control("GET", "clock")["now"])
    since, until = now - timedelta(hours=1), now
    assert kept in sf.Lead.updated(since, until)["ids"]
    assert gone in [row["id"] for row in sf.Lead.deleted(since, until)["deletedRecords"]]
    org.control("POST", "clock", {"release": True})


# --- describes and queries


def test_describes(sf):
    assert sf.is_sandbox() is True
    assert {"Account", "Reference_Profile__c"} <= {o["name"] for o in sf.describe()["sobjects"]}
    fields = {f["name"]: f for f in sf.Reference_Profile__c.describe()["fields"]}
    assert fields["Contact__c"]["referenceTo"] == ["Contact"]
    assert sf.Account.metadata()["objectDescribe"]["keyPrefix"] == "001"
    assert sf.limits()["DailyApiRequests"]["Remaining"] < 100_000
    assert sf.api_usage["api-usage"].total == 100_000


def test_queries(org, sf):
    account = org.human("Account", {"Name": "O'Query & Co"})[0]
    org.human("Contact", *[{"LastName": f"Q{n:04}", "AccountId": account} for n in range(2105)])
    found = sf.query(format_soql("SELECT Id, (SELECT Id FROM Contacts) FROM Account WHERE Name = {}", "O'Query & Co"))
    assert found["records"][0]["Contacts"]["totalSize"] == 2105
    first = sf.query("SELECT LastName, Account.Name FROM Contact WHERE LastName LIKE 'Q%' ORDER BY LastName")
    assert (first["totalSize"], first["done"], len(first["records"])) == (2105, False, 2000)
    rest = sf.query_more(first["nextRecordsUrl"], identifier_is_url=True)
    assert (rest["done"], len(rest["records"])) == (True, 105)
    assert rest["records"][-1]["Account"]["Name"] == "O'Query & Co"
    names = [r["LastName"] for r in sf.query_all_iter("SELECT LastName FROM Contact WHERE LastName LIKE 'Q%'")]
    assert len(set(names)) == 2105
    assert sf.query("SELECT COUNT() FROM Contact WHERE LastName LIKE 'Q%'")["totalSize"] == 2105
    groups = sf.query("SELECT AccountId a, COUNT(Id) n FROM Contact WHERE LastName LIKE 'Q%' GROUP BY AccountId")
    assert [(g["a"], g["n"]) for g in groups["records"]] == [(account, 2105)]


def test_refused_queries(sf):
    with pytest.raises(SalesforceMalformedRequest, match="MALFORMED_QUERY"):
        sf.query("SELECT FROM Account")
    with pytest.raises(SalesforceMalformedRequest, match="No such column 'Nothing__c'"):
        sf.query("SELECT Nothing__c FROM Account")
    with pytest.raises(SalesforceMalformedRequest, match="INVALID_QUERY_LOCATOR"):
        sf.query_more("01g000000000000AAA-2000")


def test_search(org, sf):
    account = org.human("Account", {"Name": "O'Search & Co"})[0]
    contact = org.human("Contact", {"LastName": "Searcher", "Email": "ada@o-search.example"})[0]
    found = sf.search(format_soql("FIND {{o\\'search}} RETURNING Account(Name WHERE Name = {})", "O'Search & Co"))
    assert [r["Name"] for r in found["searchRecords"]] == ["O'Search & Co"]
    assert {r["Id"] for r in sf.quick_search("search")["searchRecords"]} == {account, contact}
    with pytest.raises(SalesforceMalformedRequest, match="MALFORMED_SEARCH"):
        sf.quick_search("o'search")


def test_restful_and_composite(org, sf):
    body = {
        "allOrNone": True,
        "compositeRequest": [
            {
                "method": "POST",
                "url": f"/services/data/v{VERSION}/sobjects/Account",
                "referenceId": "a",
                "body": {"Name": "Composite"},
            },
            {
                "method": "POST",
                "url": f"/services/data/v{VERSION}/sobjects/Contact",
                "referenceId": "c",
                "body": {"LastName": "Composite", "AccountId": "@{a.id}"},
            },
        ],
    }
    answer = sf.restful("composite", method="POST", json=body)
    assert [part["httpStatusCode"] for part in answer["compositeResponse"]] == [201, 201]
    assert (
        org.rows("SELECT Account.Name FROM Contact WHERE LastName = 'Composite'")[0]["Account"]["Name"] == "Composite"
    )


# --- Bulk 1.0


def test_bulk_1_rows(org, sf):
    rows = [{"LastName": f"B{n}", "Company": 'c "1", d\ne' if n else None} for n in range(5)]
    made = sf.bulk.Lead.insert(rows, batch_size=2)
    assert [r["success"] for r in made] == [False, True, True, True, True]
    assert made[0]["errors"][0]["statusCode"] == "REQUIRED_FIELD_MISSING"
    found = org.rows("SELECT Id, LastName, Company FROM Lead WHERE LastName LIKE 'B%' ORDER BY LastName")
    assert [(r["Id"], r["Company"]) for r in found] == [(r["id"], 'c "1", d\ne') for r in made[1:]]
    changed = sf.bulk.Lead.update([{"Id": r["Id"], "Title": "T"} for r in found])
    assert all(r["success"] and not r["created"] for r in changed)
    detailed = sf.bulk.Lead.delete([{"Id": r["Id"]} for r in found], include_detailed_results=True)
    assert [r["Id"] for r in detailed] == [r["Id"] for r in found]
    assert org.rows("SELECT Id FROM Lead WHERE LastName LIKE 'B%'") == []


def test_bulk_1_upsert_and_relationship(org, sf):
    keys = [{"External_Key__c": f"bulk1-{n}", "Kind__c": "k"} for n in range(3)]
    assert [r["created"] for r in sf.bulk.Sync_Issue__c.upsert(keys, "External_Key__c")] == [True] * 3
    again = sf.bulk.Sync_Issue__c.upsert(
        [{"External_Key__c": "bulk1-1", "Kind__c": "l"}], "External_Key__c", use_serial=True
    )
    assert [r["created"] for r in again] == [False]
    assert len(org.rows("SELECT Id FROM Sync_Issue__c WHERE External_Key__c LIKE 'bulk1-%'")) == 3


def test_bulk_1_query(org, sf):
    org.human("Lead", {"LastName": "Epoch", "Company": "c"})
    [row] = sf.bulk.Lead.query("SELECT Id, LastName, CreatedDate, Email FROM Lead WHERE LastName = 'Epoch'", wait=0.05)
    assert row["attributes"]["type"] == "Lead"
    assert row["Email"] is None
    assert abs(row["CreatedDate"] / 1000 - time.time()) < 300, "milliseconds since 1970"
    pages = sf.bulk.Lead.query_all("SELECT Id FROM Lead", lazy_operation=True, wait=0.05)
    assert sum(len(page) for page in pages) >= 1
    with pytest.raises(SalesforceGeneralError):
        sf.bulk.Lead.query("SELECT Nothing__c FROM Lead", wait=0.05)


# --- Bulk 2.0


def table(text):
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_bulk_2_rows(org, sf):
    rows = [{"LastName": f"V{n}", "Company": 'c, "1"\nd' if n else "", "Description": ""} for n in range(4)]
    [job] = sf.bulk2.Lead.insert(records=rows, wait=0.05)
    assert (job["numberRecordsProcessed"], job["numberRecordsFailed"], job["numberRecordsTotal"]) == (4, 1, 4)
    [failed] = table(sf.bulk2.Lead.get_failed_records(job["job_id"]))
    assert failed["sf__Error"].startswith("REQUIRED_FIELD_MISSING:")
    assert (failed["sf__Id"], failed["LastName"]) == ("", "V0")
    made = table(sf.bulk2.Lead.get_successful_records(job["job_id"]))
    assert {r["sf__Created"] for r in made} == {"true"}
    assert sf.bulk2.Lead.get_unprocessed_records(job["job_id"]).strip().splitlines()[1:] == []
    everything = sf.bulk2.Lead.get_all_ingest_records(job["job_id"])
    assert [len(everything[k]) for k in ("successfulRecords", "failedRecords", "unprocessedRecords")] == [3, 1, 0]
    found = org.rows("SELECT Id, LastName, Company FROM Lead WHERE LastName LIKE 'V%'")
    assert {r["LastName"]: (r["Id"], r["Company"]) for r in found} == {
        r["LastName"]: (r["sf__Id"], 'c, "1"\nd') for r in made
    }
    [job] = sf.bulk2.Lead.update(records=[{"Id": r["Id"], "Company": "#N/A"} for r in found], wait=0.05)
    assert job["numberRecordsFailed"] == 3, "a required field cannot be emptied"
    [job] = sf.bulk2.Lead.delete(records=[{"Id": r["Id"]} for r in found], wait=0.05)
    assert job["numberRecordsFailed"] == 0
    assert org.rows("SELECT Id FROM Lead WHERE LastName LIKE 'V%'") == []


def test_bulk_2_upsert(org, sf):
    rows = [{"External_Key__c": f"bulk2-{n}", "Kind__c": "k"} for n in range(50)]
    jobs = sf.bulk2.Sync_Issue__c.upsert(records=rows, external_id_field="External_Key__c", batch_size=20, wait=0.05)
    assert [j["numberRecordsProcessed"] for j in jobs] == [20, 20, 10]
    [job] = sf.bulk2.Sync_Issue__c.upsert(
        records=[{"External_Key__c": "bulk2-0", "Kind__c": "l"}, {"External_Key__c": "bulk2-50", "Kind__c": "l"}],
        external_id_field="External_Key__c",
        wait=0.05,
    )
    made = table(sf.bulk2.Sync_Issue__c.get_successful_records(job["job_id"]))
    assert {r["External_Key__c"]: r["sf__Created"] for r in made} == {"bulk2-0": "false", "bulk2-50": "true"}
    assert len(org.rows("SELECT Id FROM Sync_Issue__c WHERE External_Key__c LIKE 'bulk2-%'")) == 51
    assert len(org.rows("SELECT Id FROM Sync_Issue__c WHERE Kind__c = 'l' AND External_Key__c LIKE 'bulk2-%'")) == 2


def test_bulk_2_a_job_with_an_unknown_column_fails(org, sf):
    with pytest.raises(SalesforceOperationError, match="Field name not found : Nothing__c"):
        sf.bulk2.Lead.insert(records=[{"LastName": "Never", "Company": "c", "Nothing__c": "1"}], wait=0.05)
    assert org.rows("SELECT Id FROM Lead WHERE LastName = 'Never'") == []


def test_bulk_2_query(org, sf, tmp_path):
    org.human("Lead", *[{"LastName": f"P{n:03}", "Company": "c"} for n in range(250)])
    soql = "SELECT Id, LastName, Email FROM Lead WHERE LastName LIKE 'P%'"
    pages = list(sf.bulk2.Lead.query(soql, max_records=100, wait=0.05))
    assert [len(table(page)) for page in pages] == [100, 100, 50]
    assert len({r["LastName"] for page in pages for r in table(page)}) == 250
    files = sf.bulk2.Lead.download(soql, path=str(tmp_path), max_records=200, wait=0.05)
    assert [f["number_of_records"] for f in files] == [200, 50]
    gone = org.rows("SELECT Id FROM Lead WHERE LastName = 'P000'")[0]["Id"]
    org.delete("Lead", gone)
    assert len(table("".join(sf.bulk2.Lead.query(soql, wait=0.05)))) == 249
    assert len(table("".join(sf.bulk2.Lead.query_all(soql, wait=0.05)))) == 250


# --- metadata


def test_deployment(org, sf, tmp_path):
    archive = tmp_path / "package.zip"
    namespace = 'xmlns="http://soap.sforce.com/2006/04/metadata"'
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr(
            "package.xml",
            f"<Package {namespace}><types><members>Account.Shoe_Size__c</members><name>CustomField</name></types>"
            "<version>63.0</version></Package>",
        )
        packed.writestr(
            "objects/Account.object",
            f"<CustomObject {namespace}><fields><fullName>Shoe_Size__c</fullName><label>Shoe Size</label>"
            "<type>Number</type><precision>4</precision><scale>1</scale></fields></CustomObject>",
        )
    given = {"sandbox": True, "testLevel": "NoTestRun", "checkOnly": False}
    deployment = sf.deploy(str(archive), **given)
    state = sf.checkDeployStatus(deployment["asyncId"])
    assert (state["state"], state["deployment_detail"]["failed_count"]) == ("Succeeded", "0")
    made = sf.Account.create({"Name": "Feet", "Shoe_Size__c": 9.5})["id"]
    assert org.rows(f"SELECT Shoe_Size__c FROM Account WHERE Id = '{made}'") == [{"Shoe_Size__c": 9.5}]
