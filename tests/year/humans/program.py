"""The program's own people: they take candidates in, renew consents, answer concerns, close escalations, and keep in touch."""

from __future__ import annotations

from datetime import timedelta

from tests.year.humans.day import Day, workdays_after
from tests.year.humans.reps import REGIONS
from tests.year.place import Row

KINDS = ("Sales Call", "Quote", "Logo", "Recording", "Case Study", "Site Visit")
RENEWED = 0.85
AT_HOME = 0.15
"""The share of consents that hold in the customer's own region and one more, and not everywhere."""
CONVERSATIONS = (
    "Check in with",
    "This reference has not been called on",
    "Tell this customer",
    "On hold:",
    "This promoter",
)


def work(day: Day) -> None:
    """Do what is on the desks of program owner, legal reviewer and the leaders."""
    _take_in(day)
    _close_escalations(day)
    _answer_concerns(day)
    for task in day.tasks:
        if task["Subject"].startswith("Consent for"):
            _renew(day, task)
        elif task["Subject"].startswith(CONVERSATIONS):
            _speak(day, task)
        elif task["Subject"].startswith("Say how the"):
            _pass_on_feedback(day, task)
    if day.number % 20 == 7:
        _confirm_sightings(day)


def _take_in(day: Day) -> None:
    """Every few weeks a candidate says yes, is briefed and gives consent; later some give more."""
    if day.number % 5:
        return
    waiting = [p for p in day.profiles if p["Status__c"] in ("Candidate", "Invited")]
    if not waiting:
        return
    profile = day.dice.pick(waiting, "invited", day.number)
    kinds = [kind for kind in KINDS if kind == "Sales Call" or day.dice.happens(0.2, "offers", profile["Id"], kind)]
    program = day.people.holder("Program Owner")
    for kind in kinds:
        _grant(day, profile["Contact__c"], kind)
    program.change(
        "Reference_Profile__c",
        profile["Id"],
        Status__c="Active",
        Approved_Types__c=";".join(kinds),
        Briefed_Types__c=";".join(kinds),
        Briefed_On__c=day.today.isoformat(),
        Briefing_Version__c="briefing 2026.1",
        Languages__c="English",
    )
    day.note("candidate taken in")


def _grant(day: Day, contact: str, kind: str) -> None:
    day.people.holder("Legal Reviewer").create(
        "Reference_Consent__c",
        Contact__c=contact,
        Use__c=kind,
        Status__c="Granted",
        Text_Version__c="v5",
        Evidence_Link__c="https://files.vendor.example/consent/signed",
        Territory__c=_territory(day, contact, kind),
        Audience__c="Anyone",
        Valid_From__c=day.today.isoformat(),
        Valid_To__c=(day.today + timedelta(days=365)).isoformat(),
        Approved_By__c=day.people.role["Legal Reviewer"],
    )


def _territory(day: Day, contact: str, kind: str) -> str:
    """Most customers agree to everywhere; some to their own region and one more."""
    (row,) = day.place.admin.rows(f"SELECT Account.Region__c FROM Contact WHERE Id = '{contact}'")
    home = (row["Account"] or {}).get("Region__c")
    if home is None or not day.dice.happens(AT_HOME, "at home alone", contact, kind):
        return "Worldwide"
    return ";".join(sorted({home, day.dice.pick(REGIONS, "and in", contact, kind)}))


def _renew(day: Day, task: Row) -> None:
    """A consent that runs out is renewed, or the customer lets it lapse."""
    consent = day.place.admin.rows(f"SELECT Contact__c, Use__c FROM Reference_Consent__c WHERE Id = '{task['WhatId']}'")
    if consent and day.dice.happens(RENEWED, "renews", task["WhatId"]):
        if day.is_due(task["CreatedDate"], day.dice.between(1, 12, "renews after", task["WhatId"])):
            _grant(day, consent[0]["Contact__c"], consent[0]["Use__c"])
            day.note("consent renewed")
    elif day.is_due(task["CreatedDate"], 3):
        day.people.user(task["OwnerId"]).change("Task", task["Id"], Status="Completed")


def _speak(day: Day, task: Row) -> None:
    if day.is_due(task["CreatedDate"], day.dice.between(1, 6, "speaks after", task["Id"])):
        day.people.user(task["OwnerId"]).change("Task", task["Id"], Status="Completed")
        day.note("task done by its owner")


def _pass_on_feedback(day: Day, task: Row) -> None:
    """Requesters see no activity: what they say of it is entered by the program owner."""
    if not day.is_due(task["CreatedDate"], day.dice.between(1, 8, "feedback after", task["Id"])):
        return
    for activity in day.activities:
        if activity["Request__c"] == task["WhatId"] and not activity["Requester_Feedback__c"]:
            told = "Helped the deal along."
            day.people.holder("Program Owner").change(
                "Reference_Activity__c", activity["Id"], Requester_Feedback__c=told
            )
            day.note("requester feedback")


def _close_escalations(day: Day) -> None:
    rows = day.place.admin.rows(
        "SELECT Id, Kind__c, Status__c, Raised_On__c, Assigned_To__c FROM Reference_Escalation__c WHERE Status__c != 'Closed'"
    )
    program = day.people.holder("Program Owner")
    for row in rows:
        after = day.dice.between(1, 9, "closes after", row["Id"])
        if day.is_due(row["Raised_On__c"], after):
            program.change(
                "Reference_Escalation__c",
                row["Id"],
                Status__c="Closed",
                Closed_On__c=day.today.isoformat(),
                Resolution__c="Spoke with everybody concerned.",
                Cause__c="Nobody had said who prepares the customer.",
                Corrective_Action__c="The owner prepares the customer, and says so on the request.",
                Effectiveness_Check__c=f"Looked at again on {workdays_after(day.today, 20)}.",
            )
            day.note("escalation closed")
        elif row["Status__c"] == "Open" and day.is_due(row["Raised_On__c"], 1):
            program.change("Reference_Escalation__c", row["Id"], Status__c="In Progress")


def _answer_concerns(day: Day) -> None:
    """Departments answer the customer, in time or not, and prove it."""
    rows = day.place.admin.rows(
        "SELECT Id, CreatedDate, Status FROM Case WHERE Reference_Case_Key__c != null AND Reference_Replied_On__c = null"
    )
    for row in rows:
        if day.is_due(row["CreatedDate"], day.dice.between(2, 8, "replies after", row["Id"])):
            day.place.admin.change(
                "Case",
                row["Id"],
                Reference_Replied_On__c=day.today.isoformat(),
                Reference_Reply_Evidence__c="https://files.vendor.example/replies/1",
                Status="Closed",
            )
            day.note("concern answered")


def _confirm_sightings(day: Day) -> None:
    """Of the uses found outside the program, some were none."""
    for activity in day.activities:
        found = (activity["Note__c"] or "").startswith("Found in a")
        if found and activity["Status__c"] == "Completed" and day.dice.happens(0.4, "was none", activity["Id"]):
            day.people.holder("Program Owner").change("Reference_Activity__c", activity["Id"], Status__c="Cancelled")
            day.note("sighting refuted")
