"""The org's schema from object XML and the standard objects.

    standard objects + {path: XML} -> Schema

Called when the org opens and after a deployment. Understands source format (one file per field) and Metadata API format
(fields inside the object's file). Not here: permission sets, workflow, storing rows.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from lxml.etree import _Element

from crm_sync.local_org import metadata_fields, metadata_xml, standard_objects
from crm_sync.local_org.ids import custom_prefix
from crm_sync.local_org.metadata_xml import Files, flag, text
from crm_sync.local_org.schema import ChildRelationship, Field, ObjectType, Schema
from crm_sync.local_org.schema_edits import Edit

_NO_CHILDREN = {"createdbyid", "lastmodifiedbyid", "ownerid", "masterrecordid"}
_ACTIVITIES = ("Task", "Event")


def build(files: Files, prefixes: Mapping[str, str] | None = None, edits: Sequence[Edit] = ()) -> Schema:
    """Build the schema; `prefixes` are key prefixes given earlier, by object name, which are kept. `edits` come last."""
    types = {o.name: o for o in standard_objects.standard_objects()}
    definitions = _definitions(files)
    value_sets = metadata_fields.value_sets(files)
    types.update(_custom_objects(definitions, prefixes or {}))
    fields = _custom_fields(definitions)
    _add_custom_fields(types, fields, value_sets)
    _open_activities(types, definitions)
    for edit in edits:
        edit.apply(types)
    _add_children(types)
    return Schema({name.lower(): o for name, o in types.items()})


def custom_prefixes(schema: Schema) -> dict[str, str]:
    """Give the key prefix of every custom object, to be kept with the rows."""
    return {o.name: o.key_prefix for o in schema.objects.values() if o.custom}


def _definitions(files: Files) -> dict[str, list[_Element]]:
    """Collect per object the XML roots that speak of it: its own file and its fields' files."""
    found: dict[str, list[_Element]] = {}
    for path, content in files.items():
        name = _object_of(PurePosixPath(path))
        if name:
            found.setdefault(name, []).append(metadata_xml.parse(content))
    return found


def _object_of(path: PurePosixPath) -> str | None:
    if path.name.endswith((".object-meta.xml", ".object")):
        return path.name.split(".", maxsplit=1)[0]
    if path.name.endswith(".field-meta.xml"):
        return path.parent.parent.name
    return None


def _custom_objects(definitions: Mapping[str, list[_Element]], prefixes: Mapping[str, str]) -> dict[str, ObjectType]:
    names = sorted(n for n, roots in definitions.items() if n.endswith("__c") and any(_is_object(r) for r in roots))
    taken = set(prefixes.values())
    free = (p for p in map(custom_prefix, range(62 * 62)) if p not in taken)
    return {
        name: _custom_object(
            name, next(r for r in reversed(definitions[name]) if _is_object(r)), prefixes.get(name) or next(free)
        )
        for name in names
    }


def _is_object(root: _Element) -> bool:
    return root.tag == "CustomObject"


def _custom_object(name: str, root: _Element, prefix: str) -> ObjectType:
    label = text(root, "label", name)
    fields = list(_own_fields(root, label))
    return ObjectType(
        name=name,
        label=label,
        label_plural=text(root, "pluralLabel", label),
        key_prefix=prefix,
        fields={f.name.lower(): f for f in fields},
        custom=True,
        searchable=flag(root, "enableSearch"),
        sharing=text(root, "sharingModel", "ReadWrite"),
    )


def _own_fields(root: _Element, label: str) -> Iterator[Field]:
    yield standard_objects.id_field("Record ID")
    if text(root, "sharingModel") != "ControlledByParent":
        yield standard_objects.owner_field(("Group", "User"))
    yield standard_objects.deleted_field()
    yield metadata_fields.name_field(root.find("nameField"), label)
    yield from standard_objects.system_fields()
    if flag(root, "enableActivities"):
        yield Field("LastActivityDate", "Last Activity Date", "date", createable=False, updateable=False)
    for viewed in ("Viewed", "Referenced"):
        yield Field(
            f"Last{viewed}Date", f"Last {viewed} Date", "datetime", createable=False, updateable=False, groupable=False
        )


def _custom_fields(definitions: Mapping[str, list[_Element]]) -> dict[str, list[_Element]]:
    """Collect field elements per object; what Activity has, Task and Event have."""
    found: dict[str, list[_Element]] = {}
    for name, roots in definitions.items():
        elements = [e for root in roots for e in (root.findall("fields") if _is_object(root) else [root])]
        for target in _ACTIVITIES if name == "Activity" else (name,):
            found.setdefault(target, []).extend(elements)
    return found


def _add_custom_fields(
    types: dict[str, ObjectType], fields: Mapping[str, list[_Element]], value_sets: metadata_fields.ValueSets
) -> None:
    for name, elements in fields.items():
        if name not in types:
            raise ValueError(f"objects/{name}: fields for an object the org does not have; add its .object-meta.xml.")
        known = dict(types[name].fields)
        for element in sorted(elements, key=lambda e: text(e, "fullName")):
            made = metadata_fields.field(element, value_sets)
            if made is not None:
                known[made.name.lower()] = made
        types[name] = dataclasses.replace(types[name], fields=known)


def _open_activities(types: dict[str, ObjectType], definitions: Mapping[str, list[_Element]]) -> None:
    """Let WhatId of tasks and events refer to every custom object that enables activities."""
    enabled = sorted(n for n in types if types[n].custom and any(flag(r, "enableActivities") for r in definitions[n]))
    for name in _ACTIVITIES:
        fields = dict(types[name].fields)
        what = fields["whatid"]
        targets = [t for t in what.reference_to if t != "*"] + enabled
        fields["whatid"] = dataclasses.replace(what, reference_to=tuple(targets))
        types[name] = dataclasses.replace(types[name], fields=fields)


def _add_children(types: dict[str, ObjectType]) -> None:
    found: dict[str, list[ChildRelationship]] = {}
    for child, reference in _references(types.values()):
        for parent in reference.reference_to:
            found.setdefault(parent, []).append(
                ChildRelationship(
                    reference.child_relationship_name,
                    child.name,
                    reference.name,
                    reference.cascade_delete,
                    reference.restricted_delete,
                )
            )
    for name, children in found.items():
        if name in types:
            types[name] = dataclasses.replace(types[name], children=tuple(children))


def _references(types: Iterable[ObjectType]) -> Iterator[tuple[ObjectType, Field]]:
    for o in types:
        for key, f in o.fields.items():
            if f.reference_to and key not in _NO_CHILDREN:
                yield o, f
