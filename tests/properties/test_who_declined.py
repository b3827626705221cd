"""S9: a requester cannot tell who said no, or kept silent, from who was never considered: both give the same bytes.

Two worlds are decided upon that differ in one thing for each request: in the one a person was proposed, asked or approved and
it came to nothing; in the other that person cannot be asked for this type at all. What a requester may see is compared as
JSON: the request's record after the run, and the tasks the requester gets.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import product
from typing import Any

import pytest

from crm_sync.diff import foresee
from crm_sync.diff.plan import plain
from crm_sync.lifecycle.world import digest, match_key
from crm_sync.model.snapshot import Snapshot
from crm_sync.pipeline import Decision, decide
from crm_sync.program import Program
from tests.reference_town import ALL_TYPES, AS_OF, Town

TODAY = AS_OF.date()
REP, OWNER = "005000000000007AAA", "005000000000001AAA"
OTHERS = (0, 1, 2, 4)
"""How many others suit a request."""


def ago(days: int) -> date:
    """A day in the past."""
    return TODAY - timedelta(days=days)


DECIDED = {"owner_decision": "approved", "owner_decided_on": ago(12)}
ASKED = DECIDED | {"asked_on": ago(11)}
NO = {"customer_response": "declined", "responded_on": ago(1)}
STAGES: dict[str, dict[str, Any]] = {
    "the owner said no": {
        "owner_decision": "declined",
        "owner_decided_on": ago(1),
        "decide_by": ago(-1),
        "state": "proposed",
    },
    "the owner said no, and the run after": {
        "owner_decision": "declined",
        "owner_decided_on": ago(3),
        "state": "closed",
    },
    "the owner kept silent": {"decide_by": ago(1), "reserved_until": ago(-3), "recommended": True, "state": "proposed"},
    "the owner kept silent long ago": {"decide_by": ago(30), "state": "superseded"},
    "nobody asked the customer": DECIDED | {"reserved_until": ago(5), "state": "proposed"},
    "the customer kept silent": ASKED | {"state": "proposed", "recommended": True},
    "the customer kept silent long ago": ASKED | {"state": "superseded"},
}
SAID_NO: dict[str, dict[str, Any]] = {
    "the customer said no": ASKED | NO | {"state": "proposed", "recommended": True},
    "the customer said no, and the run after": ASKED | NO | {"state": "closed"},
    "the customer said no before the owner was asked": {"state": "proposed"} | NO,
}


@dataclass(frozen=True)
class Pair:
    """One request, and what became of the first person proposed for it."""

    number: int
    stage: str
    type: str
    others: int
    reps_before: str | None

    @property
    def request(self) -> str:
        """Its id."""
        return f"a03{self.number:012}AAA"

    @property
    def gone(self) -> str:
        """The person it came to nothing with."""
        return f"003{self.number:012}AAA"


def town_of(snapshot_of: Any, program: Program, pairs: list[Pair], *, considered: bool) -> Snapshot:
    """The world of these pairs: with what became of the first person, or with a person who cannot be asked for it."""
    town = Town(snapshot_of, program)
    town.add("user", id=REP, active=True)
    town.add("user", id=OWNER, active=True, role="program_owner")
    for pair in pairs:
        _people(town, pair, eligible=considered)
        town.add("request", **_request(pair))
        if considered:
            _what_became_of_it(town, pair)
    return town.snapshot()


def _people(town: Town, pair: Pair, *, eligible: bool) -> None:
    kinds = [kind for kind in ALL_TYPES if kind != pair.type or eligible]
    speaks = {"languages": [f"language {pair.number}"], "approved_types": kinds, "briefed_types": kinds}
    _reference(town, pair.gone, pair.type, speaks)
    for number in range(pair.others):
        speaks = {"languages": [f"language {pair.number}"], "approved_types": [pair.type], "briefed_types": [pair.type]}
        _reference(town, f"003{pair.number:06}{number + 1:06}BBB", pair.type, speaks)


def _reference(town: Town, name: str, kind: str, profile: dict[str, Any]) -> None:
    town.reference(name, uses=(kind,))
    town.rows["profile"][-1].update(profile)
    town.rows["account"][-1].update(owner=OWNER)


def _request(pair: Pair) -> dict[str, Any]:
    """The request as its requester left it, and as an earlier run may have."""
    earlier = {"status": pair.reps_before, "due_on": ago(1) if pair.reps_before else None, "evaluated_at": AS_OF}
    wants = {"type": pair.type, "language": f"language {pair.number}", "needed_by": TODAY + timedelta(days=80)}
    return {"id": pair.request, "stage": "submitted", "requester": REP, "prospect": "prospect", **wants, **earlier}


def _what_became_of_it(town: Town, pair: Pair) -> None:
    noted = (STAGES | SAID_NO)[pair.stage]
    key = match_key(pair.request, pair.gone)
    match = {
        "id": f"a04{pair.number:012}AAA",
        "key": key,
        "request": pair.request,
        "profile": f"prof {pair.gone}",
        "attempt": 1.0,
    }
    town.add("match", **match, **noted)
    if "asked_on" in noted:
        use = {
            "contact": pair.gone,
            "type": pair.type,
            "match": match["id"],
            "request": pair.request,
            "status": "asked",
        }
        town.add(
            "activity",
            id=f"a05{pair.number:012}AAA",
            key=digest("activity", key),
            **use,
            asked_on=noted["asked_on"],
            requester=REP,
        )


def seen_by_the_requester(decision: Decision, request: str) -> str:
    """Everything the requester reads about one request after the run, as JSON in the org's order."""
    after = foresee(decision.snapshot, decision.plan.changes)
    (row,) = [row for row in after.tables["request"].to_pylist() if row["id"] == request]
    changes = [c for c in decision.plan.changes if c.object == "task" and c.fields.get("owner") == REP]
    tasks = [
        {name: plain(value) for name, value in c.fields.items()}
        for c in changes
        if plain(c.fields.get("what")) == request
    ]
    visible = {
        name: value for name, value in row.items() if name != "recommended_match"
    }  # its record is hidden from them
    return json.dumps(
        {"request": visible, "recommended": row["recommended_match"] is not None, "tasks": tasks}, default=str
    )


def pairs_of(stages: dict[str, dict[str, Any]], types: list[str]) -> Iterator[Pair]:
    """Every stage with every type, few and many others, and what the request said before."""
    befores = (None, "owner_deciding")
    for number, (stage, kind, others) in enumerate(product(stages, types, OTHERS)):
        yield Pair(number + 1, stage, kind, others, befores[number % 2])


def _compare(snapshot_of: Any, program: Program, pairs: list[Pair]) -> None:
    one, other = (decide(town_of(snapshot_of, program, pairs, considered=it), program) for it in (True, False))
    for pair in pairs:
        assert seen_by_the_requester(one, pair.request) == seen_by_the_requester(other, pair.request), pair


def test_a_customers_no_reads_as_if_nobody_had_been_considered(snapshot_of: Any, program: Program) -> None:
    """A no rests the person for that type, so many requests may stand in one world."""
    pairs = list(pairs_of(SAID_NO, ALL_TYPES))
    assert len(pairs) == 72
    _compare(snapshot_of, program, pairs)


@pytest.mark.parametrize("stage", STAGES)
def test_an_owners_no_and_every_silence_read_as_if_nobody_had_been_considered(
    snapshot_of: Any, program: Program, stage: str
) -> None:
    """These leave the person free for others, so each world holds one request of each type."""
    turn = list(STAGES).index(stage)
    pairs = [
        Pair(n + 1, stage, kind, OTHERS[(n + turn) % len(OTHERS)], (None, "owner_deciding")[(n + turn) % 2])
        for n, kind in enumerate(ALL_TYPES)
    ]
    _compare(snapshot_of, program, pairs)


def test_the_comparison_can_fail(snapshot_of: Any, program: Program) -> None:
    """A world in which the request itself differs does not read the same."""
    pair = Pair(1, "the owner said no", "call", 1, None)
    one = decide(town_of(snapshot_of, program, [pair], considered=True), program)
    two = decide(
        town_of(snapshot_of, program, [Pair(1, "the owner said no", "call", 2, None)], considered=True), program
    )
    assert seen_by_the_requester(one, pair.request) != seen_by_the_requester(two, pair.request)
