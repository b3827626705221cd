"""Desired records against the snapshot -> the changes that make them equal, and nothing else.

Called by the pipeline. A record that is already as desired gives no change, so a second run writes nothing.
Not here: what is desired (lifecycle) and how it is sent (writeback).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crm_sync.diff.plan import Plan
from crm_sync.model.records import Change, Desired, Link, Value
from crm_sync.model.snapshot import Snapshot
from crm_sync.program import ObjectMapping, Program

WRITTEN_BY_WORKER = frozenset({"worker", "stamp", "key"})
WRITTEN_ON_CREATE = frozenset({"human_after_create", "key", "worker", "stamp"})


def plan(snapshot: Snapshot, desired: Iterable[Desired], program: Program, *, forgotten: Iterable[str] = ()) -> Plan:
    """Compare what ought to be with what is, and return every write that is needed, in a fixed order.

    The contacts `forgotten` are erased for good once the plan is carried out.
    """
    existing = Existing(snapshot)
    changes: list[Change] = []
    for record in sorted(desired, key=lambda d: (d.object, d.key or "", d.id or "")):
        changes.extend(_change(record, existing, program.mappings[record.object]))
    judged = [row for row in existing.rows("profile") if row.get("verdict")]
    updates = [c for c in changes if c.object == "profile" and c.action == "update" and c.before.get("verdict")]
    return Plan(
        org_id=snapshot.org_id,
        as_of=snapshot.today,
        rule_version=program.version,
        changes=tuple(changes),
        profiles=len(judged),
        flipped=sum(c.fields.get("verdict", c.before["verdict"]) != c.before["verdict"] for c in updates),
        retired=sum(bool(c.before.get("eligible_types")) and c.fields.get("eligible_types") == () for c in updates),
        people=snapshot.tables["contact"].num_rows if "contact" in snapshot.tables else 0,
        forgotten=tuple(sorted(forgotten)),
    )


def _change(record: Desired, existing: Existing, mapping: ObjectMapping) -> Iterator[Change]:
    """Give the one change this record needs, or none."""
    row = existing.find(record.object, record.key, record.id)
    owned = {name: value for name, value in record.fields.items() if _owner(mapping, name) in WRITTEN_BY_WORKER}
    if row is None:
        first = {name: value for name, value in record.on_create.items() if _owner(mapping, name) in WRITTEN_ON_CREATE}
        yield Change(record.object, "create", {**first, **owned}, {}, key=record.key, id=record.id, why=record.why)
        return
    differing = {name: value for name, value in owned.items() if not existing.holds(row, name, value)}
    if any(_owner(mapping, name) != "stamp" for name in differing):
        before = {name: _as_value(row.get(name)) for name in differing}
        if record.object == "profile":
            before |= {name: _as_value(row.get(name)) for name in ("verdict", "eligible_types")}
        identity = {"id": row["id"]} if not row.get("key") else {"key": row["key"]}
        yield Change(record.object, "update", differing, before, why=record.why, **identity)


def _owner(mapping: ObjectMapping, name: str) -> str | None:
    """Who owns this field; a field without a mapping belongs to nobody and is never written."""
    field = mapping.fields.get(name)
    return field.owner if field else None


@dataclass
class Existing:
    """The snapshot's rows found by key or by id, built per object when first asked for."""

    snapshot: Snapshot

    def __post_init__(self) -> None:
        self._by_id: dict[str, dict[str, Mapping[str, Any]]] = {}
        self._by_key: dict[str, dict[str, Mapping[str, Any]]] = {}

    def rows(self, name: str) -> Iterable[Mapping[str, Any]]:
        """All rows of one mapping, as dicts by program name."""
        self._load(name)
        return self._by_id[name].values()

    def find(self, name: str, key: str | None, record_id: str | None) -> Mapping[str, Any] | None:
        """The row with this id, else with this key, else None."""
        self._load(name)
        if record_id is not None:
            return self._by_id[name].get(record_id)
        return self._by_key[name].get(key) if key is not None else None

    def holds(self, row: Mapping[str, Any], name: str, wanted: Value) -> bool:
        """Whether the row already holds this value; a link is held when it points at the record with that key."""
        held = row.get(name)
        if isinstance(wanted, Link):
            target = self.find(wanted.object, wanted.key, None)
            return target is not None and held == target["id"]
        return _same(_as_value(held), _as_value(wanted))

    def _load(self, name: str) -> None:
        if name in self._by_id:
            return
        table = self.snapshot.tables.get(name)
        rows = table.to_pylist() if table is not None else []
        self._by_id[name] = {row["id"]: row for row in rows}
        self._by_key[name] = {row["key"]: row for row in rows if row.get("key")}


def _as_value(held: Any) -> Value:
    """Bring a value to the one form comparisons use: "" is null, lists are sorted tuples, datetimes whole seconds."""
    if isinstance(held, list | tuple | set | frozenset):
        return tuple(sorted(held))
    if isinstance(held, str):
        return held.strip() or None
    if isinstance(held, datetime):
        return held.replace(microsecond=0)
    return held  # type: ignore[no-any-return]


def _same(held: Value, wanted: Value) -> bool:
    """Equal as the org stores it: an empty multi-picklist is null, numbers agree to nine decimals."""
    if (
        not held
        and not wanted
        and not isinstance(held, bool | int | float)
        and not isinstance(wanted, bool | int | float)
    ):
        return True
    if isinstance(held, int | float) and isinstance(wanted, int | float):
        return round(float(held), 9) == round(float(wanted), 9)
    return held == wanted
