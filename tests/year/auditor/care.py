"""Cadence and escalations at the end of a run: one task for one thing, closed when its fact is gone, and somebody for each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta

from tests.year.auditor import law
from tests.year.auditor.org import Org, day_of
from tests.year.auditor.people import Persons

QUEUE = "00G"
"""What ids of queues begin with."""


def cadence(persons: Persons, today: date) -> Iterator[tuple[str, str, str]]:
    """What is wrong with the worker's tasks: (check, record, sentence)."""
    org = persons.org
    mine = [row for row in org.rows("Task") if row.get("Reference_Task_Key__c")]
    open_ones = [row for row in mine if not row.get("IsClosed")]
    same = Counter((stem(row.get("Subject")), row.get("WhoId"), row.get("WhatId")) for row in open_ones)
    for row in open_ones:
        name = (stem(row.get("Subject")), row.get("WhoId"), row.get("WhatId"))
        if same[name] > 1:
            yield "cadence", row["Id"], f"{same[name]} open tasks say {name[0]!r} about the same"
        yield from (("cadence", row["Id"], text) for text in _outlived(org, row))
    thanked = {row.get("WhatId") for row in mine if str(row.get("Subject")).startswith(law.THANKS)}
    for activity in org.rows("Reference_Activity__c"):
        done = day_of(activity.get("Completed_On__c"))
        recent = done is not None and today - timedelta(days=law.THANK_YOU_LOOKED_FOR) <= done <= today
        due = recent and activity.get("Status__c") == "Completed" and not activity.get("Thanked_On__c")
        if due and activity["Id"] not in thanked:
            yield "cadence", activity["Id"], f"it took place on {done} and nobody is told to say thank you"


def stem(subject: object) -> str:
    """What a task is about, without the date in it."""
    return " ".join(str(subject or "").split()[:4])


def _outlived(org: Org, task: dict[str, object]) -> Iterator[str]:
    subject, what = str(task.get("Subject")), str(task.get("WhatId"))
    match, activity = org.row("Reference_Match__c", what), org.row("Reference_Activity__c", what)
    if subject.startswith(law.DECISION) and match.get("Owner_Decision__c"):
        yield f"the owner has decided on {match['Id']}, and the task is open"
    if subject.startswith(law.OUTREACH) and (match.get("Asked_On__c") or match.get("Customer_Response__c")):
        yield f"the customer was asked for {match['Id']}, and the task is open"
    if subject.startswith(law.THANKS) and activity.get("Thanked_On__c"):
        yield f"thanks were said for {activity['Id']}, and the task is open"


def escalations(persons: Persons, today: date) -> Iterator[tuple[str, str, str]]:
    """What is wrong with escalations: (check, record, sentence)."""
    org = persons.org
    open_ones = [row for row in org.rows("Reference_Escalation__c") if row.get("Status__c") != "Closed"]
    causes = Counter((row.get("Kind__c"), _about(row)) for row in open_ones)
    for row in open_ones:
        kind, who = row.get("Kind__c"), _about(row)
        if kind in ("Negative Sentiment", "Repeated Overuse") and causes[kind, who] > 1:
            yield "escalation", row["Id"], f"{causes[kind, who]} open records of {kind} about {who}"
        assigned = org.row("User", row.get("Assigned_To__c"))
        queued = not row.get("Assigned_To__c") and str(row.get("OwnerId")).startswith(QUEUE)
        if row.get("External_Key__c") and not queued and not assigned.get("IsActive"):
            yield "escalation", row["Id"], f"it is assigned to {row.get('Assigned_To__c')}, who cannot act"
        if row.get("External_Key__c") and not (row.get("Evidence__c") and row.get("Due_On__c") and row.get("Route__c")):
            yield "escalation", row["Id"], "it has no evidence, no clock or no route"
        if kind == "Department Concern" and row.get("External_Key__c") and not row.get("Case__c"):
            yield "escalation", row["Id"], "a department's concern has no case"
    raised = {(row.get("Kind__c"), row.get("Contact__c")) for row in org.rows("Reference_Escalation__c")}
    for activity in org.rows("Reference_Activity__c"):
        if _is_recent(org, activity, today):
            yield from (("escalation", activity["Id"], text) for text in _not_raised(activity, raised))


def _about(row: dict[str, object]) -> object:
    """The person, or the account where a record is about all of it."""
    return row.get("Contact__c") or row.get("Account__c")


def _is_recent(org: Org, activity: dict[str, object], today: date) -> bool:
    match = org.row("Reference_Match__c", str(activity.get("Match__c")))
    fields = ("Completed_On__c", "Scheduled_On__c", "Responded_On__c", "Asked_On__c")
    days = [day_of(activity.get(field) or match.get(field)) for field in fields]
    latest = next((day for day in days if day), None)
    return latest is not None and today - timedelta(days=law.THANK_YOU_LOOKED_FOR) <= latest <= today


def _not_raised(activity: dict[str, object], raised: set[tuple[object, object]]) -> Iterator[str]:
    who = activity.get("Contact__c")
    wanted = {
        "Negative Sentiment": activity.get("Sentiment__c") == "Negative",
        "Missed Commitment": activity.get("Status__c") == "Missed",
        "Department Concern": bool(activity.get("Concern_Department__c")),
    }
    yield from (f"nobody is told of it: {kind}" for kind, so in wanted.items() if so and (kind, who) not in raised)
