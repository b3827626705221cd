"""Signing in: every grant, every refusal, and what tells about a token."""

import base64
import hashlib
import hmac
import re

import jwt
import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@pytest.fixture(scope="module")
def key():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def registered(api, key):
    pem = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    api.control("POST", "certificate", {"certificate": pem.decode()})
    return api


def ask(api, auth=None, **form):
    return requests.post(f"{api.base}/services/oauth2/token", data=form, auth=auth, timeout=10)


def assertion(api, key, **changes):
    now = api.running.org.clock.now().timestamp()
    claims = {
        "iss": api.running.client_id,
        "sub": api.running.username,
        "aud": "https://login.salesforce.com",
        "exp": int(now) + 180,
    }
    return jwt.encode(claims | changes, key, algorithm="RS256")


def test_client_credentials_in_the_body_or_as_basic(api):
    org = api.running
    body = ask(api, grant_type="client_credentials", client_id=org.client_id, client_secret=org.client_secret).json()
    basic = ask(api, (org.client_id, org.client_secret), grant_type="client_credentials").json()
    for token in (body, basic):
        assert re.fullmatch(r"00D\w{12,15}![.\w]+", token["access_token"])
        assert token["instance_url"] == api.base
        assert re.fullmatch(re.escape(api.base) + r"/id/00D000000000000EAA/005\w{15}", token["id"])
        assert token["token_type"] == "Bearer"


def test_signature_proves_who_issued_the_token(api):
    org = api.running
    token = ask(api, (org.client_id, org.client_secret), grant_type="client_credentials").json()
    signed = hmac.new(org.client_secret.encode(), (token["id"] + token["issued_at"]).encode(), hashlib.sha256)
    assert token["signature"] == base64.b64encode(signed.digest()).decode()
    assert token["issued_at"].isdigit()


@pytest.mark.parametrize(
    ("form", "error", "description"),
    [
        ({"grant_type": "client_credentials", "client_id": "x"}, "invalid_client_id", "client identifier invalid"),
        ({"grant_type": "client_credentials", "client_secret": "x"}, "invalid_client", "invalid client credentials"),
        ({"grant_type": "password", "username": "u", "password": "p"}, "invalid_grant", "authentication failure"),
        ({"grant_type": "refresh_token", "refresh_token": "r"}, "invalid_grant", "expired access/refresh token"),
        ({"grant_type": "magic"}, "unsupported_grant_type", "grant type not supported"),
        ({"grant_type": JWT_GRANT, "assertion": "x"}, "invalid_grant", "user hasn't approved this consumer"),
    ],
)
def test_refusals(api, form, error, description):
    known = {"client_id": api.running.client_id, "client_secret": api.running.client_secret}
    reply = ask(api, **(known | form))
    assert reply.status_code == 400
    assert reply.json() == {"error": error, "error_description": description}


def test_the_password_flow_can_be_opened(api):
    org = api.running
    given = {"client_id": org.client_id, "client_secret": org.client_secret, "username": org.username}
    api.control("POST", "logins", {"password": True})
    assert ask(api, grant_type="password", password=org.client_secret, **given).status_code == 200
    assert ask(api, grant_type="password", password="wrong", **given).status_code == 400
    api.control("POST", "logins", {"password": False})
    assert ask(api, grant_type="password", password=org.client_secret, **given).status_code == 400


def test_userinfo_and_identity_have_the_keys_clients_read(api):
    info = api.get("/services/oauth2/userinfo").json()
    assert {"photos", "profile", "picture", "address", "is_app_installed", "user_type", "utcOffset"} <= info.keys()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", info["updated_at"])
    told = api.get(info["sub"].removeprefix(api.base)).json()
    assert {"photos", "addr_street", "mobile_phone", "is_lightning_login_user", "status"} <= told.keys()
    assert {"enterprise", "partner", "metadata", "rest", "sobjects", "query", "custom_domain"} <= told["urls"].keys()
    assert api.get(info["sub"].removeprefix(api.base) + "?format=xml").status_code == 501


@pytest.mark.parametrize("shape", [int, str, lambda s: int(s) * 1000])
def test_jwt_takes_exp_as_number_text_or_milliseconds(registered, key, shape):
    exp = shape(int(registered.running.org.clock.now().timestamp()) + 100)
    reply = ask(registered, grant_type=JWT_GRANT, assertion=assertion(registered, key, exp=exp))
    assert reply.status_code == 200, reply.text


def test_jwt_takes_every_audience_clients_send(registered, key):
    for audience in ("https://test.salesforce.com", registered.base, registered.base + "/"):
        reply = ask(registered, grant_type=JWT_GRANT, assertion=assertion(registered, key, aud=audience))
        assert reply.status_code == 200, reply.text


@pytest.mark.parametrize(
    ("claims", "description"),
    [
        ({"aud": "https://elsewhere.example"}, "audience is invalid"),
        ({"exp": 1}, "expired authorization code"),
        ({"sub": "nobody@x.example"}, "user hasn't approved this consumer"),
    ],
)
def test_jwt_refusals(registered, key, claims, description):
    reply = ask(registered, grant_type=JWT_GRANT, assertion=assertion(registered, key, **claims))
    assert reply.status_code == 400
    assert reply.json()["error_description"] == description


def test_jwt_signed_by_another_key_is_refused(registered):
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    reply = ask(registered, grant_type=JWT_GRANT, assertion=assertion(registered, other))
    assert reply.json()["error_description"] == "invalid assertion"


def test_what_a_token_tells(api):
    info = api.get("/services/oauth2/userinfo").json()
    assert info["organization_id"] == "00D000000000000EAA"
    assert info["preferred_username"] == api.running.username
    told = api.get(info["sub"].removeprefix(api.base) + "?version=latest").json()
    assert told["user_id"] == info["user_id"]
    assert "{version}" not in told["urls"]["rest"]
    form = {"token": api.token, "client_id": api.running.client_id, "client_secret": api.running.client_secret}
    seen = requests.post(f"{api.base}/services/oauth2/introspect", data=form, timeout=10).json()
    assert seen["active"]
    assert seen["username"] == api.running.username


def test_a_revoked_token_is_dead(api):
    assert requests.post(f"{api.base}/services/oauth2/revoke", data={"token": api.token}, timeout=10).status_code == 200
    refused = api.get("limits")
    assert refused.status_code == 401
    assert refused.json() == [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]
    info = api.get("/services/oauth2/userinfo")
    assert (info.status_code, info.text) == (403, "Bad_OAuth_Token")


def test_a_session_ends_after_two_idle_hours(api):
    for _ in range(3):
        api.control("POST", "clock", {"advance": 7000})
        assert api.get("limits").status_code == 200
    api.control("POST", "clock", {"advance": 7300})
    assert api.get("limits").status_code == 401


def test_issue_time_is_the_orgs(api):
    org = api.running
    token = ask(api, (org.client_id, org.client_secret), grant_type="client_credentials").json()
    assert abs(int(token["issued_at"]) / 1000 - org.org.clock.now().timestamp()) < 1
