"""What is derived from records: ages, tenure, health, cases, escalations; and what becomes of what nobody could read."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest

from crm_sync.evaluate import facts
from crm_sync.program import Program

TODAY = date(2026, 11, 2)


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


EDGES: list[tuple[str, str, dict[str, Any], str, str]] = [
    ("account", "acme", {"health_score": 75.0}, "health_level", "true"),
    ("account", "acme", {"health_score": 74.9}, "health_level", "false"),
    ("account", "acme", {"health_score": None}, "health_level", "unknown"),
    ("account", "acme", {"health_score": float("nan")}, "health_level", "unknown"),
    ("account", "acme", {"health_score": float("inf")}, "health_level", "unknown"),
    ("account", "acme", {"healthy_since": ago(90)}, "health_sustained", "true"),
    ("account", "acme", {"healthy_since": ago(89)}, "health_sustained", "false"),
    ("account", "acme", {"healthy_since": None}, "health_sustained", "unknown"),
    ("account", "acme", {"health_trend": "falling"}, "health_not_falling", "false"),
    ("account", "acme", {"health_trend": None}, "health_not_falling", "unknown"),
    ("account", "acme", {"customer_since": date(2026, 5, 2)}, "tenure", "true"),
    ("account", "acme", {"customer_since": date(2026, 5, 3)}, "tenure", "false"),
    ("account", "acme", {"customer_since": None}, "tenure", "unknown"),
    ("account", "acme", {"renewal_on": TODAY + timedelta(days=31)}, "renewal_not_imminent", "true"),
    ("account", "acme", {"renewal_on": TODAY + timedelta(days=30)}, "renewal_not_imminent", "false"),
    ("account", "acme", {"renewal_on": TODAY}, "renewal_not_imminent", "false"),
    ("account", "acme", {"renewal_on": ago(1)}, "renewal_not_imminent", "false"),
    ("account", "acme", {"renewal_on": None}, "renewal_not_imminent", "unknown"),
    ("account", "acme", {"churn_risk": "active"}, "no_churn_risk", "false"),
    ("account", "acme", {"churn_risk": None}, "no_churn_risk", "unknown"),
    ("account", "acme", {"in_dispute": True}, "no_dispute", "false"),
    ("account", "acme", {"legal_hold": None}, "no_legal_hold", "unknown"),
    ("account", "acme", {"implementation_stage": "planned"}, "in_production", "false"),
    ("account", "acme", {"product": None}, "product_known", "false"),
    ("contact", "ada", {"nps": 8.0}, "nps_level", "true"),
    ("contact", "ada", {"nps": 7.0}, "nps_level", "false"),
    ("contact", "ada", {"nps_on": ago(180)}, "nps_fresh", "true"),
    ("contact", "ada", {"nps_on": ago(181)}, "nps_fresh", "false"),
    ("contact", "ada", {"nps_on": TODAY + timedelta(days=1)}, "nps_fresh", "true"),
    ("contact", "ada", {"nps_on": TODAY + timedelta(days=2)}, "nps_fresh", "unknown"),
    ("contact", "ada", {"left_company": True}, "still_there", "false"),
    ("contact", "ada", {"account": None}, "tenure", "unknown"),
    ("contact", "ada", {"account": None}, "tolerance.account_calls_quarter", "unknown"),
    ("contact", "ada", {"account": "elsewhere"}, "no_open_p1_p2", "unknown"),
    ("case", "c", {"account": "acme", "priority": "p1", "closed": False}, "no_open_p1_p2", "false"),
    ("case", "c", {"account": "acme", "priority": "p2", "closed": False}, "no_open_p1_p2", "false"),
    ("case", "c", {"contact": "ada", "priority": "p2", "closed": False}, "no_open_p1_p2", "false"),
    ("case", "c", {"account": "acme", "contact": "ada", "priority": "p1", "closed": False}, "no_open_p1_p2", "false"),
    ("case", "c", {"account": "acme", "priority": "p3", "closed": False}, "no_open_p1_p2", "true"),
    ("case", "c", {"account": "acme", "priority": "p1", "closed": True}, "no_open_p1_p2", "true"),
    ("case", "c", {"account": "acme", "priority": None, "closed": False}, "no_open_p1_p2", "unknown"),
    ("case", "c", {"account": "acme", "priority": None, "closed": True}, "no_open_p1_p2", "true"),
    ("case", "c", {"account": "acme", "priority": "p1", "closed": None}, "no_open_p1_p2", "unknown"),
    ("case", "c", {"priority": "p1", "closed": False}, "no_open_p1_p2", "true"),
    ("escalation", "e", {"account": "acme", "status": "open"}, "no_open_escalation", "false"),
    ("escalation", "e", {"contact": "ada", "status": "in_progress"}, "no_open_escalation", "false"),
    ("escalation", "e", {"contact": "ada", "status": None}, "no_open_escalation", "unknown"),
    ("escalation", "e", {"contact": "ada", "status": "closed"}, "no_open_escalation", "true"),
    ("profile", "ada_profile", {"paused": True}, "not_paused", "false"),
    ("profile", "ada_profile", {"paused": None}, "not_paused", "unknown"),
    ("profile", "ada_profile", {"status": "candidate"}, "active_profile", "false"),
    ("profile", "ada_profile", {"status": None}, "active_profile", "unknown"),
    ("profile", "ada_profile", {"approved_types": None}, "approved_type", "false"),
    ("profile", "ada_profile", {"briefed_types": ["logo"]}, "briefed", "false"),
]


@pytest.fixture(scope="module")
def edges(together: Any) -> Any:
    def changed(customer: Any, mapping: str, record: str, fields: dict[str, Any]) -> None:
        customer.put(mapping, record, **fields)

    return together({i: partial(changed, mapping=m, record=r, fields=f) for i, (m, r, f, _, _) in enumerate(EDGES)})


@pytest.mark.parametrize("index", range(len(EDGES)))
def test_each_criterion_at_its_edge(edges: Any, index: int) -> None:
    _, _, fields, rule, truth = EDGES[index]
    assert edges[index].reason(rule).truth == truth, (rule, fields)


def test_the_explanation_agrees_with_the_masks_everywhere(edges: Any) -> None:
    judgement = edges[0].judgement
    refs = judgement.verdicts.rules
    for contact, by_type in judgement.explained.items():
        row = judgement.rows[contact]
        for reference_type, verdict in by_type.items():
            failed, unknown = row[f"failed_{reference_type}"], row[f"unknown_{reference_type}"]
            expected = "blocked" if failed else "unknown" if unknown else "eligible"
            assert verdict.standing == expected
            assert verdict.free_on == row[f"free_on_{reference_type}"]
            bits = {ref.id: 1 << bit for bit, ref in enumerate(refs)}
            for reason in verdict.reasons:
                hard = reason.weight == "hard"
                assert bool(failed & bits[reason.rule_id]) is (hard and reason.truth == "false")
                assert bool(unknown & bits[reason.rule_id]) is (hard and reason.truth == "unknown")
                if reason.weight == "caution":
                    assert bool(row[f"caution_{reference_type}"] & bits[reason.rule_id]) is (reason.truth != "true")


class TestDaysThatCome:
    @pytest.mark.parametrize(
        ("fields", "rule", "day"),
        [
            ({"healthy_since": ago(80)}, "health_sustained", TODAY + timedelta(days=10)),
            ({"customer_since": date(2026, 8, 31)}, "tenure", date(2027, 3, 1)),
            ({"customer_since": date(2026, 5, 3)}, "tenure", date(2026, 11, 3)),
            ({"renewal_on": TODAY + timedelta(days=7)}, "renewal_not_imminent", None),
            ({"in_dispute": True}, "no_dispute", None),
        ],
    )
    def test_a_reason_says_when_time_alone_ends_it(
        self, customer: Any, fields: dict[str, Any], rule: str, day: date | None
    ) -> None:
        look = customer.put("account", "acme", **fields).look()
        assert look.reason(rule).free_on == day
        assert look.verdict().free_on == look.row()["free_on_call"] == day


class TestHealthKeptByTheProgram:
    """Where the org maps no healthy-since, the profile keeps it."""

    @pytest.fixture
    def own(self, program: Program) -> Program:
        account = program.mappings["account"]
        fields = {name: field for name, field in account.fields.items() if name != "healthy_since"}
        return replace(program, mappings={**program.mappings, "account": replace(account, fields=fields)})

    @pytest.mark.parametrize(
        ("score", "kept", "since", "truth"),
        [
            (75.0, ago(90), ago(90), "true"),
            (75.0, ago(10), ago(10), "false"),
            (75.0, None, TODAY, "false"),
            (74.0, ago(90), None, "false"),
            (None, ago(90), None, "unknown"),
        ],
    )
    def test_it_is_kept_while_health_holds(
        self, customer: Any, own: Program, score: float | None, kept: date | None, since: date | None, truth: str
    ) -> None:
        customer.put("account", "acme", health_score=score).put("profile", "ada_profile", health_since=kept)
        look = customer.look(own)
        assert look.row()["health_since"] == since
        assert look.reason("health_sustained").truth == truth


class TestWhatNobodyCouldRead:
    @pytest.mark.parametrize(
        ("hidden", "rule"),
        [
            (("case", "priority"), "no_open_p1_p2"),
            (("case", "account"), "no_open_p1_p2"),
            (("escalation", "status"), "no_open_escalation"),
            (("contact", "opted_out"), "not_opted_out"),
            (("profile", "status"), "not_declined_or_retired"),
            (("profile", "paused"), "not_paused"),
            (("profile", "approved_types"), "approved_type"),
            (("profile", "briefed_types"), "briefed"),
            (("account", "health_score"), "health_level"),
        ],
    )
    def test_is_unknown_and_says_so(self, customer: Any, hidden: tuple[str, str], rule: str) -> None:
        look = customer.look(unreadable=frozenset({hidden}))
        assert look.standing() == "unknown"
        assert look.blocking()[rule] == "unknown"

    def test_names_the_field_to_open(self, customer: Any) -> None:
        reason = customer.look(unreadable=frozenset({("account", "health_score")})).reason("health_level")
        assert "Let the worker read Account.Health_Score__c." in reason.remedy

    @pytest.mark.parametrize("absent", ["account", "individual", "profile", "consent", "activity", "match", "case"])
    def test_an_absent_table_lets_nobody_pass(self, customer: Any, absent: str) -> None:
        snapshot = customer.snapshot()
        del snapshot.tables[absent]
        from crm_sync.evaluate import evaluate

        (row,) = evaluate(snapshot, customer.program).table.to_pylist()
        assert all(row[f"failed_{t}"] or row[f"unknown_{t}"] for t in customer.program.types)

    def test_a_snapshot_of_nothing_judges_nobody(self, program: Program, snapshot_of: Any) -> None:
        empty = snapshot_of()
        empty.tables.clear()
        assert facts(empty, program).num_rows == 0


def test_strength_and_candidates(customer: Any) -> None:
    row = customer.look().row()
    assert (row["strength"], row["is_candidate"]) == (20.0, False)
    customer.put("account", "acme", health_score=90.0, health_trend="rising", outcome="x", outcome_on=ago(10))
    customer.put("contact", "ada", nps=10.0).drop("profile", "ada_profile")
    row = customer.look().row()
    assert (row["strength"], row["is_candidate"]) == (100.0, True)
    assert not customer.put("account", "acme", in_dispute=True).look().row()["is_candidate"]


def test_a_nomination_stands_for_potential_and_for_nothing_else(customer: Any) -> None:
    customer.put("contact", "ada", nominated=True)
    assert customer.look().row()["is_candidate"]
    assert not customer.put("contact", "ada", nps=3.0).look().row()["is_candidate"]
