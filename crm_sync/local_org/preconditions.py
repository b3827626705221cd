"""Conditional requests: whether a call goes ahead, by what it says of the version it knows.

    call + Edition -> go on | Reply 304 | OrgError PRECONDITION_FAILED

Called by rows and describe, for subrequests of composites as for calls of their own. Entity tags are documented for rows of
Account alone; describes carry one too. As in the service, deletions take no conditions.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any

import orjson

from crm_sync.local_org.calls import Call, Reply
from crm_sync.local_org.clock import parse_stamp
from crm_sync.local_org.errors import OrgError
from crm_sync.local_org.schema import ObjectType

HEADERS = ("if-match", "if-none-match", "if-modified-since", "if-unmodified-since")
_PACKED = "-gzip"
_WITH_TAGS = ("Account",)


@dataclass(frozen=True)
class Edition:
    """One state of a resource: when it came about (a stamp) and, where tags are given, its tag."""

    since: str
    tag: str | None = None

    def headers(self, call: Call) -> dict[str, str]:
        """Give the headers that tell the edition; the tag says when the answer may be packed."""
        told = {"Last-Modified": format_datetime(parse_stamp(self.since), usegmt=True)}
        packed = _PACKED if "gzip" in call.headers.get("accept-encoding", "") else ""
        return told if self.tag is None else told | {"ETag": f'"{self.tag}{packed}"'}


def tag_of(content: Any) -> str:
    """Make the tag of a resource from what it holds."""
    return hashlib.sha256(orjson.dumps(content)).hexdigest()[:16]


def of_row(o: ObjectType, row: Mapping[str, Any]) -> Edition | None:
    """Give the edition of a stored row; rows without a stamp have none."""
    if not row.get("SystemModstamp"):
        return None
    return Edition(row["SystemModstamp"], tag_of(dict(row)) if o.name in _WITH_TAGS else None)


def read(call: Call, edition: Edition | None) -> Reply | None:
    """Answer a read of what the caller has already: 304. Raises OrgError PRECONDITION_FAILED."""
    if edition is None:
        return None
    write(call, edition)
    tags = call.headers.get("if-none-match")
    if tags is not None and edition.tag is not None:
        known = _names(tags, edition.tag)
    else:
        since = _instant(call, "if-modified-since")
        known = since is not None and parse_stamp(edition.since).timestamp() <= since
    return Reply(304, None, edition.headers(call)) if known else None


def write(call: Call, edition: Edition | None) -> None:
    """Let a write go ahead if the caller knows this edition. Raises OrgError PRECONDITION_FAILED (412)."""
    if edition is None:
        return
    tags = call.headers.get("if-match")
    if tags is not None and edition.tag is not None:
        fails = not _names(tags, edition.tag)
    else:
        limit = _instant(call, "if-unmodified-since")
        fails = limit is not None and parse_stamp(edition.since).timestamp() > limit
    if not fails and call.method in ("PATCH", "POST") and edition.tag is not None:
        fails = _names(call.headers.get("if-none-match", ""), edition.tag)
    if fails:
        raise OrgError("PRECONDITION_FAILED", "The resource is not in the state the request's conditions name")


def _names(tags: str, tag: str) -> bool:
    """Say whether a list of tags names this one; `*` names all, and -gzip does not matter."""
    written = [t.strip().removeprefix("W/").strip('"').removesuffix(_PACKED) for t in tags.split(",")]
    return "*" in written or tag in written


def _instant(call: Call, header: str) -> float | None:
    """Read an HTTP date. One that is none is left out of account, but refuses a write."""
    given = call.headers.get(header)
    try:
        return parsedate_to_datetime(given).timestamp() if given else None
    except ValueError:
        if call.method in ("PATCH", "POST"):
            told = f"The {header} header is not a valid HTTP date: {given}"
            raise OrgError("INVALID_REQUEST_HEADER", told) from None
        return None
