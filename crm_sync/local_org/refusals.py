"""A refusal in the shape of the API that is called: REST, OAuth, SOAP, Bulk 1.0.

    call + code + message + status -> Reply

Called by interference and paths for what goes wrong before a handler is reached. Not here: which code means what (errors).
"""

from __future__ import annotations

from crm_sync.local_org import bulk1_shapes, soap_envelope
from crm_sync.local_org.calls import Call, Reply
from crm_sync.local_org.errors import OrgError, top_level

_BULK1_CODES = {
    "INVALID_SESSION_ID": "InvalidSessionId",
    "REQUEST_LIMIT_EXCEEDED": "ExceededQuota",
    "UNSUPPORTED_API_VERSION": "InvalidVersion",
    "API_DISABLED_FOR_ORG": "FeatureNotEnabled",
}


def refused(call: Call, error: OrgError) -> Reply:
    """Shape an error for the caller; `call.segments` is the whole path."""
    head = tuple(s.lower() for s in call.segments[:2])
    if head == ("services", "async"):
        told = bulk1_shapes.Bulk1Error(_BULK1_CODES.get(error.code, error.code), error.message)
        return bulk1_shapes.refusal(
            told, bulk1_shapes.asks_json(call), 400 if error.code in _BULK1_CODES else error.status
        )
    if head == ("services", "soap"):
        return soap_envelope.fault(soap_envelope.SoapFaultError(error.code, error.message))
    if head == ("services", "oauth2"):
        return Reply(error.status, {"error": error.code, "error_description": error.message})
    return Reply(error.status, top_level(error))
