"""The order of sending: what is linked to goes first, calls keep their limits, and nothing is lost or sent twice."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_sync.errors import PermanentError
from crm_sync.model.records import Change, Link, Outcome, RowResult
from crm_sync.ports import RowWrite
from crm_sync.writeback.ledger import counts, ending
from crm_sync.writeback.order import COLLECTIONS_PER_CALL, ROWS_PER_COLLECTION, Sendable, calls, in_order

OBJECTS = ("profile", "match", "request", "escalation")


def item(position: int, name: str, key: str, *links: tuple[str, str], **values: str) -> Sendable:
    fields = {f"link{number}": Link(*link) for number, link in enumerate(links)}
    row = RowWrite(name, "K", key, values)
    return Sendable(position, Change(name, "create", fields, {}, key=key), row, key)


def test_what_is_linked_to_goes_first() -> None:
    items = [
        item(0, "match", "m", ("profile", "p"), ("request", "r")),
        item(1, "activity", "a", ("match", "m")),
        item(2, "profile", "p"),
        item(3, "request", "r"),
        item(4, "match", "n", ("profile", "already there")),
    ]
    assert [found.row.key for found in in_order(items)] == ["n", "p", "r", "m", "a"]


def test_records_that_wait_for_each_other_are_refused() -> None:
    items = [item(0, "match", "m", ("request", "r")), item(1, "request", "r", ("match", "m"))]
    with pytest.raises(PermanentError, match="wait for each other: match m -> request r -> match m"):
        in_order(items)


def test_rows_of_one_parent_stand_together() -> None:
    one, two = "001000000000001AAA", "001000000000002AAA"
    items = [item(i, "profile", f"k{i}", Account__c=(one, two)[i % 2]) for i in range(6)]
    assert [found.row.values["Account__c"] for found in in_order(items)] == [one] * 3 + [two] * 3


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(OBJECTS), st.integers(0, 99), st.none() | st.integers(0, 99)),
        max_size=60,
        unique_by=lambda t: t[:2],
    )
)
def test_any_plan_without_a_circle_is_sent_whole_and_in_order(drawn: list[tuple[str, int, int | None]]) -> None:
    items = [
        item(
            i,
            name,
            str(key),
            *([(OBJECTS[OBJECTS.index(name) - 1], str(to))] if to is not None and name != "profile" else []),
        )
        for i, (name, key, to) in enumerate(drawn)
    ]
    ordered = in_order(items)
    assert sorted(found.position for found in ordered) == list(range(len(items)))
    place = {(found.change.object, found.change.key): i for i, found in enumerate(ordered)}
    for i, found in enumerate(ordered):
        assert all(place.get(link, -1) < i for link in found.links)
    assert in_order(items[::-1]) == ordered


@settings(deadline=None)
@given(st.lists(st.sampled_from("ABC"), max_size=2500))
def test_calls_keep_the_limits_of_the_org(objects: list[str]) -> None:
    items = [item(i, name, str(i)) for i, name in enumerate(objects)]
    cut = list(calls(items))
    assert [found for call in cut for found in call] == items
    for call in cut:
        runs: list[list[str]] = []
        for found in call:
            if not runs or runs[-1][0] != found.row.object_name or len(runs[-1]) == ROWS_PER_COLLECTION:
                runs.append([])
            runs[-1].append(found.row.object_name)
        assert len(runs) <= COLLECTIONS_PER_CALL


def test_a_thousand_rows_of_one_object_are_one_call() -> None:
    assert len(list(calls([item(i, "profile", str(i)) for i in range(1000)]))) == 1
    assert len(list(calls([item(i, "profile", str(i)) for i in range(1001)]))) == 2


def test_what_a_run_says_of_itself_at_its_end() -> None:
    change = Change("profile", "create", {}, {}, key="k")
    results = (RowResult(change, "written"), RowResult(change, "written"), RowResult(change, "refused"))
    assert counts(results) == ["refused profile: 1", "written profile: 2"]
    fields = ending("done", datetime(2026, 1, 1, tzinfo=UTC), Outcome(results, 7, 5), "x" * 5000)
    assert (fields["api_calls"], len(str(fields["message"]))) == (8, 4000)
    assert str(fields["counts"]).endswith("API calls: 8 (at least 5 for what was read and written)")
    said = ending("done", datetime(2026, 1, 1, tzinfo=UTC), Outcome(results, 7, 5), None, "Assignment: proven optimal")
    assert str(said["counts"]).splitlines()[-1] == "Assignment: proven optimal"
