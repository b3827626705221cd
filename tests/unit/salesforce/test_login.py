"""Logging in: what is sent, what is trusted, how often, and what a refusal says."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import jwt
import pytest
import requests
import responses
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import SecretStr

from crm_sync.errors import ConfigurationError, PermanentError, TemporaryError, WrongOrgError
from crm_sync.salesforce.auth import Authenticator, org_of, parse_date
from crm_sync.settings import JwtGrant
from tests.unit.salesforce.imagined_org import DATE, HOST, NOW, ORG_ID, TOKEN, connection_to, login_answer

TOKEN_URL = f"{HOST}/services/oauth2/token"


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(key: rsa.RSAPrivateKey) -> SecretStr:
    form = serialization.PrivateFormat.PKCS8
    return SecretStr(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode())


def authenticator(now: Callable[[], datetime] = lambda: NOW, **changes: object) -> Authenticator:
    return Authenticator(connection_to(**changes), requests.Session(), now=now)


def test_client_credentials_send_the_secret_in_the_body(logged_in: responses.RequestsMock) -> None:
    token = authenticator().token()
    assert (token.value, token.org_id, token.instance_url, token.generation) == (TOKEN, ORG_ID, HOST, 1)
    assert logged_in.calls[0].request.body == "grant_type=client_credentials&client_id=3MVG9&client_secret=hidden"
    assert TOKEN not in repr(token)


def test_jwt_is_for_the_my_domain_host_and_expires_by_the_servers_clock(
    wire: responses.RequestsMock, key: rsa.RSAPrivateKey
) -> None:
    wire.post(
        TOKEN_URL, status=400, json={"error": "invalid_grant", "error_description": "expired"}, headers={"Date": DATE}
    )
    wire.post(TOKEN_URL, json=login_answer(), headers={"Date": DATE})
    slow = NOW - timedelta(minutes=10)
    auth = authenticator(lambda: slow, grant=JwtGrant("worker@example.com", pem(key)))
    assert auth.token().generation == 1
    assert auth.server_now() == NOW
    sent = [call.request.body.partition("assertion=")[2] for call in wire.calls]
    claims = [
        jwt.decode(text, key.public_key(), ["RS256"], audience=HOST, options={"verify_exp": False}) for text in sent
    ]
    assert claims[0] == {"iss": "3MVG9", "sub": "worker@example.com", "aud": HOST, "exp": int(slow.timestamp()) + 180}
    assert claims[1]["exp"] == int(NOW.timestamp()) + 180


def test_a_refusal_with_a_right_clock_is_not_repeated(wire: responses.RequestsMock) -> None:
    body = {"error": "invalid_grant", "error_description": "audience is invalid"}
    wire.post(TOKEN_URL, status=400, json=body, headers={"Date": DATE})
    with pytest.raises(PermanentError, match="met at the org's My Domain host"):
        authenticator().token()
    assert len(wire.calls) == 1


def test_a_key_that_is_no_key_is_a_setting_to_edit(wire: responses.RequestsMock) -> None:
    with pytest.raises(ConfigurationError, match="no RSA private key"):
        authenticator(grant=JwtGrant("u", SecretStr("not a key"))).token()


@pytest.mark.parametrize("status", [420, 429, 500, 503])
def test_a_busy_login_host_is_temporary(wire: responses.RequestsMock, status: int) -> None:
    wire.post(TOKEN_URL, status=status, body="<html>later</html>")
    with pytest.raises(TemporaryError, match="later"):
        authenticator().token()


def test_an_unreachable_login_host_is_temporary(wire: responses.RequestsMock) -> None:
    wire.post(TOKEN_URL, body=requests.ConnectTimeout())
    with pytest.raises(TemporaryError, match="ConnectTimeout"):
        authenticator().token()


@pytest.mark.parametrize(
    "instance",
    ["https://evil.example.com", "http://127.0.0.1:1", "https://example.my.salesforce.com.evil.com", "https://user@x.salesforce.com",
     "https://x.salesforce.com:8443", "https://salesforce.com", "ftp://x.salesforce.com", "https://x.lightning.force.com"],
)  # fmt: skip
def test_a_token_for_a_strange_place_is_not_used(wire: responses.RequestsMock, instance: str) -> None:
    wire.post(TOKEN_URL, json=login_answer() | {"instance_url": instance})
    with pytest.raises(WrongOrgError, match="may not be trusted"):
        authenticator().token()


def test_an_embedded_org_at_a_real_address_is_refused(wire: responses.RequestsMock) -> None:
    wire.post(TOKEN_URL, json=login_answer(), headers={"X-CRM-Sync-Embedded": "1"})
    with pytest.raises(WrongOrgError, match="embedded org answered"):
        authenticator().token()


def test_plain_http_is_for_the_embedded_org_alone(wire: responses.RequestsMock) -> None:
    local = "http://127.0.0.1:9"
    wire.post(f"{local}/services/oauth2/token", json=login_answer() | {"instance_url": local})
    with pytest.raises(WrongOrgError, match="does not say that it is the embedded org"):
        authenticator(instance_url=local).token()


@pytest.mark.parametrize("body", [b"", b"<html>", b"{}", b"[]", b'{"access_token":"x","instance_url":"y","id":"z"}'])
def test_an_answer_without_a_token_is_temporary(wire: responses.RequestsMock, body: bytes) -> None:
    wire.post(TOKEN_URL, body=body)
    with pytest.raises(TemporaryError, match="lacks the token"):
        authenticator().token()


def test_one_login_serves_all_threads_that_wait(logged_in: responses.RequestsMock) -> None:
    auth = authenticator()
    stale = auth.token()
    with ThreadPoolExecutor(8) as pool:
        fresh = list(pool.map(lambda _: auth.renewed(stale), range(8)))
    assert {token.generation for token in fresh} == {2}
    assert len(logged_in.calls) == 2


def test_three_fruitless_logins_are_enough(logged_in: responses.RequestsMock) -> None:
    auth = authenticator()
    token = auth.token()
    for _ in range(2):
        token = auth.renewed(token)
    with pytest.raises(PermanentError, match="3 logins in a row"):
        auth.renewed(token)
    assert len(logged_in.calls) == 3


def test_twenty_logins_an_hour_are_the_most(logged_in: responses.RequestsMock) -> None:
    moments = [NOW]
    auth = authenticator(lambda: moments[0])
    token = auth.token()
    for _ in range(19):
        auth.worked()
        token = auth.renewed(token)
    auth.worked()
    with pytest.raises(TemporaryError, match="20 times within an hour"):
        auth.renewed(token)
    moments[0] = NOW + timedelta(hours=1)
    assert auth.renewed(token).generation == 21


@pytest.mark.parametrize(
    "url",
    ["", "https://x/id/00D5g00000AbCdEEAV", "https://x/id/nonsense/005", "https://x/other/00D5g00000AbCdEEAV/005"],
)
def test_identity_urls_without_an_org(url: str) -> None:
    with pytest.raises(ValueError, match="names no org"):
        org_of(url)


def test_dates_of_servers() -> None:
    assert parse_date(DATE) == NOW
    assert parse_date("Sun, 22 Nov 2026 10:00:00 -0000") == datetime(2026, 11, 22, 10, tzinfo=UTC)
    assert parse_date(None) is None
    assert parse_date("yesterday") is None
