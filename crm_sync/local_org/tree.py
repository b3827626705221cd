"""Trees: records with their children, nested, created all or none.

Answers `/composite/tree/X`. Not here: flat collections.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from crm_sync.local_org import records
from crm_sync.local_org.calls import Call, Reply
from crm_sync.local_org.errors import OrgError, RecordError, record_level
from crm_sync.local_org.org import Org
from crm_sync.local_org.schema import ObjectType
from crm_sync.local_org.transactions import Transaction

MOST_RECORDS, MOST_LEVELS, MOST_TYPES = 200, 5, 5


@dataclass
class Node:
    """One record of the tree; `link` is the lookup to `parent`."""

    type: ObjectType
    reference: str
    body: dict[str, Any]
    parent: Node | None = None
    link: str = ""
    id: str | None = None

    @property
    def level(self) -> int:
        """How deep the record is; the first level is 1."""
        return 1 if self.parent is None else self.parent.level + 1


def create(org: Org, call: Call, name: str) -> Reply:
    """Create all records of a tree: 201 with their ids, or 400 with the errors of those refused."""
    o = org.object(name, call.user)
    nodes = list(_nodes(org, o, call.json_object(), None, ""))
    _check_size(nodes)
    with org.writing(call) as tx, tx.attempt() as attempt:
        errors = _insert(tx, nodes)
        if errors:
            attempt.undo()
    if errors:
        return Reply(400, {"hasErrors": True, "results": errors})
    return Reply(201, {"hasErrors": False, "results": [{"referenceId": n.reference, "id": n.id} for n in nodes]})


def _nodes(org: Org, o: ObjectType, body: Any, parent: Node | None, link: str) -> Iterator[Node]:
    found = body.get("records") if isinstance(body, dict) else None
    if not isinstance(found, list):
        raise OrgError("JSON_PARSER_ERROR", "The body must be an object with a list named 'records'")
    for record in found:
        yield from _node(org, o, record, parent, link)


def _node(org: Org, o: ObjectType, record: Any, parent: Node | None, link: str) -> Iterator[Node]:
    attributes = record.get("attributes") if isinstance(record, dict) else None
    if not isinstance(attributes, dict) or not attributes.get("referenceId"):
        raise OrgError("INVALID_INPUT", "Include a reference ID for each record in the request.")
    if str(attributes.get("type", "")).lower() != o.name.lower():
        raise OrgError(
            "INVALID_INPUT", f"Record type {attributes.get('type')} does not match the expected type {o.name}."
        )
    nested = {k: v for k, v in record.items() if isinstance(v, dict) and "records" in v and o.child(k)}
    node = Node(o, str(attributes["referenceId"]), {k: v for k, v in record.items() if k not in nested}, parent, link)
    yield node
    for relationship, children in nested.items():
        child = o.child(relationship)
        child_type = org.schema.object(child.child_object) if child else None
        if child is not None and child_type is not None:
            yield from _nodes(org, child_type, children, node, child.field)


def _check_size(nodes: list[Node]) -> None:
    if not nodes:
        raise OrgError("INVALID_INPUT", "At least 1 record is required")
    if len(nodes) > MOST_RECORDS:
        raise OrgError("INVALID_INPUT", f"The request contains {len(nodes)} records; the most is {MOST_RECORDS}.")
    if max(n.level for n in nodes) > MOST_LEVELS or len({n.type.name for n in nodes}) > MOST_TYPES:
        raise OrgError("INVALID_INPUT", f"A tree has at most {MOST_LEVELS} levels and {MOST_TYPES} types of records.")
    if len({n.reference for n in nodes}) < len(nodes):
        raise OrgError("INVALID_INPUT", "Each reference ID must be unique in the request.")


def _insert(tx: Transaction, nodes: list[Node]) -> list[dict[str, Any]]:
    errors = []
    for node in nodes:
        if node.parent is not None and node.parent.id is None:
            continue
        body = node.body if node.parent is None else {**node.body, node.link: node.parent.id}
        try:
            node.id = records.insert(tx, node.type, body)
        except RecordError as error:
            errors.append({"referenceId": node.reference, "errors": [record_level(error)]})
    return errors
