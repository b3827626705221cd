"""The standard objects, from this package's own JSON descriptions to schema values.

    standard/*.json -> ObjectType

Called by metadata, which adds the package's fields and the child relationships. The JSON names what differs from the
defaults of a type; the fields every object has are added here. Not here: custom objects, rows.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from crm_sync.local_org.schema import Field, ObjectType, PicklistValue

_SYSTEM = ("CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById", "SystemModstamp")
_SYSTEM_LABELS = {
    "CreatedDate": "Created Date",
    "CreatedById": "Created By ID",
    "LastModifiedDate": "Last Modified Date",
    "LastModifiedById": "Last Modified By ID",
    "SystemModstamp": "System Modstamp",
}
_UNGROUPED = {"double", "currency", "percent", "datetime", "time", "multipicklist", "combobox", "address"}
_ADDRESS_PARTS = (
    ("Street", "Street", "textarea", 255),
    ("City", "City", "string", 40),
    ("State", "State/Province", "string", 80),
    ("PostalCode", "Zip/Postal Code", "string", 20),
    ("Country", "Country", "string", 80),
    ("Latitude", "Latitude", "double", 0),
    ("Longitude", "Longitude", "double", 0),
    ("GeocodeAccuracy", "Geocode Accuracy", "picklist", 40),
)
_ACCURACIES = (
    "Address",
    "NearAddress",
    "Block",
    "Street",
    "ExtendedZip",
    "Zip",
    "Neighborhood",
    "City",
    "County",
    "State",
    "Unknown",
)
LONGEST_SHORT_TEXTAREA = 255


@cache
def standard_objects() -> tuple[ObjectType, ...]:
    """Describe every standard object, in the order of the files."""
    return tuple(_object(spec) for spec in _specifications())


@cache
def stages() -> Mapping[str, Mapping[str, Mapping[str, Any]]]:
    """Say per object and status what the status means: closed, won, probability (percent), forecast category."""
    found: dict[str, dict[str, dict[str, Any]]] = json.loads(_folder().joinpath("stages.json").read_text("utf-8"))
    return found


@cache
def setup_objects() -> frozenset[str]:
    """Name the objects every user may read without being granted them."""
    described = json.loads(_folder().joinpath("setup.json").read_text("utf-8"))
    return frozenset({"User", *(spec["name"] for spec in described)})


def _folder() -> Any:
    return files("crm_sync.local_org").joinpath("standard")


def _specifications() -> Iterator[dict[str, Any]]:
    for entry in sorted(_folder().iterdir(), key=lambda e: str(e.name)):
        if entry.name.endswith(".json") and entry.name != "stages.json":
            loaded = json.loads(entry.read_text("utf-8"))
            yield from loaded if isinstance(loaded, list) else [loaded]


def _object(spec: dict[str, Any]) -> ObjectType:
    fields = list(_fields(spec))
    return ObjectType(
        name=spec["name"],
        label=spec["label"],
        label_plural=spec["plural"],
        key_prefix=spec["prefix"],
        fields={f.name.lower(): f for f in fields},
        createable=spec.get("createable", True),
        updateable=spec.get("updateable", True),
        deletable=spec.get("deletable", True),
        mergeable=spec.get("mergeable", False),
        searchable=spec["name"] == "User" or spec["name"] not in setup_objects(),
        replicateable=spec.get("deleted", True) or spec.get("plain", False) or spec["name"] == "User",
        plain=spec.get("plain", False),
        sharing=spec.get("sharing", "ReadWrite"),
        once=tuple(spec.get("once", ())),
    )


def _fields(spec: dict[str, Any]) -> Iterator[Field]:
    yield id_field(f"{spec['label']} ID")
    if spec.get("deleted", True):
        yield deleted_field()
    if spec.get("mergeable") or spec.get("masterRecord"):
        yield reference_field("MasterRecordId", "Master Record ID", (spec["name"],), "MasterRecord")
    securable = {} if spec["name"] not in setup_objects() else {"permissionable": False}
    for name, described in spec["fields"].items():
        if described["type"] == "address":
            yield from _address(name.removesuffix("Address"), not securable)
        else:
            yield _field(name, described | securable)
    if spec.get("owner"):
        yield owner_field(tuple(spec["owner"]))
    for name in spec.get("system", _SYSTEM):
        yield system_field(name)


def id_field(label: str) -> Field:
    """Describe the Id field of an object."""
    return Field("Id", label, "id", length=18, id_lookup=True, createable=False, updateable=False, nillable=False)


def deleted_field() -> Field:
    """Describe IsDeleted."""
    return Field("IsDeleted", "Deleted", "boolean", createable=False, updateable=False, nillable=False)


def owner_field(owners: tuple[str, ...]) -> Field:
    """Describe OwnerId; whoever creates the record owns it when nothing else is said."""
    return Field("OwnerId", "Owner ID", "reference", 18, nillable=False, reference_to=owners, relationship_name="Owner")


def reference_field(name: str, label: str, to: tuple[str, ...], relationship: str | None) -> Field:
    """Describe a reference the system alone writes."""
    return Field(
        name,
        label,
        "reference",
        18,
        createable=False,
        updateable=False,
        reference_to=to,
        relationship_name=relationship,
    )


def system_field(name: str) -> Field:
    """Describe one of the five audit fields."""
    is_user = name.endswith("ById")
    return Field(
        name,
        _SYSTEM_LABELS[name],
        "reference" if is_user else "datetime",
        length=18 if is_user else 0,
        createable=False,
        updateable=False,
        nillable=False,
        groupable=is_user,
        reference_to=("User",) if is_user else (),
        relationship_name=name.removesuffix("Id") if is_user else None,
    )


def system_fields() -> Iterator[Field]:
    """Describe the five audit fields, in describe order."""
    return (system_field(name) for name in _SYSTEM)


def traits(field_type: str, length: int) -> dict[str, Any]:
    """Say whether a field of this type and length can be filtered, sorted and grouped by."""
    long_text = field_type == "textarea" and length > LONGEST_SHORT_TEXTAREA
    return {
        "filterable": not long_text and field_type != "base64",
        "sortable": not long_text and field_type not in ("multipicklist", "address", "base64"),
        "groupable": not long_text and field_type not in _UNGROUPED,
    }


def _field(name: str, spec: Mapping[str, Any]) -> Field:
    access, kind = spec.get("access", "cu"), spec["type"]
    required = spec.get("required", False)
    nillable = spec.get("nillable", not required and kind != "boolean")
    default = spec.get("default", "false" if kind == "boolean" else None)
    return Field(
        name=name,
        label=spec["label"],
        type=kind,
        length=18 if kind == "reference" else spec.get("length", 0),
        precision=spec.get("precision", 0),
        scale=spec.get("scale", 0),
        required=required,
        unique=spec.get("unique", False),
        id_lookup=spec.get("idLookup", False),
        name_field=spec.get("nameField", False),
        auto_number=spec.get("autoNumber"),
        createable="c" in access,
        updateable="u" in access,
        nillable=nillable,
        default=default,
        picklist=tuple(PicklistValue(v, v, default=v == default) for v in spec.get("values", ())),
        restricted=spec.get("restricted", False),
        reference_to=tuple(spec.get("to", ())),
        relationship_name=spec.get("relationship"),
        child_relationship_name=spec.get("children"),
        cascade_delete=spec.get("cascade", False),
        restricted_delete=spec.get("restrictDelete", False),
        compound=spec.get("compound"),
        permissionable=spec.get("permissionable", _permissionable(spec, access, nillable)),
        extra=spec.get("extra"),
        derived=spec.get("derived", False),
        **(traits(kind, spec.get("length", 0)) | {key: spec[key] for key in ("groupable", "sortable") if key in spec}),
    )


def _permissionable(spec: Mapping[str, Any], access: str, nillable: bool) -> bool:
    """Say whether field-level security can hide a field: not when it is required, read-only or part of a name."""
    optional = nillable or spec["type"] == "boolean"
    return optional and access != "r" and spec.get("compound") != "Name" and not spec.get("nameField")


def _address(place: str, permissionable: bool) -> Iterator[Field]:
    whole = f"{place}Address"
    label = f"{place} " if place else ""
    for suffix, title, kind, length in _ADDRESS_PARTS:
        more: dict[str, Any] = {"precision": 18, "scale": 15} if kind == "double" else {}
        if kind == "picklist":
            more = {"restricted": True, "picklist": tuple(PicklistValue(v, v) for v in _ACCURACIES)}
        yield Field(
            place + suffix,
            label + title,
            kind,
            length,
            compound=whole,
            permissionable=permissionable,
            **more,
            **traits(kind, length),
        )
    yield Field(
        whole,
        f"{label}Address",
        "address",
        createable=False,
        updateable=False,
        sortable=False,
        groupable=False,
        permissionable=permissionable,
    )
