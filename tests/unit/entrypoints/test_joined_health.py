"""Health in a joined object, as an admin and the people of the program meet it: command by command, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.health_homes import OBJECT, health_object
from tests.local_place import Place
from tests.unit.entrypoints.conftest import Desk


@dataclass(frozen=True)
class Customer:
    """An account with two rows of health, of which the newer counts, and a person there."""

    contact: str
    newest: str


@pytest.fixture(scope="module")
def customer(here: Place) -> Customer:
    health_object(here)
    (account,) = here.human("Account", {"Name": "Joined Ltd"})
    _, newest = here.human(
        OBJECT,
        {"Account__c": account, "Score__c": 40, "Scored_On__c": "2026-10-01", "Trend__c": "Down", "Risk__c": "High"},
        {"Account__c": account, "Score__c": 90, "Scored_On__c": "2026-11-01", "Trend__c": "Up", "Risk__c": "Low"},
    )
    (contact,) = here.human("Contact", {"LastName": "Adams", "Email": "adams@example.org", "AccountId": account})
    return Customer(contact, newest)


@pytest.fixture
def joined(desk: Desk) -> Iterator[Desk]:
    """A desk with the preset for the joined object; the org is put right after the test."""
    (desk.mappings / "preset.yaml").write_text("preset: customer-health\n")
    yield desk
    desk.place.control("DELETE", "schema")


def level(desk: Desk, customer: Customer) -> dict[str, Any]:
    """How the level of health stands for the person, with its source."""
    (verdict,) = desk.answer("explain", "contact", customer.contact, "--type", "call")
    return next(reason for reason in verdict["reasons"] if reason["rule"] == "health_level")


def test_the_row_that_counts_is_named_and_its_change_alone_is_seen(
    joined: Desk, here: Place, customer: Customer
) -> None:
    assert joined.run("run", "--accept-unapproved").exit_code == 0
    assert joined.answer("replay")["same"]
    reason = level(joined, customer)
    source = {"object_name": OBJECT, "record_id": customer.newest, "field_name": "Score__c"}
    assert (reason["met"], reason["value"], reason["source"]) == ("true", "90", source)
    here.update(OBJECT, customer.newest, Score__c=12)
    shown = joined.run("explain", "contact", customer.contact, "--type", "call").stdout
    for part in ("NO", "12", OBJECT, customer.newest, "Score__c", "health_level", reason["version"][:8]):
        assert part in shown
    here.update(OBJECT, customer.newest, Score__c=90)


def test_a_field_that_vanishes_is_told_beforehand_is_an_issue_and_unknown_to_the_rules(
    joined: Desk, here: Place, customer: Customer
) -> None:
    assert {one["level"] for one in joined.answer("check", "--org")["org"]} == {"differs"}
    here.control("POST", "schema", {"object": OBJECT, "field": "Scored_On__c", "remove": True})
    (told,) = [one for one in joined.answer("check", "--org")["org"] if one["level"] == "blinds"]
    assert told["where"].startswith("mappings/presets/customer-health.yaml:")
    assert joined.run("run", "--accept-unapproved").exit_code == 0
    reason = level(joined, customer)
    assert (reason["met"], reason["value"]) == ("unknown", None)
    assert "none is the newest" in reason["remedy"]
    issues = here.rows("SELECT Kind__c, Summary__c, Remedy__c FROM Sync_Issue__c WHERE Resolved__c = false")
    by_kind = {row["Kind__c"]: row for row in issues if OBJECT in row["Summary__c"]}
    assert f"{OBJECT}.Scored_On__c cannot be read" in by_kind["Unreadable field"]["Summary__c"]
    assert by_kind["Several rows"]["Remedy__c"]


def test_a_field_that_protects_refuses_the_run_where_it_vanishes(joined: Desk, here: Place, customer: Customer) -> None:
    here.control("POST", "schema", {"object": OBJECT, "field": "Score__c", "remove": True})
    done = joined.run("run", "--accept-unapproved")
    assert f"{OBJECT}.Score__c" in str(done.exception)
    assert "account.health_score" in str(done.exception)
