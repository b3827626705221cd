"""Pretty printing, references, routes, CSV: text in, text out."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_sync.local_org import bulk_csv, json_text
from crm_sync.local_org.references import UnknownReferenceError, fill
from crm_sync.local_org.resources import release_label
from crm_sync.local_org.router import Route

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=20,
)


def test_pretty_print_looks_like_jackson():
    body = {"totalSize": 1, "records": [{"Id": "a", "None": []}, {"Id": 'b": c', "Map": {}}]}
    lines = [line.strip() for line in json_text.write(body, pretty=True).decode().splitlines()]
    assert lines == [
        "{",
        '"totalSize" : 1,',
        '"records" : [ {',
        '"Id" : "a",',
        '"None" : [ ]',
        "}, {",
        '"Id" : "b\\": c",',
        '"Map" : { }',
        "} ]",
        "}",
    ]


@given(JSON)
def test_pretty_print_means_the_same(body):
    assert json.loads(json_text.write(body, pretty=True)) == json.loads(json_text.write(body, pretty=False)) == body


def test_references_are_filled_whole_or_within_text():
    bodies = {"a": {"id": "001", "n": 5}, "q": {"records": [{"Id": "003", "Account": {"Name": "x"}}]}}
    value = {
        "whole": "@{a.n}",
        "text": "/x/@{a.id}/@{q.records[0].Id}",
        "deep": ["@{q.records[0].account.name}"],
        "n": 1,
    }
    assert fill(value, bodies) == {"whole": 5, "text": "/x/001/003", "deep": ["x"], "n": 1}


@pytest.mark.parametrize("text", ["@{b.id}", "@{a.nothing}", "@{a.id[0].x}", "@{q.records[1].Id}"])
def test_unknown_references(text):
    with pytest.raises(UnknownReferenceError):
        fill(text, {"a": {"id": None}, "q": {"records": []}})


def test_routes_ignore_case_and_capture():
    route = Route(("sobjects", "{object}", "describe"), {})
    assert route.match(("SObjects", "account", "Describe")) == ["account"]
    assert route.match(("sobjects", "account", "updated")) is None
    assert route.rank == 1


@pytest.mark.parametrize(
    ("version", "label"),
    [(31, "Summer '14"), (32, "Winter '15"), (33, "Spring '15"), (65, "Winter '26"), (68, "Winter '27")],
)
def test_releases_are_named(version, label):
    assert release_label(version) == label


@given(
    st.lists(
        st.lists(
            st.text(st.characters(blacklist_characters="\x00\r", blacklist_categories=("Cs",))), min_size=2, max_size=2
        ),
        min_size=1,
    )
)
def test_csv_written_is_csv_read(rows):
    text = "".join(bulk_csv.lines([["A", "B"], *rows], ",", "\n"))
    assert bulk_csv.read(text.encode(), ",", "\n") == (["A", "B"], rows)


@pytest.mark.parametrize("text", ["A,B\nx\n", 'A\n"x"y\n', "A\r\nx\r\n"])
def test_csv_that_is_refused(text):
    with pytest.raises(bulk_csv.BadBatchError):
        bulk_csv.read(text.encode(), ",", "\n")
