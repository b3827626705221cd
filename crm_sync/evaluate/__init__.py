"""Snapshot -> Verdicts: may this person be asked for this kind of reference, and why.

`evaluate` judges everybody in columns; `explain` gives one verdict with its reasons, `explain_all` those of many;
`facts` shows what was known. All read the same views, so they cannot disagree. Called by the pipeline and the command
line. Pure: no clock, no files, no network. Not here: which request gets whom (`matching`), what is written (`lifecycle`).
"""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa

from crm_sync.evaluate.assessment import Assessment, assess
from crm_sync.evaluate.reasons import Explanations
from crm_sync.model.snapshot import Snapshot
from crm_sync.model.verdict import Verdict
from crm_sync.model.verdicts import Verdicts
from crm_sync.program import Program

__all__ = ["Assessment", "Explanations", "assess", "evaluate", "explain", "explain_all", "facts"]


def evaluate(snapshot: Snapshot, program: Program) -> Verdicts:
    """Judge every contact for every reference type."""
    return assess(snapshot, program).verdicts()


def explain(snapshot: Snapshot, program: Program, contact_id: str, reference_type: str) -> Verdict:
    """Give one verdict with the reason of every rule. Raises KeyError when the snapshot has no such contact."""
    return explain_all(snapshot, program, [contact_id])[contact_id][reference_type]


def explain_all(
    snapshot: Snapshot, program: Program, contact_ids: Iterable[str], *, passing: bool = True
) -> Explanations:
    """Give the verdicts of these contacts for every type, by contact id and type.

    Without `passing` a verdict lists only the reasons that are not true: what blocks, and cautions.
    """
    return assess(snapshot, program).explain_all(contact_ids, passing=passing)


def facts(snapshot: Snapshot, program: Program) -> pa.Table:
    """Give one row per contact with every fact that a condition or a gate may ask about."""
    return assess(snapshot, program).facts()
