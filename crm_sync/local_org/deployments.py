"""Deploying a package into the org: objects and fields change the schema, permission sets become records.

    zip -> Deployment

Called by metadata_soap and metadata_rest. All or nothing. Components the local org has no use for (layouts, flows, apps) are
kept and reported with a warning, never pretended to run. Not here: the shapes of the two APIs.
"""

from __future__ import annotations

import threading
import zipfile
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from lxml import etree
from lxml.etree import _Element

from crm_sync.local_org import ids, metadata, metadata_kinds, metadata_xml
from crm_sync.local_org.clock import stamp
from crm_sync.local_org.metadata_xml import Files, text
from crm_sync.local_org.package_format import names_of, packaged
from crm_sync.local_org.schema import Schema

if TYPE_CHECKING:
    from crm_sync.local_org.org import Org

_UNUSED = "The embedded org keeps this component and does not run it."


@dataclass(frozen=True)
class Component:
    """One component of a deployment and what became of it."""

    type: str
    full_name: str
    file_name: str
    problem: str | None = None
    is_error: bool = False
    line: int | None = None
    created: bool = False


@dataclass(frozen=True)
class Deployment:
    """One finished deployment."""

    id: str
    check_only: bool
    user_id: str
    user_name: str
    at: str
    components: tuple[Component, ...]

    @property
    def errors(self) -> tuple[Component, ...]:
        """The components that failed."""
        return tuple(c for c in self.components if c.is_error)

    @property
    def success(self) -> bool:
        """Whether everything went in (or would have)."""
        return not self.errors


@dataclass
class Deployments:
    """The deployments of this org, by id."""

    done: dict[str, Deployment] = field(default_factory=dict)
    _validated: dict[str, bytes] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, org: Org, archive: bytes, check_only: bool, user_id: str, user_name: str) -> Deployment:
        """Deploy an archive, or only check it; finished when this returns."""
        with self._lock:
            components = _deploy(org, archive, check_only)
            made = ids.make("0Af", len(self.done) + 1)
            self.done[made] = Deployment(made, check_only, user_id, user_name, stamp(org.clock.now()), components)
            if check_only and self.done[made].success:
                self._validated[made] = archive
            return self.done[made]

    def run_validated(self, org: Org, validation_id: str, user_id: str, user_name: str) -> Deployment | None:
        """Deploy what was validated before; None when there was no such validation, or it was deployed already."""
        archive = self._validated.pop(validation_id, None)
        return None if archive is None else self.run(org, archive, False, user_id, user_name)


def _deploy(org: Org, archive: bytes, check_only: bool) -> tuple[Component, ...]:
    try:
        unpacked = metadata_xml.read_archive(archive)
    except zipfile.BadZipFile as error:
        return (Component("", "package.xml", "package.xml", f"The archive cannot be read: {error}", is_error=True),)
    files, deletions = _components(unpacked), _deletions(unpacked)
    found = [*deletions, *(c for path, content in files.items() for c in inspect(path, content))]
    if not files or any(c.is_error for c in found):
        nothing = Component("", "package.xml", "package.xml", "No package.xml or no component found", is_error=True)
        return tuple(found) or (nothing,)
    try:
        schema = metadata.build({**org.files, **files}, org.store.prefixes())
    except ValueError as error:
        return (*found, Component("CustomObject", "", "package.xml", str(error), is_error=True))
    wrong = [c for path, content in files.items() for c in _unknown_fields(schema, path, content)]
    known = components_of(org.files)
    if not wrong and not check_only:
        org.deploy(files)
    return (*(replace(c, created=(c.type, c.full_name) not in known) for c in found), *wrong)


def _deletions(archive: Files) -> list[Component]:
    """Refuse what a package wants deleted: a deployment that says it did and does not would be a lie."""
    told = "The embedded org does not delete components; deploy into a new org instead."
    return [
        Component(text(types, "name"), (member.text or "").strip(), path, told, is_error=True)
        for path, content in archive.items()
        if PurePosixPath(path).name.startswith("destructiveChanges")
        for types in metadata_xml.parse(content).findall("types")
        for member in types.findall("members")
    ]


def _components(archive: Files) -> dict[str, bytes]:
    """Drop the archive's top folder and what is not a component."""
    prefix = next((p.removesuffix("package.xml") for p in sorted(archive, key=len) if p.endswith("package.xml")), None)
    if prefix is None:
        return {}
    own = {p.removeprefix(prefix): c for p, c in archive.items() if p.startswith(prefix)}
    return {p: c for p, c in own.items() if "/" in p and not p.endswith("-meta.xml")}


def components_of(files: Files) -> set[tuple[str, str]]:
    """Name the components of an org's files: (kind, full name)."""
    return {(c.type, c.full_name) for path, content in packaged(files).items() for c in inspect(path, content)}


def inspect(path: str, content: bytes) -> list[Component]:
    """Tell the components in one file of a package, and what is wrong with them."""
    suffix, name, kind = metadata_kinds.suffix_of(path), metadata_kinds.full_name(path), metadata_kinds.kind_name(path)
    if suffix not in metadata_kinds.USED:
        return [Component(kind, name, path, _UNUSED)]
    try:
        root = metadata_xml.parse(content)
    except etree.XMLSyntaxError as error:
        return [Component(kind, name, path, str(error), is_error=True, line=error.lineno)]
    return [Component(kind, name, path)] if suffix != "object" else _inspect_object(root, name, path)


def _inspect_object(root: _Element, name: str, path: str) -> list[Component]:
    """Tell an object apart from what its file brings along; a standard object is not itself deployed."""
    own = [Component("CustomObject", name, path)] if root.find("label") is not None else []
    inside = [
        Component(
            metadata_kinds.CHILDREN[tag],
            f"{name}.{child}",
            path,
            None if tag in metadata_kinds.USED_CHILDREN else _UNUSED,
        )
        for tag, child, _ in names_of(root)
    ]
    return own + inside or [Component("CustomObject", name, path)]


def _unknown_fields(schema: Schema, path: str, content: bytes) -> list[Component]:
    """Find the permissions for fields and objects that the org would not have."""
    if metadata_kinds.suffix_of(path) != "permissionset":
        return []
    root, name = metadata_xml.parse(content), PurePosixPath(path).stem
    wrong = []
    for element in root.findall("fieldPermissions"):
        o, _, field_name = text(element, "field").partition(".")
        known = schema.object("Task" if o == "Activity" else o)
        if known is None or known.field(field_name) is None:
            told = f"In field: field - no CustomField named {o}.{field_name} found"
            wrong.append(Component("PermissionSet", name, path, told, is_error=True))
    for element in root.findall("objectPermissions"):
        if schema.object(text(element, "object")) is None:
            told = f"In field: field - no CustomObject named {text(element, 'object')} found"
            wrong.append(Component("PermissionSet", name, path, told, is_error=True))
    return wrong
