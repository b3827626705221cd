"""Bulk API 2.0: jobs, pages, results, and how they fail."""

import csv
import io
import threading

import pytest


def load(api, count, last_name):
    for start in range(0, count, 200):
        records = [
            {
                "attributes": {"type": "Lead", "referenceId": f"r{n}"},
                "LastName": last_name,
                "FirstName": f"{n:05}",
                "Company": 'a "b"\nc',
            }
            for n in range(start, min(count, start + 200))
        ]
        assert api.post("composite/tree/Lead", {"records": records}).status_code == 201


def finished(api, kind, job_id):
    for _ in range(500):
        job = api.get(f"jobs/{kind}/{job_id}").json()
        if job["state"] in ("JobComplete", "Failed", "Aborted"):
            return job
        threading.Event().wait(0.01)
    raise AssertionError(job)


def query_job(api, soql, **more):
    reply = api.post("jobs/query", {"operation": "query", "query": soql, **more})
    assert reply.status_code == 200, reply.text
    return reply.json()


def pages(api, job_id, most):
    locator, found = "", []
    while locator != "null":
        reply = api.get(f"jobs/query/{job_id}/results", params={"maxRecords": most, "locator": locator})
        assert reply.headers["Content-Type"] == "text/csv"
        header, *rows = csv.reader(io.StringIO(reply.text, newline=""))
        assert len(rows) == int(reply.headers["Sforce-NumberOfRecords"])
        found.append((header, rows))
        locator = reply.headers["Sforce-Locator"]
    return found


def test_a_query_job_from_creation_to_deletion(api):
    load(api, 3, "bulk")
    job = query_job(api, "select id, lastname, company, numberofemployees from lead where lastname = 'bulk'")
    assert job["state"] == "UploadComplete"
    assert (job["object"], job["apiVersion"], job["columnDelimiter"]) == ("Lead", 68.0, "COMMA")
    assert job["id"].startswith("750")
    done = finished(api, "query", job["id"])
    assert (done["state"], done["numberRecordsProcessed"], done["jobType"]) == ("JobComplete", 3, "V2Query")
    text = api.get(f"jobs/query/{job['id']}/results").text
    assert text.startswith('"Id","LastName","Company","NumberOfEmployees"\n"00Q')
    assert '"bulk","a ""b""\nc",""\n' in text
    assert api.delete(f"jobs/query/{job['id']}").status_code == 204
    assert api.get(f"jobs/query/{job['id']}").status_code == 404


@pytest.mark.parametrize("most", [7, 1000, 1300, 5000])
def test_pages_add_up_whatever_their_size(api, most):
    if api.query("SELECT COUNT() FROM Lead WHERE LastName = 'paged'")["totalSize"] == 0:
        load(api, 2100, "paged")
    if most == 7:
        job = query_job(api, "SELECT FirstName, Company FROM Lead WHERE LastName = 'paged' LIMIT 20")
        expected = 20
    else:
        job = query_job(api, "SELECT FirstName, Company FROM Lead WHERE LastName = 'paged'")
        expected = 2100
    finished(api, "query", job["id"])
    found = pages(api, job["id"], most)
    assert all(header == ["FirstName", "Company"] and len(rows) <= most for header, rows in found)
    names = [row[0] for _, rows in found for row in rows]
    assert len(names) == len(set(names)) == expected


def test_empty_results_are_a_header_alone(api):
    job = query_job(api, "SELECT Id FROM Lead WHERE LastName = 'nobody'", lineEnding="CRLF", columnDelimiter="TAB")
    finished(api, "query", job["id"])
    reply = api.get(f"jobs/query/{job['id']}/results")
    assert reply.content == b'"Id"\r\n'
    assert (reply.headers["Sforce-Locator"], reply.headers["Sforce-NumberOfRecords"]) == ("null", "0")


def test_result_pages_can_be_fetched_apart(api):
    job = query_job(api, "SELECT Id FROM Lead WHERE LastName = 'bulk'")
    finished(api, "query", job["id"])
    listed = api.get(f"jobs/query/{job['id']}/resultPages").json()
    assert listed["done"]
    assert [api.get(p["resultUrl"]).status_code for p in listed["resultPages"]] == [200]


@pytest.mark.parametrize(
    "soql",
    [
        "SELECT COUNT(Id) FROM Lead",
        "SELECT Id, (SELECT Id FROM Contacts) FROM Account",
        "SELECT BillingAddress FROM Account",
        "SELECT Nothing FROM Lead",
        "nonsense",
    ],
)
def test_queries_bulk_does_not_take(api, soql):
    reply = api.post("jobs/query", {"operation": "query", "query": soql})
    assert reply.status_code == 400
    assert set(reply.json()[0]) == {"errorCode", "message"}


def test_a_stuck_job_can_be_aborted_and_not_read(api):
    api.fault("job_stuck")
    job = query_job(api, "SELECT Id FROM Lead")
    url = f"jobs/query/{job['id']}"
    assert api.get(url).json()["state"] == "InProgress"
    assert api.get(url + "/results").json()[0]["errorCode"] == "INVALIDJOBSTATE"
    assert api.delete(url).status_code == 400
    assert api.patch(url, {"state": "Aborted"}).json()["state"] == "Aborted"
    assert api.delete(url).status_code == 204


def test_results_are_read_through_the_version_that_made_them(api):
    job = query_job(api, "SELECT Id FROM Lead")
    finished(api, "query", job["id"])
    api.version = "60.0"
    assert api.get(f"jobs/query/{job['id']}/results").status_code == 409


def ingest(api, operation, name, text, key=None, **more):
    body = {"object": name, "operation": operation, **more} | ({"externalIdFieldName": key} if key else {})
    job = api.post("jobs/ingest", body).json()
    assert job["contentUrl"] == f"services/data/v68.0/jobs/ingest/{job['id']}/batches"
    uploaded = api.call("PUT", "/" + job["contentUrl"], data=text.encode(), headers={"Content-Type": "text/csv"})
    assert (uploaded.status_code, uploaded.content) == (201, b"")
    closed = api.patch(f"jobs/ingest/{job['id']}", {"state": "UploadComplete"})
    assert closed.status_code == 200
    assert "contentUrl" not in closed.json()
    return finished(api, "ingest", job["id"])


def result(api, job, which):
    return list(csv.reader(io.StringIO(api.get(f"jobs/ingest/{job['id']}/{which}").text)))


def test_upsert_tells_successes_and_failures_apart(api):
    text = 'External_Key__c,Kind__c,Resolved__c\nb1,one,true\nb2,two,maybe\nb3,three,0\n"b4","' + "x" * 81 + '",1\n'
    job = ingest(api, "upsert", "Sync_Issue__c", text, "External_Key__c")
    assert (job["state"], job["numberRecordsProcessed"], job["numberRecordsFailed"]) == ("JobComplete", 4, 2)
    header, *good = result(api, job, "successfulResults")
    assert header == ["sf__Id", "sf__Created", "External_Key__c", "Kind__c", "Resolved__c"]
    assert sorted(row[2] for row in good) == ["b1", "b3"]
    assert {row[1] for row in good} == {"true"}
    header, *bad = result(api, job, "failedResults")
    assert header[:2] == ["sf__Id", "sf__Error"]
    errors = {row[2]: row[1] for row in bad}
    assert errors["b2"] == (
        "INVALID_FIELD:Failed to deserialize field at col 2. Due to, 'maybe' is not a valid value for the type"
        " xsd:boolean:Resolved__c --"
    )
    assert errors["b4"].startswith("STRING_TOO_LONG:Kind: data value too large: ")
    assert result(api, job, "unprocessedrecords") == [["External_Key__c", "Kind__c", "Resolved__c"]]
    again = ingest(api, "upsert", "Sync_Issue__c", "External_Key__c,Kind__c\nb1,#N/A\nb3,\n", "External_Key__c")
    assert {row[1] for row in result(api, again, "successfulresults")[1:]} == {"false"}
    kinds = api.query("SELECT External_Key__c, Kind__c FROM Sync_Issue__c WHERE External_Key__c IN ('b1', 'b3')")
    assert {r["External_Key__c"]: r["Kind__c"] for r in kinds["records"]} == {"b1": None, "b3": "three"}


def test_insert_update_delete_by_other_delimiters(api):
    job = ingest(
        api, "insert", "Lead", "LastName;Company\r\nBulky;c\r\n", columnDelimiter="SEMICOLON", lineEnding="CRLF"
    )
    lead = result(api, job, "successfulResults")
    assert lead[0] == ['sf__Id;"sf__Created";"LastName";"Company"'] or len(lead) == 2
    lead_id = api.query("SELECT Id FROM Lead WHERE LastName = 'Bulky'")["records"][0]["Id"]
    assert ingest(api, "update", "Lead", f"Id,LastName\n{lead_id},Bulkier\n")["numberRecordsFailed"] == 0
    assert api.row("Lead", lead_id)["LastName"] == "Bulkier"
    assert ingest(api, "delete", "Lead", f"Id\n{lead_id}\n00QLo0000zzzzzz\n")["numberRecordsFailed"] == 1
    assert api.get(f"sobjects/Lead/{lead_id}").status_code == 404
    assert ingest(api, "hardDelete", "Lead", f"Id\n{lead_id}\n")["numberRecordsFailed"] == 0
    assert api.query(f"SELECT Id FROM Lead WHERE Id = '{lead_id}'", "queryAll")["totalSize"] == 0


def test_relationship_columns(api):
    api.create("Contact", LastName="Related", Email="bulk@x.example")
    job = ingest(
        api,
        "upsert",
        "Reference_Profile__c",
        "External_Key__c,Contact__r.Email\nrel,bulk@x.example\n",
        "External_Key__c",
    )
    assert job["numberRecordsFailed"] == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("LastName,Nothing\nx,y\n", "InvalidBatch : Field name not found : Nothing"),
        (
            "LastName,Company\r\nx,y\r\n",
            "InvalidBatch : LineEnding is invalid on user data. Current LineEnding setting is LF",
        ),
        ("", "InvalidBatch : Failed to parse CSV header: the file is empty"),
    ],
)
def test_bad_uploads_fail_the_whole_job(api, text, message):
    job = ingest(api, "insert", "Lead", text)
    assert (job["state"], job["numberRecordsProcessed"], job["errorMessage"]) == ("Failed", 0, message)


def test_multipart_brings_its_data_along(api):
    parts = {
        "job": (None, '{"object": "Lead", "operation": "insert", "lineEnding": "LF"}', "application/json"),
        "content": ("content", "LastName,Company\nParted,c\n", "text/csv"),
    }
    job = api.call("POST", "jobs/ingest", files=parts).json()
    assert job["state"] == "UploadComplete"
    assert finished(api, "ingest", job["id"])["numberRecordsProcessed"] == 1


def test_wrong_jobs_are_refused(api):
    for body, code in (
        ({"object": "Nothing", "operation": "insert"}, "INVALIDENTITY"),
        ({"object": "Lead", "operation": "merge"}, "INVALIDOPERATION"),
        ({"object": "Lead", "operation": "upsert", "externalIdFieldName": "Company"}, "INVALIDJOB"),
    ):
        reply = api.post("jobs/ingest", body)
        assert (reply.status_code, reply.json()[0]["errorCode"]) == (400, code)
    job = api.post("jobs/ingest", {"object": "Lead", "operation": "insert"}).json()
    assert api.get(f"jobs/ingest/{job['id']}/successfulResults").status_code == 400
    assert api.patch(f"jobs/ingest/{job['id']}", {"state": "Aborted"}).json()["state"] == "Aborted"
    assert {j["id"] for j in api.get("jobs/ingest").json()["records"]} >= {job["id"]}


def test_large_and_small_doubles_are_written_as_java_does(api):
    for name, revenue in (("big", 12_345_678.9), ("round", 1e7), ("usual", 1234.5), ("none", None), ("zero", 0)):
        deal = {"StageName": "Prospecting", "CloseDate": "2026-12-01"}
        api.create("Opportunity", Name=f"double {name}", Amount=revenue, **deal)
    soql = "SELECT Name, Amount FROM Opportunity WHERE Name LIKE 'double %'"
    job = query_job(api, soql)
    finished(api, "query", job["id"])
    ((_, rows),) = pages(api, job["id"], 100)
    assert {name.split()[1]: value for name, value in rows} == {
        "big": "1.23456789E7",
        "round": "1.0E7",
        "usual": "1234.5",
        "none": "",
        "zero": "0.0",
    }


@pytest.fixture
def paced(api):
    """Set when bulk work is done; afterwards it is done at once again."""
    yield lambda **pace: api.control("POST", "jobs", pace)
    api.control("POST", "jobs", {})


def states(api, path, looks):
    return [api.get(path).json()["state"] for _ in range(looks)]


def test_work_can_wait_for_looks(api, paced):
    paced(looks=2)
    job = query_job(api, "SELECT Id FROM User")
    assert states(api, f"jobs/query/{job['id']}", 4) == ["InProgress", "InProgress", "JobComplete", "JobComplete"]
    assert api.get(f"jobs/query/{job['id']}/results").status_code == 200


def test_work_can_wait_for_the_clock_and_be_found_done_later(api, paced):
    paced(seconds=60)
    job = api.post("jobs/ingest", {"object": "Lead", "operation": "insert"}).json()
    api.call("PUT", "/" + job["contentUrl"], data=b"LastName,Company\nWaited,c\n", headers={"Content-Type": "text/csv"})
    api.patch(f"jobs/ingest/{job['id']}", {"state": "UploadComplete"})
    assert states(api, f"jobs/ingest/{job['id']}", 2) == ["InProgress", "InProgress"]
    assert api.query("SELECT COUNT() FROM Lead WHERE LastName = 'Waited'")["totalSize"] == 0
    api.control("POST", "clock", {"advance": 60})
    assert api.query("SELECT COUNT() FROM Lead WHERE LastName = 'Waited'")["totalSize"] == 1
    assert states(api, f"jobs/ingest/{job['id']}", 1) == ["JobComplete"]


def test_an_aborted_job_does_nothing_when_its_time_comes(api, paced):
    paced(looks=1)
    job = api.post("jobs/ingest", {"object": "Lead", "operation": "insert"}).json()
    api.call("PUT", "/" + job["contentUrl"], data=b"LastName,Company\nNever,c\n", headers={"Content-Type": "text/csv"})
    api.patch(f"jobs/ingest/{job['id']}", {"state": "UploadComplete"})
    api.patch(f"jobs/ingest/{job['id']}", {"state": "Aborted"})
    assert states(api, f"jobs/ingest/{job['id']}", 3) == ["Aborted"] * 3
    assert api.query("SELECT COUNT() FROM Lead WHERE LastName = 'Never'")["totalSize"] == 0


def test_a_job_can_fail_half_way_and_tells_what_it_left(api):
    api.fault("job_fail", rows=3, message="TooManyLockFailure : too many")
    text = "LastName,Company\n" + "".join(f"half{n},c\n" for n in range(5))
    job = ingest(api, "insert", "Lead", text)
    assert (job["state"], job["numberRecordsProcessed"], job["errorMessage"]) == (
        "Failed",
        3,
        "TooManyLockFailure : too many",
    )
    assert len(result(api, job, "successfulResults")) == 4
    assert result(api, job, "unprocessedRecords") == [["LastName", "Company"], ["half3", "c"], ["half4", "c"]]
    api.fault("job_fail", message="retries exceeded")
    assert finished(api, "query", query_job(api, "SELECT Id FROM Lead")["id"])["errorMessage"] == "retries exceeded"


def test_lists_choose_and_page(api, monkeypatch):
    monkeypatch.setattr("crm_sync.local_org.bulk_calls.JOBS_IN_A_LIST", 2)
    made = [query_job(api, "SELECT Id FROM User")["id"] for _ in range(3)]
    first = api.get("jobs/query").json()
    assert ([j["id"] for j in first["records"]], first["done"]) == (made[:0:-1], False)
    assert {j["jobType"] for j in first["records"]} == {"V2Query"}
    assert made[0] in {j["id"] for j in api.get(first["nextRecordsUrl"]).json()["records"]}
    for chosen in ("jobType=Classic", "concurrencyMode=Serial", "isPkChunkingEnabled=true"):
        assert api.get(f"jobs/query?{chosen}").json()["records"] == []


def test_jobs_are_forgotten_after_seven_days(api):
    job = query_job(api, "SELECT Id FROM User")["id"]
    finished(api, "query", job)
    api.control("POST", "clock", {"advance": 8 * 86_400})
    token = api.control("POST", "sessions", {}).json()["access_token"]
    assert api.get(f"jobs/query/{job}", headers={"Authorization": f"Bearer {token}"}).status_code == 404


def test_result_pages_came_with_v58(api):
    api.version = "57.0"
    job = query_job(api, "SELECT Id FROM User")["id"]
    finished(api, "query", job)
    assert api.get(f"jobs/query/{job}/resultPages").status_code == 404


def test_daily_allowances_are_counted_and_kept(api):
    before = api.get("limits").json()
    job = query_job(api, "SELECT Id FROM User")
    finished(api, "query", job["id"])
    ingest(api, "insert", "Lead", "LastName,Company\nCounted,c\n")
    after = api.get("limits").json()
    for name in ("DailyBulkV2QueryJobs", "DailyBulkApiBatches"):
        assert after[name]["Remaining"] == before[name]["Remaining"] - 1
    usual = {name: before[name]["Max"] for name in ("DailyBulkV2QueryJobs", "DailyBulkApiBatches")}
    api.control("POST", "limits", dict.fromkeys(usual, 0))
    refused = api.post("jobs/query", {"operation": "query", "query": "SELECT Id FROM User"})
    assert (refused.status_code, refused.json()[0]["errorCode"]) == (400, "LIMIT_EXCEEDED")
    job = api.post("jobs/ingest", {"object": "Lead", "operation": "insert"}).json()["id"]
    refused = api.patch(f"jobs/ingest/{job}", {"state": "UploadComplete"})
    assert refused.json()[0]["errorCode"] == "EXCEEDED_QUOTA"
    api.control("POST", "limits", usual)
    assert api.post("/_control/limits", {"Nonsense": 1}).status_code == 400
