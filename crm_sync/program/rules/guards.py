"""rules/guards.yaml as values: when a run has to stop and ask a person.

Read by `diff` and the pipeline. Not here: the guard itself.
"""

from __future__ import annotations

from pydantic import Field

from crm_sync.program.base import Part, Percent


class Guards(Part):
    """Limits of one run. Past them the run only shows what it would do."""

    max_changed_verdicts_percent: Percent
    max_retired_percent: Percent
    max_forgotten_percent: Percent
    min_profiles_for_guard: int = Field(ge=0, le=1_000_000)
    stale_pull_minutes: int = Field(ge=1, le=1440)
    api_share_percent: Percent
