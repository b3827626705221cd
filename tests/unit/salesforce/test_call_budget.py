"""The allowance: what headers say, and when to stop."""

from __future__ import annotations

import pytest

from crm_sync.errors import TemporaryError
from crm_sync.salesforce.limits import CallBudget, Usage, parse_usage


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


def test_stops_at_its_share_of_what_was_left() -> None:
    budget = CallBudget(share_percent=10)
    budget.count()
    budget.learn("api-usage=901/1000")
    for _ in range(9):
        budget.count()
    with pytest.raises(TemporaryError, match="made 10 calls, its share"):
        budget.count()
    assert budget.calls == 10
    budget.renew()
    budget.count()
    budget.learn("api-usage=911/1000")
    assert budget.calls == 11


def test_without_a_header_there_is_no_limit() -> None:
    budget = CallBudget(share_percent=1)
    budget.learn(None)
    for _ in range(1000):
        budget.count()
    assert budget.calls == 1000
