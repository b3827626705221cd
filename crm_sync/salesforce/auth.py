"""Credentials -> an access token, by JWT bearer or client credentials, at the org's own My Domain host.

Called by session: at the first call, and once per call that answers 401. simple-salesforce's login is never used: it
goes to login.salesforce.com, whose audience External Client Apps refuse, and it logs in again without end on a lasting
401. Passwords and SOAP login are not here and will not be.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import jwt
import requests

from crm_sync.errors import ConfigurationError, Mistake, PermanentError, TemporaryError, WrongOrgError
from crm_sync.salesforce.answers import OrgFault, parse_fault
from crm_sync.salesforce.ids import is_id, to_18
from crm_sync.settings import Connection, JwtGrant, bare_instance_url, instance_url_problem

ASSERTION_LIFE = timedelta(seconds=180)
CLOCK_SKEW_TOLERATED = timedelta(seconds=30)
EMBEDDED_HEADER = "X-CRM-Sync-Embedded"
JWT_GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_BUSY_STATUSES = frozenset({420, 429, 500, 502, 503, 504})
_PERMISSION_HINTS = {
    "audience is invalid": "the app must be met at the org's My Domain host, not login or test.salesforce.com",
    "user hasn't approved this consumer": "pre-authorise the integration user's permission set in the app's policies",
    "user is not admin approved to access this app": "pre-authorise the integration user in the app's policies",
    "no client credentials user enabled": "set the run-as user of the client credentials flow in the app's policies",
}


@dataclass(frozen=True)
class Token:
    """An access token, where it may be used, and the org it belongs to. `generation` counts logins."""

    value: str = field(repr=False)
    instance_url: str
    org_id: str
    generation: int


class Authenticator:
    """Holds the one token of this process. Safe to use from several threads: one login serves all who wait."""

    def __init__(
        self,
        connection: Connection,
        http: requests.Session,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        logins_per_hour: int = 20,
        fruitless_logins: int = 3,
    ) -> None:
        self._connection = connection
        self._http = http
        self._now = now
        self._logins: deque[datetime] = deque(maxlen=logins_per_hour)
        self._fruitless_limit = fruitless_logins
        self._fruitless = 0
        self._skew = timedelta(0)
        self._lock = threading.Lock()
        self._token: Token | None = None

    @property
    def logins(self) -> int:
        """How many logins this process made."""
        return self._token.generation if self._token else 0

    def server_now(self) -> datetime:
        """Return this machine's time corrected by what the server's Date headers say."""
        return self._now() + self._skew

    def learn_clock(self, headers: Mapping[str, str]) -> None:
        """Correct the clock by an answer's Date header."""
        moment = parse_date(headers.get("Date"))
        if moment is not None:
            self._skew = moment - self._now()

    def worked(self) -> None:
        """Note that the org accepted the token, so logins are not fruitless."""
        self._fruitless = 0

    def token(self) -> Token:
        """Return the current token, logging in first if there is none."""
        return self._token or self.renewed(None)

    def renewed(self, stale: Token | None) -> Token:
        """Return a token newer than `stale`; whoever comes second gets what the first one fetched."""
        with self._lock:
            if self._token is not None and self._token is not stale:
                return self._token
            self._spend_login()
            token = self._login((stale.generation if stale else 0) + 1)
            if stale is not None and token.org_id != stale.org_id:
                raise WrongOrgError(
                    f"A new login leads to the org {token.org_id}; this process began with {stale.org_id}. Nothing more is "
                    "sent. Was the sandbox refreshed? Then set CRM_SYNC_ORG_ID to the new org."
                )
            self._token = token
            return token

    def _spend_login(self) -> None:
        now = self._now()
        full = len(self._logins) == self._logins.maxlen
        if full and now - self._logins[0] < timedelta(hours=1):
            raise TemporaryError(
                f"Logged in {len(self._logins)} times within an hour, the most this worker allows itself. "
                "Something ends its sessions: look for a logout by the same user, or a very short session time."
            )
        if self._fruitless >= self._fruitless_limit:
            raise PermanentError(
                f"The org refused the session straight after {self._fruitless} logins in a row. "
                "Check that the integration user may use the API and that its IP ranges include this machine."
            )
        self._logins.append(now)
        self._fruitless += 1

    def _login(self, generation: int) -> Token:
        skew_before = self._skew
        answer = self._post()
        if answer.status_code != 200 and abs(self._skew - skew_before) > CLOCK_SKEW_TOLERATED:
            answer = self._post()
        if answer.status_code != 200:
            raise _refusal(parse_fault(answer.status_code, answer.content), self._connection)
        return self._accepted(answer, generation)

    def _post(self) -> requests.Response:
        connection = self._connection
        try:
            answer = self._http.post(
                f"{connection.instance_url}/services/oauth2/token",
                data=self._form(),
                timeout=(connection.connect_timeout_s, connection.read_timeout_s),
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise TemporaryError(
                f"Logging in at {connection.instance_url} failed ({type(error).__name__}). Check the address, the "
                "network and the proxy, then run again."
            ) from error
        self.learn_clock(answer.headers)
        return answer

    def _form(self) -> dict[str, str]:
        grant = self._connection.grant
        if isinstance(grant, JwtGrant):
            return {"grant_type": JWT_GRANT_TYPE, "assertion": self._assertion(grant)}
        return {
            "grant_type": "client_credentials",
            "client_id": self._connection.client_id,
            "client_secret": grant.client_secret.get_secret_value(),
        }

    def _assertion(self, grant: JwtGrant) -> str:
        claims = {
            "iss": self._connection.client_id,
            "sub": grant.username,
            "aud": self._connection.instance_url,
            "exp": int((self.server_now() + ASSERTION_LIFE).timestamp()),
        }
        try:
            return jwt.encode(claims, grant.private_key.get_secret_value(), algorithm="RS256")
        except (ValueError, TypeError, jwt.InvalidKeyError):
            mistake = Mistake("CRM_SYNC_PRIVATE_KEY_FILE", "a file that is no RSA private key", "a PEM private key")
            raise ConfigurationError((mistake,)) from None

    def _accepted(self, answer: requests.Response, generation: int) -> Token:
        try:
            body: Any = answer.json()
            value, org_id = str(body["access_token"]), org_of(str(body["id"]))
            instance_url = str(body["instance_url"])
        except (ValueError, KeyError, TypeError) as error:
            raise TemporaryError(
                f"The login at {self._connection.instance_url} succeeded but its answer lacks the token, the instance "
                "or the identity. Check that no proxy changes answers, then run again."
            ) from error
        self._check_place(instance_url, embedded=EMBEDDED_HEADER in answer.headers)
        return Token(value, bare_instance_url(instance_url), org_id, generation)

    def _check_place(self, instance_url: str, *, embedded: bool) -> None:
        connection = self._connection
        problem = instance_url_problem(instance_url, connection.allowed_host_suffixes)
        if problem or (urlsplit(instance_url).scheme == "http") != connection.loopback:
            raise WrongOrgError(
                f"The login answered with the instance {instance_url!r}, which may not be trusted with a token; "
                f"expected {problem or 'the same scheme as the configured address'}."
            )
        if embedded != connection.loopback:
            raise WrongOrgError(
                "An embedded org answered at an address of Salesforce."
                if embedded
                else f"{connection.instance_url} does not say that it is the embedded org; plain http is for that alone."
            )


def parse_date(header: str | None) -> datetime | None:
    """Read an HTTP Date header as UTC; None when absent or malformed."""
    try:
        moment = parsedate_to_datetime(header or "")
    except (TypeError, ValueError):
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def org_of(identity_url: str) -> str:
    """Return the 18-character org id within an identity URL (…/id/<org>/<user>); raises ValueError without one."""
    parts = urlsplit(identity_url).path.strip("/").split("/")
    if len(parts) < 3 or parts[-3] != "id" or not is_id(parts[-2]):
        raise ValueError("the identity URL names no org")
    return to_18(parts[-2])


def _refusal(fault: OrgFault, connection: Connection) -> Exception:
    hint = _PERMISSION_HINTS.get(fault.message.lower(), "check client id, user, key and the app's policies")
    sentence = f"Logging in at {connection.instance_url} was refused: {fault}; {hint}."
    busy = fault.status in _BUSY_STATUSES or fault.code == "rate_limit_exceeded"
    return TemporaryError(sentence) if busy else PermanentError(sentence)
