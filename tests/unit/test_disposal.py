"""What of the worker's own files is past its time is disposed of and noted, and the rest still verifies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from crm_sync.audit import Recalled, intact, redactions, runs
from crm_sync.disposal import DELETED, dispose, past
from crm_sync.erasure import Stores
from crm_sync.model.snapshot import Snapshot
from crm_sync.program import Program
from tests import small_stores as town
from tests.small_stores import Clock, Judged

START = datetime(2026, 3, 11, 9, tzinfo=UTC)


@pytest.fixture
def clock() -> Clock:
    return Clock(START)


@pytest.fixture
def stores(tmp_path: Path, clock: Clock) -> Iterator[Stores]:
    with town.open_stores(tmp_path / "state", clock) as opened:
        yield opened


@pytest.fixture(scope="module")
def made(snapshot_of: Any, program: Program) -> Judged:
    return town.judged(snapshot_of(**town.rows()), program)


@pytest.fixture
def snapshot(made: Judged) -> Snapshot:
    return made.snapshot


def numbers(found: Any) -> dict[str, int]:
    return {one.what: one.number for one in found if one.number}


def test_nothing_is_disposed_of_before_its_time(
    stores: Stores, tmp_path: Path, clock: Clock, made: Judged, snapshot: Snapshot, program: Program
) -> None:
    town.fill(stores, tmp_path / "state", made, program)
    stores.journal.inbox.done(stores.journal.inbox.waiting())
    days = program.retention.worker_days
    assert numbers(past(stores, program.retention, START + timedelta(days=days.wake_ups), snapshot)) == {}
    assert numbers(dispose(stores, program.retention, START + timedelta(days=days.wake_ups), snapshot)) == {}
    assert stores.journal.dispositions.entries() == ()


def test_each_kind_goes_at_its_time_and_is_noted(
    stores: Stores, tmp_path: Path, clock: Clock, made: Judged, snapshot: Snapshot, program: Program
) -> None:
    town.fill(stores, tmp_path / "state", made, program)
    stores.journal.inbox.done(stores.journal.inbox.waiting())
    clock.now = START + timedelta(days=300)
    town.fill(stores, tmp_path / "state", made, program, "p2")
    days, log = program.retention.worker_days, stores.journal.decisions
    for moment, expected in (
        (START + timedelta(days=days.wake_ups, seconds=1), {"wake-ups"}),
        (START + timedelta(days=days.runs, seconds=1), {"runs"}),
        (START + timedelta(days=days.decisions, seconds=1), {"runs", "decisions"}),
    ):
        due = numbers(past(stores, program.retention, moment, snapshot))
        assert numbers(dispose(stores, program.retention, moment, snapshot)) == due
        assert set(due) == expected
        assert numbers(past(stores, program.retention, moment, snapshot)) == {}
    noted = stores.journal.dispositions.entries()
    assert [one["what"] for one in noted] == ["wake-ups", "runs", "runs", "decisions"]
    assert all("rules/retention.yaml" in one["basis"] for one in noted)
    assert log.verify() == len(log.entries("20260311T090000Z-p2")) > 0
    assert intact(Recalled(runs(log)[0], stores.archive)), "what a later run was made from as well stays"
    clock.now = START + timedelta(days=300 + days.decisions + 1)
    assert {"decisions", "kept inputs"} <= set(numbers(dispose(stores, program.retention, clock.now, snapshot)))
    assert log.verify() == 0
    assert list(stores.archive.names()) == []


def test_what_waits_is_never_disposed_of(
    stores: Stores, tmp_path: Path, clock: Clock, made: Judged, snapshot: Snapshot, program: Program
) -> None:
    town.fill(stores, tmp_path / "state", made, program)
    dispose(stores, program.retention, START + timedelta(days=30), snapshot)
    assert len(stores.journal.inbox.waiting().records) == 2


def test_whoever_the_org_has_not_had_for_long_leaves_no_trace_and_may_come_back(
    stores: Stores, tmp_path: Path, clock: Clock, made: Judged, snapshot: Snapshot, program: Program
) -> None:
    town.fill(stores, tmp_path / "state", made, program)
    days = program.retention.worker_days
    without_ann = replace(snapshot, tables={**snapshot.tables, "contact": snapshot.tables["contact"].slice(2)})
    assert numbers(dispose(stores, program.retention, clock.now, without_ann)) == {}
    clock.now += timedelta(days=days.deleted_people - 1)
    assert DELETED not in numbers(dispose(stores, program.retention, clock.now, without_ann))
    clock.now += timedelta(days=2)
    assert numbers(past(stores, program.retention, clock.now, without_ann))[DELETED] == 2
    assert numbers(dispose(stores, program.retention, clock.now, without_ann))[DELETED] == 2
    for name in stores.archive.names():
        content = stores.archive.get(name)
        assert not [one for one in (town.ANN, town.PROFILE, town.MATCH) if one[:15].encode() in content], name
    log = stores.journal.decisions
    assert {entry["contact"] for entry in log.entries(what="person") if "forgotten" not in entry} == {town.BOB}
    assert log.verify() > 0
    assert intact(Recalled(runs(log)[0], stores.archive), redactions(stores.journal.dispositions, stores.archive))
    assert not stores.journal.suppression.names(town.ANN)
    assert DELETED not in numbers(dispose(stores, program.retention, clock.now, without_ann))


def test_whoever_is_back_in_time_or_lives_on_in_another_record_is_not_missing(
    stores: Stores, tmp_path: Path, clock: Clock, made: Judged, snapshot: Snapshot, program: Program
) -> None:
    town.fill(stores, tmp_path / "state", made, program)
    contacts = snapshot.tables["contact"]
    merged = contacts.schema.empty_table().from_pylist(
        [{**dict.fromkeys(contacts.schema.names), "id": town.TWIN, "master_record": town.BOB}], contacts.schema
    )
    gone = replace(snapshot, tables={**snapshot.tables, "contact": contacts.slice(2), "merged_contact": merged})
    dispose(stores, program.retention, clock.now, gone)
    clock.now += timedelta(days=20)
    dispose(stores, program.retention, clock.now, snapshot)
    dispose(stores, program.retention, clock.now, gone)
    clock.now += timedelta(days=20)
    assert DELETED not in numbers(past(stores, program.retention, clock.now, gone))
    clock.now += timedelta(days=20)
    assert numbers(past(stores, program.retention, clock.now, gone))[DELETED] == 1


@pytest.mark.parametrize(
    ("hold", "why"), [(True, "a legal hold on 1 accounts"), (None, "a legal hold on 1 accounts cannot be ruled out")]
)
def test_a_legal_hold_on_any_account_keeps_what_was_decided_and_on_what(
    stores: Stores, tmp_path: Path, made: Judged, snapshot: Snapshot, program: Program, hold: bool | None, why: str
) -> None:
    town.fill(stores, tmp_path / "state", made, program)
    accounts = snapshot.tables["account"].to_pylist()
    accounts[0]["legal_hold"] = hold
    table = pa.Table.from_pylist(accounts, snapshot.tables["account"].schema)
    held = replace(snapshot, tables={**snapshot.tables, "account": table})
    moment = START + timedelta(days=program.retention.worker_days.decisions + 1)
    without_ann = replace(held, tables={**held.tables, "contact": held.tables["contact"].slice(2)})
    dispose(stores, program.retention, START, without_ann)
    due = {one.what: one.held_by for one in past(stores, program.retention, moment, without_ann) if one.number}
    assert due == {"runs": None, "decisions": why, "kept inputs": why, DELETED: why}
    assert set(numbers(dispose(stores, program.retention, moment, without_ann))) == {"runs"}
    assert town.ANN in {entry["contact"] for entry in stores.journal.decisions.entries(what="person")}
    assert {"decisions", "kept inputs"} <= set(numbers(dispose(stores, program.retention, moment, snapshot)))


@pytest.mark.parametrize(
    ("hold", "why"),
    [(True, "a legal hold on 1 accounts"), (None, "a legal hold on 1 accounts cannot be ruled out"), (False, None)],
)
def test_a_legal_hold_stays_when_its_account_is_merged_into_another(
    stores: Stores,
    tmp_path: Path,
    made: Judged,
    snapshot: Snapshot,
    program: Program,
    hold: bool | None,
    why: str | None,
) -> None:
    town.fill(stores, tmp_path / "state", made, program)
    accounts = snapshot.tables["account"]
    lost = {**accounts.to_pylist()[0], "id": "001000000000099AAA", "master_record": accounts["id"][0].as_py()}
    merged = pa.Table.from_pylist([{**lost, "legal_hold": hold}], accounts.schema)
    held = replace(snapshot, tables={**snapshot.tables, "merged_account": merged})
    moment = START + timedelta(days=program.retention.worker_days.decisions + 1)
    due = {one.what: one.held_by for one in past(stores, program.retention, moment, held) if one.number}
    assert due["decisions"] == why
    assert ("decisions" in numbers(dispose(stores, program.retention, moment, held))) is (hold is False)
