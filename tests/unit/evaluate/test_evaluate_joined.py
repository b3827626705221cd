"""Where a value came from when its field lives on a joined object, and what is missing when no row of it counts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest

from crm_sync.evaluate import explain_all
from crm_sync.model.verdict import Reason, Source
from crm_sync.program import Program
from crm_sync.program.mappings import FieldMapping, Joined


def moved(program: Program, **fields: FieldMapping | None) -> Program:
    """Give the account mapping other fields, and an object joined to it; None takes a field away."""
    account = program.mappings["account"]
    changed = {name: field for name, field in (account.fields | fields).items() if field is not None}
    joined = {"health": Joined("health", "Customer_Health__c", "Account__c")}
    made = replace(account, fields=changed, joined=joined)
    return replace(program, mappings={**program.mappings, "account": made})


@pytest.fixture
def elsewhere(program: Program) -> Program:
    score = program.mappings["account"].fields["health_score"]
    return moved(program, health_score=replace(score, field="Score__c", home="health"))


def reason(customer: Any, program: Program, rule: str, row: str | None) -> Reason:
    snapshot = customer.snapshot()
    account = snapshot.tables["account"].append_column("health.id", pa.array([row], pa.string()))
    snapshot = replace(snapshot, tables={**snapshot.tables, "account": account})
    return next(r for r in explain_all(snapshot, program, ["ada"])["ada"]["call"].reasons if r.rule_id == rule)


def test_the_row_that_counts_is_named(customer: Any, elsewhere: Program) -> None:
    customer.put("account", "acme", health_score=60.0)
    found = reason(customer, elsewhere, "health_level", "h1")
    assert found.source == Source("Customer_Health__c", "h1", "Score__c")
    assert reason(customer, elsewhere, "no_dispute", "h1").source == Source("Account", "acme", "In_Dispute__c")


def test_without_a_row_that_counts_it_is_said_what_is_missing(customer: Any, elsewhere: Program) -> None:
    customer.put("account", "acme", health_score=None)
    found = reason(customer, elsewhere, "health_level", None)
    assert found.source == Source("Customer_Health__c", None, "Score__c")
    assert found.remedy.startswith("Give the account one record of Customer_Health__c that counts")
    filled = reason(customer, elsewhere, "health_level", "h1")
    assert filled.remedy.startswith("Fill or correct Score__c on the Customer_Health__c.")


def test_health_that_the_worker_counts_is_traced_to_what_people_can_fill(customer: Any, program: Program) -> None:
    counted = moved(program, healthy_since=None)
    customer.put("account", "acme", health_score=None)
    assert reason(customer, counted, "health_sustained", None).remedy.startswith("Fill or correct Health_Score__c")
    customer.put("account", "acme", health_score=90.0)
    source = reason(customer, counted, "health_sustained", None).source
    assert source == Source("Reference_Profile__c", "ada_profile", "Health_Sustained_Since__c")
