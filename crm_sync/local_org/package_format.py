"""Metadata files in the Metadata API's format: one file per object, whatever format they came in.

    {path in source format or as deployed: bytes} -> {"objects/X.object": bytes, "layouts/Y.layout": bytes, ...}

Called by retrieval and deployments. Later files win over earlier ones, an object's parts one by one. Not here: which of them
a caller wants (retrieval).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from lxml import etree
from lxml.etree import _Element

from crm_sync.local_org import metadata_kinds, metadata_xml
from crm_sync.local_org.metadata_xml import Files, text

NAMESPACE = "http://soap.sforce.com/2006/04/metadata"
_META = "-meta.xml"
_CHILD_TAGS = {kind: tag for tag, kind in metadata_kinds.CHILDREN.items()}


def packaged(files: Files) -> dict[str, bytes]:
    """Give every component's file at the path it has in a package, objects put together from their parts."""
    whole: dict[str, bytes] = {}
    objects: dict[str, dict[tuple[str, str], _Element]] = {}
    for path, content in files.items():
        pure = PurePosixPath(path)
        if "objects" in pure.parts[:-1]:
            _take(objects, pure, content)
        elif (found := _place(pure)) is not None:
            whole[found] = content
    return {**{f"objects/{name}.object": _written(parts) for name, parts in sorted(objects.items())}, **whole}


def names_of(root: _Element) -> Iterator[tuple[str, str, _Element]]:
    """Give the (tag, full name, element) of each component inside an object's file."""
    for tag in metadata_kinds.CHILDREN:
        for element in root.findall(tag):
            yield tag, text(element, "fullName"), element


def _place(path: PurePosixPath) -> str | None:
    """Give the path within a package; None for what is no component."""
    directory = next((n for n, part in enumerate(path.parts[:-1]) if part in _DIRECTORIES), None)
    if directory is None:
        return None
    place = "/".join(path.parts[directory:])
    stem, _, suffix = place.removesuffix(_META).rpartition(".")
    return f"{stem}{_META}" if suffix in ("reportFolder", "dashboardFolder") else place.removesuffix(_META)


_DIRECTORIES = {kind.directory for kind in metadata_kinds.KINDS}


def _take(objects: dict[str, dict[tuple[str, str], _Element]], path: PurePosixPath, content: bytes) -> None:
    """Take a file of an object: the whole of it, what stands on its first level, or one part."""
    root = metadata_xml.parse(content)
    if root.tag == "CustomObject":
        parts = objects.setdefault(path.name.split(".", maxsplit=1)[0], {})
        inside = {(tag, name): element for tag, name, element in names_of(root)}
        own = [e for e in root if e.tag not in metadata_kinds.CHILDREN]
        if own:
            for key in [key for key in parts if key[0] not in metadata_kinds.CHILDREN]:
                del parts[key]
            parts.update({(str(e.tag), str(n)): e for n, e in enumerate(own)})
        parts.update(inside)
    elif root.tag in _CHILD_TAGS:
        part = etree.Element(_CHILD_TAGS[str(root.tag)])
        part.extend(root)
        objects.setdefault(path.parent.parent.name, {})[str(part.tag), text(part, "fullName")] = part


def _written(parts: dict[tuple[str, str], _Element]) -> bytes:
    root = etree.Element("CustomObject")
    root.extend(element for _, element in sorted(parts.items(), key=lambda part: part[0]))
    return document(root)


def document(root: _Element) -> bytes:
    """Write an element as a metadata file, in the Metadata API's namespace."""
    written = etree.XML(f'<{root.tag} xmlns="{NAMESPACE}"/>')
    written.extend(root)
    etree.indent(written, space="    ")
    return etree.tostring(written, xml_declaration=True, encoding="UTF-8", pretty_print=True)
