"""Metadata files by path, and their XML without namespaces.

    a folder (source format) or a zip (Metadata API format) -> {path: bytes} -> Element

Called by metadata, permissions, outbound and deploy. Not here: what the elements mean.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

from lxml import etree
from lxml.etree import _Element

Files = Mapping[str, bytes]
LARGEST_ARCHIVE = 400 * 1024 * 1024


def read_folder(folder: Path) -> dict[str, bytes]:
    """Read every metadata file below a folder, by its path within it."""
    found = sorted(folder.rglob("*-meta.xml"))
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in found}


def read_archive(content: bytes) -> dict[str, bytes]:
    """Read every file of a zipped package. Raises `zipfile.BadZipFile`; refuses archives that unpack to absurd sizes."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if sum(entry.file_size for entry in archive.infolist()) > LARGEST_ARCHIVE:
            raise zipfile.BadZipFile("the package unpacks to more than 400 MB")
        return {e.filename: archive.read(e) for e in archive.infolist() if not e.is_dir()}


def parse(content: bytes) -> _Element:
    """Parse XML without entities or network, and drop namespaces from every tag. Raises `etree.XMLSyntaxError`."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)
    root = etree.fromstring(content, parser)
    for element in root.iter():
        if isinstance(element.tag, str) and element.tag.startswith("{"):
            element.tag = element.tag.partition("}")[2]
    return root


def text(element: _Element, path: str, default: str = "") -> str:
    """Give the text at a path below an element, or the default."""
    found = element.findtext(path)
    return default if found is None else found.strip()


def flag(element: _Element, path: str, default: bool = False) -> bool:
    """Read a true/false element."""
    found = element.findtext(path)
    return default if found is None else found.strip().lower() == "true"


def number(element: _Element, path: str, default: int = 0) -> int:
    """Read a whole-number element."""
    found = element.findtext(path)
    return default if not found else int(found)
