"""Kept runs -> the accounts, contacts and profiles of a day in the past, as the last run up to then saw them.

Called by `crm-sync simulate`. Only what every decision reads of somebody's state is given; what has dates of its own is rewound
from today's records. Not here: deciding on them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import pyarrow as pa

from crm_sync.audit.inputs import kept_input
from crm_sync.errors import PermanentError
from crm_sync.keeping import Archive

STATE = ("account", "contact", "profile")
"""What is given; what people wish for their privacy is today's on every day."""


@dataclass
class Earlier:
    """The state of records on past days. `inputs` are the names of kept inputs with the day of their run, by day."""

    archive: Archive
    inputs: Sequence[tuple[date, str]]
    _found: dict[str, Mapping[str, pa.Table]] = field(default_factory=dict)

    def __call__(self, day: date) -> Mapping[str, pa.Table]:
        """Give the tables of the last run up to this day; none where no run was kept, or not whole."""
        at = bisect_right(self.inputs, day, key=lambda one: one[0])
        if at == 0:
            return {}
        name = self.inputs[at - 1][1]
        if name not in self._found:
            self._found = {name: self._read(name)}
        return self._found[name]

    def _read(self, name: str) -> Mapping[str, pa.Table]:
        try:
            return {table: kept_input(name, table, self.archive) for table in STATE}
        except (PermanentError, KeyError):
            return {}


def kept_days(entries: Sequence[Mapping[str, Any]], org_id: str) -> Sequence[tuple[date, str]]:
    """Give the name of the last inputs of every day on which a run decided for this org, in order."""
    mine = (entry for entry in entries if entry["org"] == org_id)
    last = {datetime.fromisoformat(entry["as_of"]).date(): str(entry["inputs"]) for entry in mine}
    return sorted(last.items())
