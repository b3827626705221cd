"""Salesforce's errors: one factory, one table from code to HTTP status (REST guide, "Status Codes and Error Responses").

Raised everywhere in the local org; shaped by `top_level` for a whole request and by `record_level` inside
collections, trees and jobs. OAuth and SOAP have their own shapes in their own modules.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_STATUS = {
    "INVALID_SESSION_ID": 401,
    "INVALID_AUTH_HEADER": 401,
    "REQUEST_LIMIT_EXCEEDED": 403,
    "API_DISABLED_FOR_ORG": 403,
    "API_CURRENTLY_DISABLED": 403,
    "INSUFFICIENT_ACCESS": 403,
    "TXN_SECURITY_METERING_ERROR": 403,
    "FORBIDDEN": 403,
    "NOT_FOUND": 404,
    "ENTITY_IS_DELETED": 404,
    "METHOD_NOT_ALLOWED": 405,
    "NOT_ACCEPTABLE": 406,
    "UNSUPPORTED_API_VERSION": 410,
    "PRECONDITION_FAILED": 412,
    "BATCH_PROCESSING_HALTED": 412,
    "UNSUPPORTED_MEDIA_TYPE": 415,
    "UNKNOWN_EXCEPTION": 500,
    "NOT_IMPLEMENTED": 501,
    "SERVER_UNAVAILABLE": 503,
}
_URL_CODES = {"NOT_FOUND", "METHOD_NOT_ALLOWED", "NOT_IMPLEMENTED", "UNSUPPORTED_API_VERSION"}


class OrgError(Exception):
    """Something the org refuses: Salesforce's code, its wording, and the fields at fault for record errors.

    `fields` is None for errors about the query or the URL, which carry no such key on the wire.
    """

    def __init__(self, code: str, message: str, fields: Sequence[str] | None = None, status: int | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.fields = None if fields is None else list(fields)
        self.status = status or _STATUS.get(code, 400)
        self.more: Mapping[str, Any] = {}


class RecordError(OrgError):
    """One record is refused; its neighbours in the same call may be saved. `more` is told beside the usual keys."""

    def __init__(
        self, code: str, message: str, fields: Sequence[str] = (), more: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(code, message, fields)
        self.more = more or {}


def top_level(error: OrgError) -> list[dict[str, Any]]:
    """Shape an error as the body of a refused request; a URL error names its code first, as on the wire."""
    if error.code in _URL_CODES and error.fields is None:
        return [{"errorCode": error.code, "message": error.message}]
    body: dict[str, Any] = {"message": error.message, "errorCode": error.code}
    if error.fields is not None:
        body["fields"] = error.fields
    return [{**error.more, **body}]


def record_level(error: OrgError) -> dict[str, Any]:
    """Shape an error as one entry of a record's `errors`."""
    return {"statusCode": error.code, "message": error.message, "fields": error.fields or [], **error.more}


def not_found() -> OrgError:
    """Say that the URL names nothing."""
    return OrgError("NOT_FOUND", "The requested resource does not exist")


def not_implemented(what: str) -> OrgError:
    """Say plainly that the local org does not do this; never answer with a plausible lie."""
    return OrgError("NOT_IMPLEMENTED", f"The embedded org does not implement {what}.")


def no_such_column(field: str, object_name: str) -> RecordError:
    """Say that a written field does not exist (or is not visible)."""
    return RecordError("INVALID_FIELD", f"No such column '{field}' on sobject of type {object_name}")
