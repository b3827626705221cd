"""Texts with merge fields: `{{name}}` stands for a value, and that is all there is.

No conditions, loops, filters or expressions: a text says what was put into it and can do nothing. Used for the texts of
rules/templates/ and the words of rules/outreach.yaml. Not here: which fields there are (`merge_fields`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_FIELD = re.compile(r"\{\{([^{}\n]*)\}\}")
_BRACES = re.compile(r"[{}]+")


@dataclass(frozen=True)
class Field:
    """A merge field met in a text, and the line it stands on, from 0."""

    name: str
    line: int


def pieces(text: str) -> tuple[str | Field, ...]:
    """Cut a text into what stands for itself and what stands for a value."""
    found: list[str | Field] = []
    end = 0
    for field in _FIELD.finditer(text):
        found += [text[end : field.start()], Field(field[1].strip(), text.count("\n", 0, field.start()))]
        end = field.end()
    return tuple(piece for piece in (*found, text[end:]) if piece)


def fields(text: str) -> tuple[Field, ...]:
    """Give the merge fields of a text, in order."""
    return tuple(piece for piece in pieces(text) if isinstance(piece, Field))


def strays(text: str) -> Iterator[tuple[int, str]]:
    """Give every brace that belongs to no merge field: its line, from 0, and the braces."""
    blanked = _FIELD.sub(lambda field: " " * len(field[0]), text)
    for braces in _BRACES.finditer(blanked):
        yield text.count("\n", 0, braces.start()), braces[0]


def filled(text: str, values: Mapping[str, str]) -> str:
    """Put values in the place of fields; a value is never looked through for fields."""
    return "".join(values[piece.name] if isinstance(piece, Field) else piece for piece in pieces(text))
