"""One API call and its reply, as values: what stands between HTTP and the handlers.

Made by app from an HTTP request and by composite from a subrequest; answered by handlers through the router.
Not here: bytes on the wire (app).
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from crm_sync.local_org.access import Access
from crm_sync.local_org.errors import OrgError
from crm_sync.local_org.transactions import Transaction, Wishes

_SETTING = re.compile(r"(\w+)\s*=\s*(\w+)")


@dataclass(frozen=True)
class Call:
    """One call. `segments` is the decoded path below `/services/data/vXX.0`, `headers` have lower-case names.

    `content` is the raw body; a subrequest has its body already parsed in `parsed`. `transaction` is set when the call
    is part of a larger all-or-none unit.
    """

    method: str
    segments: tuple[str, ...]
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""
    parsed: Any = None
    version: str = ""
    base_url: str = ""
    access: Access | None = None
    token: str = ""
    transaction: Transaction | None = None

    @property
    def user(self) -> Access:
        """The access of who calls; only calls that passed authentication ask."""
        if self.access is None:
            raise OrgError("INVALID_SESSION_ID", "Session expired or invalid")
        return self.access

    @property
    def version_number(self) -> int:
        """The API version of the URL as a whole number."""
        return int(self.version.partition(".")[0] or 0)

    @property
    def data_url(self) -> str:
        """The path all URLs in answers start with: `/services/data/v68.0`."""
        return f"/services/data/v{self.version}"

    @property
    def path(self) -> str:
        """The whole path of a REST call, decoded."""
        return "/".join((self.data_url, *self.segments))

    def json(self) -> Any:
        """Parse the body as JSON. Raises OrgError JSON_PARSER_ERROR."""
        if self.parsed is not None or not self.content:
            return self.parsed
        try:
            return orjson.loads(self.content)
        except orjson.JSONDecodeError as error:
            where = f"[line:{error.lineno}, column:{error.colno}]"
            raise OrgError(
                "JSON_PARSER_ERROR", f"Unexpected character or end of input: {error.msg} at {where}"
            ) from None

    def json_object(self) -> dict[str, Any]:
        """Parse the body as a JSON object; an empty body is an empty object."""
        body = self.json()
        if body is None:
            return {}
        if not isinstance(body, dict):
            raise OrgError("JSON_PARSER_ERROR", "The HTTP entity body is required to be a JSON object")
        return body

    def flag(self, name: str) -> bool:
        """Read a true/false query parameter."""
        return self.query.get(name, "").lower() == "true"

    def settings(self, header: str) -> dict[str, str]:
        """Read a header of settings, `a=1, b=2` or `a=1; b=2`; the names are lower-case."""
        return {name.lower(): value for name, value in _SETTING.findall(self.headers.get(header, ""))}

    @property
    def wishes(self) -> Wishes:
        """What the call asks for about the saving of records."""
        given = self.settings("sforce-duplicate-rule-header")
        allow, details = (given.get(name, "").lower() == "true" for name in ("allowsave", "includerecorddetails"))
        return Wishes(allow, details, self.data_url)

    def within(self, transaction: Transaction) -> Call:
        """Make the same call as part of a transaction."""
        return dataclasses.replace(self, transaction=transaction)


@dataclass(frozen=True)
class Reply:
    """One answer: a JSON `body`, or `content` of a media type, or a `stream` of it. None is an empty body."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None
    stream: Iterator[bytes] | None = None
    media_type: str = "application/json;charset=UTF-8"
