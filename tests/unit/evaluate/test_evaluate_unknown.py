"""Unknown never passes: every operator, bare and in every combination, and every safety criterion of rules/.

A value may be lost in many ways: it is empty, its column or table is hidden, its record is not there, no mapping
translates it, or it is written in capitals. Whatever the operator, none of them may read as an answer that lets pass.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest

from crm_sync.evaluate.criteria import rules
from crm_sync.program import Criterion, Program
from crm_sync.program.conditions import OPERATORS

TODAY = date(2026, 11, 2)

TRUE_FALSE: tuple[tuple[str, str, Any, Any, Any], ...] = (
    ("is", "account.churn_risk", "none", "none", "watch"),
    ("is_not", "account.health_trend", "falling", "steady", "falling"),
    ("at_least", "account.health_score", 75, 75.0, 74.0),
    ("at_most", "account.health_score", 75, 75.0, 76.0),
    ("above", "account.health_score", 75, 76.0, 75.0),
    ("below", "account.health_score", 75, 74.0, 75.0),
    ("one_of", "account.churn_risk", ["none", "watch"], "watch", "active"),
    ("none_of", "account.churn_risk", ["watch", "active"], "none", "active"),
    ("has_any", "profile.approved_types", ["call", "logo"], ["logo"], []),
    ("has_all", "profile.approved_types", ["call", "logo"], ["logo", "call"], ["call"]),
    ("before", "account.renewal_on", "2026-11-02", date(2026, 11, 1), date(2026, 11, 2)),
    ("after", "account.renewal_on", "2026-11-02", date(2026, 11, 3), date(2026, 11, 2)),
    ("known", "account.region", True, "EMEA", None),
)
"""Operator, fact, threshold, a value for which it is true and one for which it is false."""

WRAPS: Mapping[str, tuple[Callable[[Any], Any], Mapping[str, str]]] = {
    "bare": (lambda one: one, {"true": "true", "false": "false", "unknown": "unknown"}),
    "not": (lambda one: {"not": one}, {"true": "false", "false": "true", "unknown": "unknown"}),
    "not_not": (lambda one: {"not": {"not": one}}, {"true": "true", "false": "false", "unknown": "unknown"}),
    "all": (lambda one: {"all": [one, ALWAYS]}, {"true": "true", "false": "false", "unknown": "unknown"}),
    "any": (lambda one: {"any": [one, NEVER]}, {"true": "true", "false": "false", "unknown": "unknown"}),
    "neither": (lambda one: {"not": {"any": [one, NEVER]}}, {"true": "false", "false": "true", "unknown": "unknown"}),
}
ALWAYS, NEVER = {"fact": "contact.nps", "at_least": 0}, {"fact": "contact.nps", "below": 0}
RECORDS = {"account": "acme", "contact": "ada", "profile": "ada_profile"}


def asking(program: Program, conditions: Mapping[str, Any]) -> Program:
    """A program with these criteria alone."""
    base = {"text": "t", "weight": "hard", "remedy": "r"}
    criteria = tuple(Criterion(**base, id=name, when=when) for name, when in conditions.items())
    return replace(program, qualification=program.qualification.model_copy(update={"criteria": criteria}))


def test_every_operator_stands_in_the_table() -> None:
    assert {row[0] for row in TRUE_FALSE} == set(OPERATORS)


@pytest.mark.parametrize("wrap", WRAPS)
def test_every_operator_is_true_false_and_unknown(together: Any, program: Program, wrap: str) -> None:
    wrapped, expected = WRAPS[wrap]
    conditions = {operator: wrapped({"fact": fact, operator: wanted}) for operator, fact, wanted, _, _ in TRUE_FALSE}
    changes = {}
    for operator, fact, _, true, false in TRUE_FALSE:
        mapping, _, field = fact.partition(".")
        values = {"true": true, "false": false} | ({} if operator == "known" else {"unknown": None})
        for truth, value in values.items():
            changes[operator, truth] = lambda c, m=mapping, f=field, v=value: c.put(m, RECORDS[m], **{f: v})
    for (operator, truth), look in together(changes, asking(program, conditions)).items():
        assert look.reason(operator).truth == expected[truth], (operator, truth)


@pytest.mark.parametrize("hidden", ["column", "table", "row"])
def test_what_is_hidden_is_unknown_under_every_operator_and_combination(
    customer: Any, program: Program, hidden: str
) -> None:
    table = [row for row in TRUE_FALSE if hidden != "row" or not row[1].startswith("profile")]
    conditions = {
        f"{operator}_{wrap}": wrapped({"fact": fact, operator: wanted})
        for operator, fact, wanted, _, _ in table
        for wrap, (wrapped, _) in WRAPS.items()
        if wrap in ("bare", "not", "neither")
    }
    names = frozenset(tuple(fact.split(".")) for _, fact, *_ in table)
    if hidden == "row":
        customer.put("contact", "ada", account="gone")
    snapshot = customer.snapshot(unreadable=names if hidden == "column" else frozenset())
    if hidden == "table":
        for mapping in {mapping for mapping, _ in names}:
            del snapshot.tables[mapping]
    from crm_sync.evaluate import assess

    verdict = assess(snapshot, asking(program, conditions)).explain_all(["ada"])["ada"]["call"]
    truths = {reason.rule_id: reason.truth for reason in verdict.reasons if reason.rule_id in conditions}
    assert truths == dict.fromkeys(conditions, "unknown")


@pytest.mark.parametrize(
    ("fact", "when"),
    [
        ("account.health_trend", {"is_not": "falling"}),
        ("account.churn_risk", {"none_of": ["active"]}),
        ("account.churn_risk", {"known": False}),
        ("account.region", {"known": False}),
    ],
)
@pytest.mark.parametrize("negated", [False, True])
def test_a_value_no_mapping_translates_is_no_answer(
    customer: Any, program: Program, fact: str, when: dict[str, Any], negated: bool
) -> None:
    test = {"fact": fact, **when}
    field = fact.partition(".")[2]
    strange = asking(program, {"asked": {"not": test} if negated else test})
    unmapped = [{"object": "account", "id": "acme", "field": field, "value": "Quite Another"}]
    lost = customer.put("account", "acme", **{field: None}).look(strange, unmapped=unmapped)
    assert lost.reason("asked").truth == "unknown"
    capital = customer.put("account", "acme", **{field: "ACTIVE"}).look(strange)
    assert capital.reason("asked").truth == "unknown"


@pytest.mark.parametrize(("value", "truth"), [(None, "true"), ("EMEA", "false")])
def test_what_is_empty_for_all_to_see_is_known_to_be(
    customer: Any, program: Program, value: str | None, truth: str
) -> None:
    look = customer.put("account", "acme", region=value).look(
        asking(program, {"asked": {"fact": "account.region", "known": False}})
    )
    assert look.reason("asked").truth == truth


def test_a_person_without_a_profile_has_no_topics(customer: Any, program: Program) -> None:
    asked = asking(program, {"asked": {"fact": "profile.topics", "known": False}})
    assert customer.look(asked).reason("asked").truth == "true"
    assert customer.look(asked, unreadable=frozenset({("profile", "key")})).reason("asked").truth == "unknown"
    customer.drop("profile", "ada_profile")
    assert customer.look(asked).reason("asked").truth == "true"


def test_a_list_with_one_strange_value_is_no_list(customer: Any, program: Program) -> None:
    asked = asking(program, {"asked": {"not": {"fact": "profile.approved_types", "has_any": ["site_visit"]}}})
    for strange in (["call", "Site_Visit"], ["call", None]):
        customer.put("profile", "ada_profile", approved_types=strange)
        assert customer.look(asked).reason("asked").truth == "unknown"


FALSE: Mapping[str, tuple[str, str, dict[str, Any]]] = {
    "health_level": ("account", "acme", {"health_score": 10.0}),
    "health_sustained": ("account", "acme", {"healthy_since": TODAY}),
    "health_not_falling": ("account", "acme", {"health_trend": "falling"}),
    "nps_level": ("contact", "ada", {"nps": 2.0}),
    "nps_fresh": ("contact", "ada", {"nps_on": date(2020, 1, 1)}),
    "nps_nine_or_owner_approves": ("contact", "ada", {"nps": 8.0}),
    "tenure": ("account", "acme", {"customer_since": TODAY}),
    "in_production": ("account", "acme", {"implementation_stage": "planned"}),
    "product_known": ("account", "acme", {"product": None}),
    "speaks_publicly": ("contact", "ada", {"speaks_publicly": "no"}),
    "not_confidential": ("account", "acme", {"confidential": True}),
    "no_churn_risk": ("account", "acme", {"churn_risk": "active"}),
    "churn_watch": ("account", "acme", {"churn_risk": "watch"}),
    "no_dispute": ("account", "acme", {"in_dispute": True}),
    "no_legal_hold": ("account", "acme", {"legal_hold": True}),
    "no_open_p1_p2": ("case", "c", {"account": "acme", "priority": "p1", "closed": False}),
    "no_open_escalation": ("escalation", "e", {"account": "acme", "status": "open"}),
    "renewal_not_imminent": ("account", "acme", {"renewal_on": TODAY}),
    "renewal_not_near": ("account", "acme", {"renewal_on": TODAY + timedelta(days=60)}),
    "not_opted_out": ("contact", "ada", {"opted_out": True}),
    "not_forgotten": ("contact", "ada", {"individual": "forgotten"}),
    "still_there": ("contact", "ada", {"left_company": True}),
    "not_paused": ("profile", "ada_profile", {"paused": True}),
    "not_declined_or_retired": ("profile", "ada_profile", {"status": "retired"}),
    "active_profile": ("profile", "ada_profile", {"status": "invited"}),
    "approved_type": ("profile", "ada_profile", {"approved_types": ["logo"]}),
    "briefed": ("profile", "ada_profile", {"briefed_types": ["logo"]}),
    "consent": ("consent", "ada_case_study", {"status": "refused"}),
    "tolerance.calls_quarter": ("profile", "ada_profile", {"max_calls_quarter": 0.0}),
    "tolerance.calls_year": ("profile", "ada_profile", {"max_calls_year": 0.0}),
    "tolerance.account_calls_quarter": ("account", "acme", {"max_calls_quarter": 0.0}),
    "tolerance.activations_half_year": ("profile", "ada_profile", {"max_activations_half_year": 0.0}),
    "tolerance.effort_year": ("profile", "ada_profile", {"max_effort_year": 0.0}),
    "cooldown.after_call": ("activity", "a", {"contact": "ada", "type": "call", "status": "completed", "completed_on": TODAY}),
    "cooldown.after_big_ask": ("activity", "a", {"contact": "ada", "type": "quote", "status": "completed", "completed_on": TODAY}),
    "cooldown.after_decline": ("activity", "a", {"contact": "ada", "type": "case_study", "status": "declined", "responded_on": TODAY}),
    "blackout": ("profile", "ada_profile", {"blackouts": "2026-11-02"}),
}  # fmt: skip
"""What makes each safety criterion false, and by that which record it asks."""

READ: Mapping[str, tuple[str, ...]] = {
    "consent": ("consent.contact", "consent.use", "consent.status", "consent.territory", "consent.valid_from",
                "consent.valid_to", "consent.withdrawn_on", "consent.legal_restriction", "consent.evidence",
                "consent.text_version", "contact.individual", "contact.email_key", "contact.master_record"),
    "tolerance": ("activity.contact", "activity.type", "activity.status", "activity.completed_on", "activity.scheduled_on",
                  "activity.responded_on", "activity.match", "activity.request", "match.profile", "match.request",
                  "match.state", "match.reserved_until", "match.asked_on", "match.customer_response",
                  "match.completed_on", "match.responded_on", "request.type", "profile.contact", "profile.key",
                  "contact.individual", "contact.email_key", "contact.master_record"),
    "blackout": ("profile.blackouts", "profile.contact", "profile.key", "contact.individual", "contact.email_key",
                 "contact.master_record"),
}  # fmt: skip
"""What the gates are answered from; a criterion says so itself."""

CLEARED = {
    "consent": {"status": None},
    "blackout": {"blackouts": "some day"},
    "no_open_p1_p2": {"account": "acme", "priority": None, "closed": False},
    "no_open_escalation": {"account": "acme", "status": None},
    "not_forgotten": {"individual": "nobody_knows"},
    "cooldown": {"contact": "ada", "type": None, "status": None},
}
"""What makes a safety criterion unknown where an empty field is not enough."""

KNOWN_EMPTY = ("product_known", "approved_type", "briefed", "tolerance")
"""Where nothing is an answer: no, or no limit of one's own."""


def safety(program: Program) -> list[Any]:
    return [rule for rule in rules(program) if rule.ref.weight != "scored"]


def asked_type(rule: Any) -> str:
    return "case_study" if "case_study" in rule.ref.types else "call"


def family(rule_id: str) -> str:
    return rule_id.partition(".")[0]


def test_every_safety_criterion_stands_in_the_table(program: Program) -> None:
    assert {rule.ref.id for rule in safety(program)} == set(FALSE)


@pytest.fixture(scope="module")
def lost(together: Any, program: Program) -> Any:
    """Everybody with one thing false, or one thing unknown."""

    def change(customer: Any, mapping: str, record: str, fields: dict[str, Any]) -> None:
        customer.put("individual", "forgotten", forget=True, no_processing=False, no_solicit=False)
        customer.put(mapping, record, **fields)

    changes = {}
    for rule, (mapping, record, fields) in FALSE.items():
        cleared = CLEARED.get(rule) or CLEARED.get(family(rule)) or dict.fromkeys(fields)
        changes[rule, "false"] = partial(change, mapping=mapping, record=record, fields=fields)
        changes[rule, "unknown"] = partial(change, mapping=mapping, record=record, fields=cleared)
    return together(changes)


def test_each_safety_criterion_is_true_false_and_unknown(customer: Any, lost: Any, program: Program) -> None:
    healthy = customer.look()
    for rule in safety(program):
        name, t = rule.ref.id, asked_type(rule)
        assert healthy.reason(name, reference_type=t).truth == "true", name
        assert lost[name, "false"].reason(name, reference_type=t).truth == "false", name
        unknown = lost[name, "unknown"].reason(name, reference_type=t).truth
        if not name.startswith(KNOWN_EMPTY):
            assert unknown == "unknown", name
        for look in (lost[name, "false"], lost[name, "unknown"]):
            if rule.ref.weight == "hard" and look.reason(name, reference_type=t).truth != "true":
                assert look.standing(reference_type=t) != "eligible"


def columns_read(rule: Any, program: Program) -> tuple[str, ...]:
    if rule.gate:
        own = rule.gate.cap and rule.gate.cap.own_limit
        known = READ["tolerance" if family(rule.ref.id) == "cooldown" else family(rule.ref.id)]
        return (*known, own) if own else known
    facts = [program.facts[fact] for fact in rule.facts]
    return tuple(dict.fromkeys(field for fact in facts for field in fact.derived_from))


OTHERWISE = {"profile.health_since", "account.health_score", "profile.briefing_version"}
"""Read only where the org has no healthy-since of its own, or a text has asked for a new acknowledgement."""


def hidden_together(asked: Mapping[str, set[str]]) -> list[set[str]]:
    """Put columns together of which no criterion reads two, so that few populations are judged."""
    groups: list[tuple[set[str], set[str]]] = []
    for column in sorted(set().union(*asked.values())):
        readers = {rule for rule, columns in asked.items() if column in columns}
        group = next((one for one in groups if not one[1] & readers), None) or (set(), set())
        groups += [] if group in groups else [group]
        group[0].add(column)
        group[1].update(readers)
    return [columns for columns, _ in groups]


def test_no_safety_criterion_passes_when_a_column_it_reads_is_hidden(customer: Any, program: Program) -> None:
    asked = {rule.ref.id: set(columns_read(rule, program)) for rule in safety(program)}
    asked["health_sustained"] -= OTHERWISE
    asked["briefed"] -= OTHERWISE
    groups = hidden_together(asked)
    assert set().union(*groups) == set().union(*asked.values())
    for columns in groups:
        look = customer.look(unreadable=frozenset(tuple(column.split(".")) for column in columns))
        for rule in safety(program):
            if columns & asked[rule.ref.id]:
                truth = look.reason(rule.ref.id, reference_type=asked_type(rule)).truth
                assert truth == "unknown", (columns & asked[rule.ref.id], rule.ref.id)


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"healthy_since": TODAY + timedelta(days=2)}, "health_sustained"),
        ({"health_trend": "Falling"}, "health_not_falling"),
        ({"churn_risk": "NONE"}, "no_churn_risk"),
        ({"implementation_stage": "Production"}, "in_production"),
    ],
)
def test_what_cannot_be_is_unknown(customer: Any, fields: dict[str, Any], rule: str) -> None:
    look = customer.put("account", "acme", **fields).look()
    assert look.reason(rule).truth == "unknown"
    assert look.standing() == "unknown"


def test_of_hidden_holidays_no_first_day_is_known(customer: Any) -> None:
    assert customer.look(unreadable=frozenset({("holiday", "on")})).row()["earliest_call"] is None
