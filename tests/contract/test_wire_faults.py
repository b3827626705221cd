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
    used = api.running.org.usage.used
    api.control("POST", "limits", {"DailyApiRequests": used + 1})
    assert api.get("limits").json()["DailyApiRequests"] == {"Max": used + 1, "Remaining": 1}
    refused = api.get("limits")
    assert (refused.status_code, refused.json()[0]["errorCode"]) == (403, "REQUEST_LIMIT_EXCEEDED")
    api.control("POST", "clock", {"advance": 25 * 3600})
    token = api.control("POST", "sessions", {}).json()["access_token"]
    assert api.get("limits", headers={"Authorization": f"Bearer {token}"}).status_code == 200
    api.control("POST", "limits", {"DailyApiRequests": 100_000})
