"""A local org over HTTP, with a small client that speaks raw REST."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from crm_sync.local_org.clock import Clock
from crm_sync.local_org.org import ConnectedApp
from crm_sync.local_org.server import RunningOrg, running

PACKAGE = Path(__file__).parents[2] / "deploy" / "salesforce"
NOON = datetime(2026, 11, 20, 12, 0, 0, tzinfo=UTC)


@dataclass
class Client:
    """Raw REST as one user; paths are below the version's URL unless they start with a slash."""

    running: RunningOrg
    token: str
    version: str = "68.0"
    http: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        self.http.headers["Authorization"] = f"Bearer {self.token}"

    @property
    def base(self) -> str:
        return self.running.base_url

    def call(self, method: str, path: str, **more) -> requests.Response:
        url = self.base + (path if path.startswith("/") else f"/services/data/v{self.version}/{path}")
        return self.http.request(method, url, timeout=30, **more)

    def get(self, path: str, **more) -> requests.Response:
        return self.call("GET", path, **more)

    def post(self, path: str, body=None, **more) -> requests.Response:
        return self.call("POST", path, json=body, **more)

    def patch(self, path: str, body=None, **more) -> requests.Response:
        return self.call("PATCH", path, json=body, **more)

    def delete(self, path: str, **more) -> requests.Response:
        return self.call("DELETE", path, **more)

    def query(self, soql: str, resource: str = "query", **more) -> dict:
        reply = self.get(resource, params={"q": soql}, **more)
        assert reply.status_code == 200, reply.text
        return reply.json()

    def create(self, name: str, **values) -> str:
        reply = self.post(f"sobjects/{name}", values)
        assert reply.status_code == 201, reply.text
        return reply.json()["id"]

    def row(self, name: str, record_id: str) -> dict:
        reply = self.get(f"sobjects/{name}/{record_id}")
        assert reply.status_code == 200, reply.text
        return reply.json()

    def control(self, method: str, path: str, body=None) -> requests.Response:
        reply = self.call(method, f"/_control/{path}", json=body)
        assert reply.status_code < 300, reply.text
        return reply

    def fault(self, kind: str, method: str = "", path: str = "", times: int = 1, **given) -> None:
        self.control("POST", "faults", {"kind": kind, "method": method, "path": path, "times": times, "with": given})


def sign_in(org: RunningOrg) -> Client:
    """Sign in as the worker by client credentials."""
    form = {"grant_type": "client_credentials", "client_id": org.client_id, "client_secret": org.client_secret}
    reply = requests.post(f"{org.base_url}/services/oauth2/token", data=form, timeout=10)
    return Client(org, reply.json()["access_token"])


@pytest.fixture(scope="module")
def running_org() -> Iterator[RunningOrg]:
    """One org for a test module; its clock stands still until a test moves it."""
    clock = Clock()
    clock.freeze(NOON)
    with running(None, PACKAGE, clock=clock) as org:
        yield org


@pytest.fixture
def api(running_org: RunningOrg) -> Iterator[Client]:
    """A signed-in client; the clock and the faults are put back afterwards."""
    client = sign_in(running_org)
    yield client
    client.http.close()
    running_org.org.faults.clear()
    running_org.org.clock.freeze(NOON)


@pytest.fixture
def limited() -> Iterator[Client]:
    """A client in an org of its own whose user has the worker's permission set alone."""
    with running(None, PACKAGE, app=ConnectedApp(permission_sets=("Reference_Integration",))) as org:
        client = sign_in(org)
        yield client
        client.http.close()
