"""The allowance: what headers say, and when to stop."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from crm_sync.errors import TemporaryError
from crm_sync.salesforce.limits import CLOSING_CALLS, CallBudget, Usage, parse_usage

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "usage"),
    [
        ("api-usage=18/5000", Usage(18, 5000)),
        ("api-usage=25/5000; per-app-api-usage=17/250(appName=sample)", Usage(25, 5000)),
        ("per-app-api-usage=17/250(appName=x); api-usage=1/2", Usage(1, 2)),
        ("per-app-api-usage=17/250(appName=x)", None),
        ("api-usage=a/b", None),
        ("", None),
        (None, None),
    ],
)
def test_the_header(header: str | None, usage: Usage | None) -> None:
    assert parse_usage(header) == usage


def test_stops_at_its_share_of_what_was_left_until_a_day_has_passed() -> None:
    clock = [NOW]
    budget = CallBudget(10, lambda: clock[0])
    budget.count()
    budget.learn("api-usage=901/1000")
    for _ in range(9):
        budget.count()
    with pytest.raises(TemporaryError, match="made 10 calls since 2026-11-22 10:00 UTC, its share"):
        budget.count()
    assert budget.calls == 10
    clock[0] += timedelta(hours=24)
    budget.count()
    budget.learn("api-usage=501/1000")
    for _ in range(49):
        budget.count()
    with pytest.raises(TemporaryError, match="made 50 calls"):
        budget.count()


def test_once_refused_a_run_may_still_be_closed() -> None:
    budget = CallBudget(10, lambda: NOW)
    budget.count()
    budget.learn("api-usage=1/10")
    with pytest.raises(TemporaryError):
        budget.count()
    for _ in range(CLOSING_CALLS):
        budget.count()
    for _ in range(3):
        with pytest.raises(TemporaryError, match=f"made {1 + CLOSING_CALLS} calls"):
            budget.count()


def test_calls_of_many_threads_are_all_counted() -> None:
    budget = CallBudget(100, lambda: NOW)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: [budget.count() for _ in range(500)], range(8)))
    assert budget.calls == 4000


def test_without_a_header_there_is_no_limit() -> None:
    budget = CallBudget(1, lambda: NOW)
    budget.learn(None)
    for _ in range(1000):
        budget.count()
    assert budget.calls == 1000
