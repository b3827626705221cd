"""The JWT bearer grant: whether an assertion is signed by the registered key and still good, and for whom.

Called by oauth. As lenient as the service is with `exp` (number or text, seconds or milliseconds, a few minutes' skew)
and with `aud` (login, test or the org's own URL, with or without a slash).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Protocol

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from cryptography.x509 import load_pem_x509_certificate
from jwt.types import Options

_SKEW = timedelta(minutes=5)
_MILLISECONDS_ABOVE = 100_000_000_000
_HOSTS = ("https://login.salesforce.com", "https://test.salesforce.com")
_UNCHECKED: Options = {"verify_exp": False, "verify_aud": False, "verify_iat": False, "verify_nbf": False}


class App(Protocol):
    """What the grant needs to know of the connected app."""

    @property
    def client_id(self) -> str:
        """The consumer key."""

    @property
    def certificate(self) -> str | None:
        """The registered certificate or public key, PEM."""


class RefusedAssertionError(Exception):
    """The assertion is refused; the text is Salesforce's error_description."""

    def __init__(self, description: str, code: str = "invalid_grant") -> None:
        super().__init__(description)
        self.code = code


def subject(assertion: str, app: App, base_url: str, now: datetime) -> str:
    """Give the user name an assertion speaks for. Raises RefusedAssertionError."""
    claims = _verified(assertion, app)
    if claims.get("iss") != app.client_id:
        raise RefusedAssertionError("client identifier invalid", "invalid_client_id")
    if str(claims.get("aud", "")).rstrip("/") not in (*_HOSTS, base_url):
        raise RefusedAssertionError("audience is invalid")
    if not _alive(claims.get("exp"), now):
        raise RefusedAssertionError("expired authorization code")
    return str(claims.get("sub", ""))


def _verified(assertion: str, app: App) -> dict[str, Any]:
    if not app.certificate:
        raise RefusedAssertionError("user hasn't approved this consumer")
    try:
        claims: dict[str, Any] = jwt.decode(assertion, _key(app.certificate), algorithms=["RS256"], options=_UNCHECKED)
    except jwt.PyJWTError:
        raise RefusedAssertionError("invalid assertion") from None
    return claims


def _key(pem: str) -> RSAPublicKey:
    text = pem.encode()
    key = load_pem_x509_certificate(text).public_key() if b"CERTIFICATE" in text else load_pem_public_key(text)
    if not isinstance(key, RSAPublicKey):
        raise RefusedAssertionError("invalid assertion")
    return key


def _alive(expires: Any, now: datetime) -> bool:
    try:
        seconds = float(expires)
    except (TypeError, ValueError):
        return False
    if seconds > _MILLISECONDS_ABOVE:
        seconds /= 1000
    return seconds >= (now - _SKEW).timestamp()
