"""The embedded default: a local org for commands that were not told which org to use.

Used by `session` and the commands `org` and `demo`. The worker still speaks to it over HTTP and logs in like anywhere
else. An org that `crm-sync org start` runs already is used as it is; otherwise one is started for the length of the command.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from crm_sync.errors import ConfigurationError, Mistake
from crm_sync.settings import Settings
from crm_sync.state.folder import private_folder

ROOT = Path(__file__).parents[3]
SHIPPED = ROOT / "crm_sync" / "_data" / "salesforce"
PORT = 8787


@dataclass(frozen=True)
class Address:
    """Where the local org is and how the worker logs in to it; `tls_url` is for other clients that trust `ca_file`."""

    base_url: str
    client_id: str
    client_secret: str
    org_id: str
    webhook_token: str
    tls_url: str | None = None
    ca_file: str | None = None


def package_dir() -> Path:
    """The Salesforce package: its object XML is the local org's schema, its data the sample records."""
    in_checkout = ROOT / "deploy" / "salesforce"
    return in_checkout if in_checkout.is_dir() else SHIPPED


def database(settings: Settings) -> Path:
    """The local org's own file, beside the worker's state."""
    private_folder(settings.state_dir)
    return settings.state_dir / "local-org.sqlite"


def credentials(settings: Settings) -> dict[str, str]:
    """What the worker and its local org know of each other; made once and kept, so that every command knows it."""
    from crm_sync.local_org.org import ConnectedApp

    path = _credentials(settings)
    if path.exists():
        return dict(json.loads(path.read_text(encoding="utf-8")))
    app = ConnectedApp()
    made = {
        "client_id": app.client_id,
        "client_secret": app.client_secret,
        "webhook_token": secrets.token_urlsafe(32),
    }
    _write_private(path, made)
    return made


@contextmanager
def started(
    settings: Settings, port: int = 0, tls_port: int | None = None, test_mode: bool = False
) -> Iterator[Address]:
    """Run the local org until the block ends; its outbound messages go to the worker's door on this machine."""
    from crm_sync.local_org.org import ConnectedApp
    from crm_sync.local_org.server import Tls, running

    known = credentials(settings)
    app = ConnectedApp(client_id=known["client_id"], client_secret=known["client_secret"])
    tls = None if tls_port is None else Tls(settings.state_dir / "local-org-tls", tls_port)
    with running(database(settings), package_dir(), port=port, test_mode=test_mode, app=app, with_tls=tls) as org:
        org.org.outbound.url = f"http://127.0.0.1:{settings.port}/hooks/outbound-message/{known['webhook_token']}"
        yield Address(
            org.base_url,
            org.client_id,
            org.client_secret,
            org.org_id,
            known["webhook_token"],
            org.tls_url,
            None if org.ca_file is None else str(org.ca_file.absolute()),
        )


def _credentials(settings: Settings) -> Path:
    private_folder(settings.state_dir)
    return settings.state_dir / "local-org.credentials.json"


def _write_private(path: Path, value: dict[str, Any]) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(value, file)


def forget(settings: Settings) -> list[str]:
    """Delete the local org's file and all that the worker keeps of it, and name them; credentials stay."""
    from crm_sync.bootstrap import ARCHIVE, SIMULATIONS

    patterns = ("local-org.sqlite*", "mirror.duckdb*", "journal.sqlite*", "forgotten.keys*", ARCHIVE, SIMULATIONS)
    found = [path for pattern in patterns for path in sorted(settings.state_dir.glob(pattern))]
    for path in found:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return [str(path) for path in found]


@contextmanager
def announced(settings: Settings, address: Address) -> Iterator[None]:
    """Tell other commands, while the block runs, that this org is up."""
    path = settings.state_dir / "local-org.running.json"
    _write_private(path, asdict(address))
    try:
        yield
    finally:
        with suppress(FileNotFoundError):
            path.unlink()


def already_running(settings: Settings) -> Address | None:
    """The org that `crm-sync org start` runs now, or None."""
    import requests

    path = settings.state_dir / "local-org.running.json"
    try:
        address = Address(**json.loads(path.read_text(encoding="utf-8")))
        requests.get(f"{address.base_url}/services/data", timeout=2).raise_for_status()
    except (OSError, ValueError, TypeError):
        return None
    return address


@contextmanager
def local_org(settings: Settings, port: int = 0) -> Iterator[Address]:
    """Use the local org that runs, or run one until the block ends."""
    found = already_running(settings)
    if found is not None:
        yield found
        return
    with started(settings, port) as address:
        yield address


def connected(settings: Settings, address: Address) -> Settings:
    """The same settings, pointed at this local org."""
    update = {
        "instance_url": address.base_url,
        "client_id": address.client_id,
        "auth": "client_credentials",
        "client_secret": SecretStr(address.client_secret),
        "org_id": address.org_id,
        "expect_sandbox": True,
        "webhook_token": SecretStr(address.webhook_token),
    }
    return settings.model_copy(update=update)


@contextmanager
def reachable(settings: Settings) -> Iterator[Settings]:
    """Settings that reach an org: the configured one as given, else the local org with its sample records.

    Raises:
        ConfigurationError: no org is configured and the local one has never been seeded.
    """
    if settings.instance_url is not None:
        yield settings
        return
    if already_running(settings) is None and not database(settings).exists():
        expected = (
            "an org: set CRM_SYNC_INSTANCE_URL, or load the local org with `crm-sync demo` or `crm-sync org seed`"
        )
        raise ConfigurationError((Mistake("CRM_SYNC_INSTANCE_URL", "nothing, and no local org here", expected),))
    with local_org(settings) as address:
        yield connected(settings, address)
