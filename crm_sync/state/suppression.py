"""The suppression list: keyed hashes of whoever was forgotten, all that is left of them, in a file of its own.

Kept beside the journal and asked by journal, mirror and archive: each notes up to which list it was screened, and is screened
again when the list has grown or the store is an older one, from a backup. So a newer list put beside restored files takes out
everybody again, before anything else is read. From the hashes alone nobody can tell who it was. Not here: which records are
whose (lifecycle).
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable
from pathlib import Path

from crm_sync.errors import PermanentError
from crm_sync.lifecycle.forgetting import traces

HASH_BYTES = 16
TITLE = "crm_sync suppression list "
_LINE = re.compile(rf"[0-9a-f]{{{2 * HASH_BYTES}}}")


class Suppression:
    """One list, read when it is opened; it only grows."""

    def __init__(self, path: Path, secret: bytes) -> None:
        self._path = path
        self._secret = secret
        self._lines: tuple[str, ...] = _read(path, self._title)
        self._known = frozenset(self._lines)

    @property
    def version(self) -> str:
        """Name the list as it is now: how many hashes there are, and a digest of them."""
        return self._version_of(len(self._lines))

    def covers(self, screened: str | None) -> bool:
        """Whether a store that was screened up to this version needs no screening.

        Raises:
            PermanentError: the store has seen more than this list holds, so this is an old list.
        """
        number = int(screened.partition(" ")[0]) if screened else 0
        if number > len(self._lines) or (screened and screened != self._version_of(number)):
            raise PermanentError(
                f"{self._path} is older than the files beside it: people who were forgotten since are not in it. Put the "
                "newest copy of it there. If there is none, move the whole state folder away: the next run makes it "
                "anew, and forgets whoever the org says is to be forgotten."
            )
        return number == len(self._lines)

    def names(self, text: str | None) -> bool:
        """Whether a text is, or holds, an id or key of somebody who was forgotten."""
        if not text or not self._known:
            return False
        return any(self._hash(trace) in self._known for trace in traces(text))

    def add(self, identifiers: Iterable[str]) -> None:
        """Add these ids and keys durably, all or none of them."""
        fresh = {self._hash(trace) for one in identifiers for trace in traces(one)} - self._known
        if not fresh:
            return
        lines = (*self._lines, *sorted(fresh))
        _write(self._path, "\n".join((self._title, *lines, "")))
        self._lines, self._known = lines, frozenset(lines)

    @property
    def _title(self) -> str:
        return TITLE + self._hash("whose secret this was made with")

    def _version_of(self, number: int) -> str:
        return f"{number} {hashlib.sha256(' '.join(self._lines[:number]).encode()).hexdigest()[:16]}"

    def _hash(self, value: str) -> str:
        return hashlib.blake2b(value.encode(), key=self._secret, digest_size=HASH_BYTES).hexdigest()


def _read(path: Path, title: str) -> tuple[str, ...]:
    try:
        found, *lines = path.read_text(encoding="ascii").splitlines()
    except FileNotFoundError:
        return ()
    except (OSError, ValueError) as error:
        raise _unusable(path, "cannot be read") from error
    if found != title:
        raise _unusable(path, "was made with another journal's secret")
    if not all(map(_LINE.fullmatch, lines)):
        raise _unusable(path, "is damaged")
    return tuple(lines)


def _write(path: Path, text: str) -> None:
    """Write the file beside its name and move it there when it is whole and on the disk."""
    half = path.with_name(f"{path.name}.half")
    with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    half.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _unusable(path: Path, why: str) -> PermanentError:
    return PermanentError(
        f"{path} {why}. It says who was forgotten and has to stay out, so nothing is done without it. Restore it and the "
        "journal from backups that belong together. If there are none, move the whole state folder away: the next run "
        "makes it anew, and forgets whoever the org says is to be forgotten."
    )
