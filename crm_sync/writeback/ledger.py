"""What a run did -> the fields of its record in the org, which people read on the record page. Pure; called by write_back.

Values never hold personal data. Not here: the journal, which holds every attempt, and the lease, which sends the record.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime

from crm_sync.model.records import Outcome, RowResult, Value

MESSAGE_LIMIT = 4000


def ending(
    status: str, finished_at: datetime, outcome: Outcome, message: str | None, remark: str | None = None
) -> Mapping[str, Value]:
    """Say how a run ended: done, a dry run or failed, when, with what counts and remark on what was decided, and why if not done.

    The call that carries this very record is counted too.
    """
    calls = outcome.api_calls + 1
    needed = f"API calls: {calls} (at least {outcome.api_calls_floor} for what was read and written)"
    return {
        "status": status,
        "finished_at": finished_at,
        "counts": "\n".join((*counts(outcome.results), needed, *([remark] if remark else ())))[:MESSAGE_LIMIT],
        "api_calls": calls,
        "message": (message or "")[:MESSAGE_LIMIT] or None,
    }


def counts(results: Iterable[RowResult]) -> list[str]:
    """Count results by status and object, one line each, in a fixed order."""
    found = Counter((result.status, result.change.object) for result in results)
    return [f"{status} {name}: {number}" for (status, name), number in sorted(found.items())]
