"""One thing in which the program and the org do not fit, and what follows from it.

Made by every module beside this one, printed by `crm-sync check --org`. Not here: what is looked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from crm_sync.errors import Mistake


class Level(StrEnum):
    """What follows from a finding."""

    STOPS = "stops"
    BLINDS = "blinds"
    DIFFERS = "differs"


MEANINGS: Mapping[Level, str] = {
    Level.STOPS: "A run would refuse to start, or the org would refuse what it writes",
    Level.BLINDS: "The rules answer not known, which never passes",
    Level.DIFFERS: "Worth a look; nothing is refused",
}
"""The levels in words, the gravest first."""


@dataclass(frozen=True)
class Finding:
    """One finding: what follows, and the mistake with its line."""

    level: Level
    mistake: Mistake

    def order(self) -> tuple[int, str, int, str]:
        """Sort the gravest first, then as the lines stand in the files."""
        name, _, line = self.mistake.where.rpartition(":")
        return list(MEANINGS).index(self.level), name, int(line), self.mistake.found
