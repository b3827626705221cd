"""Commands run in this process, against a local org of their own and with rules that a test may change."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from crm_sync.entrypoints.cli import app
from tests.local_place import Place, place

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Desk:
    """A working folder with its own copy of rules/ (without cases) and mappings/, and the org its commands reach."""

    folder: Path
    place: Place

    @property
    def rules(self) -> Path:
        return self.folder / "rules"

    @property
    def mappings(self) -> Path:
        return self.folder / "mappings"

    @property
    def state(self) -> Path:
        return self.folder / "state"

    def run(self, *arguments: str, **changed: str) -> Result:
        """Run one command; `changed` are environment variables."""
        org = self.place.running
        environment = {
            "CRM_SYNC_INSTANCE_URL": org.base_url,
            "CRM_SYNC_CLIENT_ID": org.client_id,
            "CRM_SYNC_AUTH": "client_credentials",
            "CRM_SYNC_CLIENT_SECRET": org.client_secret,
            "CRM_SYNC_ORG_ID": org.org_id,
            "CRM_SYNC_EXPECT_SANDBOX": "true",
            "CRM_SYNC_STATE_DIR": str(self.state),
            "CRM_SYNC_RULES_DIR": str(self.rules),
            "CRM_SYNC_MAPPINGS_DIR": str(self.mappings),
            "CRM_SYNC_LOG_LEVEL": "error",
        }
        return CliRunner().invoke(app, list(arguments), env=environment | changed)

    def answer(self, *arguments: str) -> Any:
        """Run one command that must end well, and read its JSON."""
        done = self.run(*arguments, "--json")
        assert done.exit_code == 0, (done.output, done.exception)
        return json.loads(done.stdout)

    def edit(self, name: str, before: str, after: str) -> None:
        """Change one text in one file of rules/ or mappings/."""
        path = self.folder / name
        text = path.read_text()
        assert before in text
        path.write_text(text.replace(before, after))


@pytest.fixture(scope="module")
def here() -> Iterator[Place]:
    """A running local org without records."""
    with place() as made:
        yield made


@pytest.fixture
def desk(here: Place, tmp_path: Path) -> Desk:
    """A folder with the shipped program and no cases."""
    shutil.copytree(ROOT / "rules", tmp_path / "rules", ignore=shutil.ignore_patterns("cases", "schemas"))
    shutil.copytree(ROOT / "mappings", tmp_path / "mappings")
    return Desk(tmp_path, here)
