"""What the flow asks of the world: an org, a mirror, a journal. Real ones are built in `bootstrap`.

`salesforce` implements Org, `state` implements Mirror and Journal; pull and writeback speak only to these.
There is no Clock here: `as_of` is an argument of the run, and the server's clock is the org's answer.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import pyarrow as pa

from crm_sync.keeping import Decisions, Dispositions, Suppression
from crm_sync.ports.org import (
    UNCLEAR,
    FieldFacts,
    Handling,
    Job,
    Jobs,
    ObjectFacts,
    Org,
    OrgIdentity,
    Page,
    Reading,
    RowAnswer,
    RowWrite,
    SchemaChangedError,
    Stamp,
    UnclearWriteError,
)

__all__ = [
    "UNCLEAR",
    "Batch",
    "FieldFacts",
    "Handling",
    "Inbox",
    "Job",
    "Jobs",
    "Journal",
    "Mirror",
    "Notification",
    "ObjectFacts",
    "Org",
    "OrgIdentity",
    "Page",
    "Reading",
    "RowAnswer",
    "RowWrite",
    "SchemaChangedError",
    "Stamp",
    "UnclearWriteError",
    "Waiting",
]


@dataclass(frozen=True)
class Batch:
    """Rows ready for the mirror: `rows` in the table's columns, ids to delete, picklist values nothing translates.

    `merged` holds the last known state of deleted records that were merged into another (same columns as `rows`).
    """

    rows: pa.Table
    deleted_ids: Sequence[str]
    merged: pa.Table
    unmapped: pa.Table


class Mirror(Protocol):
    """The columnar copy of the mapped fields, with each object's watermark in the same transaction as its rows."""

    @property
    def salt(self) -> bytes:
        """The secret that keys one-way transforms of what must not be readable in the mirror."""

    def claim(self, org_id: str) -> None:
        """Bind an empty mirror to this org; raises WrongOrgError when it holds another org's rows."""

    def prepare(self, name: str, schema: pa.Schema, fingerprint: str) -> None:
        """Make the table ready; a new fingerprint empties it, so that the object is read in full again."""

    def watermark(self, name: str) -> Stamp | None:
        """Return how far this table has come; None when it is to be read whole."""

    def apply(self, name: str, batch: Batch, watermark: Stamp | None) -> None:
        """Write one page and its watermark in one transaction; `watermark` None leaves the old one."""

    def replace(self, name: str, batches: Iterable[Batch], watermark: Stamp | None) -> None:
        """Replace a whole table in one transaction."""

    def forget(self, name: str, ids: Sequence[str]) -> None:
        """Delete rows that the org no longer has."""

    def screen(self) -> int:
        """Take out whoever is on the suppression list, unless that was done; returns how many rows it was."""

    def ids(self, name: str) -> pa.ChunkedArray:
        """Return the ids of all rows."""

    def table(self, name: str) -> pa.Table:
        """Return all rows."""

    def merged(self, name: str) -> pa.Table:
        """Return the last known state of records that were merged into others."""

    def unmapped(self) -> pa.Table:
        """Return the picklist values nothing translates: object, id, field, value."""

    def close(self) -> None:
        """Let go of the file."""


@dataclass(frozen=True)
class Notification:
    """One wake-up: the sender's id of it, the object and the record to look at again."""

    notification_id: str
    object_name: str
    record_id: str


@dataclass(frozen=True)
class Waiting:
    """The records to look at again, each once, and the place up to which they were read."""

    records: tuple[tuple[str, str], ...]
    up_to: int


class Inbox(Protocol):
    """Where wake-ups wait until a run has looked at them."""

    def receive(self, notifications: Iterable[Notification]) -> int:
        """Store notifications durably, each id once; return how many were new."""

    def waiting(self) -> Waiting:
        """Return what is to be looked at again; it stays until `done`, so a crash in between loses nothing."""

    def done(self, waiting: Waiting) -> None:
        """Note that everything `waiting` named was looked at; what came since stays new."""

    def older(self, before: datetime) -> int:
        """Count what is done and was received before this moment."""

    def prune(self, before: datetime) -> int:
        """Delete what is done and was received before this moment, and return how much."""


class Journal(Protocol):
    """Durable local record: inbox, run ledger, intents and outcomes, quarantine, decision log, disposition log."""

    @property
    def inbox(self) -> Inbox:
        """The wake-ups that were acknowledged and not yet acted upon."""

    @property
    def decisions(self) -> Decisions:
        """The decision log."""

    @property
    def dispositions(self) -> Dispositions:
        """The disposition log."""

    @property
    def suppression(self) -> Suppression:
        """Who was forgotten."""

    def screen(self) -> int:
        """Take out whoever is on the suppression list, unless that was done; returns how many rows it was."""

    def lose(self, contacts: Collection[str]) -> int:
        """Destroy what unlocks the decisions about these contacts; returns of how many it was."""

    def older(self, before: datetime) -> int:
        """Count the runs that ended before this moment."""

    def prune(self, before: datetime) -> int:
        """Delete runs that ended before this moment, with their intents and outcomes; return how many."""

    @property
    def jobs(self) -> Jobs:
        """The Bulk jobs that were begun and are not done with."""

    def salt(self) -> bytes:
        """Return this worker's secret for one-way keys; made once, kept for ever."""

    def adopt_unfinished(self) -> tuple[str, ...]:
        """End the runs that a crash left open and name them."""

    def begin_run(self, run_id: str, kind: str, as_of: datetime, facts: Mapping[str, Any]) -> None:
        """Note that a run has begun."""

    def record_intents(self, run_id: str, intents: Iterable[Mapping[str, Any]]) -> None:
        """Note durably what is about to be written."""

    def record_outcomes(self, run_id: str, outcomes: Iterable[Mapping[str, Any]]) -> None:
        """Note durably what became of it."""

    def end_run(self, run_id: str, status: str, facts: Mapping[str, Any]) -> None:
        """Note how a run ended."""

    def quarantined(self) -> Mapping[str, str]:
        """Return every quarantined subject with the hash of the payload that was refused for good."""

    def quarantine(self, subject: str, payload_hash: str, code: str, message: str) -> None:
        """Keep this payload from being sent again until it changes."""

    def release(self, subject: str) -> None:
        """Let a subject be sent again."""

    def close(self) -> None:
        """Let go of the file."""
