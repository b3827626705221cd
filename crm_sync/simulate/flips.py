"""Two rule sets over today's records -> who may be asked under one and not under the other, and which criteria make it so.

Called by reporting. Not here: the days before today (`play`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pyarrow.compute as pc

from crm_sync.evaluate import assess
from crm_sync.evaluate.assessment import Assessment
from crm_sync.model.snapshot import Snapshot
from crm_sync.model.verdict import Reason
from crm_sync.model.verdicts import Verdicts
from crm_sync.program import Program

Becomes = Literal["eligible", "blocked"]
Pair = tuple[str, str]
NO_SUCH_KIND = "no such kind"
"""What makes the difference where one rule set does not know the kind of reference."""


@dataclass(frozen=True)
class Flip:
    """One person and kind of reference: what the verdict becomes under the other rules, and the criteria that decide it.

    `reasons` are the criteria in the way: those of the other rules for who is blocked by them, those of the rules in use for
    who is let in; what each asks for, what was found, and what would change it.
    """

    contact_id: str
    reference_type: str
    becomes: Becomes
    reasons: tuple[Reason, ...]

    @property
    def criteria(self) -> tuple[str, ...]:
        """The ids of the criteria that make the difference."""
        return tuple(reason.rule_id for reason in self.reasons) or (NO_SUCH_KIND,)


@dataclass(frozen=True)
class Flips:
    """Everything that flips, and how many pairs of person and kind may be asked, and candidates there are, on each side."""

    flips: tuple[Flip, ...]
    eligible: tuple[int, int]
    candidates: tuple[int, int]

    def by_criterion(self) -> Mapping[str, Mapping[Becomes, int]]:
        """Count flips by the criteria that make them, the most frequent first; a flip counts for each of its criteria."""
        counted: dict[str, Counter[Becomes]] = {}
        for flip in self.flips:
            for criterion in flip.criteria:
                counted.setdefault(criterion, Counter())[flip.becomes] += 1
        return dict(sorted(counted.items(), key=lambda found: (-found[1].total(), found[0])))


def flips(snapshot: Snapshot, current: Program, other: Program) -> Flips:
    """Judge everybody under both rule sets and explain whoever is judged differently."""
    sides = [assess(snapshot, program) for program in (current, other)]
    verdicts = [side.verdicts() for side in sides]
    before, after = (_eligible(one) for one in verdicts)
    found = (*_flips(after - before, "eligible", sides[0]), *_flips(before - after, "blocked", sides[1]))
    candidates = tuple(pc.sum(one.table["is_candidate"]).as_py() or 0 for one in verdicts)
    return Flips(found, (len(before), len(after)), (candidates[0], candidates[1]))


def _eligible(verdicts: Verdicts) -> frozenset[Pair]:
    """The pairs of contact and kind with nothing in the way."""
    contacts, found = verdicts.table["contact_id"].to_pylist(), set()
    for kind in verdicts.types:
        bits = pc.bit_wise_or(verdicts.table[f"failed_{kind}"], verdicts.table[f"unknown_{kind}"])
        free = pc.fill_null(pc.equal(bits, 0), False).to_pylist()
        found |= {(contact, kind) for contact, is_free in zip(contacts, free, strict=True) if is_free}
    return frozenset(found)


def _flips(pairs: frozenset[Pair], becomes: Becomes, side: Assessment) -> Iterator[Flip]:
    """Explain pairs by the side under which they are blocked."""
    explained = side.explain_all({contact for contact, _ in pairs}, passing=False) if pairs else {}
    for contact, kind in sorted(pairs):
        verdict = explained[contact].get(kind)
        reasons: Sequence[Reason] = verdict.reasons if verdict else ()
        yield Flip(contact, kind, becomes, tuple(reason for reason in reasons if reason.blocks))
