"""What the layout promises, checked: layers, names, purity, size, docstrings."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from inspect import signature
from pathlib import Path

import pytest

from crm_sync.entrypoints.service import Service

ROOT = Path(__file__).parents[1]
WORKER = [p for p in sorted((ROOT / "crm_sync").rglob("*.py")) if "local_org" not in p.parts]
MODULES = sorted((ROOT / "crm_sync").rglob("*.py"))
PURE = ("evaluate", "matching", "diff", "lifecycle", "simulate", "program", "model")
IMPURE_NAMES = {"now", "utcnow", "today", "sleep", "random", "uuid4", "getenv", "environ", "print", "open"}
IMPURE_MODULES = {"os", "time", "random", "uuid", "logging", "structlog", "requests", "socket", "sqlite3", "subprocess"}


def test_imports_point_downwards() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]


def test_no_api_name_of_a_custom_object_or_field_in_the_worker_or_the_rules() -> None:
    files = [*WORKER, *sorted((ROOT / "rules").rglob("*.yaml"))]
    found = [f"{p.relative_to(ROOT)}: {name}" for p in files for name in re.findall(r"\w+__[cr]\b", p.read_text())]
    assert found == []


def test_the_local_org_names_no_custom_object_or_field() -> None:
    files = sorted((ROOT / "crm_sync" / "local_org").rglob("*.py"))
    found = [f"{p.relative_to(ROOT)}: {n}" for p in files for n in re.findall(r"\b\w*[a-z0-9]__[c]\b", p.read_text())]
    assert found == []


def _pure_modules() -> list[Path]:
    shell = {"load.py", "reader.py", "load_cases.py"}
    return [p for p in MODULES if p.parts[len(ROOT.parts) + 1] in PURE and p.name not in shell]


@pytest.mark.parametrize("path", _pure_modules(), ids=lambda p: str(p.relative_to(ROOT)))
def test_pure_parts_read_no_clock_environment_file_or_network(path: Path) -> None:
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            assert not IMPURE_MODULES & {alias.name.split(".")[0] for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            assert (node.module or "").split(".")[0] not in IMPURE_MODULES
        if isinstance(node, ast.Call):
            called = node.func
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            owner = called.value if isinstance(called, ast.Attribute) else None
            if name == "today" and isinstance(owner, ast.Name) and owner.id not in ("date", "datetime"):
                continue
            assert name not in IMPURE_NAMES, f"{path.name}:{node.lineno} calls {name}"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_module_says_what_it_is(path: Path) -> None:
    text = path.read_text()
    assert not text.strip() or ast.get_docstring(ast.parse(text)), "no module docstring"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_modules_and_functions_stay_small(path: Path) -> None:
    text = path.read_text()
    assert text.count("\n") <= 400
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < 50, f"{node.name} is too long"


def test_no_drawer_modules_and_nothing_left_undone() -> None:
    drawers = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}
    assert not [p for p in MODULES if p.stem in drawers]
    undone = re.compile(r"\b(TODO|FIXME|XXX|HACK|NotImplementedError)\b")
    assert not [p for p in MODULES if undone.search(p.read_text())]


def test_the_story_fits_on_one_page() -> None:
    assert len((ROOT / "crm_sync" / "pipeline.py").read_text().splitlines()) <= 120


def test_no_decision_reads_what_came_by_webhook() -> None:
    """A notification only wakes a run, which looks at the org itself: so the order in which they come can decide nothing."""
    readers = {
        path.relative_to(ROOT / "crm_sync").as_posix()
        for path in (ROOT / "crm_sync").rglob("*.py")
        if ".inbox" in path.read_text()
    }
    assert {name for name in readers if not name.startswith("state/")} == {
        "web/app.py",  # puts in
        "entrypoints/service.py",  # counts, and empties after a run that was told of none
        "disposal.py",  # throws away
    }
    assert list(signature(Service._run).parameters) == ["self", "kind"]
