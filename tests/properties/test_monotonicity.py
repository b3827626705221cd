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
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm_sync.evaluate import evaluate
from crm_sync.model.verdicts import Verdicts
from crm_sync.program import Program
from tests.random_orgs import NOON, TODAY, TYPES, Rows, orgs

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
