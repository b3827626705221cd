"""Whatever the org answered -> an OrgFault: status, code, message, fields, and what to do about it.

Called by session, rest and bulk for every answer that is not a success. Bodies are not always JSON: edges answer HTML
(414, 420, 431, 503), proxies cut them, and messages are translated, so only status and code ever decide.
Not here: the table of codes (`codes`), and retrying (`retry`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crm_sync.errors import CrmSyncError, PermanentError, TemporaryError
from crm_sync.ports import Handling, SchemaChangedError
from crm_sync.salesforce.codes import classify

MESSAGE_LIMIT = 300
ECHOES_THE_VALUE = frozenset(
    {
        "STRING_TOO_LONG",
        "INVALID_EMAIL_ADDRESS",
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        "NUMBER_OUTSIDE_VALID_RANGE",
        "DUPLICATE_VALUE",
        "DUPLICATES_DETECTED",
        "MALFORMED_ID",
        "JSON_PARSER_ERROR",
    }
)
_SCHEMA_CODES = frozenset({"INVALID_FIELD", "INVALID_TYPE"})
_STATUS_CODES = {
    300: "MULTIPLE_CHOICES",
    401: "INVALID_SESSION_ID",
    404: "NOT_FOUND",
    408: "TIMEOUT",
    409: "CONFLICT",
    410: "GONE",
    412: "PRECONDITION_FAILED",
    414: "URI_TOO_LONG",
    420: "SERVER_UNAVAILABLE",
    429: "SERVER_UNAVAILABLE",
    431: "URI_TOO_LONG",
    500: "UNKNOWN_EXCEPTION",
    502: "BAD_GATEWAY",
    503: "SERVER_UNAVAILABLE",
    504: "GATEWAY_TIMEOUT",
}


@dataclass(frozen=True)
class OrgFault:
    """One error of the org. `status` is the HTTP status; 200 for an error inside a success."""

    status: int
    code: str
    message: str
    fields: tuple[str, ...] = ()

    @property
    def handling(self) -> Handling:
        """What to do about it."""
        return classify(self.code, self.message)

    def __str__(self) -> str:
        named = f" (fields: {', '.join(self.fields)})" if self.fields else ""
        return f"{self.code}: {self.message}{named}"


class OrgFaultError(Exception):
    """An OrgFault on its way up to the code that knows what was being done."""

    def __init__(self, fault: OrgFault) -> None:
        super().__init__(str(fault))
        self.fault = fault


def parse_fault(status: int, body: bytes | str | Any) -> OrgFault:
    """Read an error body in any of its forms, or make the best of the status when it cannot be read.

    Forms: [{"errorCode"|"statusCode", "message", "fields"}], the same without the list, OAuth's
    {"error", "error_description"}, a Bulk job's {"errorMessage"}, HTML, text, nothing.
    """
    found = _first_mapping(_json(body))
    code = _text(found.get("errorCode") or found.get("statusCode") or found.get("exceptionCode") or found.get("error"))
    message = _text(
        found.get("message")
        or found.get("exceptionMessage")
        or found.get("error_description")
        or found.get("errorMessage")
    )
    fields = found.get("fields")
    return OrgFault(
        status=status,
        code=code or _STATUS_CODES.get(status, f"HTTP_{status}"),
        message=_without_the_value(code, message) or _gist(body)[:MESSAGE_LIMIT],
        fields=tuple(str(name) for name in fields) if isinstance(fields, list) else (),
    )


def as_error(fault: OrgFault, doing: str) -> CrmSyncError:
    """Turn a fault of a whole call into the error that says what to do next."""
    sentence = f"{doing}: the org answered {fault.status} {fault}."
    if fault.handling is Handling.RETRY_NOW:
        return TemporaryError(f"{sentence} Retries did not help; run again later.")
    if fault.handling is Handling.DEFER_RUN:
        return TemporaryError(f"{sentence} The org's limit or maintenance has to pass; run again later.")
    if fault.code in _SCHEMA_CODES:
        return SchemaChangedError(f"{sentence} Check the mapping and the integration user's permissions.")
    return PermanentError(f"{sentence} Retrying cannot help.")


def _json(body: bytes | str | Any) -> Any:
    if not isinstance(body, bytes | str):
        return body
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _first_mapping(parsed: Any) -> Mapping[str, Any]:
    if isinstance(parsed, list) and parsed:
        parsed = parsed[0]
    return parsed if isinstance(parsed, dict) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _without_the_value(code: str, message: str) -> str:
    """Some messages repeat the value that was refused, which may be a person's; of those the first words are kept."""
    if code in ECHOES_THE_VALUE and ":" in message:
        label = message.partition(":")[0][:80]
        return f"{label}: (the value that the org repeated is left out)"
    return message[:MESSAGE_LIMIT]


def _gist(body: bytes | str | Any) -> str:
    if not isinstance(body, bytes | str):
        return "the body holds no message"
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else body
    words = re.sub(r"<(script|style).*?</\1>|<[^>]*>", " ", text[:20_000], flags=re.DOTALL | re.IGNORECASE)
    return " ".join(words.split()) or "the body is empty"
