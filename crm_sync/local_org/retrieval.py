"""Retrieving metadata: what package.xml asks for, out of the org's files, as a zip.

    (kind, member) pairs -> Retrieved(archive, components, problems)

Called by metadata_soap. The org gives back what it was given: of a standard object the parts that were deployed, not what the
service brings along. Not here: the shapes of the API.
"""

from __future__ import annotations

import io
import threading
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from lxml import etree

from crm_sync.local_org import ids, metadata_kinds, metadata_xml
from crm_sync.local_org.deployments import Component, inspect
from crm_sync.local_org.metadata_xml import Files
from crm_sync.local_org.package_format import document, names_of, packaged


@dataclass(frozen=True)
class Retrieved:
    """One finished retrieval: the zip, what is in it, and what was asked for and is not there."""

    archive: bytes
    components: tuple[Component, ...]
    problems: tuple[str, ...]


@dataclass
class Retrievals:
    """The retrievals of this org, by id."""

    _done: dict[str, Retrieved] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, found: Retrieved) -> str:
        """Keep a retrieval and give its id."""
        with self._lock:
            made = ids.make("09S", len(self._done) + 1)
            self._done[made] = found
        return made

    def find(self, retrieval_id: str) -> Retrieved | None:
        """Give a retrieval, or None."""
        return self._done.get(retrieval_id)


def listed(files: Files, kinds: Iterable[str]) -> list[Component]:
    """List the org's components of these kinds."""
    wanted = set(kinds)
    return [c for path, content in packaged(files).items() for c in inspect(path, content) if c.type in wanted]


def retrieved(files: Files, wanted: Sequence[tuple[str, str]], version: str) -> Retrieved:
    """Gather what is asked for; `*` asks for all of a kind, but for standard objects, which have to be named."""
    package = packaged(files)
    every = [c for path, content in package.items() for c in inspect(path, content)]
    chosen = [c for c in every if any(_asked(c, kind, member) for kind, member in wanted)]
    told = _told(chosen, {kind for kind, _ in wanted})
    found = {(c.type, c.full_name) for c in told}
    problems = tuple(
        f"Entity of type '{kind}' named '{member}' cannot be found"
        for kind, member in wanted
        if member != "*" and (kind, member) not in found
    )
    return Retrieved(_archive(package, chosen, told, version), told, problems)


def _told(chosen: Sequence[Component], kinds: set[str]) -> tuple[Component, ...]:
    """Name what was asked for: an object once, not with each of its parts."""
    objects = {_object_of(c): c.file_name for c in chosen if _is_of_object(c)} if "CustomObject" in kinds else {}
    named = [Component("CustomObject", name, path) for name, path in objects.items()]
    return (*named, *(c for c in chosen if c.type in kinds and c.type != "CustomObject"))


def _is_of_object(component: Component) -> bool:
    return component.file_name.startswith("objects/")


def _object_of(component: Component) -> str:
    return component.full_name.partition(".")[0]


def _asked(component: Component, kind: str, member: str) -> bool:
    """Say whether one line of package.xml asks for a component; an object is asked for with all its parts."""
    if kind == "CustomObject" and _is_of_object(component):
        owner = _object_of(component)
        return owner == member or (member == "*" and owner.endswith("__c"))
    return component.type == kind and member in ("*", component.full_name)


def _archive(package: Files, chosen: Sequence[Component], told: Sequence[Component], version: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("unpackaged/package.xml", _manifest(told, version))
        for path in sorted({c.file_name for c in chosen}):
            parts = {(c.type, c.full_name) for c in chosen if c.file_name == path}
            archive.writestr(f"unpackaged/{path}", _only(path, package[path], parts))
    return packed.getvalue()


def _only(path: str, content: bytes, parts: set[tuple[str, str]]) -> bytes:
    """Leave of an object's file the parts that are asked for; other files are given whole."""
    if metadata_kinds.suffix_of(path) != metadata_kinds.OBJECT.suffix:
        return content
    root, name = metadata_xml.parse(content), metadata_kinds.full_name(path)
    inside = {element: (metadata_kinds.CHILDREN[tag], f"{name}.{child}") for tag, child, element in names_of(root)}
    whole = ("CustomObject", name) in parts
    for element in list(root):
        if (inside[element] not in parts) if element in inside else not whole:
            root.remove(element)
    return document(root)


def _manifest(told: Sequence[Component], version: str) -> bytes:
    root = etree.Element("Package")
    for kind in sorted({c.type for c in told}):
        types = etree.SubElement(root, "types")
        for name in sorted(c.full_name for c in told if c.type == kind):
            etree.SubElement(types, "members").text = name
        etree.SubElement(types, "name").text = kind
    etree.SubElement(root, "version").text = version
    return document(root)
