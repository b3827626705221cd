"""The shipped files as they were read, so that a test can change one and leave the others."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from crm_sync.program.draft import RULE_FILES
from crm_sync.program.mappings import MAPPING_NAMES
from crm_sync.program.reader import read
from crm_sync.program.sources import Source

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def shipped() -> Mapping[str, Source]:
    """Every shipped file by name: `rules/consent`, `rules/templates/check_in.1`, `mappings/account`."""
    names = [*(f"rules/{name}" for name in RULE_FILES), *(f"mappings/{name}" for name in MAPPING_NAMES)]
    names += [f"rules/templates/{path.stem}" for path in sorted((ROOT / "rules/templates").glob("*.yaml"))]
    return {name: Source(f"{name}.yaml", read((ROOT / f"{name}.yaml").read_bytes(), f"{name}.yaml")) for name in names}
