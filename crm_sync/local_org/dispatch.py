"""Any call to a reply, errors included.

Called by app for requests and by composite, batch and graph for subrequests. Not here: who may call (org), the routes (api).
"""

from __future__ import annotations

from crm_sync.local_org import languages
from crm_sync.local_org.calls import Call, Reply
from crm_sync.local_org.errors import OrgError, top_level
from crm_sync.local_org.org import Org
from crm_sync.local_org.soql import SoqlError


def answer(org: Org, call: Call) -> Reply:
    """Answer a call below `/services/data/vXX.0`; what the org refuses becomes an error reply."""
    try:
        reply = org.router.answer(org, call)
    except OrgError as error:
        reply = refused(error)
    except SoqlError as error:
        reply = refused(from_soql(error))
    return languages.told_in(call.user.language, reply)


def refused(error: OrgError) -> Reply:
    """Shape a refusal."""
    return Reply(error.status, top_level(error))


def from_soql(error: SoqlError) -> OrgError:
    """Say a query's error in the org's own terms."""
    return OrgError(error.code, error.message, status=error.status)
