"""What differs between two states of the mappings, field by field, and which criteria ask for it."""

from __future__ import annotations

from dataclasses import replace

from crm_sync.program import Program
from crm_sync.program.mapping_changes import Changed, asked_by, differences


def test_equal_mappings_do_not_differ(program: Program) -> None:
    assert list(differences(program.mappings, program.mappings)) == []


def test_a_field_is_different_new_or_gone(program: Program) -> None:
    account = program.mappings["account"]
    fields = {name: field for name, field in account.fields.items() if name != "product"}
    fields["health_score"] = replace(fields["health_score"], field="Score__c")
    fields["tier"] = replace(account.fields["product"], name="tier", field="Tier__c")
    now = {**program.mappings, "account": replace(account, object="Firm__c", fields=fields)}
    found = {(one.field, one.what): one for one in differences(program.mappings, now)}
    assert set(found) == {(None, "different"), ("health_score", "different"), ("tier", "new"), ("product", "gone")}
    assert found[None, "different"].after == {"object": "Firm__c"}
    assert found["health_score", "different"].before == {"field": account.fields["health_score"].field}
    assert found["product", "gone"].after == {}
    assert found["tier", "new"].before == {}


def test_a_whole_mapping_may_be_new_or_gone(program: Program) -> None:
    fewer = {name: mapping for name, mapping in program.mappings.items() if name != "case"}
    gone = list(differences(program.mappings, fewer))
    new = list(differences(fewer, program.mappings))
    assert {one.what for one in gone} == {"gone"}
    assert {one.what for one in new} == {"new"}
    assert [one.field for one in gone] == [None, *program.mappings["case"].fields]


def test_the_criteria_that_ask_for_a_field(program: Program) -> None:
    def asking(field: str | None) -> tuple[str, ...]:
        return asked_by(Changed("account", field, {}, {}), program.facts, program.qualification)

    assert asking("renewal_on") == ("renewal_not_imminent", "renewal_not_near")
    assert "health_level" in asking("health_score")
    assert asking("name") == asking(None) == ()
