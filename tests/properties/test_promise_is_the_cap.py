"""The number in a letter is the number the engine lets through: asked until refused, for any caps and limits of their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_sync.evaluate import assess
from crm_sync.lifecycle.limits import own_limit
from crm_sync.lifecycle.world import World
from crm_sync.model.matches import Matches
from crm_sync.model.verdicts import Verdicts
from crm_sync.program import Cap, Program
from crm_sync.program.promise import Clause, promise

TODAY = date(2026, 11, 2)
TYPES = ("call", "quote", "recording")
OWN = {
    "person": (
        "profile.max_calls_year",
        ("profile.max_calls_quarter",),
        ("profile.max_calls_year", "account.max_calls_quarter"),
    ),
    "account": ("account.max_calls_quarter",),
}
MOST = 7

caps = st.builds(
    lambda per, counts, measure, limit, days, own, n: {
        "per": per,
        "counts": counts,
        "measure": measure,
        "limit": limit,
        "window_days": days,
        "own_limit": OWN[per][own % len(OWN[per])],
        "id": f"c{n}",
        "text": "x",
    },
    st.sampled_from(["person", "person", "account"]),
    st.sampled_from(["all", ("call",), ("call", "quote"), ("recording", "call")]),
    st.sampled_from(["uses", "effort"]),
    st.sampled_from([0.5, 1, 2, 3, 5.5]),
    st.sampled_from([30, 90, 182]),
    st.integers(0, 2),
    st.integers(0, 999),
)
limits = st.none() | st.sampled_from([0.0, 1.0, 2.0, 2.5, 4.0])


class Crowd:
    """The same person again and again, each at a company of their own and with one ask of a type more behind them."""

    def __init__(self, program: Program, snapshot_of: Any, own: dict[str, float | None], day: date) -> None:
        self.program = program
        rows: dict[str, list[dict[str, Any]]] = {"account": [], "contact": [], "profile": [], "activity": []}
        for t in TYPES:
            for number in range(MOST + 1):
                who = f"{t}-{number}"
                rows["account"].append({"id": f"a-{who}", "max_calls_quarter": own["account"]})
                rows["contact"].append({"id": who, "account": f"a-{who}"})
                rows["profile"].append(
                    {
                        "id": f"p-{who}",
                        "contact": who,
                        "max_calls_year": own["year"],
                        "max_calls_quarter": own["quarter"],
                    }
                )
                rows["activity"] += (
                    {"id": f"u-{who}-{i}", "contact": who, "type": t, "status": "completed", "completed_on": day}
                    for i in range(number)
                )
        self.snapshot = snapshot_of(as_of=datetime(2026, 11, 2, 12, tzinfo=UTC), **rows)
        self.verdicts: Verdicts = assess(self.snapshot, program).verdicts()
        self.rows = {row["contact_id"]: row for row in self.verdicts.table.to_pylist()}
        self.world = World(self.snapshot, self.verdicts, Matches((), 0, 0, 0.0), program, {})

    def admitted(self, t: str) -> int:
        """Ask until refused: how many asks of this type the caps let through."""
        mine = [bit for bit, rule in enumerate(self.verdicts.rules) if rule.id.startswith("tolerance.")]
        for number in range(MOST + 1):
            row = self.rows[f"{t}-{number}"]
            bits = row[f"failed_{t}"] | row[f"unknown_{t}"]
            if any(bits >> bit & 1 for bit in mine):
                return number
        return MOST + 1

    def promised(self, t: str) -> tuple[Clause, ...]:
        """What a letter to this person says of this type."""
        tolerance = self.program.tolerance
        own = {cap.id: own_limit(self.world, cap, f"{t}-0") for cap in tolerance.caps}
        return promise(tolerance, t, own)


CrowdOf = Callable[..., Crowd]


@pytest.fixture(scope="module")
def crowd_of(program: Program, snapshot_of: Any) -> CrowdOf:
    """Make a crowd under these caps and no rests: crowd_of(caps, own limits, the day of what is behind them)."""

    def make(found: list[dict[str, Any]], own: dict[str, float | None], day: date) -> Crowd:
        distinct = {cap["id"]: Cap(**cap) for cap in found}
        bare = program.tolerance.model_copy(update={"caps": tuple(distinct.values()), "cooldowns": ()})
        return Crowd(replace(program, tolerance=bare), snapshot_of, own, day)

    return make


@settings(max_examples=12, deadline=None)
@given(
    found=st.lists(caps, min_size=1, max_size=4),
    own=st.fixed_dictionaries({"year": limits, "quarter": limits, "account": limits}),
    ago=st.sampled_from([0, 29, 30, 89, 90, 181, 182]),
)
def test_what_is_promised_is_what_is_admitted(
    crowd_of: CrowdOf, found: list[dict[str, Any]], own: dict[str, float | None], ago: int
) -> None:
    crowd = crowd_of(found, own, TODAY - timedelta(days=ago))
    for t in TYPES:
        clauses = crowd.promised(t)
        within = [clause.number for clause in clauses if clause.days > ago]
        none = 0 if not clauses or 0 in (clause.number for clause in clauses) else MOST + 1
        promised, admitted = min([*within, none]), crowd.admitted(t)
        assert admitted <= promised, (t, clauses)
        if not ago or len(found) == 1:
            assert admitted == promised, (t, clauses)
