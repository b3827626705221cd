"""The approval beside the rules: read as strictly as they are, and no part of them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from crm_sync.errors import ConfigurationError
from crm_sync.program import load_program
from crm_sync.program.approval import Approval, agreed, read_approval, write_approval

ROOT = Path(__file__).parents[3]
GIVEN = Approval(version="0123456789abcdef", by='Dana "D" Whitfield: owner', on="2026-11-22", simulation="f" * 16)


def test_the_shipped_rules_and_mappings_are_the_approved_ones() -> None:
    """Whoever changes rules/ or mappings/ runs: crm-sync approve --by NAME; for rules, with --without-simulation WHY."""
    approval = read_approval(ROOT / "rules")
    assert approval is not None
    program = load_program(ROOT / "rules", ROOT / "mappings")
    assert (approval.version, approval.rules) == (program.version, program.rules_version)


@pytest.mark.parametrize(
    "approval",
    [GIVEN, GIVEN.model_copy(update={"simulation": None, "rules": "a" * 16, "without_simulation": "An outage: now"})],
)
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


def given(**changed: str | None) -> Approval:
    return Approval(**{"version": "1" * 16, "by": "Dana", "on": "2026-11-22", "rules": "a" * 16} | changed)


@pytest.mark.parametrize(
    ("earlier", "now", "is_agreed"),
    [
        (given(), given(version="2" * 16, rules="b" * 16), False),
        (given(), given(version="2" * 16, rules="b" * 16, simulation="f" * 16), True),
        (given(), given(version="2" * 16, rules="b" * 16, without_simulation="An outage"), True),
        (given(), given(version="2" * 16), True),  # mappings or texts alone
        (given(rules=None), given(version="2" * 16), False),  # an approval that does not say of which rules
        (given(rules=None), given(), True),  # the very same version
    ],
)
def test_rules_that_replace_approved_ones_have_to_be_tried(earlier: Approval, now: Approval, is_agreed: bool) -> None:
    assert agreed(earlier, now) == (now if is_agreed else None)


@pytest.mark.parametrize("ground", [{"simulation": "f" * 16}, {"without_simulation": "An outage"}])
def test_rules_that_stay_keep_the_ground_they_were_agreed_on(ground: dict[str, str]) -> None:
    earlier, mapped = given(**ground), given(version="2" * 16)
    assert agreed(earlier, mapped) == mapped.model_copy(update=ground)


def test_the_version_of_the_rules_alone_is_theirs_alone(tmp_path: Path) -> None:
    rules = shutil.copytree(ROOT / "rules", tmp_path / "rules")
    mappings = shutil.copytree(ROOT / "mappings", tmp_path / "mappings")
    before = load_program(rules, mappings)
    for file, old, new in (
        (mappings / "account.yaml", "Rising: rising", "Climbing: rising"),
        (rules / "templates" / "thank_you.1.yaml", "How was it", "How did it go"),
        (rules / "tolerance.yaml", "rules:", "# a comment\nrules:"),
    ):
        if old in file.read_text():
            file.write_text(file.read_text().replace(old, new))
    told = load_program(rules, mappings)
    assert (told.version != before.version, told.rules_version) == (True, before.rules_version)
    file = rules / "tolerance.yaml"
    file.write_text(file.read_text().replace("limit: 8", "limit: 7"))
    assert load_program(rules, mappings).rules_version != before.rules_version
