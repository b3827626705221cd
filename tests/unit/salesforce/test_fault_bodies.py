"""Error bodies in all the forms that have been seen, and some that have not."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_sync.errors import PermanentError, TemporaryError
from crm_sync.ports import Handling
from crm_sync.salesforce.answers import ECHOES_THE_VALUE, MESSAGE_LIMIT, OrgFault, as_error, parse_fault


@pytest.mark.parametrize(
    ("status", "body", "code", "message"),
    [
        (401, b'[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]', "INVALID_SESSION_ID", "Session expired or invalid"),
        (400, b'{"error":"invalid_grant","error_description":"authentication failure"}', "invalid_grant", "authentication failure"),
        (200, [{"statusCode": "REQUIRED_FIELD_MISSING", "message": "Required", "fields": ["LastName"]}], "REQUIRED_FIELD_MISSING", "Required"),
        (400, b'{"exceptionCode":"InvalidJob","exceptionMessage":"no"}', "InvalidJob", "no"),
        (414, b"<h1>Bad Message 414</h1><pre>reason: URI Too Long</pre>", "URI_TOO_LONG", "Bad Message 414 reason: URI Too Long"),
        (503, b"<html><style>x{}</style><body>We are down for maintenance</body></html>", "SERVER_UNAVAILABLE", "We are down for maintenance"),
        (503, b"", "SERVER_UNAVAILABLE", "the body is empty"),
        (401, b"<html>", "INVALID_SESSION_ID", "the body is empty"),
        (420, b"\xff\xfe\x00", "SERVER_UNAVAILABLE", "\ufffd\ufffd\x00"),
        (500, b'[{"message":"cut o', "UNKNOWN_EXCEPTION", '[{"message":"cut o'),
        (418, b"[]", "HTTP_418", "[]"),
        (200, None, "HTTP_200", "the body holds no message"),
        (200, [{"statusCode": 7, "message": None}], "HTTP_200", "the body holds no message"),
        (300, ["/services/data/v68.0/sobjects/X/1"], "MULTIPLE_CHOICES", "the body holds no message"),
    ],
)  # fmt: skip
def test_bodies_seen_in_the_wild(status: int, body: object, code: str, message: str) -> None:
    found = parse_fault(status, body)
    assert (found.code, found.message) == (code, message)


def test_fields_are_kept() -> None:
    found = parse_fault(200, [{"statusCode": "STRING_TOO_LONG", "message": "m", "fields": ["Name"]}])
    assert found.fields == ("Name",)
    assert str(found) == "STRING_TOO_LONG: m (fields: Name)"


def test_a_localised_message_changes_nothing() -> None:
    japanese = [{"errorCode": "MALFORMED_QUERY", "message": "予期しないトークン"}]
    english = [{"errorCode": "MALFORMED_QUERY", "message": "unexpected token"}]
    assert parse_fault(400, japanese).handling is parse_fault(400, english).handling is Handling.HALT_RUN


@pytest.mark.parametrize("code", sorted(ECHOES_THE_VALUE))
def test_a_value_that_the_org_repeats_is_left_out(code: str) -> None:
    body = [{"statusCode": code, "message": "Description: data value too large: Dear Ann (max length=5)", "fields": []}]
    found = parse_fault(200, body)
    assert "Ann" not in found.message
    assert found.message.startswith("Description:")


def test_a_very_long_message_is_cut() -> None:
    assert len(parse_fault(500, b"x" * 100_000).message) == MESSAGE_LIMIT


def test_deep_nesting_is_no_crash() -> None:
    assert parse_fault(500, b"[" * 200_000).code == "UNKNOWN_EXCEPTION"


@settings(deadline=None)
@given(
    st.integers(300, 599),
    st.one_of(
        st.binary(),
        st.text(),
        st.recursive(st.none() | st.integers() | st.text(), lambda c: st.lists(c) | st.dictionaries(st.text(), c)),
    ),
)
def test_any_body_at_all_gives_a_fault(status: int, body: object) -> None:
    found = parse_fault(status, body)
    assert found.code
    assert found.handling in Handling
    parse_fault(status, json.dumps(str(body)))


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("SERVER_UNAVAILABLE", TemporaryError),
        ("STORAGE_LIMIT_EXCEEDED", TemporaryError),
        ("INVALID_TYPE", PermanentError),
    ],
)
def test_a_fault_of_a_whole_call_says_what_to_do_next(code: str, kind: type[Exception]) -> None:
    error = as_error(OrgFault(400, code, "m"), "Reading X")
    assert isinstance(error, kind)
    assert "Reading X: the org answered 400" in str(error)
