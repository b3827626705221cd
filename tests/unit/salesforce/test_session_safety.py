"""The one door to the org: tokens, timeouts, replays, redirects, busy answers."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
import responses

from crm_sync.errors import PermanentError, TemporaryError, WrongOrgError
from crm_sync.ports import RowWrite, UnclearWriteError
from crm_sync.salesforce.auth import Authenticator, Token
from crm_sync.salesforce.limits import CallBudget
from crm_sync.salesforce.org import SalesforceOrg
from crm_sync.salesforce.session import CrmSession
from tests.unit.salesforce.imagined_org import DATA, DATE, HOST, NOW, ORG_ID, connection_to, login_answer, sent

ORGANIZATION = {"totalSize": 1, "done": True, "records": [{"Id": ORG_ID, "Name": "Example", "IsSandbox": False}]}
EXPIRED = [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]
USER = "0055g00000XyZabAAF"
COUNTED = {"totalSize": 7, "done": True, "records": []}
Connect = Callable[..., SalesforceOrg]


def test_a_call_carries_the_token_and_no_pretty_print(logged_in: responses.RequestsMock, connect: Connect) -> None:
    logged_in.get(f"{DATA}/query", json=COUNTED, headers={"Sforce-Limit-Info": "api-usage=1/100"})
    org = connect()
    assert org.count("Account") == 7
    sent = logged_in.calls[1].request
    assert sent.headers["Authorization"] == "Bearer 00D5g00000AbCdE!AQ4AQ.secret"
    assert "X-PrettyPrint" not in sent.headers
    assert "gzip" in sent.headers["Accept-Encoding"]
    assert sent.req_kwargs["timeout"] == (5, 60)
    assert sent.req_kwargs["verify"]
    assert org.calls == 1


def test_an_expired_session_is_renewed_once_and_the_same_bytes_sent_again(
    wire: responses.RequestsMock, connect: Connect
) -> None:
    for value in ("first!token", "second!token"):
        wire.post(f"{HOST}/services/oauth2/token", json=login_answer(value), headers={"Date": DATE})
    wire.get(f"{DATA}/query", json=ORGANIZATION)
    wire.patch(f"{DATA}/composite/sobjects/X/K", status=401, json=EXPIRED)
    wire.patch(f"{DATA}/composite/sobjects/X/K", json=[{"id": "001000000000001AAA", "success": True, "errors": []}])
    org = connect()
    answers = org.upsert([RowWrite("X", "K", "a", {"F": "Ä", "N": None})])
    assert answers[0].ok
    first, second = (call.request for call in wire.calls if call.request.method == "PATCH")
    assert first.body == second.body
    assert first.url == second.url
    assert first.headers.pop("Authorization") == "Bearer first!token"
    assert second.headers.pop("Authorization") == "Bearer second!token"
    assert dict(first.headers) == dict(second.headers)


def test_a_lasting_401_costs_two_calls_and_two_logins(logged_in: responses.RequestsMock, connect: Connect) -> None:
    logged_in.get(f"{DATA}/query", status=401, body="<html>no</html>")
    with pytest.raises(TemporaryError, match="401 INVALID_SESSION_ID"):
        connect().count("Account")
    assert [call.request.method for call in logged_in.calls] == ["POST", "GET", "POST", "GET"]


@pytest.mark.parametrize(
    "message", ["This session is not valid for use with the REST API", "Connected app is not attached to Agent"]
)
def test_what_no_login_mends_costs_no_login(logged_in: responses.RequestsMock, connect: Connect, message: str) -> None:
    logged_in.get(f"{DATA}/query", status=401, json=[{"message": message, "errorCode": "INVALID_SESSION_ID"}])
    with pytest.raises(TemporaryError):
        connect().count("Account")
    assert len(logged_in.calls) == 2


@pytest.mark.parametrize("status", [408, 420, 429, 500, 502, 503, 504])
def test_reads_wait_and_try_again(logged_in: responses.RequestsMock, connect: Connect, status: int) -> None:
    slept: list[float] = []
    logged_in.get(f"{DATA}/query", status=status, body="<html>busy</html>")
    logged_in.get(f"{DATA}/query", status=status, body="", headers={"Retry-After": "7"})
    logged_in.get(f"{DATA}/query", json=COUNTED)
    assert connect(slept).count("Account") == 7
    assert slept == [1.0, 7.0]


def test_patience_ends(logged_in: responses.RequestsMock, connect: Connect) -> None:
    slept: list[float] = []
    logged_in.get(f"{DATA}/query", status=503, body="Server too busy")
    with pytest.raises(TemporaryError, match="503 SERVER_UNAVAILABLE: Server too busy"):
        connect(slept).count("Account")
    assert slept == [1.0, 2.0, 4.0, 8.0]


@pytest.mark.parametrize(
    "lost",
    [
        requests.ConnectionError(),
        requests.ReadTimeout(),
        requests.exceptions.ChunkedEncodingError(),
        b'{"totalSize": 7, "do',
    ],
)
def test_a_lost_or_cut_answer_to_a_read_is_asked_for_again(
    logged_in: responses.RequestsMock, connect: Connect, lost: Any
) -> None:
    logged_in.get(f"{DATA}/query", body=lost)
    logged_in.get(f"{DATA}/query", json=COUNTED)
    assert connect().count("Account") == 7


@pytest.mark.parametrize(
    "lost",
    [
        {"body": requests.ConnectionError()},
        {"body": b'[{"id":'},
        {"status": 503, "body": b""},
        {"json": []},
        {"status": 500},
    ],
)
def test_a_lost_or_cut_answer_to_a_write_is_never_repeated_blindly(
    logged_in: responses.RequestsMock, connect: Connect, lost: dict[str, Any]
) -> None:
    logged_in.get(f"{DATA}/query", json=ORGANIZATION)
    logged_in.patch(f"{DATA}/composite/sobjects/X/K", **lost)
    with pytest.raises(UnclearWriteError):
        connect().upsert([RowWrite("X", "K", "a", {})])
    assert sum(call.request.method == "PATCH" for call in logged_in.calls) == 1


def test_the_daily_limit_is_not_retried(logged_in: responses.RequestsMock, connect: Connect) -> None:
    body = [{"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}]
    logged_in.get(f"{DATA}/query", status=403, json=body)
    with pytest.raises(TemporaryError, match="limit or maintenance has to pass"):
        connect().count("Account")
    assert len(logged_in.calls) == 2


def test_the_concurrency_limit_is(logged_in: responses.RequestsMock, connect: Connect) -> None:
    body = [{"message": "ConcurrentRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}]
    logged_in.get(f"{DATA}/query", status=403, json=body)
    logged_in.get(f"{DATA}/query", json=COUNTED)
    assert connect().count("Account") == 7


def test_a_redirect_is_not_followed_with_the_token(logged_in: responses.RequestsMock, connect: Connect) -> None:
    logged_in.get(f"{DATA}/query", status=302, headers={"Location": "https://evil.example.com/"})
    with pytest.raises(PermanentError, match="redirects to another place"):
        connect().count("Account")
    assert len(logged_in.calls) == 2


def test_an_embedded_org_behind_a_real_address_stops_everything(
    logged_in: responses.RequestsMock, connect: Connect
) -> None:
    logged_in.get(f"{DATA}/query", json=COUNTED, headers={"X-CRM-Sync-Embedded": "1"})
    with pytest.raises(WrongOrgError, match="embedded org"):
        connect().count("Account")


def test_the_servers_clock_is_learned_from_answers(logged_in: responses.RequestsMock, connect: Connect) -> None:
    logged_in.get(f"{DATA}/query", json=COUNTED, headers={"Date": "Sun, 22 Nov 2026 10:05:00 GMT"})
    org = connect()
    assert org.server_time().isoformat() == "2026-11-22T10:00:00+00:00"
    org.count("Account")
    assert org.server_time().isoformat() == "2026-11-22T10:05:00+00:00"


def test_a_body_of_some_size_is_packed_and_replayed_as_packed(wire: responses.RequestsMock, connect: Connect) -> None:
    for value in ("first!token", "second!token"):
        wire.post(f"{HOST}/services/oauth2/token", json=login_answer(value), headers={"Date": DATE})
    wire.get(f"{DATA}/query", json=ORGANIZATION)
    path = f"{DATA}/composite/sobjects/X/K"
    wire.patch(path, status=401, json=EXPIRED)
    wire.patch(path, json=[{"id": "001000000000001AAA", "success": True, "errors": []}] * 100)
    rows = [RowWrite("X", "K", f"key {i}", {"F": "Ä" * 20}) for i in range(100)]
    assert len(connect().upsert(rows)) == 100
    first, second = (call.request for call in wire.calls if call.request.method == "PATCH")
    assert first.body == second.body
    assert first.headers["Content-Encoding"] == second.headers["Content-Encoding"] == "gzip"
    assert len(first.body or "") < len(gzip.decompress(second.body or b"")) / 5  # type: ignore[arg-type]
    assert [record["K"] for record in sent(second)["records"]] == [row.key for row in rows]


def test_a_login_that_leads_to_another_org_ends_everything_before_the_replay(
    wire: responses.RequestsMock, connect: Connect
) -> None:
    other = login_answer("other!token") | {"id": f"https://login.salesforce.com/id/00D000000000001EAA/{USER}"}
    wire.post(f"{HOST}/services/oauth2/token", json=login_answer(), headers={"Date": DATE})
    wire.post(f"{HOST}/services/oauth2/token", json=other, headers={"Date": DATE})
    wire.get(f"{DATA}/query", json=ORGANIZATION)
    wire.patch(f"{DATA}/composite/sobjects/X/K", status=401, json=EXPIRED)
    org = connect()
    for _ in range(2):
        with pytest.raises(WrongOrgError, match="A new login leads to the org 00D000000000001EAA"):
            org.upsert([RowWrite("X", "K", "a", {})])
    assert all("other!token" not in call.request.headers.get("Authorization", "") for call in wire.calls)


def test_a_session_on_a_moved_instance_is_used_there(wire: responses.RequestsMock, connect: Connect) -> None:
    moved = "https://moved.my.salesforce.com"
    wire.post(f"{HOST}/services/oauth2/token", json=login_answer(), headers={"Date": DATE})
    wire.post(f"{HOST}/services/oauth2/token", json=login_answer("new") | {"instance_url": moved})
    wire.get(f"{DATA}/query", status=401, json=EXPIRED)
    wire.get(f"{moved}/services/data/v68.0/query", json=COUNTED)
    assert connect().count("Account") == 7


@contextmanager
def dripping(body: bytes, pause_s: float) -> Iterator[str]:
    """A server that answers a byte at a time."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            client = server.accept()[0]
            with client:
                client.recv(65_536)
                client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body))
                for byte in body:
                    time.sleep(pause_s)
                    try:
                        client.sendall(bytes((byte,)))
                    except OSError:
                        return

        thread = threading.Thread(target=drip)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        thread.join()


def test_a_server_that_drips_does_not_hold_the_run() -> None:
    with dripping(b"x" * 100, 0.02) as url:
        connection = connection_to(instance_url=url)
        auth = Authenticator(connection, requests.Session(), now=lambda: NOW)
        auth._token = Token("t", url, ORG_ID, 1)
        session = CrmSession(connection, auth, CallBudget(100, lambda: datetime.now(UTC)), answer_s=0.2)
        began = time.monotonic()
        with session, pytest.raises(requests.ReadTimeout, match="too slowly"):
            session.request("GET", f"https://{url.removeprefix('http://')}/services/data/v68.0/limits")
        assert time.monotonic() - began < 1.5
