"""A Plan -> an Outcome: look at the lease, note the intents, send in order, note the outcomes, give the lease back.

Called by the pipeline when there is something to write. Whatever happens, every change has exactly one result in the
journal, and a run that stopped early leaves the rest to the next one, which plans anew. Not here: what to write.
"""

from __future__ import annotations

import platform
import random
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from crm_sync.diff import Plan
from crm_sync.errors import CrmSyncError, TemporaryError
from crm_sync.model.records import Change, Outcome, RowResult, Value
from crm_sync.model.snapshot import Snapshot
from crm_sync.ports import Journal, ObjectFacts, Org
from crm_sync.program import Program
from crm_sync.writeback.drafts import drafts_in, read_names
from crm_sync.writeback.lease import Lease
from crm_sync.writeback.ledger import ending
from crm_sync.writeback.order import Sendable, in_order, jobs_and_calls
from crm_sync.writeback.permissions import check_permissions
from crm_sync.writeback.sending import Sender, deferred, stop_error
from crm_sync.writeback.translate import Translator, UnsendableError

NOT_SENT = "NOT_SENT"


@dataclass(frozen=True)
class Surroundings:
    """What a run needs of the machine it runs on, so that a test can bring its own."""

    pause: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = time.monotonic
    jitter: Callable[[], float] = random.random
    holder: str = field(default_factory=lambda: f"{platform.node()[:50]} {secrets.token_hex(8)}")


def write_back(
    plan: Plan,
    snapshot: Snapshot,
    org: Org,
    journal: Journal,
    program: Program,
    *,
    kind: str,
    then: Callable[[Outcome], Plan] | None = None,
    remark: str | None = None,
    refused: str | None = None,
    surroundings: Surroundings | None = None,
) -> Outcome:
    """Carry out a plan and return one result per change, in the plan's order. `kind` is full or incremental.

    `snapshot` is what the plan was made from; `then` makes of the outcome a last plan for the same run. Run records that
    others left open are closed. A plan of which nothing can be sent begins no run in the org.
    `remark` stands below the counts of the run's record: what people should know of how it was decided. `refused` says why
    nothing else is written than this plan: the run's record ends as a dry run with it, and the decision log has no such run.

    Raises:
        ConfigurationError: a permission is missing, or no org is pinned; nothing was written.
        WrongOrgError: this is not the pinned org; nothing was written.
        TemporaryError: another worker holds the lease, the stop switch is on, or the org stopped answering.
        PermanentError: the org refused what retrying cannot change.
    """
    here = surroundings or Surroundings()
    checksum, as_of = plan.checksum, snapshot.as_of
    facts = _facts(org, program)
    check_permissions(plan.changes, program.mappings, facts)  # before anything is noted or sent
    names = read_names(drafts_in(plan.changes), org, program.mappings, facts)
    translator = Translator(program.mappings, facts, names)
    about = _about(checksum, org, program, kind, as_of)
    lease = Lease(org, translator, here.holder, about, monotonic=here.monotonic)
    lease.look(snapshot)
    journal.adopt_unfinished()
    journal.begin_run(lease.key, kind, as_of, {"plan": checksum, "fence": lease.fence, "noted": refused is None})
    return _Run(org, journal, lease, translator, here, remark, refused).carry_out(plan, then)


def _facts(org: Org, program: Program) -> Mapping[str, ObjectFacts]:
    """Describe every mapped object; the pull has just done so, and the org remembers it."""
    found = org.describe_all([mapping.object for mapping in program.mappings.values()])
    return {name: found[mapping.object] for name, mapping in program.mappings.items() if mapping.object in found}


def _about(checksum: str, org: Org, program: Program, kind: str, as_of: datetime) -> Mapping[str, Value]:
    """What the run's record says from the start."""
    return {
        "kind": kind,
        "status": "running",
        "as_of": as_of.date(),
        "started_at": org.server_time(),
        "rule_version": program.version,
        "plan_checksum": checksum,
    }


class _Run:
    """One run and what it has come to so far; it begins in the org with its first rows."""

    def __init__(
        self,
        org: Org,
        journal: Journal,
        lease: Lease,
        translator: Translator,
        here: Surroundings,
        remark: str | None,
        refused: str | None,
    ) -> None:
        self._org = org
        self._journal = journal
        self._lease = lease
        self._translator = translator
        self._here = here
        self._remark = remark
        self._refused = refused
        self._changes: tuple[Change, ...] = ()
        self._results: dict[int, RowResult] = {}
        self._quarantined = journal.quarantined()
        self._not_created: set[tuple[str, str | None]] = set()

    def carry_out(self, plan: Plan, then: Callable[[Outcome], Plan] | None) -> Outcome:
        try:
            self._send_all(self._sendable(plan))
            if then is not None:
                last = then(self._outcome())
                check_permissions(last.changes, self._translator.mappings, self._translator.facts)
                self._send_all(self._sendable(last))
            self._lease.close_others()
        except BaseException as error:
            self._end("failed", error)
            raise
        self._end("done" if self._refused is None else "dry_run", None)
        return self._outcome()

    def _sendable(self, plan: Plan) -> list[Sendable]:
        """Translate every change; what cannot or need not be sent gets its result at once."""
        items, settled = [], []
        first, self._changes = len(self._changes), (*self._changes, *plan.changes)
        for position, change in enumerate(plan.changes, first):
            try:
                row = self._translator.row(change)
            except UnsendableError as error:
                settled.append((position, RowResult(change, "refused", change.id, error.code, error.message)))
                continue
            item = Sendable(position, change, row, self._translator.fingerprint(change, row))
            if self._quarantined.get(change.subject) == item.payload_hash:
                message = "refused before with exactly these values; see the quarantine"
                settled.append((position, RowResult(change, "skipped", change.id, "QUARANTINED", message)))
            else:
                items.append(item)
        for position, result in settled:
            self._results[position] = result
            self._remember(result)
        self._journal.record_outcomes(self._lease.key, [_outcome(result) for _, result in settled])
        return in_order(items)

    def _send_all(self, items: Sequence[Sendable]) -> None:
        here = self._here
        sender = Sender(self._org, self._lease, note=self._note, pause=here.pause, jitter=here.jitter)
        for as_job, together in jobs_and_calls(items, self._org.bulk_write_rows):
            ready = [item for item in together if not self._waits_in_vain(item)]
            if not ready:
                continue
            self._journal.record_intents(self._lease.key, [_intent(item) for item in ready])
            sender.send(ready, as_job=as_job)
            if sender.stop is not None:
                raise (
                    stop_error(sender.stop)
                    if sender.stop.lasting
                    else TemporaryError(
                        f"Writing stopped: the org answered {sender.stop.code}: {sender.stop.message}. Run again later."
                    )
                )

    def _waits_in_vain(self, item: Sendable) -> bool:
        """Defer a record that links to one which this run could not create."""
        if self._not_created.isdisjoint(item.links):
            return False
        self._note([(item, deferred(item, "DEPENDENCY_NOT_WRITTEN", "a record it links to could not be created"))])
        return True

    def _note(self, pairs: Sequence[tuple[Sendable, RowResult]]) -> None:
        told = [(item, _unquoted(result)) for item, result in pairs]
        for item, result in told:
            self._results[item.position] = result
            self._remember(result)
            subject = result.change.subject
            if result.status == "refused":
                self._journal.quarantine(subject, item.payload_hash, result.code or "", result.message or "")
            elif result.status == "written" and subject in self._quarantined:
                self._journal.release(subject)
        self._journal.record_outcomes(self._lease.key, [_outcome(result) for _, result in told])

    def _remember(self, result: RowResult) -> None:
        if result.change.action == "create" and result.status != "written":
            self._not_created.add((result.change.object, result.change.key))

    def _outcome(self) -> Outcome:
        rest = "the run stopped before this change was sent"
        results = tuple(
            self._results.get(position) or RowResult(change, "deferred", change.id, NOT_SENT, rest)
            for position, change in enumerate(self._changes)
        )
        return Outcome.of(results, self._org.spent)

    def _end(self, status: str, error: BaseException | None) -> None:
        """Close the run here and, if the lease is ours, in the org. Failing to must not hide what was done: the lease
        runs out by itself, and the next run closes the record that this one left open.
        """
        outcome = self._outcome()
        unsent = [result for result in outcome.results if result.code == NOT_SENT]
        self._journal.record_outcomes(self._lease.key, map(_outcome, unsent))
        message = str(error) if isinstance(error, CrmSyncError) else type(error).__name__ if error else self._refused
        totals = {name: outcome.count(name) for name in ("written", "refused", "deferred", "skipped")}
        self._journal.end_run(self._lease.key, status, {**totals, "message": message})
        if not self._lease.held:
            return
        with suppress(CrmSyncError):
            self._release(ending(status, self._org.server_time(), outcome, message, self._remark))

    def _release(self, said: Mapping[str, Value]) -> None:
        """Give the lease back, at the second try if need be: the first may have met the end of the share of calls."""
        try:
            self._lease.release(said)
        except TemporaryError:
            self._lease.release(said)


def _unquoted(result: RowResult) -> RowResult:
    """Leave out what the org says of a row that holds a draft: it may quote the text, and so a name."""
    if result.message is None or not drafts_in([result.change]):
        return result
    return replace(
        result, message=f"the org answered {result.code}; its words are not kept, as they may quote the text"
    )


def _intent(item: Sendable) -> dict[str, Any]:
    change: Change = item.change
    return {
        "subject": change.subject,
        "payload_hash": item.payload_hash,
        "action": change.action,
        "fields": sorted(change.fields),
    }


def _outcome(result: RowResult) -> dict[str, Any]:
    return {
        "subject": result.change.subject,
        "status": result.status,
        "record_id": result.record_id,
        "code": result.code,
    }
