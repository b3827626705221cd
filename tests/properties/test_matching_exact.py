"""Under every cap and every rest at once, no other assignment reaches more: held to a count over all of them.

The count restates what an assignment is worth and what it may take; it shares nothing with the engine but who suits
which request alone, and the fit printed on that request's slate.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from itertools import combinations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.matching.towns import TODAY, Ref, ask, recommended, town

EFFORT = {"call": 1, "quote": 0.5, "recording": 3}
TYPES = tuple(EFFORT)
FILLED, PRICES = 400, (0, 20, 60)
RIVAL = {"id": "rival of P", "competitive_set": "retail banking"}
Asks = list[dict]


@st.composite
def small_worlds(draw: st.DrawFn) -> tuple[list[Ref], Asks]:
    """Few people with little left and many kinds of ask: the caps that cross the network's lines bind."""
    rooms = {account: draw(st.integers(1, 3)) for account in ("A1", "A2")}
    people = []
    for number in range(draw(st.integers(2, 4))):
        account = draw(st.sampled_from(sorted(rooms)))
        left = {
            "calls_quarter": draw(st.integers(0, 2)),
            "activations_half_year": draw(st.integers(1, 2)),
            "effort_year": draw(st.sampled_from([1, 1.5, 3, 4])),
            "account_calls_quarter": rooms[account],
        }
        industry = {"A1": "Healthcare", "A2": "Retail"}[account]
        strength, used = draw(st.sampled_from([0, 50, 100])), draw(st.integers(0, 2))
        people.append(Ref(f"c{number}", account, industry=industry, strength=strength, used=used, left=left))
    asks = [
        ask(
            f"R{number}",
            type=draw(st.sampled_from(TYPES)),
            industry=draw(st.sampled_from(["Healthcare", "Retail"])),
            requester=draw(st.sampled_from(["rep R1", "rep R2"])),
            prospect=draw(st.sampled_from(["P", "P", "rival of P"])),
            needed_by=TODAY + timedelta(days=draw(st.sampled_from([60, 75, 120]))),
        )
        for number in range(draw(st.integers(2, 5)))
    ]
    return people, asks


class Count:
    """All assignments of a small world, from the definition."""

    def __init__(self, program, snapshot_of, people: list[Ref], asks: Asks) -> None:
        self.program, self.snapshot_of = program, snapshot_of
        self.people, self.asks = {ref.id: ref for ref in people}, {row["id"]: row for row in asks}

    def town(self, asks: Asks, only: str | None = None, **more):
        judged = [replace(ref, failed=self._spent(ref)) for ref in self.people.values() if only in (None, ref.id)]
        return town(self.program, self.snapshot_of, judged, asks, account=[RIVAL], **more)

    def match(self):
        return self.town(list(self.asks.values())).match()

    def match_while_waiting(self, ask_id: str, person: str):
        """Match when this proposal was written another day, so that the caps already count it."""
        before = {
            "id": "M1", "request": ask_id, "profile": f"RP {person}", "rank": 1, "recommended": True,
            "reserved_until": TODAY + timedelta(days=9), "state": "proposed",
        }  # fmt: skip
        reference_type = self.asks[ask_id]["type"]
        took = dict(self._takes(reference_type))
        people = [replace(ref, left=self._left_after(ref, person, took)) for ref in self.people.values()]
        people = [replace(ref, reserved=1) if ref.id == person else ref for ref in people]
        held = {"request_id": ask_id, "contact_id": person, "reference_type": reference_type, "match_id": "M1"}
        counted = Count(self.program, self.snapshot_of, people, list(self.asks.values()))
        return counted.town(list(self.asks.values()), match=[before], held=[held]).match()

    def _left_after(self, ref: Ref, person: str, took: Mapping[str, float]) -> dict[str, float]:
        mine = ref.id == person
        ours = ref.account == self.people[person].account
        counts = {cap: ours if cap.startswith("account") else mine for cap in ref.left}
        return {cap: left - took.get(cap, 0) * counts[cap] for cap, left in ref.left.items()}

    def best(self, stays: Mapping[str, str] | None = None) -> int:
        """What the best of all assignments is worth, in tenths of a point."""
        scores = {ask_id: self.scores(ask_id) for ask_id in self.asks}
        every = product(*([None, *scores[ask_id]] for ask_id in self.asks))
        choices = (dict(zip(self.asks, one, strict=True)) for one in every)
        worth = (self._worth(choice, scores, stays or {}) for choice in choices if self._allowed(choice))
        return max(worth)

    def _spent(self, ref: Ref) -> dict[str, int]:
        names = ["no_dispute", *(f"tolerance.{cap.id}" for cap in self.program.tolerance.caps)]
        bits = {name: 1 << at for at, name in enumerate(names)}
        return {
            t: sum(bits[f"tolerance.{cap}"] for cap, took in self._takes(t) if took > ref.left.get(cap, 99))
            for t in TYPES
        }

    def _takes(self, reference_type: str) -> Iterator[tuple[str, float]]:
        if reference_type == "call":
            yield from (("calls_quarter", 1), ("account_calls_quarter", 1))
        yield from (("activations_half_year", 1), ("effort_year", EFFORT[reference_type]))

    def scores(self, ask_id: str) -> dict[str, int]:
        """Who suits a request when nobody else is there and nothing else is asked, and their fit in tenths."""
        slates = [self.town([self.asks[ask_id]], only=person).match().slates[0] for person in self.people]
        return {one.contact_id: round(one.score * 10) for slate in slates for one in slate.candidates}

    def _allowed(self, choice: Mapping[str, str | None]) -> bool:
        took: Counter = Counter()
        for ask_id, person in choice.items():
            for cap, amount in self._takes(self.asks[ask_id]["type"]) if person else ():
                took[self.people[person].account if cap.startswith("account") else person, cap] += amount
        for (owner, cap), amount in took.items():
            if any(amount > ref.left[cap] for ref in self.people.values() if owner in (ref.id, ref.account)):
                return False
        pairs = combinations([one for one in choice.items() if one[1]], 2)
        return not any(self._restless(one, two) for (one, p), (two, q) in pairs if p == q)

    def _restless(self, one: str, two: str) -> bool:
        """30 days after a call, 180 after a quote, whichever comes first; never twice for one requester, nor for two rivals."""
        first, second = self.asks[one], self.asks[two]
        if first["requester"] == second["requester"] or first["prospect"] != second["prospect"]:
            return True
        apart = abs((first["needed_by"] - second["needed_by"]).days)
        rest = {"call": 30, "quote": 180}
        return any(apart < rest.get(row["type"], 0) for row in (first, second))

    def _worth(self, choice: Mapping[str, str | None], scores, stays: Mapping[str, str]) -> int:
        chosen = {ask_id: person for ask_id, person in choice.items() if person}
        points = sum(scores[ask_id][person] + 10 * FILLED for ask_id, person in chosen.items())
        points += sum(10 * FILLED // 2 for ask_id, person in chosen.items() if stays.get(ask_id) == person)
        for person, uses in Counter(chosen.values()).items():
            load = self.people[person].used
            points -= sum(10 * PRICES[min(load + use, 2)] for use in range(uses))
        return points


@pytest.fixture(scope="session")
def count(program, snapshot_of):
    return lambda people, asks: Count(program, snapshot_of, people, asks)


@settings(max_examples=25, deadline=None)
@given(world=small_worlds())
def test_no_assignment_under_all_caps_and_rests_reaches_more(count, world):
    all_of_it = count(*world)
    matches = all_of_it.match()
    assert matches.objective == matches.bound == all_of_it.best()


@settings(max_examples=15, deadline=None)
@given(world=small_worlds(), data=st.data())
def test_a_proposal_that_waits_moves_only_for_what_is_worth_more_than_staying(count, world, data):
    """Any proposal may be waiting from another day; it is part of the count, and the count still cannot be beaten."""
    people, asks = world
    alone = data.draw(st.sampled_from(asks))
    all_of_it = count(people, asks)
    suiting = sorted(all_of_it.scores(alone["id"]))
    if not suiting:
        return
    waits = data.draw(st.sampled_from(suiting))
    matches = all_of_it.match_while_waiting(alone["id"], waits)
    stayed = any(recommended(s) == waits for s in matches.slates if s.request_id == alone["id"])
    best = all_of_it.best({alone["id"]: waits})
    assert matches.objective == matches.bound == best - 10 * FILLED // 2 * stayed
