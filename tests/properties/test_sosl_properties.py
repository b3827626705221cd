"""SOSL, whatever is searched for: a text finds itself, AND NOT it does not, and nothing but a refusal comes of nonsense."""

from __future__ import annotations

import re
from zoneinfo import ZoneInfo

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from crm_sync.local_org.schema import Field, ObjectType, Schema
from crm_sync.local_org.soql import SoqlError, UserContext, compile_search
from crm_sync.local_org.soql.search_words import FIELD_END, matches
from tests.properties.test_soql_properties import CLOCK

RESERVED = re.compile(r'[?&|!{}\[\]()^~*:\\"\'+-]')
SCHEMA = Schema({"thing": ObjectType("Thing", "Thing", "Things", "a00", {"id": Field("Id", "Id", "id")})})
USER = UserContext("005000000000001AAA", ZoneInfo("UTC"))
TEXTS = st.text(st.characters(exclude_characters=FIELD_END, exclude_categories=("Cs",)), max_size=40)


def escaped(text):
    return RESERVED.sub(lambda found: "\\" + found[0], text)


@settings(max_examples=100, deadline=None)
@given(TEXTS, TEXTS, TEXTS)
def test_a_text_finds_itself_among_others(before, text, after):
    assume(re.search(r"[^\W_]{2}", text))
    record = FIELD_END.join([before, text, after])
    phrase = f'"{escaped(text)}"'
    assert matches(phrase, record)
    assert not matches(f"{phrase} AND NOT {phrase}", record)
    assert matches(f"(zzyzx OR {phrase}) AND {phrase.upper()}", record.lower())


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60))
def test_whatever_is_asked_is_compiled_or_refused(text):
    for search in (text, f"FIND {{{text}}}", f"FIND {{ab}} {text}", f"FIND {{ab}} RETURNING Thing({text})"):
        assert status(search) in (200, 400, 501)


def status(search):
    try:
        compile_search(search, SCHEMA, USER, CLOCK)
    except SoqlError as refusal:
        return refusal.status
    return 200
