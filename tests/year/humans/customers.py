"""Customers, through whoever writes it down: they withdraw one use or all, opt out, ask to be forgotten, and leave.

Those who are being asked right now are the ones most likely to.
"""

from __future__ import annotations

from collections.abc import Sequence

from tests.year.humans.day import Day
from tests.year.place import Row

A_YEAR = {
    "withdraws one": 10,
    "withdraws all": 5,
    "opts out": 4,
    "no e-mail": 2,
    "forget": 3,
    "leaves": 5,
    "turns up twice": 4,
}
"""How many do what in a year (of 250 workdays)."""
WORKDAYS = 250
WHILE_ASKED = 0.6
"""Of those, the share who do it while an ask is open."""


def make_themselves_heard(day: Day) -> None:
    """Let each kind of thing happen about as often as it does."""
    for what, times in A_YEAR.items():
        for number in range(day.dice.count(times / WORKDAYS, what, day.number)):
            profile = _somebody(day, what, number)
            if profile is not None:
                DO[what](day, profile)
                day.note(f"customer {what}")


def _somebody(day: Day, what: str, number: int) -> Row | None:
    known = {p["Contact__c"]: p for p in day.profiles if p["Status__c"] == "Active"}
    asked = sorted({a["Contact__c"] for a in day.activities if a["Status__c"] in ("Asked", "Accepted", "Scheduled")})
    asked = [contact for contact in asked if contact in known]
    among: Sequence[str] = sorted(known)
    if asked and day.dice.happens(WHILE_ASKED, what, day.number, number, "while asked"):
        among = asked
    return known[day.dice.pick(among, what, day.number, number)] if among else None


def _withdraw(day: Day, profile: Row, *, everything: bool) -> None:
    rows = day.place.admin.rows(
        "SELECT Id, Use__c FROM Reference_Consent__c WHERE Status__c = 'Granted' "
        f"AND Contact__c = '{profile['Contact__c']}' ORDER BY Id"
    )
    if not rows:
        return
    gone = rows if everything else [day.dice.pick(rows, "withdrawn use", profile["Id"], day.number)]
    legal = day.people.holder("Legal Reviewer")
    for row in gone:
        legal.change("Reference_Consent__c", row["Id"], Status__c="Withdrawn", Withdrawn_On__c=day.today.isoformat())


def _withdraw_one(day: Day, profile: Row) -> None:
    _withdraw(day, profile, everything=False)


def _withdraw_all(day: Day, profile: Row) -> None:
    _withdraw(day, profile, everything=True)


def _opt_out(day: Day, profile: Row) -> None:
    owner = day.people.user((profile["Contact__r"]["Account"] or {}).get("OwnerId"))
    owner.change("Contact", profile["Contact__c"], Reference_Opt_Out__c=True)


def _no_email(day: Day, profile: Row) -> None:
    day.place.admin.change("Contact", profile["Contact__c"], HasOptedOutOfEmail=True)


def _forget(day: Day, profile: Row) -> None:
    """The wish stands on the person's Individual, which may have to be made first."""
    individual = profile["Contact__r"]["IndividualId"]
    if individual is None:
        individual = day.place.admin.create("Individual", LastName="Asked to be forgotten")
        day.place.admin.change("Contact", profile["Contact__c"], IndividualId=individual)
    day.place.admin.change("Individual", individual, ShouldForget=True)


def _leave(day: Day, profile: Row) -> None:
    owner = day.people.user((profile["Contact__r"]["Account"] or {}).get("OwnerId"))
    owner.change("Contact", profile["Contact__c"], Left_Company__c=True)


def _turn_up_twice(day: Day, profile: Row) -> None:
    """Marketing imports the same person again, sometimes with an opt-out; later somebody merges the two."""
    (row,) = day.place.admin.rows(
        f"SELECT Email, LastName, AccountId FROM Contact WHERE Id = '{profile['Contact__c']}'"
    )
    if not row["Email"]:
        return
    mailbox, _, domain = row["Email"].partition("@")
    day.place.admin.create(
        "Contact",
        LastName=row["LastName"],
        Email=f"{mailbox.upper()}+news@{domain}",
        AccountId=row["AccountId"],
        HasOptedOutOfEmail=day.dice.happens(0.5, "duplicate opted out", profile["Id"]),
    )


DO = {
    "withdraws one": _withdraw_one,
    "withdraws all": _withdraw_all,
    "opts out": _opt_out,
    "no e-mail": _no_email,
    "forget": _forget,
    "leaves": _leave,
    "turns up twice": _turn_up_twice,
}
