"""Consent is dated evidence for exactly one use; the most restrictive record of a person wins."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest

from crm_sync.model.verdict import Source

TODAY = date(2026, 11, 2)
LATER = TODAY + timedelta(days=1)


def consent_of(look: Any, reference_type: str = "call") -> str:
    blocking: dict[str, str] = look.blocking(reference_type=reference_type)
    return blocking.get("consent", "true")


def test_a_consent_covers_its_own_use_alone(customer: Any) -> None:
    look = customer.drop("consent", "ada_logo").look()
    assert consent_of(look, "logo") == "false"
    assert consent_of(look, "call") == "true"
    assert "no consent to logo" in (look.reason("consent", reference_type="logo").value or "")


GOOD: list[tuple[dict[str, Any], str, str]] = [
    ({"status": "pending"}, "false", "status pending"),
    ({"status": "refused"}, "false", "status refused"),
    ({"status": "withdrawn"}, "false", "status withdrawn"),
    ({"status": None}, "unknown", "status is not known"),
    ({"use": None}, "false", "no consent"),
    ({"evidence": None}, "unknown", "evidence missing"),
    ({"evidence": "  "}, "unknown", "evidence missing"),
    ({"text_version": None}, "unknown", "text version missing"),
    ({"valid_from": None}, "unknown", "valid from missing"),
    ({"valid_from": TODAY}, "true", "granted from 2026-11-02"),
    ({"valid_from": LATER}, "false", "valid from 2026-11-03"),
    ({"valid_to": LATER}, "true", "ends 2026-11-03"),
    ({"valid_to": TODAY}, "false", "until 2026-11-02"),
    ({"valid_to": None, "valid_from": date(2025, 11, 3)}, "true", "ends 2026-11-03"),
    ({"valid_to": None, "valid_from": date(2025, 11, 2)}, "false", "until 2026-11-02"),
    ({"withdrawn_on": TODAY}, "false", "withdrawn on 2026-11-02"),
    ({"withdrawn_on": LATER}, "true", "granted"),
    ({"withdrawn_on": date(2026, 1, 1)}, "false", "withdrawn on 2026-01-01"),
    ({"legal_restriction": True}, "false", "restricted by law"),
    ({"legal_restriction": None}, "unknown", "restricted by law"),
    ({"territory": ["EMEA", "APAC"]}, "true", "granted"),
    ({"territory": ["APAC"]}, "false", "does not cover"),
    ({"territory": []}, "false", "does not cover"),
    ({"territory": None}, "unknown", "does not cover"),
]


@pytest.fixture(scope="module")
def changed(together: Any) -> Any:
    return together(
        {index: partial(lambda c, f: c.put("consent", "ada_call", **f), f=f) for index, (f, _, _) in enumerate(GOOD)}
    )


@pytest.mark.parametrize("index", range(len(GOOD)))
def test_what_makes_a_consent_good(changed: Any, index: int) -> None:
    _, truth, words = GOOD[index]
    look = changed[index]
    assert consent_of(look) == truth
    reason = look.reason("consent")
    assert words in (reason.value or "")
    assert reason.remedy == "" if truth == "true" else reason.remedy


def test_a_consent_for_everywhere_needs_no_region(customer: Any) -> None:
    customer.put("account", "acme", region=None)
    assert consent_of(customer.look()) == "true"
    assert consent_of(customer.put("consent", "ada_call", territory=["EMEA"]).look()) == "unknown"


def add_another(customer: Any, **fields: Any) -> None:
    given = {"contact": "ada", "use": "call", "text_version": "3", "evidence": "https://files.example/2"}
    given |= {"territory": ["worldwide"], "audience": "anyone", "legal_restriction": False}
    customer.put("consent", "other", **(given | fields))


def another(customer: Any, **fields: Any) -> Any:
    add_another(customer, **fields)
    return customer.look()


OTHERS: list[tuple[dict[str, Any], str]] = [
    ({"status": "withdrawn", "withdrawn_on": date(2026, 2, 1)}, "false"),
    ({"status": "withdrawn", "withdrawn_on": date(2026, 1, 31)}, "true"),
    ({"status": "withdrawn"}, "false"),
    ({"status": "withdrawn", "valid_from": date(2025, 1, 1)}, "false"),
    ({"status": "granted", "withdrawn_on": date(2026, 5, 1), "valid_from": date(2026, 1, 1)}, "false"),
    ({"status": "granted", "withdrawn_on": TODAY, "valid_from": date(2026, 1, 1)}, "false"),
    ({"status": "granted", "withdrawn_on": LATER, "valid_from": date(2026, 1, 1)}, "true"),
    ({"status": "refused", "valid_from": date(2026, 3, 1)}, "false"),
    ({"status": "refused", "valid_from": date(2026, 1, 1)}, "true"),
    ({"status": "refused"}, "false"),
    ({"status": "refused", "valid_from": date(2026, 1, 1), "withdrawn_on": TODAY}, "false"),
    ({"status": "refused", "valid_from": date(2026, 1, 1), "withdrawn_on": LATER}, "true"),
    ({"status": "pending"}, "true"),
    ({"status": None}, "unknown"),
    ({"status": None, "withdrawn_on": date(2026, 1, 1)}, "true"),
    ({"status": "withdrawn", "use": None}, "unknown"),
    ({"status": "granted", "use": None}, "true"),
    ({"status": "withdrawn", "use": "logo"}, "true"),
    ({"status": "granted", "legal_restriction": True, "valid_from": date(2026, 1, 1)}, "false"),
    ({"status": "granted", "legal_restriction": None, "valid_from": date(2026, 1, 1)}, "unknown"),
    ({"status": "granted", "legal_restriction": True, "valid_from": date(2024, 1, 1)}, "true"),
    (
        {
            "status": "withdrawn",
            "legal_restriction": True,
            "valid_from": date(2026, 1, 20),
            "withdrawn_on": date(2026, 1, 31),
        },
        "false",
    ),
    ({"status": "refused", "legal_restriction": True, "valid_from": date(2026, 1, 1)}, "false"),
]


@pytest.fixture(scope="module")
def restricted(together: Any) -> Any:
    return together({index: partial(add_another, **fields) for index, (fields, _) in enumerate(OTHERS)})


class TestTheMostRestrictiveRecordWins:
    """ada's consent to calls is valid from 2026-02-01; another record of hers says otherwise."""

    @pytest.mark.parametrize("index", range(len(OTHERS)))
    def test_of_the_same_contact(self, restricted: Any, index: int) -> None:
        truth, look = OTHERS[index][1], restricted[index]
        assert consent_of(look) == truth
        if truth != "true":
            assert look.reason("consent").source is not None

    def test_of_a_duplicate(self, customer: Any) -> None:
        customer.put("contact", "ada", individual="her").put("contact", "twin", individual="her", account="acme")
        customer.put("individual", "her", forget=False, no_processing=False, no_solicit=False)
        look = another(customer, contact="twin", status="withdrawn", withdrawn_on=TODAY)
        assert consent_of(look) == "false"
        assert "other" in (look.reason("consent").value or "")

    def test_the_grant_of_a_duplicate_counts_too(self, customer: Any) -> None:
        customer.put("contact", "ada", email_key="e").put("contact", "twin", email_key="e", account="acme")
        customer.put("consent", "ada_call", contact="twin")
        assert consent_of(customer.look()) == "true"

    def test_a_withdrawal_that_names_nobody_may_be_anybodys(self, customer: Any) -> None:
        assert consent_of(another(customer, contact=None, status="withdrawn")) == "unknown"
        assert consent_of(another(customer, contact=None, status="granted")) == "true"

    def test_so_may_a_restriction_that_names_nobody(self, customer: Any) -> None:
        look = another(customer, contact=None, status="granted", legal_restriction=True, valid_from=date(2026, 1, 1))
        assert consent_of(look) == "unknown"


def test_a_hidden_column_makes_consent_unknown_for_everybody(customer: Any) -> None:
    for column in ("status", "use", "withdrawn_on", "evidence", "legal_restriction", "contact"):
        assert consent_of(customer.look(unreadable=frozenset({("consent", column)}))) == "unknown"


class TestWhatMatchingReads:
    def test_one_consent(self, customer: Any) -> None:
        row = customer.put("consent", "ada_call", audience="named", territory=["EMEA", "APAC"]).look().row()
        assert (row["audience_call"], sorted(row["territory_call"])) == ("named", ["APAC", "EMEA"])
        assert row["consent_until_call"] == date(2027, 2, 1)

    def test_of_several_the_narrowest(self, customer: Any) -> None:
        customer.put("consent", "ada_call", territory=["EMEA", "APAC"])
        look = another(
            customer, status="granted", territory=["EMEA"], audience="prospects", valid_from=date(2026, 3, 1)
        )
        row = look.row()
        assert (row["territory_call"], row["audience_call"]) == (["EMEA"], "prospects")
        assert row["consent_until_call"] == date(2027, 3, 1)

    def test_an_unknown_audience_is_the_narrowest(self, customer: Any) -> None:
        look = another(customer, status="granted", audience=None, valid_from=date(2026, 3, 1))
        assert look.row()["audience_call"] is None
        assert look.row()["territory_call"] == ["worldwide"]

    def test_nothing_without_a_good_consent(self, customer: Any) -> None:
        row = customer.put("consent", "ada_call", status="pending").look().row()
        assert (row["territory_call"], row["audience_call"], row["consent_until_call"]) == (None, None, None)

    def test_a_withdrawal_to_come_ends_it(self, customer: Any) -> None:
        row = customer.put("consent", "ada_call", withdrawn_on=LATER).look().row()
        assert row["consent_until_call"] == LATER


SOON, AFTER_SOON = TODAY + timedelta(days=20), TODAY + timedelta(days=21)
ELSEWHERE: dict[str, Any] = {"status": "granted", "valid_from": date(2026, 1, 1), "territory": ["APAC"]}
STARTING: dict[str, tuple[dict[str, Any], dict[str, Any] | None]] = {
    "later": ({}, None),
    "without an end": ({"valid_to": None}, None),
    "withdrawn once it has begun": ({"withdrawn_on": AFTER_SOON}, None),
    "refused before": ({}, {"status": "refused", "valid_from": TODAY - timedelta(days=1)}),
    "another that ends the day before": ({}, ELSEWHERE | {"withdrawn_on": SOON - timedelta(days=1)}),
    "restricted until before": (
        {},
        {"status": "granted", "legal_restriction": True, "valid_from": TODAY - timedelta(days=9), "valid_to": TODAY},
    ),
    "another that begins later still": ({}, {"status": "granted", "valid_from": AFTER_SOON}),
}
"""Consents good but for their first day: what ada's says besides, and what another record says."""
NEVER_STARTING: dict[str, tuple[dict[str, Any], dict[str, Any] | None, str, str]] = {
    "ends before": ({"valid_to": SOON}, None, "valid from", "Valid_To__c"),
    "withdrawn before": ({"withdrawn_on": SOON}, None, "withdrawn on", "Withdrawn_On__c"),
    "pending": ({"status": "pending"}, None, "status pending", "Status__c"),
    "no evidence": ({"evidence": None}, None, "evidence missing", "Evidence_Link__c"),
    "restricted": ({"legal_restriction": True}, None, "restricted by law", "Legal_Restriction__c"),
    "restricted perhaps": ({"legal_restriction": None}, None, "restricted by law", "Legal_Restriction__c"),
    "elsewhere": ({"territory": ["APAC"]}, None, "does not cover", "Territory__c"),
    "refused on that day": ({}, {"status": "refused", "valid_from": SOON}, "ended", "Status__c"),
    "refused after": ({}, {"status": "refused", "valid_from": AFTER_SOON}, "ended", "Status__c"),
    "another withdrawn on that day": ({}, ELSEWHERE | {"withdrawn_on": SOON}, "other", "Status__c"),
    "restricted by then": (
        {},
        {"status": "granted", "legal_restriction": True, "valid_from": SOON},
        "other",
        "Status__c",
    ),
    "perhaps restricted by then": (
        {},
        {"status": "granted", "legal_restriction": None, "valid_from": SOON},
        "other",
        "Status__c",
    ),
    "a pending one perhaps restricts": (
        {},
        {"status": "pending", "legal_restriction": None, "valid_from": SOON},
        "other",
        "Status__c",
    ),
}


def _starting(customer: Any, fields: dict[str, Any], other: dict[str, Any] | None) -> None:
    customer.put("consent", "ada_call", **({"valid_from": SOON} | fields))
    if other is not None:
        add_another(customer, **other)


@pytest.fixture(scope="module")
def starting(together: Any) -> Any:
    given = {name: (fields, other) for name, (fields, other, *_) in {**STARTING, **NEVER_STARTING}.items()}
    return together({name: partial(_starting, fields=fields, other=other) for name, (fields, other) in given.items()})


class TestStartsLater:
    @pytest.mark.parametrize("name", STARTING)
    def test_the_day_is_told_and_the_remedy_is_to_wait(self, starting: Any, name: str) -> None:
        reason = starting[name].reason("consent")
        assert (reason.truth, reason.free_on) == ("false", SOON)
        assert reason.remedy == "Wait until the consent holds."
        assert reason.source == Source("Reference_Consent__c", f"{starting[name].prefix}ada_call", "Valid_From__c")
        assert f"valid from {SOON}" in reason.value
        assert starting[name].row()["free_on_call"] == starting[name].verdict().free_on == SOON

    @pytest.mark.parametrize("name", NEVER_STARTING)
    def test_no_day_while_anything_else_is_missing(self, starting: Any, name: str) -> None:
        _, _, words, field = NEVER_STARTING[name]
        reason = starting[name].reason("consent")
        assert reason.truth != "true"
        assert reason.free_on is None
        assert reason.remedy.startswith("Ask, through the account owner")
        assert words in reason.value
        assert (reason.source.field_name, starting[name].row()["free_on_call"]) == (field, None)

    def test_the_first_of_several(self, customer: Any) -> None:
        customer.put("consent", "ada_call", valid_from=AFTER_SOON)
        reason = another(customer, status="granted", valid_from=SOON).reason("consent")
        assert (reason.free_on, reason.source.record_id) == (SOON, "other")

    def test_no_day_when_consents_cannot_be_read(self, customer: Any) -> None:
        look = customer.put("consent", "ada_call", valid_from=SOON).look(unreadable=frozenset({("consent", "status")}))
        reason = look.reason("consent")
        assert (reason.truth, reason.free_on) == ("unknown", None)
        assert reason.remedy.startswith("Ask, through the account owner")

    def test_what_is_not_known_is_told_of_the_record_it_is_not_known_of(self, customer: Any) -> None:
        customer.put("consent", "ada_call", valid_from=SOON)
        reason = another(customer, status="granted", territory=None).reason("consent")
        assert (reason.truth, reason.free_on, reason.source.record_id) == ("unknown", None, "other")
        assert reason.remedy.startswith("Ask, through the account owner")

    def test_the_profile_is_next_available_when_the_first_consent_holds(self, customer: Any) -> None:
        customer.put("profile", "ada_profile", approved_types=["call", "quote"]).drop("consent", "ada_quote")
        row = customer.put("consent", "ada_call", valid_from=SOON).look().row()
        assert row["next_available_on"] == SOON
