"""Account owners: they decide, ask their customer, enter the answer, arrange the day, note how it went, and say thank you.

Some are slow, some never answer; some write on the match and some on the activity.
"""

from __future__ import annotations

from datetime import date, timedelta

from tests.year.humans.day import Day, day_of, is_workday, workdays_after
from tests.year.place import Row

OWNER = {"approve": 0.82, "decline": 0.08, "ignore": 0.10}
CUSTOMER = {"Accepted": 0.72, "Declined": 0.12, "silent": 0.16}
OUTCOME = {"Completed": 0.92, "Missed": 0.05, "Cancelled": 0.03}
MOOD = {"Positive": 0.86, "Neutral": 0.10, "Negative": 0.04}
CONCERNS = 0.03
NEVER_ASKS = 0.05
LATE_YES = 0.15


def work(day: Day) -> None:
    """Work through the open tasks and everything under way."""
    for task in day.tasks:
        if task["Subject"].startswith("Decide: may we ask"):
            _decide(day, task)
        elif task["Subject"].startswith("Ask this customer for"):
            _ask(day, task)
    for match in day.matches.values():
        if match["Asked_On__c"] and not match["Customer_Response__c"]:
            _enter_answer(day, match)
        elif match["Customer_Response__c"] == "Accepted" and not match["Scheduled_For__c"]:
            _arrange(day, match)
    by_match = {row["Match__c"]: row for row in day.activities if row["Match__c"]}
    for match in day.matches.values():
        _hold(day, match, by_match.get(match["Id"]))
    for activity in day.activities:
        _look_back(day, activity)


def _pair(match: Row) -> tuple[str, int]:
    """What chance hangs on: the request, and the how-manieth person it is; so it is nobody's luck whom a request met."""
    return match["Request__c"], int(match["Attempt__c"] or 0)


def _decide(day: Day, task: Row) -> None:
    match = day.matches.get(task["WhatId"])
    if match is None or match["Owner_Decision__c"]:
        return
    pair = _pair(match)
    answer = day.dice.weigh(OWNER, "owner", *pair)
    if answer == "ignore" or not day.is_due(task["CreatedDate"], day.dice.between(0, 2, "decides after", *pair)):
        return
    decision = "Approved" if answer == "approve" else "Declined"
    changed = {"Owner_Decision__c": decision, "Owner_Decided_On__c": day.today.isoformat()}
    day.people.user(task["OwnerId"]).change("Reference_Match__c", match["Id"], **changed)
    match |= changed
    day.note(f"owner {answer}s")
    if day.dice.happens(0.3, "closes own task", task["Id"]):
        day.people.user(task["OwnerId"]).change("Task", task["Id"], Status="Completed")


def _ask(day: Day, task: Row) -> None:
    match = day.matches.get(task["WhatId"])
    if match is None or match["Asked_On__c"] or match["Gate_Verdict__c"] != "Passed" or task["Status"] == "Deferred":
        return
    pair = _pair(match)
    if day.dice.happens(NEVER_ASKS, "never asks", *pair):
        return
    if day.is_due(task["CreatedDate"], day.dice.between(0, 2, "asks after", *pair)):
        day.people.user(task["OwnerId"]).change("Reference_Match__c", match["Id"], Asked_On__c=day.today.isoformat())
        match["Asked_On__c"] = day.today.isoformat()
        day.note("customer asked")


def _enter_answer(day: Day, match: Row) -> None:
    pair = _pair(match)
    answer = day.dice.weigh(CUSTOMER, "customer", *pair)
    after = day.dice.between(1, 4, "answers after", *pair)
    if answer == "silent":
        if not day.dice.happens(LATE_YES, "late yes", *pair):
            return
        answer, after = "Accepted", 8
    if match["State__c"] == "Frozen" or not day.is_due(match["Asked_On__c"], after):
        return
    changed = {"Customer_Response__c": answer, "Responded_On__c": day.today.isoformat()}
    _owner_of(day, match).change("Reference_Match__c", match["Id"], **changed)
    match |= changed
    day.note("customer says yes" if answer == "Accepted" else "customer says no")


def _owner_of(day: Day, match: Row) -> object:
    contact = (match["Profile__r"] or {}).get("Contact__c")
    row = next((p for p in day.profiles if p["Contact__c"] == contact), None)
    account = ((row or {}).get("Contact__r") or {}).get("Account") or {}
    return day.people.user(account.get("OwnerId"))


def _arrange(day: Day, match: Row) -> None:
    if match["State__c"] != "Proposed" or not day.is_due(match["Responded_On__c"], 1):
        return
    needed_by = day_of((match["Request__r"] or {}).get("Needed_By__c")) or day.today + timedelta(days=30)
    first = workdays_after(day.today, 2)
    on = max(first, _workday_before(needed_by, day.dice.between(0, 5, "spare days", match["Id"])))
    _owner_of(day, match).change("Reference_Match__c", match["Id"], Scheduled_For__c=f"{on}T10:00:00.000Z")
    match["Scheduled_For__c"] = f"{on}T10:00:00.000Z"
    day.note("day arranged")


def _workday_before(day: date, number: int) -> date:
    day -= timedelta(days=number)
    while not is_workday(day):
        day -= timedelta(days=1)
    return day


def _hold(day: Day, match: Row, activity: Row | None) -> None:
    """On the day itself: it takes place, somebody misses it, or it is called off."""
    on = day_of(match["Scheduled_For__c"])
    if on is None or on > day.today or match["Completed_On__c"] or match["State__c"] != "Proposed" or activity is None:
        return
    if activity["Status__c"] not in ("Asked", "Accepted", "Scheduled"):
        return
    owner, outcome = _owner_of(day, match), day.dice.weigh(OUTCOME, "outcome", *_pair(match))
    day.note(outcome.lower())
    if outcome == "Completed" and day.dice.happens(0.5, "on the match", match["Id"]):
        owner.change("Reference_Match__c", match["Id"], Completed_On__c=day.today.isoformat())
    elif outcome == "Completed":
        done = {"Status__c": outcome, "Completed_On__c": day.today.isoformat(), "Scheduled_On__c": on.isoformat()}
        owner.change("Reference_Activity__c", activity["Id"], **done, Minutes_Spent__c=30)
    elif outcome == "Missed":
        who = day.dice.pick(("Customer", "Sales Rep", "Us"), "missed by", match["Id"])
        missed = {"Status__c": outcome, "Missed_By__c": who, "Scheduled_On__c": on.isoformat()}
        owner.change("Reference_Activity__c", activity["Id"], **missed)
    else:
        owner.change("Reference_Activity__c", activity["Id"], Status__c=outcome)


def _look_back(day: Day, activity: Row) -> None:
    """After a use: how the customer felt, a concern if they had one, and a thank-you sooner or later."""
    done = activity["Completed_On__c"] or _completed_on_match(day, activity)
    if not done or not day.is_due(done, 1) or day.today - date.fromisoformat(done) > timedelta(days=40):
        return
    owner, what = day.people.user(((activity["Contact__r"] or {}).get("Account") or {}).get("OwnerId")), activity["Id"]
    changed: dict[str, object] = {}
    if not activity["Sentiment__c"]:
        changed["Sentiment__c"] = day.dice.weigh(MOOD, "mood", activity["Request__c"], activity["Type__c"])
        day.note(f"sentiment {str(changed['Sentiment__c']).lower()}")
        if changed["Sentiment__c"] == "Negative":
            changed["Issues__c"] = "Felt ambushed with pricing questions."
        if day.dice.happens(CONCERNS, "concern", activity["Request__c"], activity["Type__c"]):
            department = day.dice.pick(("Support", "Billing", "Product", "Delivery"), "department", what)
            changed |= {"Concern_Department__c": department, "Issues__c": "Waited two weeks for an answer."}
            day.note("concern raised")
    if not activity["Thanked_On__c"] and day.is_due(done, day.dice.between(1, 4, "thanks after", what)):
        changed["Thanked_On__c"] = day.today.isoformat()
        day.note("thanked")
    if changed:
        owner.change("Reference_Activity__c", what, **changed)


def _completed_on_match(day: Day, activity: Row) -> str | None:
    match = day.matches.get(activity["Match__c"] or "")
    return match["Completed_On__c"] if match else None
