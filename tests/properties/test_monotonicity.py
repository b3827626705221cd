"""Three laws of every decision, on random orgs: what is lost, added or reordered never makes anybody eligible.

An org here is a handful of accounts, people, duplicates, profiles, consents, uses, matches, cases and escalations, most
of them healthy so that there is somebody to lose. Every variant of an org (each value lost, each restriction on each record)
is judged and compared with the org itself, and counted: over a thousand for each of the laws in every run; so is
every order that the rows of an org are tried in.

Some empty fields are an answer and not a loss: nobody else's record, no blackout, no limit of their own, no end before
the usual one (`SILENT`). Nor can the loss of a whole row be seen, of which only a consent or a profile that a person's
own approval stands on is tried here: that every row arrived is what `pull` makes sure of.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm_sync.evaluate import evaluate
from crm_sync.model.verdicts import Verdicts
from crm_sync.program import Program
from tests.random_orgs import NOON, TODAY, TYPES, Rows, names_nobody, orgs, side_by_side

LAWS = settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)

A_THOUSAND = 1000

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


@dataclass(frozen=True)
class Judge:
    """Who may be asked for what, in an org and in its variants."""

    program: Program
    snapshot_of: Callable[..., Any]

    def verdicts(self, rows: Rows, **given: Any) -> Verdicts:
        return evaluate(self.snapshot_of(**({"as_of": NOON} | given | rows)), self.program)

    def eligible(self, rows: Rows, **given: Any) -> set[tuple[str, str]]:
        verdicts = self.verdicts(rows, **given)
        return {
            (row["contact_id"], t)
            for row in verdicts.table.to_pylist()
            for t in verdicts.types
            if row[f"failed_{t}"] == 0 and row[f"unknown_{t}"] == 0
        }

    def more_than(self, rows: Rows, variants: Iterable[tuple[str, Rows]]) -> list[tuple[str, set[tuple[str, str]]]]:
        """Give the variants of an org in which somebody may be asked who may not be in the org itself."""
        every = list(variants)
        alone = [one for one in every if names_nobody(one[1])][:2]
        before, *after = self.each([rows, *(less for _, less in every if not names_nobody(less))])
        found = [*zip((what for what, less in every if not names_nobody(less)), after, strict=True)]
        found += [(what, self.eligible(less)) for what, less in alone]
        return [(what, who - before) for what, who in found if who - before]

    def each(self, orgs: Sequence[Rows]) -> list[set[tuple[str, str]]]:
        """Give who may be asked for what in each of several orgs."""
        found: list[set[tuple[str, str]]] = [set() for _ in orgs]
        for contact, t in self.eligible(side_by_side(orgs)):
            index, _, name = contact.partition("/")
            found[int(index)].add((name, t))
        return found


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


def held_by_all(judge: Judge, variants: Callable[[Rows], Iterator[tuple[str, Rows]]], examples: int) -> int:
    """Hold every variant of so many random orgs to its org, and count them."""
    held = 0

    @settings(LAWS, max_examples=examples)
    @given(rows=orgs())
    def law(rows: Rows) -> None:
        nonlocal held
        every = list(variants(rows))
        assert judge.more_than(rows, every) == []
        held += len(every)

    law()
    return held


def test_losing_information_never_makes_anybody_eligible(judge: Judge) -> None:
    assert held_by_all(judge, losses, examples=11) > A_THOUSAND


@settings(LAWS, max_examples=6)
@given(several=st.lists(orgs(), min_size=4, max_size=4), seed=st.randoms(use_true_random=False))
def test_hiding_a_column_or_a_table_never_makes_anybody_eligible(
    judge: Judge, several: list[Rows], seed: random.Random
) -> None:
    rows = side_by_side(several)
    before = judge.eligible(rows)
    columns = [(mapping, name) for mapping, records in rows.items() for name in (records or [{}])[0] if name != "id"]
    for hidden in seed.sample(columns, min(3, len(columns))):
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


def restricted(rows: Rows) -> Iterator[tuple[str, Rows]]:
    """Every org that has one restriction more, on each record it may be on."""
    for mapping, change in RESTRICTIONS:
        for index, record in enumerate(rows[mapping]):
            more = deepcopy(rows)
            more[mapping][index].update(change)
            yield f"{mapping} {record['id']} with {change}", more
    for mapping, record in ADDED:
        more = deepcopy(rows)
        more[mapping] = [*more[mapping], {"id": "added", **record}]
        yield f"{mapping} {record}", more


def test_adding_a_restriction_never_makes_anybody_eligible(judge: Judge) -> None:
    assert held_by_all(judge, restricted, examples=17) > A_THOUSAND


def drawn(number: int) -> list[Rows]:
    """Draw so many random orgs."""
    rows: list[Rows] = []

    @settings(max_examples=number, database=None, suppress_health_check=list(HealthCheck))
    @given(orgs())
    def collect(one: Rows) -> None:
        rows.append(one)

    collect()
    return rows


def test_the_order_of_rows_never_matters(judge: Judge) -> None:
    """Every org in many orders, side by side with others; orgs in which everybody is unknown stand apart from the rest."""
    orders, held, every = random.Random(20261102), 0, drawn(60)
    for nameless in (False, True):
        several = [one for one in every if names_nobody(one) is nameless]
        if not several:
            continue
        rows = side_by_side(several)
        expected = judge.verdicts(rows)
        for _ in range(18):
            shuffled = {mapping: orders.sample(records, len(records)) for mapping, records in rows.items()}
            found = judge.verdicts(shuffled)
            assert found.table.sort_by("contact_id").equals(expected.table.sort_by("contact_id"))
            assert found.held.equals(expected.held)
            held += len(several)
    assert held > A_THOUSAND


def test_orgs_side_by_side_are_judged_as_if_alone(judge: Judge) -> None:
    several = [one for one in drawn(6) if not names_nobody(one)]
    assert judge.each(several) == [judge.eligible(one) for one in several]
