"""Files that commands left in the state folder, such as simulations: whole ones go when they name somebody forgotten.

Built by bootstrap, asked by `erasure`. Whoever needs such a file has it made anew. Not here: what is in them.
"""

from __future__ import annotations

from pathlib import Path

from crm_sync.state.suppression import Suppression

SCREENED = "screened"
"""The file that says with which version of the suppression list a folder was screened."""


class Papers:
    """One folder of text files."""

    def __init__(self, folder: Path, suppression: Suppression) -> None:
        self._folder = folder
        self._suppression = suppression

    def screen(self) -> int:
        """Delete the files that name somebody on the suppression list, unless that was done; returns how many."""
        if not self._folder.is_dir():
            return 0
        noted = self._folder / SCREENED
        if self._suppression.covers(noted.read_text(encoding="ascii") if noted.exists() else None):
            return 0
        version = self._suppression.version
        gone = [path for path in sorted(self._folder.iterdir()) if path.is_file() and self._tells(path)]
        for path in gone:
            path.unlink()
        noted.write_text(version, encoding="ascii")
        return len(gone)

    def _tells(self, path: Path) -> bool:
        return self._suppression.names(path.read_text(encoding="utf-8", errors="replace"))
