"""Reads deploy/salesforce once per session: the parsed files, the objects and fields they define, and a schema
validator made from the Metadata API description that ships with simple-salesforce. No org is needed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path

import pytest
from lxml import etree

PROJECT = Path(__file__).parents[3] / "deploy" / "salesforce"
METADATA = "http://soap.sforce.com/2006/04/metadata"
XSD = "http://www.w3.org/2001/XMLSchema"


@dataclass(frozen=True)
class MetadataFile:
    """One *-meta.xml file: where it is and its root element."""

    path: Path
    root: etree._Element

    @property
    def kind(self) -> str:
        """The metadata type, which is the name of the root element."""
        return etree.QName(self.root).localname

    @property
    def name(self) -> str:
        """The component's API name, taken from the file name."""
        return self.path.name.removesuffix("-meta.xml").rsplit(".", 1)[0]

    @property
    def folder(self) -> str:
        """The object a field, list view, rule or compact layout belongs to."""
        return self.path.parent.parent.name

    def text(self, path: str) -> str | None:
        """The text of the first element at this slash-separated path, or None."""
        return self.root.findtext("/".join(f"{{{METADATA}}}{step}" for step in path.split("/")))

    def texts(self, tag: str) -> list[str]:
        """The text of every element of this name, at any depth."""
        return [(e.text or "").strip() for e in self.root.iter(f"{{{METADATA}}}{tag}")]

    def parts(self, tag: str) -> list[dict[str, str]]:
        """Every element of this name as a dict of its children's texts."""
        return [
            {etree.QName(child).localname: (child.text or "").strip() for child in e}
            for e in self.root.iter(f"{{{METADATA}}}{tag}")
        ]


@dataclass(frozen=True)
class Package:
    """Every metadata file of the project, packaged and unpackaged."""

    files: tuple[MetadataFile, ...]

    def of(self, kind: str) -> list[MetadataFile]:
        """The files of one metadata type."""
        return [f for f in self.files if f.kind == kind]

    def named(self, kind: str, name: str) -> MetadataFile:
        """The one file of this type and name."""
        (found,) = [f for f in self.of(kind) if f.name == name]
        return found

    @cached_property
    def objects(self) -> set[str]:
        """The custom objects of the package."""
        return {f.name for f in self.of("CustomObject") if f.name.endswith("__c")}

    @cached_property
    def fields(self) -> dict[str, MetadataFile]:
        """Custom fields by `Object.Field`; those of Activity are listed for Task and Event, as an org does."""
        found = {f"{f.folder}.{f.name}": f for f in self.of("CustomField")}
        activity = {key: f for key, f in found.items() if key.startswith("Activity.")}
        for key, field in activity.items():
            found |= {key.replace("Activity", kind): field for kind in ("Task", "Event")}
            del found[key]
        return found

    def required(self, field: str) -> bool:
        """Whether this custom field is required on the object itself, so that access to it cannot be set."""
        return self.fields[field].text("required") == "true"


def read(path: Path) -> MetadataFile:
    """Parse one file without resolving anything outside it."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    return MetadataFile(path, etree.parse(str(path), parser).getroot())


def metadata_schema() -> etree.XMLSchema:
    """Turn the types of the Metadata API into a schema whose documents are the components themselves."""
    wsdl = etree.fromstring(resources.files("simple_salesforce").joinpath("metadata.wsdl").read_bytes())
    schema = etree.Element(
        f"{{{XSD}}}schema",
        nsmap={"xsd": XSD, "tns": METADATA},
        targetNamespace=METADATA,
        elementFormDefault="qualified",
    )
    types = [t for t in wsdl.find(f".//{{{XSD}}}schema") if not isinstance(t, etree._Comment) and t.get("name")]
    schema.extend(t for t in types if t.tag != f"{{{XSD}}}element")
    for name in schema.xpath("xsd:complexType/@name", namespaces={"xsd": XSD}):
        etree.SubElement(schema, f"{{{XSD}}}element", name=name, type=f"tns:{name}")
    return etree.XMLSchema(schema)


@pytest.fixture(scope="session")
def schema() -> etree.XMLSchema:
    return metadata_schema()


@pytest.fixture(scope="session")
def project() -> Path:
    return PROJECT


@pytest.fixture(scope="session")
def package() -> Package:
    return Package(tuple(_files()))


def _files() -> Iterator[MetadataFile]:
    for path in sorted(PROJECT.rglob("*-meta.xml")):
        yield read(path)


@pytest.fixture(scope="session")
def editable_by_people(package) -> set[str]:
    """The fields that some colleague may edit: those of a role, and those required on the object itself."""
    aside = {"Reference_Integration", "Reference_Integration_Individual", "Reference_Data_Import"}
    roles = [f for f in package.of("PermissionSet") if f.name not in aside]
    granted = {p["field"] for f in roles for p in f.parts("fieldPermissions") if p["editable"] == "true"}
    return granted | {f for f in package.fields if package.required(f)}
