"""Many records in one unit, each with its own result, or all or none.

    [(known id, what to do)] -> [{"id", "success", "errors"}]

Called by collections and bulk. Not here: reading the bodies of those calls.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from crm_sync.local_org.errors import OrgError, RecordError, record_level
from crm_sync.local_org.transactions import Transaction

_ROLLED_BACK = RecordError(
    "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    "Record rolled back because not all records were valid and the request was using AllOrNone header",
)
_RECORD_LEVEL = {"NOT_FOUND", "ENTITY_IS_DELETED", "DUPLICATE_EXTERNAL_ID"}


@dataclass(frozen=True)
class Step:
    """One record's work; `known_id` is told even when it fails. `do` gives the result's own keys."""

    do: Callable[[Transaction], dict[str, Any]]
    known_id: str | None = None


def run(tx: Transaction, steps: Sequence[Step], all_or_none: bool) -> list[dict[str, Any]]:
    """Do every step; with `all_or_none` undo everything when one fails. Order out is order in."""
    if not all_or_none:
        return [_one(tx, step) for step in steps]
    with tx.attempt() as attempt:
        results = [_one(tx, step) for step in steps]
        if all(r["success"] for r in results):
            return results
        attempt.undo()
    return [_failure(step, _ROLLED_BACK) if r["success"] else r for step, r in zip(steps, results, strict=True)]


def _one(tx: Transaction, step: Step) -> dict[str, Any]:
    try:
        done = step.do(tx)
    except OrgError as error:
        if isinstance(error, RecordError) or error.code in _RECORD_LEVEL:
            return _failure(step, error)
        raise
    return {"id": done.pop("id"), "success": True, "errors": [], **done}


def _failure(step: Step, error: OrgError) -> dict[str, Any]:
    told: dict[str, Any] = {"id": step.known_id} if step.known_id else {}
    return told | {"success": False, "errors": [record_level(error)]}
