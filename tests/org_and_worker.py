"""Fixtures for tests of what a worker does to an org: one local org a module, one worker with its journal a test.

Brought into a folder by its conftest: `from tests.org_and_worker import org, worker`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crm_sync.program import Program
from tests.local_place import Place, place
from tests.worker_here import Worker


@pytest.fixture(scope="module")
def org() -> Iterator[Place]:
    """A running local org."""
    with place() as made:
        yield made


@pytest.fixture
def worker(org: Place, tmp_path: Path, program: Program) -> Iterator[Worker]:
    """A worker with a journal of its own; faults are lifted behind it."""
    made = Worker(org, tmp_path / "state", program)
    yield made
    made.close()
    org.no_faults()
