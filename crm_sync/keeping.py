"""What is kept of past runs, and who is kept out of it: what the flow asks of decision log, archive and suppression list.

`state` implements these; `audit` and `erasure` speak only to them. Not here: the stores of the present (ports).
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from crm_sync.errors import PermanentError

Sealed = tuple[int, str, str, str, str]
"""An entry of a log as it was sealed: seq, run_id, at, body, seal."""


class Suppression(Protocol):
    """Who was forgotten, as keyed hashes: the list that everything else is screened with."""

    @property
    def version(self) -> str:
        """Name the list as it is now."""

    def covers(self, screened: str | None) -> bool:
        """Whether what was screened with this version needs no screening; raises PermanentError when this is an old list."""

    def names(self, text: str | None) -> bool:
        """Whether a text is, or holds, an id or key of somebody who was forgotten."""

    def add(self, identifiers: Iterable[str]) -> None:
        """Add these ids and keys durably, all or none of them."""


class Dispositions(Protocol):
    """The disposition log: what was disposed of, on what basis, and how much; never about whom. Sealed, kept for ever."""

    def note(self, what: str, basis: str, number: int, **facts: Any) -> None:
        """Note what was disposed of, on what basis (in words that name nobody), how many, and what else is known."""

    def entries(self) -> Sequence[Mapping[str, Any]]:
        """Return every disposition with its moment (`at`), the oldest first."""

    def verify(self) -> int:
        """Recompute every seal and return how many there are; raises PermanentError at the first that is wrong."""

    def decisions_older(self, before: datetime) -> int:
        """Count the decisions that are older than this moment."""

    def dispose_of_decisions(self, before: datetime, basis: str) -> int:
        """Take out the decisions that are older than this moment, and note with which seal they ended; returns how many."""


class Decisions(Protocol):
    """The decision log: append-only, each entry sealed with the hash of all before it.

    What it says of a person is locked with a key of theirs; of whoever was forgotten it says nothing any more.
    """

    def append(self, run_id: str, entries: Iterable[Mapping[str, Any]]) -> str:
        """Add entries in order and return the last seal."""

    def entries(self, run_id: str | None = None, what: str | None = None) -> Sequence[Mapping[str, Any]]:
        """Return the entries of one run, or all, and of one kind (their `what`), or all, in order."""

    def sealed(self) -> Sequence[Sealed]:
        """Return every entry as it was sealed, in order."""

    def start(self) -> tuple[int, str]:
        """Return the number and the seal of the last entry that was disposed of; 0 and zeros when none was."""

    def last(self, what: str) -> Mapping[str, Any] | None:
        """Return the latest entry of this kind."""

    def people(self) -> Sequence[tuple[str, str, bytes]]:
        """Return (name in the log, contact, key) of everybody who was not forgotten."""

    def missing(self, living: Collection[str], before: datetime) -> Sequence[str]:
        """Note whom of its people the org no longer has; return those it has not had since before this moment."""

    def verify(self) -> int:
        """Recompute every seal and return how many entries there are; raises PermanentError at the first that is wrong."""


def name_of(content: bytes) -> str:
    """Name content as every archive does: by what it is, so equal content has one name."""
    return hashlib.sha256(content).hexdigest()


class NotKeptError(PermanentError):
    """What was asked for is not in the archive, or no longer."""


class Archive(Protocol):
    """Content kept under the name that `name_of` gives it, each once however often it is put."""

    def put(self, content: bytes) -> str:
        """Keep this durably and return its name."""

    def get(self, name: str) -> bytes:
        """Return what is kept under this name; raises NotKeptError when it is gone, PermanentError when it is damaged."""


class Shelf(Archive, Protocol):
    """An archive out of which somebody can be taken, and what is old."""

    def names(self) -> Iterator[str]:
        """Name everything that is kept."""

    def redact(self, name: str, content: bytes) -> None:
        """Keep this under the name of what it was before somebody was taken out of it; that is deleted."""

    def discard(self, name: str) -> None:
        """Delete what is kept under this name."""

    def is_redacted(self, name: str) -> bool:
        """Whether somebody was taken out of this."""

    @property
    def screened(self) -> str | None:
        """The version of the suppression list that this archive was screened with."""

    def note_screened(self, version: str) -> None:
        """Note that whoever this version of the suppression list names was taken out."""

    def older(self, before: datetime) -> int:
        """Count what was last kept before this moment."""

    def prune(self, before: datetime) -> int:
        """Delete what was last kept before this moment; return how much it was."""


class Papers(Protocol):
    """Files that commands left in the state folder."""

    def screen(self) -> int:
        """Delete the files that name somebody on the suppression list, unless that was done; returns how many."""
