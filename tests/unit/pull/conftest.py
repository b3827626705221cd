"""One local org for all tests of pull; each test brings its own records and its own mirror."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from crm_sync.state.mirror import DuckMirror
from tests.local_place import Place, place


@pytest.fixture(scope="module")
def here() -> Iterator[Place]:
    """A running local org."""
    with place() as made:
        yield made


@pytest.fixture
def mirror() -> Iterator[DuckMirror]:
    """An empty mirror."""
    made = DuckMirror.in_memory(b"s" * 32)
    yield made
    made.close()
