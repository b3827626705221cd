"""Candidate pairs and a ledger -> the best joint assignment under every cap and every rest at once, proven.

Called by `recommend` when the network's optimum breaks a cap over several kinds of use, or puts a person down twice
without rest. Only pairs that could be part of something better than what was found already come in (their prices
prove that), so the problem is small; where it is not, or takes too long, there is no answer, and what was found
stays. The work is counted, not timed, so every machine comes to the same end. Not here: the network (`flow`), and
any word of what a cap counts (`ledger`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from ortools.sat.python import cp_model

from crm_sync.matching.ledger import Ledger
from crm_sync.matching.offers import Offers, hashes, price_of_use
from crm_sync.matching.scan import TIE_RANGE, pair_ties

MOST_PAIRS = 20_000
"""More pairs than this are left to the network and the ledger."""
MOST_WORK = 30.0
"""Deterministic seconds of the solver: about as many of a clock."""


@dataclass(frozen=True, order=True)
class Candidate:
    """A request's and a reference's row, and what filling the one with the other is worth, price aside, in tenths."""

    row: int
    reference: int
    worth: int


def best_of(offers: Offers, candidates: Sequence[Candidate], ledger: Ledger) -> Mapping[int, int] | None:
    """Choose at most one reference per request; None if that could not be proven the best within the work allowed."""
    possible = [one for one in candidates if ledger.admits(offers.requests[one.row], one.reference)]
    if len(possible) > MOST_PAIRS:
        return None
    return _Model(offers, ledger, _in_order(offers, possible)).best()


def _in_order(offers: Offers, candidates: Sequence[Candidate]) -> Sequence[Candidate]:
    """Sort by what names request and person for good, so that the order of rows cannot matter."""
    return sorted(candidates, key=lambda one: (offers.requests[one.row].id, offers.pool.contact_id[one.reference]))


class _Model:
    """One yes or no for each candidate."""

    def __init__(self, offers: Offers, ledger: Ledger, candidates: Sequence[Candidate]) -> None:
        self.offers, self.ledger, self.candidates = offers, ledger, candidates
        self.model = cp_model.CpModel()
        self.chosen = [self.model.new_bool_var("") for _ in candidates]
        self.by_person = self._grouped(lambda one: int(offers.pool.person.of_row[one.reference]))

    def best(self) -> Mapping[int, int] | None:
        """Solve; None if the best is not known by then."""
        self._one_each()
        self._caps()
        self._rests()
        gains = dict(self._gains(len({one.row for one in self.candidates}) * TIE_RANGE))
        self.model.maximize(cp_model.LinearExpr.weighted_sum(list(gains), list(gains.values())))
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.max_deterministic_time = MOST_WORK
        if solver.solve(self.model) != cp_model.OPTIMAL:
            return None
        taken = (one for one, variable in zip(self.candidates, self.chosen, strict=True) if solver.value(variable))
        return {one.row: one.reference for one in taken}

    def _grouped(self, key: Callable[[Candidate], int]) -> Mapping[int, list[int]]:
        grouped: dict[int, list[int]] = defaultdict(list)
        for at, one in enumerate(self.candidates):
            grouped[key(one)].append(at)
        return grouped

    def _one_each(self) -> None:
        for mine in self._grouped(lambda one: one.row).values():
            self.model.add_at_most_one(self.chosen[at] for at in mine)

    def _caps(self) -> None:
        """Hold every cap of every person and account to what is left of it."""
        counted: dict[tuple[str, int], list[tuple[int, int]]] = defaultdict(list)
        left: dict[tuple[str, int], int] = {}
        for at, one in enumerate(self.candidates):
            for cap, owner, amount in self.ledger.entries(self.offers.requests[one.row], one.reference):
                counted[cap.id, owner].append((amount, at))
                room = self.ledger.left(cap, one.reference, owner)
                left[cap.id, owner] = min(room, left.get((cap.id, owner), room))
        for key, entries in counted.items():
            if sum(amount for amount, _ in entries) > left[key]:
                self.model.add(sum(amount * self.chosen[at] for amount, at in entries) <= left[key])

    def _rests(self) -> None:
        """Let nobody be put down for two requests between which there is no rest."""
        for mine in self.by_person.values():
            for clique in self._cliques(mine):
                self.model.add_at_most_one(self.chosen[at] for at in clique)

    def _cliques(self, mine: Sequence[int]) -> Iterator[Sequence[int]]:
        """Cover all clashes among one person's candidates by sets in which everybody clashes with everybody."""
        clash = {pair for pair in combinations(mine, 2) if self._clash(*pair)}
        covered: set[tuple[int, int]] = set()
        for first, second in sorted(clash):
            if (first, second) in covered:
                continue
            clique = [first, second]
            for other in mine:
                if other > second and all((one, other) in clash for one in clique):
                    clique.append(other)
            covered.update(combinations(clique, 2))
            yield clique

    def _clash(self, first: int, second: int) -> bool:
        one, other = (self.offers.requests[self.candidates[at].row] for at in (first, second))
        return self.ledger.clash(one, other)

    def _gains(self, scale: int) -> Iterator[tuple[cp_model.IntVar, int]]:
        """Give what each choice adds, times `scale`: its worth, and less than nothing for each further use of a person.

        Ties are broken by the hashes that the network breaks them by, all together worth less than one tenth of a point.
        """
        requests = hashes(self.offers.requests[one.row].id for one in self.candidates)
        references = hashes(self.offers.pool.contact_id[one.reference] for one in self.candidates)
        ties = pair_ties(requests, references).tolist()
        for one, choice, tie in zip(self.candidates, self.chosen, ties, strict=True):
            yield choice, one.worth * scale + tie
        for mine in self.by_person.values():
            reference = self.candidates[mine[0]].reference
            load = self.ledger.load(reference) + np.arange(len({self.candidates[at].row for at in mine}))
            prices = price_of_use(self.offers.program, load, self.offers.pool.effort[[reference]])
            uses = [self.model.new_bool_var("") for _ in prices]
            self.model.add(sum(uses) == sum(self.chosen[at] for at in mine))
            yield from ((use, -int(price) * scale) for price, use in zip(prices, uses, strict=True))
