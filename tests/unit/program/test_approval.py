"""The approval beside the rules: read as strictly as they are, and no part of them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from crm_sync.errors import ConfigurationError
from crm_sync.program import load_program
from crm_sync.program.approval import Approval, read_approval, write_approval

ROOT = Path(__file__).parents[3]
GIVEN = Approval(version="0123456789abcdef", by='Dana "D" Whitfield: owner', on="2026-11-22", simulation="f" * 16)


def test_the_shipped_rules_and_mappings_are_the_approved_ones() -> None:
    """Whoever changes rules/ or mappings/ runs: crm-sync approve --by NAME."""
    approval = read_approval(ROOT / "rules")
    assert approval is not None
    assert approval.version == load_program(ROOT / "rules", ROOT / "mappings").version


@pytest.mark.parametrize("approval", [GIVEN, GIVEN.model_copy(update={"simulation": None})])
def test_what_is_written_is_read(tmp_path: Path, approval: Approval) -> None:
    write_approval(tmp_path, approval)
    assert read_approval(tmp_path) == approval


def test_no_approval_is_none(tmp_path: Path) -> None:
    assert read_approval(tmp_path) is None


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("version: '0123456789abcdef'\nby: Dana\n", 1),
        ("version: nonsense\nby: Dana\non: '2026-11-22'\n", 1),
        ("version: '0123456789abcdef'\nby: Dana\non: '22.11.2026'\n", 3),
        ("version: '0123456789abcdef'\nby: Dana\non: '2026-11-22'\nbecause: no\n", 4),
        ("[", 1),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, text: str, line: int) -> None:
    (tmp_path / "approval.yaml").write_text(text)
    with pytest.raises(ConfigurationError) as failed:
        read_approval(tmp_path)
    assert failed.value.mistakes[0].where == f"{tmp_path.name}/approval.yaml:{line}"


def test_an_approval_is_no_rule_and_changes_no_version(tmp_path: Path) -> None:
    rules = shutil.copytree(ROOT / "rules", tmp_path / "rules")
    before = load_program(rules, ROOT / "mappings").version
    write_approval(rules, GIVEN)
    assert load_program(rules, ROOT / "mappings").version == before
