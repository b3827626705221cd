"""A mapping whose fields live on another object: what it says, its tables, and every mistake in it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from crm_sync.errors import ConfigurationError
from crm_sync.program import Program, load_draft, load_program
from crm_sync.program.mapping_changes import differences
from crm_sync.program.mappings import LOOKUP

ROOT = Path(__file__).parents[3]
JOINED = "  health: {object: Customer_Health__c, lookup: Account__c, newest_by: scored_on}\n"
SCORE = "      health_score: {field: Score__c, from: health}\n"
DAY = "      scored_on: {field: Scored_On__c, from: health, type: date}\n"
Overlay = Callable[[str, str], Path]


@pytest.fixture
def overlay(tmp_path: Path) -> Overlay:
    """Lay joined objects and fields over the shipped account mapping; gives the mappings folder."""

    def lay(joined: str, fields: str) -> Path:
        folder = shutil.copytree(ROOT / "mappings", tmp_path / "mappings", dirs_exist_ok=True)
        (folder / "preset.yaml").write_text("preset: ours\n")
        inner = "".join(f"    {line}\n" for line in joined.splitlines())
        text = f"about: Ours.\nmappings:\n  account:\n    joined:\n{inner}    fields:\n{fields}"
        (folder / "presets" / "ours.yaml").write_text(text)
        return folder

    return lay


@pytest.fixture
def dated(overlay: Overlay) -> Program:
    return load_program(ROOT / "rules", overlay(JOINED, SCORE + DAY))


def test_the_fields_keep_their_names_and_what_else_is_known_of_them(dated: Program, program: Program) -> None:
    account = dated.mappings["account"]
    score = account.fields["health_score"]
    assert (score.field, score.home, score.type, score.safety) == ("Score__c", "health", "number", True)
    assert account.object_of(score) == "Customer_Health__c"
    assert account.object_of(account.fields["legal_hold"]) == "Account"
    assert set(dated.facts) == set(program.facts) | {"account.scored_on"}
    assert dated.version != program.version


def test_a_mapping_is_read_as_its_own_table_and_one_for_each_joined_object(dated: Program) -> None:
    own, health = dated.mappings["account"].tables
    assert (own.name, own.object, "health_score" in own.fields) == ("account", "Account", False)
    assert (health.name, health.object, health.known_as) == ("account_health", "Customer_Health__c", "account")
    assert list(health.fields) == ["id", LOOKUP, "health_score", "scored_on"]
    lookup = health.fields[LOOKUP]
    assert (lookup.field, lookup.type, lookup.to, lookup.safety) == ("Account__c", "reference", "account", True)
    assert [table.name for table in dated.mappings["contact"].tables] == ["contact"]


def test_what_is_joined_is_part_of_the_version_and_of_a_comparison(overlay: Overlay, program: Program) -> None:
    before = load_program(ROOT / "rules", overlay(JOINED, SCORE + DAY))
    after = load_program(ROOT / "rules", overlay(JOINED.replace(", newest_by: scored_on", ""), SCORE + DAY))
    assert before.version != after.version
    (changed,) = differences(before.mappings, after.mappings)
    assert (changed.mapping, changed.field, list(changed.after)) == ("account", None, ["joined"])
    moved = {one.field: one for one in differences(program.mappings, after.mappings)}
    assert moved["health_score"].after == {"field": "Score__c", "from": "health"}
    assert moved["health_score"].before == {"field": "Health_Score__c", "from": None}


@pytest.mark.parametrize(
    ("joined", "fields", "found", "nearest"),
    [
        (JOINED, SCORE.replace("from: health", "from: helth") + DAY, "the joined object 'helth'", "health"),
        (JOINED.replace("scored_on", "scored"), SCORE + DAY, "the date of health 'scored'", "scored_on"),
        (JOINED.replace("scored_on", "health_score"), SCORE + DAY, "the date of health 'health_score'", None),
        (JOINED.replace("scored_on", "renewal_on"), SCORE + DAY, "the date of health 'renewal_on'", None),
        (JOINED, "      in_dispute: {field: D__c, from: health, owner: worker}\n" + DAY, "owner worker", None),
        (JOINED, "      owner: {field: CSM__c, from: health}\n" + DAY, "a reference owner", None),
        (JOINED, "      industry: {field: I__c, from: health, personal: true}\n" + DAY, "personal", None),
        (JOINED + "  other: {object: O__c, lookup: A__c}\n", SCORE + DAY, "a joined object no field is from", None),
        (JOINED.replace("Customer_Health__c", "Account"), SCORE + DAY, "the mapping's own object", None),
        (JOINED.replace("Account__c", "Score__c"), SCORE + DAY, "the lookup Score__c", None),
        (JOINED, SCORE + DAY + "      other: {field: Score__c, from: health, type: text}\n", "health_score maps", None),
        (JOINED, SCORE + DAY + "      looks_up_to: {field: A__c, type: text}\n", "the name looks_up_to", None),
        ("  health: {object: H__c, lookup: A__c, newest: scored_on}\n", SCORE + DAY, "'newest'", "newest_by"),
    ],
)
def test_a_mistake_in_it_is_told_with_its_line(
    overlay: Overlay, joined: str, fields: str, found: str, nearest: str | None
) -> None:
    with pytest.raises(ConfigurationError) as failed:
        load_program(ROOT / "rules", overlay(joined, fields))
    told = [mistake for mistake in failed.value.mistakes if found in mistake.found]
    assert told, failed.value.mistakes
    assert told[0].where.startswith("mappings/presets/ours.yaml:")
    assert told[0].nearest == nearest


def test_only_objects_that_the_worker_never_creates_have_joined_ones(tmp_path: Path) -> None:
    folder = shutil.copytree(ROOT / "mappings", tmp_path / "mappings")
    text = (folder / "consent.yaml").read_text()
    joined = "joined: {scan: {object: Scan__c, lookup: Consent__c}}\nfields:\n"
    text = text.replace("\nfields:\n", f"\n{joined}  seen: {{field: Seen__c, from: scan, type: checkbox}}\n")
    (folder / "consent.yaml").write_text(text)
    _, mistakes = load_draft(ROOT / "rules", folder)
    assert [mistake.found for mistake in mistakes] == ["joined objects in a mapping with a key"]


def test_the_same_field_name_on_two_objects_is_no_repetition(overlay: Overlay) -> None:
    fields = SCORE + DAY + "      named: {field: Name, from: health, type: text}\n"
    assert "account.named" in load_program(ROOT / "rules", overlay(JOINED, fields)).facts


def test_words_may_stand_for_numbers(overlay: Overlay) -> None:
    graded = "      health_score: {field: Band__c, from: health, values: {Green: 90, Amber: 60.5, Red: 20}}\n"
    made = load_program(ROOT / "rules", overlay(JOINED, graded + DAY))
    score = made.mappings["account"].fields["health_score"]
    assert (score.is_graded, score.values) == (True, {"Green": "90", "Amber": "60.5", "Red": "20"})
    assert made.facts["account.health_score"].values == ()


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ("      health_score: {field: B__c, from: health, values: {Green: fine}}\n", "'fine' for 'Green'"),
        (
            "      scored: {field: B__c, from: health, type: date, values: {A: b}}\n",
            "`values` for a field of type date",
        ),
    ],
)
def test_words_that_stand_for_no_number_are_told(overlay: Overlay, fields: str, found: str) -> None:
    with pytest.raises(ConfigurationError) as failed:
        load_program(ROOT / "rules", overlay(JOINED, fields + DAY))
    assert [found] == [mistake.found for mistake in failed.value.mistakes]
