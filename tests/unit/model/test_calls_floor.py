"""The fewest calls: tables by hand, and a search that tries every way."""

from __future__ import annotations

from itertools import product
from math import ceil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_sync.model.calls import Spent, floor_of_reading, floor_of_writing
from crm_sync.model.records import Change, Outcome, RowResult


@pytest.mark.parametrize(
    ("rows", "calls"),
    [
        ({}, 0),
        ({"a": 0}, 1),
        (dict.fromkeys("abcdef", 0), 2),
        (dict.fromkeys("abcde", 2000), 1),
        ({"a": 2001}, 2),
        ({"a": 6001}, 3),  # three calls by Bulk, four pages
        ({"a": 100_001}, 4),
        ({"a": 6000, "b": 2000, "c": 2000}, 3),
        ({"a": 30_000, "b": 0, "c": 0}, 4),  # Bulk for a, one page each for the others
        ({"account": 300, "contact": 3500, "opportunity": 1800, "profile": 600, "consent": 100, "case": 300}, 2),
    ],
)
def test_reading(rows: dict[str, int], calls: int) -> None:
    assert floor_of_reading(rows) == calls


@pytest.mark.parametrize(
    ("rows", "calls"),
    [
        ({}, 0),
        ({"a": 1}, 1),
        ({"a": 500, "b": 400}, 1),
        ({"a": 1001}, 2),
        ({"a": 10_000}, 4),
        ({"a": 10_000, "b": 4000}, 8),
        ({"a": 500_001}, 8),
    ],
)
def test_writing(rows: dict[str, int], calls: int) -> None:
    assert floor_of_writing(rows) == calls


@settings(deadline=None, max_examples=60)
@given(st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 300_000)))
def test_no_choice_of_packages_and_jobs_is_cheaper(rows: dict[str, int]) -> None:
    best = None
    for choice in product([False, True], repeat=len(rows)):
        chosen = list(zip(rows.values(), choice, strict=True))
        pages = [max(1, ceil(count / 2000)) for count, bulk in chosen if not bulk]
        jobs = sum(2 + ceil(count / 100_000) for count, bulk in chosen if bulk)
        calls = jobs + max([ceil(sum(pages) / 5), *pages], default=0)
        best = calls if best is None else min(best, calls)
    assert floor_of_reading(rows) == best


def test_an_outcome_counts_what_was_written() -> None:
    change = Change("profile", "create", {}, {}, key="k")
    results = [RowResult(change, "written")] * 1001 + [RowResult(change, "refused")] * 1001
    found = Outcome.of(results, Spent(9, {"profile": 0, "match": 0}))
    assert (found.api_calls, found.api_calls_floor, found.count("written")) == (9, 1 + 2, 1001)
