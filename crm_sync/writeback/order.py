"""Changes -> the order in which to send them, cut into calls. Pure; called by write_back.

A record is sent after every record it links to that this plan creates. Within that, rows of one object stay together
and those of one parent beside each other, because the org locks parents too. Not here: sending.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from crm_sync.errors import PermanentError
from crm_sync.model.records import Change, Link
from crm_sync.ports import RowWrite

ROWS_PER_COLLECTION = 200
COLLECTIONS_PER_CALL = 5


@dataclass(frozen=True)
class Sendable:
    """One change with its row; `position` is its place in the plan, `wave` how many records must be there before it."""

    position: int
    change: Change
    row: RowWrite
    payload_hash: str
    wave: int = 0

    @property
    def links(self) -> tuple[tuple[str, str], ...]:
        """The (object, key) of every record it links to by key."""
        return links(self.change)


def links(change: Change) -> tuple[tuple[str, str], ...]:
    """Name the (object, key) of every record that a change links to by key."""
    return tuple((value.object, value.key) for value in change.fields.values() if isinstance(value, Link))


def in_order(items: Sequence[Sendable]) -> list[Sendable]:
    """Sort by wave, object, key field, parent and key: the same plan is always sent in the same order."""
    waves = _waves([item.change for item in items])
    placed = [replace(item, wave=waves[item.change.object, item.change.key or item.change.id or ""]) for item in items]
    return sorted(placed, key=lambda item: (item.wave, _place(item)))


def jobs_and_calls(items: Sequence[Sendable], job_rows: int) -> Iterator[tuple[bool, list[Sendable]]]:
    """Cut an ordered list into big runs of one object, to be sent as a job (True), and calls for all between them."""
    small: list[Sendable] = []
    for _, group in groupby(items, key=lambda item: (item.wave, _kind(item))):
        run = list(group)
        if len(run) < job_rows:
            small += run
            continue
        yield from ((False, call) for call in calls(small))
        yield True, run
        small = []
    yield from ((False, call) for call in calls(small))


def calls(items: Sequence[Sendable], rows_per_collection: int = ROWS_PER_COLLECTION) -> Iterator[list[Sendable]]:
    """Cut an ordered list into calls of at most five collections, each of one object and key field."""
    call: list[Sendable] = []
    collections = rows = 0
    for item in items:
        same = bool(call) and _kind(call[-1]) == _kind(item) and rows < rows_per_collection
        if not same and collections == COLLECTIONS_PER_CALL:
            yield call
            call, collections = [], 0
        if not same:
            collections, rows = collections + 1, 0
        call.append(item)
        rows += 1
    if call:
        yield call


def _kind(item: Sendable) -> tuple[str, str]:
    return item.row.object_name, item.row.key_field


def _place(item: Sendable) -> tuple[str, str, str, str]:
    return item.row.object_name, item.row.key_field, _parent(item.row.values), item.row.key


def _parent(values: Mapping[str, object]) -> str:
    """The first parent among the values: a relationship by key, or an 18-character id."""
    for name in sorted(values):
        value = values[name]
        if isinstance(value, dict):
            return str(sorted(value.items(), key=str))
        if isinstance(value, str) and len(value) == 18 and value.isalnum():
            return value
    return ""


def _waves(changes: Sequence[Change]) -> dict[tuple[str, str], int]:
    created = {
        (change.object, change.key or ""): change for change in changes if change.action == "create" and change.key
    }
    waves: dict[tuple[str, str], int] = {}
    for change in changes:
        _wave(change, created, waves, ())
    return waves


def _wave(
    change: Change,
    created: Mapping[tuple[str, str], Change],
    waves: dict[tuple[str, str], int],
    path: tuple[tuple[str, str], ...],
) -> int:
    own = (change.object, change.key or change.id or "")
    if own in path:
        raise PermanentError(
            f"The plan has records that wait for each other: {' -> '.join(map(' '.join, (*path, own)))}."
        )
    if own not in waves:
        targets = (created[target] for target in links(change) if target in created)
        waves[own] = 1 + max((_wave(target, created, waves, (*path, own)) for target in targets), default=-1)
    return waves[own]
