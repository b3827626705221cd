"""Faults a tester asks for happen once, where asked, and are gone."""

import pytest
import requests


def test_an_error_instead_of_an_answer(api):
    api.fault(
        "error", "GET", "/limits$", status=403, code="REQUEST_LIMIT_EXCEEDED", message="TotalRequests Limit exceeded."
    )
    assert api.get("sobjects").status_code == 200
    refused = api.get("limits")
    assert refused.status_code == 403
    assert refused.json() == [{"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}]
    assert api.get("limits").status_code == 200


def test_a_page_of_html(api):
    api.fault("html", status=503)
    reply = api.get("limits")
    assert (reply.status_code, reply.headers["Content-Type"]) == (503, "text/html")


def test_an_expired_session(api):
    api.fault("expire")
    assert api.get("limits").status_code == 401


def test_a_lost_reply_after_the_work_was_done(api):
    api.fault("lost_reply", "POST")
    with pytest.raises(requests.ConnectionError):
        api.post("sobjects/Lead", {"LastName": "lost", "Company": "c"})
    assert api.query("SELECT COUNT() FROM Lead WHERE LastName = 'lost'")["totalSize"] == 1


def test_a_cut_before_the_work(api):
    api.fault("cut", "POST")
    with pytest.raises(requests.ConnectionError):
        api.post("sobjects/Lead", {"LastName": "cut", "Company": "c"})
    assert api.query("SELECT COUNT() FROM Lead WHERE LastName = 'cut'")["totalSize"] == 0


def test_a_truncated_answer(api):
    api.fault("truncate", "GET", bytes=10)
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        api.get("limits").json()


def test_one_refused_record_among_others(api):
    api.fault("record", object="Lead", contains='"second"')
    records = [{"attributes": {"type": "Lead"}, "LastName": n, "Company": "c"} for n in ("first", "second", "third")]
    results = api.post("composite/sobjects", {"records": records}).json()
    assert [r["success"] for r in results] == [True, False, True]
    assert results[1]["errors"][0]["statusCode"] == "UNABLE_TO_LOCK_ROW"


def test_faults_can_wait_and_repeat(api):
    api.control("POST", "faults", {"kind": "error", "skip": 1, "times": 2})
    assert [api.get("limits").status_code for _ in range(4)] == [200, 503, 503, 200]


def test_a_forgotten_locator(api):
    records = [
        {"attributes": {"type": "Lead", "referenceId": f"r{n}"}, "LastName": "fault", "Company": "c"}
        for n in range(200)
    ]
    for _ in range(2):
        api.post("composite/tree/Lead", {"records": records})
    page = api.query("SELECT Id FROM Lead WHERE LastName = 'fault'", headers={"Sforce-Query-Options": "batchSize=200"})
    api.fault("locator")
    assert api.get(page["nextRecordsUrl"]).json()[0]["errorCode"] == "INVALID_QUERY_LOCATOR"


def test_controls_say_what_there_is_and_refuse_forms(api):
    told = api.control("GET", "").json()
    assert "POST faults" in told["endpoints"]
    assert "lost_reply" in told["faults"]
    assert api.call("POST", "/_control/clock", data={"advance": "1"}).status_code == 415
    assert api.post("/_control/faults", {"kind": "nonsense"}).status_code == 400


def test_the_daily_limit_is_kept_until_the_day_has_passed(api):
    used = api.running.org.usage.used("DailyApiRequests")
    api.control("POST", "limits", {"DailyApiRequests": used + 1})
    assert api.get("limits").json()["DailyApiRequests"] == {"Max": used + 1, "Remaining": 1}
    refused = api.get("limits")
    assert (refused.status_code, refused.json()[0]["errorCode"]) == (403, "REQUEST_LIMIT_EXCEEDED")
    api.control("POST", "clock", {"advance": 25 * 3600})
    token = api.control("POST", "sessions", {}).json()["access_token"]
    assert api.get("limits", headers={"Authorization": f"Bearer {token}"}).status_code == 200
    api.control("POST", "limits", {"DailyApiRequests": 100_000})


def test_a_fault_can_choose_its_calls_by_query_body_method_and_number(api):
    api.control("POST", "faults", {"kind": "error", "method": "GET|PATCH", "text": "from contact", "times": -1})
    assert api.get("query", params={"q": "SELECT Id FROM Contact"}).status_code == 503
    assert api.get("query", params={"q": "SELECT Id FROM Lead"}).status_code == 200
    api.control("DELETE", "faults")
    api.control("POST", "faults", {"kind": "error", "every": 3, "skip": 1, "times": -1})
    assert [api.get("limits").status_code for _ in range(8)] == [200, 503, 200, 200, 503, 200, 200, 503]


def test_a_fault_by_chance_is_the_same_each_time(api):
    def storm():
        api.control("DELETE", "faults")
        api.control("POST", "faults", {"kind": "error", "chance": 0.5, "seed": 7, "times": -1})
        return [api.get("limits").status_code for _ in range(12)]

    first = storm()
    assert set(first) == {200, 503}
    assert storm() == first


def test_a_fault_can_end_with_the_orgs_time(api):
    api.control("POST", "faults", {"kind": "error", "method": "POST", "times": -1, "lasts": 6 * 3600})
    assert api.post("sobjects/Lead", {}).status_code == 503
    assert api.control("GET", "faults").json()["faults"][0]["lasts"] == 21_600
    api.control("POST", "clock", {"advance": 6 * 3600})
    token = api.control("POST", "sessions", {}).json()["access_token"]
    assert api.post("sobjects/Lead", {}, headers={"Authorization": f"Bearer {token}"}).status_code == 400
    assert api.control("GET", "faults").json()["faults"] == []


@pytest.mark.parametrize(
    ("path", "header", "expected"),
    [
        ("/services/data/v68.0/limits", "application/json", [{"message": "m", "errorCode": "X"}]),
        ("/services/oauth2/token", "", {"error": "X", "error_description": "m"}),
        ("/services/async/60.0/job/1", "application/json", {"exceptionCode": "X", "exceptionMessage": "m"}),
    ],
)
def test_errors_have_the_shape_of_the_api_called(api, path, header, expected):
    api.fault("error", status=418, code="X", message="m")
    reply = api.get(path, headers={"Accept": header})
    assert (reply.status_code, reply.json()) == (418, expected)


def test_soap_errors_are_faults(api):
    api.fault("error", code="SERVER_UNAVAILABLE", message="busy")
    reply = api.call("POST", "/services/Soap/u/60.0", data=b"<x/>")
    assert (reply.status_code, b"<faultstring>SERVER_UNAVAILABLE: busy</faultstring>" in reply.content) == (500, True)


def test_any_literal_answer(api):
    api.fault("answer", status=301, body="", headers={"Location": "https://elsewhere.example/"})
    moved = api.get("limits", allow_redirects=False)
    assert (moved.status_code, moved.headers["Location"]) == (301, "https://elsewhere.example/")
    api.fault("answer", body='{"Name": "é"}', encoding="latin-1")
    assert api.get("limits").content == b'{"Name": "\xe9"}'


def test_streamed_answers_are_cut_too(api):
    api.create("Lead", LastName="cut-stream", Company="c")
    job = api.post("jobs/query", {"operation": "query", "query": "SELECT Id FROM Lead"}).json()["id"]
    while api.get(f"jobs/query/{job}").json()["state"] != "JobComplete":
        pass
    api.fault("truncate", "GET", "results", bytes=7)
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        api.get(f"jobs/query/{job}/results")


def test_a_slow_drip(api):
    api.fault("drip", bytes_per_second=40)
    reply = api.get("query", params={"q": "SELECT COUNT() FROM Lead"}, stream=True)
    first = next(reply.iter_content(4))
    assert len(first) == 4
    assert b'"records"' in first + b"".join(reply.iter_content(1000))


def test_a_delay_can_grow_with_the_body(api):
    started = api.get("limits").elapsed
    api.fault("delay", seconds=0, seconds_per_kilobyte=0.05)
    slow = api.post("sobjects/Lead", {"LastName": "x", "Company": "c" * 4096}).elapsed
    assert slow.total_seconds() >= 0.2 > started.total_seconds()


def test_somebody_edits_a_record_just_before_and_just_after_a_call(api):
    lead = api.create("Lead", LastName="edited", Company="c")
    edit = {"call": "POST records/write", "body": {"object": "Lead", "id": lead, "fields": {"Company": "before"}}}
    api.fault("control", "GET", lead, **edit)
    assert api.row("Lead", lead)["Company"] == "before"
    edit["body"]["fields"]["Company"] = "after"
    api.fault("control", "PATCH", lead, when="after", **edit)
    api.patch(f"sobjects/Lead/{lead}", {"Company": "mine"})
    assert api.row("Lead", lead)["Company"] == "after"
    api.fault("control", call="POST nonsense")
    assert api.get("limits").status_code == 500


def test_queries_that_find_too_much_time_out(api):
    api.fault("slow_query", times=-1, rows=0)
    refused = api.get("query", params={"q": "SELECT Id FROM User"})
    assert (refused.status_code, refused.json()[0]["errorCode"]) == (400, "QUERY_TIMEOUT")
    assert api.get("query", params={"q": "SELECT Id FROM Holiday"}).status_code == 200


def test_deletions_can_be_refused_like_other_writes(api):
    lead = api.create("Lead", LastName="kept", Company="c")
    api.fault("record", object="Lead", contains=lead)
    refused = api.delete(f"sobjects/Lead/{lead}")
    assert refused.json()[0]["message"] == (f"unable to obtain exclusive access to this record or 1 records: {lead}")
    assert api.delete(f"sobjects/Lead/{lead}").status_code == 204


def test_retired_and_future_versions_can_be_set(api):
    api.control("POST", "versions", {"oldest": 60, "newest": 67})
    assert [v["version"] for v in api.get("/services/data").json()] == [f"{n}.0" for n in range(60, 68)]
    assert api.get("/services/data/v59.0/limits").status_code == 410
    assert api.get("/services/data/v68.0/limits").status_code == 404
    old = api.get("/services/async/59.0/job/1", headers={"Accept": "application/json"})
    assert (old.status_code, old.json()["exceptionCode"]) == (400, "InvalidVersion")
    soap = api.call("POST", "/services/Soap/u/59.0", data=b"<x/>")
    assert (soap.status_code, b"UNSUPPORTED_API_VERSION" in soap.content) == (500, True)
    api.control("POST", "versions", {"oldest": 31, "newest": 68})
