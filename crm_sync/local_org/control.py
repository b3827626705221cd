"""The tester's hand in the org: the door to what a test may do and Salesforce's API may not.

Answers `/_control/*`, in test mode only and for JSON bodies only. No session is needed. Not part of Salesforce. Not here: what
the controls do (control_org, control_records).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm_sync.local_org import control_org, control_records
from crm_sync.local_org.calls import Call, Reply
from crm_sync.local_org.errors import OrgError, not_found
from crm_sync.local_org.faults import KINDS
from crm_sync.local_org.org import Org
from crm_sync.local_org.soql import SoqlError

ENDPOINTS = {**control_org.ENDPOINTS, **control_records.ENDPOINTS}


def answer(org: Org, call: Call) -> Reply:
    """Answer a control call; see `GET /_control` for what there is."""
    if not call.segments:
        return Reply(200, {"endpoints": {k: (v.__doc__ or "").strip() for k, v in ENDPOINTS.items()}, "faults": KINDS})
    if call.content and not call.headers.get("content-type", "").startswith("application/json"):
        raise OrgError("UNSUPPORTED_MEDIA_TYPE", "Send application/json; a browser's form must not reach the controls.")
    return _run(org, call)


def perform(org: Org, wanted: Mapping[str, Any]) -> None:
    """Make the control call of a fault: {"call": "POST records/write", "body": {}}. Raises OrgError."""
    method, _, path = str(wanted.get("call", "")).partition(" ")
    _run(org, Call(method.upper(), tuple(path.strip("/").split("/")), parsed=wanted.get("body", {})))


def _run(org: Org, call: Call) -> Reply:
    name = f"{call.method} {'/'.join(call.segments).lower()}"
    if name not in ENDPOINTS:
        raise not_found()
    try:
        return ENDPOINTS[name](org, call)
    except (KeyError, TypeError, ValueError) as error:
        raise OrgError("INVALID_INPUT", f"{name}: {type(error).__name__}: {error}") from None
    except SoqlError as error:
        raise OrgError(error.code, error.message) from None
