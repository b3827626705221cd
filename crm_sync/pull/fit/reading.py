"""Is every mapped object and field there, readable, of a fitting type, and does a reference point where it should?

A field the integration user may not read is missing from describe without a word, so both are told alike.
Called by `hold_against`. Not here: picklist values, and writing.
"""

from __future__ import annotations

from collections.abc import Iterator

from crm_sync.ports import FieldFacts, ObjectFacts
from crm_sync.program import FieldMapping, ObjectMapping
from crm_sync.program.mappings import ANY_OBJECT, LOOKUP
from crm_sync.program.sources import nearest
from crm_sync.program.vocabulary import VOCABULARY
from crm_sync.pull.fit.finding import Finding, Level
from crm_sync.pull.fit.seen import Seen, alike, api_name, field_path, object_path
from crm_sync.pull.views import FITTING, fitting


def check_reading(seen: Seen) -> Iterator[Finding]:
    """Tell every object and field that cannot be read as the mapping says."""
    for table, facts in seen.tables():
        if facts is None or not facts.queryable:
            yield _unseen_object(seen, table)
            continue
        for field in table.fields.values():
            known = seen.lookup(table) if field.name == LOOKUP else seen.field(table.known_as, field.name)
            if known is None:
                yield _unseen_field(seen, table, field, facts)
            else:
                yield from _unfit(seen, table, field, known)


def _unseen_object(seen: Seen, mapping: ObjectMapping) -> Finding:
    safety = ", ".join(field.name for field in mapping.safety if field.name != LOOKUP)
    needed = f"; it holds what protects customers: {safety}" if safety else ""
    return seen.finding(
        Level.STOPS if safety else Level.BLINDS,
        mapping,
        object_path(mapping),
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
        field_path(mapping, field, "field"),
        f"{api_name(mapping, field)}, which the org does not have or does not show to the integration user",
        f"a field that it may read{needed}",
        alike(field.field, facts),
    )


def _unfit(seen: Seen, mapping: ObjectMapping, field: FieldMapping, known: FieldFacts) -> Iterator[Finding]:
    if known.type not in fitting(field):
        found = f"type {field.type} for {api_name(mapping, field)}, which is of type {known.type} in the org"
        yield seen.finding(
            Level.STOPS, mapping, field_path(mapping, field, "type"), found, _instead(mapping, field, known)
        )
    elif field.to not in (None, ANY_OBJECT) and known.reference_to:
        target = seen.draft.mappings.get(str(field.to))
        if target and target.object not in known.reference_to:
            found = f"{api_name(mapping, field)}, which points to {' or '.join(known.reference_to)}"
            expected = f"a reference to {target.object}"
            yield seen.finding(Level.BLINDS, mapping, field_path(mapping, field, "to"), found, expected)
    if known.calculated and not field.worker_writes:
        found = f"{api_name(mapping, field)}, a formula or roll-up: a change of it does not stamp its record"
        expected = "a field that is written, or patience: the worker may see a change of this one late"
        yield seen.finding(Level.DIFFERS, mapping, field_path(mapping, field, "field"), found, expected)


def _instead(mapping: ObjectMapping, field: FieldMapping, known: FieldFacts) -> str:
    """Say what would fit: another type, where the worker does not count on this one, or another field."""
    word = VOCABULARY[mapping.known_as].get(field.name)
    kinds = [kind for kind, held in FITTING.items() if known.type in held and (word is None or word.takes(kind))]
    if kinds and field.name != LOOKUP:
        return f"type {' or '.join(kinds)}"
    if field.type == "number" and known.type in FITTING["picklist"]:
        return "a field that holds number, or `values` that say which number each of its words stands for"
    return f"a field that holds {field.type}"
