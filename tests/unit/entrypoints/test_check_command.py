"""`crm-sync check --org` over HTTP: the file's line, the org's field, and an exit code to act on."""

from __future__ import annotations

from crm_sync.errors import ConfigurationError
from tests.unit.entrypoints.conftest import Desk


def test_a_program_that_fits_ends_well(desk: Desk) -> None:
    found = desk.answer("check", "--org")
    assert found["mistakes"] == []
    assert {one["level"] for one in found["org"]} <= {"differs"}
    assert not (desk.state / "journal.sqlite").exists()


def test_a_field_the_org_lacks_stops_with_its_line_and_the_nearest_name(desk: Desk) -> None:
    desk.edit("mappings/account.yaml", "field: Legal_Hold__c", "field: Legal_Holds__c")
    done = desk.run("check", "--org")
    assert done.exit_code == 2
    assert "A run would refuse to start" in done.stdout
    assert "Account.Legal_Holds__c" in done.stdout
    assert "Did you mean 'Legal_Hold__c'?" in done.stdout
    assert "'no_legal_hold', which can never be true" in done.stdout


def test_mistakes_in_the_files_and_in_the_org_are_told_together(desk: Desk) -> None:
    desk.edit("mappings/account.yaml", "field: Renewal_Date__c", "field: Renewal_Day__c")
    desk.edit("rules/guards.yaml", "min_profiles_for_guard", "min_profile_for_guard")
    done = desk.run("check", "--org")
    assert isinstance(done.exception, ConfigurationError)
    assert "rules/guards.yaml" in str(done.exception)
    assert "Account.Renewal_Day__c" in done.stdout


def test_without_org_nothing_is_asked_of_it(desk: Desk) -> None:
    desk.edit("mappings/account.yaml", "field: Legal_Hold__c", "field: Legal_Holds__c")
    found = desk.answer("check")
    assert (found["mistakes"], "org" in found) == ([], False)
