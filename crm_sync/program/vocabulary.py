"""What the worker expects of the mappings: which fields, of which type, written by whom, with which values.

Read by `checks.mappings` and the mappings page. An admin may point a field to any API name and add fields for
conditions; the names, types and owners the worker was written for stay. Not here: the table itself (`words`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from crm_sync.program.mappings import STANDARD_NAMES, FieldType, Owner
from crm_sync.program.words import TABLES

TYPES = "types"
"""Stands for all reference types among a field's values."""

STANDARD = frozenset(STANDARD_NAMES)
"""Mappings of Salesforce's own objects; the others are the package's."""

_TEXT_LIKE = frozenset({"text", "url", "picklist"})


@dataclass(frozen=True)
class Word:
    """One field the worker knows. `owner` None: the worker never writes it. `values` empty: any values.

    A program without an `optional` field is whole; the worker finds out by itself what the field would say.
    """

    name: str
    type: str
    to: str | None
    owner: str | None
    safety: bool
    personal: bool
    optional: bool
    transform: str | None
    values: tuple[str, ...]

    def takes(self, kind: FieldType) -> bool:
        """Whether a field mapped as this type serves; text, url and picklist all come as text."""
        if self.values or self.type not in _TEXT_LIKE:
            return kind == self.type
        return kind in _TEXT_LIKE

    def belongs_to(self, owner: Owner) -> bool:
        """Whether a field of this owner serves."""
        return owner == self.owner if self.owner else owner in {"org", "human"}


def _word(line: str) -> Word:
    described, _, values = line.partition(" = ")
    name, kind, who, *marks = described.split()
    kind, _, to = kind.partition(":")
    return Word(
        name=name,
        type=kind,
        to=to or None,
        owner=None if who == "read" else who,
        safety="safety" in marks,
        personal="personal" in marks,
        optional="optional" in marks,
        transform="email_key" if "email_key" in marks else None,
        values=tuple(values.split()),
    )


_EVERY_CUSTOM_OBJECT = """
owner reference:user read
created_at datetime read
modified_at datetime read
"""
_NUMBERED = "name text read"
"""Of every custom object but assets, whose name is their title."""


def _lines(mapping: str, table: str) -> list[str]:
    lines = table.strip().splitlines()
    if mapping in STANDARD:
        return lines
    numbered = [] if mapping == "asset" else [_NUMBERED]
    return [*numbered, *_EVERY_CUSTOM_OBJECT.strip().splitlines(), *lines]


VOCABULARY: Mapping[str, Mapping[str, Word]] = {
    mapping: {word.name: word for word in map(_word, _lines(mapping, table))} for mapping, table in TABLES.items()
}
"""Every known field by mapping and program name."""
