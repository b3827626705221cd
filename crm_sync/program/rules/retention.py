"""rules/retention.yaml as values: how long records are kept.

Read by `lifecycle` and `crm-sync retention`. Not here: disposal.
"""

from __future__ import annotations

from collections.abc import Mapping

from crm_sync.program.base import Days, Months, Name, Part


class WorkerDays(Part):
    """Days to keep what the worker's own files hold: wake-ups, runs with their intents and outcomes, decisions with what
    they were made from, and whatever tells of contacts that the org no longer has.
    """

    wake_ups: Days
    runs: Days
    decisions: Days
    deleted_people: Days


class Retention(Part):
    """Months to keep closed records, by mapping name, and days to keep the worker's own."""

    keep_months: Mapping[Name, Months]
    legal_hold_stops_disposal: bool
    worker_days: WorkerDays
