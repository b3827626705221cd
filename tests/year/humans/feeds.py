"""What other systems deliver: account health, surveys, renewals, and support cases. A fifth of the accounts each workday."""

from __future__ import annotations

from datetime import timedelta

from tests.year.humans.day import Day, day_of
from tests.year.place import Row

HEALTHY = 70
"""The health system's own band."""
SURVEYED_EVERY = 120
SCORES = {10: 0.42, 9: 0.44, 8: 0.10, 6: 0.04}
CASES_A_YEAR = 0.35
"""Severe cases for each account of a reference."""


def deliver(day: Day) -> None:
    """Deliver this day's share."""
    mine = [p for p in day.profiles if p["Contact__r"] and _turn(day, p)]
    accounts = sorted({p["Contact__r"]["AccountId"] for p in mine if p["Contact__r"]["AccountId"]})
    if not accounts:
        return
    _health(day, accounts)
    _surveys(day, sorted({p["Contact__c"] for p in mine}))
    _cases(day, accounts)


def _turn(day: Day, profile: Row) -> bool:
    return day.dice.between(0, 4, "turn", profile["Contact__r"]["AccountId"]) == day.number % 5


def _named(ids: list[str]) -> str:
    return "(" + ", ".join(f"'{one}'" for one in ids) + ")"


def _health(day: Day, accounts: list[str]) -> None:
    rows = day.place.admin.rows(
        "SELECT Id, Health_Score__c, Healthy_Since__c, Health_Trend__c, Churn_Risk__c, Renewal_Date__c FROM Account "
        f"WHERE Id IN {_named(accounts)}"
    )
    changes = {row["Id"]: changed for row in rows if (changed := _moved(day, row))}
    day.place.admin.change_many("Account", changes)
    day.acts["health delivered"] = day.acts.get("health delivered", 0) + len(changes)


def _moved(day: Day, row: Row) -> dict[str, object]:
    what, changed = (row["Id"], day.number), {}
    score = row["Health_Score__c"]
    if score is not None:
        step = day.dice.weigh({0: 0.75, 2: 0.09, -2: 0.09, 5: 0.03, -5: 0.03, -18: 0.01}, "health", *what)
        step += 3 if score < 78 and day.dice.happens(0.3, "recovers", *what) else 0
        new = max(20, min(100, score + step))
        if new != score:
            changed["Health_Score__c"] = new
            changed["Health_Trend__c"] = "Rising" if new > score else "Falling" if score - new >= 5 else "Steady"
        elif row["Health_Trend__c"] == "Falling":
            changed["Health_Trend__c"] = "Steady"
        if new < HEALTHY:
            changed["Healthy_Since__c"] = None
        elif row["Healthy_Since__c"] is None or score < HEALTHY:
            changed["Healthy_Since__c"] = day.today.isoformat()
    risk = row["Churn_Risk__c"]
    if risk in ("Watch", "Active") and day.dice.happens(0.15, "risk goes", *what):
        changed["Churn_Risk__c"] = "None"
    elif risk == "None" and day.dice.happens(0.004, "risk comes", *what):
        changed["Churn_Risk__c"] = day.dice.pick(("Watch", "Watch", "Active"), "risk", *what)
    renewal = day_of(row["Renewal_Date__c"])
    if renewal and renewal < day.today:
        changed["Renewal_Date__c"] = (renewal + timedelta(days=365)).isoformat()
    return changed


def _surveys(day: Day, contacts: list[str]) -> None:
    rows = day.place.admin.rows(
        f"SELECT Id, NPS_Score__c, NPS_Date__c FROM Contact WHERE Id IN {_named(contacts)} AND NPS_Date__c != null"
    )
    changes = {}
    for row in rows:
        asked = day_of(row["NPS_Date__c"])
        if (
            asked
            and (day.today - asked).days >= SURVEYED_EVERY
            and day.dice.happens(0.5, "answers", row["Id"], day.number)
        ):
            score = day.dice.weigh(SCORES, "score", row["Id"], day.number)
            changes[row["Id"]] = {"NPS_Score__c": score, "NPS_Date__c": day.today.isoformat()}
    day.place.admin.change_many("Contact", changes)
    day.acts["surveys answered"] = day.acts.get("surveys answered", 0) + len(changes)


def _cases(day: Day, accounts: list[str]) -> None:
    for account in accounts:
        if day.dice.happens(CASES_A_YEAR / 50, "severe case", account, day.number):
            priority = day.dice.pick(("P1", "P2", "High", "Critical"), "priority", account, day.number)
            day.place.admin.create(
                "Case", AccountId=account, Subject="Boards do not load", Priority=priority, Status="New", Origin="Phone"
            )
            day.note("severe case opened")
    rows = day.place.admin.rows(
        "SELECT Id, CreatedDate FROM Case WHERE IsClosed = false AND Priority IN ('P1', 'P2', 'High', 'Critical') "
        f"AND AccountId IN {_named(accounts)} AND Reference_Case_Key__c = null"
    )
    for row in rows:
        if day.is_due(row["CreatedDate"], day.dice.between(2, 12, "case closes after", row["Id"])):
            day.place.admin.change("Case", row["Id"], Status="Closed")
            day.note("severe case closed")
