"""The commands as people and machines call them: output, exit codes, and errors that are sentences."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working folder where the demo has run once."""
    made = tmp_path_factory.mktemp("cli")
    done = run(made, "demo")
    assert done.returncode == 0, done.stderr
    (made / "demo.txt").write_text(done.stdout)
    return made


def run(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run one command in this folder with a clean environment."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("CRM_SYNC_")}
    places = {
        "CRM_SYNC_STATE_DIR": str(folder / "state"),
        "CRM_SYNC_RULES_DIR": str(ROOT / "rules"),
        "CRM_SYNC_MAPPINGS_DIR": str(ROOT / "mappings"),
        "CRM_SYNC_LOG_LEVEL": "error",
        "PYTHONPATH": str(ROOT),
    }
    return subprocess.run(
        [sys.executable, "-m", "crm_sync", *arguments],
        cwd=folder,
        env=clean | places | environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def answer(folder: Path, *arguments: str) -> Any:
    done = run(folder, *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_demo_tells_a_program_owner_what_matters_and_what_to_try_next(folder: Path) -> None:
    text = (folder / "demo.txt").read_text()
    for heading in (
        "Reference profiles",
        "Requests with a slate",
        "cannot be filled",
        "Escalations raised",
        "to do",
        "API calls used",
        "Next",
    ):
        assert heading in text
    assert "crm-sync explain request RR-" in text
    assert "@" not in text
    assert "\x1b" not in text


def test_a_second_run_writes_nothing(folder: Path) -> None:
    summary = answer(folder, "run")
    assert (summary["planned"], summary["written"], summary["refused"]) == (0, 0, 0)


def test_a_plan_is_saved_and_held_to(folder: Path) -> None:
    saved = folder / "plan.json"
    plan = answer(folder, "plan", "--save", str(saved))
    assert json.loads(saved.read_text())["checksum"] == plan["checksum"]
    other = json.loads(saved.read_text()) | {"checksum": "0123456789abcdef"}
    saved.write_text(json.dumps(other))
    refused = run(folder, "run", "--plan", str(saved))
    assert refused.returncode == 3
    assert "0123456789abcdef" in refused.stderr
    assert "crm-sync plan --save" in refused.stderr


def test_a_request_is_explained_by_its_number_however_it_is_written(folder: Path) -> None:
    found = answer(folder, "explain", "request", "rr-00001")
    assert found["verdict"] in ("matched", "late", "unfilled", "frozen")
    assert found["why"]


def test_a_contact_is_explained_with_every_criterion_and_its_source(folder: Path) -> None:
    request = next(
        found
        for n in range(1, 9)
        if (found := answer(folder, "explain", "request", f"RR-{n:05d}"))["verdict"] == "matched"
    )
    contact = request["candidates"][0]["contact_id"]
    verdicts = answer(folder, "explain", "contact", contact)
    assert {v["type"] for v in verdicts} >= {"call", "quote", "logo", "recording", "case_study", "site_visit"}
    reasons = verdicts[0]["reasons"]
    assert len(reasons) > 15
    assert all(r["rule"] and r["text"] for r in reasons)
    assert any(r["source"] and r["source"]["object_name"] == "Account" for r in reasons)
    shown = run(folder, "explain", "contact", contact, "--type", "call", "--all")
    assert "Account" in shown.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("explain", "request", "RR-99999"), 2, "expected a request in the org"),
        (("explain", "contact", "003000000000001AAA"), 2, "expected a contact in the org"),
        (("run", "--plan", "missing.json"), 2, "no such file"),
    ],
)
def test_mistakes_are_sentences_with_their_exit_code(
    folder: Path, arguments: tuple[str, ...], code: int, says: str
) -> None:
    done = run(folder, *arguments)
    assert done.returncode == code
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_misspelt_variable_is_an_error_not_a_default(folder: Path) -> None:
    done = run(folder, "run", CRM_SYNC_STATEDIR="x")
    assert done.returncode == 2
    assert "CRM_SYNC_STATE_DIR" in done.stderr


def test_a_typo_in_a_mapping_is_reported_with_file_line_and_the_nearest_name(folder: Path) -> None:
    mappings = folder / "mappings"
    shutil.copytree(ROOT / "mappings", mappings)
    account = mappings / "account.yaml"
    account.write_text(account.read_text().replace("type: number", "type: numbr", 1))
    done = run(folder, "check", CRM_SYNC_MAPPINGS_DIR=str(mappings))
    assert done.returncode == 2
    assert "account.yaml:" in done.stderr
    assert "number" in done.stderr


def test_no_org_and_no_demo_says_what_to_do(tmp_path: Path) -> None:
    done = run(tmp_path, "plan")
    assert done.returncode == 2
    assert "crm-sync demo" in done.stderr


def test_shipped_rules_and_mappings_are_right(folder: Path) -> None:
    done = run(folder, "check")
    assert done.returncode == 0, done.stderr
    assert "nothing wrong" in done.stdout


@pytest.fixture(scope="module")
def stricter(folder: Path) -> Path:
    """Another rule set: one call a quarter, and survey answers of two months."""
    other = folder / "rules-next"
    shutil.copytree(ROOT / "rules", other, ignore=shutil.ignore_patterns("cases", "approval.yaml"))
    for name, before, after in (
        ("tolerance", "measure: uses, limit: 2, window_days: 90", "measure: uses, limit: 1, window_days: 90"),
        ("qualification", "fact: nps_age_days, at_most: 180", "fact: nps_age_days, at_most: 60"),
    ):
        path = other / f"{name}.yaml"
        assert before in path.read_text()
        path.write_text(path.read_text().replace(before, after))
    return other


def test_other_rules_are_lived_through_shown_as_a_page_and_agreed_to(folder: Path, stricter: Path) -> None:
    page = folder / "simulation.html"
    shown = run(folder, "simulate", "--rules", str(stricter), "--since", "5d", "--out", str(page))
    assert shown.returncode == 0, shown.stderr
    for heading in ("Who flips today", "How it was reckoned", "more: --all", "Filled of those that ended"):
        assert heading in shown.stdout
    assert "@" not in shown.stdout
    assert "\x1b" not in shown.stdout
    digest = shown.stdout.partition("approve --by NAME --simulation ")[2].split()[0]
    assert digest in page.read_text()

    found = json.loads((folder / "state" / "simulations" / f"{digest}.json").read_text())
    current, other = found["current"], found["other"]
    assert current["requests"] == other["requests"] >= 60
    assert sum(other["endings"].values()) == other["requests"]
    assert current["breaches"] == other["breaches"] == []
    assert other["pool"][-1] < current["pool"][-1]
    assert found["by_criterion"]["nps_fresh"]["blocked"] > 10
    assert found["verdicts"] >= len(found["flipped"]) > 10
    assert all(one["becomes"] == "may not be asked" and one["remedy"] for one in found["flipped"])

    there = {"CRM_SYNC_RULES_DIR": str(stricter)}
    refused = run(folder, "run", **there)
    assert refused.returncode == 3
    assert "are not approved" in refused.stderr
    agreed = run(folder, "approve", "--by", "Dana", "--simulation", digest, **there)
    assert agreed.returncode == 0, agreed.stderr
    assert f'simulation: "{digest}"' in (stricter / "approval.yaml").read_text()
