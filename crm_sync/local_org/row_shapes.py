"""A stored row as REST prints it: attributes first, compound addresses computed, hidden fields left out.

Called by rows and collections; queries shape their own rows (soql).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from crm_sync.local_org.access import Access
from crm_sync.local_org.errors import OrgError, not_implemented
from crm_sync.local_org.schema import Field, ObjectType
from crm_sync.local_org.values import give

_PARTS = {
    "city": "City",
    "country": "Country",
    "geocodeAccuracy": "GeocodeAccuracy",
    "latitude": "Latitude",
    "longitude": "Longitude",
    "postalCode": "PostalCode",
    "state": "State",
    "street": "Street",
}


def chosen(o: ObjectType, access: Access, names: str | Iterable[str] | None) -> list[Field]:
    """Choose the fields asked for, or all the user sees. Raises OrgError INVALID_FIELD."""
    visible = [f for f in o.fields.values() if access.sees(o, f)]
    if names is None or not names:
        return _computable(o, visible)
    by_name = {f.name.lower(): f for f in visible}
    wanted = [n.strip() for n in (names.split(",") if isinstance(names, str) else names)]
    for name in wanted:
        if name.lower() not in by_name:
            raise OrgError("INVALID_FIELD", f"No such column '{name}' on sobject of type {o.name}")
    picked = {by_name[n.lower()].name: by_name[n.lower()] for n in wanted}
    return _computable(o, list(picked.values()))


def _computable(o: ObjectType, fields: list[Field]) -> list[Field]:
    unknown = next((f for f in fields if f.formula is not None), None)
    if unknown is not None:
        raise not_implemented(f"formula fields ({o.name}.{unknown.name})")
    return fields


def shape(data_url: str, o: ObjectType, row: dict[str, Any], fields: Iterable[Field]) -> dict[str, Any]:
    """Print a stored row."""
    shaped: dict[str, Any] = {"attributes": {"type": o.name, "url": f"{data_url}/sobjects/{o.name}/{row['Id']}"}}
    for f in fields:
        shaped[f.name] = _address(f, row) if f.type == "address" else give(f, row.get(f.name))
    return shaped


def _address(f: Field, row: dict[str, Any]) -> dict[str, Any] | None:
    place = f.name.removesuffix("Address")
    parts = {key: row.get(place + suffix) for key, suffix in _PARTS.items()}
    return parts if any(v is not None for v in parts.values()) else None
