"""The first segments of a path: which part of the org answers.

Called by app in a worker thread. `/services/data` needs a session but for the list of versions; a version too new is 404, a
retired one 410. Not here: the routes below a version (api).
"""

from __future__ import annotations

import dataclasses
import logging
import re

from crm_sync.local_org import bulk1, control, dispatch, oauth, resources, soap
from crm_sync.local_org.calls import Call, Reply
from crm_sync.local_org.errors import OrgError, not_found, not_implemented
from crm_sync.local_org.org import Org

_VERSION = re.compile(r"v(\d{1,3})\.0", re.IGNORECASE)
_log = logging.getLogger(__name__)


def answer(org: Org, call: Call, test_mode: bool) -> Reply:
    """Answer any call; a defect of the local org itself is a 500 with its own words."""
    try:
        return _answer(org, call, test_mode)
    except OrgError as error:
        return dispatch.refused(error)
    except Exception as error:  # the boundary: whatever went wrong must become an answer
        _log.exception("The embedded org failed to answer %s /%s", call.method, "/".join(call.segments))
        told = f"The embedded org failed: {type(error).__name__}: {error}"
        return Reply(500, [{"message": told, "errorCode": "UNKNOWN_EXCEPTION"}])


def _answer(org: Org, call: Call, test_mode: bool) -> Reply:
    head = tuple(s.lower() for s in call.segments[:2])
    if head == ("services", "data"):
        return _data(org, dataclasses.replace(call, segments=call.segments[2:]))
    if head == ("services", "oauth2"):
        return oauth.answer(org, dataclasses.replace(call, segments=call.segments[2:]))
    if head[:1] == ("id",) and len(call.segments) == 3:
        return oauth.identity(org, call, call.segments[1], call.segments[2])
    if head[:1] == ("_control",) and test_mode:
        return control.answer(org, dataclasses.replace(call, segments=call.segments[1:]))
    if head == ("services", "soap"):
        return soap.answer(org, dataclasses.replace(call, segments=call.segments[2:]))
    if head == ("services", "async"):
        return bulk1.answer(org, dataclasses.replace(call, segments=call.segments[2:]))
    if head == ("services", "apexrest"):
        raise not_implemented("/".join(head))
    raise not_found()


def _data(org: Org, call: Call) -> Reply:
    if not call.segments:
        return resources.versions(org, call)
    found = _VERSION.fullmatch(call.segments[0])
    if not found or int(found.group(1)) > resources.NEWEST:
        raise not_found()
    if int(found.group(1)) < resources.OLDEST:
        raise OrgError("UNSUPPORTED_API_VERSION", "Invalid Api version specified on URL")
    versioned = dataclasses.replace(call, version=f"{int(found.group(1))}.0", segments=call.segments[1:])
    if "application/xml" in call.headers.get("accept", ""):
        raise not_implemented("XML answers")
    call = org.signed_in(versioned)
    org.usage.require()
    return dispatch.answer(org, call)
