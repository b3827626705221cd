"""`crm-sync mapping`: real records before and after, and proposals for what the org keeps elsewhere."""

from __future__ import annotations

import re

import pytest

from crm_sync.errors import ConfigurationError
from crm_sync.local_org.server import RunningOrg
from tests.health_homes import OBJECT, health_object
from tests.local_place import Place
from tests.unit.entrypoints.conftest import Desk

SECRET = "Quintessa"


@pytest.fixture(scope="module", autouse=True)
def people(here: Place) -> RunningOrg:
    """An account with an unusual value and a contact with a name that must not be shown."""
    account, _ = here.human(
        "Account",
        {"Name": "Winter & Sons", "Health_Score__c": 82.5, "Churn_Risk__c": "Watch", "Renewal_Date__c": "2027-02-01"},
        {"Name": "Empty Ltd"},
    )
    contact = {"LastName": SECRET, "FirstName": "Ann", "Email": f"{SECRET}@example.org", "AccountId": account}
    here.human("Contact", contact)
    return here.running


def by_name(answer: dict) -> dict:
    return {field["name"]: field for field in answer["fields"]}


def test_a_preview_shows_the_orgs_values_beside_the_programs(desk: Desk) -> None:
    desk.edit("mappings/account.yaml", "Watch: watch", "Watched: watch")
    found = by_name(desk.answer("mapping", "preview", "account", "--limit", "1"))
    assert (found["health_score"]["org"], found["health_score"]["after"]) == (["82.5"], [82.5])
    assert (found["churn_risk"]["org"], found["churn_risk"]["after"]) == (["Watch"], [None])
    shown = desk.run("mapping", "preview", "Account", "--limit", "1").stdout
    assert "Watch -> NOT KNOWN" in shown
    assert found["health_score"]["before"] is None
    assert not (desk.state / "journal.sqlite").exists()


def test_a_preview_shows_what_the_last_run_read_of_the_same_records(desk: Desk) -> None:
    assert desk.run("run", "--accept-unapproved").exit_code == 0
    same = desk.run("mapping", "preview", "account").stdout
    assert "read the same of these records" in same
    desk.edit("mappings/account.yaml", "Watch: watch", "Watch: active")
    desk.edit("mappings/account.yaml", "field: Renewal_Date__c", "field: Customer_Since__c")
    desk.edit("mappings/account.yaml", "customer_since: {field: Customer_Since__c", "customer_since: {field: Began__c")
    found = by_name(desk.answer("mapping", "preview", "account", "--limit", "1"))
    assert (found["churn_risk"]["before"], found["churn_risk"]["after"]) == (["watch"], ["active"])
    assert (found["renewal_on"]["before"], found["renewal_on"]["after"]) == (["2027-02-01"], [None])
    shown = desk.run("mapping", "preview", "account").stdout
    assert re.search(r"churn_risk +1 +watch -> active", shown)
    assert re.search(r"renewal_on +1 +2027-02-01 -> NOT KNOWN", shown)


def test_a_preview_reads_joined_objects_and_shows_the_row_that_counts(desk: Desk, here: Place) -> None:
    health_object(here)
    (account,) = here.human("Account", {"Name": "Joined", "Region__c": "EMEA", "Product__c": "Core", "Industry": "X"})
    rows = [{"Score__c": score, "Scored_On__c": day} for score, day in ((40, "2026-10-01"), (90, "2026-11-01"))]
    here.human(OBJECT, *({"Account__c": account, "Trend__c": "Up", **row} for row in rows))
    (desk.mappings / "preset.yaml").write_text("preset: customer-health\n")
    answer = desk.answer("mapping", "preview", "account")
    at, found = answer["ids"].index(account), by_name(answer)
    assert (found["health_score"]["object"], found["health_score"]["field"]) == (OBJECT, "Score__c")
    assert (found["health_score"]["org"][at], found["health_score"]["after"][at]) == ("90.0", 90.0)
    assert found["health_trend"]["after"][at] == "rising"
    others = [value for place, value in enumerate(found["health_score"]["org"]) if place != at]
    assert others
    assert set(others) == {None}
    assert re.search(rf"health_score +{OBJECT}\.Score__c +1", desk.run("mapping", "preview", "account").stdout)


def test_a_preview_never_shows_what_is_personal(desk: Desk) -> None:
    for arguments in (("mapping", "preview", "contact"), ("mapping", "preview", "contact", "--json")):
        shown = desk.run(*arguments).output
        assert "***" in shown
        assert SECRET.casefold() not in shown.casefold()
    found = by_name(desk.answer("mapping", "preview", "contact"))
    assert found["last_name"]["after"] == [None]
    assert found["email_key"]["after"] == ["a one-way key"]


def test_a_field_the_org_does_not_show_is_said_to_be_unreadable(desk: Desk) -> None:
    desk.edit("mappings/account.yaml", "Health_Score__c", "Wellness__c")
    found = by_name(desk.answer("mapping", "preview", "account"))
    assert found["health_score"]["readable"] is False


def test_proposals_are_made_by_name_type_and_values_with_reasons(desk: Desk) -> None:
    desk.edit("mappings/account.yaml", "Health_Trend__c", "Trend__c")
    desk.edit("mappings/account.yaml", "field: Renewal_Date__c", "field: Contract_End__c")
    found = desk.answer("mapping", "suggest", "account")["missing"]
    assert set(found) == {"health_trend", "renewal_on"}
    best = found["health_trend"][0]
    assert best["line"] == (
        "health_trend: {field: Health_Trend__c, type: picklist, safety: true, "
        "values: {Rising: rising, Steady: steady, Falling: falling}}"
    )
    assert any("type picklist fits" in reason for reason in best["reasons"])
    assert found["renewal_on"][0]["line"] == "renewal_on: {field: Renewal_Date__c, type: date, safety: true}"


def test_what_no_line_uses_is_proposed_as_a_new_fact_that_loads(desk: Desk) -> None:
    path = desk.mappings / "account.yaml"
    line = next(line for line in path.read_text().splitlines() if "Business_Outcome_On__c" in line)
    desk.edit("mappings/account.yaml", f"{line}\n", "")
    (proposal,) = (
        one for one in desk.answer("mapping", "suggest", "account", "--unused")["unused"] if "Outcome_On" in one["line"]
    )
    assert proposal["line"] == "business_outcome_on: {field: Business_Outcome_On__c, type: date}"


def test_nothing_is_proposed_where_nothing_is_missing(desk: Desk) -> None:
    assert desk.answer("mapping", "suggest", "account") == {"missing": {}, "unused": []}


def test_an_overlay_is_proposed_for_an_object_that_looks_up_to_the_account(desk: Desk, here: Place) -> None:
    health_object(here)
    found = desk.answer("mapping", "suggest", "account", "--in", OBJECT)
    assert found["lookups"] == ["Account__c"]
    assert {name: one["field"] for name, one in found["fields"].items()} == {
        "health_score": "Score__c",
        "healthy_since": "Healthy_Since__c",
        "health_trend": "Trend__c",
        "churn_risk": "Risk__c",
    }
    shown = desk.run("mapping", "suggest", "account", "--in", OBJECT).stdout
    (desk.mappings / "presets" / "ours.yaml").write_text(shown)
    (desk.mappings / "preset.yaml").write_text("preset: ours\n")
    answer = desk.answer("check", "--org")
    assert answer["mistakes"] == []
    assert {one["level"] for one in answer["org"]} == {"differs"}
    assert "newest_by: health_dated" in shown
    assert "field: Scored_On__c" in shown


@pytest.mark.parametrize(
    ("home", "said"), [("Case", None), ("Solution__c", "may read"), ("User", "no lookup to Account")]
)
def test_an_object_that_has_nothing_of_an_account_is_refused(desk: Desk, home: str, said: str | None) -> None:
    done = desk.run("mapping", "suggest", "account", "--in", home)
    assert (said or "") in str(done.exception or "")
    assert (done.exception is None) == (said is None)


def test_an_unknown_object_names_the_nearest(desk: Desk) -> None:
    done = desk.run("mapping", "preview", "acount")
    assert isinstance(done.exception, ConfigurationError)
    assert "Did you mean 'account'?" in str(done.exception)


def test_a_diff_tells_what_changed_since_the_last_run_who_asks_for_it_and_whether_the_org_has_it(desk: Desk) -> None:
    assert desk.run("run", "--accept-unapproved").exit_code == 0
    unchanged = desk.answer("mapping", "diff")
    assert (unchanged["changed"], {one["level"] for one in unchanged["org"]} - {"differs"}) == ([], set())
    desk.edit("mappings/account.yaml", "Health_Score__c", "Wellness__c")
    desk.edit("mappings/account.yaml", "Rising: rising", "Climbing: rising")
    found = desk.answer("mapping", "diff")
    by_field = {one["field"]: one for one in found["changed"]}
    assert set(by_field) == {"health_score", "health_trend"}
    score = by_field["health_score"]
    assert (score["what"], score["before"], score["after"]) == (
        "different",
        {"field": "Health_Score__c"},
        {"field": "Wellness__c"},
    )
    assert score["where"].startswith("mappings/account.yaml:")
    assert "health_level" in score["asked_by"]
    assert any("Account.Wellness__c" in one["found"] for one in found["org"])
    assert "asked for by: health_not_falling" in desk.run("mapping", "diff").stdout


def test_there_is_nothing_to_compare_with_before_the_first_run(desk: Desk) -> None:
    assert isinstance(desk.run("mapping", "diff").exception, ConfigurationError)
