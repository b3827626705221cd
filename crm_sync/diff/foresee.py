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
    links = _Links(snapshot)
    tables = {name: _changed(snapshot.tables[name], made, links) for name, made in per_object.items()}
    return replace(snapshot, tables={**snapshot.tables, **tables})


class _Links:
    """Where links lead: to the id of the record that has the key, or that it will have."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._ids: dict[str, Mapping[str, str]] = {}

    def id(self, link: Link) -> str:
        """The id that a field holds which points at this record."""
        if link.object not in self._ids:
            columns = self._snapshot.tables[link.object].select(["key", "id"]).to_pydict()
            self._ids[link.object] = dict(zip(columns["key"], columns["id"], strict=True))
        return self._ids[link.object].get(link.key) or f"{FORESEEN}{link.object} {link.key}"

    def held(self, fields: Mapping[str, Value]) -> dict[str, Any]:
        """Values as a snapshot holds them."""
        return {name: self.id(one) if isinstance(one, Link) else _plain(one) for name, one in fields.items()}


def _changed(table: pa.Table, changes: list[Change], links: _Links) -> pa.Table:
    updates = {change.id or change.key: change for change in changes if change.action == "update"}
    created = [_created(change, links) for change in changes if change.action == "create"]
    if updates:
        rows = [
            _updated(row, updates.get(row["id"]) or updates.get(row.get("key")), links) for row in table.to_pylist()
        ]
        table = pa.Table.from_pylist(rows, schema=table.schema)
    if not created:
        return table
    full = [{field.name: row.get(field.name, _blank(field.type)) for field in table.schema} for row in created]
    return pa.concat_tables([table, pa.Table.from_pylist(full, schema=table.schema)])


def _blank(kind: pa.DataType) -> bool | None:
    """What a field holds that nobody set: a checkbox is never null in Salesforce."""
    return False if pa.types.is_boolean(kind) else None


def _created(change: Change, links: _Links) -> dict[str, Any]:
    return {"id": f"{FORESEEN}{change.object} {change.key}", "key": change.key} | links.held(change.fields)


def _updated(row: Mapping[str, Any], change: Change | None, links: _Links) -> Mapping[str, Any]:
    return row if change is None else {**row, **links.held(change.fields)}


def _plain(value: Value) -> Any:
    return list(value) if isinstance(value, tuple) else value
