"""What a person reads: the value seen, where, what is required, what would change it, in the org's own names."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from crm_sync.evaluate import explain, explain_all, facts
from crm_sync.evaluate.wording import counted, plain
from crm_sync.model.verdict import Source
from tests.unit.evaluate.test_evaluate_unknown import asking


def test_one_verdict_has_a_reason_for_every_rule_of_its_type(customer: Any) -> None:
    verdict = explain(customer.snapshot(), customer.program, "ada", "call")
    ids = [reason.rule_id for reason in verdict.reasons]
    assert (verdict.contact_id, verdict.account_id, verdict.reference_type) == ("ada", "acme", "call")
    assert "speaks_publicly" not in ids
    assert all(reason.text and reason.rule_version for reason in verdict.reasons)


def test_without_passing_only_what_is_not_true(customer: Any) -> None:
    customer.put("account", "acme", in_dispute=True, churn_risk="watch")
    found = explain_all(customer.snapshot(), customer.program, ["ada", "nobody"], passing=False)
    assert list(found) == ["ada"]
    assert {r.rule_id for r in found["ada"]["call"].reasons if r.weight != "scored"} == {"no_dispute", "churn_watch"}


def test_nobody_unknown_can_be_explained(customer: Any) -> None:
    with pytest.raises(KeyError):
        explain(customer.snapshot(), customer.program, "nobody", "call")


def test_a_reason_names_the_record_and_field(customer: Any) -> None:
    reason = customer.put("account", "acme", health_score=60.0).look().reason("health_level")
    assert reason.source == Source("Account", "acme", "Health_Score__c")
    assert (reason.value, reason.threshold) == ("60", "at least 75")
    assert reason.blocks


def test_ages_are_told_as_days_so_that_they_do_not_change_every_night(customer: Any) -> None:
    reason = customer.put("contact", "ada", nps_on=date(2026, 1, 5)).look().reason("nps_fresh")
    assert (reason.value, reason.threshold) == ("answered on 2026-01-05", "at most 180 days")


def test_a_value_no_mapping_translates_is_told(customer: Any) -> None:
    customer.put("account", "acme", churn_risk=None)
    unmapped = [{"object": "account", "id": "acme", "field": "churn_risk", "value": "Severe"}]
    reason = customer.look(unmapped=unmapped).reason("no_churn_risk")
    assert reason.value == "Severe"
    assert "mappings/account.yaml" in reason.remedy
    by_object = [{"object": "Account", "id": "acme", "field": "churn_risk", "value": "Severe"}]
    assert customer.look(unmapped=by_object).reason("no_churn_risk").value == "Severe"


def test_an_empty_field_is_to_be_filled(customer: Any) -> None:
    reason = customer.put("contact", "ada", nps=None).look().reason("nps_level")
    assert reason.value is None
    assert "Fill or correct NPS_Score__c on the Contact." in reason.remedy


def test_what_only_the_worker_fills_is_named_as_it_is(customer: Any) -> None:
    asks = asking(customer.program, {"strong": {"fact": "profile.strength", "at_least": 50}})
    customer.put("profile", "ada_profile", strength=None)
    assert customer.look(asks).reason("strong").source == Source("Reference_Profile__c", "ada_profile", "Strength__c")


def test_an_open_case_is_named(customer: Any) -> None:
    customer.put("case", "c1", account="acme", priority="p1", closed=False)
    assert customer.look().reason("no_open_p1_p2").source == Source("Case", "c1", "Priority")
    customer.put("escalation", "e1", contact="ada", status="open")
    source = customer.look().reason("no_open_escalation").source
    assert source is not None
    assert source.record_id == "e1"


def test_facts_have_one_row_per_contact(customer: Any) -> None:
    table = facts(customer.person("bob").snapshot(), customer.program)
    assert sorted(table["contact_id"].to_pylist()) == ["ada", "bob"]
    assert {"account.health_score", "tenure_months", "type_approved_logo", "consent_call"} <= set(table.column_names)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (True, "yes"),
        (False, "no"),
        (90.0, "90"),
        (0.5, "0.5"),
        (date(2026, 11, 14), "2026-11-14"),
        (datetime(2026, 11, 14, 9, 30), "2026-11-14T09:30"),  # noqa: DTZ001  (facts are UTC without saying so)
        (["a", "b"], "a, b"),
        ([], "none"),
        ("text", "text"),
    ],
)
def test_values_in_words(value: Any, words: str) -> None:
    assert plain(value) == words


def test_numbers_with_nouns() -> None:
    assert (counted(1, "use"), counted(2, "use"), counted(0.5, "point")) == ("1 use", "2 uses", "0.5 points")
