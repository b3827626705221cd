"""A local org for every client module, the installed clients, and an eye on what they ask of the outside."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from crm_sync.local_org.server import RunningOrg, running
from tests.clients.programs import CLIENTS, SF, Programs
from tests.local_place import PACKAGE, Place

LONGEST = ("test_clients_sf_plan.py", "test_clients_sf.py", "test_clients_sf_package.py")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything in this folder, so that it runs by `make test-clients` only; what takes longest begins first."""
    here = Path(__file__).parent
    items.sort(key=lambda item: item.path.name not in LONGEST)
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.clients)


@pytest.fixture(scope="session")
def programs() -> Iterator[Programs]:
    """The installed programs. A missing one fails the test: nothing passes for want of a client."""
    named = CLIENTS / "node-program"
    assert named.is_file(), "The clients are not installed. Run: make test-clients"
    node = Path(named.read_text())
    assert node.is_file(), f"Node is not at {node} any more. Run: make test-clients"
    assert SF.is_file(), f"The sf command line is not at {SF}. Run: make test-clients"
    home = Path(tempfile.mkdtemp(prefix="clients-home-"))
    installed = Programs(node, home)
    yield installed
    tried = installed.tried_outside
    shutil.rmtree(home)
    assert tried == "", f"A client asked for something beyond this machine:\n{tried}"


@pytest.fixture(scope="module")
def running_org() -> Iterator[RunningOrg]:
    """One org with the package for a test module."""
    with running(None, PACKAGE) as org:
        yield org


@pytest.fixture(scope="module")
def org(running_org: RunningOrg) -> Place:
    """The org, seen beside the client: rows as they are, writes as a person, the tester's controls."""
    return Place(running_org)
