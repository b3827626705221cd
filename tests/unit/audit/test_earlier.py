"""Kept runs tell how accounts, contacts and profiles stood: the last run up to a day, and nothing where none was kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from crm_sync.audit import Earlier, kept_days
from crm_sync.audit.earlier import STATE
from crm_sync.audit.inputs import keep_inputs
from crm_sync.model.snapshot import Snapshot
from crm_sync.program import Program
from crm_sync.simulate.past import past_of
from crm_sync.state.archive import FileArchive
from tests.reference_town import Town

MONDAY, THURSDAY = date(2026, 3, 2), date(2026, 3, 5)


@pytest.fixture
def archive(tmp_path: Path) -> FileArchive:
    return FileArchive.open(tmp_path / "archive")


def with_health(snapshot: Snapshot, score: float) -> Snapshot:
    accounts = snapshot.tables["account"]
    column = pa.array([score] * accounts.num_rows)
    changed = accounts.set_column(accounts.column_names.index("health_score"), "health_score", column)
    return replace(snapshot, tables={**snapshot.tables, "account": changed})


@pytest.fixture
def snapshot(snapshot_of: Any, program: Program) -> Snapshot:
    town = Town(snapshot_of, program)
    town.reference("ann")
    return town.snapshot()


@pytest.fixture
def earlier(snapshot: Snapshot, program: Program, archive: FileArchive) -> Earlier:
    """Runs on a Monday and a Thursday, between which health rose."""
    scores = {MONDAY: 40.0, THURSDAY: 60.0}
    kept = [(day, keep_inputs(with_health(snapshot, score), program, archive)) for day, score in scores.items()]
    return Earlier(archive, kept)


@pytest.mark.parametrize(
    ("day", "score"),
    [(date(2026, 3, 1), None), (MONDAY, 40.0), (date(2026, 3, 4), 40.0), (THURSDAY, 60.0), (date(2026, 3, 10), 60.0)],
)
def test_a_day_is_told_by_the_last_run_up_to_it(earlier: Earlier, day: date, score: float | None) -> None:
    tables = earlier(day)
    assert set(tables) == (set(STATE) if score else set())
    assert score is None or set(tables["account"]["health_score"].to_pylist()) == {score}


def test_what_was_kept_fits_todays_records(earlier: Earlier, snapshot: Snapshot) -> None:
    past = past_of(snapshot, date(2026, 2, 2), earlier)
    assert [past.is_kept(day) for day in (date(2026, 3, 1), MONDAY, snapshot.today)] == [False, True, False]
    stood = past.on(MONDAY, {}).tables
    assert stood["account"].schema == past.on(snapshot.today, {}).tables["account"].schema
    assert stood["contact"]["id"].to_pylist() == ["ann"]


def test_a_run_that_is_not_kept_whole_tells_nothing(earlier: Earlier, archive: FileArchive) -> None:
    archive.prune(datetime(2100, 1, 1, tzinfo=UTC))
    assert earlier(MONDAY) == {}


def test_the_last_run_of_each_day_of_this_org_counts() -> None:
    entries = [
        {"org": "mine", "as_of": "2026-03-05T02:00:00+00:00", "inputs": "third"},
        {"org": "mine", "as_of": "2026-03-02T02:00:00+00:00", "inputs": "first"},
        {"org": "mine", "as_of": "2026-03-02T14:00:00+00:00", "inputs": "second"},
        {"org": "another", "as_of": "2026-03-03T02:00:00+00:00", "inputs": "theirs"},
    ]
    assert kept_days(entries, "mine") == [(MONDAY, "second"), (THURSDAY, "third")]
