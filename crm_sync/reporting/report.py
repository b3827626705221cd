"""One look at the org -> the report of the program's weekly meeting, as values.

Called by `crm-sync report`. Everything is counted here and in the modules it calls; `page` only lays it out. People appear by
title and company; nothing personal is in the report.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from crm_sync.lifecycle.coverage import coverage
from crm_sync.lifecycle.world import World
from crm_sync.model.coverage import Coverage
from crm_sync.model.names import Names
from crm_sync.pipeline import Decision
from crm_sync.program import Program
from crm_sync.reporting.fulfilment import Fulfilment, fulfilment
from crm_sync.reporting.revenue import Revenue, revenue
from crm_sync.reporting.spread import Spread, spread
from crm_sync.reporting.watch import Watch, watch

FILLED_TARGET = 0.9


@dataclass(frozen=True)
class Headline:
    """One number at the top: what it is, its value as text, what it is held against, and whether it holds (None: no target)."""

    label: str
    value: str
    against: str
    holds: bool | None


@dataclass(frozen=True)
class Report:
    """Everything the page shows."""

    as_of: datetime
    org_id: str
    rule_version: str
    fulfilment: Fulfilment
    spread: Spread
    watch: Watch
    coverage: Coverage
    revenue: Revenue

    @property
    def headlines(self) -> tuple[Headline, ...]:
        """The numbers that a meeting opens with."""
        return tuple(_headlines(self))


def report_of(decision: Decision, program: Program) -> Report:
    """Count everything that the report shows."""
    world = World(decision.snapshot, decision.verdicts, decision.matches, program, decision.explanations)
    names = Names(decision.snapshot)
    return Report(
        as_of=decision.snapshot.as_of,
        org_id=decision.snapshot.org_id,
        rule_version=program.version,
        fulfilment=fulfilment(world, names),
        spread=spread(world, names),
        watch=watch(world, names),
        coverage=coverage(world),
        revenue=revenue(world),
    )


def _headlines(report: Report) -> Iterator[Headline]:
    asked, load, due = report.fulfilment, report.spread, report.watch
    share = asked.filled_share
    filled = "\u2013" if share is None else f"{100 * share:.0f} %"
    holds = None if share is None else share >= FILLED_TARGET
    yield Headline(
        f"of requests filled, last {asked.days} days", filled, f"target {100 * FILLED_TARGET:.0f} % or more", holds
    )
    open_without = asked.open_requests - asked.with_slate
    yield Headline("open requests without a reference", str(open_without), f"of {asked.open_requests} open", None)
    yield Headline("Gini of load", f"{load.gini:.2f}", f"target below {load.target:.2f}", load.gini < load.target)
    yield Headline("references at a limit", str(len(load.at_cap)), f"of {len(load.loads)} in the pool", None)
    late = sum(one.overdue_days > 0 for one in due.escalations)
    yield Headline("escalations open", str(len(due.escalations)), f"{late} overdue, target 0", late == 0)
    yield Headline("actions overdue", str(len(due.overdue)), f"of {due.open_tasks} open, target 0", not due.overdue)
    yield Headline("consents end within 60 days", str(len(due.ending)), "ask whether to renew", None)
    missing = sum(segment.missing for segment in report.coverage.gaps)
    ahead = f"in {len(report.coverage.gaps)} segments, {len(report.coverage.months)} months"
    yield Headline("references will be missing", f"{missing:.0f}", ahead, None)
