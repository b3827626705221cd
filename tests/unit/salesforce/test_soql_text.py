"""Values go into SOQL as literals and nothing else; names must be names."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_sync.ports import Reading, Stamp
from crm_sync.salesforce.soql import columns_of, identifier, literal, select, select_in, select_unordered

UNTIL = datetime(2026, 11, 1, 10, tzinfo=UTC)
STRING = re.compile(r"'(?:[^'\\\n\r]|\\[nrtbf\"'\\])*'")
TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"))


@settings(deadline=None)
@given(TEXT)
def test_any_text_stays_one_literal(value: str) -> None:
    encoded = literal(value)
    assert STRING.fullmatch(encoded)
    undone = re.sub(
        r"\\(.)", lambda m: {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}.get(m[1], m[1]), encoded[1:-1]
    )
    assert undone == value


@pytest.mark.parametrize("value", ["a\0b", "\ud800", float("nan"), float("inf"), datetime(2026, 1, 1)])  # noqa: DTZ001
def test_what_soql_cannot_carry_is_refused(value: str | float | datetime) -> None:
    with pytest.raises(ValueError, match="SOQL"):
        literal(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (False, "false"),
        (5, "5"),
        (1.5, "1.5"),
        (date(2026, 11, 1), "2026-11-01"),
        (datetime(2026, 11, 1, 10, tzinfo=timezone(timedelta(hours=2))), "2026-11-01T08:00:00Z"),
        ("x' OR Name != '", r"'x\' OR Name != \''"),
    ],
)
def test_literals(value: str | float | datetime | date | None, text: str) -> None:
    assert literal(value) == text


@pytest.mark.parametrize(
    "name", ["", "1A", "A B", "A;", "Id FROM User--", "A.B.C", "A'", "Ä", "a\n", "../x", "COUNT()"]
)
def test_names_that_are_no_names(name: str) -> None:
    with pytest.raises(ValueError, match="not an API name"):
        identifier(name)


def test_a_whole_object_is_read_up_to_the_window_in_change_order() -> None:
    assert select(Reading("Account", ("Name", "Id"), None, UNTIL)) == (
        "SELECT Id, Name, IsDeleted, SystemModstamp FROM Account WHERE SystemModstamp <= 2026-11-01T10:00:00Z "
        "ORDER BY SystemModstamp, Id"
    )


def test_a_window_begins_at_a_time_or_behind_a_row() -> None:
    start = UNTIL - timedelta(minutes=5)
    assert "WHERE SystemModstamp >= 2026-11-01T09:55:00Z AND SystemModstamp <= 2026-11-01T10:00:00Z" in select(
        Reading("Account", (), Stamp(start, ""), UNTIL)
    )
    behind = select(Reading("Account", (), Stamp(start, "001000000000001AAA"), UNTIL))
    assert (
        "(SystemModstamp > 2026-11-01T09:55:00Z OR (SystemModstamp = 2026-11-01T09:55:00Z AND Id > '001000000000001AAA'))"
        in behind
    )


def test_an_object_without_a_stamp_is_read_in_id_order() -> None:
    reading = Reading("Holiday", ("Name",), None, UNTIL, stamped=False, deletable=False)
    assert select(reading) == "SELECT Id, Name FROM Holiday ORDER BY Id"
    later = Reading("Holiday", ("Name",), Stamp(UNTIL, "0C0000000000001AAA"), UNTIL, stamped=False, deletable=False)
    assert select(later) == "SELECT Id, Name FROM Holiday WHERE Id > '0C0000000000001AAA' ORDER BY Id"


def test_bulk_gets_no_order() -> None:
    assert "ORDER BY" not in select_unordered(Reading("Account", ("Name",), None, UNTIL))


def test_every_column_once() -> None:
    assert columns_of(Reading("X", ("Id", "A", "A", "IsDeleted"), None, UNTIL)) == (
        "Id",
        "A",
        "IsDeleted",
        "SystemModstamp",
    )


def test_long_lists_are_cut_by_length_and_lose_nothing() -> None:
    keys = [f"{number:064x}" for number in range(500)]
    queries = list(select_in("X", ("Id", "K"), "K", keys))
    assert all(len(query) < 4000 for query in queries)
    assert [key for query in queries for key in re.findall(r"'([0-9a-f]{64})'", query)] == keys
    assert list(select_in("X", ("Id",), "K", ())) == []
