"""Snapshot -> Verdicts: may this person be asked for this kind of reference, and why.

`evaluate` judges everybody in columns; `explain` gives one verdict with its reasons, `explain_all` those of many;
`facts` shows what was known. All read the same views, so they cannot disagree. Called by the pipeline and the command
line. Pure: no clock, no files, no network. Not here: which request gets whom (`matching`), what is written (`lifecycle`).
"""

from __future__ import annotations

import pyarrow as pa

from crm_sync.evaluate.assessment import Assessment, assess
from crm_sync.model.snapshot import Snapshot
from crm_sync.model.verdicts import Verdicts
from crm_sync.program import Program

__all__ = ["Assessment", "assess", "evaluate", "facts"]


def evaluate(snapshot: Snapshot, program: Program) -> Verdicts:
    """Judge every contact for every reference type."""
    return assess(snapshot, program).verdicts()


def facts(snapshot: Snapshot, program: Program) -> pa.Table:
    """Give one row per contact with every fact that a condition or a gate may ask about."""
    return assess(snapshot, program).facts()
