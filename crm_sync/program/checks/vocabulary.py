"""Check that mappings hold every field the worker knows, with the type, owner, flags and values it counts on.

Not here: what a mapping file alone can get wrong (`checks.mappings`).
"""

from __future__ import annotations

from collections.abc import Iterator

from crm_sync.errors import Mistake
from crm_sync.program.draft import Draft
from crm_sync.program.mappings import ANY_OBJECT, MAPPING_NAMES, FieldMapping, ObjectMapping
from crm_sync.program.nodes import Path
from crm_sync.program.sources import Source, nearest
from crm_sync.program.vocabulary import TYPES, VOCABULARY, Word


def check_vocabulary(draft: Draft) -> Iterator[Mistake]:
    """Tell every field that is missing, or is not what the worker counts on."""
    for mapping in draft.mappings.values():
        source = draft.mapping_source(mapping.name)
        words = VOCABULARY[mapping.name]
        yield from _missing(mapping, source, draft)
        for field in mapping.fields.values():
            word = words.get(field.name)
            if word is not None:
                yield from _known(field, word, source, draft.types)
            elif field.worker_writes:
                yield from _added(field, source, [name for name in words if name not in mapping.fields])


def _missing(mapping: ObjectMapping, source: Source, draft: Draft) -> Iterator[Mistake]:
    known = VOCABULARY[mapping.name]
    added = [name for name in mapping.fields if name not in known and name != "id"]
    for word in known.values():
        there = word.name in mapping.fields or draft.lacks(mapping.name, word.name)
        if not there and not word.optional:
            alike = nearest(word.name, added)
            found = f"no field `{word.name}`" + (f" (but `{alike}`)" if alike else "")
            yield source.mistake(("fields",), found, f"`{word.name}`, which the worker needs")


def _added(field: FieldMapping, source: Source, missing: list[str]) -> Iterator[Mistake]:
    found = f"owner {field.owner} for `{field.name}`, a field the worker does not know"
    path = ("fields", field.name, "owner")
    yield source.mistake(path, found, "owner org or human", nearest(field.name, missing))


def _known(field: FieldMapping, word: Word, source: Source, types: tuple[str, ...] | None) -> Iterator[Mistake]:
    path: Path = ("fields", field.name)
    if field.type == "id":
        return  # told by checks.mappings: no type given
    if not word.takes(field.type):
        yield source.mistake((*path, "type"), f"type {field.type} for {field.name}", f"type {word.type}")
        return
    if not word.belongs_to(field.owner):
        expected = f"owner {word.owner}" if word.owner else "owner org or human"
        yield source.mistake((*path, "owner"), f"owner {field.owner} for {field.name}", expected)
    if word.to is not None and field.to in (*MAPPING_NAMES, ANY_OBJECT) and field.to != word.to:
        yield source.mistake((*path, "to"), f"{field.name} to {field.to}", f"to: {word.to}")
    for mark, wanted in (("safety", word.safety), ("personal", word.personal)):
        if wanted and not getattr(field, mark):
            yield source.mistake((*path, mark), f"{field.name} without `{mark}: true`", f"{mark}: true")
    if field.transform != word.transform:
        expected = f"transform: {word.transform}" if word.transform else "no transform"
        yield source.mistake((*path, "transform"), f"{field.name} with transform {field.transform or 'none'}", expected)
    yield from _values(field, word, source, types)


def _values(field: FieldMapping, word: Word, source: Source, types: tuple[str, ...] | None) -> Iterator[Mistake]:
    wanted = types if word.values == (TYPES,) else word.values
    if not wanted or not field.values:
        return
    for api, program in field.values.items():
        if program not in wanted:
            yield source.unknown(("fields", field.name, "values", api), f"the value of {field.name}", program, wanted)
    lacking = [value for value in wanted if value not in field.program_values]
    if lacking and (field.worker_writes or word.values == (TYPES,)):
        found = f"no value for {', '.join(lacking)} among those of {field.name}"
        yield source.mistake(("fields", field.name, "values"), found, f"a value for each of {', '.join(wanted)}")
