"""OAuth: tokens by client credentials, JWT bearer, code and refresh, and what tells about them.

Answers `/services/oauth2/*` and `/id/{org}/{user}`. The password flow is refused as the service refuses it by default.
Not here: sessions (sessions), the login page and its codes (web_login), SOAP login.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from crm_sync.local_org import jwt_bearer, web_login
from crm_sync.local_org.calls import Call, Reply
from crm_sync.local_org.errors import not_found, not_implemented
from crm_sync.local_org.identity import identity_url, user_row, userinfo
from crm_sync.local_org.org import Org
from crm_sync.local_org.sessions import Session

SCOPE = "id api web refresh_token"
_NO_STORE = {
    "Expires": "Thu, 01 Jan 1970 00:00:00 GMT",
    "Cache-Control": "no-cache,must-revalidate,max-age=0,no-store,private",
    "X-Content-Type-Options": "nosniff",
}
_JWT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


class OAuthError(Exception):
    """A token request is refused: RFC 6749's code and Salesforce's description."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(f"{error}: {description}")
        self.reply = Reply(400, {"error": error, "error_description": description}, _NO_STORE)


@dataclass(frozen=True)
class Granted:
    """Whom a token is for, and the refresh token that goes with it, if one does."""

    user_id: str
    refresh_token: str = ""


def answer(org: Org, call: Call) -> Reply:
    """Answer a call below `/services/oauth2`."""
    name = call.segments[0].lower() if len(call.segments) == 1 else ""
    if name not in _ENDPOINTS:
        if name == "singleaccess":
            raise not_implemented(f"the OAuth endpoint {name}")
        raise not_found()
    try:
        return _ENDPOINTS[name](org, call)
    except OAuthError as error:
        return error.reply


def form(call: Call) -> dict[str, str]:
    """Read the form fields of a call, from the query string and the body; the body wins."""
    return {**call.query, **dict(parse_qsl(call.content.decode("utf-8", "replace"), keep_blank_values=True))}


def _token(org: Org, call: Call) -> Reply:
    fields = form(call)
    grant = fields.get("grant_type", "")
    if call.method != "POST" or grant not in _GRANTS:
        raise OAuthError("unsupported_grant_type", "grant type not supported")
    granted = _GRANTS[grant](org, call, fields)
    session = org.sessions.open(granted.user_id, org.app.client_id)
    refresh = {"refresh_token": granted.refresh_token} if granted.refresh_token else {}
    return Reply(200, _token_body(org, call, session) | refresh, _NO_STORE)


def _token_body(org: Org, call: Call, session: Session) -> dict[str, Any]:
    identity = identity_url(call.base_url, session.user_id)
    issued = str(int(session.issued_at.timestamp() * 1000))
    signed = hmac.new(org.app.client_secret.encode(), (identity + issued).encode(), hashlib.sha256)
    return {
        "access_token": session.token,
        "signature": base64.b64encode(signed.digest()).decode(),
        "scope": SCOPE,
        "instance_url": call.base_url,
        "id": identity,
        "token_type": "Bearer",
        "issued_at": issued,
    }


def _client_credentials(org: Org, call: Call, fields: Mapping[str, str]) -> Granted:
    _check_client(org, call, fields)
    return Granted(_active_user(org, org.app.username, "no client credentials user enabled"))


def _code(org: Org, call: Call, fields: Mapping[str, str]) -> Granted:
    code = org.web_logins.take(fields.get("code", ""), org.clock.now())
    if code is None:
        raise OAuthError("invalid_grant", "expired authorization code")
    client_id = fields.get("client_id", "")
    if client_id != code.client_id or not code.challenge or (fields.get("client_secret") and not _is_cli(client_id)):
        _check_client(org, call, fields)
    if not web_login.proves(code, fields.get("code_verifier", "")):
        raise OAuthError("invalid_grant", "invalid code verifier")
    if fields.get("redirect_uri") != code.redirect_uri:
        raise OAuthError("redirect_uri_mismatch", "redirect_uri must match configuration")
    return Granted(code.user_id, org.web_logins.refreshing(client_id, code.user_id) if code.refreshes else "")


def _jwt(org: Org, call: Call, fields: Mapping[str, str]) -> Granted:
    try:
        subject = jwt_bearer.subject(fields.get("assertion", ""), org.app, call.base_url, org.clock.now())
    except jwt_bearer.RefusedAssertionError as error:
        raise OAuthError(error.code, str(error)) from None
    return Granted(_active_user(org, subject, "user hasn't approved this consumer"))


def _password(org: Org, call: Call, fields: Mapping[str, str]) -> Granted:
    """Refused like any wrong password unless a tester opened this way; the password is the app's secret."""
    _check_client(org, call, fields)
    right = hmac.compare_digest(fields.get("password", "").encode(), org.app.client_secret.encode())
    if not (org.sessions.logins.password and right):
        raise OAuthError("invalid_grant", "authentication failure")
    return Granted(_active_user(org, fields.get("username", ""), "authentication failure"))


def _refresh(org: Org, call: Call, fields: Mapping[str, str]) -> Granted:
    client_id = fields.get("client_id", "")
    if not _is_cli(client_id) and (client_id != org.app.client_id or fields.get("client_secret")):
        _check_client(org, call, fields)
    user_id = org.web_logins.user_of(client_id, fields.get("refresh_token", ""))
    if user_id is None:
        raise OAuthError("invalid_grant", "expired access/refresh token")
    return Granted(_active_user(org, str(user_row(org, user_id)["Username"]), "expired access/refresh token"))


def _is_cli(client_id: str) -> bool:
    return client_id == web_login.SALESFORCE_CLI


def _check_client(org: Org, call: Call, fields: Mapping[str, str]) -> None:
    """Check the client's id and secret, from the body or from HTTP Basic."""
    client_id, secret = _basic(call) or (fields.get("client_id", ""), fields.get("client_secret", ""))
    if not hmac.compare_digest(client_id.encode(), org.app.client_id.encode()):
        raise OAuthError("invalid_client_id", "client identifier invalid")
    if not hmac.compare_digest(secret.encode(), org.app.client_secret.encode()):
        raise OAuthError("invalid_client", "invalid client credentials")


def _basic(call: Call) -> tuple[str, str] | None:
    scheme, _, value = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except ValueError:
        return ("", "")
    return user, secret


def _active_user(org: Org, username: str, otherwise: str) -> str:
    with org.store.reading() as connection:
        found = connection.execute(
            'SELECT "Id", "IsActive" FROM "User" WHERE "Username" = ? COLLATE NOCASE', (username,)
        ).fetchone()
    if found is None:
        raise OAuthError("invalid_grant", otherwise)
    if not found[1]:
        raise OAuthError("inactive_user", "user is inactive")
    return str(found[0])


def _revoke(org: Org, call: Call) -> Reply:
    token = form(call).get("token", "")
    if org.sessions.close(token) or org.web_logins.revoke(token):
        return Reply(200, None, _NO_STORE)
    body = urlencode({"error": "unsupported_token_type", "error_description": "this token type is not supported"})
    return Reply(400, content=body.encode(), media_type="application/x-www-form-urlencoded")


def _introspect(org: Org, call: Call) -> Reply:
    fields = form(call)
    _check_client(org, call, fields)
    session = org.sessions.find(fields.get("token", ""))
    if session is None:
        return Reply(200, {"active": False}, _NO_STORE)
    issued = int(session.issued_at.timestamp())
    facts = {
        "active": True,
        "scope": SCOPE,
        "client_id": session.client_id,
        "username": user_row(org, session.user_id)["Username"],
        "sub": identity_url(call.base_url, session.user_id),
        "token_type": "access_token",
        "exp": int(session.expires_at.timestamp()),
        "iat": issued,
        "nbf": issued,
    }
    return Reply(200, facts, _NO_STORE)


def _authorize(org: Org, call: Call) -> Reply:
    return web_login.authorize(org, call, form(call))


_GRANTS = {
    "authorization_code": _code,
    "client_credentials": _client_credentials,
    _JWT: _jwt,
    "password": _password,
    "refresh_token": _refresh,
}
_ENDPOINTS = {
    "authorize": _authorize,
    "token": _token,
    "revoke": _revoke,
    "introspect": _introspect,
    "userinfo": userinfo,
}
