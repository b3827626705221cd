"""What the worker expects of the mappings: which fields, of which type, written by whom, with which values.

Read by `checks.mappings` and the mappings page. An admin may point a field to any API name and add fields for
conditions; the names, types and owners the worker was written for stay. Not here: the table itself (`words`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from crm_sync.program.mappings import FieldType, Owner
from crm_sync.program.words import TABLES

TYPES = "types"
"""Stands for all reference types among a field's values."""

_TEXT_LIKE = frozenset({"text", "url", "picklist"})


@dataclass(frozen=True)
class Word:
    """One field the worker knows. `owner` None: the worker never writes it. `values` empty: any values."""

    name: str
    type: str
    to: str | None
    owner: str | None
    safety: bool
    personal: bool
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
        transform="email_key" if "email_key" in marks else None,
        values=tuple(values.split()),
    )


VOCABULARY: Mapping[str, Mapping[str, Word]] = {
    mapping: {word.name: word for word in map(_word, table.strip().splitlines())} for mapping, table in TABLES.items()
}
"""Every known field by mapping and program name."""
