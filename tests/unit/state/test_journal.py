"""The journal: what it noted is there after a crash, once, and no older program touches a newer file."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crm_sync.errors import PermanentError, TemporaryError
from crm_sync.ports import Notification
from crm_sync.state.journal import SqliteJournal

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "journal.sqlite"


@pytest.fixture
def journal(path: Path) -> Iterator[SqliteJournal]:
    made = SqliteJournal.open(path, lambda: NOW)
    yield made
    made.close()


def test_the_order_in_which_notifications_arrive_leaves_the_same_to_look_at(tmp_path: Path) -> None:
    """They carry no data, and a run is told of none: all that is kept of them is what to look at again."""
    assert {field.name for field in fields(Notification)} == {"notification_id", "object_name", "record_id"}
    came = [Notification(f"n{n}", ("Account", "Contact")[n % 2], f"record {n % 3}") for n in range(6)] * 2
    left = set()
    for n, order in enumerate([came, came[::-1], came[1::2] + came[::2]]):
        journal = SqliteJournal.open(tmp_path / str(n) / "journal.sqlite", lambda: NOW)
        for one in order:
            journal.inbox.receive([one])
        waiting = journal.inbox.waiting()
        left.add((frozenset(waiting.records), len(waiting.records), waiting.up_to))
        journal.close()
    assert len(left) == 1


def test_the_salt_is_made_once_and_kept(journal: SqliteJournal, path: Path) -> None:
    assert len(journal.salt()) == 32
    again = SqliteJournal.open(path)
    assert again.salt() == journal.salt()
    again.close()


def test_a_run_from_beginning_to_end(journal: SqliteJournal) -> None:
    journal.begin_run("r1", "full", NOW, {"plan": "p"})
    journal.record_intents("r1", [{"subject": "profile a", "payload_hash": "h", "fields": ["x"]}])
    journal.record_outcomes("r1", [{"subject": "profile a", "status": "written"}])
    journal.end_run("r1", "done", {"written": 1})
    (run,) = journal.runs()
    assert (run["run_id"], run["status"], run["ended"]) == ("r1", "done", NOW.isoformat())


def test_a_run_that_died_before_the_org_knew_of_it_begins_again_under_its_number(journal: SqliteJournal) -> None:
    journal.begin_run("r1", "full", NOW, {})
    assert journal.adopt_unfinished() == ("r1",)
    journal.begin_run("r1", "full", NOW, {"plan": "p"})
    journal.end_run("r1", "done", {})
    (run,) = journal.runs()
    assert (run["run_id"], run["status"]) == ("r1", "done")


def test_runs_left_open_by_a_crash_are_adopted(journal: SqliteJournal) -> None:
    journal.begin_run("r1", "full", NOW, {})
    journal.begin_run("r2", "full", NOW, {})
    journal.end_run("r2", "done", {})
    assert journal.adopt_unfinished() == ("r1",)
    assert journal.adopt_unfinished() == ()
    assert {run["run_id"]: run["status"] for run in journal.runs()} == {"r1": "abandoned", "r2": "done"}


def test_quarantine_holds_one_payload_and_no_other(journal: SqliteJournal) -> None:
    journal.quarantine("profile a", "h1", "STRING_TOO_LONG", "m")
    journal.quarantine("profile a", "h1", "STRING_TOO_LONG", "m")
    assert journal.quarantined() == {"profile a": "h1"}
    (item,) = journal.in_quarantine()
    assert (item["code"], item["times"]) == ("STRING_TOO_LONG", 2)
    journal.release("profile a")
    assert journal.quarantined() == {}


def test_pruning_takes_old_runs_alone(journal: SqliteJournal) -> None:
    journal.begin_run("old", "full", NOW, {})
    journal.record_intents("old", [{"subject": "s", "payload_hash": "h"}])
    journal.end_run("old", "done", {})
    journal.begin_run("open", "full", NOW, {})
    journal.prune(NOW)
    assert len(journal.runs()) == 2
    journal.prune(NOW + timedelta(seconds=1))
    assert [run["run_id"] for run in journal.runs()] == ["open"]


def test_a_failed_note_leaves_nothing_half_done(journal: SqliteJournal) -> None:
    good, bad = {"subject": "a", "status": "written"}, {"subject": None, "status": "written"}
    with pytest.raises(sqlite3.IntegrityError):
        journal.record_outcomes("r", [good, bad])
    journal.record_outcomes("r", [good])


def test_a_damaged_file_is_refused_with_a_way_out(path: Path) -> None:
    SqliteJournal.open(path).close()
    path.write_bytes(b"SQLite format 3\0" + b"\xff" * 8192)
    with pytest.raises(PermanentError, match="is damaged"):
        SqliteJournal.open(path)


def test_an_older_program_leaves_a_newer_file_alone(path: Path) -> None:
    SqliteJournal.open(path).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(PermanentError, match="version 99"):
        SqliteJournal.open(path)


def test_a_journal_whose_log_nobody_can_be_forgotten_from_is_left_alone(path: Path) -> None:
    SqliteJournal.open(path).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 1")
    connection.close()
    with pytest.raises(PermanentError, match="Move the state folder away"):
        SqliteJournal.open(path)


def test_the_forgotten_are_not_compacted_away_while_somebody_reads(journal: SqliteJournal, path: Path) -> None:
    journal.inbox.receive([Notification("n1", "Contact", "003000000000001AAA")])
    journal.suppression.add(["003000000000001AAA"])
    reader = sqlite3.connect(path)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM inbox").fetchone()
    journal._connection.execute("PRAGMA busy_timeout = 10")
    with pytest.raises(TemporaryError, match="reads the journal"):
        journal.screen()
    assert not journal.is_screened
    reader.close()
    journal.screen()
    assert journal.is_screened


def test_the_file_is_for_this_user_alone(journal: SqliteJournal, path: Path) -> None:
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0


def test_commits_are_flushed_to_the_disk(journal: SqliteJournal) -> None:
    found = {
        name: journal._connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")
    }
    assert found == {"journal_mode": "wal", "synchronous": 2}


def test_what_was_acknowledged_survives_a_killed_process(path: Path) -> None:
    program = f"""
import sys
from pathlib import Path
from crm_sync.ports import Notification
from crm_sync.state.journal import SqliteJournal
journal = SqliteJournal.open(Path({str(path)!r}))
for number in range(10_000):
    journal.inbox.receive([Notification(str(number), "X", str(number))])
    print(number, flush=True)
"""
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": "."}
    ) as process:
        assert process.stdout is not None
        for _ in range(50):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        acknowledged = 50 + len(process.stdout.read().splitlines())
    journal = SqliteJournal.open(path)
    kept = len(journal.inbox.waiting().records)
    journal.close()
    assert acknowledged <= kept <= acknowledged + 1


def test_wake_ups_are_stored_once_and_seen_once_per_record(journal: SqliteJournal) -> None:
    first = [Notification("n1", "X", "a"), Notification("n2", "X", "a"), Notification("n3", "Y", "a")]
    assert journal.inbox.receive(first) == 3
    assert journal.inbox.receive(first) == 0
    waiting = journal.inbox.waiting()
    assert waiting.records == (("X", "a"), ("Y", "a"))
    assert journal.inbox.waiting() == waiting


def test_what_comes_while_a_run_looks_stays_for_the_next(journal: SqliteJournal) -> None:
    journal.inbox.receive([Notification("n1", "X", "a")])
    looked_at = journal.inbox.waiting()
    journal.inbox.receive([Notification("n2", "X", "a")])
    journal.inbox.done(looked_at)
    assert journal.inbox.waiting().records == (("X", "a"),)
    journal.inbox.done(journal.inbox.waiting())
    assert journal.inbox.waiting().records == ()


def test_what_is_done_is_remembered_for_a_while_and_then_forgotten(journal: SqliteJournal) -> None:
    journal.inbox.receive([Notification("n1", "X", "a")])
    journal.inbox.done(journal.inbox.waiting())
    assert journal.inbox.receive([Notification("n1", "X", "a")]) == 0
    journal.inbox.prune(NOW + timedelta(days=7))
    assert journal.inbox.receive([Notification("n1", "X", "a")]) == 1
