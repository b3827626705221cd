"""Text columns become typed ones; what does not parse or translate becomes null and never something else."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_sync.program.mappings import FieldMapping
from crm_sync.pull.translate import TYPES, email_key, translated, unmapped_values

SALT = b"s" * 32
STAGES = {"Planned": "planned", "Live": "live", "In Production": "live"}


def field(kind: str, **more: Any) -> FieldMapping:
    return FieldMapping("f", "F", kind, **more)


def column(kind: str, texts: list[str | None], **more: Any) -> list[Any]:
    found = translated(pa.chunked_array([pa.array(texts, pa.string())]), field(kind, **more), SALT)
    assert found.type == TYPES[kind]
    assert len(found) == len(texts)
    return found.to_pylist()


def test_words_that_stand_for_numbers_become_numbers() -> None:
    grades = {"Good": "90", "Poor": "30.5"}
    assert column("number", ["Good", "Poor", "Dire", "", None, "90"], values=grades) == [
        90.0,
        30.5,
        None,
        None,
        None,
        None,
    ]
    text = pa.chunked_array([pa.array(["Good", "Dire", None], pa.string())])
    assert unmapped_values(text, field("number", values=grades)) == [(1, "Dire")]


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("text", "Ä ", "Ä "),
        ("text", "", None),
        ("text", None, None),
        ("text", "NA", "NA"),
        ("reference", "001000000000001AAA", "001000000000001AAA"),
        ("number", "5", 5.0),
        ("number", "5.0", 5.0),
        ("number", "1.0E7", 1e7),
        ("number", "-0.25", -0.25),
        ("number", "1,5", None),
        ("number", "1_000", None),
        ("number", "NaN", None),
        ("number", "Infinity", None),
        ("number", "1e999", None),
        ("number", "0x10", None),
        ("number", "", None),
        ("checkbox", "true", True),
        ("checkbox", "False", False),
        ("checkbox", "1", None),
        ("checkbox", "yes", None),
        ("checkbox", None, None),
        ("date", "2026-02-28", date(2026, 2, 28)),
        ("date", "2026-02-30", None),
        ("date", "20260228", None),
        ("date", "28.02.2026", None),
        ("date", "4000-12-31", date(4000, 12, 31)),
        ("datetime", "2026-11-01T10:00:00.000+0000", datetime(2026, 11, 1, 10, tzinfo=UTC)),
        ("datetime", "2026-11-01T10:00:00.000Z", datetime(2026, 11, 1, 10, tzinfo=UTC)),
        ("datetime", "2026-11-01T10:00:00+02:00", datetime(2026, 11, 1, 8, tzinfo=UTC)),
        ("datetime", "2026-11-01T10:00:00", None),
        ("datetime", "2026-11-01", None),
        ("datetime", "soon", None),
        ("picklist", "Planned", "planned"),
        ("picklist", "In Production", "live"),
        ("picklist", "planned", None),
        ("picklist", "Gone", None),
        ("picklist", "", None),
        ("multipicklist", "Live;Planned", ["live", "planned"]),
        ("multipicklist", "Live;In Production", ["live"]),
        ("multipicklist", "Live;Gone", None),
        ("multipicklist", "", None),
        ("multipicklist", None, None),
    ],
)
def test_values(kind: str, text: str | None, value: Any) -> None:
    more = {"values": STAGES} if kind.endswith("picklist") else {}
    good = {"number": "1", "checkbox": "true", "date": "2026-01-01", "datetime": "2026-01-01T00:00:00.000Z"}.get(kind)
    assert column(kind, [text], **more) == [value]
    assert column(kind, [good, text, good], **more)[1] == value


def test_an_empty_column_has_its_type() -> None:
    for kind in TYPES:
        assert column(kind, []) == []


@settings(deadline=None)
@given(st.sampled_from(sorted(TYPES)), st.lists(st.none() | st.text()))
def test_any_text_at_all_is_a_value_or_null(kind: str, values: list[str | None]) -> None:
    column(kind, values, values=STAGES)


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(["true", "false", "TRUE", "nan", "1", "2026-01-01", "Live", "Live;Gone", ""]), max_size=8)
)
def test_a_bad_neighbour_changes_nobody(values: list[str | None]) -> None:
    for kind in TYPES:
        alone = [column(kind, [value], values=STAGES)[0] for value in values]
        assert column(kind, values, values=STAGES) == alone


def test_every_value_that_nothing_translates_is_named() -> None:
    texts = pa.chunked_array([["Planned", "Gone", None], ["", "Live;Odd;Odd", "Gone"]])
    assert unmapped_values(texts, field("picklist", values=STAGES)) == [(1, "Gone"), (4, "Live;Odd;Odd"), (5, "Gone")]
    assert unmapped_values(texts, field("multipicklist", values=STAGES)) == [
        (1, "Gone"),
        (4, "Odd"),
        (4, "Odd"),
        (5, "Gone"),
    ]
    assert unmapped_values(texts, field("text")) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ann@Example.com", " ann@example.COM "),
        ("ann+news@example.com", "ann@example.com"),
        ("STRASSE@x.de", "straße@x.de"),
    ],
)
def test_addresses_of_one_person_meet(one: str, other: str) -> None:
    assert email_key(one, SALT) == email_key(other, SALT)


@pytest.mark.parametrize(
    ("one", "other"),
    [("ann@example.com", "ann@example.org"), ("a.nn@gmail.com", "ann@gmail.com"), ("ann@x.com", "bob@x.com")],
)
def test_addresses_of_two_people_do_not(one: str, other: str) -> None:
    assert email_key(one, SALT) != email_key(other, SALT)


@pytest.mark.parametrize("text", ["", "ann", "@example.com", "ann@", "+tag@example.com", "   "])
def test_what_is_no_address_is_unknown_and_makes_nobody_the_same(text: str) -> None:
    assert email_key(text, SALT) is None


def test_a_key_says_nothing_without_the_secret() -> None:
    key = email_key("ann@example.com", SALT)
    assert key is not None
    assert "ann" not in key
    assert key != email_key("ann@example.com", b"other")
    assert column("text", ["ann@example.com", None, "junk"], transform="email_key") == [key, None, None]
