"""A plan that changes too much at once -> the one record that is written instead of it: an escalation to the program owner.

Called by the pipeline when a plan passes a limit of rules/guards.yaml. Not here: the limits (diff) and refusing the plan.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from crm_sync.lifecycle.escalations import Record, desired_escalation, so_far
from crm_sync.lifecycle.incidents import Incident
from crm_sync.lifecycle.world import World
from crm_sync.model.matches import Matches
from crm_sync.model.records import Desired
from crm_sync.model.snapshot import Snapshot
from crm_sync.model.verdicts import Verdicts
from crm_sync.program import Program

KIND, SUBJECT = "mass_change", "plan"
WHERE_TO_LOOK = (
    "Nothing of it was written, and nothing will be until a person agrees. A wrong feed is the usual cause: look at "
    "crm-sync plan, put the feed right, and the next run goes on by itself; if it is meant, crm-sync plan names the "
    "command that agrees. Then close this record."
)


def mass_change(
    snapshot: Snapshot, verdicts: Verdicts, matches: Matches, problems: Sequence[str], program: Program
) -> Desired:
    """Escalate a refused plan: one record until somebody closes it, one more occurrence whenever its numbers change."""
    world = World(snapshot, verdicts, matches, program, {})
    evidence = "\n".join((*problems, WHERE_TO_LOOK))
    incident = Incident(KIND, SUBJECT, SUBJECT, world.today, evidence, None)
    closed, held = so_far(world, KIND, SUBJECT)
    wanted = desired_escalation(world, Record(KIND, SUBJECT, len(closed) + 1, (incident,), held))
    count = (held.get("occurrences") or 0) if held else 0
    news = held is None or held.get("evidence") != evidence
    return replace(wanted, fields={**wanted.fields, "evidence": evidence, "occurrences": float(count + news)})
