"""What many tests need: the shipped program, and snapshots made of plain rows in program names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import structlog

from crm_sync.model.snapshot import Snapshot
from crm_sync.program import Program, load_program

ROOT = Path(__file__).parents[1]
AS_OF = datetime(2026, 3, 11, 9, 0, tzinfo=UTC)  # a Wednesday
TYPES = {
    "number": pa.float64(),
    "checkbox": pa.bool_(),
    "date": pa.date32(),
    "datetime": pa.timestamp("us", "UTC"),
    "multipicklist": pa.list_(pa.string()),
}
UNMAPPED = pa.schema([(name, pa.string()) for name in ("object", "id", "field", "value")])

SnapshotOf = Callable[..., Snapshot]
LONGEST = (
    "test_interrupted.py",
    "test_command_line.py",
    "test_reference_run.py",
    "test_short_year.py",
    "test_monotonicity.py",
    "test_rule_mutants.py",
    "test_fixpoint.py",
    "test_matching_exact.py",
    "test_failing_rows.py",
    "test_erasure.py",
    "test_outreach.py",
    "test_health_homes.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin what takes longest first, so that no core waits for it at the end."""
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.name, len(LONGEST)))


@pytest.fixture(autouse=True)
def _no_log_of_a_test_before() -> Iterator[None]:
    """A command sets the log up for its own stream, which is closed when the next test logs."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def program() -> Program:
    """The rules and mappings that ship."""
    return load_program(ROOT / "rules", ROOT / "mappings")


@pytest.fixture(scope="session")
def snapshot_of(program: Program) -> SnapshotOf:
    """Make a snapshot from rows: snapshot_of(contact=[{...}], as_of=..., unreadable=...); other tables are empty."""

    def make(
        *,
        as_of: datetime = AS_OF,
        unreadable: frozenset[tuple[str, str]] = frozenset(),
        unmapped: Sequence[Mapping[str, Any]] = (),
        **rows: Sequence[Mapping[str, Any]],
    ) -> Snapshot:
        tables = {}
        for name, mapping in program.mappings.items():
            schema = pa.schema([(f.name, TYPES.get(f.type, pa.string())) for f in mapping.pulled])
            given = [{field: row.get(field) for field in schema.names} for row in rows.get(name, ())]
            strange = {field for row in rows.get(name, ()) for field in row} - set(schema.names)
            assert not strange, f"{name} has no {strange}"
            tables[name] = pa.Table.from_pylist(given, schema=schema)
            if f"merged_{name}" in rows:
                lost = [{field: row.get(field) for field in schema.names} for row in rows[f"merged_{name}"]]
                tables[f"merged_{name}"] = pa.Table.from_pylist(lost, schema=schema)
        seen = pa.Table.from_pylist(list(unmapped), schema=UNMAPPED)
        return Snapshot(as_of, "00D000000000000EAA", tables, unreadable, seen)

    return make
