"""`crm-sync letter`: what a customer would be told, from a text in force or not; no name is shown."""

from __future__ import annotations

import pytest

from crm_sync.errors import ConfigurationError
from tests.unit.entrypoints.conftest import Desk


@pytest.fixture
def person(desk: Desk) -> str:
    """A customer with an owner and a program owner to turn to."""
    place = desk.place
    (user,) = (row["Id"] for row in place.rows("SELECT Id FROM User WHERE IsActive = true ORDER BY Id LIMIT 1"))
    place.update("User", user, Reference_Role__c="Program Owner")
    (account,) = place.human("Account", {"Name": "Acme", "OwnerId": user})
    (contact,) = place.human("Contact", {"FirstName": "Wilhelmina", "LastName": "Quackenbush", "AccountId": account})
    place.human("Reference_Profile__c", {"Contact__c": contact, "External_Key__c": contact, "Max_Calls_Year__c": 4})
    return contact


def test_a_letter_as_it_would_stand_in_the_task(desk: Desk, person: str) -> None:
    told = desk.answer("letter", "outreach", person, "--type", "call")
    assert (told["text"], told["stage"], told["type"]) == ("outreach_talk.1", "in force", "call")
    assert "Subject: Acme and our product: may we ask you for a reference call?" in told["letter"]
    assert "Dear {{contact_first_name}}," in told["letter"]
    assert "- at most 2 reference calls in any 90 days" in told["letter"]
    assert "- at most 4 reference calls in any 365 days" in told["letter"]
    assert "Wilhelmina" not in told["letter"]


def test_a_text_that_is_not_in_force_yet_can_be_looked_at(desk: Desk, person: str) -> None:
    first = (desk.rules / "templates" / "check_in.1.yaml").read_text(encoding="utf-8")
    second = first.replace("version: 1", "version: 2").replace(
        "approved_by: The maintainers\napproved_on: 2026-01-05\n", ""
    )
    second = second.replace("2026-01-12", "2026-02-12").replace("How are things", "Any news")
    (desk.rules / "templates" / "check_in.2.yaml").write_text(second, encoding="utf-8")
    shown = desk.run("letter", "check_in", person[:15], "--text", "check_in.2")
    assert "check_in.2 is not in force today (draft)." in shown.stdout
    assert "Any news at Acme?" in shown.stdout
    assert shown.stdout.rstrip().endswith("not approved yet.")
    assert "Wilhelmina" not in shown.stdout
    listed = desk.run("check").stdout
    assert "7 texts for customers are in force today; not in force: check_in.2 (draft)." in listed


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("outreach",), "--type: found nothing; expected one of call, quote"),
        (
            ("outreach", "--type", "cal"),
            "--type: found 'cal'; expected one of call, quote, logo, recording, case_study, site_visit",
        ),
        (("check_in", "--type", "call"), "expected none: a check-in is about no kind of reference"),
        (("thank_you", "--type", "call", "--text", "thank.1"), "Did you mean 'thank_you.1'?"),
        (("outreach", "--type", "call", "--text", "check_in.1"), "--text: found 'check_in.1'"),
    ],
)
def test_what_cannot_be_written_is_said(desk: Desk, arguments: tuple[str, ...], sentence: str) -> None:
    kind, *options = arguments
    done = desk.run("letter", kind, "003000000000001AAA", *options)
    assert isinstance(done.exception, ConfigurationError)
    assert sentence in str(done.exception)


def test_a_type_without_a_text_is_said_in_check(desk: Desk) -> None:
    desk.edit(
        "rules/templates/outreach_publish.1.yaml",
        "types: [quote, logo, recording, case_study]",
        "types: [quote, logo, recording]",
    )
    assert desk.answer("check")["no_text_for"] == ["outreach case_study"]
    assert "No text is in force for outreach case_study." in desk.run("check").stdout
