"""The org's schema as values: objects and fields in Salesforce's own words, looked up without regard to case.

Built by `metadata` from object XML and the standard objects; read by records, soql and describe.
Not here: how the rows are stored, and who may see which field.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

_SOAP_TYPES = {
    "id": "tns:ID",
    "reference": "tns:ID",
    "boolean": "xsd:boolean",
    "int": "xsd:int",
    "double": "xsd:double",
    "currency": "xsd:double",
    "percent": "xsd:double",
    "date": "xsd:date",
    "datetime": "xsd:dateTime",
    "time": "xsd:time",
    "base64": "xsd:base64Binary",
    "address": "urn:address",
    "location": "urn:location",
}


@dataclass(frozen=True)
class PicklistValue:
    """One entry of a picklist: API value, label, whether it is offered, whether it is the default."""

    value: str
    label: str
    active: bool = True
    default: bool = False


@dataclass(frozen=True)
class Field:
    """One field. `type` is the describe type: id, reference, string, textarea, picklist, multipicklist, boolean,
    int, double, currency, percent, date, datetime, time, email, phone, url, address, base64, encryptedstring, combobox.
    """

    name: str
    label: str
    type: str
    length: int = 0
    precision: int = 0
    scale: int = 0
    required: bool = False
    unique: bool = False
    case_sensitive: bool = False
    external_id: bool = False
    id_lookup: bool = False
    name_field: bool = False
    auto_number: str | None = None
    createable: bool = True
    updateable: bool = True
    filterable: bool = True
    sortable: bool = True
    groupable: bool = True
    nillable: bool = True
    default: str | None = None
    default_formula: str | None = None
    picklist: tuple[PicklistValue, ...] = ()
    restricted: bool = False
    reference_to: tuple[str, ...] = ()
    relationship_name: str | None = None
    child_relationship_name: str | None = None
    cascade_delete: bool = False
    restricted_delete: bool = False
    formula: str | None = None
    compound: str | None = None
    custom: bool = False
    description: str = ""
    help: str = ""
    html: bool = False
    extra: str | None = None
    derived: bool = False
    permissionable: bool = False

    @property
    def stored(self) -> bool:
        """Whether the field has a column; compound and formula fields are computed."""
        return self.type not in ("address", "location") and self.formula is None


def soap_type(f: Field) -> str:
    """The XML Schema type that describes and Bulk's errors name for a field."""
    return _SOAP_TYPES.get(f.type, "xsd:string")


@dataclass(frozen=True)
class ChildRelationship:
    """Seen from the parent: `relationship_name` is the subquery name, `field` the lookup on the child."""

    relationship_name: str | None
    child_object: str
    field: str
    cascade_delete: bool = False
    restricted_delete: bool = False


@dataclass(frozen=True)
class ObjectType:
    """One object. `fields` is keyed by the lower-case API name and keeps describe order.

    A `plain` object has no layouts, quick actions or triggers.
    `once` names the fields of a junction that no two records have the same values in.
    """

    name: str
    label: str
    label_plural: str
    key_prefix: str
    fields: Mapping[str, Field]
    custom: bool = False
    createable: bool = True
    updateable: bool = True
    deletable: bool = True
    queryable: bool = True
    searchable: bool = True
    replicateable: bool = True
    mergeable: bool = False
    plain: bool = False
    sharing: str = "ReadWrite"
    once: tuple[str, ...] = ()
    children: tuple[ChildRelationship, ...] = field(default=())

    def field(self, name: str) -> Field | None:
        """The field of this API name in any case, or None."""
        return self.fields.get(name.lower())

    def relationship(self, name: str) -> Field | None:
        """The lookup field whose relationship (parent) name this is, in any case, or None."""
        wanted = name.lower()
        return next((f for f in self.fields.values() if (f.relationship_name or "").lower() == wanted), None)

    def child(self, name: str) -> ChildRelationship | None:
        """The child relationship of this name, in any case, or None."""
        wanted = name.lower()
        return next((c for c in self.children if (c.relationship_name or "").lower() == wanted), None)


@dataclass(frozen=True)
class Schema:
    """Every object of the org, keyed by lower-case API name."""

    objects: Mapping[str, ObjectType]

    def object(self, name: str) -> ObjectType | None:
        """The object of this API name in any case, or None."""
        return self.objects.get(name.lower())

    def by_prefix(self, record_id: str) -> ObjectType | None:
        """The object that an id belongs to, by its first three characters."""
        prefix = record_id[:3]
        return next((o for o in self.objects.values() if o.key_prefix == prefix), None)
