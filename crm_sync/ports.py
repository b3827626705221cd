"""What the flow asks of the world: an org, a mirror, a journal. Real ones are built in `bootstrap`.

`salesforce` implements Org, `state` implements Mirror and Journal; pull and writeback speak only to these.
There is no Clock here: `as_of` is an argument of the run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import pyarrow as pa


@dataclass(frozen=True)
class FieldFacts:
    """What describe says of one field, in Salesforce's words."""

    name: str
    type: str
    length: int
    createable: bool
    updateable: bool
    nillable: bool
    unique: bool
    external_id: bool
    case_sensitive: bool
    calculated: bool
    restricted_picklist: bool
    picklist_values: tuple[str, ...]
    reference_to: tuple[str, ...]
    relationship_name: str | None
    label: str


@dataclass(frozen=True)
class ObjectFacts:
    """What describe says of one object; `fields` keyed by API name. A field without access is absent."""

    name: str
    label: str
    key_prefix: str | None
    createable: bool
    updateable: bool
    queryable: bool
    fields: Mapping[str, FieldFacts]


@dataclass(frozen=True)
class OrgIdentity:
    """Which org this is: 18-character id, name, and whether it is a sandbox."""

    org_id: str
    name: str
    is_sandbox: bool


@dataclass(frozen=True)
class Stamp:
    """A place in an object's change order: server time (whole seconds, UTC) and the id that breaks ties."""

    system_modstamp: datetime
    record_id: str


@dataclass(frozen=True)
class RowWrite:
    """One upsert in API names. `key_field` is the external id field, or "Id" for a record that exists.

    `values` holds JSON-ready values; a relationship by external id is {"Request__r": {"External_Key__c": "..."}}.
    """

    object_name: str
    key_field: str
    key: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class RowAnswer:
    """The org's answer for one row, in the order sent. `code` is Salesforce's statusCode when not `ok`."""

    ok: bool
    record_id: str | None
    created: bool
    code: str | None = None
    message: str | None = None
    fields: tuple[str, ...] = ()


class Org(Protocol):
    """A Salesforce org, met over HTTP."""

    def identity(self) -> OrgIdentity: ...
    def server_time(self) -> datetime: ...
    def describe(self, object_name: str) -> ObjectFacts: ...
    def count(self, object_name: str) -> int: ...
    def read(
        self,
        object_name: str,
        fields: Sequence[str],
        since: Stamp | None,
        until: datetime,
        *,
        expected_rows: int | None = None,
    ) -> Iterator[pa.Table]:
        """Yield pages of rows (all columns text, API names, deleted rows included with IsDeleted) changed in [since, until]."""
        ...

    def read_ids(self, object_name: str) -> Iterator[Sequence[str]]: ...
    def read_rows(self, object_name: str, fields: Sequence[str], ids: Sequence[str]) -> pa.Table: ...
    def upsert(self, rows: Sequence[RowWrite]) -> Sequence[RowAnswer]: ...
    @property
    def calls(self) -> int:
        """API calls made so far by this process."""
        ...


class Mirror(Protocol):
    """The columnar copy of the mapped fields, with each object's watermark in the same transaction as its rows."""

    def watermark(self, name: str) -> Stamp | None: ...
    def apply(self, name: str, rows: pa.Table, watermark: Stamp | None) -> None: ...
    def forget(self, name: str, ids: Sequence[str]) -> None: ...
    def table(self, name: str) -> pa.Table: ...
    def close(self) -> None: ...


class Journal(Protocol):
    """Durable local record: inbox of wake-ups, run ledger, intents and outcomes, quarantine, decision log."""

    def begin_run(self, run_id: str, kind: str, as_of: datetime, facts: Mapping[str, Any]) -> None: ...
    def record_intents(self, run_id: str, intents: Iterable[Mapping[str, Any]]) -> None: ...
    def record_outcomes(self, run_id: str, outcomes: Iterable[Mapping[str, Any]]) -> None: ...
    def end_run(self, run_id: str, status: str, facts: Mapping[str, Any]) -> None: ...
    def close(self) -> None: ...
