"""Caps and a person's own limits -> what that person is promised: how often at most they are asked.

The numbers are those the engine holds to (`evaluate.usage`), by the same arithmetic, so that no text promises anything else.
Called by `lifecycle` when it writes drafts. Not here: counting uses, and whose own limits they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from crm_sync.program.merge import filled
from crm_sync.program.rules import Cap, Counted, Tolerance, Words


@dataclass(frozen=True)
class Clause:
    """At most `number` asks of these `types` within any `days` days; `whose` says of one person or of the company."""

    number: int
    types: tuple[str, ...]
    days: int
    whose: Literal["person", "account"]

    def implies(self, other: Clause) -> bool:
        """Whether whoever holds to this one holds to the other, too: what it lets through in the other's days is no more."""
        windows = -(-other.days // self.days)
        wider = set(other.types) <= set(self.types) and self.whose in {other.whose, "account"}
        return wider and self.number * windows <= other.number


def promise(tolerance: Tolerance, reference_type: str, own: Mapping[str, float | None]) -> tuple[Clause, ...]:
    """Give every limit on asks of this type, none that another one implies; `own` are the lower limits by cap id.

    A limit of effort says how many asks of this type alone it allows. Without a cap per person nothing is promised, as
    nobody is asked then.
    """
    counting = (
        cap for cap in tolerance.caps if cap.counts_type(reference_type) and tolerance.weight(cap, reference_type)
    )
    every = (_clause(tolerance, cap, reference_type, own) for cap in counting)
    kept: list[Clause] = []
    for clause in dict.fromkeys(every):
        if not any(other.implies(clause) for other in kept):
            kept = [other for other in kept if not clause.implies(other)] + [clause]
    capped = any(cap.per == "person" and cap.counts_type(reference_type) for cap in tolerance.caps)
    return tuple(kept) if capped else ()


def _clause(tolerance: Tolerance, cap: Cap, reference_type: str, own: Mapping[str, float | None]) -> Clause:
    number = max(0, cap.most(own.get(cap.id)) // tolerance.weight(cap, reference_type))
    counted = (t for t in tolerance.effort_points if cap.counts_type(t))
    types = (reference_type,) if cap.measure == "effort" else tuple(counted)
    return Clause(number, types, cap.window_days, cap.per)


def in_words(clauses: Iterable[Clause], words: Words) -> tuple[str, ...]:
    """Say each limit in a language."""
    return tuple(_said(clause, words) for clause in clauses)


def _said(clause: Clause, words: Words) -> str:
    pattern = words.limit if clause.whose == "person" else words.company_limit
    what = _what(clause.types, words).of(clause.number)
    return filled(pattern, {"number": str(clause.number), "what": what, "days": str(clause.days)})


def _what(types: Sequence[str], words: Words) -> Counted:
    """Name what is counted; all types together are asks of any kind."""
    if set(types) == set(words.types):
        return words.any_kind
    one, many = (_either([getattr(words.types[t], form) for t in types], words) for form in ("one", "many"))
    return Counted(one=one, many=many)


def _either(names: Sequence[str], words: Words) -> str:
    *rest, last = names
    return filled(words.either, {"one": ", ".join(rest), "other": last}) if rest else last
