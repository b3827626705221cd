"""Logging in to the local org as to a real one: by JWT, with a clock that is wrong, and with what is not accepted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import SecretStr

from crm_sync.errors import PermanentError
from crm_sync.salesforce.org import SalesforceOrg
from crm_sync.settings import JwtGrant, SecretGrant
from crm_sync.state.jobs import PassingJobs
from tests.local_place import Place, place


@pytest.fixture(scope="module")
def org() -> Iterator[Place]:
    with place() as made:
        yield made


@pytest.fixture(scope="module")
def key(org: Place) -> SecretStr:
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = made.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    org.control("POST", "certificate", {"certificate": public.decode()})
    form = serialization.PrivateFormat.PKCS8
    return SecretStr(made.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode())


def worker(org: Place, clock: timedelta = timedelta(0), **changes: object) -> SalesforceOrg:
    return SalesforceOrg.connect(
        org.connection(**changes),
        PassingJobs(),
        api_share_percent=100,
        sleep=lambda _: None,
        now=lambda: datetime.now(UTC) + clock,
    )


@pytest.mark.parametrize("minutes", [0, -10, 10, -60 * 24 * 400])
def test_a_signed_assertion_is_accepted_whatever_this_machines_clock_says(
    org: Place, key: SecretStr, minutes: int
) -> None:
    grant = JwtGrant(org.running.username, key)
    found = worker(org, timedelta(minutes=minutes), grant=grant)
    assert found.identity().org_id == org.running.org_id
    assert abs(found.server_time() - datetime.now(UTC)) < timedelta(seconds=5)


def test_a_strange_key_user_or_secret_is_refused_with_a_hint(org: Place, key: SecretStr) -> None:
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.PrivateFormat.PKCS8
    strange = SecretStr(other.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode())
    for grant in (
        JwtGrant(org.running.username, strange),
        JwtGrant("nobody@example.com", key),
        SecretGrant(SecretStr("wrong")),
    ):
        with pytest.raises(PermanentError, match="was refused"):
            worker(org, grant=grant).identity()
