"""S5: no cap exceeded for a person or an account, open asks included; counted anew from dated records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from tests.year.auditor import law
from tests.year.auditor.effects import is_refused
from tests.year.auditor.org import Org, Row, day_of
from tests.year.auditor.people import Persons

OPEN = ("Asked", "Accepted", "Scheduled")
GONE = ("Superseded", "Closed")


@dataclass(frozen=True)
class Use:
    """One use, or one open ask, which has no day yet."""

    type: str
    day: date | None
    record: str


def uses(persons: Persons, contact: str | None, today: date) -> Iterator[Use]:
    """Everything that counts against a person's caps."""
    for one in persons.records_of(contact):
        yield from uses_of_contact(persons.org, one, today)


def uses_of_contact(org: Org, contact: str, today: date) -> Iterator[Use]:
    """Everything that counts on one contact record."""
    for activity in org.pointing("Reference_Activity__c", "Contact__c", contact):
        yield from _of_activity(org, activity)
    for profile in org.pointing("Reference_Profile__c", "Contact__c", contact):
        for match in org.pointing("Reference_Match__c", "Profile__c", profile["Id"]):
            if not any(org.pointing("Reference_Activity__c", "Match__c", match["Id"])):
                yield from _of_match(org, match, today)


def _of_activity(org: Org, activity: Row) -> Iterator[Use]:
    match, status, kind = (
        org.row("Reference_Match__c", activity.get("Match__c")),
        activity.get("Status__c"),
        activity.get("Type__c"),
    )
    if status in ("Completed", "Missed"):
        field = "Completed_On__c" if status == "Completed" else "Scheduled_On__c"
        yield Use(str(kind), day_of(activity.get(field) or match.get("Completed_On__c")), activity["Id"])
    elif status in OPEN and match.get("Completed_On__c"):
        yield Use(str(kind), day_of(match["Completed_On__c"]), activity["Id"])
    elif status in OPEN and match.get("Customer_Response__c") != "Declined":
        lapsed = status == "Asked" and match.get("State__c") in GONE and not match.get("Customer_Response__c")
        if not lapsed:
            yield Use(str(kind), None, activity["Id"])


def _of_match(org: Org, match: Row, today: date) -> Iterator[Use]:
    kind = str(org.row("Reference_Request__c", match.get("Request__c")).get("Type__c"))
    if match.get("Completed_On__c"):
        yield Use(kind, day_of(match["Completed_On__c"]), match["Id"])
    elif not is_refused(match) and match.get("State__c") not in GONE:
        held = day_of(match.get("Reserved_Until__c"))
        if match.get("Asked_On__c") or match.get("Customer_Response__c") or (held is not None and held >= today):
            yield Use(kind, None, match["Id"])


def s5(persons: Persons, contact: str | None, kind: str, today: date) -> Iterator[str]:
    """S5: what is held and used stays within every cap that counts this type."""
    account = persons.org.row("Contact", contact).get("AccountId")
    mine = list(uses(persons, contact, today))
    colleagues = persons.org.pointing("Contact", "AccountId", account)
    theirs = [use for one in colleagues for use in uses_of_contact(persons.org, one["Id"], today)]
    for name, whose, types, measure, limit, days, field in law.CAPS:
        if kind not in types:
            continue
        rows = persons.profiles(contact) if whose == "person" else [persons.org.row("Account", account)]
        most = min([float(limit), *(float(row[field]) for row in rows if row.get(field) is not None)])
        counted = _amount(mine if whose == "person" else theirs, types, measure, today - timedelta(days=days))
        if counted > most + 1e-9:
            yield f"{counted:g} {name}, at most {most:g}"


def _amount(found: Iterable[Use], types: tuple[str, ...], measure: str, since: date) -> float:
    counting = [use for use in found if use.type in types and (use.day is None or use.day > since)]
    return sum(law.EFFORT[use.type] if measure == "effort" else 1.0 for use in counting)
