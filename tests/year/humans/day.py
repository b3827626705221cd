"""One business day as the people of the org see it: who is who, what is on their desks, and how many days have gone by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property, lru_cache

from tests.year.humans.dice import Dice
from tests.year.place import Colleague, Place, Row, assign_permissions

HOLIDAYS = ((1, 1), (5, 1), (12, 25), (12, 26))
"""The sample org's own, every year."""


def is_workday(day: date) -> bool:
    """Whether anybody is at their desk."""
    return day.weekday() < 5 and (day.month, day.day) not in HOLIDAYS


def workdays_after(day: date, number: int) -> date:
    """The day that lies so many workdays later."""
    while number > 0:
        day += timedelta(days=1)
        number -= is_workday(day)
    return day


@lru_cache(maxsize=4096)
def workdays_between(start: date, end: date) -> int:
    """How many workdays lie after `start`, up to `end`."""
    return sum(is_workday(start + timedelta(days=offset + 1)) for offset in range((end - start).days))


def day_of(text: str | None) -> date | None:
    """Read a date, or the date of an instant, as REST writes it."""
    return date.fromisoformat(text[:10]) if text else None


class Directory:
    """The colleagues of the sample org: who they are and what they may do."""

    def __init__(self, place: Place) -> None:
        self.place = place
        rows = place.admin.rows(
            "SELECT Id, Username, Title, IsActive, Reference_Role__c FROM User WHERE Username LIKE '%@vendor.example'"
        )
        self.users: dict[str, Row] = {row["Id"]: row for row in rows}
        self.reps = [row["Id"] for row in rows if row["Title"] == "Account Executive"]
        self.owners = [row["Id"] for row in rows if row["Title"] == "Customer Success Manager" and row["IsActive"]]
        self.role = {row["Reference_Role__c"]: row["Id"] for row in rows if row["Reference_Role__c"]}
        self.gone = {row["Id"] for row in rows if not row["IsActive"]}

    def hire(self) -> None:
        """Give everybody their permission sets."""
        names = {key: row["Username"] for key, row in self.users.items() if key not in self.gone}
        leader, sponsor = self.role["CS Leader"], self.role["Sponsor"]
        sets: dict[str, Iterable[str]] = {
            "Reference_Account_Owner": [*self.owners, leader],
            "Reference_Requester": self.reps,
            "Reference_Program_Owner": [self.role["Program Owner"]],
            "Reference_Legal_Reviewer": [self.role["Legal Reviewer"]],
            "Reference_Viewer": [sponsor],
        }
        assign_permissions(self.place, {name: [names[key] for key in keys] for name, keys in sets.items()})

    def user(self, user_id: str | None) -> Colleague:
        """A colleague by id; for somebody who has left, the program owner."""
        known = self.users.get(user_id or "")
        if known is None or user_id in self.gone:
            known = self.users[self.role["Program Owner"]]
        return self.place.colleague(known["Username"])

    def holder(self, role: str) -> Colleague:
        """The colleague who holds a role of the program."""
        return self.user(self.role[role])


@dataclass
class Day:
    """One day: the org, the people, their chance, and what they read in the morning."""

    place: Place
    people: Directory
    dice: Dice
    today: date
    number: int
    demand_a_day: float
    acts: dict[str, int] = field(default_factory=dict)

    def note(self, act: str) -> None:
        """Count an act."""
        self.acts[act] = self.acts.get(act, 0) + 1

    def is_due(self, since: str | None, workdays: int) -> bool:
        """Whether so many workdays have gone by since a day."""
        start = day_of(since)
        return start is not None and workdays_between(start, self.today) >= workdays

    @cached_property
    def tasks(self) -> list[Row]:
        """The worker's open tasks."""
        return self.place.admin.rows(
            "SELECT Id, Subject, OwnerId, WhoId, WhatId, ActivityDate, Status, CreatedDate FROM Task "
            "WHERE IsClosed = false AND Reference_Task_Key__c != null ORDER BY Id"
        )

    @cached_property
    def matches(self) -> Mapping[str, Row]:
        """Every match that somebody has something to do with, by id."""
        rows = self.place.admin.rows(
            "SELECT Id, Request__c, Request__r.Type__c, Request__r.Needed_By__c, Request__r.Stage__c, Profile__r.Contact__c, "
            "State__c, Recommended__c, Gate_Verdict__c, Owner_Decision__c, Owner_Decided_On__c, Asked_On__c, "
            "Customer_Response__c, Responded_On__c, Scheduled_For__c, Completed_On__c, Decide_By__c, Attempt__c "
            "FROM Reference_Match__c WHERE Recommended__c = true OR Owner_Decision__c != null ORDER BY Id"
        )
        return {row["Id"]: row for row in rows}

    @cached_property
    def activities(self) -> list[Row]:
        """Every ask and use that is open or was touched lately."""
        since = self.today - timedelta(days=45)
        return self.place.admin.rows(
            "SELECT Id, Contact__c, Contact__r.Account.OwnerId, Match__c, Request__c, Type__c, Status__c, Scheduled_On__c, "
            "Completed_On__c, Sentiment__c, Thanked_On__c, Requester_Feedback__c, External_Key__c, Asked_On__c, Note__c "
            f"FROM Reference_Activity__c WHERE CreatedDate >= {since}T00:00:00Z OR Status__c IN "
            "('Asked', 'Accepted', 'Scheduled') ORDER BY Id"
        )

    @cached_property
    def profiles(self) -> list[Row]:
        """Every profile, with the person and the account."""
        return self.place.admin.rows(
            "SELECT Id, Contact__c, Contact__r.AccountId, Contact__r.Account.OwnerId, Contact__r.IndividualId, Status__c, "
            "Verdict__c, Approved_Types__c, Briefed_Types__c, Paused__c, Pause_Reason__c, Blackouts__c, Max_Calls_Quarter__c "
            "FROM Reference_Profile__c ORDER BY Id"
        )
