"""R4 on values alone: whatever people have noted, deciding again on what was just written writes nothing, today and later.

Random towns: persons who may and may not be asked, requests in every stage, and asks in states that people and time can bring
about, tidy or not. What a run would write is put onto the snapshot with ids of its own, and decided upon anew.
"""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pyarrow as pa
import pytest

from crm_sync.diff import foresee
from crm_sync.lifecycle.world import match_key
from crm_sync.model.records import FORESEEN
from crm_sync.model.snapshot import Snapshot
from crm_sync.pipeline import decide
from crm_sync.program import Program
from tests.reference_town import ALL_TYPES, AS_OF, Town

TODAY = AS_OF.date()
PEOPLE, REQUESTS = 30, 24
OWNER, REP = "005000000000001AAA", "005000000000007AAA"


def near(chance: random.Random, low: int, high: int) -> date:
    """A day around today."""
    return TODAY + timedelta(days=chance.randint(low, high))


def maybe(chance: random.Random, share: float, value: Any) -> Any:
    """This value, or nothing."""
    return value if chance.random() < share else None


def a_town(snapshot_of: Any, program: Program, chance: random.Random) -> Snapshot:
    """A town in disorder."""
    town = Town(snapshot_of, program)
    town.add("user", id=OWNER, active=True, role="program_owner")
    town.add("user", id=REP, active=chance.random() < 0.8, manager=OWNER)
    names = [f"003{number:012}AAA" for number in range(PEOPLE)]
    for name in names:
        _person(town, chance, name)
    for number in range(REQUESTS):
        _request(town, chance, f"a03{number:012}AAA", names)
    return town.snapshot()


def _person(town: Town, chance: random.Random, name: str) -> None:
    changes = {
        "paused": chance.random() < 0.1,
        "health_score": chance.choice([88.0] * 6 + [40.0, None]),
        "approved_types": ALL_TYPES,
    }
    town.reference(name, uses=tuple(chance.sample(ALL_TYPES, 4)), **changes)
    town.rows["account"][-1].update(owner=OWNER)
    town.rows["profile"][-1].update(blackouts=maybe(chance, 0.1, f"{TODAY}..{near(chance, 0, 9)} away"))
    if chance.random() < 0.15:
        town.rows["consent"][-1].update(status="withdrawn", withdrawn_on=near(chance, -5, 2))
    if chance.random() < 0.1:
        town.add(
            "case",
            id=f"500 {name}",
            account=f"acc {name}",
            contact=name,
            priority=chance.choice(["p1", "p3", None]),
            closed=False,
        )


def _request(town: Town, chance: random.Random, request: str, names: list[str]) -> None:
    stage = chance.choice(["submitted"] * 8 + ["on_hold", "withdrawn", "closed", "draft"])
    wants = {
        "type": chance.choice(ALL_TYPES),
        "needed_by": near(chance, 0, 90),
        "audience": maybe(chance, 0.5, "Retail / Service"),
    }
    town.add("request", id=request, stage=stage, requester=REP, prospect="prospect", **wants)
    for name in chance.sample(names, chance.choice([0, 1, 1, 2, 3])):
        noted = _ask(chance)
        match = f"a04{request[9:15]}{name[9:15]}AAA"
        town.add("match", id=match, key=match_key(request, name), request=request, profile=f"prof {name}", **noted)
        if noted["asked_on"] and chance.random() < 0.8:
            _use(town, chance, match, request, name, wants["type"])


def _ask(chance: random.Random) -> dict[str, Any]:
    """What people and earlier runs may have noted on a match."""
    decision = chance.choice([None, None, "approved", "approved", "declined"])
    asked = maybe(chance, 0.6, near(chance, -12, 0)) if decision == "approved" or chance.random() < 0.1 else None
    response = chance.choice([None, "accepted", "declined"]) if asked else maybe(chance, 0.05, "accepted")
    on = near(chance, -4, 12)
    return {
        "state": chance.choice(["proposed", "proposed", "superseded", "frozen", "closed", None]),
        "recommended": chance.random() < 0.6,
        "attempt": maybe(chance, 0.7, float(chance.randint(1, 3))),
        "decide_by": maybe(chance, 0.8, near(chance, -4, 4)),
        "reserved_until": maybe(chance, 0.8, near(chance, -4, 9)),
        "owner_decision": decision,
        "owner_decided_on": near(chance, -14, 0) if decision else None,
        "asked_on": asked,
        "customer_response": response,
        "responded_on": near(chance, -3, 0) if response else None,
        "scheduled_for": maybe(chance, 0.5, datetime.combine(on, time(10), UTC)) if response == "accepted" else None,
        "completed_on": maybe(chance, 0.2, near(chance, -3, 0)) if response == "accepted" else None,
    }


def _use(town: Town, chance: random.Random, match: str, request: str, contact: str, kind: str) -> None:
    status = chance.choice(["asked", "asked", "accepted", "declined", "scheduled", "completed", "missed", "cancelled"])
    done = near(chance, -6, 0) if status == "completed" else None
    town.add(
        "activity", id=f"act {match}", match=match, request=request, contact=contact, type=kind, requester=REP, status=status,
        asked_on=near(chance, -10, 0), scheduled_on=maybe(chance, 0.5, near(chance, -5, 5)), completed_on=done,
        sentiment=maybe(chance, 0.3, "negative") if done else None, concern_department=maybe(chance, 0.2, "Billing") if done else None,
        missed_by="rep" if status == "missed" else None,
    )  # fmt: skip


def written(snapshot: Snapshot, program: Program) -> Snapshot:
    """The snapshot after a run, new records with ids as an org gives them."""
    after = foresee(snapshot, decide(snapshot, program).plan.changes)
    return replace(after, tables={name: _named(name, table) for name, table in after.tables.items()})


def _named(name: str, table: pa.Table) -> pa.Table:
    rows = [{column: _as_id(value) for column, value in row.items()} for row in table.to_pylist()]
    return pa.Table.from_pylist([{**row, **_by_the_org(name, row)} for row in rows], schema=table.schema)


def _by_the_org(name: str, row: dict[str, Any]) -> dict[str, Any]:
    """What the org itself sets: whether a task is closed, and the priority of a case nobody gave one."""
    if name == "task":
        return {"closed": row["status"] == "completed"}
    return {"priority": row["priority"] or "p3"} if name == "case" and row["id"].startswith("made ") else {}


def _as_id(value: Any) -> Any:
    return f"made {value.removeprefix(FORESEEN)}" if isinstance(value, str) and value.startswith(FORESEEN) else value


@pytest.mark.parametrize("seed", [2, 3])
def test_a_second_run_writes_nothing_whatever_people_have_noted(snapshot_of: Any, program: Program, seed: int) -> None:
    snapshot = a_town(snapshot_of, program, random.Random(seed))
    for lapse in (0, 1, 6):
        snapshot = written(replace(snapshot, as_of=snapshot.as_of + timedelta(days=lapse)), program)
        left = decide(snapshot, program).plan.changes
        assert [(change.subject, dict(change.fields), dict(change.before)) for change in left] == []
