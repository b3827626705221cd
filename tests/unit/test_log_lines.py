"""Log lines: declared keys, nothing that looks like a secret or a person, and no local variables."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_sync.telemetry import KEYS, SCRUBBED, scrub, set_up

TOKEN = "00D5g00000AbCdE!AQ4AQ.x_y"
JWT = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIzTVZHOSJ9.c2lnbmF0dXJl"


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    set_up("json", "info", stream)
    yield stream
    logging.basicConfig(force=True)


def logged(lines: io.StringIO) -> dict[str, Any]:
    (line,) = lines.getvalue().splitlines()
    found: dict[str, Any] = json.loads(line)
    return found


def test_a_line_is_one_json_object(lines: io.StringIO) -> None:
    structlog.get_logger().info("run ended", run_id="r", written=3)
    found = logged(lines)
    assert (found["event"], found["run_id"], found["written"], found["level"]) == ("run ended", "r", 3, "info")
    assert found["timestamp"].endswith("Z")


def test_a_key_that_nobody_declared_is_dropped_by_name(lines: io.StringIO) -> None:
    structlog.get_logger().info("x", email="ann@example.com", first_name="Ann", rows=1)
    found = logged(lines)
    assert found["dropped_keys"] == ["email", "first_name"]
    assert "Ann" not in lines.getvalue()
    assert "ann@example.com" not in lines.getvalue()


@pytest.mark.parametrize(
    "secret",
    [TOKEN, JWT, f"Bearer {TOKEN}", "bearer abcdefghijk", "client_secret=abc123", "grant=x&assertion=abc.def", "ann.b+c@example.co.uk",
     "+49 171 1234567", "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----", "access_token=zzz"],
)  # fmt: skip
def test_what_looks_like_a_secret_or_a_person_is_scrubbed_from_declared_values_too(
    lines: io.StringIO, secret: str
) -> None:
    structlog.get_logger().info(f"talked to {secret} today", reason=secret, subject=[secret])
    assert SCRUBBED in lines.getvalue()
    for part in (secret, "MIIE", "abc123", "abc.def", "ann.b", "1234567", "zzz"):
        assert part not in lines.getvalue().replace("\\n", "\n")


@pytest.mark.parametrize(
    "plain",
    ["003000000000001AAA", "2026-11-22T10:00:00Z", "profile 0035g00000AbCdEEAV", "192.168.0.1:8080", "rules 1.2.3"],
)
def test_ids_dates_and_versions_stay(plain: str) -> None:
    assert scrub(plain) == plain


def test_tracebacks_carry_no_values(lines: io.StringIO) -> None:
    def fail(person: str) -> float:
        return 1 / (len(person) - 6)

    try:
        fail("".join(["can", "ary"]))
    except ZeroDivisionError:
        structlog.get_logger().exception("failed")
    assert "ZeroDivisionError" in lines.getvalue()
    assert "canary" not in lines.getvalue()


def test_lines_of_libraries_are_scrubbed_and_held_to_warnings(lines: io.StringIO) -> None:
    logging.getLogger("urllib3").debug("GET %s", TOKEN)
    logging.getLogger("simple_salesforce").warning("refused %s", TOKEN)
    assert lines.getvalue() == f"WARNING simple_salesforce refused {SCRUBBED}\n"


def test_less_than_the_level_is_silent(lines: io.StringIO) -> None:
    structlog.get_logger().debug("x")
    assert lines.getvalue() == ""


def test_a_console_can_be_read() -> None:
    stream = io.StringIO()
    set_up("console", "debug", stream)
    structlog.get_logger().debug("pulled", object="account", rows=5)
    structlog.reset_defaults()
    logging.basicConfig(force=True)
    assert "pulled" in stream.getvalue()
    assert "rows=5" in stream.getvalue()


def test_no_declared_key_is_a_persons() -> None:
    assert KEYS.isdisjoint(
        {"name", "first_name", "last_name", "email", "phone", "body", "url", "headers", "token", "value"}
    )


@settings(deadline=None)
@given(st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.text())))
def test_any_value_can_be_scrubbed(value: Any) -> None:
    json.dumps(scrub(value))
