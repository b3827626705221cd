"""Check that every file speaks of the same reference types, those of tolerance.effort_points.

Not here: the types in conditions (`checks.conditions`) and in mappings (`checks.vocabulary`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from crm_sync.errors import Mistake
from crm_sync.program.draft import Draft
from crm_sync.program.nodes import Path
from crm_sync.program.rules import ConsentRules, CoverageRules, LeadTime, Outreach, Qualification, Tolerance
from crm_sync.program.sources import Source


def check_types(draft: Draft) -> Iterator[Mistake]:
    """Tell every reference type that is unknown, and every one that was forgotten."""
    found = draft.rule(Tolerance)
    if found is None:
        return
    types = _Types(tuple(found[0].effort_points))
    yield from _tolerance(*found, types)
    for check in (_qualification, _consent, _lead_time, _coverage, _outreach):
        yield from check(draft, types)


@dataclass(frozen=True)
class _Types:
    """The known reference types."""

    names: tuple[str, ...]

    def known(self, source: Source, path: Path, used: Iterable[str]) -> Iterator[Mistake]:
        """Tell the unknown ones of a list."""
        for index, name in enumerate(used):
            if name not in self.names:
                yield source.unknown((*path, index), "the reference type", name, self.names)

    def keys(self, source: Source, path: Path, used: Iterable[str]) -> Iterator[Mistake]:
        """Tell the unknown ones of a map's names."""
        for name in used:
            if name not in self.names:
                yield source.unknown((*path, name), "the reference type", name, self.names)

    def complete(self, source: Source, path: Path, used: Iterable[str], what: str) -> Iterator[Mistake]:
        """Tell which types were forgotten."""
        lacking = [name for name in self.names if name not in set(used)]
        if lacking:
            yield source.mistake(path, f"no {what} for {', '.join(lacking)}", "one for every reference type")


def _qualification(draft: Draft, types: _Types) -> Iterator[Mistake]:
    if found := draft.rule(Qualification):
        qualification, source = found
        for index, criterion in enumerate(qualification.criteria):
            yield from types.known(source, ("criteria", index, "types"), criterion.types or ())


def _consent(draft: Draft, types: _Types) -> Iterator[Mistake]:
    if found := draft.rule(ConsentRules):
        consent, source = found
        yield from types.keys(source, ("covers",), consent.covers)
        for use, covered in consent.covers.items():
            yield from types.known(source, ("covers", use), covered)
        covered_at_all = [name for covered in consent.covers.values() for name in covered]
        yield from types.complete(source, ("covers",), covered_at_all, "use that covers a consent")


def _tolerance(tolerance: Tolerance, source: Source, types: _Types) -> Iterator[Mistake]:
    for index, cap in enumerate(tolerance.caps):
        if isinstance(cap.counts, tuple):
            yield from types.known(source, ("caps", index, "counts"), cap.counts)
    for index, cooldown in enumerate(tolerance.cooldowns):
        if isinstance(cooldown.after, tuple):
            yield from types.known(source, ("cooldowns", index, "after"), cooldown.after)


def _lead_time(draft: Draft, types: _Types) -> Iterator[Mistake]:
    if found := draft.rule(LeadTime):
        lead_time, source = found
        yield from types.keys(source, ("business_days",), lead_time.business_days)
        yield from types.complete(source, ("business_days",), lead_time.business_days, "notice")
        yield from types.keys(source, ("first_ask",), lead_time.first_ask)
        yield from types.keys(source, ("substitutes",), lead_time.substitutes)
        for name, offered in lead_time.substitutes.items():
            yield from types.known(source, ("substitutes", name), offered)
            if name in offered:
                at = ("substitutes", name, offered.index(name))
                yield source.mistake(at, f"{name} as its own substitute", "other reference types")


def _coverage(draft: Draft, types: _Types) -> Iterator[Mistake]:
    if found := draft.rule(CoverageRules):
        coverage, source = found
        yield from types.keys(source, ("references_per_deal",), coverage.references_per_deal)
        yield from types.complete(source, ("references_per_deal",), coverage.references_per_deal, "references per deal")


def _outreach(draft: Draft, types: _Types) -> Iterator[Mistake]:
    if found := draft.rule(Outreach):
        outreach, source = found
        named: list[tuple[Path, Iterable[str], str]] = [(("minutes",), outreach.minutes, "minutes")]
        named += [(("languages", name, "types"), words.types, "words") for name, words in outreach.languages.items()]
        for path, used, what in named:
            yield from types.keys(source, path, used)
            yield from types.complete(source, path, used, what)
