"""An overlay lies over the mapping files it names, and every value keeps the file and line it came from."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from crm_sync.errors import ConfigurationError
from crm_sync.program import load_draft, load_program

ROOT = Path(__file__).parents[3]
SHIPPED = sorted(path.stem for path in (ROOT / "mappings" / "presets").glob("*.yaml"))


@pytest.fixture
def mappings(tmp_path: Path) -> Path:
    return shutil.copytree(ROOT / "mappings", tmp_path / "mappings")


def choose(mappings: Path, name: str) -> None:
    (mappings / "preset.yaml").write_text(f"preset: {name}\n")


def overlay(mappings: Path, text: str) -> None:
    choose(mappings, "ours")
    (mappings / "presets" / "ours.yaml").write_text(text)


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_preset_gives_a_program_of_its_own_version(mappings: Path, name: str) -> None:
    before = load_program(ROOT / "rules", mappings)
    choose(mappings, name)
    after = load_program(ROOT / "rules", mappings)
    assert after.version != before.version
    assert after.mappings["account"].fields["health_score"].safety


def test_an_entry_is_laid_over_the_one_below_and_the_rest_stays(mappings: Path) -> None:
    overlay(mappings, "about: Ours.\nmappings:\n  account:\n    fields:\n      health_trend: {field: Our_Trend__c}\n")
    before = load_program(ROOT / "rules", ROOT / "mappings").mappings["account"].fields
    after = load_program(ROOT / "rules", mappings).mappings["account"].fields
    assert after["health_trend"].field == "Our_Trend__c"
    assert after["health_trend"].values == before["health_trend"].values
    assert {name: field for name, field in after.items() if name != "health_trend"} == {
        name: field for name, field in before.items() if name != "health_trend"
    }


def test_fields_may_be_added_and_the_object_changed(mappings: Path) -> None:
    overlay(
        mappings,
        "about: Ours.\nmappings:\n  case:\n    object: Ticket__c\n    fields:\n      tier: {field: T__c, type: text}\n",
    )
    case = load_program(ROOT / "rules", mappings).mappings["case"]
    assert (case.object, case.fields["tier"].field) == ("Ticket__c", "T__c")


def test_null_takes_a_field_away_that_may_be_missing(mappings: Path) -> None:
    overlay(mappings, "about: Ours.\nmappings:\n  account:\n    fields:\n      healthy_since: null\n")
    assert "healthy_since" not in load_program(ROOT / "rules", mappings).mappings["account"].fields


def test_every_line_is_told_where_it_stands(mappings: Path) -> None:
    overlay(mappings, "about: Ours.\nmappings:\n  account:\n    fields:\n      health_score: {field: Ours__c}\n")
    draft, mistakes = load_draft(ROOT / "rules", mappings)
    source = draft.mapping_source("account")
    assert mistakes == ()
    assert source.where(("fields", "health_score", "field")) == "mappings/presets/ours.yaml:5"
    assert source.where(("fields", "health_score", "safety")).startswith("mappings/account.yaml:")
    assert source.where(("fields", "legal_hold")).startswith("mappings/account.yaml:")


def test_an_object_alone_may_be_changed(mappings: Path) -> None:
    overlay(mappings, "about: Ours.\nmappings:\n  case:\n    object: Ticket__c\n")
    before = load_program(ROOT / "rules", ROOT / "mappings").mappings["case"]
    case = load_program(ROOT / "rules", mappings).mappings["case"]
    assert (case.object, case.fields) == ("Ticket__c", before.fields)


def test_over_a_mapping_that_cannot_be_read_nothing_is_laid(mappings: Path) -> None:
    overlay(mappings, "about: Ours.\nmappings:\n  account:\n    object: Firm__c\n")
    (mappings / "account.yaml").write_text("object: [\n")
    draft, mistakes = load_draft(ROOT / "rules", mappings)
    assert any(mistake.where.startswith("mappings/account.yaml") for mistake in mistakes)
    assert "account" not in draft.mappings


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "about: Ours.\nmappings:\n  account:\n    fields:\n      industry: {type: [text]}\n",
            "mappings/presets/ours.yaml:5",
        ),
        ("about: Ours.\nmappings:\n  acount: {fields: {}}\n", "mappings/presets/ours.yaml:3"),
        ("about: Ours.\n", "mappings/presets/ours.yaml:1"),
        (
            "about: Ours.\nmappings:\n  account:\n    fields:\n      industry: {typ: text}\n",
            "mappings/presets/ours.yaml:5",
        ),
        (
            "about: Ours.\nmappings:\n  account:\n    fields:\n      industry:\n        type: numbr\n",
            "mappings/presets/ours.yaml:6",
        ),
        ("about: [\n", "mappings/presets/ours.yaml"),
    ],
)
def test_a_mistake_in_an_overlay_points_into_it(mappings: Path, text: str, told: str) -> None:
    overlay(mappings, text)
    with pytest.raises(ConfigurationError) as failed:
        load_program(ROOT / "rules", mappings)
    assert failed.value.mistakes[0].where.startswith(told)


def test_an_unknown_preset_names_the_nearest(mappings: Path) -> None:
    choose(mappings, "gainsigt")
    with pytest.raises(ConfigurationError) as failed:
        load_program(ROOT / "rules", mappings)
    assert (failed.value.mistakes[0].where, failed.value.mistakes[0].nearest) == ("mappings/preset.yaml:1", "gainsight")
