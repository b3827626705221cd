"""Signing in by the browser: the login page, the code, PKCE, the refresh token, and every refusal."""

import base64
import hashlib
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

CALLBACK = "http://localhost:1717/OauthRedirect"
VERIFIER = "v" * 60
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")


def authorize(api, method="POST", **changes):
    given = {
        "response_type": "code",
        "client_id": api.running.client_id,
        "redirect_uri": CALLBACK,
        "state": "s t&",
        "username": api.running.username,
        "password": api.running.client_secret,
    }
    form = {name: value for name, value in (given | changes).items() if value is not None}
    shape = {"params": form} if method == "GET" else {"data": form}
    url = f"{api.base}/services/oauth2/authorize"
    return requests.request(method, url, allow_redirects=False, timeout=10, **shape)


def answered(reply):
    """Read what the redirect carries."""
    assert reply.status_code == 302, reply.text
    where = urlsplit(reply.headers["Location"])
    assert f"{where.scheme}://{where.netloc}{where.path}" == CALLBACK
    return {name: values[0] for name, values in parse_qs(where.query).items()}


def ask(api, **form):
    known = {"client_id": api.running.client_id, "client_secret": api.running.client_secret}
    sent = {name: value for name, value in (known | form).items() if value is not None}
    return requests.post(f"{api.base}/services/oauth2/token", data=sent, timeout=10)


def exchange(api, code, **changes):
    return ask(api, **({"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK} | changes))


def refused(reply):
    assert reply.status_code == 400, reply.text
    return reply.json()["error"], reply.json()["error_description"]


def test_the_page_asks_who_is_there_and_shows_no_word_as_markup(api):
    page = authorize(api, "GET", state='"><script>', username=None, password=None)
    assert page.status_code == 200
    assert page.headers["Content-Type"].startswith("text/html")
    assert '<form method="post"' in page.text
    assert "<script>" not in page.text


def test_a_code_becomes_tokens_once(api):
    told = answered(authorize(api))
    assert told["state"] == "s t&"
    tokens = exchange(api, told["code"]).json()
    assert tokens["refresh_token"]
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert api.get("/services/oauth2/userinfo", headers=headers).json()["preferred_username"] == api.running.username
    assert refused(exchange(api, told["code"])) == ("invalid_grant", "expired authorization code")


def test_a_refresh_token_gives_new_sessions_until_it_is_revoked(api):
    refresh = exchange(api, answered(authorize(api))["code"]).json()["refresh_token"]
    first, second = (ask(api, grant_type="refresh_token", refresh_token=refresh).json() for _ in range(2))
    assert first["access_token"] != second["access_token"]
    assert "refresh_token" not in first
    api.control("DELETE", "sessions")
    third = ask(api, grant_type="refresh_token", refresh_token=refresh).json()["access_token"]
    assert api.get("limits", headers={"Authorization": f"Bearer {third}"}).status_code == 200
    assert requests.post(f"{api.base}/services/oauth2/revoke", data={"token": refresh}, timeout=10).status_code == 200
    gone = ask(api, grant_type="refresh_token", refresh_token=refresh)
    assert refused(gone) == ("invalid_grant", "expired access/refresh token")


def test_a_proof_key_stands_in_for_the_secret(api):
    asked = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    tokens = exchange(api, answered(authorize(api, **asked))["code"], client_secret=None, code_verifier=VERIFIER)
    assert tokens.status_code == 200
    wrong = exchange(api, answered(authorize(api, **asked))["code"], client_secret=None, code_verifier="w" * 60)
    assert refused(wrong) == ("invalid_grant", "invalid code verifier")
    missing = exchange(api, answered(authorize(api, **asked))["code"])
    assert refused(missing) == ("invalid_grant", "invalid code verifier")
    bare = exchange(api, answered(authorize(api))["code"], client_secret=None)
    assert refused(bare) == ("invalid_client", "invalid client credentials")


def test_the_command_line_of_salesforce_is_known_and_has_no_secret(api):
    cli = {"client_id": "PlatformCLI", "client_secret": None}
    code = answered(authorize(api, client_id="PlatformCLI", code_challenge=CHALLENGE))["code"]
    tokens = exchange(api, code, code_verifier=VERIFIER, **cli)
    assert tokens.status_code == 200
    refresh = {"grant_type": "refresh_token", "refresh_token": tokens.json()["refresh_token"]}
    assert ask(api, **refresh, **cli).status_code == 200
    assert refused(ask(api, **refresh)) == ("invalid_grant", "expired access/refresh token"), "another app's token"
    unproved = answered(authorize(api, client_id="PlatformCLI"))["code"]
    assert refused(exchange(api, unproved, **cli))[0] == "invalid_client_id"
    of_another = answered(authorize(api, code_challenge=CHALLENGE))["code"]
    assert refused(exchange(api, of_another, code_verifier=VERIFIER, **cli))[0] == "invalid_client_id"


def test_a_scope_without_refresh_gives_none(api):
    assert "refresh_token" not in exchange(api, answered(authorize(api, scope="api"))["code"]).json()
    assert "refresh_token" in exchange(api, answered(authorize(api, scope="api offline_access"))["code"]).json()


def test_a_code_is_for_one_address_and_ends(api):
    code = answered(authorize(api))["code"]
    assert refused(exchange(api, code, redirect_uri="http://localhost:1718/"))[0] == "redirect_uri_mismatch"
    code = answered(authorize(api))["code"]
    api.control("POST", "clock", {"advance": 901})
    assert refused(exchange(api, code)) == ("invalid_grant", "expired authorization code")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"client_id": "x"}, "client identifier invalid"),
        ({"redirect_uri": "https://elsewhere.example/"}, "redirect_uri must match configuration"),
        ({"redirect_uri": "http://localhost.elsewhere.example/"}, "redirect_uri must match configuration"),
        ({"redirect_uri": None}, "redirect_uri must match configuration"),
    ],
)
def test_nobody_is_sent_to_an_unknown_address(api, changes, told):
    for method in ("GET", "POST"):
        reply = authorize(api, method, **changes)
        assert reply.status_code == 400
        assert told in reply.text


def test_refusals_that_the_app_is_told(api):
    assert answered(authorize(api, response_type="password")) == {
        "error": "unsupported_response_type",
        "error_description": "response type not supported",
        "state": "s t&",
    }
    assert authorize(api, response_type="token").status_code == 501
    wrong = authorize(api, password="x")
    assert wrong.status_code == 200
    assert "Please check your username and password" in wrong.text
