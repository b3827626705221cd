"""Conditions and thresholds as values."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from crm_sync.program import conditions
from crm_sync.program.conditions import MEANINGS, OPERATORS, All, Any_, Not_, Test
from crm_sync.program.facts import DERIVED, OPERATORS_OF
from crm_sync.program.mappings import OWNER_MEANINGS, TYPE_MEANINGS
from crm_sync.program.program import Program


@pytest.mark.parametrize("operator", OPERATORS)
def test_each_operator_is_known_by_its_name(operator: str) -> None:
    threshold = ["a"] if operator in {"one_of", "none_of", "has_any", "has_all"} else 5
    test = Test.model_validate({"fact": "contact.nps", operator: threshold})
    assert test.operator == operator
    assert test.threshold == (("a",) if isinstance(threshold, list) else 5)


def test_one_threshold_is_for_every_type() -> None:
    assert Test(fact="contact.nps", at_least=9).threshold_for("call") == 9


def test_a_threshold_may_differ_per_type() -> None:
    test = Test(fact="contact.nps", at_least={"default": 9, "call": 8})
    assert (test.threshold_for("call"), test.threshold_for("quote")) == (8, 9)


def test_a_list_may_differ_per_type() -> None:
    test = Test(fact="status", one_of={"default": ["active"], "call": ["active", "invited"]})
    assert test.threshold_for("call") == ("active", "invited")
    assert test.threshold_for("logo") == ("active",)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"at_least": 1, "at_most": 2},
        {"at_least": None},
        {"at_least": [1]},
        {"at_least": {"call": 1}},
        {"at_least": {"default": None}},
        {"one_of": "a"},
        {"one_of": []},
        {"one_of": [None]},
        {"one_of": [["a"]]},
        {"like": "a"},
    ],
)
def test_anything_else_is_no_comparison(given: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Test.model_validate({"fact": "contact.nps"} | given)


def test_false_and_zero_are_thresholds() -> None:
    assert Test(fact="paused", is_=False).threshold is False
    assert Test(fact="open_escalations", at_most=0).threshold == 0


def test_conditions_are_built_by_name_or_from_text() -> None:
    test = Test(fact="paused", is_=True)
    built = All(all=(test, Any_(any=(Not_(not_=test), test))))
    written = {"fact": "paused", "is": True}
    assert built == All.model_validate({"all": [written, {"any": [{"not": written}, written]}]})


def test_every_test_is_found_with_its_path() -> None:
    first, second, third = (Test(fact=name, known=True) for name in ("a", "b", "c"))
    condition = All(all=(first, Any_(any=(Not_(not_=second),)), third))
    assert list(conditions.tests(condition)) == [
        (("all", 0), first),
        (("all", 1, "any", 0, "not"), second),
        (("all", 2), third),
    ]


def test_conditions_are_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Test(fact="a", known=True).fact = "b"


def test_every_operator_type_and_owner_is_explained() -> None:
    assert set(MEANINGS) == set(OPERATORS)
    assert {operator for allowed in OPERATORS_OF.values() for operator in allowed} == set(OPERATORS)
    assert len(TYPE_MEANINGS) == 10
    assert len(OWNER_MEANINGS) == 6


def test_derived_facts_come_from_mapped_fields(program: Program) -> None:
    for fact in DERIVED:
        for name in fact.derived_from:
            mapping, _, field = name.partition(".")
            assert field in program.mappings[mapping].fields, name


def test_the_catalogue_knows_the_values_of_a_status(program: Program) -> None:
    assert program.facts["status"].values == (
        "none",
        "candidate",
        "invited",
        "active",
        "paused",
        "declined",
        "retired",
    )
    assert program.facts["account.churn_risk"].values == ("none", "watch", "active")
    assert "contact.email" not in program.facts
