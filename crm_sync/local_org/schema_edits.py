"""Changes of the schema that a tester makes while the org runs: a field gone, added, required, shorter, with other values.

    types -> types

Set by control, applied by metadata whenever the schema is built, forgotten when the org closes. Not here: changes by deployment.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crm_sync.local_org.schema import Field, ObjectType, PicklistValue
from crm_sync.local_org.standard_objects import traits

Types = dict[str, ObjectType]


@dataclass(frozen=True)
class Edit:
    """One change of a field, or of an object when `field` is None. `changes` None takes it away.

    `changes` are attributes of schema.Field or schema.ObjectType; a field that is not there is added and needs a `type`.
    """

    object: str
    field: str | None
    changes: Mapping[str, Any] | None

    def apply(self, types: Types) -> None:
        """Make the change. Raises ValueError when it names what does not exist."""
        name = next((n for n in types if n.lower() == self.object.lower()), None)
        if name is None:
            raise ValueError(f"object {self.object!r} is not in this org")
        if self.field is not None:
            types[name] = dataclasses.replace(types[name], fields=_fields(types[name], self.field, self.changes))
        elif self.changes is None:
            del types[name]
        else:
            types[name] = dataclasses.replace(types[name], **self.changes)


def _fields(o: ObjectType, name: str, changes: Mapping[str, Any] | None) -> dict[str, Field]:
    fields, key = dict(o.fields), name.lower()
    if changes is None:
        if fields.pop(key, None) is None:
            raise ValueError(f"field {name!r} is not in {o.name}")
        return fields
    given = _values(changes)
    if key in fields:
        fields[key] = dataclasses.replace(fields[key], **given)
        return fields
    if "type" not in given:
        raise ValueError(f"field {name!r} is not in {o.name}; give its type to add it")
    usual = {"label": name, "custom": name.endswith("__c"), **traits(given["type"], given.get("length", 0))}
    fields[key] = Field(name=name, **(usual | given))
    return fields


def _values(changes: Mapping[str, Any]) -> dict[str, Any]:
    given = dict(changes)
    if "picklist" in given:
        entries = [{"value": v} if isinstance(v, str) else v for v in given["picklist"]]
        given["picklist"] = tuple(PicklistValue(**{"label": e["value"], **e}) for e in entries)
    if "reference_to" in given:
        given["reference_to"] = tuple(given["reference_to"])
    if given.get("required"):
        given.setdefault("nillable", False)
    return given
