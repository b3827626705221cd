"""Turn a YAML file into values that know their line and column, refusing everything ambiguous.

Called by `load` and `cases`. The dialect is what a person means when reading the file aloud: text, numbers, true,
false, null, lists and maps. No anchors, aliases, tags, merge keys or duplicate keys, and no guessing: `NO`, `12:30`,
`0123` and `yes` are text. Not here: what the values mean.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
    StreamStartEvent,
)

from crm_sync.errors import ConfigurationError, Mistake
from crm_sync.program.nodes import ListNode, MapNode, Node, Position, Scalar

MAX_BYTES = 256 * 1024
MAX_DEPTH = 20
MAX_NUMBER = 10**15
KEPT = 256
"""So many documents are remembered: two rule sets beside each other share most of theirs."""

_STRANGE = re.compile(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_WORDS = {"": None, "null": None, "true": True, "false": False}

_EXPECTED = {
    "mapping values are not allowed": "one value after a name, even indentation, and quotes around text that holds a colon",
    "could not find expected ':'": "a colon and a space after each name",
    "cannot start any token": "spaces to indent, and quotes around text that starts with a special character",
    "expected <block end>": "even indentation: names of one group exactly below each other",
    "unexpected end of stream": "every quote closed",
    "expected ',' or": "commas between values, and every bracket closed",
    "the node content": "a value, and every bracket closed",
}
"""What to look for, by a part of the parser's own words."""

_OPENED_EARLIER = ("could not find expected ':'", "unexpected end of stream", "expected ',' or")
"""What is told where it began, not where the parser gave up."""


@lru_cache(maxsize=KEPT)
def read(content: bytes, name: str) -> Node:
    """Read one YAML document; one that was read before is not read again, as nothing changes a tree.

    `name` is how mistakes call the file. Raises ConfigurationError with every mistake that can be told at once;
    a broken structure ends the reading at the first.
    """
    text = _decode(content, name)
    reader = _Reader(name, iter(YAML(typ="safe", pure=True).parse(text)))
    try:
        node = reader.document()
    except MarkedYAMLError as error:
        raise ConfigurationError((*reader.mistakes, _broken(error, name))) from error
    except (YAMLError, ValueError, OverflowError) as error:
        mistake = Mistake(f"{name}:1", f"text that cannot be read ({error})", "plain names and values")
        raise ConfigurationError((*reader.mistakes, mistake)) from error
    if reader.mistakes:
        raise ConfigurationError(tuple(reader.mistakes))
    return node


def _decode(content: bytes, name: str) -> str:
    if len(content) > MAX_BYTES:
        raise _refuse(name, 1, f"a file of {len(content)} bytes", f"at most {MAX_BYTES} bytes")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _refuse(name, line, "bytes that are not UTF-8 text", "a file saved as UTF-8") from error
    if strange := _STRANGE.search(text):
        line = text.count("\n", 0, strange.start()) + 1
        raise _refuse(name, line, f"the character U+{ord(strange[0]):04X}", "printable characters")
    return text


def _refuse(name: str, line: int, found: str, expected: str) -> ConfigurationError:
    return ConfigurationError((Mistake(f"{name}:{line}", found, expected),))


def _broken(error: MarkedYAMLError, name: str) -> Mistake:
    problem = " ".join(str(error.problem).split())
    expected = next((meant for sign, meant in _EXPECTED.items() if sign in problem), "names and values, `name: value`")
    opened = any(sign in problem for sign in _OPENED_EARLIER)
    mark = error.context_mark if opened and error.context_mark else error.problem_mark
    return Mistake(f"{name}:{mark.line + 1}", f"text that is not YAML ({problem})", expected)


@dataclass
class _Reader:
    """Builds nodes from YAML's events; notes what it refuses and goes on where the structure allows it."""

    name: str
    events: Iterator[Any]
    mistakes: list[Mistake] = field(default_factory=list)

    def document(self) -> Node:
        """Read the only document there may be."""
        event = next(self.events)
        while isinstance(event, StreamStartEvent | DocumentStartEvent):
            if isinstance(event, DocumentStartEvent) and (event.version or event.tags):
                self._note(event, "a % directive", "plain YAML without directives")
            event = next(self.events)
        if isinstance(event, StreamEndEvent):
            raise _refuse(self.name, 1, "an empty file", "names and values")
        node = self._node(event, 0)
        for rest in self.events:
            if isinstance(rest, DocumentStartEvent):
                self._stop(rest, "a second document (`---`)", "one document a file")
        return node

    def _node(self, event: Any, depth: int) -> Node:
        if depth > MAX_DEPTH:
            self._stop(event, "values nested too deeply", f"at most {MAX_DEPTH} levels")
        self._check_decoration(event)
        match event:
            case ScalarEvent():
                return Scalar(_at(event), self._scalar(event), block=event.style == "|")
            case SequenceStartEvent():
                return ListNode(_at(event), tuple(self._items(depth)))
            case MappingStartEvent():
                return self._map(event, depth)
        return Scalar(_at(event), None)  # an alias, noted above

    def _items(self, depth: int) -> Iterator[Node]:
        while not isinstance(event := next(self.events), SequenceEndEvent):
            yield self._node(event, depth + 1)

    def _map(self, start: Any, depth: int) -> MapNode:
        entries: dict[str, Node] = {}
        keys: dict[str, Position] = {}
        while not isinstance(event := next(self.events), MappingEndEvent):
            key = self._key(event, depth)
            if key in keys:
                self._note(event, f"{key!r} a second time (first on line {keys[key].line})", "each name once")
            keys[key] = _at(event)
            entries[key] = self._node(next(self.events), depth + 1)
        return MapNode(_at(start), entries, keys)

    def _key(self, event: Any, depth: int) -> str:
        if not isinstance(event, ScalarEvent):
            self._stop(event, "a list, a map or an alias as a name", "a plain word before the colon")
        self._check_decoration(event)
        if event.value == "<<":
            self._note(event, "a merge key (`<<`)", "every value written out")
        if not event.value:
            self._note(event, "a value without a name", "a name before the colon")
        return self._text(event)

    def _check_decoration(self, event: Any) -> None:
        if isinstance(event, AliasEvent):
            self._note(event, f"an alias (`*{event.anchor}`)", "the value itself, written out")
        elif event.anchor is not None:
            self._note(event, f"an anchor (`&{event.anchor}`)", "the value without an anchor")
        if getattr(event, "tag", None) is not None:
            self._note(event, f"a tag (`{event.tag}`)", "the value without a tag")

    def _scalar(self, event: Any) -> str | int | float | bool | None:
        if event.style is not None:
            return self._text(event)
        if event.start_mark.line != event.end_mark.line:
            self._note(event, "text over several lines without quotes", "one line, or quotes around it")
        if event.value in _WORDS:
            return _WORDS[event.value]
        if _NUMBER.fullmatch(event.value):
            return self._number(event)
        return self._text(event)

    def _number(self, event: Any) -> int | float:
        number = float(event.value)
        if abs(number) > MAX_NUMBER:
            self._note(event, "a number out of all proportion", f"at most {MAX_NUMBER}, or quotes if it is text")
            return 0
        return int(event.value) if event.value.lstrip("-").isdigit() else number

    def _text(self, event: Any) -> str:
        text = str(event.value)
        if any("\ud800" <= character <= "\udfff" for character in text):
            self._note(event, "half of a character (a lone surrogate)", "whole characters")
            return ""
        return text

    def _note(self, event: Any, found: str, expected: str) -> None:
        self.mistakes.append(Mistake(f"{self.name}:{_at(event).line}", found, expected))

    def _stop(self, event: Any, found: str, expected: str) -> None:
        self._note(event, found, expected)
        raise ConfigurationError(tuple(self.mistakes))


def _at(event: Any) -> Position:
    return Position(event.start_mark.line + 1, event.start_mark.column + 1)
