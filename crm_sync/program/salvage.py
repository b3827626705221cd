"""A file that does not fit its model -> the same file without the entries that do not, so that the rest is checked as well.

Called by `load` for what people edit most: fields of a mapping and criteria. What is left out is told by its own mistake
already; the checks pass over its name. Not here: fitting, and telling.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from crm_sync.program.nodes import ListNode, MapNode, Node, Path, Scalar
from crm_sync.program.sources import Source

UNNAMED = "*"
"""Stands for an entry whose very name is wrong: it may be the one that somebody misses."""
ENTRIES: Mapping[str, str] = {"mappings": "fields", "rules/qualification": "criteria"}
"""By the beginning of a file's name, the list in it whose entries stand alone."""


def without(source: Source, name: str, wrong: Iterable[Path]) -> tuple[Source, frozenset[str]] | None:
    """Leave out the entries that these paths lead into, and name them; None when something else is wrong, too.

    A field is named by its name, a criterion by its id.
    """
    part = next((part for start, part in ENTRIES.items() if name.startswith(start)), None)
    entries = source.root.entries.get(part) if part and isinstance(source.root, MapNode) else None
    paths = list(wrong)
    if not isinstance(entries, MapNode | ListNode) or any(len(path) < 2 or path[0] != part for path in paths):
        return None
    rest, dropped = _rest(entries, {path[1] for path in paths})
    assert isinstance(source.root, MapNode)  # noqa: S101  (it has entries)
    root = MapNode(source.root.at, {**source.root.entries, str(part): rest}, source.root.keys)
    misnamed = any(path[2:] in (("[key]",), ("id",)) for path in paths)
    return Source(source.name, root), dropped | {UNNAMED} if misnamed else dropped


def _rest(node: MapNode | ListNode, wrong: set[str | int]) -> tuple[Node, frozenset[str]]:
    if isinstance(node, MapNode):
        kept = {name: inner for name, inner in node.entries.items() if name not in wrong}
        return MapNode(node.at, kept, node.keys), frozenset(node.entries.keys() - kept.keys())
    items = [item for index, item in enumerate(node.items) if index not in wrong]
    gone = [item for index, item in enumerate(node.items) if index in wrong]
    return ListNode(node.at, items), frozenset(_id(item) for item in gone)


def _id(item: Node) -> str:
    found = item.entries.get("id") if isinstance(item, MapNode) else None
    return str(found.value) if isinstance(found, Scalar) else ""
