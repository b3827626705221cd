"""Queued sync requests -> done, with what the run did; and whether any run has written to this org yet.

Called by the pipeline after the writes, never before, and by the service. Not here: the run's own record and the lease
(writeback).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from crm_sync.errors import TemporaryError
from crm_sync.model.records import Desired, Outcome
from crm_sync.model.snapshot import Snapshot
from crm_sync.program import Program

WAITING = frozenset({"queued", "running"})
RUNS = frozenset({"full", "incremental"})


def was_written_to(snapshot: Snapshot) -> bool:
    """Whether a run has ever written to this org; the record of the lease is none."""
    return not RUNS.isdisjoint(snapshot.tables["sync_run"]["kind"].to_pylist())


def refuse_old(looked_at: datetime, now: datetime, program: Program) -> None:
    """Hold a plan to what the org was not long ago.

    Raises:
        TemporaryError: more time has passed since the org was read than rules/guards.yaml allows.
    """
    minutes = program.guards.stale_pull_minutes
    if now - looked_at > timedelta(minutes=minutes):
        raise TemporaryError(
            f"The org was read {now - looked_at} ago; rules/guards.yaml lets a plan be carried out for {minutes} minutes. "
            "Run again."
        )


def answered_requests(snapshot: Snapshot, outcome: Outcome) -> Iterator[Desired]:
    """Tell everybody who asked for a run that it has taken place, and how it went."""
    counts = (
        f"{outcome.count('written')} written, {outcome.count('refused')} refused, {outcome.count('deferred')} deferred"
    )
    message = f"Run of {snapshot.as_of:%d %b %Y %H:%M} UTC: {counts}."
    for row in snapshot.tables["sync_request"].select(["id", "status"]).to_pylist():
        if row["status"] in WAITING:
            yield Desired(
                "sync_request",
                {"status": "done", "counts": counts, "message": message},
                id=row["id"],
                why="it was asked for",
            )
