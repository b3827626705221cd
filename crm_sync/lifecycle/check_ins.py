"""When somebody ought to be spoken to next: the cadence after the last word, or after the last check-in that was done.

Read by `care_duties` and `profiles`. A check-in leaves no other trace than its completed task, so it is told by the task's
key; every other task of the worker's leads to a date on a record, and completing one is no conversation. Not here: who
spoke when (evaluate).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

from crm_sync.lifecycle.world import Row, World, digest


@dataclass(frozen=True)
class CheckIns:
    """The check-ins of a world."""

    world: World

    def next_on(self, profile: Row) -> date | None:
        """The day of the next check-in; None for somebody nobody has ever spoken to."""
        judged = self.world.judged.get(profile.get("contact") or "")
        due_on: date | None = judged["next_check_in_on"] if judged else None
        while due_on is not None and (done := self._done.get(check_in_key(profile, due_on))):
            due_on = max(done, due_on) + timedelta(days=self.world.program.cadence.check_in_days)
        return due_on

    @cached_property
    def _done(self) -> Mapping[str, date]:
        """The day of every completed task of the worker's, by its key."""
        tasks = self.world.rows("task")
        return {
            row["key"]: row["due_on"] for row in tasks if row.get("key") and row.get("closed") and row.get("due_on")
        }


def check_in_key(profile: Row, due_on: date) -> str:
    """The key of the task of one check-in."""
    return digest("check_in", profile["id"], due_on.isoformat())
