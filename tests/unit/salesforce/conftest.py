"""The network of the imagined org, and an org that asks it; tests add what it answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import responses

from crm_sync.salesforce.org import SalesforceOrg
from crm_sync.state.jobs import PassingJobs
from tests.unit.salesforce.imagined_org import DATE, HOST, NOW, connection_to, login_answer


@pytest.fixture
def wire() -> Iterator[responses.RequestsMock]:
    """The network: answers what was added, and nothing else."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def logged_in(wire: responses.RequestsMock) -> responses.RequestsMock:
    """The network with a login that works."""
    wire.post(f"{HOST}/services/oauth2/token", json=login_answer(), headers={"Date": DATE})
    return wire


@pytest.fixture
def connect() -> Callable[..., SalesforceOrg]:
    """Build an org that does not really wait: connect(slept=list, bulk_read_rows=...)."""

    def build(slept: list[float] | None = None, **changes: Any) -> SalesforceOrg:
        pauses = [] if slept is None else slept
        return SalesforceOrg.connect(
            connection_to(**changes),
            PassingJobs(),
            api_share_percent=100,
            sleep=pauses.append,
            now=lambda: NOW,
            jitter=lambda: 1.0,
        )

    return build
