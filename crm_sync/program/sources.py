"""A file that was read: its name, its tree, and mistakes that point into it.

Made by `load`, used by every check. Not here: what is a mistake.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from crm_sync.errors import Mistake
from crm_sync.program.nodes import Node, Path, Scalar, follow

MOST_LISTED = 16


@dataclass(frozen=True)
class Source:
    """One file of rules/ or mappings/."""

    name: str
    root: Node

    def where(self, path: Path = ()) -> str:
        """Say as `file:line` where the value, or the name of the value, stands that `path` leads to."""
        _, at = follow(self.root, path)
        return f"{at.file or self.name}:{at.line}"

    def mistake(self, path: Path, found: str, expected: str, nearest: str | None = None) -> Mistake:
        """Point a mistake at the value, or the name of the value, that `path` leads to."""
        return Mistake(self.where(path), found, expected, nearest)

    def inside(self, path: Path, line: int, found: str, expected: str, nearest: str | None = None) -> Mistake:
        """Point a mistake at a line, from 0, of a text written as a block; of any other text at where it begins."""
        node, at = follow(self.root, path)
        place = at.line + 1 + line if isinstance(node, Scalar) and node.block else at.line
        return Mistake(f"{at.file or self.name}:{place}", found, expected, nearest)

    def unknown(self, path: Path, what: str, found: str, known: Iterable[str]) -> Mistake:
        """Say that `found` is no known `what`, list what is known, and name the nearest."""
        names = list(known)
        alike = nearest(found, names)
        return self.mistake(path, f"{what} {found!r}, which is not known", _choice(found, names), alike)


def one_of(names: Iterable[str]) -> str:
    """List what is allowed."""
    listed = list(names)
    return f"one of {', '.join(listed)}" if len(listed) != 1 else listed[0]


def _choice(found: str, names: list[str]) -> str:
    """List what is allowed; of a long list only what is most alike."""
    if len(names) <= MOST_LISTED:
        return one_of(names)
    alike = difflib.get_close_matches(found, names, n=5, cutoff=0.3)
    return f"one of the {len(names)} that are known, as {', '.join(alike or names[:5])}"


def nearest(found: str, names: Iterable[str]) -> str | None:
    """Find the name most like the one found, None when nothing is alike."""
    listed = list(names)
    folded = {name.casefold().replace("-", "_").replace(" ", "_"): name for name in listed}
    wanted = found.casefold().replace("-", "_").replace(" ", "_")
    if wanted in folded:
        return folded[wanted]
    tail = {name.rpartition(".")[2]: name for name in listed}
    alike = difflib.get_close_matches(wanted, list(folded), n=1, cutoff=0.6)
    if alike:
        return folded[alike[0]]
    alike = difflib.get_close_matches(wanted.rpartition(".")[2], list(tail), n=1, cutoff=0.75)
    return tail[alike[0]] if alike else None
