"""Check that ids are given once, and that criteria fit into a verdict: their number and their points.

Not here: what a criterion asks (`checks.conditions`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from crm_sync.errors import Mistake
from crm_sync.program.draft import Draft
from crm_sync.program.nodes import Path
from crm_sync.program.rules import CoverageRules, Qualification, Tolerance
from crm_sync.program.salvage import UNNAMED
from crm_sync.program.sources import Source

MAX_CRITERIA = 40
"""A verdict keeps one bit a criterion, cap and cooldown in 63; the rest is for those built in."""
MAX_LIMITS = 12
BUILT_IN = ("consent", "blackout")
"""Criteria that stand in no rules file and always apply; their ids are taken."""


def check_ids(draft: Draft) -> Iterator[Mistake]:
    """Tell ids given twice, and lists that are too long or weigh too much."""
    if qualification := draft.rule(Qualification):
        rules, source = qualification
        yield from _once(source, ("criteria",), (criterion.id for criterion in rules.criteria))
        yield from _at_most(source, ("criteria",), len(rules.criteria), MAX_CRITERIA, "criteria")
        yield from _taken(rules, source)
        yield from _points(rules, source)
    if tolerance := draft.rule(Tolerance):
        limits, source = tolerance
        yield from _once(source, ("caps",), (cap.id for cap in limits.caps))
        yield from _once(source, ("cooldowns",), (cooldown.id for cooldown in limits.cooldowns))
        number = len(limits.caps) + len(limits.cooldowns)
        yield from _at_most(source, ("caps",), number, MAX_LIMITS, "caps and cooldowns")
    if coverage := draft.rule(CoverageRules):
        yield from _remediable(draft, *coverage)


def _once(source: Source, path: Path, ids: Iterable[str]) -> Iterator[Mistake]:
    seen: set[str] = set()
    for index, name in enumerate(ids):
        if name in seen:
            yield source.mistake((*path, index, "id"), f"the id {name!r} a second time", "each id once")
        seen.add(name)


def _at_most(source: Source, path: Path, number: int, limit: int, what: str) -> Iterator[Mistake]:
    if number > limit:
        yield source.mistake(path, f"{number} {what}", f"at most {limit}")


def _points(rules: Qualification, source: Source) -> Iterator[Mistake]:
    total = sum(criterion.points or 0 for criterion in rules.criteria)
    if total > 100:
        yield source.mistake(("criteria",), f"points of scored criteria that sum to {total:g}", "at most 100")


def _taken(rules: Qualification, source: Source) -> Iterator[Mistake]:
    for index, criterion in enumerate(rules.criteria):
        if criterion.id in BUILT_IN:
            found = f"the id {criterion.id!r}, which a built-in criterion has"
            yield source.mistake(("criteria", index, "id"), found, "another id")


def _remediable(draft: Draft, coverage: CoverageRules, source: Source) -> Iterator[Mistake]:
    """Only a hard criterion of stage `qualify` keeps somebody from being a candidate."""
    found = draft.rule(Qualification)
    if found is None:
        return
    left_out = draft.left_out.get("rules/qualification", frozenset())
    known = [c.id for c in found[0].criteria if c.weight == "hard" and c.stage == "qualify"]
    for index, name in enumerate(coverage.recruit.remediable):
        if name not in known and not left_out & {name, UNNAMED}:
            yield source.unknown(("recruit", "remediable", index), "the hard criterion", name, known)
