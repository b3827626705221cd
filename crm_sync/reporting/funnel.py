"""Verdicts -> the funnel: from everybody judged to those who may be asked now, and which criteria stop the rest.

Called by `crm-sync plan`. Counts whole columns and names nobody; `crm-sync explain` says why of one person. Not here: whom to
recruit (lifecycle).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from crm_sync.model.snapshot import Snapshot
from crm_sync.model.verdicts import Verdicts
from crm_sync.program import Program

CONSENT = "consent"
Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Stop:
    """One criterion that stops somebody: how many it is false of, not known of, and how many nothing else stops."""

    rule: str
    failed: int
    unknown: int
    alone: int

    @property
    def people(self) -> int:
        """How many it stops."""
        return self.failed + self.unknown


@dataclass(frozen=True)
class Funnel:
    """One reference type: how many are left after each step, and what stops the rest, largest first.

    `consented` are those who qualify and have consented. `before` stops people from qualifying; `now` stops active references
    from being asked. People with several contact records count once, active references by their profile.
    """

    judged: int
    qualify: int
    consented: int
    active: int
    askable: int
    before: tuple[Stop, ...]
    now: tuple[Stop, ...]


@dataclass(frozen=True)
class _Alike:
    """People with the same answers to every criterion: the bits of what is false and not known of them, and how many they are."""

    failed: Counts
    unknown: Counts
    count: Counts

    def only(self, chosen: NDArray[np.bool_]) -> _Alike:
        return _Alike(self.failed[chosen], self.unknown[chosen], self.count[chosen])

    def passing(self, bits: int) -> int:
        """How many pass all of these criteria."""
        return self._sum((self.failed | self.unknown) & bits == 0)

    def stops(self, rules: Mapping[str, int]) -> tuple[Stop, ...]:
        """Give what each of these criteria, by name and bit, stops."""
        stopped = (self.failed | self.unknown) & sum(rules.values())
        found = [
            Stop(rule, self._sum(self.failed & bit != 0), self._sum(self.unknown & bit != 0), self._sum(stopped == bit))
            for rule, bit in rules.items()
        ]
        return tuple(sorted((one for one in found if one.people), key=lambda one: -one.people))

    def _sum(self, chosen: NDArray[np.bool_]) -> int:
        return int(self.count[chosen].sum())


def funnel(snapshot: Snapshot, verdicts: Verdicts, program: Program) -> Mapping[str, Funnel]:
    """Count each reference type's funnel."""
    profiles = snapshot.tables["profile"]
    active = profiles["contact"].filter(pc.fill_null(pc.equal(profiles["status"], "active"), False))
    who = verdicts.table["contact_id"]
    marks = {
        "is_person": pc.equal(who, verdicts.table["person_key"]),
        "is_active": pc.is_in(who, value_set=active.combine_chunks()),
    }
    return {t: _of_type(t, verdicts, marks, program) for t in verdicts.types}


def _of_type(reference_type: str, verdicts: Verdicts, marks: Mapping[str, Any], program: Program) -> Funnel:
    masks = {kind: verdicts.table[f"{kind}_{reference_type}"] for kind in ("failed", "unknown")}
    alike = pa.table({**masks, **marks}).group_by([*masks, *marks]).aggregate([([], "count_all")])
    everybody = _Alike(*(np.asarray(alike[name]) for name in (*masks, "count_all")))
    people, active = (everybody.only(np.asarray(alike[name])) for name in marks)
    early = {criterion.id for criterion in program.qualification.criteria if criterion.stage == "qualify"}
    rules = dict(_bits(reference_type, verdicts))
    before = {rule: bit for rule, bit in rules.items() if rule in early}
    return Funnel(
        judged=people.passing(0),
        qualify=people.passing(sum(before.values())),
        consented=people.passing(sum(before.values()) | rules[CONSENT]),
        active=active.passing(0),
        askable=active.passing(sum(rules.values())),
        before=people.stops(before),
        now=active.stops(rules),
    )


def _bits(reference_type: str, verdicts: Verdicts) -> Iterator[tuple[str, int]]:
    """Name the hard criteria of one type with their bits."""
    for place, rule in enumerate(verdicts.rules):
        if rule.weight == "hard" and reference_type in rule.types:
            yield rule.id, 1 << place
