"""Masks and records -> reasons: each rule's answer for one person and type, with what would change it.

Whether a rule passes is read from the masks, so that an explanation cannot disagree with the verdict; only its words are
made here. Called through `evaluate`. Not here: any decision.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from crm_sync.evaluate.evidence import Evidence, gather
from crm_sync.evaluate.findings import Case, finding
from crm_sync.evaluate.masks import Asked
from crm_sync.evaluate.openings import opening
from crm_sync.evaluate.verdicts import Judged
from crm_sync.evaluate.wording import required
from crm_sync.model.snapshot import Snapshot
from crm_sync.model.verdict import Reason, Standing, Truth, Verdict

Explanations = Mapping[str, Mapping[str, Verdict]]
Move = Callable[[date], date | None]


def explanations(
    judged: Judged, snapshot: Snapshot, contact_ids: Iterable[str], moves: Mapping[str, Move], *, passing: bool
) -> Explanations:
    """Give the verdicts of these contacts for every type; without `passing`, only the reasons that are not true.

    `moves` move a day past a person's blackouts, for those who have any. A contact that is not in the snapshot has no explanation.
    """
    evidence = gather(judged, sorted(set(contact_ids)), snapshot)
    teller = Teller(judged, evidence, snapshot.unreadable, passing)
    rows = judged.records.rows(_query(judged))
    found = {row["contact_id"]: dict(teller.verdicts(row, moves.get(row["contact_id"]))) for row in rows}
    return dict(sorted(found.items()))


def _query(judged: Judged) -> str:
    """Judge the contacts that are shown, and give every fact and every opening day beside the masks."""
    masks = [f"{kind}_{t}" for t in judged.program.types for kind in ("false", "null", "open")]
    days = [
        f'{day} AS "{_day_name(one)}"'
        for one in judged.asked
        for day in (opening(one.rule, judged.program, one.reference_type),)
        if day
    ]
    found = judged.each("(SELECT * FROM contact WHERE id IN (SELECT contact_id FROM shown_ids))", every_fact=True)
    selected = [*(f'"{name}"' for name in judged.columns), *(f"{found.sql[name]} AS {name}" for name in masks), *days]
    return f"SELECT {', '.join(selected)} FROM ({found.query})"


def _day_name(one: Asked) -> str:
    return f"opens {one.bit} {one.reference_type}"


@dataclass(frozen=True)
class Teller:
    """Tells verdicts of one population; `passing`: with the reasons that are true."""

    judged: Judged
    evidence: Evidence
    unreadable: frozenset[tuple[str, str]]
    passing: bool

    @cached_property
    def _asked(self) -> Mapping[str, tuple[Sequence[tuple[int, Asked]], int]]:
        """The rules of each type with their bits, and the bits of the hard ones."""
        types, asked = self.judged.program.types, self.judged.asked
        return {t: ([(one.value, one) for one in asked if one.reference_type == t], self.judged.hard(t)) for t in types}

    @cached_property
    def _thresholds(self) -> Mapping[str, str]:
        """What each criterion requires, in words; types for which it is the same share it."""
        return {
            one.key: required(one.rule.criterion.when, one.reference_type, self.judged.program)
            for one in self.judged.asked
            if one.rule.criterion
        }

    def verdicts(self, row: Mapping[str, Any], move: Move | None) -> Iterator[tuple[str, Verdict]]:
        """Give one contact's verdict per type. A reason that is the same for several types is made once."""
        shared: dict[str, Reason] = {}
        for t, (asked, hard) in self._asked.items():
            false, null, opens = row[f"false_{t}"], row[f"null_{t}"], row[f"open_{t}"]
            case = Case(self.judged, self.evidence, self.unreadable, row, t, self._thresholds)
            standing: Standing = "blocked" if false & hard else "unknown" if null & hard else "eligible"
            reasons = tuple(self._reasons(case, asked, shared))
            free_on = move(opens) if move and opens else opens
            yield t, Verdict(row["contact_id"], row["account_id"], t, standing, reasons, free_on)

    def _reasons(self, case: Case, asked: Iterable[tuple[int, Asked]], shared: dict[str, Reason]) -> Iterator[Reason]:
        false, null = (case.row[f"{kind}_{case.reference_type}"] for kind in ("false", "null"))
        for bit, one in asked:
            truth: Truth = "false" if false & bit else "unknown" if null & bit else "true"
            if self.passing or truth != "true":
                if one.key not in shared:
                    shared[one.key] = _reason(case, one, truth)
                yield shared[one.key]


def _reason(case: Case, asked: Asked, truth: Truth) -> Reason:
    rule, what = asked.rule, finding(case, asked, truth)
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
        free_on=case.row.get(_day_name(asked)) if truth == "false" else None,
    )
