"""FileArchive: content in files named by what they hold, compressed, each once. Implements keeping.Shelf.

A file is written beside its name and moved there when it is whole, so a crash leaves no half of one. Keeping the same
content again renews the file's date; that is what `prune` goes by. What somebody forgotten was taken out of stays under its
old name, in a file that says so. Used through `audit`. Not here: what is kept, and taking anybody out of it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa

from crm_sync.errors import PermanentError
from crm_sync.keeping import NotKeptError, name_of
from crm_sync.state.folder import private_folder

SIZE_BYTES = 8
NAME_CHARS = 64
REDACTED = ".redacted"
SCREENED = "screened"
"""The file that says with which version of the suppression list this archive was screened."""
_NAME = re.compile(r"[0-9a-f]{64}")


class FileArchive:
    """One folder of kept content."""

    def __init__(self, folder: Path, now: Callable[[], datetime]) -> None:
        self._folder = folder
        self._now = now
        self._codec = pa.Codec("zstd")

    @classmethod
    def open(cls, folder: Path, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> FileArchive:
        """Open or make the folder, for this user alone."""
        private_folder(folder)
        return cls(folder, now)

    def put(self, content: bytes) -> str:
        """Keep this durably and return its name."""
        name = name_of(content)
        path = self._path(name)
        if not path.exists():
            private_folder(path.parent)
            self._write(path, len(content).to_bytes(SIZE_BYTES, "big") + self._codec.compress(content, asbytes=True))
        moment = self._now().timestamp()
        os.utime(path, (moment, moment))
        return name

    def get(self, name: str) -> bytes:
        """Return what is kept under this name; raises NotKeptError when it is gone, PermanentError when damaged."""
        path = self._path(name)
        try:
            expected, stored = _stored(path)
            size = int.from_bytes(stored[:SIZE_BYTES], "big")
            content: bytes = self._codec.decompress(stored[SIZE_BYTES:], decompressed_size=size, asbytes=True)
        except FileNotFoundError as error:
            raise NotKeptError(f"{path} is not kept, or no longer: this run cannot be made again.") from error
        except (OSError, ValueError, OverflowError, MemoryError, pa.ArrowException) as error:
            raise _damaged(path) from error
        if name_of(content) != expected:
            raise _damaged(path)
        return content

    def names(self) -> Iterator[str]:
        """Name everything that is kept, redacted or not."""
        found = {path.name.removesuffix(REDACTED) for path in self._folder.glob("??/*")}
        yield from (name for name in sorted(found) if _NAME.fullmatch(name))

    def redact(self, name: str, content: bytes) -> None:
        """Keep this under the name of what it was before somebody was taken out of it; that is deleted."""
        path = self._path(name)
        last_kept = (path if path.exists() else _redacted(path)).stat().st_mtime
        body = name_of(content).encode() + len(content).to_bytes(SIZE_BYTES, "big")
        self._write(_redacted(path), body + self._codec.compress(content, asbytes=True))
        os.utime(_redacted(path), (last_kept, last_kept))
        path.unlink(missing_ok=True)

    def discard(self, name: str) -> None:
        """Delete what is kept under this name."""
        for path in (self._path(name), _redacted(self._path(name))):
            path.unlink(missing_ok=True)

    def is_redacted(self, name: str) -> bool:
        """Whether somebody was taken out of this."""
        path = self._path(name)
        return not path.exists() and _redacted(path).exists()

    @property
    def screened(self) -> str | None:
        """The version of the suppression list that this archive was screened with."""
        path = self._folder / SCREENED
        return path.read_text(encoding="ascii") if path.exists() else None

    def note_screened(self, version: str) -> None:
        """Note that whoever this version of the suppression list names was taken out; halves of a crash go as well."""
        for half in self._folder.glob("??/*.half"):
            half.unlink()
        self._write(self._folder / SCREENED, version.encode())

    def older(self, before: datetime) -> int:
        """Count what was last kept before this moment."""
        return len(self._old(before))

    def prune(self, before: datetime) -> int:
        """Delete what was last kept before this moment, and what a crash left half written; return how much it was."""
        old = self._old(before)
        for path in old:
            path.unlink()
        return len(old)

    def _old(self, before: datetime) -> list[Path]:
        return [path for path in self._folder.glob("??/*") if path.stat().st_mtime < before.timestamp()]

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise PermanentError(f"{name!r} is no name of kept content.")
        return self._folder / name[:2] / name

    def _write(self, path: Path, content: bytes) -> None:
        half = path.with_name(f"{path.name}.{os.getpid()}.half")
        with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        half.replace(path)


def _redacted(path: Path) -> Path:
    return path.with_name(path.name + REDACTED)


def _stored(path: Path) -> tuple[str, bytes]:
    """Give what the content has to be named, and its bytes; a redacted file begins with that name."""
    if path.exists():
        return path.name, path.read_bytes()
    stored = _redacted(path).read_bytes()
    return stored[:NAME_CHARS].decode("ascii", "replace"), stored[NAME_CHARS:]


def _damaged(path: Path) -> PermanentError:
    return PermanentError(f"{path} is damaged. Restore it from a backup; the decision log says what it has to hold.")
