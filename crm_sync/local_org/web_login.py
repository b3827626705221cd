"""Signing in by the browser (the web server flow): the login page, one-time codes, PKCE and refresh tokens.

    GET /services/oauth2/authorize -> a page; POST -> 302 to the app with a code; the code -> tokens

Called by oauth. Apps are on this machine: an address to return to that is not loopback is refused. Codes and refresh tokens are
held in memory, as sessions are. The password of every user is the connected app's secret. Not here: what a token looks like (oauth).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from crm_sync.local_org.calls import Call, Reply
from crm_sync.local_org.errors import not_implemented

if TYPE_CHECKING:
    from crm_sync.local_org.org import Org

SALESFORCE_CLI = "PlatformCLI"  # the app of the command line, which every org has; it has no secret
CODE_LIFETIME = timedelta(minutes=15)
_HERE = {"localhost", "127.0.0.1", "::1"}
_KEPT = ("response_type", "client_id", "redirect_uri", "state", "scope", "code_challenge", "code_challenge_method")
_PAGE = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Login | Embedded org</title></head><body>
<main><h1>Embedded org</h1><p>{told}</p><form method="post" action="authorize">{kept}
<p><label>Username <input name="username" autocomplete="username"></label></p>
<p><label>Password <input name="password" type="password" autocomplete="current-password"></label></p>
<p><button>Log In</button></p></form></main></body></html>"""


@dataclass(frozen=True)
class Code:
    """A code that was given to an app: for whom, where it returned to, and what has to be proved."""

    client_id: str
    user_id: str
    redirect_uri: str
    challenge: str
    refreshes: bool
    given_at: datetime


class WebLogins:
    """The codes not yet taken, and the refresh tokens in force."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._codes: dict[str, Code] = {}
        self._refresh: dict[str, tuple[str, str]] = {}

    def add(self, code: Code) -> str:
        """Keep a code and give its text."""
        text = secrets.token_urlsafe(48)
        with self._lock:
            self._codes[text] = code
        return text

    def take(self, text: str, now: datetime) -> Code | None:
        """Take a code, once; None when it is unknown or too old."""
        with self._lock:
            code = self._codes.pop(text, None)
        return code if code is not None and now - code.given_at <= CODE_LIFETIME else None

    def refreshing(self, client_id: str, user_id: str) -> str:
        """Give an app a refresh token for a user."""
        token = "5Aep" + secrets.token_urlsafe(60)
        with self._lock:
            self._refresh[token] = (client_id, user_id)
        return token

    def user_of(self, client_id: str, token: str) -> str | None:
        """Say whose refresh token of this app it is."""
        owner, user_id = self._refresh.get(token, ("", ""))
        return user_id if token and owner == client_id else None

    def revoke(self, token: str) -> bool:
        """End a refresh token; say whether there was one."""
        with self._lock:
            return self._refresh.pop(token, None) is not None


def authorize(org: Org, call: Call, fields: Mapping[str, str]) -> Reply:
    """Answer the authorize endpoint: the login page, the way back to the app, or a refusal."""
    if fields.get("client_id", "") not in (org.app.client_id, SALESFORCE_CLI):
        return _told("invalid_client_id", "client identifier invalid")
    if urlsplit(fields.get("redirect_uri", "")).hostname not in _HERE:
        return _told("redirect_uri_mismatch", "redirect_uri must match configuration")
    if fields.get("response_type") in ("token", "hybrid_token"):
        raise not_implemented(f"the OAuth response type {fields['response_type']}")
    if fields.get("response_type") != "code":
        wrong = {"error": "unsupported_response_type", "error_description": "response type not supported"}
        return _back(fields, wrong)
    if call.method != "POST":
        return _page(fields, "Log in to let the app in.")
    user_id = _known(org, fields)
    if user_id is None:
        told = (
            "Please check your username and password. If you still can't log in, contact your Salesforce administrator."
        )
        return _page(fields, told)
    return _back(fields, {"code": org.web_logins.add(_code(org, fields, user_id))})


def proves(code: Code, verifier: str) -> bool:
    """Say whether the verifier is the one whose digest the code was asked with; a code asked without needs none."""
    if not code.challenge:
        return True
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    return hmac.compare_digest(digest, code.challenge)


def _code(org: Org, fields: Mapping[str, str], user_id: str) -> Code:
    scopes = fields.get("scope", "refresh_token").split()
    refreshes = bool({"refresh_token", "offline_access"}.intersection(scopes))
    proof = fields.get("code_challenge", "")
    return Code(fields["client_id"], user_id, fields["redirect_uri"], proof, refreshes, org.clock.now())


def _known(org: Org, fields: Mapping[str, str]) -> str | None:
    """Give the id of the user who named themselves and knows the password."""
    if not hmac.compare_digest(fields.get("password", "").encode(), org.app.client_secret.encode()):
        return None
    with org.store.reading() as connection:
        found = connection.execute(
            'SELECT "Id" FROM "User" WHERE "Username" = ? COLLATE NOCASE AND "IsActive" = 1',
            (fields.get("username", ""),),
        ).fetchone()
    return str(found[0]) if found else None


def _page(fields: Mapping[str, str], told: str) -> Reply:
    kept = "".join(
        f'<input type="hidden" name="{name}" value="{escape(fields[name])}">' for name in _KEPT if name in fields
    )
    return Reply(200, content=_PAGE.format(told=escape(told), kept=kept).encode(), media_type="text/html;charset=UTF-8")


def _back(fields: Mapping[str, str], answer: Mapping[str, str]) -> Reply:
    state = {"state": fields["state"]} if "state" in fields else {}
    address = fields["redirect_uri"]
    query = urlencode({**answer, **state})
    return Reply(302, headers={"Location": f"{address}{'&' if urlsplit(address).query else '?'}{query}"})


def _told(error: str, description: str) -> Reply:
    text = f"error={error}&error_description={description}"
    return Reply(400, content=text.encode(), media_type="text/plain;charset=UTF-8")
