"""What every answer looks like: versions, headers, compression, hosts, and honest refusals."""

import gzip
import http.client
import json
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from crm_sync.local_org.server import serve


def test_versions_are_listed_without_a_session(api):
    del api.http.headers["Authorization"]
    reply = api.get("/services/data")
    listed = reply.json()
    assert listed[0] == {"label": "Summer '14", "url": "/services/data/v31.0", "version": "31.0"}
    assert listed[-1] == {"label": "Winter '27", "url": "/services/data/v68.0", "version": "68.0"}
    assert {"label": "Winter '26", "url": "/services/data/v65.0", "version": "65.0"} in listed
    assert "Sforce-Limit-Info" not in reply.headers


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/services/data/v69.0/limits", 404, "NOT_FOUND"),
        ("/services/data/v30.0/limits", 410, "UNSUPPORTED_API_VERSION"),
        ("/services/data/v68.0/nothing", 404, "NOT_FOUND"),
        ("/services/data/v68.0/sobjects/Nothing__c", 404, "NOT_FOUND"),
        ("/services/data/v68.0/chatter/feeds", 501, "NOT_IMPLEMENTED"),
        ("/services/data/v68.0/sobjects/Account/describe/layouts", 501, "NOT_IMPLEMENTED"),
    ],
)
def test_what_is_not_there_says_so(api, path, status, code):
    reply = api.get(path)
    assert reply.status_code == status
    assert list(reply.json()[0]) == ["errorCode", "message"]
    assert reply.json()[0]["errorCode"] == code


def test_wrong_method_names_the_right_ones(api):
    reply = api.call("PUT", "sobjects/Account")
    assert reply.status_code == 405
    assert reply.json()[0]["message"] == "HTTP Method 'PUT' not allowed. Allowed are GET,HEAD,POST"


def test_common_headers(api):
    reply = api.get("limits")
    assert reply.headers["Content-Type"] == "application/json;charset=UTF-8"
    assert reply.headers["X-CRM-Sync-Embedded"] == "1"
    assert reply.headers["Date"] == "Fri, 20 Nov 2026 12:00:00 GMT"
    used, _, most = reply.headers["Sforce-Limit-Info"].removeprefix("api-usage=").partition("/")
    again = api.get("limits").headers["Sforce-Limit-Info"]
    assert again == f"api-usage={int(used) + 1}/{most}"


def test_pretty_print_is_jacksons(api):
    text = api.get("sobjects/User", headers={"X-PrettyPrint": "1"}).text
    assert '"objectDescribe" : {\n' in text
    assert '"recentItems" : [ ]' in text
    assert api.get("sobjects/User").text.startswith('{"objectDescribe":{')


def test_bodies_are_packed_when_asked_and_unpacked_when_sent(api):
    packed = api.get("sobjects/Account/describe", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.json()["name"] == "Account"
    body = gzip.compress(json.dumps({"Name": "Packed"}).encode())
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    assert api.call("POST", "sobjects/Account", data=body, headers=headers).status_code == 201


def test_head_sends_headers_alone(api):
    record_id = api.create("Account", Name="Headed")
    reply = api.call("HEAD", f"sobjects/Account/{record_id}")
    assert reply.status_code == 200
    assert int(reply.headers["Content-Length"]) > 0
    assert reply.content == b""


def test_chunked_bodies_are_read(api):
    reply = api.call("POST", "sobjects/Account", data=iter([b'{"Na', b'me": "Chunked"}']))
    assert reply.status_code == 201


def test_method_override(api):
    record_id = api.create("Account", Name="Before")
    assert api.post(f"sobjects/Account/{record_id}?_HttpMethod=PATCH", {"Name": "After"}).status_code == 204
    assert api.row("Account", record_id)["Name"] == "After"


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", ""])
def test_other_host_names_are_refused(api, host):
    connection = http.client.HTTPConnection(urlsplit(api.base).netloc, timeout=10)
    connection.putrequest("GET", "/services/data", skip_host=True)
    connection.putheader("Host", host)
    connection.endheaders()
    reply = connection.getresponse()
    assert reply.status == 403
    assert b"embedded org" in reply.read()
    connection.close()


def test_too_long_urls_get_an_html_page(api):
    reply = api.get("query", params={"q": "SELECT Id FROM Account WHERE Name = '" + "x" * 17_000 + "'"})
    assert reply.status_code == 414
    assert reply.headers["Content-Type"].startswith("text/html")


def test_other_addresses_than_loopback_are_refused():
    with pytest.raises(ValueError, match="loopback only"):
        serve(None, Path("nowhere"), host="0.0.0.0")


def test_both_token_schemes_and_none(api):
    for scheme in ("Bearer", "OAuth"):
        assert api.get("limits", headers={"Authorization": f"{scheme} {api.token}"}).status_code == 200
    assert api.get("limits", headers={"Authorization": "Bearer wrong"}).status_code == 401


def test_resources_limits_and_counts(api):
    resources = api.get("").json()
    assert resources["sobjects"] == "/services/data/v68.0/sobjects"
    assert resources["identity"].startswith(api.base + "/id/00D000000000000EAA/005")
    limits = api.get("limits").json()
    assert {"DailyApiRequests", "DailyBulkApiBatches", "DailyBulkV2QueryJobs"} <= limits.keys()
    assert limits["DailyApiRequests"]["Remaining"] < limits["DailyApiRequests"]["Max"]
    api.create("Account", Name="Counted")
    counted = api.get("limits/recordCount?sObjects=Account,Lead").json()["sObjects"]
    assert [c["name"] for c in counted] == ["Account"]


def test_broken_json_is_a_parser_error(api):
    reply = api.call("POST", "sobjects/Account", data=b'{"Name": ', headers={"Content-Type": "application/json"})
    assert reply.status_code == 400
    assert reply.json()[0]["errorCode"] == "JSON_PARSER_ERROR"
