"""A text for a customer as a plan holds it: everything said but what names a person, which is read when it is written.

Made by `lifecycle`, completed by `writeback`. So no name is in a plan, a checksum, the journal or a log, and what a record
or a colleague wrote can never act as a merge field, ours or Salesforce's. Not here: what a text says.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

_JOINERS = frozenset("\u200c\u200d")
_SEEN = str.maketrans("{}", "()")


@dataclass(frozen=True)
class Personal:
    """A value that is read from the org when the text is written, and kept nowhere.

    `object` is a mapping name. `choices` are lists of its fields: the first list of which every field says something is
    what stands in the text, its parts with a blank between them. `name` is what stands there until then.
    """

    name: str
    object: str
    record_id: str
    choices: tuple[tuple[str, ...], ...]

    @property
    def fields(self) -> frozenset[str]:
        """Every field that may be needed."""
        return frozenset(field for choice in self.choices for field in choice)


@dataclass(frozen=True)
class Draft:
    """A text in pieces: what is said already, and what is read when it is written."""

    parts: tuple[str | Personal, ...]

    @property
    def personal(self) -> tuple[Personal, ...]:
        """What has to be read."""
        return tuple(part for part in self.parts if isinstance(part, Personal))

    def __str__(self) -> str:
        return "".join(part if isinstance(part, str) else f"{{{{{part.name}}}}}" for part in self.parts)


def one_line(value: str) -> str:
    """Make a value of a record fit to stand in a line: no line breaks, nothing invisible, no braces."""
    return " ".join("".join(map(_visible, value)).split()).translate(_SEEN)


def lines(value: str) -> str:
    """Make a value of several lines fit to stand in a text, each line with a dash before it."""
    found = (one_line(line) for line in value.splitlines())
    return "\n".join(f"- {line.removeprefix('- ')}" for line in found if line)


def is_visible(text: str) -> bool:
    """Whether a text holds nothing that a reader cannot see, and no line break."""
    return all(_visible(letter) == letter for letter in text)


def _visible(letter: str) -> str:
    """A letter as it is; a blank for what breaks a line, nothing for what cannot be seen."""
    if letter == " " or letter in _JOINERS:
        return letter
    kind = unicodedata.category(letter)
    if letter.isspace() or kind in ("Cc", "Zl", "Zp"):
        return " "
    return "" if kind in ("Cf", "Cs", "Co", "Cn") else letter
