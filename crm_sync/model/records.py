"""Desired records and planned changes: what the org ought to hold, in program names.

Made by `lifecycle`, compared by `diff`, sent by `writeback`. Not here: API names (mappings own those).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from crm_sync.model.calls import Spent, floor_of_reading, floor_of_writing
from crm_sync.model.drafts import Draft

FORESEEN = "foreseen "
"""How the id of a record begins that this run will create; the org gives the real one."""

Scalar = str | float | int | bool | date | datetime | None


@dataclass(frozen=True)
class Link:
    """A reference to a record that may not exist yet, by the external key it has or will have."""

    object: str
    key: str


Value = Scalar | Link | Draft | tuple[str, ...]


@dataclass(frozen=True)
class Desired:
    """One record as it ought to be: the fields the worker owns, by program name.

    `object` is a mapping name. Exactly one of `key` (the worker's deterministic external key) and `id`
    (an existing record a person created) identifies it. `on_create` fields belong to people afterwards and are
    sent only when the record is created.
    """

    object: str
    fields: Mapping[str, Value]
    key: str | None = None
    id: str | None = None
    on_create: Mapping[str, Value] = field(default_factory=dict)
    why: str = ""


@dataclass(frozen=True)
class Change:
    """One write: what it changes from and to, and why. `action` is what the org will do with it."""

    object: str
    action: Literal["create", "update"]
    fields: Mapping[str, Value]
    before: Mapping[str, Value]
    key: str | None = None
    id: str | None = None
    why: str = ""

    @property
    def subject(self) -> str:
        """The record's name in logs and messages: object and key or id, never personal data."""
        return f"{self.object} {self.key or self.id}"


@dataclass(frozen=True)
class RowResult:
    """What became of one change."""

    change: Change
    status: Literal["written", "refused", "deferred", "skipped"]
    record_id: str | None = None
    code: str | None = None
    message: str | None = None


@dataclass(frozen=True)
class Erased:
    """Whom a run forgot: contact records of people, what went from which store, and what the org still holds of them.

    `waiting` counts those who stay for now: under legal hold, or because a write about one of them was put off or refused.
    """

    people: int = 0
    traces: Mapping[str, int] = field(default_factory=dict)
    left_in_org: tuple[tuple[str, str], ...] = ()
    waiting: int = 0


@dataclass(frozen=True)
class Outcome:
    """What one run did: exactly one result per planned change, the calls it made beside the fewest that could do, and whom it
    forgot.
    """

    results: tuple[RowResult, ...]
    api_calls: int
    api_calls_floor: int
    erased: Erased = Erased()

    @classmethod
    def of(cls, results: Iterable[RowResult], spent: Spent, erased: Erased = Erased()) -> Outcome:
        """Put results beside what the run has used."""
        made = tuple(results)
        written = Counter(result.change.object for result in made if result.status == "written")
        return cls(made, spent.calls, floor_of_reading(spent.rows_read) + floor_of_writing(written), erased)

    def count(self, status: str) -> int:
        """How many changes ended in this status."""
        return sum(result.status == status for result in self.results)
