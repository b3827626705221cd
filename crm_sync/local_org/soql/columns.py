"""What a statement returns, column by column: for `query?columns=true` and for whoever must know the types.

Built by select and groups; read by the rest and bulk parts. Not here: values.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from crm_sync.local_org.soql.operands import Operand

_APEX_TYPES = {
    "id": "Id",
    "text": "String",
    "cased": "String",
    "multipicklist": "String",
    "boolean": "Boolean",
    "int": "Integer",
    "double": "Double",
    "date": "Date",
    "datetime": "Datetime",
    "time": "Time",
    "address": "Address",
    "base64": "Blob",
}


@dataclass(frozen=True)
class Column:
    """One column. `name` is the key in the record; `type` the describe type; `joined` the columns below a parent or
    child relationship (`aggregate` tells the child).
    """

    name: str
    type: str
    kind: str = "text"
    display_name: str = ""
    aggregate: bool = False
    custom: bool = False
    createable: bool = False
    updateable: bool = False
    joined: tuple[Column, ...] = field(default=())

    def metadata(self) -> dict[str, Any]:
        """Return the entry of `columnMetadata`."""
        plain = not self.aggregate and not self.joined
        return {
            "aggregate": self.aggregate,
            "apexType": _APEX_TYPES[self.kind] if plain else None,
            "booleanType": self.kind == "boolean",
            "columnName": self.name,
            "custom": self.custom,
            "displayName": self.display_name or self.name,
            "foreignKeyName": None,
            "insertable": self.createable,
            "joinColumns": [c.metadata() for c in self.joined],
            "numberType": self.kind in ("int", "double"),
            "textType": self.kind in ("text", "cased", "multipicklist") and not self.joined,
            "updatable": self.updateable,
        }


def column_of(name: str, operand: Operand, display_name: str = "", *, aggregate: bool = False) -> Column:
    """Return the column of one value."""
    source = operand.field
    if source is None or aggregate:
        kind_type = {"id": "id", "text": "string", "cased": "string"}.get(operand.kind, operand.kind)
        return Column(name, kind_type, operand.kind, display_name, aggregate=aggregate)
    writable = source.createable, source.updateable
    return Column(name, source.type, operand.kind, display_name, False, source.custom, *writable)


def nested(columns: list[tuple[tuple[str, ...], Column]]) -> tuple[Column, ...]:
    """Gather columns by their path: those below one parent relationship become its `joined` columns."""
    order: list[str] = []
    groups: dict[str, list[tuple[tuple[str, ...], Column]]] = {}
    for path, column in columns:
        if path[0] not in groups:
            order.append(path[0])
        groups.setdefault(path[0], []).append((path[1:], column))
    return tuple(_gathered(name, groups[name]) for name in order)


def _gathered(name: str, below: list[tuple[tuple[str, ...], Column]]) -> Column:
    if len(below) == 1 and not below[0][0]:
        return replace(below[0][1], name=name)
    return Column(name, "reference", joined=nested([(path, column) for path, column in below if path]))
