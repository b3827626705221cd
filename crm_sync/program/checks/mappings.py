"""Check mappings: each field is whole in itself, and each object has its id, its key and sensible owners.

Not here: what the worker expects of a field by name (`checks.vocabulary`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from crm_sync.errors import Mistake
from crm_sync.program.draft import Draft
from crm_sync.program.mappings import ANY_OBJECT, MAPPING_NAMES, FieldMapping, ObjectMapping
from crm_sync.program.sources import Source

RESERVED = {"systemmodstamp": "system_modstamp", "isdeleted": "is_deleted"}
"""Fields that are read of every object, by folded API name; a mapping file does not name them."""

_PERSONAL_NAMES = frozenset(
    {"firstname", "lastname", "middlename", "name", "email", "phone", "mobilephone", "homephone", "otherphone"}
)
_PERSONAL_OBJECTS = frozenset({"contact", "user", "individual", "lead"})
_VALUED = frozenset({"picklist", "multipicklist"})


def check_mappings(draft: Draft) -> Iterator[Mistake]:
    """Tell every mistake inside the mapping files."""
    seen: dict[str, str] = {}
    for mapping in draft.mappings.values():
        source = draft.mapping_source(mapping.name)
        first = seen.setdefault(mapping.object.casefold(), mapping.name)
        if first != mapping.name:
            found = f"the object {mapping.object}, which {first}.yaml maps already"
            yield source.mistake(("object",), found, "one file an object")
        yield from _object(mapping, source, whole=not draft.lacks(mapping.name))
        for field in mapping.fields.values():
            yield from _field(mapping, field, source)


def _object(mapping: ObjectMapping, source: Source, *, whole: bool) -> Iterator[Mistake]:
    """Tell what is wrong among the fields; what only a missing one may be the cause of waits until the mapping is whole."""
    yield from _ids(mapping, source)
    yield from _twice(mapping, source)
    if not whole:
        return
    if "id" not in mapping.fields:
        yield source.mistake(("fields",), "no `id`", "`id: {field: Id}`")
    yield from _key(mapping, source)
    owners = {field.owner for field in mapping.fields.values()}
    if "stamp" in owners and "worker" not in owners:
        yield source.mistake(
            ("fields",), "a field of owner stamp and none of owner worker", "a worker field whose changes it stamps"
        )


def _ids(mapping: ObjectMapping, source: Source) -> Iterator[Mistake]:
    for field in mapping.fields.values():
        if (field.name == "id") != (field.field.casefold() == "id"):
            yield source.mistake(("fields", field.name), f"{field.name} mapped to {field.field}", "`id: {field: Id}`")
        elif field.name == "id" and field.type != "id":
            yield source.mistake(("fields", "id", "type"), f"an id of type {field.type}", "`id: {field: Id}`")
        elif field.name != "id" and field.type == "id":
            yield source.mistake(
                ("fields", field.name), f"no `type` for {field.name}", "a type: text, number, checkbox, date, ..."
            )


def _key(mapping: ObjectMapping, source: Source) -> Iterator[Mistake]:
    created = mapping.written_on_create
    if mapping.key is None:
        for field in created:
            found = f"owner {field.owner} for {field.name} in an object without a key"
            yield source.mistake(("fields", field.name, "owner"), found, "`key` above to name an external id field")
        return
    field_of_key = mapping.key_field
    if field_of_key is None:
        known = [field.field for field in created if field.owner == "key" and field.type == "text"]
        yield source.unknown(("key",), "the key", mapping.key, known or ["an API name among the fields below"])
    elif field_of_key.owner != "key":
        at = ("fields", field_of_key.name, "owner")
        yield source.mistake(at, f"owner {field_of_key.owner} for the key field", "owner key")


def _twice(mapping: ObjectMapping, source: Source) -> Iterator[Mistake]:
    seen: dict[tuple[str | None, str, str | None], str] = {}
    for field in mapping.fields.values():
        first = seen.setdefault((field.home, field.field.casefold(), field.transform), field.name)
        if first != field.name:
            found = f"the field {field.field}, which {first} maps already"
            yield source.mistake(("fields", field.name, "field"), found, "one program name a field")


def _field(mapping: ObjectMapping, field: FieldMapping, source: Source) -> Iterator[Mistake]:
    path = ("fields", field.name)
    if field.name in RESERVED.values() or field.field.casefold() in RESERVED:
        yield source.mistake(path, f"{field.name} ({field.field})", "no line for what is always read")
    yield from _reference(field, source)
    yield from _values(field, source)
    yield from _privacy(mapping, field, source)


def _reference(field: FieldMapping, source: Source) -> Iterator[Mistake]:
    path = ("fields", field.name)
    if field.type == "reference" and field.to is None:
        yield source.mistake(path, f"a reference {field.name} to nothing", "`to` with a mapping's name, or to: any")
    elif field.type != "reference" and field.to is not None:
        yield source.mistake((*path, "to"), f"`to` for a field of type {field.type}", "type: reference, or no `to`")
    elif field.to is not None and field.to not in (*MAPPING_NAMES, ANY_OBJECT):
        yield source.unknown((*path, "to"), "the mapping", field.to, (*MAPPING_NAMES, ANY_OBJECT))


def _values(field: FieldMapping, source: Source) -> Iterator[Mistake]:
    path = ("fields", field.name)
    if field.type in _VALUED and not field.values:
        yield source.mistake(
            path, f"no `values` for the {field.type} {field.name}", "values: {Org Value: program_value}"
        )
    elif field.is_graded:
        yield from _grades(field, source)
    elif field.type not in _VALUED and field.values:
        found = f"`values` for a field of type {field.type}"
        yield source.mistake((*path, "values"), found, "type: picklist, multipicklist or number, or no `values`")
    elif field.worker_writes:
        yield from _ambiguous(field, source)


def _grades(field: FieldMapping, source: Source) -> Iterator[Mistake]:
    """Words that stand for numbers are only read, and each stands for a number."""
    path = ("fields", field.name, "values")
    if field.worker_writes:
        yield source.mistake(path, f"`values` for the number {field.name}, which the worker writes", "no `values`")
    for api, value in field.values.items():
        if not _is_number(value):
            yield source.mistake((*path, api), f"{value!r} for {api!r}", "a number, as the field is one")


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _ambiguous(field: FieldMapping, source: Source) -> Iterator[Mistake]:
    seen: dict[str, str] = {}
    for api, program in field.values.items():
        first = seen.setdefault(program, api)
        if first != api:
            found = f"{program!r} for {api!r} as well as for {first!r}, in a field the worker writes"
            yield source.mistake(("fields", field.name, "values", api), found, "each program value once")


def _privacy(mapping: ObjectMapping, field: FieldMapping, source: Source) -> Iterator[Mistake]:
    path = ("fields", field.name)
    name, folded = field.field.casefold(), mapping.object_of(field).casefold()
    if folded in _PERSONAL_OBJECTS and name in _PERSONAL_NAMES and not (field.personal or field.transform):
        yield source.mistake(path, f"{field.field} of a person without `personal: true`", "personal: true")
    if field.personal and field.owner in {"worker", "stamp", "key"}:
        found = f"owner {field.owner} for the personal field {field.name}"
        yield source.mistake((*path, "owner"), found, "owner org, human or human_after_create")
    if field.personal and field.safety:
        found = f"safety for the personal field {field.name}, which no decision can see"
        yield source.mistake((*path, "safety"), found, "only one of personal and safety")
    if field.transform and (field.type != "text" or field.personal or field.worker_writes):
        found = f"transform {field.transform} for {field.name}"
        yield source.mistake((*path, "transform"), found, "it on a text field that is not personal and only read")
