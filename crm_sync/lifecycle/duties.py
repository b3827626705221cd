"""What somebody has to do, as a value: the duties that become Tasks.

Made by `ask_duties` and `care_duties`, turned into records by `tasks`. A duty names no person in its subject: it points at the
contact record, so nothing personal passes through here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from crm_sync.lifecycle.drafts import Letter
from crm_sync.lifecycle.world import Row
from crm_sync.model.records import FORESEEN, Link, Value


@dataclass(frozen=True)
class Duty:
    """Something a person has to do: its key, the subject line, who, by when, and about which records.

    `letter` is what they may write to the customer. `paused` keeps a task that exists waiting, and makes no new one.
    """

    key: str
    subject: str
    owner: str | None
    due_on: date
    who: str | None
    what: Value = None
    description: str = ""
    letter: Letter | None = None
    paused: bool = False


def name_of(row: Row) -> str:
    """What names a record for good: its key if it has one, so that a record about to be made is named as it will be."""
    return str(row.get("key") or row["id"])


def pointing_at(mapping: str, row: Row) -> Value:
    """The record as a lookup's value: its id, or a link by key while it has none."""
    return Link(mapping, row["key"]) if row["id"].startswith(FORESEEN) else str(row["id"])


def words(reference_type: str | None) -> str:
    """A reference type as people say it."""
    return (reference_type or "reference").replace("_", " ")
