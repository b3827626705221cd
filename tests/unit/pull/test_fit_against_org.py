"""rules/ and mappings/ held against what an org shows: every misfit is told with its line and what follows from it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crm_sync.ports import ObjectFacts
from crm_sync.program import Draft, load_draft
from crm_sync.pull.fit import Finding, hold_against, objects_of
from tests.health_homes import OBJECT, health_object
from tests.local_place import place

ROOT = Path(__file__).parents[3]
Facts = Mapping[str, ObjectFacts]
Told = Callable[..., list[Finding]]


@pytest.fixture(scope="module")
def draft() -> Draft:
    """The shipped program."""
    made, mistakes = load_draft(ROOT / "rules", ROOT / "mappings")
    assert mistakes == ()
    return made


@pytest.fixture(scope="module")
def facts(draft: Draft) -> Facts:
    """What an org with the shipped package shows to the integration user."""
    with place() as here:
        return here.worker().describe_all(objects_of(draft))


@pytest.fixture(scope="module")
def told(draft: Draft, facts: Facts) -> Told:
    """Tell what is found in addition when one field of the org is different; None takes the field away."""
    before = set(hold_against(draft, facts))

    def tell(object_name: str, field: str | None = None, **changes: Any) -> list[Finding]:
        known = facts[object_name]
        if field is None:
            changed = replace(known, **changes)
        else:
            fields = {name: one for name, one in known.fields.items() if name != field}
            if changes:
                fields[field] = replace(known.fields[field], **changes)
            changed = replace(known, fields=fields)
        after = hold_against(draft, {**facts, object_name: changed})
        return [finding for finding in after if finding not in before]

    return tell


def line_of(file: str, text: str) -> str:
    """Where a line starts with this text."""
    lines = (ROOT / file).read_text().splitlines()
    return f"{file}:{next(number for number, line in enumerate(lines, 1) if line.lstrip().startswith(text))}"


def levels(findings: list[Finding]) -> list[str]:
    return [finding.level.value for finding in findings]


def test_the_shipped_program_fits_the_shipped_package(draft: Draft, facts: Facts) -> None:
    assert {finding.level.value for finding in hold_against(draft, facts)} <= {"differs"}


def test_a_safety_field_that_cannot_be_read_stops_and_blinds_the_criteria_that_ask_for_it(told: Told) -> None:
    found = told("Account", "Legal_Hold__c")
    assert levels(found) == ["stops", "blinds"]
    assert found[0].mistake.where == line_of("mappings/account.yaml", "legal_hold:")
    assert "protects customers" in found[0].mistake.expected
    assert "'no_legal_hold', which can never be true" in found[1].mistake.found
    assert "account.legal_hold cannot be read" in found[1].mistake.found
    assert found[1].mistake.where.startswith("rules/qualification.yaml:")


def test_the_nearest_name_is_told_by_api_name_or_by_label(told: Told, facts: Facts, draft: Draft) -> None:
    known = facts["Account"]
    renamed = replace(known.fields["Customer_Since__c"], name="Customer_Since_Date__c", label="Since")
    fields = {name: one for name, one in known.fields.items() if name != "Customer_Since__c"}
    changed = replace(known, fields={**fields, "Customer_Since_Date__c": renamed})
    found = hold_against(draft, {**facts, "Account": changed})
    assert next(f for f in found if "Customer_Since__c" in f.mistake.found).mistake.nearest == "Customer_Since_Date__c"


def test_a_field_of_another_type_stops(told: Told) -> None:
    (found,) = [f for f in told("Account", "Health_Score__c", type="string") if f.level == "stops"]
    assert found.mistake.where == line_of("mappings/account.yaml", "health_score:")
    assert "type number for Account.Health_Score__c, which is of type string" in found.mistake.found
    assert "which number each of its words stands for" in found.mistake.expected
    (date,) = [f for f in told("Account", "Renewal_Date__c", type="string") if f.level == "stops"]
    assert date.mistake.expected == "a field that holds date"
    (free,) = [f for f in told("Account", "Industry", type="double") if f.level == "stops"]
    assert free.mistake.expected == "a field that holds text"


def test_values_are_held_both_ways_and_the_criteria_they_carry(told: Told) -> None:
    found = told(
        "Account", "Implementation_Stage__c", picklist_values=("Planned", "Implementing", "Productive", "Retired")
    )
    by_text = {finding.mistake.found: finding for finding in found}
    lacking = by_text[
        "'Production', which Account.Implementation_Stage__c does not offer, so nothing there is 'production'"
    ]
    assert lacking.mistake.nearest == "Productive"
    assert lacking.mistake.where == line_of("mappings/account.yaml", "Production: production")
    strange = by_text["no translation for 'Productive', which Account.Implementation_Stage__c offers"]
    assert strange.level == "blinds"
    (never,) = [f for f in found if "'in_production', which can never be true" in f.mistake.found]
    assert "no active value of the org leads to what is asked of account.implementation_stage" in never.mistake.found


def test_a_value_that_the_worker_writes_and_a_restricted_picklist_lacks_stops(told: Told, facts: Facts) -> None:
    values = facts["Reference_Request__c"].fields["Status__c"].picklist_values
    kept = tuple(value for value in values if value != "Unfilled")
    (found,) = told("Reference_Request__c", "Status__c", picklist_values=kept, restricted_picklist=True)
    assert (found.level, found.mistake.where) == ("stops", line_of("mappings/request.yaml", "Unfilled:"))
    (milder,) = told("Reference_Request__c", "Status__c", picklist_values=kept, restricted_picklist=False)
    assert milder.level == "differs"


@pytest.mark.parametrize(
    ("field", "changes", "words"),
    [
        ("Reasons__c", {"updateable": False}, "may not edit"),
        ("Reasons__c", {"updateable": False, "createable": False, "calculated": True}, "a formula"),
        ("Contact__c", {"createable": False}, "may not set on new records"),
        ("External_Key__c", {"unique": False}, "not unique"),
        ("External_Key__c", {"case_sensitive": False}, "not case-sensitive"),
        ("Verdict_Summary__c", {"length": 100}, "takes 100 characters"),
        ("Title__c", {"length": 40}, "takes 40 characters"),
    ],
)
def test_what_the_worker_owns_it_must_be_able_to_write(
    told: Told, field: str, changes: dict[str, Any], words: str
) -> None:
    (found,) = told("Reference_Profile__c", field, **changes)
    assert found.level == "stops"
    assert words in found.mistake.found


def test_what_people_own_needs_no_right_to_write(told: Told) -> None:
    assert told("Reference_Profile__c", "Paused__c", updateable=False, createable=False) == []


def test_an_object_nobody_shows_is_told_once_and_a_missing_right_to_create_it(told: Told, draft: Draft) -> None:
    (found,) = told("Reference_Match__c", createable=False)
    assert "may not create records" in found.mistake.found
    hidden = hold_against(draft, {})
    assert {f"mappings/{name}.yaml" for name in draft.mappings} == {
        f.mistake.where.rpartition(":")[0] for f in hidden if f.mistake.where.startswith("mappings")
    }


def test_a_reference_to_another_object_is_told(told: Told) -> None:
    (found,) = told("Reference_Consent__c", "Contact__c", reference_to=("Lead",))
    assert "points to Lead" in found.mistake.found


def test_a_criterion_that_only_some_types_can_never_meet_names_them(tmp_path: Path, facts: Facts) -> None:
    rules = shutil.copytree(ROOT / "rules", tmp_path / "rules")
    text = (rules / "qualification.yaml").read_text()
    asked = "{fact: account.churn_risk, is: none}"
    assert asked in text
    changed = text.replace(asked, "{fact: account.churn_risk, is: {default: none, logo: watch}}")
    (rules / "qualification.yaml").write_text(changed)
    draft, mistakes = load_draft(rules, ROOT / "mappings")
    assert mistakes == ()
    known = facts["Account"]
    field = replace(known.fields["Churn_Risk__c"], picklist_values=("None", "Active"))
    found = hold_against(draft, {**facts, "Account": replace(known, fields={**known.fields, "Churn_Risk__c": field})})
    assert any("'churn_watch', which can never be true in this org for logo" in f.mistake.found for f in found)


def test_files_that_are_wrong_themselves_do_not_hide_the_rest(tmp_path: Path, facts: Facts) -> None:
    mappings = shutil.copytree(ROOT / "mappings", tmp_path / "mappings")
    (mappings / "consent.yaml").write_text("object: [\n")
    text = (mappings / "account.yaml").read_text()
    (mappings / "account.yaml").write_text(text.replace("Renewal_Date__c", "Renewal__c"))
    draft, mistakes = load_draft(ROOT / "rules", mappings)
    assert any(mistake.where.startswith("mappings/consent.yaml") for mistake in mistakes)
    found = [f.mistake for f in hold_against(draft, facts) if "Renewal__c" in f.mistake.found]
    assert [mistake.nearest for mistake in found] == ["Renewal_Date__c"]


def test_more_words_for_one_thing_than_the_org_uses_are_told_only_where_something_follows(
    draft: Draft, facts: Facts
) -> None:
    told = [finding.mistake for finding in hold_against(draft, facts)]
    assert [mistake.found for mistake in told] == [
        "'P1' and 'Critical', which Case.Priority does not offer, so nothing there is 'p1'"
    ]
    known = facts["Case"]
    field = replace(known.fields["Priority"], picklist_values=("P1", "P2 ", "High", "Medium", "Low"))
    case = replace(known, fields={**known.fields, "Priority": field})
    renamed = [f.mistake for f in hold_against(draft, {**facts, "Case": case}) if f.level == "differs"]
    assert [(mistake.found, mistake.nearest) for mistake in renamed] == [
        ("'P2', which Case.Priority does not offer", "P2 ")
    ]


@pytest.fixture(scope="module")
def dated(tmp_path_factory: pytest.TempPathFactory) -> Draft:
    """The program of an org with health in a home-made object of dated rows."""
    mappings = shutil.copytree(ROOT / "mappings", tmp_path_factory.mktemp("dated") / "mappings")
    (mappings / "preset.yaml").write_text("preset: customer-health\n")
    made, mistakes = load_draft(ROOT / "rules", mappings)
    assert mistakes == ()
    return made


@pytest.fixture(scope="module")
def with_health(dated: Draft) -> Facts:
    with place() as here:
        health_object(here)
        return here.worker().describe_all(objects_of(dated))


def differing(dated: Draft, facts: Facts, field: str | None, **changes: Any) -> list[Finding]:
    """Tell what is found in addition when one field of the joined object is different; None: there is no such object."""
    known, before = facts[OBJECT], set(hold_against(dated, facts))
    fields = {name: one for name, one in known.fields.items() if name != field}
    if field and changes:
        fields[field] = replace(known.fields[field], **changes)
    others = {name: one for name, one in facts.items() if name != OBJECT}
    changed = others if field is None else {**others, OBJECT: replace(known, fields=fields)}
    return [finding for finding in hold_against(dated, changed) if finding not in before]


def test_a_joined_object_is_held_against_the_org_as_well(dated: Draft, with_health: Facts) -> None:
    assert OBJECT in objects_of(dated)
    assert {finding.level.value for finding in hold_against(dated, with_health)} == {"differs"}
    overlay = "mappings/presets/customer-health.yaml"
    object_line = line_of(overlay, "health: {object")
    gone = differing(dated, with_health, None)
    assert (gone[0].level, gone[0].mistake.where) == ("stops", object_line)
    assert "health_score, healthy_since, health_trend, churn_risk" in gone[0].mistake.expected
    assert any("'health_level', which can never be true" in f.mistake.found for f in gone)
    lookup = differing(dated, with_health, "Account__c")
    assert (lookup[0].level, lookup[0].mistake.where) == ("stops", object_line)
    assert any("'health_level', which can never be true" in f.mistake.found for f in lookup)
    (elsewhere,) = differing(dated, with_health, "Account__c", reference_to=("Contact",))
    assert (elsewhere.mistake.where, "points to Contact" in elsewhere.mistake.found) == (object_line, True)
    score = differing(dated, with_health, "Score__c")
    assert score[0].mistake.where == line_of(overlay, "health_score:")
    assert score[0].mistake.found.startswith(f"{OBJECT}.Score__c")
    (dateless,) = differing(dated, with_health, "Scored_On__c")
    assert (dateless.level, dateless.mistake.where) == ("blinds", line_of(overlay, "health_scored_on:"))


def test_the_values_of_a_joined_picklist_are_held_both_ways(dated: Draft, with_health: Facts) -> None:
    offered = ("Low", "Medium", "Hi")
    found = differing(dated, with_health, "Risk__c", type="picklist", picklist_values=offered)
    assert f"no translation for 'Hi', which {OBJECT}.Risk__c offers" in {f.mistake.found for f in found}


def test_a_formula_is_told_as_its_changes_are_seen_late(told: Told) -> None:
    (found,) = told("Account", "Health_Score__c", calculated=True, updateable=False)
    assert (found.level, found.mistake.where) == ("differs", line_of("mappings/account.yaml", "health_score:"))
    assert "a formula or roll-up" in found.mistake.found
