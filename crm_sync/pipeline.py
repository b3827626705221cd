"""The story: Snapshot -> Verdicts -> Matches -> Plan -> Outcome, under a Program.

Called by the command line and the service; `bootstrap` hands in the org, the mirror and the journal.
Everything up to the plan only reads. Nothing is written when there is nothing to write.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from crm_sync.audit import Books, Decided
from crm_sync.diff import Plan, foresee, plan
from crm_sync.erasure import Stores, forget_who_asked
from crm_sync.errors import HiddenFieldsError
from crm_sync.evaluate import assess
from crm_sync.lifecycle import Explanations, desired, standing, subjects
from crm_sync.lifecycle.forgetting import asked_to_be_forgotten
from crm_sync.lifecycle.runs import answered_requests, refuse_old
from crm_sync.matching import match
from crm_sync.model.matches import Matches
from crm_sync.model.records import Change, Outcome
from crm_sync.model.snapshot import Snapshot
from crm_sync.model.verdicts import Verdicts
from crm_sync.ports import Journal, Mirror, Org
from crm_sync.program import Program
from crm_sync.pull import pull
from crm_sync.refusal import refuse_mass_change, tell_hidden
from crm_sync.writeback import left_open, write_back

PASSES = 5
"""At most so often a run decides anew; reservations are only ever added, so it settles in two or three."""


@dataclass(frozen=True)
class Decision:
    """What one look at the org led to: every value between the steps, and the plan at the end."""

    snapshot: Snapshot
    verdicts: Verdicts
    matches: Matches
    explanations: Explanations
    plan: Plan


@dataclass(frozen=True)
class World:
    """Where a run takes place."""

    org: Org
    mirror: Mirror
    journal: Journal
    program: Program
    books: Books
    stores: Stores


def look(world: World, as_of: datetime) -> Decision:
    """Pull the org into the mirror and decide; writes nothing to the org."""
    return decide(pull(world.org, world.mirror, world.program, as_of), world.program)


def look_to_write(world: World, as_of: datetime, *, kind: str) -> Decision:
    """Look for a run. What the org hides although it protects customers is told there, before the run is refused."""
    try:
        return look(world, as_of)
    except HiddenFieldsError as refusal:
        tell_hidden(world.org, world.mirror, world.journal, world.program, as_of, refusal, kind)
        raise


def decide(pulled: Snapshot, program: Program) -> Decision:
    """Evaluate, match and compare until deciding again changes nothing: same snapshot and program, same plan.

    What a run writes is what the next one reads, so the decision reckons with its own escalations and reservations.
    """
    snapshot = pulled
    foreseen: tuple[Change, ...] = ()
    for _ in range(PASSES):
        verdicts = (assessment := assess(snapshot, program)).verdicts()
        matches = match(snapshot, verdicts, program)
        changes = plan(pulled, standing(snapshot, verdicts, matches, program), program).changes
        if changes == foreseen:
            break
        snapshot, foreseen = foresee(pulled, changes), changes
    explanations = assessment.explain_all(subjects(snapshot), passing=False)
    wanted = desired(snapshot, verdicts, matches, explanations, program)
    made = plan(pulled, wanted, program, forgotten=asked_to_be_forgotten(pulled))
    return Decision(pulled, verdicts, matches, explanations, made)


def carry_out(world: World, decision: Decision, *, kind: str, agreed: str | None = None) -> Outcome:
    """Write the plan back, once: `agreed` is the checksum that a person has agreed to.

    Raises:
        UnsafePlanError: the plan is not the one agreed to, or changes too much and nobody agreed; an escalation says so.
    """
    decision.plan.hold_to(agreed)
    refuse_old(decision.snapshot.as_of, world.org.server_time(), world.program)
    made = (decision.snapshot, decision.verdicts, decision.matches)
    if agreed is None:
        refuse_mass_change(world.org, world.journal, world.program, made, decision.plan, kind)
    world.books.keep(Decided(*made, decision.plan.checksum, world.program, kind))  # before anything of it is written
    outcome = _write(world, decision, kind)
    erased = forget_who_asked(world.org, world.stores, world.program, decision.snapshot, decision.verdicts, outcome)
    return Outcome.of(outcome.results, world.org.spent, erased)


def _write(world: World, decision: Decision, kind: str) -> Outcome:
    """Write the plan and, last, answer who asked for the run."""
    made, snapshot = decision.plan, decision.snapshot

    def answers(outcome: Outcome) -> Plan:
        return plan(snapshot, answered_requests(snapshot, outcome), world.program)

    nothing, here = Outcome.of((), world.org.spent), (world.org, world.journal, world.program)
    if made.changes or answers(nothing).changes or left_open(snapshot, world.org.server_time()):
        remark = f"Assignment: {decision.matches.proof}"
        return write_back(made, snapshot, *here, kind=kind, then=answers, remark=remark)
    return nothing
