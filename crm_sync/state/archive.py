"""FileArchive: content in files named by what they hold, compressed, each once. Implements ports.Archive.

A file is written beside its name and moved there when it is whole, so a crash leaves no half of one. Keeping the same
content again renews the file's date; that is what `prune` goes by. Used through `audit`. Not here: what is kept.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa

from crm_sync.errors import PermanentError
from crm_sync.ports import NotKeptError, name_of
from crm_sync.state.folder import private_folder

SIZE_BYTES = 8
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
            stored = path.read_bytes()
            size = int.from_bytes(stored[:SIZE_BYTES], "big")
            content: bytes = self._codec.decompress(stored[SIZE_BYTES:], decompressed_size=size, asbytes=True)
        except FileNotFoundError as error:
            raise NotKeptError(f"{path} is not kept, or no longer: this run cannot be made again.") from error
        except (OSError, ValueError, OverflowError, MemoryError, pa.ArrowException) as error:
            raise _damaged(path) from error
        if name_of(content) != name:
            raise _damaged(path)
        return content

    def names(self) -> Iterator[str]:
        """Name everything that is kept."""
        yield from (path.name for path in sorted(self._folder.glob("??/*")) if _NAME.fullmatch(path.name))

    def prune(self, before: datetime) -> int:
        """Delete what was last kept before this moment, and what a crash left half written; return how much it was."""
        old = [path for path in self._folder.glob("??/*") if path.stat().st_mtime < before.timestamp()]
        for path in old:
            path.unlink()
        return len(old)

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


def _damaged(path: Path) -> PermanentError:
    return PermanentError(f"{path} is damaged. Restore it from a backup; the decision log says what it has to hold.")
