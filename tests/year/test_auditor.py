"""The auditor fails what must fail: every invariant broken on purpose, in several ways, in a journal that else breaks none."""

from __future__ import annotations

import ast
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.year.auditor import Auditor
from tests.year.auditor.people import covers, mailbox
from tests.year.told import (
    ACCOUNT,
    ASK,
    ASSET,
    CASE,
    CONSENT,
    CONTACT,
    DECIDE,
    ESCALATION,
    INDIVIDUAL,
    LEGAL,
    MATCH,
    OWNER,
    PARENT,
    PROFILE,
    PROSPECT,
    REP,
    REQUEST,
    RIVAL,
    TWIN,
    Told,
    story,
)  # fmt: skip

Deed = Callable[[Told], None]
PROPOSAL, FIRST, PROPOSED = "before the proposal", "in the first run", "after the proposal"
OUTREACH, SECOND, ASKED = "before the outreach", "in the second run", "after the outreach"
SHARING, THIRD, END = "before the sharing", "in the third run", "at the end"


def human(name: str, record: str, **fields: Any) -> Deed:
    """Somebody writes this."""
    return lambda told: told.human(name, record, **fields)


def worker(name: str, record: str, **fields: Any) -> Deed:
    """The worker writes this."""
    return lambda told: told.worker(name, record, **fields)


def both(*deeds: Deed) -> Deed:
    """Several things happen."""

    def do(told: Told) -> None:
        for deed in deeds:
            deed(told)

    return do


def shows_the_asset(told: Told) -> None:
    """Two minutes later the worker shows the asset, and half an hour later takes it back."""
    told.later(minutes=2)
    told.worker("Reference_Request__c", REQUEST, Substitute_Asset__c=ASSET)
    told.worker("Reference_Request__c", REQUEST, Substitute_Asset__c=None)


def ended(told: Told) -> None:
    """The consent ends today."""
    told.human("Reference_Consent__c", CONSENT, Valid_To__c=told.day(0))


def withdrawn(told: Told) -> None:
    """The consent is withdrawn today."""
    told.human("Reference_Consent__c", CONSENT, LEGAL, Status__c="Withdrawn", Withdrawn_On__c=told.day(0))


def a_run(deed: Deed | None = None, *, lapse_h: float = 0.0, **fields: Any) -> Deed:
    """Another run, in which the worker does this."""

    def do(told: Told) -> None:
        told.later(hours=lapse_h)
        run = told.begin(**fields)
        if deed is not None:
            deed(told)
        told.end(run)

    return do


def call(number: int, ago: int, kind: str = "Sales Call", contact: str = CONTACT, **fields: Any) -> Deed:
    """A use in the past."""

    def do(told: Told) -> None:
        record = f"a05{number:012}BBB"
        done = {
            "Type__c": kind,
            "Status__c": "Completed",
            "Completed_On__c": told.day(-ago),
            "Thanked_On__c": told.day(-ago),
        }
        told.human("Reference_Activity__c", record, **{"Contact__c": contact, **done, **fields})

    return do


def twin_forbids(**fields: Any) -> Deed:
    """A duplicate of the person forbids."""
    return both(human("Contact", TWIN, **fields))


def second_match(**fields: Any) -> Deed:
    """A second proposal of the same person, for another request."""
    request = "a03000000000009AAA"

    def do(told: Told) -> None:
        known = {
            "Type__c": "Sales Call",
            "Stage__c": "Submitted",
            "Needed_By__c": told.day(40),
            "Prospect_Account__c": PROSPECT,
        }
        told.human("Reference_Request__c", request, REP, **known)
        told.later(minutes=2)
        told.worker("Reference_Request__c", request, Status__c="Owner Deciding")
        held = {
            "Recommended__c": 1,
            "State__c": "Proposed",
            "Decide_By__c": told.day(2),
            "Reserved_Until__c": told.day(9),
        }
        told.worker(
            "Reference_Match__c",
            "a04000000000009AAA",
            **{"Request__c": request, "Profile__c": PROFILE, **held, **fields},
        )

    return do


def more_profiles(count: int, **before: Any) -> Deed:
    """Further profiles that have been judged before, so that shares mean something."""

    def do(told: Told) -> None:
        for number in range(count):
            known = {"Contact__c": f"003{number:012}CCC", "Status__c": "Candidate", **before}
            told.human("Reference_Profile__c", f"a01{number:012}CCC", **known)

    return do


def change_profiles(count: int, **after: Any) -> Deed:
    """The worker changes so many of them."""

    def do(told: Told) -> None:
        for number in range(count):
            told.worker("Reference_Profile__c", f"a01{number:012}CCC", **after)

    return do


def opens_a_task(subject: str, record: str = "00T000000000009AAA", **fields: Any) -> Deed:
    """The worker makes a task."""
    known = {"WhoId": CONTACT, "WhatId": MATCH, "OwnerId": OWNER, "Status": "Not Started", "IsClosed": 0}
    return worker("Task", record, Subject=subject, **{**known, "Reference_Task_Key__c": record, **fields})


def switch(*, on: bool) -> Deed:
    """The stop switch is turned."""
    return human("Sync_Run__c", "a09000000000000AAA", Kind__c="Lease", Stop_Switch__c=int(on))


def gains(*deeds: Deed) -> Deed:
    """The person may be asked for more after a second run of the day; in between, these things happened."""

    def do(told: Told) -> None:
        for deed in deeds:
            deed(told)
        told.later(hours=1)
        a_run(worker("Reference_Profile__c", PROFILE, Eligible_Types__c="Quote;Sales Call"))(told)

    return do


HOLD = "the request is on hold"
ESCALATED = {
    "Contact__c": CONTACT,
    "Account__c": ACCOUNT,
    "Status__c": "Open",
    "External_Key__c": "k",
    "Assigned_To__c": OWNER,
}
FULL = {**ESCALATED, "Evidence__c": "said so", "Due_On__c": "2026-11-30", "Route__c": "CS Leader"}
EMEA_ALONE = human("Reference_Consent__c", CONSENT, Territory__c="EMEA")
BROKEN: list[tuple[str, str, str, Deed]] = [
    # -- consent to that very use --
    ("S1", "ended today", PROPOSAL, ended),
    ("S1", "to another use", PROPOSAL, human("Reference_Consent__c", CONSENT, Use__c="Quote")),
    ("S1", "nobody can show it", OUTREACH, human("Reference_Consent__c", CONSENT, Evidence_Link__c=None)),
    ("S1", "restricted by legal", OUTREACH, human("Reference_Consent__c", CONSENT, Legal_Restriction__c=1)),
    ("S1", "not for this region", PROPOSAL, human("Reference_Consent__c", CONSENT, Territory__c="APAC")),
    ("S1", "named prospects only", SHARING, human("Reference_Consent__c", CONSENT, Audience__c="Named Prospects Only")),
    ("S1", "begins tomorrow", PROPOSAL, lambda t: t.human("Reference_Consent__c", CONSENT, Valid_From__c=t.day(1))),
    ("S1", "older than a year", PROPOSAL, lambda t: t.human("Reference_Consent__c", CONSENT, Valid_To__c=None, Valid_From__c=t.day(-366))),
    ("S1", "asked in a region it was moved to", OUTREACH, both(EMEA_ALONE, human("Reference_Request__c", REQUEST, Region__c="APAC"))),
    ("S1", "shared for another type", SHARING, human("Reference_Request__c", REQUEST, Type__c="Quote")),
    ("S1", "the ask goes on in another region", ASKED, both(EMEA_ALONE, human("Reference_Request__c", REQUEST, Region__c="APAC"), a_run(lapse_h=1))),
    # -- nothing after a withdrawal --
    ("S2", "proposed after it", PROPOSAL, withdrawn),
    ("S2", "asked after it", OUTREACH, withdrawn),
    ("S2", "shared after it", SHARING, withdrawn),
    ("S2", "refused, and no day written down", PROPOSAL, human("Reference_Consent__c", CONSENT, Status__c="Refused")),
    ("S2", "the open ask goes on", ASKED, both(withdrawn, a_run(lapse_h=1))),
    # -- no way round through a duplicate --
    ("S3", "same mailbox", PROPOSAL, twin_forbids(Email="M.Osei+News@Anvil.example", HasOptedOutOfEmail=1)),
    ("S3", "same Individual", OUTREACH, both(human("Contact", CONTACT, IndividualId=INDIVIDUAL), human("Individual", INDIVIDUAL, ShouldForget=1))),
    ("S3", "merged away", PROPOSAL, both(twin_forbids(MasterRecordId=CONTACT, Reference_Opt_Out__c=1), lambda t: t.delete("Contact", TWIN))),
    ("S3", "the person itself", SHARING, human("Contact", CONTACT, Reference_Opt_Out__c=1)),
    # -- stops --
    ("S4", "legal hold", PROPOSAL, human("Account", ACCOUNT, Legal_Hold__c=1)),
    ("S4", "dispute", OUTREACH, human("Account", ACCOUNT, In_Dispute__c=1)),
    ("S4", "churn risk not known", PROPOSAL, human("Account", ACCOUNT, Churn_Risk__c=None)),
    ("S4", "blackout", OUTREACH, lambda t: t.human("Reference_Profile__c", PROFILE, Blackouts__c=f"{t.day(0)}..{t.day(3)} away")),
    ("S4", "blackout nobody can read", PROPOSAL, human("Reference_Profile__c", PROFILE, Blackouts__c="after Easter, call first")),
    ("S4", "blackout somewhere on Earth", PROPOSAL, lambda t: t.human("Reference_Profile__c", PROFILE, Time_Zone__c=None, Blackouts__c=t.day(-1))),
    ("S4", "open case", SHARING, human("Case", CASE, AccountId=ACCOUNT, Priority="High", IsClosed=0)),
    ("S4", "open escalation", PROPOSAL, human("Reference_Escalation__c", ESCALATION, Account__c=ACCOUNT, Status__c="Open")),
    ("S4", "paused", OUTREACH, human("Reference_Profile__c", PROFILE, Paused__c=1)),
    ("S4", "left the company", SHARING, human("Contact", CONTACT, Left_Company__c=1)),
    ("qualification", "unhealthy", PROPOSAL, human("Account", ACCOUNT, Health_Score__c=74)),
    ("qualification", "survey too old", OUTREACH, lambda t: t.human("Contact", CONTACT, NPS_Date__c=t.day(-181))),
    ("qualification", "renewal in a month", SHARING, lambda t: t.human("Account", ACCOUNT, Renewal_Date__c=t.day(30))),
    # -- caps --
    ("S5", "two calls this quarter", PROPOSAL, both(call(1, 80), call(2, 40))),
    ("S5", "own limit", PROPOSAL, both(call(1, 80), human("Reference_Profile__c", PROFILE, Max_Calls_Quarter__c=1))),
    ("S5", "a call and an open ask", PROPOSAL, both(call(1, 80), call(2, 0, Status__c="Asked", Completed_On__c=None))),
    ("S5", "effort", PROPOSAL, call(1, 200, kind="Site Visit")),
    ("S5", "half a year", PROPOSAL, both(*(call(n, 100 + n, kind="Logo") for n in range(3)))),
    ("S5", "the account's", PROPOSAL, both(*(call(n, 50 + n, contact=TWIN) for n in range(3)), human("Contact", TWIN, AccountId=ACCOUNT))),
    ("S5", "three at once", FIRST, both(call(1, 80), second_match())),
    # -- one outreach an attempt --
    ("S6", "two tasks in a run", SECOND, opens_a_task("Ask this customer for a call, then enter the day")),
    ("S6", "again in the next run", ASKED, a_run(opens_a_task("Ask this customer for a call again"), lapse_h=1)),
    ("S6", "after a restart", THIRD, opens_a_task("Ask this customer for a call once more")),
    # -- assets --
    ("S7", "not published", FIRST, both(human("Reference_Asset__c", ASSET, Status__c="Draft"), shows_the_asset)),
    ("S7", "version not approved", PROPOSAL, both(human("Reference_Asset__c", ASSET, Version__c="v2"), shows_the_asset)),
    ("S7", "approved by nobody", FIRST, both(human("Reference_Asset__c", ASSET, Approved_By__c=None), shows_the_asset)),
    ("S7", "no consent to that use", SECOND, both(human("Reference_Asset__c", ASSET, Type__c="Quote"), shows_the_asset)),
    ("S7", "still shown when withdrawn", THIRD, both(worker("Reference_Request__c", REQUEST, Substitute_Asset__c=ASSET), human("Reference_Asset__c", ASSET, Status__c="Withdrawn"), lambda t: t.later(minutes=2))),
    # -- rivals --
    ("S8", "same set", PROPOSAL, both(*(human("Account", a, Competitive_Set__c="Freight") for a in (ACCOUNT, PROSPECT)))),
    ("S8", "through the parent", OUTREACH, both(human("Account", ACCOUNT, ParentId=PARENT), human("Account", PARENT, Competitive_Set__c="a; freight"), human("Account", PROSPECT, Competitive_Set__c="Freight"))),
    ("S8", "sister of the prospect", PROPOSAL, both(*(human("Account", a, ParentId=PARENT) for a in (ACCOUNT, PROSPECT)))),
    ("S8", "through a duplicate", SHARING, both(human("Contact", TWIN, Email="m.osei@anvil.example"), *(human("Account", a, Competitive_Set__c="F") for a in (RIVAL, PROSPECT)))),
    ("S8", "an asset of a rival", FIRST, both(human("Reference_Asset__c", ASSET, Account__c=RIVAL), *(human("Account", a, Competitive_Set__c="F") for a in (RIVAL, PROSPECT)), shows_the_asset)),
    ("S8", "asked for another prospect", OUTREACH, both(*(human("Account", a, Competitive_Set__c="F") for a in (ACCOUNT, RIVAL)), human("Reference_Request__c", REQUEST, Prospect_Account__c=RIVAL))),
    ("S8", "shared after it joined the set", SHARING, both(*(human("Account", a, Competitive_Set__c="F") for a in (ACCOUNT, PROSPECT)))),
    ("S8", "the ask goes on under a new parent", ASKED, both(*(human("Account", a, ParentId=PARENT) for a in (ACCOUNT, PROSPECT)), a_run(lapse_h=1))),
    # -- the forgotten --
    ("S10", "by name", OUTREACH, both(human("Contact", CONTACT, IndividualId=INDIVIDUAL), human("Individual", INDIVIDUAL, ShouldForget=1), a_run(opens_a_task("Call Marguerite Osei"), lapse_h=1))),
    ("S10", "by address", OUTREACH, both(human("Contact", CONTACT, IndividualId=INDIVIDUAL), human("Individual", INDIVIDUAL, ShouldForget=1), a_run(opens_a_task("Write", Description="to M.Osei@anvil.example"), lapse_h=1))),
    ("S10", "in an escalation", OUTREACH, both(human("Individual", INDIVIDUAL, ShouldForget=1), human("Contact", CONTACT, IndividualId=INDIVIDUAL), a_run(worker("Reference_Escalation__c", ESCALATION, Evidence__c="Marguerite Osei was unhappy"), lapse_h=1))),
    # -- stale or blind --
    ("S11", "a quarter of an hour later", FIRST, both(lambda t: t.later(minutes=16), worker("Reference_Match__c", MATCH, Rank__c=2))),
    ("S11", "for another day", END, a_run(worker("Reference_Match__c", MATCH, Rank__c=2), lapse_h=1, As_Of__c="2026-11-01")),
    ("S11", "a safety field is hidden", PROPOSAL, human("FieldPermissions", "01k000000000000AAA", PermissionsRead=0)),
    ("S11", "the set was taken away", OUTREACH, lambda t: t.delete("PermissionSetAssignment", "0Pa000000000001AAA")),
    # -- , S13, S14: monotonicity within a day --
    ("S12", "a limit forgotten", PROPOSED, gains(human("Reference_Profile__c", PROFILE, Max_Calls_Year__c=None))),
    ("S12", "a consent deleted", PROPOSED, gains(lambda t: t.delete("Reference_Consent__c", CONSENT))),
    ("S12", "a score lost", PROPOSED, gains(human("Account", ACCOUNT, Health_Score__c=None))),
    ("S13", "opted out", PROPOSED, gains(human("Contact", CONTACT, Reference_Opt_Out__c=1))),
    ("S13", "withdrawn", PROPOSED, gains(withdrawn)),
    ("S13", "paused and a lower limit", PROPOSED, gains(human("Reference_Profile__c", PROFILE, Paused__c=1, Max_Calls_Year__c=1))),
    ("S13", "a case opened", PROPOSED, gains(human("Case", CASE, AccountId=ACCOUNT, Priority="P1", IsClosed=0))),
    ("S14", "nothing happened", PROPOSED, gains(human("Account", PROSPECT, Industry="Energy"))),
    ("S14", "somebody else's health rose", PROPOSED, gains(human("Account", RIVAL, Health_Score__c=99))),
    ("S14", "a second look", PROPOSED, gains()),
    # -- fields and records of people --
    ("S15", "an owner's decision", SECOND, worker("Reference_Match__c", MATCH, Owner_Decision__c="Approved")),
    ("S15", "a profile's status", FIRST, worker("Reference_Profile__c", PROFILE, Status__c="Paused")),
    ("S15", "a task that a person made", THIRD, both(human("Task", "00T000000000008AAA", Subject="Mine", IsClosed=0), worker("Task", "00T000000000008AAA", Status="Completed"))),
    ("S15", "a task completed by its owner", THIRD, both(human("Task", DECIDE, IsClosed=1), worker("Task", DECIDE, Status="Not Started", IsClosed=0))),
    ("S15", "deletes", FIRST, lambda t: t._line("Reference_Match__c", MATCH, "005000000000001AAA", "delete", {"IsDeleted": 1})),
    # -- every effect on record --
    ("S16", "outside a run", PROPOSED, worker("Reference_Match__c", MATCH, Rank__c=3)),
    ("S16", "more than it says", END, lambda t: (run := t.begin(), t.worker("Reference_Match__c", MATCH, Rank__c=3), t.end(run, written=0))[0] and None),
    ("S16", "a run that never ended", END, both(lambda t: t.begin() and None, lambda t: t.later(hours=1), a_run(worker("Reference_Match__c", MATCH, Rank__c=3)))),
    # -- nothing reaches a customer --
    ("S17", "an e-mail", SECOND, worker("EmailMessage", "02s000000000001AAA", Subject="Hello")),
    ("S17", "a contact", FIRST, worker("Contact", CONTACT, Title="Reference")),
    ("S17", "an event", THIRD, worker("Event", "00U000000000001AAA", Subject="Reference call")),
    # -- the stop switch --
    ("S18", "a run begins", OUTREACH, switch(on=True)),
    ("S18", "a run goes on", FIRST, both(switch(on=True), lambda t: t.later(seconds=10), worker("Reference_Match__c", MATCH, Rank__c=3))),
    ("S18", "turned on again", SHARING, both(switch(on=False), switch(on=True))),
    # -- mass changes --
    ("S19", "verdicts", FIRST, both(more_profiles(30, Verdict__c="Eligible"), change_profiles(7, Verdict__c="Not Eligible"))),
    ("S19", "last types", SECOND, both(more_profiles(30, Verdict__c="Eligible", Eligible_Types__c="Logo"), change_profiles(2, Eligible_Types__c=None))),
    ("S19", "a verdict back and forth", THIRD, both(more_profiles(20, Verdict__c="Unknown"), change_profiles(5, Verdict__c="Eligible"))),
    # -- after a no --
    ("S21", "owner said no", OUTREACH, human("Reference_Match__c", MATCH, Owner_Decision__c="Declined")),
    ("S21", "customer said no", SHARING, both(human("Reference_Match__c", MATCH, Customer_Response__c="Declined"), a_run(opens_a_task("Say it again"), lapse_h=1))),
    ("S21", "no rest for that type", PROPOSAL, lambda t: t.human("Reference_Activity__c", "a05000000000009AAA", Contact__c=CONTACT, Type__c="Sales Call", Status__c="Declined", Responded_On__c=t.day(-100))),
    ("S21", "shared all the same", SHARING, human("Reference_Match__c", MATCH, Customer_Response__c="Declined")),
    # -- legal and publication --
    ("S22", "publishes", FIRST, worker("Reference_Asset__c", ASSET, Status__c="Published")),
    ("S22", "withdraws a consent", SECOND, worker("Reference_Consent__c", CONSENT, Withdrawn_On__c="2026-11-19")),
    ("S22", "lifts a hold", THIRD, worker("Account", ACCOUNT, Legal_Hold__c=0)),
    ("S22", "approves a version", THIRD, worker("Reference_Asset__c", ASSET, Approved_Version__c="v2")),
    # -- R2 and R4 and R8 --
    ("R2", "a second profile", FIRST, worker("Reference_Profile__c", "a01000000000009AAA", Contact__c=CONTACT)),
    ("R2", "a second match", SECOND, worker("Reference_Match__c", "a04000000000009AAA", Request__c=REQUEST, Profile__c=PROFILE)),
    ("R2", "a second activity", THIRD, worker("Reference_Activity__c", "a05000000000009AAA", Match__c=MATCH)),
    ("R4", "the second run writes", PROPOSED, a_run(worker("Reference_Match__c", MATCH, Rank__c=3))),
    ("R4", "after the outreach", ASKED, a_run(worker("Reference_Profile__c", PROFILE, Strength__c=3))),
    ("R4", "at the end", END, a_run(worker("Reference_Request__c", REQUEST, Reasons__c="other words"))),
    ("R8", "two at once", FIRST, lambda t: t.begin() and None),
    ("R8", "before the other's time is over", SECOND, both(lambda t: t.later(minutes=4), lambda t: t.begin() and None)),
    ("R8", "in the third run", THIRD, a_run()),
    # the life of a request
    ("life", "an owner waited for", PROPOSED, both(lambda t: t.later(days=3), a_run())),
    ("life", "a customer waited for", ASKED, both(human("Reference_Match__c", MATCH, Asked_On__c="2026-11-19"), lambda t: t.later(days=8), a_run())),
    ("life", "withdrawn and still proposed", OUTREACH, human("Reference_Request__c", REQUEST, Stage__c="Withdrawn")),
    ("life", HOLD, OUTREACH, human("Reference_Request__c", REQUEST, Stage__c="On Hold")),
    ("life", "frozen without a word", SECOND, worker("Reference_Match__c", MATCH, State__c="Frozen")),
    ("life", "late and not told so", PROPOSAL, lambda t: t.human("Reference_Request__c", REQUEST, Needed_By__c=t.day(2))),
    # cadence
    ("cadence", "two tasks for one thing", FIRST, opens_a_task("Decide: may we ask this customer for a call?")),
    ("cadence", "decided and still open", SECOND, worker("Task", DECIDE, IsClosed=0)),
    ("cadence", "asked and still open", THIRD, worker("Task", ASK, IsClosed=0)),
    ("cadence", "nobody says thank you", SHARING, call(1, 3, Thanked_On__c=None)),
    # escalations
    ("escalation", "two for one cause", SHARING, both(*(human("Reference_Escalation__c", f"a0700000000000{n}AAA", Kind__c="Negative Sentiment", **FULL) for n in range(2)))),
    ("escalation", "assigned to somebody who has left", SHARING, both(human("Reference_Escalation__c", ESCALATION, Kind__c="Negative Sentiment", **FULL), human("User", OWNER, IsActive=0))),
    ("escalation", "no evidence", SHARING, human("Reference_Escalation__c", ESCALATION, Kind__c="Negative Sentiment", **ESCALATED)),
    ("escalation", "unhappy and nobody told", SHARING, call(1, 3, Sentiment__c="Negative")),
    ("escalation", "missed and nobody told", SHARING, call(1, 3, Status__c="Missed", Completed_On__c=None, Scheduled_On__c="2026-11-18")),
    ("escalation", "a concern without a case", SHARING, human("Reference_Escalation__c", ESCALATION, Kind__c="Department Concern", **FULL)),
]  # fmt: skip


def test_a_story_that_breaks_nothing_has_no_finding() -> None:
    assert Auditor().read(story(Told()).lines).finish() == []


@pytest.mark.parametrize(("check", "what", "when", "deed"), BROKEN, ids=[f"{c}-{w}" for c, w, _, _ in BROKEN])
def test_what_is_broken_is_found_with_its_evidence(check: str, what: str, when: str, deed: Deed) -> None:
    told = story(Told(), {when: deed})
    found = [finding for finding in Auditor().read(told.lines).finish() if finding.check == check]
    assert found, f"{what} was not found"
    assert all(1 <= finding.sequence <= len(told.lines) and finding.record and finding.text for finding in found)


def test_every_invariant_is_broken_in_three_ways_at_least() -> None:
    promised = [*(f"S{n}" for n in range(1, 23) if n not in (9, 20)), "R2", "R4", "R8", "life", "cadence", "escalation"]
    assert {
        check: sum(one[0] == check for one in BROKEN) for check in promised if sum(o[0] == check for o in BROKEN) < 3
    } == {}


def test_what_people_did_within_the_same_minute_is_no_fault_of_the_workers() -> None:
    told = story(
        Told(),
        {
            FIRST: withdrawn,
            "after the proposal": lambda t: t.human(
                "Reference_Consent__c", CONSENT, Status__c="Granted", Withdrawn_On__c=None
            ),
        },
    )
    assert Auditor().read(told.lines).finish() == []


@pytest.mark.parametrize(("agreed", "found"), [("p1", 0), ("p2", 1)])
def test_a_mass_change_needs_a_person_who_agreed_to_that_very_plan(agreed: str, found: int) -> None:
    def change(told: Told) -> None:
        more_profiles(30, Verdict__c="Eligible")(told)
        told.human("Task", "00T000000000008AAA", Subject=f"Agreed to plan {agreed}")
        a_run(change_profiles(20, Verdict__c="Not Eligible"), Plan_Checksum__c="p1")(told)

    findings = Auditor().read(story(Told(), {END: change}).lines).finish()
    assert [finding.check for finding in findings] == ["S19"] * found


@pytest.mark.parametrize(
    "freed",
    [
        human("Reference_Match__c", MATCH, Owner_Decision__c="Declined"),
        human("Reference_Request__c", REQUEST, Stage__c="Withdrawn"),
    ],
    ids=["an owner said no", "a request was withdrawn"],
)
def test_what_was_held_and_is_free_again_may_be_asked_for(freed: Deed) -> None:
    found = Auditor().read(story(Told(), {PROPOSED: gains(freed)}).lines).finish()
    assert not {finding.check for finding in found} & {"S12", "S13", "S14"}


def test_a_later_consent_makes_a_withdrawal_history() -> None:
    def anew(told: Told) -> None:
        withdrawn(told)
        told.human("Reference_Consent__c", CONSENT, Withdrawn_On__c=told.day(-10))
        good = {
            "Use__c": "Sales Call",
            "Status__c": "Granted",
            "Text_Version__c": "v5",
            "Evidence_Link__c": "https://e.example",
        }
        scope = {"Territory__c": "Worldwide", "Audience__c": "Anyone", "Valid_From__c": told.day(-5)}
        told.human("Reference_Consent__c", "a02000000000002AAA", LEGAL, Contact__c=CONTACT, **good, **scope)

    assert Auditor().read(story(Told(), {PROPOSAL: anew}).lines).finish() == []


@pytest.mark.parametrize(
    ("line", "on_friday"),
    [("Fri", True), ("Fridays gym", True), ("2026-11-20", True), ("2026-11-19..2026-11-20 off", True), ("Thu", False),
     ("2026-11-21", False), ("someday", None), ("2026-13-01", None), ("2026-11-21..2026-11-19", None)],
)  # fmt: skip
def test_the_auditor_reads_blackouts_by_itself(line: str, on_friday: bool | None) -> None:
    assert covers(line, date(2026, 11, 20)) is on_friday


def test_the_auditor_tells_mailboxes_apart_by_itself() -> None:
    assert mailbox(" Ada.L+x@Example.COM ") == mailbox("ada.l@example.com")
    assert mailbox("no address") == ""


def test_the_auditor_shares_no_code_with_what_it_audits() -> None:
    for path in sorted((Path(__file__).parent / "auditor").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                assert name.split(".")[0] != "crm_sync", f"{path.name} imports {name}"
                assert not name.startswith("tests.") or name.startswith("tests.year.auditor"), (
                    f"{path.name} imports {name}"
                )
