"""A journal written by hand, line by line, and one small story in it that breaks nothing: the auditor's own test material.

`story(told, at)` tells it; `at` names points of it at which a test lets something else happen.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from tests.year.auditor import law

WORKER, OWNER, REP, PROGRAM, LEGAL = (f"00500000000000{n}AAA" for n in range(1, 6))
ACCOUNT, PROSPECT, RIVAL, PARENT = (f"00100000000000{n}AAA" for n in range(1, 5))
CONTACT, TWIN = "003000000000001AAA", "003000000000002AAA"
INDIVIDUAL, PROFILE, CONSENT, REQUEST = (
    "0PK000000000001AAA",
    "a01000000000001AAA",
    "a02000000000001AAA",
    "a03000000000001AAA",
)
MATCH, ACTIVITY, ASSET, CASE = "a04000000000001AAA", "a05000000000001AAA", "a06000000000001AAA", "500000000000001AAA"
ESCALATION, DECIDE, ASK, ARRANGE = (
    "a07000000000001AAA",
    "00T000000000001AAA",
    "00T000000000002AAA",
    "00T000000000003AAA",
)
START = date(2026, 11, 18)
"""A Wednesday."""

At = Mapping[str, Callable[["Told"], None]]


class Told:
    """A journal in the making."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []
        self.now = datetime(START.year, START.month, START.day, 6, tzinfo=UTC)
        self._rows: dict[str, dict[str, Any]] = {}
        self._runs = 0
        self._begun_at = 0

    @property
    def today(self) -> date:
        """The day it is."""
        return self.now.date()

    def day(self, days: int) -> str:
        """A day before or after today."""
        return (self.today + timedelta(days=days)).isoformat()

    def human(self, name: str, record: str, who: str = PROGRAM, **fields: Any) -> None:
        """Somebody writes."""
        self._line(name, record, who, "update" if record in self._rows else "insert", fields)

    def worker(self, name: str, record: str, **fields: Any) -> None:
        """The worker writes."""
        self.human(name, record, WORKER, **fields)

    def delete(self, name: str, record: str, who: str = PROGRAM) -> None:
        """Somebody deletes."""
        self._line(name, record, who, "delete", {"IsDeleted": 1})

    def later(self, **lapse: float) -> None:
        """Time passes."""
        self.now += timedelta(**lapse)

    def next_day(self) -> None:
        """The next morning comes."""
        self.now = datetime.combine(self.today + timedelta(days=1), self.now.time().replace(hour=6, minute=0), UTC)

    def begin(self, **fields: Any) -> str:
        """A run begins."""
        self._runs += 1
        run, until = f"a09{self._runs:012}AAA", self.now + timedelta(minutes=5)
        known = {
            "Kind__c": "Full",
            "Status__c": "Running",
            "As_Of__c": self.today.isoformat(),
            "Lease_Until__c": stamp(until),
        }
        self.worker("Sync_Run__c", run, **{**known, "Started_At__c": stamp(self.now), **fields})
        self._begun_at = len(self.lines)
        return run

    def end(self, run: str, written: int | None = None, status: str = "Done") -> None:
        """A run ends, and says what it wrote."""
        mine = [line for line in self.lines[self._begun_at :] if line["actor"] == WORKER]
        count = len(mine) if written is None else written
        self.worker("Sync_Run__c", run, Status__c=status, Counts__c=f"written match: {count}", Lease_Until__c=None)

    def _line(self, name: str, record: str, actor: str, action: str, fields: Mapping[str, Any]) -> None:
        row = self._rows.setdefault(record, {})
        before = {field: row.get(field) for field in fields} if action != "insert" else None
        row.update(fields)
        texts = [json.dumps(before) if before is not None else None, json.dumps(dict(fields))]
        self.lines.append(
            {
                "sequence": len(self.lines) + 1,
                "time": stamp(self.now),
                "actor": actor,
                "object": name,
                "record_id": record,
                "action": action,
                "before": texts[0],
                "after": texts[1],
                "visible_at": stamp(self.now),
            }
        )


def stamp(at: datetime) -> str:
    """An instant as the org writes it."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def story(told: Told, at: At | None = None) -> Told:
    """A reference is proposed, approved, asked, says yes, and the requester is told."""
    happens = dict(at or {})

    def point(name: str) -> None:
        happens.pop(name, lambda _: None)(told)

    _records(told)
    point("before the proposal")
    told.later(hours=1)
    run = told.begin()
    told.worker("Reference_Profile__c", PROFILE, Verdict__c="Eligible", Eligible_Types__c="Sales Call")
    held = {"Recommended__c": 1, "State__c": "Proposed", "Attempt__c": 1.0, "Decide_By__c": told.day(2)}
    told.worker(
        "Reference_Match__c", MATCH, Request__c=REQUEST, Profile__c=PROFILE, Reserved_Until__c=told.day(9), **held
    )
    told.worker("Reference_Request__c", REQUEST, Status__c="Owner Deciding", Recommended_Match__c=MATCH)
    _task(told, DECIDE, "Decide: may we ask this customer for a call?", OWNER)
    point("in the first run")
    told.end(run)
    point("after the proposal")
    told.next_day()
    told.human("Reference_Match__c", MATCH, OWNER, Owner_Decision__c="Approved", Owner_Decided_On__c=told.day(0))
    point("before the outreach")
    told.later(hours=1)
    run = told.begin()
    told.worker("Reference_Match__c", MATCH, Gate_Verdict__c="Passed")
    told.worker("Task", DECIDE, Status="Completed", IsClosed=1)
    _task(told, ASK, "Ask this customer for a call, then enter the day on the match", OWNER)
    point("in the second run")
    told.end(run)
    point("after the outreach")
    told.next_day()
    told.human("Reference_Match__c", MATCH, OWNER, Asked_On__c=told.day(0))
    told.human("Reference_Match__c", MATCH, OWNER, Customer_Response__c="Accepted", Responded_On__c=told.day(0))
    point("before the sharing")
    told.later(hours=1)
    run = told.begin()
    use = {
        "Contact__c": CONTACT,
        "Match__c": MATCH,
        "Request__c": REQUEST,
        "Type__c": "Sales Call",
        "Status__c": "Accepted",
    }
    told.worker("Reference_Activity__c", ACTIVITY, **use, Asked_On__c=told.day(0), External_Key__c="k")
    told.worker("Reference_Request__c", REQUEST, Status__c="Approved")
    told.worker("Task", ASK, Status="Completed", IsClosed=1)
    _task(told, ARRANGE, "A customer has agreed to a call: arrange the day with the account owner", REP, REQUEST)
    point("in the third run")
    told.end(run)
    point("at the end")
    assert not happens, f"the story has no point called {sorted(happens)}"
    return told


def _task(told: Told, record: str, subject: str, owner: str, what: str = MATCH) -> None:
    known = {"Status": "Not Started", "IsClosed": 0, "Reference_Task_Key__c": record}
    told.worker("Task", record, Subject=subject, WhoId=CONTACT, WhatId=what, OwnerId=owner, **known)


def _records(told: Told) -> None:
    people = {
        WORKER: law.WORKER,
        OWNER: "owner@v.example",
        REP: "rep@v.example",
        PROGRAM: "program@v.example",
        LEGAL: "l@v.example",
    }
    for user, name in people.items():
        told.human("User", user, Username=name, IsActive=1)
    told.human("PermissionSetAssignment", "0Pa000000000001AAA", AssigneeId=WORKER, PermissionSetId="0PS1")
    for number, name in enumerate(law.SAFETY_FIELDS):
        told.human("FieldPermissions", f"01k00000000000{number}AAA", ParentId="0PS1", Field=name, PermissionsRead=1)
    account = {
        "Region__c": "EMEA",
        "Product__c": "Core",
        "Implementation_Stage__c": "Production",
        "Churn_Risk__c": "None",
    }
    health = {"Health_Score__c": 88, "Health_Trend__c": "Steady", "Healthy_Since__c": told.day(-400)}
    dates = {"Renewal_Date__c": told.day(200), "Customer_Since__c": told.day(-900)}
    told.human(
        "Account", ACCOUNT, Name="Anvil", OwnerId=OWNER, Legal_Hold__c=0, In_Dispute__c=0, **account, **health, **dates
    )
    told.human("Account", PROSPECT, Name="Pewter", Region__c="EMEA")
    told.human("Account", RIVAL, Name="Rival")
    told.human("Account", PARENT, Name="Group")
    survey = {"NPS_Score__c": 9, "NPS_Date__c": told.day(-20)}
    told.human(
        "Contact",
        CONTACT,
        FirstName="Marguerite",
        LastName="Osei",
        Email="m.osei@anvil.example",
        AccountId=ACCOUNT,
        **survey,
    )
    told.human("Contact", TWIN, LastName="Osei", Email="somebody@else.example", AccountId=RIVAL)
    told.human("Individual", INDIVIDUAL, LastName="Osei", ShouldForget=0)
    told.human(
        "Reference_Profile__c",
        PROFILE,
        Contact__c=CONTACT,
        Status__c="Active",
        Time_Zone__c="Europe/Berlin",
        Paused__c=0,
    )
    consent = {
        "Use__c": "Sales Call",
        "Status__c": "Granted",
        "Text_Version__c": "v4",
        "Evidence_Link__c": "https://e.example",
    }
    scope = {
        "Territory__c": "Worldwide",
        "Audience__c": "Anyone",
        "Valid_From__c": told.day(-100),
        "Valid_To__c": told.day(265),
    }
    told.human("Reference_Consent__c", CONSENT, LEGAL, Contact__c=CONTACT, **consent, **scope)
    request = {"Type__c": "Sales Call", "Stage__c": "Submitted", "Needed_By__c": told.day(40), "Region__c": "EMEA"}
    told.human("Reference_Request__c", REQUEST, REP, Prospect_Account__c=PROSPECT, Requester__c=REP, **request)
    asset = {"Type__c": "Sales Call", "Status__c": "Published", "Version__c": "v1", "Approved_Version__c": "v1"}
    told.human(
        "Reference_Asset__c", ASSET, LEGAL, Account__c=ACCOUNT, Contact__c=CONTACT, Approved_By__c=LEGAL, **asset
    )
