"""The decision log: every kind of tampering breaks a seal, and neither forgetting somebody nor disposal does."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crm_sync.errors import PermanentError
from crm_sync.state.journal import SqliteJournal
from tests.small_stores import Clock

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
        "UPDATE decisions SET body = replace(body, 'box', 'bax') WHERE seq = 2",
        "UPDATE decisions SET body = (SELECT body FROM decisions WHERE seq = 1) WHERE seq = 2",
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


@pytest.mark.parametrize("first", [1, 3])
def test_cutting_the_end_off_is_missed_by_the_ledger_of_runs(journal: SqliteJournal, path: Path, first: int) -> None:
    at = datetime(2026, 11, 28, 9, tzinfo=UTC)
    journal.decisions.append("r1", [*ENTRIES[:2], {"what": "run", "as_of": at.isoformat()}])
    journal.begin_run("one", "full", at, {})
    assert journal.decisions.verify() == 3
    connection = sqlite3.connect(path)
    connection.executescript(f"DROP TRIGGER decisions_remain; DELETE FROM decisions WHERE seq >= {first};")
    connection.close()
    with pytest.raises(PermanentError, match=r"2026-11-28T09:00:00.*no entry.*cut off"):
        journal.decisions.verify()


def test_cutting_off_what_wrote_nothing_is_seen_by_whoever_kept_the_last_seal(
    journal: SqliteJournal, path: Path
) -> None:
    kept = journal.decisions.append("r1", ENTRIES)
    connection = sqlite3.connect(path)
    connection.executescript("DROP TRIGGER decisions_remain; DELETE FROM decisions WHERE seq = 3;")
    connection.close()
    assert journal.decisions.verify() == 2
    assert journal.decisions.append("r2", []) != kept


PEOPLE = [
    {"what": "person", "contact": "003000000000001AAA", "decided": [{"types": ["call"], "standing": "eligible"}]},
    {
        "what": "request",
        "request_id": "a07",
        "candidates": [["003000000000001AAA", 1, 80.5, True], ["004", 2, 70.0, False]],
    },
    {"what": "run", "plan": "p1"},
]


def test_what_is_said_of_people_is_locked_and_comes_back(journal: SqliteJournal) -> None:
    journal.decisions.append("r1", PEOPLE)
    for row, told in zip(journal.decisions.sealed(), PEOPLE, strict=True):
        assert "003000000000001" not in row[3]
        assert "eligible" not in row[3]
        assert json.loads(row[3])["what"] == told["what"]
    told = [
        {k: v for k, v in e.items() if k not in ("seq", "run_id", "at", "seal")} for e in journal.decisions.entries()
    ]
    assert told == PEOPLE
    assert journal.decisions.last("request")["candidates"] == PEOPLE[1]["candidates"]


def test_a_person_without_a_key_is_silent_and_no_seal_is_broken(journal: SqliteJournal) -> None:
    journal.decisions.append("r1", PEOPLE)
    before = journal.decisions.sealed()
    assert journal.lose(["003000000000001AAA"]) == 1
    assert (journal.decisions.verify(), journal.decisions.sealed()) == (3, before)
    person, request, _ = journal.decisions.entries()
    assert person["forgotten"]
    assert "decided" not in person
    assert request["candidates"] == [[person["contact"]], ["004", 2, 70.0, False]]
    assert [contact for _, contact, _ in journal.decisions.people()] == ["004"]


def test_whoever_comes_back_gets_another_key(journal: SqliteJournal) -> None:
    journal.decisions.append("r1", PEOPLE[:1])
    journal.lose(["003000000000001AAA"])
    journal.decisions.append("r2", PEOPLE[:1])
    old, new = journal.decisions.entries()
    assert old["forgotten"]
    assert new["contact"] == "003000000000001AAA"


def test_a_box_cannot_be_put_into_another_s_entry(journal: SqliteJournal, path: Path) -> None:
    journal.decisions.append("r1", [{"what": "person", "contact": one} for one in ("003", "004")])
    connection = sqlite3.connect(path)
    keys = connection.execute("SELECT key FROM people ORDER BY who").fetchall()
    connection.executemany("UPDATE people SET key = ? WHERE key = ?", [(b"x" * 32, keys[0][0])])
    connection.commit()
    connection.close()
    with pytest.raises(PermanentError, match="does not fit their key"):
        journal.decisions.entries()


@pytest.fixture
def clock() -> Clock:
    return Clock(datetime(2026, 1, 1, tzinfo=UTC))


@pytest.fixture
def aged(path: Path, clock: Clock) -> Iterator[SqliteJournal]:
    """A log with an entry a day, for five days."""
    made = SqliteJournal.open(path, clock)
    for day in range(5):
        clock.now = datetime(2026, 1, 1 + day, tzinfo=UTC)
        made.decisions.append(f"r{day}", [{"what": "run", "day": day}])
    yield made
    made.close()


def test_what_is_left_of_a_log_whose_beginning_was_disposed_of_verifies(aged: SqliteJournal, path: Path) -> None:
    before = aged.decisions.sealed()
    assert aged.dispositions.decisions_older(datetime(2026, 1, 3, tzinfo=UTC)) == 2
    assert aged.dispositions.dispose_of_decisions(datetime(2026, 1, 3, tzinfo=UTC), "a test") == 2
    assert aged.decisions.verify() == 3
    assert aged.decisions.sealed() == before[2:]
    assert aged.decisions.start() == (2, before[1][4])
    assert aged.dispositions.dispose_of_decisions(datetime(2026, 1, 3, tzinfo=UTC), "a test") == 0
    assert aged.dispositions.dispose_of_decisions(datetime(2026, 1, 4, tzinfo=UTC), "a test") == 1
    (first, second) = aged.dispositions.entries()
    assert (first["number"], first["up_to"], second["number"], second["up_to"]) == (2, 2, 1, 3)
    with sqlite3.connect(path) as other, pytest.raises(sqlite3.IntegrityError, match="append-only"):
        other.execute("DELETE FROM decisions")
    other.close()


def test_a_log_that_was_disposed_of_as_a_whole_goes_on_where_it_ended(aged: SqliteJournal) -> None:
    last = aged.decisions.sealed()[-1]
    assert aged.dispositions.dispose_of_decisions(datetime(2027, 1, 1, tzinfo=UTC), "a test") == 5
    assert aged.decisions.verify() == 0
    aged.decisions.append("r9", [{"what": "run"}])
    assert aged.decisions.sealed()[0][0] == last[0] + 1
    assert aged.decisions.verify() == 1


def test_an_entry_out_of_order_keeps_those_before_it(aged: SqliteJournal, clock: Clock) -> None:
    clock.now = datetime(2025, 1, 1, tzinfo=UTC)
    aged.decisions.append("r9", [{"what": "run"}])
    assert aged.dispositions.dispose_of_decisions(datetime(2026, 1, 1, tzinfo=UTC), "a test") == 0
    assert aged.decisions.verify() == 6


@pytest.mark.parametrize(
    "tampering",
    [
        "DROP TRIGGER decisions_remain; DELETE FROM decisions WHERE seq = 3",
        "DROP TRIGGER dispositions_remain; DELETE FROM dispositions",
        "DROP TRIGGER dispositions_stay; UPDATE dispositions SET body = replace(body, '\"up_to\": 2', '\"up_to\": 3')",
    ],
)
def test_nobody_can_cut_off_more_and_call_it_disposal(aged: SqliteJournal, path: Path, tampering: str) -> None:
    aged.dispositions.dispose_of_decisions(datetime(2026, 1, 3, tzinfo=UTC), "a test")
    connection = sqlite3.connect(path)
    connection.executescript(f"{tampering};")
    connection.close()
    found = []
    for log in (aged.decisions, aged.dispositions):
        try:
            log.verify()
        except PermanentError as error:
            found.append(str(error))
    assert any("was altered at entry" in text for text in found)


def test_who_is_missing_from_the_org_for_long_is_told(aged: SqliteJournal, clock: Clock) -> None:
    aged.decisions.append("r9", [{"what": "person", "contact": one} for one in ("003", "004")])
    log, day = aged.decisions, datetime(2026, 2, 1, tzinfo=UTC)
    clock.now = day
    assert log.missing({"003"}, day) == ()
    clock.now = day + timedelta(days=31)
    assert log.missing({"003"}, day + timedelta(days=1)) == ("004",)
    assert log.missing({"003", "004"}, day + timedelta(days=1)) == ()
    assert log.missing({"003"}, clock.now) == ()
