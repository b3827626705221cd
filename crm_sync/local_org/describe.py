"""Describes: every object, one object, every field with all of its keys, as the service prints them.

Answers `/sobjects`, `/sobjects/X` and `/sobjects/X/describe`. Fields the user may not see are simply absent.
"""

from __future__ import annotations

from typing import Any

from crm_sync.local_org import preconditions
from crm_sync.local_org.access import Access
from crm_sync.local_org.calls import Call, Reply
from crm_sync.local_org.ids import MASTER_RECORD_TYPE_ID
from crm_sync.local_org.org import Org
from crm_sync.local_org.schema import ChildRelationship, Field, ObjectType, PicklistValue, soap_type

_AGGREGATED_NOT = {"boolean", "address", "location", "multipicklist", "base64"}
_PERSONS_NAME = 121
_NOT_PREFILTERED = {"ownerid", "createdbyid", "lastmodifiedbyid", "masterrecordid", "recordtypeid"}
_ALWAYS_SET = {"id", "ownerid", "createddate", "createdbyid", "lastmodifieddate", "lastmodifiedbyid", "systemmodstamp"}


def describe_global(org: Org, call: Call) -> Reply:
    """List every object the user may read."""
    listed = [_summary(call, o) for o in org.schema.objects.values() if call.user.allows(o, "read")]
    listed.sort(key=lambda told: str(told["name"]))
    return _unless_known(org, call, {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": listed})


def _unless_known(org: Org, call: Call, told: dict[str, Any]) -> Reply:
    """Answer with a describe, or 304. Its date is that of the last change of the schema; permissions do not move it."""
    edition = preconditions.Edition(org.shaped_at, preconditions.tag_of(told))
    return preconditions.read(call, edition) or Reply(200, told, edition.headers(call))


def basic(org: Org, call: Call, name: str) -> Reply:
    """Describe an object without its fields; recent items are not kept."""
    return Reply(200, {"objectDescribe": _summary(call, org.object(name, call.user)), "recentItems": []})


def describe(org: Org, call: Call, name: str) -> Reply:
    """Describe an object with its fields and child relationships."""
    o = org.object(name, call.user)
    told = {
        "actionOverrides": [],
        **_summary(call, o),
        "childRelationships": [_child(c) for c in o.children if _visible(org, call.user, c)],
        "compactLayoutable": True,
        "defaultImplementation": None,
        "extendedBy": None,
        "extendsInterfaces": None,
        "fields": [field(f, call.user.edits(o, f)) for f in o.fields.values() if call.user.sees(o, f)],
        "implementedBy": None,
        "implementsInterfaces": None,
        "listviewable": None,
        "lookupLayoutable": None,
        "namedLayoutInfos": [],
        "networkScopeFieldName": None,
        "recordTypeInfos": [_master_record_type(call, o)],
        "searchLayoutable": True,
        "sobjectDescribeOption": "FULL",
        "supportedScopes": _scopes(o),
    }
    urls = {**_urls(call, o), **_pages(call, o)}
    return _unless_known(org, call, dict(sorted((told | {"urls": urls}).items())))


def _visible(org: Org, access: Access, link: ChildRelationship) -> bool:
    child = org.schema.object(link.child_object)
    f = child.field(link.field) if child else None
    return child is not None and f is not None and access.allows(child, "read") and access.sees(child, f)


def _summary(call: Call, o: ObjectType) -> dict[str, Any]:
    access = call.user
    return {
        "activateable": False,
        "associateEntityType": None,
        "associateParentEntity": None,
        "createable": o.createable and access.allows(o, "create"),
        "custom": o.custom,
        "customSetting": False,
        "deepCloneable": False,
        "deletable": o.deletable and access.allows(o, "delete"),
        "deprecatedAndHidden": False,
        "feedEnabled": False,
        "hasSubtypes": False,
        "isInterface": False,
        "isSubtype": False,
        "keyPrefix": o.key_prefix,
        "label": o.label,
        "labelPlural": o.label_plural,
        "layoutable": not o.plain,
        "mergeable": o.mergeable,
        "mruEnabled": False,
        "name": o.name,
        "queryable": o.queryable,
        "replicateable": o.replicateable,
        "retrieveable": True,
        "searchable": o.searchable,
        "triggerable": not o.plain,
        "undeletable": o.field("IsDeleted") is not None,
        "updateable": o.updateable and access.allows(o, "edit"),
        "urls": _urls(call, o),
    }


def _urls(call: Call, o: ObjectType) -> dict[str, str]:
    base = f"{call.data_url}/sobjects/{o.name}"
    if o.plain:
        return {"describe": f"{base}/describe", "rowTemplate": f"{base}/{{ID}}", "sobject": base}
    return {
        "approvalLayouts": f"{base}/describe/approvalLayouts",
        "compactLayouts": f"{base}/describe/compactLayouts",
        "describe": f"{base}/describe",
        "layouts": f"{base}/describe/layouts",
        "listviews": f"{base}/listviews",
        "quickActions": f"{base}/quickActions",
        "rowTemplate": f"{base}/{{ID}}",
        "sobject": base,
    }


def _pages(call: Call, o: ObjectType) -> dict[str, str]:
    return {
        "uiDetailTemplate": f"{call.base_url}/{{ID}}",
        "uiEditTemplate": f"{call.base_url}/{{ID}}/e",
        "uiNewRecord": f"{call.base_url}/{o.key_prefix}/e",
    }


def _scopes(o: ObjectType) -> list[dict[str, str]]:
    mine = [{"label": f"My {o.label_plural.lower()}", "name": "mine"}] if o.field("OwnerId") else []
    return [{"label": f"All {o.label_plural.lower()}", "name": "everything"}, *mine]


def _master_record_type(call: Call, o: ObjectType) -> dict[str, Any]:
    return {
        "active": True,
        "available": True,
        "defaultRecordTypeMapping": True,
        "developerName": "Master",
        "master": True,
        "name": "Master",
        "recordTypeId": MASTER_RECORD_TYPE_ID,
        "urls": {"layout": f"{call.data_url}/sobjects/{o.name}/describe/layouts/{MASTER_RECORD_TYPE_ID}"},
    }


def _child(link: ChildRelationship) -> dict[str, Any]:
    return {
        "cascadeDelete": link.cascade_delete,
        "childSObject": link.child_object,
        "deprecatedAndHidden": False,
        "field": link.field,
        "junctionIdListNames": [],
        "junctionReferenceTo": [],
        "relationshipName": link.relationship_name,
        "restrictedDelete": link.restricted_delete,
    }


def field(f: Field, editable: bool) -> dict[str, Any]:
    """Describe a field with all keys the service sends, nulls included."""
    return dict(sorted((_constants() | _identity(f, editable) | _size(f) | _meaning(f)).items()))


def _constants() -> dict[str, Any]:
    """Give the keys that are the same for every field of the local org."""
    false = (
        "aiPredictionField",
        "dependentPicklist",
        "deprecatedAndHidden",
        "displayLocationInDecimal",
        "encrypted",
        "formulaTreatNullNumberAsZero",
        "highScaleNumber",
        "writeRequiresMasterRead",
    )
    null = (
        "controllerName",
        "filteredLookupInfo",
        "mask",
        "maskType",
        "referenceTargetField",
    )
    return dict.fromkeys(false, False) | dict.fromkeys(null)


def _identity(f: Field, editable: bool) -> dict[str, Any]:
    return {
        "name": f.name,
        "label": f.label,
        "type": f.type,
        "soapType": soap_type(f),
        "custom": f.custom,
        "createable": f.createable and editable,
        "updateable": f.updateable and editable,
        "nillable": f.nillable,
        "permissionable": f.permissionable,
        "unique": f.unique,
        "caseSensitive": f.case_sensitive,
        "externalId": f.external_id,
        "idLookup": f.id_lookup,
        "nameField": f.name_field,
        "autoNumber": f.auto_number is not None,
        "calculated": f.formula is not None,
        "calculatedFormula": f.formula,
        "aggregatable": f.type not in _AGGREGATED_NOT and f.filterable,
        "filterable": f.filterable,
        "groupable": f.groupable,
        "sortable": f.sortable,
        "inlineHelpText": f.help or None,
    }


def _size(f: Field) -> dict[str, Any]:
    length = 0 if f.type in ("boolean", "address") else f.length
    is_int = f.type == "int"
    return {
        "length": length,
        "byteLength": length if f.type in ("id", "reference") else length * 3,  # bytes of UTF-8
        "digits": f.precision if is_int else 0,
        "precision": 0 if is_int else f.precision,
        "scale": f.scale,
    }


def _meaning(f: Field) -> dict[str, Any]:
    default: Any = (f.default == "true") if f.type == "boolean" else f.default
    several = len(f.reference_to) > 1
    return {
        "defaultValue": default,
        "defaultValueFormula": f.default_formula,
        "defaultedOnCreate": default is not None
        or bool(f.default_formula)
        or f.name.lower() in _ALWAYS_SET
        or bool(f.auto_number)
        or f.derived,
        "compoundFieldName": f.compound,
        "extraTypeInfo": f.extra or _extra(f),
        "searchPrefilterable": _prefilterable(f),
        "htmlFormatted": f.html,
        "queryByDistance": f.type in ("address", "location"),
        "picklistValues": [_picklist_value(v) for v in f.picklist],
        "restrictedPicklist": f.restricted,
        "referenceTo": list(f.reference_to),
        "relationshipName": f.relationship_name,
        "relationshipOrder": 0 if f.cascade_delete and f.custom else None,
        "namePointing": several,
        "polymorphicForeignKey": several,
        "cascadeDelete": f.cascade_delete and f.custom,  # standard fields leave it to the child relationship to say
        "restrictedDelete": f.restricted_delete and f.custom,
    }


def _prefilterable(f: Field) -> bool:
    return f.type == "reference" and f.name.lower() not in _NOT_PREFILTERED and not (f.custom and f.required)


def _extra(f: Field) -> str | None:
    if f.type == "textarea":
        return "richtextarea" if f.html else "plaintextarea"
    return "personname" if f.compound == "Name" or (f.name_field and f.length == _PERSONS_NAME) else None


def _picklist_value(v: PicklistValue) -> dict[str, Any]:
    return {"active": v.active, "defaultValue": v.default, "label": v.label, "validFor": None, "value": v.value}
