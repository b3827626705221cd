"""The whole worker against the local org with its sample records, over HTTP; every test gets its own copy of both."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import requests
from pydantic import SecretStr

from crm_sync.bootstrap import build_world
from crm_sync.local_org.org import ConnectedApp
from crm_sync.local_org.seed import seed
from crm_sync.local_org.server import RunningOrg, running
from crm_sync.model.snapshot import Snapshot
from crm_sync.pipeline import World, carry_out, look
from crm_sync.settings import Settings, read_settings

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "deploy" / "salesforce"
TODAY = date(2026, 11, 18)  # a Wednesday


@dataclass(frozen=True)
class Place:
    """A running org, the settings that reach it, and a World built on both."""

    org: RunningOrg
    settings: Settings
    world: World

    def call(self, method: str, path: str, **more: Any) -> Any:
        """Speak to the org as a person's client would, not as the worker."""
        url = f"{self.org.base_url}/services/data/v68.0{path}"
        answer = requests.request(
            method, url, headers={"Authorization": f"Bearer {token(self.org)}"}, timeout=30, **more
        )
        assert answer.ok, answer.text
        return answer.json() if answer.content else None


Places = Callable[..., AbstractContextManager[Place]]
"""Opens a place; with `settled=True` one where the job has run once, org and state alike."""


def token(org: RunningOrg) -> str:
    """Log in by client credentials."""
    form = {"grant_type": "client_credentials", "client_id": org.client_id, "client_secret": org.client_secret}
    answer = requests.post(f"{org.base_url}/services/oauth2/token", data=form, timeout=30)
    return str(answer.json()["access_token"])


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database of an org with the sample records, loaded once."""
    database = tmp_path_factory.mktemp("seeded") / "org.sqlite"
    with running(database, PACKAGE) as org:
        set_clock(org, TODAY)
        loaded = seed(org.base_url, token(org), PACKAGE / "data", TODAY)
    database.with_name("ids.json").write_text(json.dumps(dict(loaded.ids)))
    return database


@pytest.fixture(scope="session")
def sample_ids(seeded: Path) -> Path:
    """The file that says which record is which of the sample's."""
    return seeded.with_name("ids.json")


def set_clock(org: RunningOrg, day: date) -> None:
    """Let it be nine in the morning of this day in the org."""
    answer = requests.post(f"{org.base_url}/_control/clock", json={"freeze": f"{day}T09:00:00Z"}, timeout=10)
    assert answer.ok, answer.text


@pytest.fixture(scope="session")
def settled(seeded: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an org and a worker's state after the job has run once."""
    folder = tmp_path_factory.mktemp("settled")
    shutil.copy(seeded, folder / "org.sqlite")
    with _open(folder) as place:
        carry_out(place.world, look(place.world, place.world.org.server_time()), kind="full")
    return folder


@pytest.fixture(scope="session")
def places(seeded: Path, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Places:
    """Open one place after another, each on its own copy of the seeded org and with empty state."""

    @contextmanager
    def open_place(settled: bool = False) -> Iterator[Place]:
        folder = tmp_path_factory.mktemp("place") / "here"
        if settled:
            shutil.copytree(request.getfixturevalue("settled"), folder)
        else:
            folder.mkdir()
            shutil.copy(seeded, folder / "org.sqlite")
        with _open(folder) as place:
            yield place

    return open_place


@contextmanager
def _open(folder: Path) -> Iterator[Place]:
    with running(folder / "org.sqlite", PACKAGE, app=ConnectedApp()) as org:
        set_clock(org, TODAY)
        settings = read_settings(
            environ={},
            instance_url=org.base_url,
            client_id=org.client_id,
            auth="client_credentials",
            client_secret=SecretStr(org.client_secret),
            org_id=org.org_id,
            expect_sandbox=True,
            state_dir=folder / "state",
            rules_dir=ROOT / "rules",
            mappings_dir=ROOT / "mappings",
        )
        with build_world(settings) as world:
            yield Place(org, settings, world)


UNCOMPARED = {
    "id",
    "name",
    "created_at",
    "modified_at",
    "system_modstamp",
    "opened_at",
    "closed_at",
    "owner",
    "evaluated_at",
    "email_key",
}
BOOKKEEPING = {"sync_run", "sync_request"}


@pytest.fixture(scope="session")
def contents() -> Callable[[Snapshot], Any]:
    """Tell what an org holds so that equal orgs compare equal."""
    return _contents


def _contents(snapshot: Snapshot) -> dict[str, list[dict[str, Any]]]:
    """What an org holds, without ids, numbers and times of records the worker creates: equal for equal orgs."""
    keys = {
        row["id"]: row["key"]
        for table in snapshot.tables.values()
        if "key" in table.column_names
        for row in table.select(["id", "key"]).to_pylist()
        if row["key"]
    }
    found = {}
    for name, table in snapshot.tables.items():
        if name in BOOKKEEPING:
            continue
        rows = [
            {
                column: keys.get(value, value) if isinstance(value, str) else value
                for column, value in row.items()
                if column not in UNCOMPARED
            }
            for row in table.to_pylist()
        ]
        found[name] = sorted(rows, key=repr)
    return found
