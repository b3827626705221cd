"""One custom field's XML as a schema Field, with its picklist values.

Called by metadata for every field of the package and of a deployment. Not here: objects, standard fields.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from lxml.etree import _Element

from crm_sync.local_org import metadata_xml
from crm_sync.local_org.metadata_xml import Files, flag, number, text
from crm_sync.local_org.schema import Field, PicklistValue
from crm_sync.local_org.standard_objects import traits

ValueSets = Mapping[str, tuple[PicklistValue, ...]]

_NOT_RUN = {"valueSet/controllingField": "Dependent picklist values", "lookupFilter": "Lookup filters"}
_log = logging.getLogger(__name__)

_TYPES = {
    "Text": "string",
    "TextArea": "textarea",
    "LongTextArea": "textarea",
    "Html": "textarea",
    "Number": "double",
    "Currency": "currency",
    "Percent": "percent",
    "Checkbox": "boolean",
    "Date": "date",
    "DateTime": "datetime",
    "Time": "time",
    "Url": "url",
    "Email": "email",
    "Phone": "phone",
    "Picklist": "picklist",
    "MultiselectPicklist": "multipicklist",
    "Lookup": "reference",
    "MasterDetail": "reference",
    "AutoNumber": "string",
    "EncryptedText": "encryptedstring",
    "Summary": "double",
}
_LENGTHS = {
    "TextArea": 255,
    "Url": 255,
    "Email": 80,
    "Phone": 40,
    "Picklist": 255,
    "MultiselectPicklist": 4099,
    "Lookup": 18,
    "MasterDetail": 18,
    "AutoNumber": 30,
}


def value_sets(files: Files) -> dict[str, tuple[PicklistValue, ...]]:
    """Read the global value sets of a package, by name."""
    found = {}
    for path, content in files.items():
        name = PurePosixPath(path).name
        if name.endswith((".globalValueSet-meta.xml", ".globalValueSet")):
            root = metadata_xml.parse(content)
            found[name.split(".", maxsplit=1)[0]] = tuple(_values(root.findall("customValue")))
    return found


def name_field(element: _Element | None, label: str) -> Field:
    """Describe the Name field of a custom object: an auto-number or a text of 80."""
    title = f"{label} Name" if element is None else text(element, "label", f"{label} Name")
    numbered = element is not None and text(element, "type") == "AutoNumber"
    return Field(
        "Name",
        title,
        "string",
        length=80,
        name_field=True,
        id_lookup=True,
        createable=not numbered,
        updateable=not numbered,
        nillable=not numbered,
        auto_number=text(element, "displayFormat", "{0}") if element is not None and numbered else None,
    )


def field(element: _Element, sets: ValueSets) -> Field | None:
    """Describe one custom field; None for a change to a standard field, which has no type of its own.

    Raises ValueError for a type the local org does not know.
    """
    name, kind = text(element, "fullName"), text(element, "type")
    if not name.endswith("__c"):
        return None
    if kind not in _TYPES:
        raise ValueError(
            f"field {name}: type {kind!r} is not supported by the local org; expected one of {sorted(_TYPES)}."
        )
    for tag, what in _NOT_RUN.items():
        if element.find(tag) is not None:
            _log.warning("%s of field %s are not run by the embedded org.", what, name)
    length = number(element, "length") or _LENGTHS.get(kind, 0)
    formula = element.findtext("formula") or (text(element, "summaryForeignKey") if kind == "Summary" else None)
    return Field(
        name=name,
        label=text(element, "label", name),
        type=_TYPES[kind],
        length=length,
        precision=number(element, "precision"),
        scale=number(element, "scale"),
        custom=True,
        description=text(element, "description"),
        help=text(element, "inlineHelpText"),
        html=kind == "Html",
        formula=formula,
        **(
            _presence(element, kind, formula is not None)
            | _keys(element)
            | _picklist(element, kind, sets)
            | _reference(element, name, kind)
            | traits(_TYPES[kind], length)
        ),
    )


def _presence(element: _Element, kind: str, computed: bool) -> dict[str, Any]:
    required = flag(element, "required") or kind == "MasterDetail"
    fixed = computed or kind == "AutoNumber"
    default = text(element, "defaultValue") or None
    return {
        "required": required,
        "permissionable": not required,
        "nillable": not required and kind not in ("Checkbox", "AutoNumber"),
        "createable": not fixed,
        "updateable": not fixed and (kind != "MasterDetail" or flag(element, "reparentableMasterDetail")),
        "default": (default or "false") if kind == "Checkbox" else _literal(default),
        "default_formula": None if kind == "Checkbox" or _literal(default) else default,
        "auto_number": text(element, "displayFormat") or None if kind == "AutoNumber" else None,
    }


def _literal(default: str | None) -> str | None:
    """Take a constant default, a text or a number; anything else is a formula."""
    quoted = re.fullmatch(r"\"([^\"]*)\"|'([^']*)'", default or "")
    if quoted:
        return quoted[1] or quoted[2]
    return default if re.fullmatch(r"-?\d+(\.\d+)?", default or "") else None


def _keys(element: _Element) -> dict[str, Any]:
    external = flag(element, "externalId")
    return {
        "unique": flag(element, "unique"),
        "external_id": external,
        "id_lookup": external,
        "case_sensitive": flag(element, "caseSensitive"),
    }


def _picklist(element: _Element, kind: str, sets: ValueSets) -> dict[str, Any]:
    if kind not in ("Picklist", "MultiselectPicklist"):
        return {}
    shared = text(element, "valueSet/valueSetName")
    if shared and shared not in sets:
        raise ValueError(f"field {text(element, 'fullName')}: value set {shared!r} is not in the package.")
    own = tuple(_values(element.findall("valueSet/valueSetDefinition/value")))
    values = sets[shared] if shared else own
    chosen = {"picklist": values, "restricted": flag(element, "valueSet/restricted") or bool(shared)}
    default = next((v.value for v in values if v.default), None)
    return chosen | ({"default": default} if default else {})


def _values(elements: list[_Element]) -> Iterator[PicklistValue]:
    for element in elements:
        value = text(element, "fullName")
        yield PicklistValue(
            value, text(element, "label", value), flag(element, "isActive", True), flag(element, "default")
        )


def _reference(element: _Element, name: str, kind: str) -> dict[str, Any]:
    if kind not in ("Lookup", "MasterDetail"):
        return {}
    constraint, child = text(element, "deleteConstraint"), text(element, "relationshipName")
    return {
        "reference_to": (text(element, "referenceTo"),),
        "relationship_name": name.removesuffix("__c") + "__r",
        "child_relationship_name": f"{child}__r" if child else None,
        "cascade_delete": kind == "MasterDetail" or constraint == "Cascade",
        "restricted_delete": constraint == "Restrict",
    }
