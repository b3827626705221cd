"""A describe answer -> ObjectFacts. Called by org. Not here: what a mapping expects of the facts (pull checks that)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm_sync.ports import FieldFacts, ObjectFacts


def object_facts(answer: Mapping[str, Any]) -> ObjectFacts:
    """Read one describe answer. Fields without read access are not in it at all (they vanish silently)."""
    fields = {str(item["name"]): _field_facts(item) for item in answer.get("fields", ())}
    return ObjectFacts(
        name=str(answer["name"]),
        label=str(answer.get("label") or answer["name"]),
        key_prefix=answer.get("keyPrefix"),
        createable=bool(answer.get("createable")),
        updateable=bool(answer.get("updateable")),
        queryable=bool(answer.get("queryable")),
        fields=fields,
    )


def _field_facts(item: Mapping[str, Any]) -> FieldFacts:
    return FieldFacts(
        name=str(item["name"]),
        type=str(item.get("type") or ""),
        length=int(item.get("length") or 0),
        createable=bool(item.get("createable")),
        updateable=bool(item.get("updateable")),
        nillable=bool(item.get("nillable")),
        unique=bool(item.get("unique")),
        external_id=bool(item.get("externalId")),
        case_sensitive=bool(item.get("caseSensitive")),
        calculated=bool(item.get("calculated")),
        restricted_picklist=bool(item.get("restrictedPicklist")),
        picklist_values=tuple(str(entry["value"]) for entry in item.get("picklistValues") or () if entry.get("active")),
        reference_to=tuple(str(name) for name in item.get("referenceTo") or ()),
        relationship_name=item.get("relationshipName"),
        label=str(item.get("label") or item["name"]),
    )
