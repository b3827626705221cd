"""JSON calls to the org through simple-salesforce, alone or packed into composites.

Called by rest, bulk, writer and org. Reads are repeated when the org is busy or an answer is lost; writes never are,
because a lost answer may hide a commit: those raise UnclearWriteError. simple-salesforce gets a token and a session,
and is never given a way to log in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import orjson
import requests
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import SalesforceError

from crm_sync.errors import TemporaryError
from crm_sync.ports import Handling, UnclearWriteError
from crm_sync.salesforce.answers import OrgFault, OrgFaultError, as_error, parse_fault
from crm_sync.salesforce.auth import Authenticator
from crm_sync.salesforce.retry import LOST_ANSWERS, Patience, RetryLaterError
from crm_sync.salesforce.session import CrmSession
from crm_sync.settings import Connection

SUBREQUESTS_PER_COMPOSITE = 25
HEAVY_SUBREQUESTS_PER_COMPOSITE = 5
DATA_ROOT = "/services/data/"
_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Subrequest:
    """One call, sent alone or within a composite. `path` starts at /services/data/ and is already encoded."""

    method: str
    path: str
    body: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Subanswer:
    """The answer to one call. `fault` is None for a success; `body` is parsed JSON or None."""

    body: Any
    fault: OrgFault | None


class Client:
    """Speaks JSON with the org. `calls` are counted by the session."""

    def __init__(self, connection: Connection, auth: Authenticator, session: CrmSession, patience: Patience) -> None:
        self._connection = connection
        self._auth = auth
        self._session = session
        self._patience = patience
        self._library: Salesforce | None = None
        self._built_for = ""

    @property
    def root(self) -> str:
        """The path that this API version's resources start with, without a final slash."""
        return f"{DATA_ROOT}v{self._connection.api_version}"

    @property
    def logins(self) -> int:
        """Logins so far; a locator does not survive a change of this number."""
        return self._auth.logins

    def query_path(self, soql: str, *, include_deleted: bool = True) -> str:
        """Return the path of a query; spaces and every reserved character are encoded."""
        resource = "queryAll" if include_deleted else "query"
        return f"{self.root}/{resource}?{urlencode({'q': soql}, quote_via=quote, safe='')}"

    def read(self, path: str, doing: str) -> Any:
        """GET one resource; raises PermanentError for a refusal, TemporaryError when patience ends."""
        return self._repeated(lambda: self._json("GET", path, None), doing)

    def ask(self, method: str, path: str, body: Mapping[str, Any], doing: str) -> Any:
        """Make a call other than GET that changes nothing, or nothing that a repetition could harm."""
        return self._repeated(lambda: self._json(method, path, body), doing)

    def answer(self, request: Subrequest, doing: str) -> Subanswer:
        """Make a call that a repetition does not harm, and return its answer even when it is a refusal."""
        return self._repeated(lambda: self._alone(request), doing)

    def read_all(self, paths: Sequence[str], doing: str, *, per_call: int) -> list[Subanswer]:
        """GET many resources, packed; an answer each, in order."""
        return [
            answer
            for start in range(0, len(paths), per_call)
            for answer in self._read_packed(paths[start : start + per_call], doing)
        ]

    def write(self, requests_: Sequence[Subrequest], doing: str) -> list[Subanswer]:
        """Send writes once, packed when there are several; raises UnclearWriteError when the answer is lost.

        A refusal of the package says nothing of what is in it, so each is then sent alone, unless the org wants no calls.
        """
        try:
            return self._packed(requests_)
        except RetryLaterError as error:
            raise UnclearWriteError(f"{doing}: the org answered {error.fault.status} {error.fault}.") from error
        except OrgFaultError as error:
            if error.fault.handling in (Handling.RETRY_NOW, Handling.DEFER_RUN):
                return [Subanswer(None, error.fault)] * len(requests_)
            return [answer for one in requests_ for answer in self.write((one,), doing)]
        except LOST_ANSWERS as error:
            raise UnclearWriteError(f"{doing}: the answer was lost ({type(error).__name__}).") from error

    def write_unit(self, requests_: Sequence[Subrequest], doing: str) -> list[Subanswer]:
        """Send writes once as one unit: all are done, or none; raises UnclearWriteError when the answer is lost.

        All-or-none holds for the rows of collections too, whatever these say (REST guide, allOrNone Parameters).
        """
        try:
            return self._composite(requests_, all_or_none=True)
        except RetryLaterError as error:
            raise UnclearWriteError(f"{doing}: the org answered {error.fault.status} {error.fault}.") from error
        except LOST_ANSWERS as error:
            raise UnclearWriteError(f"{doing}: the answer was lost ({type(error).__name__}).") from error
        except OrgFaultError as error:
            return [Subanswer(None, error.fault)] * len(requests_)

    def upload_csv(self, path: str, content: bytes, doing: str) -> None:
        """PUT a CSV file, once; raises UnclearWriteError when nobody can say whether it arrived."""
        try:
            answer = self._session.request(
                "PUT", self._address(path), data=content, headers={"Content-Type": "text/csv; charset=UTF-8"}
            )
        except (RetryLaterError, *LOST_ANSWERS) as error:
            raise UnclearWriteError(f"{doing}: the answer to the upload was lost.") from error
        if answer.status_code >= 300:
            raise as_error(parse_fault(answer.status_code, answer.content), doing)

    def download(self, path: str) -> requests.Response:
        """GET a resource that is not JSON. Raises OrgFaultError for a refusal."""
        answer = self._session.request("GET", self._address(path))
        if answer.status_code != 200:
            raise OrgFaultError(parse_fault(answer.status_code, answer.content))
        return answer

    def repeated(self, call: Callable[[], _Result], doing: str) -> _Result:
        """Repeat a harmless call until it answers, or raise TemporaryError."""
        return self._repeated(call, doing)

    def wait(self, tries: int) -> None:
        """Pause before something is asked again that came back within an answer, and not as one."""
        self._patience.sleep(self._patience.pause_s(tries))

    def _read_packed(self, paths: Sequence[str], doing: str) -> list[Subanswer]:
        return self._repeated(lambda: self._packed([Subrequest("GET", path) for path in paths]), doing)

    def _packed(self, subrequests: Sequence[Subrequest]) -> list[Subanswer]:
        """Send one call; several subrequests are done in their order, which collating them would not keep."""
        if len(subrequests) == 1:
            return [self._alone(subrequests[0])]
        return self._composite(subrequests, all_or_none=False)

    def _composite(self, subrequests: Sequence[Subrequest], *, all_or_none: bool) -> list[Subanswer]:
        parts = [_as_part(i, sub) for i, sub in enumerate(subrequests)]
        body = {"allOrNone": all_or_none, "collateSubrequests": False, "compositeRequest": parts}
        answer = self._json("POST", f"{self.root}/composite", body)
        answers = answer.get("compositeResponse") if isinstance(answer, dict) else None
        if not isinstance(answers, list) or len(answers) != len(subrequests):
            raise requests.exceptions.ContentDecodingError("the composite's answer does not match what was asked")
        by_reference = {part.get("referenceId"): part for part in answers}
        return [_subanswer(by_reference.get(f"r{i}") or {}) for i in range(len(subrequests))]

    def _alone(self, subrequest: Subrequest) -> Subanswer:
        try:
            return Subanswer(self._json(subrequest.method, subrequest.path, subrequest.body), None)
        except RetryLaterError:
            raise
        except OrgFaultError as error:
            return Subanswer(None, error.fault)

    def _json(self, method: str, path: str, body: Mapping[str, Any] | None) -> Any:
        data = None if body is None else orjson.dumps(body)
        library = self._salesforce()
        try:
            if path.startswith(f"{self.root}/"):
                return library.restful(path.removeprefix(f"{self.root}/"), method=method, data=data)
            return library.query_more(self._checked(path), identifier_is_url=True)
        except SalesforceError as error:
            raise OrgFaultError(parse_fault(error.status, error.content)) from error

    def _salesforce(self) -> Salesforce:
        token = self._auth.token()
        if self._library is None or self._built_for != token.instance_url:
            self._library = Salesforce(
                session_id=token.value,
                instance_url=token.instance_url,
                session=self._session,
                version=self._connection.api_version,
                object_pairs_hook=None,
            )
            self._built_for = token.instance_url
        return self._library

    def _address(self, path: str) -> str:
        return f"https://{self._salesforce().sf_instance}{self._checked(path)}"

    def _checked(self, path: str) -> str:
        if not path.startswith(DATA_ROOT) or ".." in path.partition("?")[0]:
            raise ValueError(f"{path!r} is not a path of the REST API: expected one below {DATA_ROOT}")
        return path

    def _repeated(self, call: Callable[[], _Result], doing: str) -> _Result:
        try:
            return self._patience.repeat(call)
        except OrgFaultError as error:
            raise as_error(error.fault, doing) from error
        except LOST_ANSWERS as error:
            raise TemporaryError(
                f"{doing}: no usable answer ({type(error).__name__}) in several tries. Check the network, then run again."
            ) from error


def _as_part(position: int, subrequest: Subrequest) -> dict[str, Any]:
    part: dict[str, Any] = {"method": subrequest.method, "url": subrequest.path, "referenceId": f"r{position}"}
    if subrequest.body is not None:
        part["body"] = subrequest.body
    return part


def _subanswer(part: Mapping[str, Any]) -> Subanswer:
    status = part.get("httpStatusCode")
    body = part.get("body")
    if isinstance(status, int) and 200 <= status < 300:
        return Subanswer(body, None)
    return Subanswer(None, parse_fault(status if isinstance(status, int) else 500, body))
