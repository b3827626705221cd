"""Starting the local org: in a thread for tests, or blocking.

    with running(None, Path("deploy/salesforce")) as org: requests.get(org.base_url + "/services/data")

Called by tests, and by the command line through `serve`. Binds loopback addresses only.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from crm_sync.local_org import api
from crm_sync.local_org.app import App
from crm_sync.local_org.clock import Clock
from crm_sync.local_org.ids import ORGANIZATION_ID
from crm_sync.local_org.org import ConnectedApp, Org

LOOPBACK_HOSTS = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True)
class RunningOrg:
    """A started org: where it is and how to sign in. `org` is the org itself, for tests that look inside."""

    base_url: str
    client_id: str
    client_secret: str
    username: str
    org_id: str
    org: Org


@contextlib.contextmanager
def running(
    database: Path | None = None,
    package_dir: Path | None = None,
    port: int = 0,
    test_mode: bool = True,
    app: ConnectedApp | None = None,
    clock: Clock | None = None,
    outbound_url: str | None = None,
) -> Iterator[RunningOrg]:
    """Run an org in a thread until the block ends. No `database` means a temporary one; port 0 any free port.

    `outbound_url` is where outbound messages go, whatever endpoint the package names.
    """
    chosen = app or ConnectedApp()
    org = Org(database, package_dir, chosen, api.build(), clock)
    org.outbound.url = outbound_url
    bound = _bind("127.0.0.1", port)
    server = uvicorn.Server(_config(App(org, test_mode)))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, name="local-org", daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{bound.getsockname()[1]}"
    org.outbound.base_url = url
    try:
        yield RunningOrg(url, chosen.client_id, chosen.client_secret, chosen.username, ORGANIZATION_ID, org)
    finally:
        server.should_exit = True
        thread.join()
        bound.close()
        org.close()


def serve(
    database: Path | None,
    package_dir: Path | None,
    host: str = "127.0.0.1",
    port: int = 8080,
    test_mode: bool = False,
    app: ConnectedApp | None = None,
    outbound_url: str | None = None,
) -> None:
    """Run an org until interrupted. Raises ValueError for an address that is not loopback."""
    if host not in LOOPBACK_HOSTS:
        raise ValueError(
            f"The embedded org was told to listen on {host!r}; it listens on loopback only, because it has no real"
            f" access control. Use one of {', '.join(LOOPBACK_HOSTS)}."
        )
    org = Org(database, package_dir, app or ConnectedApp(), api.build())
    bound = _bind(host, port)
    org.outbound.url, org.outbound.base_url = outbound_url, f"http://{host}:{bound.getsockname()[1]}"
    try:
        uvicorn.Server(_config(App(org, test_mode))).run(sockets=[bound])
    finally:
        bound.close()
        org.close()


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # named, so that asyncio sets TCP_NODELAY
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind((host, port))
    bound.listen(128)
    return bound


def _config(app: App) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http="h11",
        ws="none",
        lifespan="off",
        log_level="warning",
        access_log=False,
        date_header=False,
        server_header=False,
        h11_max_incomplete_event_size=64 * 1024,
        timeout_graceful_shutdown=2,
    )
