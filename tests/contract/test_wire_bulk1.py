"""Bulk API 1.0 in the dialects clients speak."""

import csv
import io

import pytest
import requests
from lxml import etree
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce

NS = "http://www.force.com/2009/06/asyncapi/dataload"


class PlainHttp(HTTPAdapter):
    def send(self, request, **more):
        request.url = request.url.replace("https://", "http://", 1)
        return super().send(request, **more)


@pytest.fixture
def sf(api):
    session = requests.Session()
    session.mount("https://127.0.0.1", PlainHttp())
    yield Salesforce(instance_url=api.base, session_id=api.token, session=session, version="66.0")
    session.close()


def test_json_jobs_of_simple_salesforce(sf):
    made = sf.bulk.Lead.insert([{"LastName": "one", "Company": "c"}, {"LastName": "two"}], batch_size=100)
    assert [m["success"] for m in made] == [True, False]
    assert made[0]["created"]
    assert made[1]["errors"][0]["statusCode"] == "REQUIRED_FIELD_MISSING"
    keyed = [{"External_Key__c": "bulk1", "Kind__c": "k"}]
    assert sf.bulk.Sync_Issue__c.upsert(keyed, "External_Key__c")[0]["created"]
    assert not sf.bulk.Sync_Issue__c.upsert(keyed, "External_Key__c")[0]["created"]
    rows = sf.bulk.Lead.query("SELECT Id, LastName, CreatedDate FROM Lead")
    assert [(r["LastName"], r["CreatedDate"]) for r in rows] == [("one", 1_795_176_000_000)]
    assert sf.bulk.Lead.query("SELECT Id FROM Lead WHERE LastName = 'nobody'") == []
    assert sf.bulk.Lead.delete([{"Id": rows[0]["Id"]}])[0]["success"]


def call(api, method, path, data=None, kind="application/xml; charset=UTF-8", **headers):
    sent = {"X-SFDC-Session": api.token, "Content-Type": kind, **headers}
    return requests.request(method, f"{api.base}/services/async/60.0/{path}", data=data, headers=sent, timeout=10)


def xml_job(api, operation, name, **more):
    inside = "".join(f"<{k}>{v}</{k}>" for k, v in {"operation": operation, "object": name, **more}.items())
    reply = call(api, "POST", "job", f'<jobInfo xmlns="{NS}">{inside}</jobInfo>')
    assert reply.status_code == 201, reply.text
    root = etree.fromstring(reply.content)
    assert root.tag == f"{{{NS}}}jobInfo"
    assert root.findtext("{*}createdDate") == "2026-11-20T12:00:00.000Z"
    return root.findtext("{*}id")


def test_xml_jobs_with_csv_data(api):
    job = xml_job(api, "insert", "Lead", contentType="CSV", concurrencyMode="Parallel")
    posted = call(api, "POST", f"job/{job}/batch", '"LastName","Company"\r\n"x","c"\r\n"","c"\r\n', "text/csv")
    assert posted.status_code == 201
    batch = etree.fromstring(posted.content).findtext("{*}id")
    told = etree.fromstring(call(api, "GET", f"job/{job}/batch/{batch}").content)
    assert [told.findtext(f"{{*}}{t}") for t in ("state", "numberRecordsProcessed", "numberRecordsFailed")] == [
        "Completed",
        "2",
        "1",
    ]
    header, good, bad = csv.reader(io.StringIO(call(api, "GET", f"job/{job}/batch/{batch}/result").text))
    assert header == ["Id", "Success", "Created", "Error"]
    assert good[1:] == ["true", "true", ""]
    assert bad == ["", "false", "false", "REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName--"]
    closed = call(api, "POST", f"job/{job}", f'<jobInfo xmlns="{NS}"><state>Closed</state></jobInfo>')
    assert etree.fromstring(closed.content).findtext("{*}state") == "Closed"
    late = call(api, "POST", f"job/{job}/batch", "LastName\nx\n", "text/csv")
    assert (late.status_code, etree.fromstring(late.content).findtext("{*}exceptionCode")) == (400, "InvalidJobState")


def test_queries_in_csv_and_with_pk_chunking(api):
    job = xml_job(api, "queryAll", "User", contentType="CSV")
    call(
        api, "POST", f"job/{job}/batch", "SELECT Username FROM User", "text/csv", **{"Sforce-Enable-PKChunking": "true"}
    )
    listed = etree.fromstring(call(api, "GET", f"job/{job}/batch").content)
    assert [b.findtext("{*}state") for b in listed] == ["Not Processed", "Completed"]
    batch = listed[1].findtext("{*}id")
    result = etree.fromstring(call(api, "GET", f"job/{job}/batch/{batch}/result").content).findtext("{*}result")
    text = call(api, "GET", f"job/{job}/batch/{batch}/result/{result}").text
    assert text.startswith('"Username"\n')
    assert f'"{api.running.username}"\n' in text


def test_refusals(api):
    job = xml_job(api, "query", "User", contentType="CSV")
    batch = etree.fromstring(call(api, "POST", f"job/{job}/batch", "nonsense", "text/csv").content).findtext("{*}id")
    told = etree.fromstring(call(api, "GET", f"job/{job}/batch/{batch}").content)
    assert told.findtext("{*}state") == "Failed"
    assert told.findtext("{*}stateMessage").startswith("InvalidBatch : ")
    for path, code in (("job/750000000000000", "InvalidJob"), ("nothing", "InvalidUrl")):
        reply = call(api, "GET", path)
        assert (reply.status_code, etree.fromstring(reply.content).findtext("{*}exceptionCode")) == (400, code)
    dead = call(api, "GET", f"job/{job}", kind="application/json", **{"X-SFDC-Session": "x"})
    assert dead.json() == {"exceptionCode": "InvalidSessionId", "exceptionMessage": "Invalid session id"}
    old = requests.get(f"{api.base}/services/async/20.0/job/1", headers={"X-SFDC-Session": api.token}, timeout=10)
    assert b"InvalidVersion" in old.content


def test_a_query_as_json_by_a_job_made_in_xml(api):
    """As salesforce-bulk does it, which takes an answer for JSON when its type is application/json and nothing more."""
    job = xml_job(api, "query", "Lead", contentType="JSON")
    batch = call(api, "POST", f"job/{job}/batch", "SELECT Id FROM Lead LIMIT 1", "application/json")
    names = call(api, "GET", f"job/{job}/batch/{batch.json()['id']}/result", kind="application/json")
    rows = call(api, "GET", f"job/{job}/batch/{batch.json()['id']}/result/{names.json()[0]}")
    assert {reply.headers["Content-Type"] for reply in (batch, names, rows)} == {"application/json"}
    assert call(api, "GET", f"job/{job}").headers["Content-Type"] == "application/xml"


def test_batches_wait_fail_and_count_like_other_bulk_work(api):
    used = api.running.org.usage.used("DailyBulkApiBatches")
    api.control("POST", "jobs", {"looks": 1})
    job = xml_job(api, "query", "User", contentType="CSV")
    posted = etree.fromstring(call(api, "POST", f"job/{job}/batch", "SELECT Id FROM User", "text/csv").content)
    path = f"job/{job}/batch/{posted.findtext('{*}id')}"
    seen = [etree.fromstring(call(api, "GET", path).content).findtext("{*}state") for _ in range(3)]
    assert (posted.findtext("{*}state"), seen) == ("Queued", ["InProgress", "Completed", "Completed"])
    api.control("POST", "jobs", {})
    api.fault("job_fail", message="InternalServerError")
    job = xml_job(api, "insert", "Lead", contentType="CSV")
    call(api, "POST", f"job/{job}/batch", "LastName,Company\nx,c\n", "text/csv")
    told = etree.fromstring(call(api, "GET", f"job/{job}/batch").content)[0]
    assert (told.findtext("{*}state"), told.findtext("{*}stateMessage")) == ("Failed", "InternalServerError")
    assert api.running.org.usage.used("DailyBulkApiBatches") == used + 2


def test_batches_are_of_ten_megabytes_at_most(api):
    job = xml_job(api, "insert", "Lead", contentType="CSV")
    large = "LastName\n" + "x" * 10_000_000
    reply = call(api, "POST", f"job/{job}/batch", large, "text/csv")
    assert (reply.status_code, b"ClientInputError" in reply.content) == (400, True)


def test_an_exhausted_day_is_an_exceeded_quota(api):
    api.control("POST", "limits", {"DailyApiRequests": 0})
    refused = call(api, "GET", "job/1", kind="application/json")
    assert (refused.status_code, refused.json()["exceptionCode"]) == (400, "ExceededQuota")
    api.control("POST", "limits", {"DailyApiRequests": 100_000})
