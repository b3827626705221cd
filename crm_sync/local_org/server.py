"""Starting the local org: a thread that serves it, and a second one with TLS where that is wanted.

    with running(None, Path("deploy/salesforce")) as org: requests.get(org.base_url + "/services/data")

Called by tests, by the command line and by benchmarks. Binds 127.0.0.1 only, because the org has no real access control.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from crm_sync.local_org import api, tls
from crm_sync.local_org.app import App
from crm_sync.local_org.clock import Clock
from crm_sync.local_org.ids import ORGANIZATION_ID
from crm_sync.local_org.org import ConnectedApp, Org

ADDRESS = "127.0.0.1"
IDLE_SECONDS = 75  # clients compute between two calls, as sf does importing a plan, and find their connection open
LONGEST_HEAD = 1024 * 1024


@dataclass(frozen=True)
class Tls:
    """Serve with TLS too, on this port (0: any free one); the certificates are kept in `folder`."""

    folder: Path
    port: int = 0


@dataclass(frozen=True)
class RunningOrg:
    """A started org: where it is and how to sign in. `org` is the org itself, for tests that look inside.

    `tls_url` is the same org with TLS, for clients that trust `ca_file`.
    """

    base_url: str
    client_id: str
    client_secret: str
    username: str
    org_id: str
    org: Org
    tls_url: str | None = None
    ca_file: Path | None = None


@contextlib.contextmanager
def running(
    database: Path | None = None,
    package_dir: Path | None = None,
    port: int = 0,
    test_mode: bool = True,
    app: ConnectedApp | None = None,
    clock: Clock | None = None,
    outbound_url: str | None = None,
    with_tls: Tls | None = None,
) -> Iterator[RunningOrg]:
    """Run an org in a thread until the block ends. No `database` means a temporary one; port 0 any free port.

    `outbound_url` is where outbound messages go, whatever endpoint the package names.
    """
    chosen = app or ConnectedApp()
    org = Org(database, package_dir, chosen, api.build(), clock)
    org.outbound.url = outbound_url
    served = App(org, test_mode)
    with contextlib.ExitStack() as stack:
        stack.callback(org.close)
        url = org.outbound.base_url = f"http://{ADDRESS}:{stack.enter_context(_served(_config(served), port))}"
        tls_url, ca_file = None, None
        if with_tls is not None:
            found = tls.identity(with_tls.folder)
            config = _config(served, ssl_certfile=found.certificate, ssl_keyfile=found.key)
            tls_url = f"https://{ADDRESS}:{stack.enter_context(_served(config, with_tls.port))}"
            ca_file = found.ca_file
        yield RunningOrg(
            url, chosen.client_id, chosen.client_secret, chosen.username, ORGANIZATION_ID, org, tls_url, ca_file
        )


@contextlib.contextmanager
def _served(config: uvicorn.Config, port: int) -> Iterator[int]:
    """Serve in a thread until the block ends, and give the port."""
    bound = socket.socket(
        socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP
    )  # named, so that asyncio sets TCP_NODELAY
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind((ADDRESS, port))
    bound.listen(128)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, name="local-org", daemon=True)
    thread.start()
    try:
        yield bound.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()
        bound.close()


def _config(app: App, ssl_certfile: Path | None = None, ssl_keyfile: Path | None = None) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http="h11",
        ws="none",
        lifespan="off",
        log_level="warning",
        access_log=False,
        date_header=False,
        server_header=False,
        h11_max_incomplete_event_size=LONGEST_HEAD,
        timeout_keep_alive=IDLE_SECONDS,
        timeout_graceful_shutdown=2,
        ssl_certfile=ssl_certfile,
        ssl_keyfile=ssl_keyfile,
    )
