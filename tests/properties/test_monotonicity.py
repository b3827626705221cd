"""Three laws of every decision, on random orgs: what is lost, added or reordered never makes anybody eligible.

An org here is a handful of accounts, people, duplicates, profiles, consents, uses, matches, cases and escalations, most
of them healthy so that there is somebody to lose. All variants of one org are judged and compared with the org itself.

Some empty fields are an answer and not a loss: nobody else's record, no blackout, no limit of their own, no end before
the usual one (`SILENT`). Nor can the loss of a whole row be seen, of which only a consent or a profile that a person's
own approval stands on is tried here: that every row arrived is what `pull` makes sure of.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm_sync.evaluate import evaluate
from crm_sync.model.verdicts import Verdicts
from crm_sync.program import Program

Rows = dict[str, list[dict[str, Any]]]
NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
TODAY = NOON.date()
TYPES = ("call", "quote", "logo", "recording", "case_study", "site_visit")
LAWS = settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)

SILENT: dict[str, frozenset[str]] = {
    "account": frozenset({"max_calls_quarter"}),
    "contact": frozenset({"account", "email_key", "individual", "master_record"}),
    "profile": frozenset(
        {
            "contact",
            "blackouts",
            "notice_days",
            "time_zone",
            "max_calls_quarter",
            "max_calls_year",
            "max_activations_half_year",
            "max_effort_year",
        }
    ),
    "consent": frozenset({"valid_to", "withdrawn_on"}),
    "match": frozenset({"profile", "reserved_until", "asked_on", "customer_response", "completed_on"}),
    "escalation": frozenset({"account", "contact"}),
    "case": frozenset({"account", "contact"}),
}


def mostly(usual: Any, *others: Any) -> st.SearchStrategy[Any]:
    """Usually this value, sometimes another or none."""
    return st.integers(0, 15).flatmap(lambda n: st.just(usual) if n else st.sampled_from([*others, None]))


def days(*ago: int) -> st.SearchStrategy[date]:
    return st.sampled_from([TODAY - timedelta(days=days) for days in ago])


ACCOUNTS = st.fixed_dictionaries(
    {
        "region": mostly("EMEA", "APAC"),
        "country": mostly("Germany", "Atlantis"),
        "product": mostly("Core"),
        "implementation_stage": mostly("production", "planned"),
        "health_score": mostly(88.0, 76.0, 60.0),
        "healthy_since": mostly(TODAY - timedelta(days=200), TODAY - timedelta(days=90), TODAY),
        "health_trend": mostly("steady", "falling"),
        "churn_risk": mostly("none", "watch", "active"),
        "customer_since": mostly(date(2023, 1, 15), date(2026, 5, 2), date(2026, 5, 3)),
        "renewal_on": mostly(date(2027, 6, 30), TODAY + timedelta(days=30), TODAY - timedelta(days=1)),
        "in_dispute": mostly(False, True),
        "legal_hold": mostly(False, True),
        "confidential": mostly(False, True),
        "max_calls_quarter": st.sampled_from([None, None, 3.0, 1.0, 0.0]),
    }
)
CONTACTS = st.fixed_dictionaries(
    {
        "account": st.sampled_from(["acc0", "acc1"]),
        "email_key": st.sampled_from([None, None, "shared"]),
        "individual": st.sampled_from([None, None, "ind0"]),
        "nps": mostly(9.0, 8.0, 10.0, 5.0),
        "nps_on": mostly(TODAY - timedelta(days=80), TODAY - timedelta(days=181)),
        "speaks_publicly": mostly("yes", "no", "not_asked"),
        "opted_out": mostly(False, True),
        "email_opt_out": mostly(False, True),
        "left_company": mostly(False, True),
        "nominated": st.booleans(),
    }
)
PROFILES = st.fixed_dictionaries(
    {
        "status": mostly("active", "candidate", "declined", "retired"),
        "approved_types": mostly(list(TYPES), ["call"]),
        "briefed_types": mostly(list(TYPES), ["logo"]),
        "time_zone": mostly("Europe/Berlin", "Pacific/Auckland", "Nowhere"),
        "blackouts": mostly(None, "Mon", "2026-11-03", "2026-12-01..2027-01-01", "some day"),
        "paused": mostly(False, True),
        "max_calls_quarter": st.sampled_from([None, 2.0, 1.0]),
        "max_effort_year": st.sampled_from([None, 5.0]),
    }
)
CONSENTS = st.fixed_dictionaries(
    {
        "contact": st.sampled_from(["con0", "con1", "con2"]),
        "use": mostly("call", *TYPES),
        "status": mostly("granted", "withdrawn", "refused", "pending"),
        "text_version": mostly("3"),
        "evidence": mostly("https://files.example/1"),
        "territory": mostly(["worldwide"], ["EMEA"], ["APAC"]),
        "audience": mostly("anyone", "named"),
        "valid_from": mostly(date(2026, 2, 1), date(2025, 1, 1), TODAY),
        "valid_to": mostly(date(2027, 2, 1), TODAY),
        "withdrawn_on": st.sampled_from([None, None, None, TODAY, date(2026, 1, 1)]),
        "legal_restriction": mostly(False, True),
    }
)
ACTIVITIES = st.fixed_dictionaries(
    {
        "contact": st.sampled_from(["con0", "con1", "con2"]),
        "match": st.sampled_from([None, None, "mat0"]),
        "type": st.sampled_from(TYPES),
        "status": mostly("completed", "asked", "declined", "missed", "cancelled"),
        "completed_on": days(400, 200, 181, 91, 90, 40, 30),
        "scheduled_on": days(400, 90, 40),
        "responded_on": days(400, 180, 20),
    }
)
MATCHES = st.fixed_dictionaries(
    {
        "request": st.just("req0"),
        "profile": st.sampled_from(["pro0", "pro1"]),
        "state": mostly("proposed", "closed", "frozen"),
        "reserved_until": st.sampled_from([TODAY, TODAY - timedelta(days=1), None]),
        "asked_on": st.sampled_from([None, TODAY - timedelta(days=3)]),
        "customer_response": st.sampled_from([None, None, "declined"]),
        "responded_on": days(20, 200),
    }
)


@st.composite
def orgs(draw: st.DrawFn) -> Rows:
    """Draw a whole org. con0 and con1 have profiles; every person has a consent to calls of their own."""
    rows: Rows = {
        "account": draw(st.lists(ACCOUNTS, min_size=2, max_size=2)),
        "contact": draw(st.lists(CONTACTS, min_size=3, max_size=3)),
        "profile": draw(st.lists(PROFILES, min_size=2, max_size=2)),
        "consent": draw(st.lists(CONSENTS, min_size=1, max_size=4)),
        "activity": draw(st.lists(ACTIVITIES, max_size=3)),
        "request": [{"type": draw(st.sampled_from(TYPES))}],
        "match": draw(st.lists(MATCHES, max_size=1)),
        "individual": [
            {"forget": draw(mostly(False, True)), "no_processing": False, "no_solicit": draw(mostly(False, True))}
        ],
        "case": draw(
            st.lists(
                st.fixed_dictionaries(
                    {"account": st.just("acc1"), "priority": mostly("p3", "p1"), "closed": mostly(False, True)}
                ),
                max_size=1,
            )
        ),
        "escalation": draw(
            st.lists(
                st.fixed_dictionaries({"contact": st.just("con1"), "status": mostly("closed", "open")}), max_size=1
            )
        ),
    }
    good = {"use": "call", "status": "granted", "text_version": "3", "evidence": "e", "territory": ["worldwide"]}
    good |= {"audience": "anyone", "valid_from": date(2026, 2, 1), "legal_restriction": False}
    rows["consent"] += [{**good, "contact": f"con{index}"} for index in range(3)]
    for index, profile in enumerate(rows["profile"]):
        profile["contact"] = f"con{index}"
    for mapping, records in rows.items():
        for index, record in enumerate(records):
            record["id"] = f"{mapping[:3]}{index}"
    return rows


@dataclass
class Judge:
    """Who may be asked for what, in an org and in its variants."""

    program: Program
    snapshot_of: Callable[..., Any]
    tried: int = field(default=0)

    def verdicts(self, rows: Rows, **given: Any) -> Verdicts:
        self.tried += 1
        return evaluate(self.snapshot_of(**({"as_of": NOON} | given | rows)), self.program)

    def eligible(self, rows: Rows, **given: Any) -> set[tuple[str, str]]:
        verdicts = self.verdicts(rows, **given)
        return {
            (row["contact_id"], t)
            for row in verdicts.table.to_pylist()
            for t in verdicts.types
            if row[f"failed_{t}"] == 0 and row[f"unknown_{t}"] == 0
        }


@pytest.fixture
def judge(program: Program, snapshot_of: Callable[..., Any]) -> Judge:
    return Judge(program, snapshot_of)


def losses(rows: Rows) -> Iterator[tuple[str, Rows]]:
    """Every org that differs by one value that got lost, or one consent."""
    for mapping, records in rows.items():
        for index, record in enumerate(records):
            for name, value in record.items():
                if name != "id" and value is not None and name not in SILENT.get(mapping, frozenset()):
                    less = deepcopy(rows)
                    less[mapping][index][name] = None
                    yield f"{mapping} {record['id']} without its {name}", less
    for index, consent in enumerate(rows["consent"]):
        if consent["status"] == "granted" and not consent.get("withdrawn_on") and consent["legal_restriction"] is False:
            less = deepcopy(rows)
            del less["consent"][index]
            yield f"without consent {consent['id']}", less


@LAWS
@given(rows=orgs(), seed=st.randoms(use_true_random=False))
def test_losing_information_never_makes_anybody_eligible(judge: Judge, rows: Rows, seed: random.Random) -> None:
    before = judge.eligible(rows)
    every = list(losses(rows))
    for what, less in seed.sample(every, min(6, len(every))):
        assert judge.eligible(less) <= before, what


@LAWS
@given(rows=orgs(), seed=st.randoms(use_true_random=False))
def test_hiding_a_column_or_a_table_never_makes_anybody_eligible(judge: Judge, rows: Rows, seed: random.Random) -> None:
    before = judge.eligible(rows)
    columns = [(mapping, name) for mapping, records in rows.items() for name in (records or [{}])[0] if name != "id"]
    for hidden in seed.sample(columns, min(4, len(columns))):
        assert judge.eligible(rows, unreadable=frozenset({hidden})) <= before, hidden
    snapshot = judge.snapshot_of(as_of=NOON, **rows)
    absent = seed.choice(
        ["account", "individual", "profile", "consent", "activity", "match", "request", "case", "escalation"]
    )
    del snapshot.tables[absent]
    assert {
        row["contact_id"]
        for row in evaluate(snapshot, judge.program).table.to_pylist()
        if any(row[f"failed_{t}"] == 0 and row[f"unknown_{t}"] == 0 for t in TYPES)
    } == set(), absent


RESTRICTIONS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("account", {"in_dispute": True}),
    ("account", {"legal_hold": True}),
    ("account", {"confidential": True}),
    ("account", {"churn_risk": "active"}),
    ("account", {"health_trend": "falling"}),
    ("account", {"max_calls_quarter": 0.0}),
    ("contact", {"opted_out": True}),
    ("contact", {"email_opt_out": True}),
    ("contact", {"left_company": True}),
    ("contact", {"speaks_publicly": "no"}),
    ("contact", {"email_key": "shared"}),
    ("profile", {"paused": True}),
    ("profile", {"status": "declined"}),
    ("profile", {"blackouts": "2026-11-02"}),
    ("profile", {"max_calls_quarter": 0.0}),
    ("profile", {"max_effort_year": 0.0}),
    ("individual", {"forget": True}),
    ("individual", {"no_solicit": True}),
    ("consent", {"withdrawn_on": TODAY}),
    ("consent", {"status": "withdrawn"}),
    ("consent", {"legal_restriction": True}),
    ("consent", {"territory": []}),
)
ADDED: tuple[tuple[str, dict[str, Any]], ...] = (
    ("activity", {"contact": "con0", "type": "call", "status": "completed", "completed_on": TODAY - timedelta(days=5)}),
    ("activity", {"contact": "con1", "type": "logo", "status": "declined", "responded_on": TODAY}),
    ("activity", {"contact": "con2", "type": "site_visit", "status": "asked"}),
    ("activity", {"contact": "con0", "type": None, "status": None}),
    ("match", {"profile": "pro0", "request": "req0", "state": "proposed", "reserved_until": TODAY}),
    ("case", {"account": "acc0", "priority": "p1", "closed": False}),
    ("case", {"contact": "con1", "priority": None, "closed": False}),
    ("escalation", {"account": "acc1", "status": "open"}),
    ("escalation", {"contact": "con0", "status": "in_progress"}),
    ("consent", {"contact": "con0", "use": "call", "status": "refused"}),
    ("consent", {"contact": "con1", "use": None, "status": "withdrawn"}),
)


@LAWS
@given(rows=orgs(), seed=st.randoms(use_true_random=False))
def test_adding_a_restriction_never_makes_anybody_eligible(judge: Judge, rows: Rows, seed: random.Random) -> None:
    before = judge.eligible(rows)
    for mapping, change in seed.sample(RESTRICTIONS, 4):
        more = deepcopy(rows)
        seed.choice(more[mapping]).update(change)
        assert judge.eligible(more) <= before, (mapping, change)
    for mapping, record in seed.sample(ADDED, 3):
        more = deepcopy(rows)
        more[mapping] = [*more[mapping], {"id": "added", **record}]
        assert judge.eligible(more) <= before, (mapping, record)


@LAWS
@given(rows=orgs(), seed=st.randoms(use_true_random=False))
def test_the_order_of_rows_never_matters(judge: Judge, rows: Rows, seed: random.Random) -> None:
    expected = judge.verdicts(rows)
    for _ in range(3):
        shuffled = {mapping: seed.sample(records, len(records)) for mapping, records in rows.items()}
        found = judge.verdicts(shuffled)
        assert found.table.sort_by("contact_id").equals(expected.table.sort_by("contact_id"))
        assert found.held.equals(expected.held)
