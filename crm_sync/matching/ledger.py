"""Who has been taken for what in this run, against every cap and every rest: the last word before a recommendation.

Called by `joint` and `slates`. The network knows caps of one kind of use at a time; a person's caps over several
kinds, and rests between two asks of one run, are kept here, and nothing is recommended that the ledger does not
admit. All in thousandths of a use or an effort point. Not here: points.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from crm_sync.matching.columns import UNKNOWN
from crm_sync.matching.pool import Pool
from crm_sync.matching.requests import OpenRequest
from crm_sync.program import Program
from crm_sync.program.rules import SCALE, Cap, Cooldown


def weight(cap: Cap, reference_type: str, program: Program) -> int:
    """What one ask of this type takes from a cap, in thousandths; 0 if the cap does not count it."""
    if cap.counts != "all" and reference_type not in cap.counts:
        return 0
    return round(SCALE * program.tolerance.effort_points[reference_type]) if cap.measure == "effort" else SCALE


@dataclass
class Ledger:
    """What is taken in this run, and what was held before and is free to be placed anew (`released`).

    `taken` lists the requests each person is down for; `used` counts thousandths by cap and by person or account;
    `gave_back` and `placed` count each person's released and new asks.
    """

    pool: Pool
    program: Program
    released: Counter[tuple[str, int]] = field(default_factory=Counter)
    used: Counter[tuple[str, int]] = field(default_factory=Counter)
    taken: dict[int, list[OpenRequest]] = field(default_factory=lambda: defaultdict(list))
    gave_back: Counter[int] = field(default_factory=Counter)
    placed: Counter[int] = field(default_factory=Counter)

    def copy(self) -> Ledger:
        """A ledger with the same entries, to try something."""
        taken: dict[int, list[OpenRequest]] = defaultdict(list)
        taken.update({person: list(requests) for person, requests in self.taken.items()})
        return Ledger(
            self.pool,
            self.program,
            self.released.copy(),
            self.used.copy(),
            taken,
            self.gave_back.copy(),
            self.placed.copy(),
        )

    def release(self, request: OpenRequest, row: int) -> None:
        """Give back what a proposal of this request holds, since the request is matched anew."""
        for cap, owner, amount in self.entries(request, row):
            self.released[cap.id, owner] += amount
        self.gave_back[int(self.pool.person.of_row[row])] += 1

    def reserve(self, request: OpenRequest, row: int) -> None:
        """Note an ask that the caps already count: it rests the person, but takes nothing more."""
        self.taken[int(self.pool.person.of_row[row])].append(request)

    def take(self, request: OpenRequest, row: int) -> None:
        """Put this reference down for this request."""
        for cap, owner, amount in self.entries(request, row):
            self.used[cap.id, owner] += amount
        self.placed[int(self.pool.person.of_row[row])] += 1
        self.reserve(request, row)

    def untake(self, request: OpenRequest, row: int) -> None:
        """Undo a `take`."""
        for cap, owner, amount in self.entries(request, row):
            self.used[cap.id, owner] -= amount
        self.placed[int(self.pool.person.of_row[row])] -= 1
        self.taken[int(self.pool.person.of_row[row])].remove(request)

    def load(self, row: int) -> int:
        """How many recent uses and open asks this reference has, those of this run with them."""
        person = int(self.pool.person.of_row[row])
        return int(self.pool.load[row]) - self.gave_back[person] + self.placed[person]

    def admits(self, request: OpenRequest, row: int) -> bool:
        """Whether this reference may be put down for this request as well."""
        fits = all(amount <= self.left(cap, row, owner) for cap, owner, amount in self.entries(request, row))
        others = self.taken.get(int(self.pool.person.of_row[row]), ())
        return fits and not any(self.clash(request, other) for other in others)

    def has_room_again(self) -> NDArray[np.bool_]:
        """Everybody who, or whose account, was given back something: a cap said to be full may not be."""
        caps = {cap.id: cap for cap in self.program.tolerance.caps}
        rows = np.zeros(len(self.pool), dtype=bool)
        for (cap_id, owner), amount in self.released.items():
            owners = self.pool.account if caps[cap_id].per == "account" else self.pool.person
            rows |= (owners.of_row == owner) & (amount > 0)
        return rows

    def left(self, cap: Cap, row: int, owner: int) -> int:
        """What is left of a cap for this reference, in thousandths."""
        return int(self.pool.left[cap.id][row]) + self.released[cap.id, owner] - self.used[cap.id, owner]

    def entries(self, request: OpenRequest, row: int) -> Iterable[tuple[Cap, int, int]]:
        """Give each cap that counts this ask, the person or account it counts for, and how many thousandths."""
        for cap in self.program.tolerance.caps:
            amount = weight(cap, request.type or "", self.program)
            owners = self.pool.account if cap.per == "account" else self.pool.person
            if amount and owners.of_row[row] != UNKNOWN:
                yield cap, int(owners.of_row[row]), amount
            elif amount:
                yield cap, UNKNOWN, amount

    def clash(self, one: OpenRequest, other: OpenRequest) -> bool:
        """Whether one person would get no rest between these two asks."""
        return any(
            _rests(cooldown, first, second)
            for cooldown in self.program.tolerance.cooldowns
            if cooldown.event == "used"
            for first, second in ((one, other), (other, one))
        )


def _rests(cooldown: Cooldown, first: OpenRequest, second: OpenRequest) -> bool:
    """Whether the first ask makes the second wait; days that are not known may be too close."""
    if isinstance(cooldown.after, tuple) and first.type is not None and first.type not in cooldown.after:
        return False
    if cooldown.after == "same_type" and first.type != second.type:
        return False
    if cooldown.same is not None:
        return first.for_whom(cooldown.same) in second.close_to(cooldown.same)
    if first.needed_by is None or second.needed_by is None:
        return True
    return abs((first.needed_by - second.needed_by).days) < cooldown.days


def kinds_of_use(program: Program, types: Iterable[str]) -> Mapping[str, tuple[int, ...]]:
    """Give for each type what it takes from each cap; types that take the same are one kind of use."""
    return {t: tuple(weight(cap, t, program) for cap in program.tolerance.caps) for t in types}
