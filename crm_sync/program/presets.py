"""mappings/preset.yaml and mappings/presets/ -> mapping files with an overlay laid over them.

Called by `load` before mapping files are fitted to their model. An overlay changes some fields of some mappings for orgs
that keep them elsewhere (a customer-success system's fields, say); what it does not name stays. Every value keeps the
file and line it came from, so mistakes and findings point into the overlay. Not here: what makes a mapping right.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field

from crm_sync.errors import Mistake
from crm_sync.program.base import ApiName, FileName, Name, Part, Sentence
from crm_sync.program.mappings import MAPPING_NAMES
from crm_sync.program.nodes import ListNode, MapNode, Node, Position, Scalar
from crm_sync.program.sources import Source

CHOICE = "preset.yaml"
FOLDER = "presets"


class Choice(Part):
    """mappings/preset.yaml: which overlay this org uses."""

    preset: FileName


class Overlaid(Part):
    """What an overlay changes in one mapping.

    A field's entry is laid over the one below, name by name; null takes a field away that the org does not have.
    """

    object: ApiName | None = None
    key: ApiName | None = None
    joined: Mapping[Name, Mapping[str, Any]] = Field(default_factory=dict)
    fields: Mapping[Name, Mapping[str, Any] | None] = Field(default_factory=dict)


class PresetFile(Part):
    """One file of mappings/presets/."""

    about: Sentence
    mappings: Mapping[Name, Overlaid] = Field(min_length=1)


def presets_in(folder: Path) -> Mapping[str, Path]:
    """Give the overlay files of a mappings folder by name."""
    return {path.stem: path for path in sorted((folder / FOLDER).glob("*.yaml"))}


def overlaid(sources: Mapping[str, Source], overlay: Source, found: list[Mistake]) -> Mapping[str, Source]:
    """Lay an overlay that fits its model over the mapping files it names; add to `found` what it names in vain."""
    changed = dict(sources)
    mappings = _child(overlay.root, "mappings")
    for name, node in mappings.entries.items():
        source = sources.get(f"mappings/{name}")
        if name not in MAPPING_NAMES:
            found.append(overlay.unknown(("mappings", name), "the mapping", name, MAPPING_NAMES))
        elif source is not None and isinstance(source.root, MapNode) and isinstance(node, MapNode):
            placed = _placed(node, overlay.name)
            assert isinstance(placed, MapNode)  # noqa: S101  (a map stays a map)
            changed[f"mappings/{name}"] = Source(source.name, _laid(source.root, placed))
    return changed


def _laid(below: MapNode, above: MapNode) -> MapNode:
    """Lay one mapping over another: its own entries replace those below, its fields are laid over theirs."""
    entries, keys = {**below.entries, **above.entries}, {**below.keys, **above.keys}
    if "fields" in below.entries and "fields" in above.entries:
        entries["fields"] = _fields(_child(below, "fields"), _child(above, "fields"))
        keys["fields"] = below.keys["fields"]
    return MapNode(below.at, entries, keys)


def _fields(below: MapNode, above: MapNode) -> MapNode:
    entries, keys = dict(below.entries), dict(below.keys)
    for name, node in above.entries.items():
        known = entries.get(name)
        if isinstance(node, Scalar) and node.value is None:
            entries.pop(name, None)
            keys.pop(name, None)
            continue
        if isinstance(known, MapNode) and isinstance(node, MapNode):
            entries[name] = MapNode(node.at, {**known.entries, **node.entries}, {**known.keys, **node.keys})
        else:
            entries[name] = node
        keys[name] = above.keys[name]
    return MapNode(below.at, entries, keys)


def _child(node: Node, name: str) -> MapNode:
    found = node.entries.get(name) if isinstance(node, MapNode) else None
    return found if isinstance(found, MapNode) else MapNode(node.at, {})


def _placed(node: Node, file: str) -> Node:
    """Give every place in a tree the name of its file."""
    match node:
        case MapNode():
            entries = {name: _placed(inner, file) for name, inner in node.entries.items()}
            return MapNode(_at(node.at, file), entries, {name: _at(key, file) for name, key in node.keys.items()})
        case ListNode():
            return ListNode(_at(node.at, file), tuple(_placed(inner, file) for inner in node.items))
        case _:
            return Scalar(_at(node.at, file), node.value)


def _at(position: Position, file: str) -> Position:
    return Position(position.line, position.column, file)
