"""What records say becomes part of a text without being able to do anything to it."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_sync.model.drafts import Draft, Personal, is_visible, lines, one_line


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("Acme", "Acme"),
        ("  Acme \t GmbH ", "Acme GmbH"),
        ("Acme\r\nBcc: all@example.com", "Acme Bcc: all@example.com"),
        ("Acme\x0bX-Header: 1", "Acme X-Header: 1"),
        ("Acme\u2028Ltd\x85Co", "Acme Ltd Co"),
        ("Acme\u202egnp.exe", "Acmegnp.exe"),
        ("\ufeffAc\u200bme\x00", "Acme"),
        ("{{owner_name}}", "((owner_name))"),
        ("{!Contact.Email} {{{Recipient.Email}}}", "(!Contact.Email) (((Recipient.Email)))"),
        ("{{''.__class__.__mro__}} ${7*7} <%= 7 %>", "((''.__class__.__mro__)) $(7*7) <%= 7 %>"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("Zoë Ångström 李", "Zoë Ångström 李"),
        ("\n", ""),
    ],
)
def test_one_line_of_a_record(value: str, said: str) -> None:
    assert one_line(value) == said


@settings(max_examples=300)
@given(st.text(max_size=40))
def test_no_value_breaks_a_line_or_brings_a_brace(value: str) -> None:
    said = one_line(value)
    assert is_visible(said)
    assert not set(said) & set("{}\r\n\t\v\f\x1c\x1d\x1e\x85\u2028\u2029")
    assert not any(unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") for letter in said)
    assert said == one_line(said)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("prices\nthe migration of 2024", "- prices\n- the migration of 2024"),
        ("- prices\r\n\r\n- names\r\n", "- prices\n- names"),
        (" \n", ""),
        ("prices\vnames", "- prices\n- names"),
    ],
)
def test_several_lines_of_a_record(value: str, said: str) -> None:
    assert lines(value) == said


def test_a_draft_shows_where_names_will_stand() -> None:
    name = Personal("contact_name", "contact", "003", (("first_name", "last_name"), ("last_name",)))
    draft = Draft(("Dear ", name, ","))
    assert str(draft) == "Dear {{contact_name}},"
    assert draft.personal == (name,)
    assert name.fields == {"first_name", "last_name"}
