"""One run over the sample org, what must hold after it, and a second run that writes nothing."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import pytest

from crm_sync.model.snapshot import Snapshot
from crm_sync.pipeline import Decision, carry_out, decide, look
from crm_sync.pull import pull


@pytest.fixture(scope="module")
def after_a_run(places: Any) -> Any:
    """A place where the job has run once, and what the org then held."""
    with places() as place:
        decision = look(place.world, place.world.org.server_time())
        outcome = carry_out(place.world, decision, kind="full")
        assert outcome.count("written") == len(decision.plan.changes) > 0
        yield place, decision, pull(place.world.org, place.world.mirror, place.world.program, decision.snapshot.as_of)


def test_a_second_run_writes_nothing_and_every_request_has_a_slate_or_a_reason(after_a_run: Any) -> None:
    place, first, _ = after_a_run
    calls = place.world.org.calls
    second = look(place.world, place.world.org.server_time())
    assert second.plan.changes == ()
    outcome = carry_out(place.world, second, kind="full")
    assert outcome.results == ()
    assert place.world.org.calls - calls <= 12
    _every_open_request_ends(second)
    _no_cap_is_exceeded(second, place.world.program)
    _what_the_org_holds_says_the_same(first, second)


def _every_open_request_ends(decision: Decision) -> None:
    requests = decision.snapshot.tables["request"].to_pylist()
    open_ones = [row for row in requests if row["stage"] == "submitted"]
    assert len(open_ones) >= 60
    for row in open_ones:
        assert row["status"] in {"owner_deciding", "matched", "late", "unfilled", "frozen", "customer_asked"}, row[
            "name"
        ]
        assert row["verdict_summary"]
        if row["status"] in ("late", "unfilled"):
            assert row["reasons"]


def _no_cap_is_exceeded(decision: Decision, program: Any) -> None:
    """Count uses and reservations anew from the rows, without the engine: per person (by contact) and per account."""
    tables = {
        name: decision.snapshot.tables[name].to_pylist()
        for name in ("activity", "match", "request", "profile", "contact")
    }
    today = decision.snapshot.today
    profile = {row["id"]: row for row in tables["profile"]}
    account = {row["id"]: row["account"] for row in tables["contact"]}
    kind = {row["id"]: row["type"] for row in tables["request"]}
    used: Counter[str] = Counter()
    for row in tables["activity"]:
        recent = row["completed_on"] and today - timedelta(days=90) < row["completed_on"] <= today
        if row["type"] == "call" and (
            (row["status"] == "completed" and recent) or row["status"] in ("asked", "accepted", "scheduled")
        ):
            used[row["contact"]] += 1
    reserved: Counter[str] = Counter()
    for row in tables["match"]:
        if row["recommended"] and row["reserved_until"] >= today and kind[row["request"]] == "call":
            reserved[profile[row["profile"]]["contact"]] += 1
    assert reserved
    for contact, asked in reserved.items():
        own = next(p["max_calls_quarter"] for p in tables["profile"] if p["contact"] == contact)
        assert used[contact] + asked <= min(2, own if own is not None else 2), contact
    by_account: Counter[str] = Counter()
    for contact in {*used, *reserved}:
        by_account[account[contact]] += used[contact] + reserved[contact]
    for contact in reserved:
        assert by_account[account[contact]] <= 3


def _what_the_org_holds_says_the_same(first: Decision, second: Decision) -> None:
    recommended = {(s.request_id, c.contact_id) for s in first.matches.slates for c in s.candidates if c.recommended}
    profile = {row["id"]: row["contact"] for row in second.snapshot.tables["profile"].to_pylist()}
    held = {
        (row["request"], profile[row["profile"]])
        for row in second.snapshot.tables["match"].to_pylist()
        if row["recommended"]
    }
    assert held == recommended


def test_the_order_of_rows_changes_nothing(after_a_run: Any) -> None:
    place, decision, _ = after_a_run
    shuffled = {name: _shuffled(table) for name, table in decision.snapshot.tables.items()}
    again = decide(replace(decision.snapshot, tables=shuffled), place.world.program)
    assert again.plan == decision.plan
    assert again.plan.checksum == decision.plan.checksum


def _shuffled(table: pa.Table) -> pa.Table:
    order = list(range(table.num_rows))
    random.Random(7).shuffle(order)
    return table.take(pa.array(order, pa.int64()))


SAFETY: Mapping[str, tuple[str, ...]] = {
    "contact": ("opted_out", "nps", "nps_on", "left_company"),
    "account": ("health_score", "in_dispute", "legal_hold", "churn_risk", "renewal_on"),
    "profile": ("status", "paused", "approved_types", "blackouts"),
    "consent": ("status", "valid_from", "evidence", "withdrawn_on", "legal_restriction"),
    "activity": ("status", "completed_on", "type"),
    "escalation": ("status",),
    "case": ("priority", "closed"),
}


@pytest.mark.parametrize("name", sorted(SAFETY))
def test_hiding_a_safety_field_makes_nobody_eligible(after_a_run: Any, name: str) -> None:
    from crm_sync.evaluate import evaluate

    place, decision, _ = after_a_run
    before = _eligible(evaluate(decision.snapshot, place.world.program))
    for field in SAFETY[name]:
        hidden = _hide(decision.snapshot, name, field)
        assert _eligible(evaluate(hidden, place.world.program)) <= before, f"{name}.{field}"


def _hide(snapshot: Snapshot, name: str, field: str) -> Snapshot:
    table = snapshot.tables[name]
    place = table.column_names.index(field)
    blank = table.set_column(place, table.schema.field(field), pa.nulls(table.num_rows, table.schema.field(field).type))
    return replace(snapshot, tables={**snapshot.tables, name: blank}, unreadable=frozenset({(name, field)}))


def _eligible(verdicts: Any) -> set[tuple[str, str]]:
    rows = verdicts.table.to_pylist()
    return {(r["contact_id"], t) for r in rows for t in verdicts.types if not (r[f"failed_{t}"] or r[f"unknown_{t}"])}


def test_the_worker_wrote_only_fields_it_owns(after_a_run: Any) -> None:
    place, decision, _ = after_a_run
    own = {"worker", "stamp", "key", "human_after_create"}
    for change in decision.plan.changes:
        fields = place.world.program.mappings[change.object].fields
        owners = {fields[name].owner for name in change.fields}
        assert owners <= (own if change.action == "create" else own - {"human_after_create"}), change.subject


def test_a_day_later_only_what_the_day_changes_is_written(after_a_run: Any) -> None:
    place, first, _ = after_a_run
    later = decide(
        replace(
            look(place.world, place.world.org.server_time()).snapshot, as_of=first.snapshot.as_of + timedelta(days=1)
        ),
        place.world.program,
    )
    assert 0 < len(later.plan.changes) < len(first.plan.changes) / 3
    assert isinstance(later.plan.as_of, date)
