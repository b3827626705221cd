"""Pure: (state, facts, as_of) -> the records the org ought to hold. One module per kind of record."""

from __future__ import annotations

from crm_sync.lifecycle.activities import desired_activities, new_activities
from crm_sync.lifecycle.concerns import desired_cases
from crm_sync.lifecycle.consents import desired_assets, desired_consents
from crm_sync.lifecycle.coverage import desired_coverage
from crm_sync.lifecycle.escalations import desired_escalations
from crm_sync.lifecycle.issues import desired_issues, hidden_fields
from crm_sync.lifecycle.mass_change import mass_change
from crm_sync.lifecycle.matches import desired_matches
from crm_sync.lifecycle.profiles import desired_profiles, new_profiles, subjects
from crm_sync.lifecycle.requests import desired_requests
from crm_sync.lifecycle.tasks import desired_tasks
from crm_sync.lifecycle.world import Explanations, World
from crm_sync.model.matches import Matches
from crm_sync.model.records import Desired
from crm_sync.model.snapshot import Snapshot
from crm_sync.model.verdicts import Verdicts
from crm_sync.program import Program

__all__ = ["Explanations", "desired", "hidden_fields", "mass_change", "standing", "subjects"]


def standing(snapshot: Snapshot, verdicts: Verdicts, matches: Matches, program: Program) -> tuple[Desired, ...]:
    """Compute the records that the next decision reads: escalations, candidates, asks and their uses, covered assets.

    The pipeline puts them onto the snapshot and decides again until they stay the same, so that an escalation raised now
    blocks now, and a reference reserved now is counted now. A Case opened for a concern is not among them: its priority is
    the org's to set, and the escalation beside it blocks already.
    """
    world = World(snapshot, verdicts, matches, program, {})
    return (
        *desired_escalations(world),
        *new_profiles(snapshot, verdicts),
        *desired_matches(world),
        *new_activities(world),
        *desired_assets(world),
    )


def desired(
    snapshot: Snapshot, verdicts: Verdicts, matches: Matches, explanations: Explanations, program: Program
) -> tuple[Desired, ...]:
    """Compute every record the worker answers for, as it ought to be on `snapshot.as_of`."""
    world = World(snapshot, verdicts, matches, program, explanations)
    return (
        *desired_profiles(world),
        *desired_matches(world),
        *desired_requests(world),
        *desired_consents(world),
        *desired_assets(world),
        *desired_activities(world),
        *desired_escalations(world),
        *desired_cases(world),
        *desired_tasks(world),
        *desired_coverage(world),
        *desired_issues(world),
    )
