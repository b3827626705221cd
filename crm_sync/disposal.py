"""The worker's own files and rules/retention.yaml -> what is past its time, and its disposal, noted in the disposition log.

Called by `serve` each night and by `crm-sync retention`. Not here: the records of the org (`lifecycle.retention` says what is
due there, and a person disposes of it), and whoever asked to be forgotten (`erasure`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from crm_sync.audit.redact import known_as, take_out
from crm_sync.erasure import Stores
from crm_sync.lifecycle.forgetting import legal_holds, living, traces
from crm_sync.model.snapshot import Snapshot
from crm_sync.program.rules import Retention, WorkerDays

DECISIONS = "decisions"
DELETED = "people whom the org no longer has"


@dataclass(frozen=True)
class Past:
    """How many things of one kind are past the days they are kept, and what holds them all the same; None if nothing does."""

    what: str
    days: int
    number: int
    held_by: str | None = None


@dataclass(frozen=True)
class _Kind:
    """What tells of decisions stays whole while any account is under legal hold: a log cannot be disposed of in parts."""

    what: str
    days: int
    older: Callable[[datetime], int]
    dispose: Callable[[datetime], int]
    tells: bool = False


def past(stores: Stores, rules: Retention, now: datetime, snapshot: Snapshot) -> tuple[Past, ...]:
    """Count what is past its time; disposes of nothing."""
    hold, kept = _hold(rules, snapshot), rules.worker_days
    found = [
        Past(kind.what, kind.days, number, hold if kind.tells and number else None)
        for kind in _kinds(stores, kept)
        for number in (kind.older(now - timedelta(days=kind.days)),)
    ]
    gone = len(_deleted(stores, kept, now, snapshot))
    return (*found, Past(DELETED, kept.deleted_people, gone, hold if gone else None))


def dispose(stores: Stores, rules: Retention, now: datetime, snapshot: Snapshot) -> tuple[Past, ...]:
    """Dispose of what is past its time and not held, and note it; returns what it was."""
    hold, kept = _hold(rules, snapshot), rules.worker_days
    found = [
        Past(kind.what, kind.days, _dispose(stores, kind, now))
        for kind in _kinds(stores, kept)
        if not (hold and kind.tells)
    ]
    gone = _deleted(stores, kept, now, snapshot)
    return (*found, Past(DELETED, kept.deleted_people, 0 if hold else _lose(stores, kept, gone)))


def _hold(rules: Retention, snapshot: Snapshot) -> str | None:
    """Say how many accounts are under legal hold, if that stops disposal and any is, or may be."""
    holds = legal_holds(snapshot)
    count, unknown = len(holds.held), len(holds.unknown)
    if not (count or unknown) or not rules.legal_hold_stops_disposal:
        return None
    return f"a legal hold on {count} accounts" if count else f"a legal hold on {unknown} accounts cannot be ruled out"


def _kinds(stores: Stores, kept: WorkerDays) -> Iterator[_Kind]:
    journal, archive = stores.journal, stores.archive
    log, basis = journal.dispositions, _basis(kept.decisions)
    yield _Kind("wake-ups", kept.wake_ups, journal.inbox.older, journal.inbox.prune)
    yield _Kind("runs", kept.runs, journal.older, journal.prune)
    decisions = (log.decisions_older, lambda at: log.dispose_of_decisions(at, basis))
    yield _Kind(DECISIONS, kept.decisions, *decisions, tells=True)
    yield _Kind("kept inputs", kept.decisions, archive.older, archive.prune, tells=True)


def _dispose(stores: Stores, kind: _Kind, now: datetime) -> int:
    """Dispose of one kind. Decisions note themselves, as that and their disposal have to be one."""
    number = kind.dispose(now - timedelta(days=kind.days))
    if number and kind.what != DECISIONS:
        stores.journal.dispositions.note(kind.what, _basis(kind.days), number)
    return number


def _basis(days: int) -> str:
    return f"rules/retention.yaml keeps them {days} days"


def _deleted(stores: Stores, kept: WorkerDays, now: datetime, snapshot: Snapshot) -> tuple[str, ...]:
    before = now - timedelta(days=kept.deleted_people)
    return tuple(stores.journal.decisions.missing(living(snapshot), before))


def _lose(stores: Stores, kept: WorkerDays, gone: Collection[str]) -> int:
    """Take whoever the org has not had for long out of what past runs kept, and destroy their keys last.

    They are not kept out: somebody whose record comes back is a new acquaintance.
    """
    if not gone:
        return 0
    journal, archive, basis = stores.journal, stores.archive, _basis(kept.deleted_people)
    known = {trace for one in known_as(gone, journal.decisions, archive) for trace in traces(one)}
    take_out(lambda text: not known.isdisjoint(traces(text)), basis, journal.decisions, journal.dispositions, archive)
    journal.dispositions.note(DELETED, basis, len(gone))
    return journal.lose(gone)
