"""Records between SOAP's XML and the JSON shapes of REST, in the partner API's generic form.

    <sObjects><type>Account</type><Name>x</Name></sObjects>  <->  {"attributes": {"type": "Account"}, "Name": "x"}

Called by soap_calls. Dates with a time end in Z here, and an Id stands first whether it was asked for or not, as in the service.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from xml.sax.saxutils import escape

from lxml.etree import _Element

from crm_sync.local_org import bulk_csv
from crm_sync.local_org.metadata_xml import text
from crm_sync.local_org.schema import ObjectType, Schema
from crm_sync.local_org.soap_envelope import SoapFaultError

_OF_REST = frozenset(
    {
        "urls",
        "associateEntityType",
        "associateParentEntity",
        "extendedBy",
        "extendsInterfaces",
        "listviewable",
        "lookupLayoutable",
        "sobjectDescribeOption",
    }
)
_NILLABLE = frozenset(
    {
        "defaultImplementation",
        "implementedBy",
        "implementsInterfaces",
        "keyPrefix",
        "networkScopeFieldName",
        "urlDetail",
        "urlEdit",
        "urlNew",
    }
)
_PAGES = {"urlDetail": "uiDetailTemplate", "urlEdit": "uiEditTemplate", "urlNew": "uiNewRecord"}
_STAMP = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3})\+0000")


def named_type(schema: Schema, name: str) -> ObjectType:
    """Find the object of this name. Raises SoapFaultError INVALID_TYPE."""
    found = schema.object(name)
    if found is None:
        raise SoapFaultError("INVALID_TYPE", f"sObject type '{name}' is not supported.")
    return found


def body(o: ObjectType, element: _Element) -> dict[str, Any]:
    """Read a record's fields; what is empty says nothing, `fieldsToNull` says null, a nested record names a parent."""
    found: dict[str, Any] = {}
    for child in element:
        name = str(child.tag)
        if name == "fieldsToNull":
            found[(child.text or "").strip()] = None
        elif len(child):
            key = next(c for c in child if c.tag not in ("type", "Id") or (c.tag == "Id" and c.text))
            found[name] = {"attributes": {"type": text(child, "type")}, str(key.tag): key.text}
        elif name != "type" and child.text:
            f = o.field(name)
            found[name] = child.text if f is None else bulk_csv.cell_value(f, child.text)
    return found


def record(tag: str, told: dict[str, Any]) -> str:
    """Write a queried or retrieved record."""
    kind = told["attributes"]["type"]
    record_id = next((v for k, v in told.items() if k.lower() == "id"), None)
    inside = "".join(_value(f"sf:{k}", v) for k, v in told.items() if k != "attributes")
    return f'<{tag} xsi:type="sf:sObject"><sf:type>{kind}</sf:type>{_value("sf:Id", record_id)}{inside}</{tag}>'


def page(tag: str, told: dict[str, Any]) -> str:
    """Write a page of a query, or the children below a record."""
    following = str(told.get("nextRecordsUrl") or "").rpartition("/")[2] or None
    parts = [_value("done", told["done"]), _value("queryLocator", following)]
    parts += [record("records", r) for r in told["records"]]
    return f'<{tag} xsi:type="QueryResult">{"".join(parts)}{_value("size", told["totalSize"])}</{tag}>'


def _value(tag: str, value: Any) -> str:
    if value is None:
        return f'<{tag} xsi:nil="true"/>'
    if isinstance(value, dict):
        if "attributes" in value:
            return record(tag, value)
        return page(tag, value) if "records" in value else f"<{tag}>{structure(value)}</{tag}>"
    return f"<{tag}>{scalar(value)}</{tag}>"


def scalar(value: Any) -> str:
    """Write a boolean, number, date or text."""
    if isinstance(value, bool):
        return str(value).lower()
    return escape(_STAMP.sub(r"\1Z", value)) if isinstance(value, str) else str(value)


def structure(told: dict[str, Any]) -> str:
    """Write a plain structure: lists repeat their tag, what is null is nil where the WSDL wants it and otherwise left out."""
    return "".join(_parts(told))


def described(told: dict[str, Any]) -> str:
    """Write the describe of an object; SOAP has no resource URLs, and three page URLs of its own."""
    pages = {name: told["urls"].get(key) for name, key in _PAGES.items()} if "fields" in told else {}
    return structure(dict(sorted({**told, "idEnabled": True, **pages}.items())))


def _parts(told: dict[str, Any]) -> Iterator[str]:
    for name, value in told.items():
        if value is None and name in _NILLABLE:
            yield f'<{name} xsi:nil="true"/>'
        if name in _OF_REST:
            continue
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict):
                yield f"<{name}>{structure(item)}</{name}>"
            elif item is not None:
                yield f"<{name}>{scalar(item)}</{name}>"
