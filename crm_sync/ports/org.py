"""What the flow asks of an org, and the values that go there and come back. Implemented by `salesforce`.

Not here: the mirror and the journal (the package itself).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

import pyarrow as pa

from crm_sync.errors import PermanentError, TemporaryError
from crm_sync.model.calls import Spent


class Handling(StrEnum):
    """What to do about an error code of the org; exactly one per code, and unknown codes quarantine the record."""

    RETRY_NOW = "retry_now"
    DEFER_RUN = "defer_run"
    REPLAN = "replan"
    QUARANTINE_RECORD = "quarantine_record"
    HALT_RUN = "halt_run"
    NEVER_RETRY_CONTACT = "never_retry_contact"


class UnclearWriteError(TemporaryError):
    """A write was sent and its answer lost or cut: it may or may not have been committed. Read back by key."""


class SchemaChangedError(PermanentError):
    """The org no longer shows a field or an object that it showed when it was described."""


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


@dataclass(frozen=True, order=True)
class Stamp:
    """A place in an object's change order: server time (whole seconds, UTC) and the id that breaks ties."""

    system_modstamp: datetime
    record_id: str


@dataclass(frozen=True)
class Reading:
    """One object to read: rows changed after `since` (None: all of them) and at or before `until`.

    `fields` are API names; Id is added, and IsDeleted and SystemModstamp where `stamped` and `deletable` say the
    object has them. An object that is not stamped is always read whole. What is read `late` is no older than any row of
    the readings that are not.
    """

    object_name: str
    fields: tuple[str, ...]
    since: Stamp | None
    until: datetime
    stamped: bool = True
    deletable: bool = True
    late: bool = False


@dataclass(frozen=True)
class Page:
    """Some rows of one reading: all columns text, API names. `reading` is its position in what was asked for.

    `resume` is where reading could go on if the run stopped after this page (None: it could not); `last` says
    that nothing of this reading follows, and `resume` is then how far it came: not before `until`, unless a job that an
    earlier run began was used.
    """

    reading: int
    rows: pa.Table
    resume: Stamp | None
    last: bool


@dataclass(frozen=True)
class RowWrite:
    """One upsert in API names. `key_field` is the external id field, or "Id" for a record that exists.

    `values` holds JSON-ready values; a relationship by external id is {"<relationship>": {"<key field>": "..."}}.
    `create_only` makes it an insert, which the org refuses with DUPLICATE_VALUE when the key is taken: of many that
    try, one succeeds.
    """

    object_name: str
    key_field: str
    key: str
    values: Mapping[str, Any]
    create_only: bool = False


@dataclass(frozen=True)
class RowAnswer:
    """The org's answer for one row, in the order sent. `code` is Salesforce's statusCode when not `ok`.

    `whole_batch` says that the code was given to the batch the row travelled in, so the row itself may be innocent.
    """

    ok: bool
    record_id: str | None
    created: bool
    code: str | None = None
    message: str | None = None
    fields: tuple[str, ...] = ()
    handling: Handling | None = None
    whole_batch: bool = False


UNCLEAR = "UNCLEAR"
"""The code of a row of which nobody can say yet whether it was written; the next run finds out."""


@dataclass(frozen=True)
class Job:
    """A Bulk job that this worker began: its path in the org, what it is about, and up to when it reads, if it reads."""

    path: str
    about: str
    until: datetime | None = None


class Jobs(Protocol):
    """The book of Bulk jobs that were begun and are not done with; it outlives the process."""

    def begun(self, job: Job) -> None:
        """Note a job durably."""

    def open(self) -> Sequence[Job]:
        """Return what was begun and is not done with, in order."""

    def done(self, path: str) -> None:
        """Strike a job out."""


class Org(Protocol):
    """A Salesforce org, met over HTTP."""

    def identity(self) -> OrgIdentity:
        """Return which org this is."""

    def server_time(self) -> datetime:
        """Return the server's own time (UTC, whole seconds), never this machine's."""

    def describe(self, object_name: str) -> ObjectFacts | None:
        """Return what is visible of an object, or None when it is not visible at all. Remembered for a while."""

    def describe_all(self, object_names: Sequence[str], *, afresh: bool = False) -> Mapping[str, ObjectFacts]:
        """Describe many objects in few calls, or from memory; an object that is not visible is absent."""

    def begin(self) -> None:
        """Begin a run: count what is spent anew, and wait for the end of what an earlier run handed to the org.

        Usually there is nothing to wait for. Raises TemporaryError when it does not end: the org is then about to change.
        """

    def count(self, object_name: str) -> int:
        """Count the live records of an object that this user may see."""

    def read(self, readings: Sequence[Reading]) -> Iterator[Page]:
        """Yield pages of every reading, deleted rows included. Pages of one reading come in change order."""

    def read_ids(self, object_name: str) -> Iterator[Sequence[str]]:
        """Yield the ids of all live records of an object."""

    def read_rows(self, object_name: str, fields: Sequence[str], ids: Sequence[str]) -> pa.Table:
        """Read these records now, text columns `Id` and `fields`; records that are gone are absent."""

    def find(self, object_name: str, key_field: str, keys: Sequence[str], fields: Sequence[str]) -> pa.Table:
        """Read the records that carry these external keys; text columns `Id`, `key_field` and `fields`."""

    def upsert(self, rows: Sequence[RowWrite], *, opening: RowWrite | None = None) -> Sequence[RowAnswer]:
        """Write rows; one answer per row, in order. Raises UnclearWriteError when nobody can say what was written.

        `opening` is inserted first and in one unit with the rows (at most 1,000 of five kinds), its answer comes first:
        unless it and every row can be written, nothing is.
        """

    def upsert_many(self, rows: Sequence[RowWrite], while_waiting: Callable[[], None]) -> Sequence[RowAnswer]:
        """Write many rows of one object and key field as one job; answers in the order of the rows.

        `while_waiting` is called between looks at the job, and may raise. Rows of a job whose end was not seen are
        UNCLEAR; they must not be sent again before `begin`.
        """

    @property
    def bulk_write_rows(self) -> int:
        """The number of rows from which `upsert_many` costs fewer calls than `upsert`."""

    @property
    def calls(self) -> int:
        """API calls made so far by this process."""

    @property
    def spent(self) -> Spent:
        """What the run that began last has used so far."""
