"""Masks and records -> reasons: each rule's answer for one person and type, with what would change it.

Whether a rule passes is read from the masks, so that an explanation cannot disagree with the verdict; only its words are
made here. Called through `evaluate`. Not here: any decision.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any

from crm_sync.evaluate.criteria import Rule
from crm_sync.evaluate.evidence import gather
from crm_sync.evaluate.facts import FACTS
from crm_sync.evaluate.findings import Case, finding
from crm_sync.evaluate.openings import opening
from crm_sync.evaluate.verdicts import Judged
from crm_sync.model.snapshot import Snapshot
from crm_sync.model.verdict import Reason, Standing, Truth, Verdict

Explanations = Mapping[str, Mapping[str, Verdict]]


def explanations(
    judged: Judged,
    snapshot: Snapshot,
    contact_ids: Iterable[str],
    moves: Mapping[str, Callable[[date], date | None]],
    *,
    passing: bool,
) -> Explanations:
    """Give the verdicts of these contacts for every type; without `passing`, only the reasons that are not true.

    `moves` move a day past a person's blackouts, for those who have any. A contact that is not in the snapshot has no explanation.
    """
    evidence = gather(judged, sorted(set(contact_ids)), snapshot.unmapped)
    found: dict[str, dict[str, Verdict]] = {}
    for row in judged.records.rows(_query(judged)):
        cases = {t: Case(judged, evidence, snapshot.unreadable, row, t) for t in judged.program.types}
        move = moves.get(row["contact_id"])
        free = {t: move(day) if move and day else day for t in cases for day in (row[f"open_{t}"],)}
        found[row["contact_id"]] = {t: _verdict(case, free[t], passing) for t, case in cases.items()}
    return dict(sorted(found.items()))


def _query(judged: Judged) -> str:
    """Join the facts, masks and opening days of the contacts that are shown."""
    masks = ", ".join(f"j.false_{t}, j.null_{t}, j.open_{t}" for t in judged.program.types)
    days = [
        f'{day} AS "{_day_name(bit, t)}"'
        for bit, rule in enumerate(judged.rules)
        for t in rule.ref.types
        for day in (opening(rule, judged.program, t),)
        if day
    ]
    mine = "WHERE contact_id IN (SELECT contact_id FROM shown_ids)"
    return f"""
        SELECT f.*, {masks}, d.* EXCLUDE (contact_id)
        FROM (SELECT * FROM {FACTS} {mine}) f
        JOIN (SELECT * FROM judged {mine}) j USING (contact_id)
        JOIN (SELECT contact_id, {", ".join(days)} FROM {FACTS} {mine}) d USING (contact_id)
    """


def _day_name(bit: int, reference_type: str) -> str:
    return f"opens {bit} {reference_type}"


def _verdict(case: Case, free_on: date | None, passing: bool) -> Verdict:
    judged, t = case.judged, case.reference_type
    truths = {bit: _truth(case.row, bit, t) for bit, rule in enumerate(judged.rules) if t in rule.ref.types}
    hard = {truth for bit, truth in truths.items() if judged.rules[bit].ref.weight == "hard"}
    standing: Standing = "blocked" if "false" in hard else "unknown" if "unknown" in hard else "eligible"
    reasons = tuple(
        _reason(case, bit, judged.rules[bit], truth) for bit, truth in truths.items() if passing or truth != "true"
    )
    return Verdict(case.row["contact_id"], case.row["account_id"], t, standing, reasons, free_on)


def _truth(row: Mapping[str, Any], bit: int, reference_type: str) -> Truth:
    if row[f"false_{reference_type}"] >> bit & 1:
        return "false"
    return "unknown" if row[f"null_{reference_type}"] >> bit & 1 else "true"


def _reason(case: Case, bit: int, rule: Rule, truth: Truth) -> Reason:
    what = finding(case, rule, truth)
    opens = case.row.get(_day_name(bit, case.reference_type)) if truth == "false" else None
    return Reason(
        rule_id=rule.ref.id,
        rule_version=rule.ref.version,
        text=rule.text,
        truth=truth,
        weight=rule.ref.weight,
        value=what.value,
        threshold=what.threshold,
        source=what.source,
        remedy=what.remedy if truth != "true" else "",
        free_on=opens,
    )
