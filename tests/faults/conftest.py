"""One local org a module, and a journal a test; faults are lifted behind each."""

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
    """A worker with a journal of its own."""
    made = Worker(org, tmp_path / "state", program)
    yield made
    made.close()
    org.no_faults()
