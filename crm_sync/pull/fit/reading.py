"""Is every mapped object and field there, readable, of a fitting type, and does a reference point where it should?

A field the integration user may not read is missing from describe without a word, so both are told alike.
Called by `hold_against`. Not here: picklist values, and writing.
"""

from __future__ import annotations

from collections.abc import Iterator

from crm_sync.ports import FieldFacts, ObjectFacts
from crm_sync.program import FieldMapping, ObjectMapping
from crm_sync.program.mappings import ANY_OBJECT
from crm_sync.program.sources import nearest
from crm_sync.pull.fit.finding import Finding, Level
from crm_sync.pull.fit.seen import Seen, alike, api_name
from crm_sync.pull.views import FITTING


def check_reading(seen: Seen) -> Iterator[Finding]:
    """Tell every object and field that cannot be read as the mapping says."""
    for mapping in seen.draft.mappings.values():
        facts = seen.objects.get(mapping.object)
        if facts is None or not facts.queryable:
            yield _unseen_object(seen, mapping)
            continue
        for field in mapping.fields.values():
            known = seen.field(mapping.name, field.name)
            if known is None:
                yield _unseen_field(seen, mapping, field, facts)
            else:
                yield from _unfit(seen, mapping, field, known)


def _unseen_object(seen: Seen, mapping: ObjectMapping) -> Finding:
    safety = ", ".join(field.name for field in mapping.safety)
    needed = f"; it holds what protects customers: {safety}" if safety else ""
    return seen.finding(
        Level.STOPS if safety else Level.BLINDS,
        mapping,
        ("object",),
        f"{mapping.object}, which the org does not have or does not show to the integration user",
        f"an object that it may read{needed}",
        nearest(mapping.object, [name for name in seen.objects if name != mapping.object]),
    )


def _unseen_field(seen: Seen, mapping: ObjectMapping, field: FieldMapping, facts: ObjectFacts) -> Finding:
    stops = field.safety or field.name == "id"
    needed = "; it protects customers (safety), so no run starts without it" if field.safety else ""
    return seen.finding(
        Level.STOPS if stops else Level.BLINDS,
        mapping,
        ("fields", field.name, "field"),
        f"{api_name(mapping, field)}, which the org does not have or does not show to the integration user",
        f"a field that it may read{needed}",
        alike(field.field, facts),
    )


def _unfit(seen: Seen, mapping: ObjectMapping, field: FieldMapping, known: FieldFacts) -> Iterator[Finding]:
    path = ("fields", field.name, "type")
    if known.type not in FITTING[field.type]:
        fitting = [name for name, kinds in FITTING.items() if known.type in kinds]
        found = f"type {field.type} for {api_name(mapping, field)}, which is of type {known.type} in the org"
        expected = f"type {' or '.join(fitting)}" if fitting else f"a field that holds {field.type}"
        yield seen.finding(Level.STOPS, mapping, path, found, expected)
    elif field.to not in (None, ANY_OBJECT) and known.reference_to:
        target = seen.draft.mappings.get(str(field.to))
        if target and target.object not in known.reference_to:
            found = f"{api_name(mapping, field)}, which points to {' or '.join(known.reference_to)}"
            yield seen.finding(
                Level.BLINDS, mapping, ("fields", field.name, "to"), found, f"a reference to {target.object}"
            )
