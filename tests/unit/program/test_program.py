"""The shipped program, its versions, and what its mappings can tell."""

from __future__ import annotations

import dataclasses
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from crm_sync.errors import ConfigurationError, Mistake
from crm_sync.program import Cap, Criterion, Program, load_draft, load_program
from crm_sync.program.draft import RULE_FILES
from crm_sync.program.load import program_of
from crm_sync.program.mappings import MAPPING_NAMES
from crm_sync.program.reader import read
from crm_sync.program.sources import Source
from crm_sync.program.versions import content_hash
from crm_sync.program.vocabulary import VOCABULARY

ROOT = Path(__file__).parents[3]
QUALIFICATION = "rules/qualification"


@pytest.fixture(scope="module")
def changed(shipped: Mapping[str, Source]) -> Callable[[str, Callable[[str], str]], Program]:
    """Load the program with one file's text changed."""

    def load(name: str, change: Callable[[str], str]) -> Program:
        text = change((ROOT / f"{name}.yaml").read_text(encoding="utf-8"))
        return program_of({**shipped, name: Source(f"{name}.yaml", read(text.encode(), name))})

    return load


def test_the_shipped_program_says_what_was_agreed(program: Program) -> None:
    assert program.types == ("call", "quote", "logo", "recording", "case_study", "site_visit")
    limits = {cap.id: (cap.limit, cap.window_days) for cap in program.tolerance.caps}
    assert limits["calls_quarter"] == (2, 90)
    assert limits["calls_year"] == (8, 365)
    assert limits["account_calls_quarter"] == (3, 90)
    assert limits["effort_year"] == (10, 365)
    assert program.lead_time.notice_days("call", first_ask=False) == 5
    assert program.lead_time.notice_days("call", first_ask=True) == 10
    assert program.lead_time.notice_days("logo", first_ask=True) == 15
    assert sum(program.matching.weights.model_dump().values()) == 100
    assert set(program.mappings) == set(MAPPING_NAMES)


def test_a_version_is_sixteen_hex_digits(program: Program) -> None:
    versions = [program.version, *(criterion.version for criterion in program.qualification.criteria)]
    assert all(re.fullmatch("[0-9a-f]{16}", version) for version in versions)
    assert len(set(versions)) == len(versions)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: "# a comment\n" + text,
        lambda text: text.replace("at_least: 90}", "at_least:   90.0  }  # days"),
        lambda text: text.replace("weight: hard\n", "weight: hard\n    stage: qualify\n", 1),
        lambda text: text.replace(
            "when: {fact: tenure_months, at_least: 6}", "when: {at_least: 6, fact: tenure_months}"
        ),
        lambda text: text.replace("weight: hard", "weight: 'hard'"),
    ],
)
def test_layout_does_not_change_a_version(
    program: Program, changed: Callable[..., Program], change: Callable[[str], str]
) -> None:
    again = changed(QUALIFICATION, change)
    assert again.version == program.version
    assert [c.version for c in again.qualification.criteria] == [c.version for c in program.qualification.criteria]


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        (QUALIFICATION, "at_most: 180", "at_most: 181"),
        (QUALIFICATION, "stage: ask", "stage: qualify"),
        ("rules/tolerance", "limit: 2", "limit: 3"),
        ("rules/tolerance", "{call: 1, quote: 0.5", "{quote: 0.5, call: 1"),
        ("rules/retention", "profile: 24", "profile: 25"),
        ("mappings/account", "field: Region__c", "field: Area__c"),
        ("mappings/account", "In Production", "Live"),
        ("mappings/user", "field: IsActive, type: checkbox", "field: IsActive, type: checkbox, safety: true"),
    ],
)
def test_meaning_changes_the_version(
    program: Program, changed: Callable[..., Program], name: str, old: str, new: str
) -> None:
    if old == "In Production":
        old, new = "Production: production", "Live: production"
    assert changed(name, lambda text: text.replace(old, new, 1)).version != program.version


def test_only_the_changed_criterion_has_another_version(program: Program, changed: Callable[..., Program]) -> None:
    again = changed(QUALIFICATION, lambda text: text.replace("at_most: 180", "at_most: 181", 1))
    pairs = zip(program.qualification.criteria, again.qualification.criteria, strict=True)
    assert [before.id for before, after in pairs if before.version != after.version] == ["nps_fresh"]


def test_a_hash_is_of_content() -> None:
    assert content_hash({"a": 1, "b": [1.0, 2]}) == content_hash({"b": (1, 2.0), "a": 1})
    assert content_hash([1, 2]) != content_hash([2, 1])
    assert content_hash(1.5) != content_hash(1)
    assert content_hash("1") != content_hash(1)


def test_a_criterion_knows_its_types(program: Program) -> None:
    criteria = {criterion.id: criterion for criterion in program.qualification.criteria}
    assert criteria["health_level"].applies_to("logo")
    assert criteria["speaks_publicly"].applies_to("quote")
    assert not criteria["speaks_publicly"].applies_to("call")


def test_parts_can_be_built_in_python() -> None:
    criterion = Criterion.model_validate(
        {"id": "a", "text": "A", "weight": "scored", "points": 5, "when": {"fact": "paused", "is": False}, "remedy": ""}
    )
    assert criterion.points == 5
    cap = Cap(id="a", text="A", per="person", counts=["call"], measure="uses", limit=1, window_days=90)  # type: ignore[arg-type]
    assert cap.counts == ("call",)


def test_a_mapping_tells_who_writes_what(program: Program) -> None:
    profile = program.mappings["profile"]
    assert profile.key_field is not None
    assert profile.key_field.name == "key"
    assert {"verdict", "strength", "rule_version"} <= {field.name for field in profile.worker_owned}
    assert "paused" not in {field.name for field in profile.worker_owned}
    assert {"key", "contact", "status"} == {field.name for field in profile.written_on_create}
    assert {"status", "paused", "blackouts", "approved_types"} <= {field.name for field in profile.safety}
    assert program.mappings["account"].key_field is None
    assert not any(field.worker_writes for field in program.mappings["account"].fields.values())


def test_what_is_personal_is_not_pulled(program: Program) -> None:
    contact = program.mappings["contact"]
    assert {field.name for field in contact.personal} == {"salutation", "first_name", "last_name", "email", "phone"}
    assert {field.field for field in contact.pulled} & {"FirstName", "LastName", "Phone", "Name"} == set()
    assert [field.transform for field in contact.pulled if field.field == "Email"] == ["email_key"]


def test_picklist_values_translate_both_ways(program: Program) -> None:
    status = program.mappings["profile"].fields["verdict"]
    assert status.values["Not Eligible"] == "blocked"
    assert status.api_values["blocked"] == "Not Eligible"
    priority = program.mappings["case"].fields["priority"]
    assert priority.program_values == ("p1", "p2", "p3", "p4")
    assert priority.api_values["p2"] == "P2"
    for mapping in program.mappings.values():
        for field in mapping.fields.values():
            assert all(field.values[field.api_values[value]] == value for value in field.program_values)


def test_the_shipped_mappings_are_the_vocabulary(program: Program) -> None:
    for name, mapping in program.mappings.items():
        assert set(mapping.fields) - {"id"} == set(VOCABULARY[name]), name


def test_every_field_has_its_own_api_name(program: Program) -> None:
    for mapping in program.mappings.values():
        pairs = [(field.field, field.transform) for field in mapping.fields.values()]
        assert len(pairs) == len(set(pairs))


def test_the_program_is_frozen(program: Program) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        program.version = "0"  # type: ignore[misc]


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A copy of the shipped folders."""
    shutil.copytree(ROOT / "rules", tmp_path / "rules")
    shutil.copytree(ROOT / "mappings", tmp_path / "mappings")
    return tmp_path


def told(folder: Path) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        load_program(folder / "rules", folder / "mappings")
    return [str(mistake) for mistake in caught.value.mistakes]


def test_a_missing_file_is_told(copied: Path) -> None:
    (copied / "rules/guards.yaml").unlink()
    (copied / "mappings/holiday.yaml").unlink()
    assert told(copied) == [
        "mappings/holiday.yaml:1: found no such file; expected this file to be there.",
        "rules/guards.yaml:1: found no such file; expected this file to be there.",
    ]


def test_a_file_under_another_name_is_told_with_the_right_name(copied: Path) -> None:
    (copied / "rules/guards.yaml").rename(copied / "rules/guard.yaml")
    (copied / "rules/cadence.yaml").rename(copied / "rules/cadence.yml")
    (copied / "mappings/notes.yaml").write_text("a: 1\n", encoding="utf-8")
    mistakes = "\n".join(told(copied))
    assert "rules/guard.yaml:1: found a file that nobody reads" in mistakes
    assert "Did you mean 'guards.yaml'?" in mistakes
    assert "Did you mean 'cadence.yaml'?" in mistakes
    assert "mappings/notes.yaml:1: found a file that nobody reads" in mistakes


@pytest.mark.parametrize(
    "name", [*(f"rules/{name}" for name in RULE_FILES), *(f"mappings/{name}" for name in MAPPING_NAMES)]
)
def test_checks_wait_for_a_file_that_could_not_be_read(shipped: Mapping[str, Source], name: str) -> None:
    broken = Mistake(f"{name}.yaml:1", "nothing", "something")
    with pytest.raises(ConfigurationError) as caught:
        program_of({key: source for key, source in shipped.items() if key != name}, [broken])
    assert caught.value.mistakes == (broken,)


def test_a_verdict_has_room_for_so_many_criteria(changed: Callable[..., Program]) -> None:
    more = "".join(
        f"  - {{id: more_{n}, text: More, weight: hard, when: {{fact: paused, is: false}}, remedy: ''}}\n"
        for n in range(40)
    )
    with pytest.raises(ConfigurationError, match=r"qualification.yaml:8: found 7\d criteria; expected at most 40"):
        changed(QUALIFICATION, lambda text: text.replace("criteria:\n", f"criteria:\n{more}"))
    more = "".join(f"  - {{id: more_{n}, text: More, after: all, event: used, days: 1}}\n" for n in range(10))
    with pytest.raises(ConfigurationError, match=r"found 21 caps and cooldowns; expected at most 12"):
        changed("rules/tolerance", lambda text: text.replace("cooldowns:\n", f"cooldowns:\n{more}"))


def test_an_org_need_not_say_since_when_it_is_healthy(changed: Callable[..., Program]) -> None:
    without = changed("mappings/account", lambda text: re.sub(r"  healthy_since:.*\n", "", text))
    assert "healthy_since" not in without.mappings["account"].fields


def test_an_org_may_add_fields_to_ask_for(changed: Callable[..., Program]) -> None:
    line = "  seniority: {field: Seniority__c, type: picklist, owner: human, values: {Senior: senior}}\n"
    program = changed("mappings/contact", lambda text: text + line)
    assert program.facts["contact.seniority"].values == ("senior",)


def test_what_is_whole_can_be_looked_at_beside_what_is_not(copied: Path) -> None:
    (copied / "rules/guards.yaml").unlink()
    draft, mistakes = load_draft(copied / "rules", copied / "mappings")
    assert "guards" not in draft.rules
    assert "consent" in draft.rules
    assert [mistake.where for mistake in mistakes] == ["rules/guards.yaml:1"]


def test_missing_folders_are_told(tmp_path: Path) -> None:
    assert len(told(tmp_path)) == len(RULE_FILES) + len(MAPPING_NAMES)


def test_a_folder_in_place_of_a_file_is_told(copied: Path) -> None:
    (copied / "rules/guards.yaml").unlink()
    (copied / "rules/guards.yaml").mkdir()
    assert told(copied) == [
        "rules/guards.yaml:1: found a file that cannot be opened (Is a directory); expected a readable file."
    ]


def test_mistakes_stand_in_the_order_of_the_lines(copied: Path) -> None:
    text = (copied / f"{QUALIFICATION}.yaml").read_text(encoding="utf-8")
    (copied / f"{QUALIFICATION}.yaml").write_text(text.replace("weight: ", "wait: "), encoding="utf-8")
    lines = [int(line.split(":")[1]) for line in told(copied)]
    assert lines == sorted(lines)
    assert lines[0] < 10 < 100 < lines[-1]
