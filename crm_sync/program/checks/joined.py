"""Check joined objects: each is there, used and found, and what is from it is only read.

Not here: what holds of every field (`checks.mappings`), and whether the org has it (pull/fit).
"""

from __future__ import annotations

from collections.abc import Iterator

from crm_sync.errors import Mistake
from crm_sync.program.draft import Draft
from crm_sync.program.mappings import LOOKUP, FieldMapping, Joined, ObjectMapping
from crm_sync.program.sources import Source

DATED = frozenset({"date", "datetime"})


def check_joined(draft: Draft) -> Iterator[Mistake]:
    """Tell every mistake about objects that are joined to a mapping's own."""
    for mapping in draft.mappings.values():
        source = draft.mapping_source(mapping.name)
        if mapping.joined and mapping.key is not None:
            expected = "them where `key` is null: on records that the worker never creates"
            yield source.mistake(("joined",), "joined objects in a mapping with a key", expected)
        for joined in mapping.joined.values():
            yield from _object(mapping, joined, source, whole=not draft.lacks(mapping.name))
        for field in mapping.fields.values():
            yield from _field(mapping, field, source)


def _object(mapping: ObjectMapping, joined: Joined, source: Source, *, whole: bool) -> Iterator[Mistake]:
    path = ("joined", joined.name)
    mine = [field for field in mapping.fields.values() if field.home == joined.name]
    if not mine and whole:
        yield source.mistake(path, f"a joined object no field is from: {joined.name}", f"`from: {joined.name}`")
    if joined.object.casefold() == mapping.object.casefold():
        yield source.mistake((*path, "object"), f"{joined.object}, the mapping's own object", "another object")
    if joined.lookup.casefold() in {field.field.casefold() for field in mine}:
        found = f"the lookup {joined.lookup}, which a field maps already"
        yield source.mistake((*path, "lookup"), found, f"the field that looks up to {mapping.object}, here alone")
    dates = [field.name for field in mine if field.type in DATED]
    if whole and joined.newest_by is not None and joined.newest_by not in dates:
        known = dates or [f"a field of type date or datetime with `from: {joined.name}`"]
        yield source.unknown((*path, "newest_by"), f"the date of {joined.name}", joined.newest_by, known)


def _field(mapping: ObjectMapping, field: FieldMapping, source: Source) -> Iterator[Mistake]:
    path = ("fields", field.name)
    if field.name == LOOKUP:
        yield source.mistake(path, f"the name {LOOKUP}, which the worker uses itself", "another name")
    if field.home is None:
        return
    if field.home not in mapping.joined:
        yield source.unknown((*path, "from"), "the joined object", field.home, mapping.joined)
    expected = f"a field that is only read, is no reference and is not personal, or no `from: {field.home}`"
    for wrong, what in (
        (field.worker_writes, f"owner {field.owner}"),
        (field.type == "reference", f"a reference {field.name}"),
        (field.personal, f"the personal field {field.name}"),
    ):
        if wrong:
            yield source.mistake(path, f"{what} from a joined object", expected)
