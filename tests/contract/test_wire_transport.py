"""What every answer looks like: versions, headers, compression, hosts, and honest refusals."""

import contextlib
import gzip
import http.client
import json
import time
from urllib.parse import urlsplit

import pytest


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
    far_too_long = api.get("limits", headers={"X-Long": "x" * 200_000})
    assert (far_too_long.status_code, far_too_long.headers["Content-Type"][:9]) == (431, "text/html")


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


def test_bodies_and_schemes_the_service_does_not_take(api):
    form = api.call("POST", "sobjects/Account", data={"Name": "x"})
    assert (form.status_code, form.json()[0]["errorCode"]) == (415, "UNSUPPORTED_MEDIA_TYPE")
    xml = api.call("POST", "sobjects/Account", data=b"<Account/>", headers={"Content-Type": "application/xml"})
    assert xml.status_code == 501
    assert api.get("limits", headers={"Accept": "application/xml"}).status_code == 501
    basic = api.get("limits", headers={"Authorization": "Basic eDp5"})
    assert (basic.status_code, basic.json()[0]["errorCode"]) == (401, "INVALID_AUTH_HEADER")


@pytest.mark.parametrize("packing", [gzip.compress, lambda body: gzip.compress(body)[:-4], lambda body: body])
def test_packed_bodies_are_whole_or_refused(api, packing):
    body = packing(json.dumps({"Name": "Packed"}).encode())
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    expected = 201 if packing is gzip.compress else 400
    assert api.call("POST", "sobjects/Account", data=iter([body]), headers=headers).status_code == expected


@pytest.mark.parametrize(
    "path", ["/cometd/68.0", "/secur/frontdoor.jsp", "/.well-known/openid-configuration", "/services/apexrest/x"]
)
def test_what_the_service_has_elsewhere_is_not_implemented(api, path):
    assert api.get(path).status_code == 501


def test_the_resource_map_lists_what_is_served(api):
    told = api.get("").json()
    assert {"sobjects", "query", "queryAll", "composite", "jobs", "limits", "tooling", "identity"} <= told.keys()
    assert "chatter" not in told


def test_limits_are_true(api):
    before = api.get("limits").json()
    for n in range(3):
        records = [
            {"attributes": {"type": "Lead", "referenceId": f"r{i}"}, "LastName": f"{n}.{i}", "Company": "c"}
            for i in range(200)
        ]
        api.post("composite/tree/Lead", {"records": records})
    after = api.get("limits").json()
    assert before["DataStorageMB"]["Remaining"] - after["DataStorageMB"]["Remaining"] in (1, 2)
    assert before["DailyApiRequests"]["Remaining"] - after["DailyApiRequests"]["Remaining"] == 4
    documented = {"HourlyDashboardStatuses", "Package2VersionCreates", "DailyDeliveredPlatformEvents", "FileStorageMB"}
    assert documented <= after.keys()
    api.version = "46.0"
    old = api.get("limits").json()
    assert ("DailyBulkApiRequests" in old, "DailyBulkApiBatches" in old, "DailyBulkV2QueryJobs" in old) == (
        True,
        False,
        False,
    )
    assert after["PermissionSets"].keys() == {"Max", "Remaining", "CreateCustom"}


def test_a_connection_stays_open_while_a_client_thinks(api):
    """The sf command line is busy for five seconds and more between the files of a plan, and then uses its connection again."""
    with contextlib.closing(http.client.HTTPConnection(api.base.removeprefix("http://"), timeout=10)) as connection:
        connection.request("GET", "/services/data")
        assert connection.getresponse().read()
        time.sleep(5.5)
        connection.sock.setblocking(False)
        with pytest.raises(BlockingIOError):  # the end of the connection would be an empty read
            connection.sock.recv(1)
