"""Merge fields: two braces, a name, two braces. Everything else in a text is text, or a mistake."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_sync.program.merge import Field, fields, filled, pieces, strays

ANY_TEXT = st.text(st.sampled_from("{}ab \n$%#<") | st.characters(), max_size=30)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ()),
        ("plain", ("plain",)),
        ("{{a}}", (Field("a", 0),)),
        ("x {{ a }}\ny{{b}}", ("x ", Field("a", 0), "\ny", Field("b", 1))),
        ("{{7*7}}", (Field("7*7", 0),)),
        ("{{a", ("{{a",)),
        ("{a}", ("{a}",)),
        ("{{a\n}}", ("{{a\n}}",)),
    ],
)
def test_a_text_in_pieces(text: str, found: tuple[str | Field, ...]) -> None:
    assert pieces(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{{a}}", []),
        ("x\n{{a}", [(1, "{{"), (1, "}")]),
        ("{% if x %}", [(0, "{"), (0, "}")]),
        ("{{{a}}}", [(0, "{"), (0, "}")]),
        ("${7*7}", [(0, "{"), (0, "}")]),
        ("{{a}}\n\n}}", [(2, "}}")]),
        ("a{{\nb}}", [(0, "{{"), (1, "}}")]),
    ],
)
def test_braces_that_are_no_field_are_told_with_their_line(text: str, found: list[tuple[int, str]]) -> None:
    assert list(strays(text)) == found


@settings(max_examples=200)
@given(ANY_TEXT, ANY_TEXT)
def test_a_value_stands_there_as_it_is_whatever_it_looks_like(text: str, value: str) -> None:
    named = {field.name for field in fields(text)}
    whole = filled(text, dict.fromkeys(named, value))
    assert whole.count(value) >= len(fields(text)) or not value
    assert filled("{{x}}", {"x": value}) == value
    rest = "".join(piece for piece in pieces(text) if isinstance(piece, str))
    assert len(whole) == len(rest) + len(value) * len(fields(text))
