"""A run that may not write -> the records that say so in the org, and a *Sync Run* that ended as a dry run.

Called by the pipeline: of a plan that changes too much at once an escalation is written, of hidden fields that protect
customers an issue for each. Both stand once while nothing changes. Not here: what may not be
written (diff) or read (pull).
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from crm_sync.diff import Plan, plan
from crm_sync.errors import CrmSyncError, HiddenFieldsError
from crm_sync.lifecycle import hidden_fields, mass_change
from crm_sync.lifecycle.runs import was_written_to
from crm_sync.model.matches import Matches
from crm_sync.model.snapshot import Snapshot
from crm_sync.model.verdicts import Verdicts
from crm_sync.ports import Journal, Mirror, Org
from crm_sync.program import Program
from crm_sync.pull import pull
from crm_sync.writeback import left_open, write_back

OWN = ("sync_issue", "sync_run", "user", "queue")
"""The mappings that an issue takes: its own, the lease, and who is told."""


def refuse_mass_change(
    org: Org, journal: Journal, program: Program, made: tuple[Snapshot, Verdicts, Matches], planned: Plan, kind: str
) -> None:
    """Let a plan pass that changes little; write an escalation to the program owner instead of any other.

    Raises:
        UnsafePlanError: the plan changes too much at once.
    """
    if problems := planned.problems(program.guards):
        raised = mass_change(*made, problems, program)
        _tell(org, journal, program, plan(made[0], [raised], program), made[0], kind, "\n".join(problems))
        planned.raise_if_unsafe(program.guards)


def tell_hidden(
    org: Org,
    mirror: Mirror,
    journal: Journal,
    program: Program,
    as_of: datetime,
    refusal: HiddenFieldsError,
    kind: str,
) -> None:
    """Raise an issue for each hidden field, if a run ever wrote to this org; what goes wrong here is not what is wrong.

    Nothing is read but the worker's own records and whom to tell.
    """
    own = replace(program, mappings={name: program.mappings[name] for name in OWN if name in program.mappings})
    with suppress(CrmSyncError):
        snapshot = pull(org, mirror, own, as_of, again=True)
        if was_written_to(snapshot):
            told = plan(snapshot, hidden_fields(snapshot, refusal.fields), own)
            _tell(org, journal, own, told, snapshot, kind, str(refusal))


def _tell(
    org: Org, journal: Journal, program: Program, told: Plan, snapshot: Snapshot, kind: str, refused: str
) -> None:
    if told.changes or left_open(snapshot, org.server_time()):
        write_back(told, snapshot, org, journal, program, kind=kind, refused=refused)
