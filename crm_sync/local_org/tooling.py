"""The little of the Tooling API that sync clients use: queries over the same objects, and plain 404s.

Answers `/tooling/query` and `/tooling/sobjects/X/describe`. Not here: Apex, tests, metadata components.
"""

from __future__ import annotations

import dataclasses

from crm_sync.local_org import query
from crm_sync.local_org.calls import Call, Reply
from crm_sync.local_org.errors import not_found
from crm_sync.local_org.org import Org


def run(org: Org, call: Call) -> Reply:
    """Run a query; the envelope has the extras of the Tooling API."""
    reply = query.query(org, call)
    if call.flag("columns") or not isinstance(reply.body, dict):
        return reply
    statement = query.compiled(org, call, call.query["q"], include_deleted=False)
    extras = {"size": len(reply.body["records"]), "entityTypeName": statement.object_name, "queryLocator": None}
    return dataclasses.replace(reply, body=extras | reply.body)


def describe(org: Org, call: Call, name: str) -> Reply:
    """Say that a tooling object does not exist: source tracking is not enabled here."""
    raise not_found()
