"""Changes put onto a snapshot: what the org will hold once they are written, so that a decision can reckon with itself.

Called by the pipeline until deciding again changes nothing; that is why a second run writes nothing. Not here: what
the changes are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import pyarrow as pa

from crm_sync.model.records import FORESEEN, Change, Link, Value
from crm_sync.model.snapshot import Snapshot


def foresee(snapshot: Snapshot, changes: Iterable[Change]) -> Snapshot:
    """Return the snapshot as it will be after these changes; new records get an id that says they are foreseen."""
    per_object: dict[str, list[Change]] = defaultdict(list)
    for change in changes:
        per_object[change.object].append(change)
    tables = {name: _changed(snapshot.tables[name], made) for name, made in per_object.items()}
    return replace(snapshot, tables={**snapshot.tables, **tables})


def _changed(table: pa.Table, changes: list[Change]) -> pa.Table:
    updates = {change.id or change.key: change for change in changes if change.action == "update"}
    created = [_created(change) for change in changes if change.action == "create"]
    if updates:
        rows = [_updated(row, updates.get(row["id"]) or updates.get(row.get("key"))) for row in table.to_pylist()]
        table = pa.Table.from_pylist(rows, schema=table.schema)
    if not created:
        return table
    full = [{field.name: row.get(field.name, _blank(field.type)) for field in table.schema} for row in created]
    return pa.concat_tables([table, pa.Table.from_pylist(full, schema=table.schema)])


def _blank(kind: pa.DataType) -> bool | None:
    """What a field holds that nobody set: a checkbox is never null in Salesforce."""
    return False if pa.types.is_boolean(kind) else None


def _created(change: Change) -> dict[str, Any]:
    return {"id": f"{FORESEEN}{change.object} {change.key}", "key": change.key} | _held(change.fields)


def _updated(row: Mapping[str, Any], change: Change | None) -> Mapping[str, Any]:
    return row if change is None else {**row, **_held(change.fields)}


def _held(fields: Mapping[str, Value]) -> dict[str, Any]:
    """Values as a snapshot holds them: a link as the id its record has or will have."""
    return {name: _plain(value) for name, value in fields.items()}


def _plain(value: Value) -> Any:
    if isinstance(value, Link):
        return f"{FORESEEN}{value.object} {value.key}"
    return list(value) if isinstance(value, tuple) else value
