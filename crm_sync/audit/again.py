"""Decisions made again against those that were kept: what differs, if anything.

Called by `crm-sync replay`. Not here: deciding.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crm_sync.audit.decided import changes, keep_decisions, kept_decisions
from crm_sync.audit.recall import Recalled
from crm_sync.keeping import Archive, name_of
from crm_sync.model.matches import Matches
from crm_sync.model.snapshot import Snapshot
from crm_sync.model.verdicts import Verdicts


def differences(
    recalled: Recalled, snapshot: Snapshot, verdicts: Verdicts, matches: Matches
) -> tuple[str, Sequence[Mapping[str, Any]]]:
    """Give the name of decisions made again, and an entry for each that differs from what was kept.

    An equal name proves that every decision is the same; then nothing differs. Nothing is kept by this.
    """
    beside = _Beside(recalled.archive)
    name = keep_decisions(snapshot, verdicts, matches, beside)
    if name == recalled.entry["decisions"]:
        return name, ()
    before = kept_decisions(recalled.entry["decisions"], beside)
    return name, list(changes(kept_decisions(name, beside), before, beside))


class _Beside:
    """An archive that keeps in memory what is put, and shows what another one holds."""

    def __init__(self, below: Archive) -> None:
        self._below = below
        self._kept: dict[str, bytes] = {}

    def put(self, content: bytes) -> str:
        name = name_of(content)
        self._kept[name] = content
        return name

    def get(self, name: str) -> bytes:
        return self._kept[name] if name in self._kept else self._below.get(name)
