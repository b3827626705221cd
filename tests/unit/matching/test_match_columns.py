"""Columns of a snapshot that lacks some, and texts as codes."""

from __future__ import annotations

import pyarrow as pa

from crm_sync.matching.columns import UNKNOWN, Codes, Joined, Words, normal, one_of, rows
from crm_sync.model.snapshot import Snapshot
from tests.unit.matching.towns import Ref, ask, town

UNMAPPED = pa.table({name: pa.array([], pa.string()) for name in ("object", "id", "field", "value")})


def snapshot(**tables):
    from datetime import UTC, datetime

    return Snapshot(datetime(2026, 3, 11, tzinfo=UTC), "00D", tables, frozenset(), UNMAPPED)


def test_what_is_absent_reads_as_nulls():
    some = snapshot(contact=pa.table({"id": ["b", "a"]}))
    assert rows(some, "account", ("id", "name")) == []
    assert rows(some, "contact", ("id", "title")) == [{"id": "a", "title": None}, {"id": "b", "title": None}]
    assert one_of(some, "account", "id", ["a"]).to_pylist() == []
    assert one_of(some, "contact", "title", ["x"]).to_pylist() == [False, False]
    assert Joined.by(some, "account", "id", pa.array(["a"]))["name"].to_pylist() == [None]
    assert Joined.by(some, "contact", "id", pa.array(["a", None]))["title"].to_pylist() == [None, None]


def test_of_several_rows_with_a_key_the_smallest_id_stands():
    some = snapshot(profile=pa.table({"id": ["p2", "p1"], "contact": ["c", "c"], "topics": ["two", "one"]}))
    assert Joined.by(some, "profile", "contact", pa.array(["c", "d"]))["topics"].to_pylist() == ["one", None]


def test_codes_compare_without_case_and_outer_blanks():
    codes = Codes.of(pa.array([" EMEA", "apac", None, "emea ", " "]))
    assert codes.of_row.tolist() == [1, 0, UNKNOWN, 1, UNKNOWN]
    assert (codes.code("Emea"), codes.code("Mars"), codes.code(None)) == (1, UNKNOWN, UNKNOWN)
    assert Codes.exactly(pa.array(["b", "B", None])).index == {"B": 0, "b": 1}
    assert normal("  ") is None


def test_words_flag_rows_that_have_any():
    words = Words.of(pa.array([["English", "German"], None, [], ["german "]]))
    assert words.any_of(["GERMAN", None]).tolist() == [True, False, False, True]
    assert words.any_of(["Dutch"]).tolist() == [False] * 4
    assert Words.of(pa.nulls(2)).any_of(["x"]).tolist() == [False, False]


def test_an_org_that_shows_next_to_nothing_gets_an_answer(program, snapshot_of):
    """Without accounts nothing is in common with anybody, and that is what is said."""
    full = town(program, snapshot_of, [Ref("c1")], [ask()])
    few = {name: full.snapshot.tables[name] for name in ("request", "profile")}
    bare = town(program, lambda **_: snapshot(**few), [Ref("c1")], [])
    slate = bare.slate()
    assert slate.verdict == "unfilled"
    assert "not known to be free of competition" in slate.why[-1]
