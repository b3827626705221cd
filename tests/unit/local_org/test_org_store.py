"""The database: migrations, counters, the append-only journal, undoing."""

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crm_sync.local_org import api
from crm_sync.local_org.clock import Clock, parse_stamp, stamp
from crm_sync.local_org.org import ConnectedApp, Org
from crm_sync.local_org.records import auto_number, create_unchecked

PACKAGE = Path(__file__).parents[3] / "deploy" / "salesforce"


@pytest.fixture
def open_org(tmp_path):
    opened = []

    def make(package=PACKAGE, name="org.sqlite"):
        opened.append(Org(tmp_path / name, package, ConnectedApp(), api.build()))
        return opened[-1]

    yield make
    for org in opened:
        org.close()


def insert(tx, **row):
    return create_unchecked(tx, tx.schema.object("Lead"), {"LastName": "x", "Company": "c", **row})


def count(org, table="Lead"):
    with org.store.reading() as connection:
        return connection.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0]


def test_a_database_is_opened_again_and_widened(open_org):
    org = open_org(package=None)
    with org.transaction(org.system) as tx:
        first = insert(tx)
    org.close()
    org = open_org()
    assert count(org) == 1
    assert org.schema.object("Account").field("Health_Score__c")
    with org.transaction(org.system) as tx:
        assert insert(tx) > first
    assert count(org, "Organization") == 1


def test_prefixes_survive_new_objects(open_org):
    org = open_org()
    before = org.store.prefixes()
    org.close()
    assert open_org().store.prefixes() == before


def test_a_failed_transaction_leaves_nothing(open_org):
    org = open_org()
    with pytest.raises(ZeroDivisionError), org.transaction(org.system) as tx:
        raise ZeroDivisionError(insert(tx))
    assert count(org) == 0
    with org.store.reading() as connection:
        assert connection.execute("SELECT count(*) FROM _journal WHERE object = 'Lead'").fetchone()[0] == 0


def test_an_undone_part_leaves_the_rest(open_org):
    org = open_org()
    with org.transaction(org.system) as tx:
        kept = insert(tx)
        with tx.attempt() as attempt:
            insert(tx)
            attempt.undo()
        assert tx.inserted == [("Lead", kept)]
        assert insert(tx) > kept
    assert count(org) == 2


def test_readers_do_not_see_what_is_not_committed(open_org):
    org = open_org()
    with org.transaction(org.system) as tx:
        insert(tx)
        assert count(org) == 0
    assert count(org) == 1


def test_the_journal_cannot_be_changed(open_org):
    org = open_org()
    for sql in ("DELETE FROM _journal", "UPDATE _journal SET actor = 'x'"):
        with pytest.raises(sqlite3.IntegrityError, match="append only"), org.store.writing() as connection:
            connection.execute(sql)


@pytest.mark.parametrize(
    ("pattern", "text"), [("RP-{00000}", "RP-00042"), ("{0}", "42"), ("X{000}/Y", "X042/Y"), ("Z-", "Z-42")]
)
def test_auto_numbers(pattern, text):
    assert auto_number(pattern, 42) == text


def test_the_clock_can_be_frozen_moved_and_released():
    times = iter([datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)])
    clock = Clock(lambda: next(times))
    assert clock.stamp() == "2026-01-01T00:00:00.000+0000"
    clock.freeze(datetime(2026, 6, 1, 12, tzinfo=UTC))
    clock.advance(90)
    assert clock.stamp() == "2026-06-01T12:01:30.000+0000"
    clock.release()
    assert clock.now() == datetime(2026, 1, 2, tzinfo=UTC)
    assert parse_stamp(stamp(datetime(2026, 1, 2, tzinfo=UTC))) == datetime(2026, 1, 2, tzinfo=UTC)


def test_an_unknown_permission_set_is_refused(tmp_path):
    with pytest.raises(ValueError, match="'Nobody' is not in the package"):
        Org(tmp_path / "x.sqlite", PACKAGE, ConnectedApp(permission_sets=("Nobody",)), api.build())
