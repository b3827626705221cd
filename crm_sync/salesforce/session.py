"""The requests.Session under simple-salesforce: every call to the org passes here, and here alone is it made safe.

It sets the timeouts the library lacks, drops its X-PrettyPrint (a third more bytes), packs what is sent, puts the current
token on each call, renews the token once on a 401 and sends the very same bytes and headers again, counts calls, keeps
within the allowance, and learns the server's clock. Built by `org`. Repeating a call is not decided here (`client` does).
"""

from __future__ import annotations

import gzip
import time
from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

import requests
from requests.adapters import HTTPAdapter

from crm_sync.errors import PermanentError, WrongOrgError
from crm_sync.ports import Handling
from crm_sync.salesforce.answers import parse_fault
from crm_sync.salesforce.auth import EMBEDDED_HEADER, Authenticator, Token
from crm_sync.salesforce.limits import CallBudget
from crm_sync.salesforce.retry import BUSY_STATUSES, RetryLaterError, retry_after_s
from crm_sync.settings import Connection

POOL_SIZE = 8
WORTH_PACKING_BYTES = 1024
BLOCK_BYTES = 1 << 20
ANSWER_S = 600.0
"""The longest that one answer may take to arrive: a server that drips never makes the silence that ends a call."""
_NOT_OURS_TO_SEND = frozenset({"x-prettyprint", "authorization"})
_NOT_FIXED_BY_LOGIN = (
    "this session is not valid for use with the rest api",
    "connected app is not attached to agent",
)
_Session = TypeVar("_Session", bound=requests.Session)


class LoopbackAdapter(HTTPAdapter):
    """Speaks plain http to the embedded org where simple-salesforce insists on https."""

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Send the request with its scheme replaced."""
        request.url = urlunsplit(urlsplit(request.url or "")._replace(scheme="http"))
        return super().send(request, *args, **kwargs)


def mounted(session: _Session, connection: Connection) -> _Session:
    """Give a session its pool, and keep calls to this machine away from the environment's proxies."""
    session.mount("https://", HTTPAdapter(pool_connections=2, pool_maxsize=POOL_SIZE))
    if connection.loopback:
        session.trust_env = False
        session.mount(f"https://{urlsplit(connection.instance_url).netloc}", LoopbackAdapter(pool_maxsize=POOL_SIZE))
    return session


class CrmSession(requests.Session):
    """Sends calls with the current token. Raises RetryLaterError for busy answers; returns every other answer, whole."""

    def __init__(
        self, connection: Connection, auth: Authenticator, budget: CallBudget, *, answer_s: float = ANSWER_S
    ) -> None:
        super().__init__()
        self._connection = connection
        self._auth = auth
        self._budget = budget
        self._answer_s = answer_s
        mounted(self, connection)

    def request(self, method: str | bytes, url: str | bytes, **kwargs: Any) -> requests.Response:  # type: ignore[override]
        """Prepare the call once, send it, and once more with a new token if the first was refused."""
        headers = {
            name: value
            for name, value in (kwargs.pop("headers", None) or {}).items()
            if name.lower() not in _NOT_OURS_TO_SEND
        }
        kwargs["data"], packing = _packed(kwargs.get("data"), headers)
        request = requests.Request(_text(method).upper(), _text(url), headers={**headers, **packing}, **kwargs)
        prepared = self.prepare_request(request)
        token = self._auth.token()
        answer = self._send_with(prepared, token)
        if answer.status_code == 401 and _login_helps(answer):
            answer = self._send_with(prepared, self._auth.renewed(token))
        if answer.status_code != 401:
            self._auth.worked()
        return self._unless_busy(answer)

    def _send_with(self, prepared: requests.PreparedRequest, token: Token) -> requests.Response:
        self._budget.count()
        sent = prepared.copy()
        sent.url = urlunsplit(urlsplit(sent.url or "")._replace(netloc=urlsplit(token.instance_url).netloc))
        sent.headers["Authorization"] = f"Bearer {token.value}"
        sending = self.merge_environment_settings(sent.url, {}, True, None, None)
        timeout = (self._connection.connect_timeout_s, self._connection.read_timeout_s)
        with self.send(sent, timeout=timeout, allow_redirects=False, **sending) as answer:
            _read_whole(answer, time.monotonic() + self._answer_s)
        self._learn(answer.headers)
        return answer

    def _learn(self, headers: Mapping[str, str]) -> None:
        self._auth.learn_clock(headers)
        self._budget.learn(headers.get("Sforce-Limit-Info"))
        if EMBEDDED_HEADER in headers and not self._connection.loopback:
            raise WrongOrgError("An embedded org answered at an address of Salesforce. Nothing more is sent to it.")

    def _unless_busy(self, answer: requests.Response) -> requests.Response:
        if 300 < answer.status_code < 400 and answer.status_code != 304:
            raise PermanentError(
                f"{self._connection.instance_url} redirects to another place, where the token must not be sent. "
                "Set CRM_SYNC_INSTANCE_URL to the org's current My Domain address."
            )
        if answer.status_code in BUSY_STATUSES or answer.status_code == 403:
            fault = parse_fault(answer.status_code, answer.content)
            if answer.status_code != 403 or fault.handling is Handling.RETRY_NOW:
                raise RetryLaterError(fault, retry_after_s(answer.headers.get("Retry-After")))
        return answer


def _packed(data: Any, headers: Mapping[str, str]) -> tuple[Any, Mapping[str, str]]:
    """Pack a JSON body of some size. CSV goes as it is: that Bulk 2.0 takes it packed is nowhere documented."""
    kind = next((value for name, value in headers.items() if name.lower() == "content-type"), "")
    if not isinstance(data, bytes) or len(data) < WORTH_PACKING_BYTES or "json" not in kind:
        return data, {}
    return gzip.compress(data, 1, mtime=0), {"Content-Encoding": "gzip"}


def _read_whole(answer: requests.Response, deadline: float) -> None:
    """Read the body as it comes; raises requests.ReadTimeout when it is not there by the deadline (monotonic)."""
    blocks: list[bytes] = []
    while block := answer.raw.read1(BLOCK_BYTES, decode_content=True):
        blocks.append(block)
        if time.monotonic() > deadline:
            raise requests.ReadTimeout("the answer came too slowly")
    answer._content = b"".join(blocks)  # where its own `content` keeps it


def _login_helps(answer: requests.Response) -> bool:
    """Two messages of a 401 mean the app or the user is wrong, which no login changes (jsforce knows the same two)."""
    text = answer.text.lower()
    return not any(known in text for known in _NOT_FIXED_BY_LOGIN)


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
