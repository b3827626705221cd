"""The decision log: every kind of tampering breaks a seal."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from crm_sync.errors import PermanentError
from crm_sync.state.journal import SqliteJournal

ENTRIES = [{"contact": "003", "verdict": "eligible"}, {"contact": "004", "verdict": "blocked"}, {"contact": "005"}]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "journal.sqlite"


@pytest.fixture
def journal(path: Path) -> Iterator[SqliteJournal]:
    made = SqliteJournal.open(path)
    yield made
    made.close()


def test_entries_come_back_in_order_and_verify(journal: SqliteJournal) -> None:
    first = journal.decisions.append("r1", ENTRIES[:2])
    second = journal.decisions.append("r2", ENTRIES[2:])
    assert first != second
    assert journal.decisions.verify() == 3
    assert [entry["contact"] for entry in journal.decisions.entries("r1")] == ["003", "004"]
    assert len(journal.decisions.entries()) == 3


def test_an_empty_log_verifies(journal: SqliteJournal) -> None:
    assert journal.decisions.verify() == 0
    assert journal.decisions.append("r", []) == "0" * 64


@pytest.mark.parametrize("statement", ["UPDATE decisions SET body = '{}'", "DELETE FROM decisions"])
def test_the_file_itself_refuses_changes(journal: SqliteJournal, path: Path, statement: str) -> None:
    journal.decisions.append("r1", ENTRIES)
    with sqlite3.connect(path) as other, pytest.raises(sqlite3.IntegrityError, match="append-only"):
        other.execute(statement)
    other.close()


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE decisions SET body = replace(body, 'blocked', 'eligible') WHERE seq = 2",
        "UPDATE decisions SET run_id = 'other' WHERE seq = 1",
        "UPDATE decisions SET at = '2020-01-01' WHERE seq = 3",
        "DELETE FROM decisions WHERE seq = 2",
        "DELETE FROM decisions WHERE seq = 1",
        "UPDATE decisions SET seq = -seq; UPDATE decisions SET seq = 4 + seq",
        "INSERT INTO decisions SELECT 4, run_id, at, body, seal FROM decisions WHERE seq = 3",
    ],
)
def test_whoever_gets_round_that_breaks_a_seal(journal: SqliteJournal, path: Path, tampering: str) -> None:
    journal.decisions.append("r1", ENTRIES)
    connection = sqlite3.connect(path)
    connection.executescript(f"DROP TRIGGER decisions_stay; DROP TRIGGER decisions_remain; {tampering};")
    connection.close()
    with pytest.raises(PermanentError, match="was altered at entry"):
        journal.decisions.verify()


def test_cutting_the_end_off_is_seen_by_whoever_kept_the_last_seal(journal: SqliteJournal, path: Path) -> None:
    kept = journal.decisions.append("r1", ENTRIES)
    connection = sqlite3.connect(path)
    connection.executescript("DROP TRIGGER decisions_remain; DELETE FROM decisions WHERE seq = 3;")
    connection.close()
    assert journal.decisions.verify() == 2
    assert journal.decisions.append("r2", []) != kept
