"""The first segments of a path: which part of the org answers.

Called by app in a worker thread. `/services/data` needs a session but for the list of versions; a version too new is 404, a
retired one 410. Not here: the routes below a version (api).
"""

from __future__ import annotations

import dataclasses
import logging
import re

from crm_sync.local_org import bulk1, control, dispatch, identity, oauth, refusals, resources, soap
from crm_sync.local_org.calls import Call, Reply
from crm_sync.local_org.errors import OrgError, not_found, not_implemented
from crm_sync.local_org.org import Org

_VERSION = re.compile(r"v(\d{1,3})\.0", re.IGNORECASE)
_BODIES = ("application/json", "multipart/", "text/csv")
_ELSEWHERE = (("services", "apexrest"), ("cometd",), ("secur",), (".well-known",))
_log = logging.getLogger(__name__)


def answer(org: Org, call: Call, test_mode: bool) -> Reply:
    """Answer any call; a defect of the local org itself is a 500 with its own words."""
    try:
        return _answer(org, call, test_mode)
    except OrgError as error:
        return refusals.refused(call, error)
    except Exception as error:  # the boundary: whatever went wrong must become an answer
        _log.exception("The embedded org failed to answer %s /%s", call.method, "/".join(call.segments))
        told = f"The embedded org failed: {type(error).__name__}: {error}"
        return Reply(500, [{"message": told, "errorCode": "UNKNOWN_EXCEPTION"}])


def _answer(org: Org, call: Call, test_mode: bool) -> Reply:
    head = tuple(s.lower() for s in call.segments[:2])
    below = dataclasses.replace(call, segments=call.segments[2:])
    if head[:1] == ("_control",) and test_mode:
        return control.answer(org, dataclasses.replace(call, segments=call.segments[1:]))
    org.look_after()
    if head == ("services", "data"):
        return _data(org, below)
    if head == ("services", "oauth2"):
        return oauth.answer(org, below)
    if head[:1] == ("id",) and len(call.segments) == 3:
        return identity.identity(org, call, call.segments[1], call.segments[2])
    if head == ("services", "soap"):
        return soap.answer(org, below)
    if head == ("services", "async"):
        return bulk1.answer(org, below)
    if any(head[: len(known)] == known for known in _ELSEWHERE):
        raise not_implemented("/".join(call.segments))
    raise not_found()


def _data(org: Org, call: Call) -> Reply:
    if not call.segments:
        return resources.versions(org, call)
    found = _VERSION.fullmatch(call.segments[0])
    if not found:
        raise not_found()
    org.versions.require(int(found.group(1)))
    _check_headers(call)
    versioned = dataclasses.replace(call, version=f"{int(found.group(1))}.0", segments=call.segments[1:])
    call = org.signed_in(versioned)
    org.usage.require("DailyApiRequests")
    return dispatch.answer(org, call)


def _check_headers(call: Call) -> None:
    """Refuse what the service refuses by a call's headers alone."""
    scheme = call.headers.get("authorization", "Bearer").partition(" ")[0]
    if scheme.lower() not in ("bearer", "oauth"):
        raise OrgError("INVALID_AUTH_HEADER", f"INVALID_HEADER_TYPE: {scheme}")
    sent = call.headers.get("content-type", "")
    if "application/xml" in call.headers.get("accept", "") or (call.content and "xml" in sent):
        raise not_implemented("XML bodies and answers of the REST API")
    if call.content and sent and not sent.lower().startswith(_BODIES):
        raise OrgError("UNSUPPORTED_MEDIA_TYPE", f"Content-Type {sent} is not supported; send application/json.")
