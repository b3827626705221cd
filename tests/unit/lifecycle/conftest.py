"""A World made of plain rows, slates and verdicts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pytest

from crm_sync.lifecycle.world import World
from crm_sync.model.matches import Matches, Slate
from crm_sync.model.verdict import Verdict
from crm_sync.model.verdicts import HELD, RuleRef, Verdicts
from crm_sync.program import Program

JUDGED: Mapping[str, Any] = {
    "strength": 50.0,
    "health_since": None,
    "calls_90d": 0.0,
    "activations_180d": 0.0,
    "uses_365d": 0.0,
    "effort_365d": 0.0,
    "reservations": 0.0,
    "next_available_on": None,
    "next_check_in_on": None,
    "is_candidate": False,
}

RULES = (RuleRef("no_dispute", "v", "hard", ("call",)), RuleRef("nps_level", "v", "hard", ("call",)))
WorldOf = Callable[..., World]


@pytest.fixture
def world_of(program: Program, snapshot_of: Any) -> WorldOf:
    """Make a world: world_of(explanations={...}, slates=[...], judged=[{...}], contact=[...], ...)."""

    def make(
        *,
        explanations: Mapping[str, Mapping[str, Verdict]] | None = None,
        slates: Sequence[Slate] = (),
        judged: Sequence[Mapping[str, Any]] = (),
        held: Sequence[Mapping[str, Any]] = (),
        **rows: Any,
    ) -> World:
        snapshot = snapshot_of(**rows)
        everybody = [{"contact_id": row["contact"]} for row in rows.get("profile", ()) if row.get("contact")]
        in_time = {f"earliest_{kind}": snapshot.today for kind in program.types}
        table = pa.Table.from_pylist(
            [
                {"person_key": row["contact_id"], **JUDGED, **in_time, **row}
                for row in judged or everybody or [{"contact_id": "-"}]
            ]
        )
        verdicts = Verdicts(snapshot.as_of, RULES, program.types, table, pa.Table.from_pylist(list(held), schema=HELD))
        barred = {row.get("match_id") or row["activity_id"]: frozenset(row.get("barred", ())) for row in held}
        return World(snapshot, verdicts, Matches(tuple(slates), 0, 0, 0.0, barred), program, explanations or {})

    return make
