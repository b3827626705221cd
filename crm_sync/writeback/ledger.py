"""The run's own record in the org: one row that says what a run is doing and, at its end, what it did.

Called by write_back, which sends these rows together with the lease. People read it on the record page; values never
hold personal data. Not here: the journal, which holds every attempt.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from crm_sync.model.records import Change, RowResult, Value
from crm_sync.ports import RowWrite
from crm_sync.writeback.lease import MAPPING
from crm_sync.writeback.translate import Translator

MESSAGE_LIMIT = 4000


@dataclass(frozen=True)
class RunRecord:
    """What is known of a run when it begins."""

    run_id: str
    kind: str
    as_of: date
    started_at: datetime
    holder: str
    rule_version: str
    plan_checksum: str

    def began(self, translator: Translator) -> RowWrite:
        """Write the row that says: running."""
        return self._row(translator, {"status": "running"})

    def ended(self, translator: Translator, status: str, ending: Ending) -> RowWrite:
        """Write the row that says how it ended: done, failed or held."""
        fields: dict[str, Value] = {
            "status": status,
            "finished_at": ending.finished_at,
            "counts": counts(ending.results),
            "api_calls": ending.api_calls,
            "message": (ending.message or "")[:MESSAGE_LIMIT] or None,
        }
        return self._row(translator, fields)

    def _row(self, translator: Translator, fields: dict[str, Value]) -> RowWrite:
        known: dict[str, Value] = {
            "kind": self.kind,
            "as_of": self.as_of,
            "started_at": self.started_at,
            "holder": self.holder,
            "rule_version": self.rule_version,
            "plan_checksum": self.plan_checksum,
        }
        return translator.row(Change(MAPPING, "create", known | fields, {}, key=self.run_id))


@dataclass(frozen=True)
class Ending:
    """What is known of a run when it ends."""

    finished_at: datetime
    results: tuple[RowResult, ...]
    api_calls: int
    message: str | None = None


def counts(results: Iterable[RowResult]) -> str:
    """Count results by status and object, one line each, in a fixed order."""
    found = Counter((result.status, result.change.object) for result in results)
    return "\n".join(f"{status} {name}: {number}" for (status, name), number in sorted(found.items()))
