"""What a file holds, with the place of each value: the tree every mistake points into.

Made by `reader`, read by `load`, the checks and the sentences. Not here: YAML itself, and what the values mean.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

Plain: TypeAlias = "str | int | float | bool | tuple[Plain, ...] | dict[str, Plain] | None"
Path: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, order=True)
class Position:
    """A place in a file: line and column, both counted from 1; `file` where it is not the tree's own."""

    line: int
    column: int
    file: str = ""


@dataclass(frozen=True)
class Scalar:
    """One text, number, true, false or null; `block` says that it is a text written as it is, below a `|`."""

    at: Position
    value: str | int | float | bool | None
    block: bool = False

    @property
    def plain(self) -> Plain:
        """The bare value."""
        return self.value


@dataclass(frozen=True)
class ListNode:
    """A list of nodes."""

    at: Position
    items: Sequence[Node]

    @property
    def plain(self) -> Plain:
        """The bare values, as a tuple."""
        return tuple(item.plain for item in self.items)


@dataclass(frozen=True)
class MapNode:
    """Nodes by name; `keys` are the places of the names."""

    at: Position
    entries: Mapping[str, Node]
    keys: Mapping[str, Position] = field(default_factory=dict)

    @property
    def plain(self) -> Plain:
        """The bare values by name, in the file's order."""
        return {name: node.plain for name, node in self.entries.items()}


Node: TypeAlias = Scalar | ListNode | MapNode


def follow(root: Node, path: Path) -> tuple[Node, Position]:
    """Walk a path as far as the file has it; return the node reached and where it, or its name, stands.

    Steps that the file does not have are passed over, so a path may carry the names of alternatives.
    """
    node, at = root, root.at
    for step in path:
        if isinstance(node, MapNode) and step in node.entries:
            at = node.keys[str(step)]
            node = node.entries[str(step)]
        elif isinstance(node, ListNode) and isinstance(step, int) and step < len(node.items):
            node = node.items[step]
            at = node.at
    return node, at
