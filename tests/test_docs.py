"""The docs name every command and setting, and name nothing that does not exist."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from crm_sync.entrypoints.cli import app
from crm_sync.lifecycle.asks import PHASES
from crm_sync.lifecycle.requests import STATUSES
from docs.draw import NEXT, ask_arrows, request_arrows
from docs.generate import LIFECYCLE, LOCAL_ORG, OPS, lifecycle_page, local_org_page, ops_guide

ROOT = Path(__file__).parents[1]
DOCS = [*ROOT.glob("*.md"), *sorted((ROOT / "docs").rglob("*.md"))]
COMMANDS = sorted(get_command(app).commands)  # type: ignore[attr-defined]


def test_every_setting_is_in_the_ops_guide_as_generated() -> None:
    assert OPS.read_text() == ops_guide(), "run: make docs"


def test_the_page_of_states_is_drawn_from_the_code_as_it_is() -> None:
    assert LIFECYCLE.read_text() == lifecycle_page(), "run: make docs"


def test_every_state_is_in_its_drawing_and_every_one_but_the_last_is_left_again() -> None:
    phases = {name for start, _, end in ask_arrows() for name in (start, end)}
    assert {phase.name for phase in PHASES} - phases == {
        "overtaken"
    }  # two asks of one request make it, and one is drawn
    statuses = {name for start, _, end in request_arrows() for name in (start, end)}
    assert statuses == {status.name for status in STATUSES} | {NEXT}
    ends = statuses - {start for start, _, _ in request_arrows()}
    assert ends == {"closed"}


def test_every_control_and_fault_of_the_local_org_is_on_its_page_as_generated() -> None:
    assert LOCAL_ORG.read_text() == local_org_page(), "run: make docs"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_documented(command: str) -> None:
    assert any(f"crm-sync {command}" in path.read_text() or f"`{command}`" in path.read_text() for path in DOCS)


@pytest.mark.parametrize("path", DOCS, ids=lambda p: p.name)
def test_docs_name_only_commands_and_files_that_exist(path: Path) -> None:
    text = path.read_text()
    for command in re.findall(r"crm-sync ([a-z]+)\b", text):
        assert command in {*COMMANDS, "works", "command"}, f"{path.name} names crm-sync {command}"
    for named in re.findall(r"`((?:docs|deploy|rules|mappings|crm_sync|tests|bench)/[\w./-]*)`", text):
        assert (ROOT / named).exists(), f"{path.name} names {named}"


def test_no_registry_host_and_no_path_of_a_machine_is_named() -> None:
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    listed = [name for name in tracked.stdout.split("\0") if name and (ROOT / name).is_file()]
    strange = re.compile(r"pypi\.org|pythonhosted|registry\.npmjs|deb\.debian|/work/|/root/")
    names = [n for n in listed if not n.endswith((".lock", "test_docs.py"))]
    found = [n for n in names if strange.search((ROOT / n).read_text(errors="ignore"))]
    assert found == []


def test_help_starts_without_the_heavy_libraries() -> None:
    code = "import sys, crm_sync.entrypoints.cli; print(sorted({'duckdb','pyarrow','ortools','simple_salesforce','numpy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
