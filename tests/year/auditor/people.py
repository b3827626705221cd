"""Who is the same human being, where they are, and what they forbid.

One Individual, one mailbox (case and +tag aside), or a chain of merges make contact records one person; what any of them
forbids holds for all, a merged-away one included.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from tests.year.auditor import law
from tests.year.auditor.org import Entry, Org, Row, day_of

DAY = re.compile(r"(\d{4}-\d\d-\d\d)(?:\s*\.\.\s*(\d{4}-\d\d-\d\d))?(\s.*)?$")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Mailboxes:
    """Which contacts share a mailbox, kept up to date entry by entry."""

    def __init__(self) -> None:
        self._contacts: dict[str, set[str]] = defaultdict(set)
        self._of: dict[str, str] = {}

    def note(self, entry: Entry) -> None:
        """Follow one entry."""
        if entry.object == "Contact" and "Email" in entry.after:
            self._contacts[self._of.pop(entry.record, "")].discard(entry.record)
            box = mailbox(entry.after["Email"])
            if box:
                self._of[entry.record] = box
                self._contacts[box].add(entry.record)

    def sharing(self, contact: str) -> set[str]:
        """The contacts with this contact's mailbox."""
        return self._contacts[self._of[contact]] if contact in self._of else set()


def mailbox(address: object) -> str:
    """An address without case and +tag."""
    name, _, host = str(address or "").strip().casefold().rpartition("@")
    return f"{name.partition('+')[0]}@{host}" if name and host else ""


@dataclass(frozen=True)
class Persons:
    """The persons of an org."""

    org: Org
    mailboxes: Mailboxes

    def homes(self, contact: str | None) -> list[str]:
        """The companies of every record of this person."""
        rows = (self.org.row("Contact", one) for one in self.records_of(contact))
        return sorted({row["AccountId"] for row in rows if row.get("AccountId")})

    def records_of(self, contact: str | None) -> list[str]:
        """Every contact record of this person, merged-away ones included."""
        found: set[str] = set()
        waiting = [contact] if contact else []
        while waiting:
            one = waiting.pop()
            if one in found:
                continue
            found.add(one)
            row = self.org.row("Contact", one, deleted=True)
            waiting += self.mailboxes.sharing(one)
            waiting += [row["MasterRecordId"]] if row.get("MasterRecordId") else []
            waiting += [r["Id"] for r in self.org.pointing("Contact", "MasterRecordId", one, deleted=True)]
            if row.get("IndividualId"):
                waiting += [
                    r["Id"] for r in self.org.pointing("Contact", "IndividualId", row["IndividualId"], deleted=True)
                ]
        return sorted(found)

    def profiles(self, contact: str | None) -> Iterator[Row]:
        """Every profile of this person."""
        for one in self.records_of(contact):
            yield from self.org.pointing("Reference_Profile__c", "Contact__c", one)

    def wishes(self, contact: str | None) -> Iterator[str]:
        """What the person, or a duplicate of them, has asked for."""
        for one in self.records_of(contact):
            row = self.org.row("Contact", one, deleted=True)
            wished = [f for f in ("Reference_Opt_Out__c", "HasOptedOutOfEmail") if row.get(f)]
            individual = self.org.row("Individual", row.get("IndividualId"))
            flags = ("ShouldForget", "HasOptedOutProcessing", "HasOptedOutSolicit")
            wished += [flag for flag in flags if individual.get(flag)]
            yield from (f"{wish} is set for contact {one}" for wish in wished)

    def is_forgotten(self, contact: str | None) -> bool:
        """Whether the person asked to be forgotten."""
        rows = (self.org.row("Contact", one, deleted=True) for one in self.records_of(contact))
        return any(self.org.row("Individual", row.get("IndividualId")).get("ShouldForget") for row in rows)

    def blacked_out(self, contact: str | None, at: datetime) -> Iterator[str]:
        """Why this person must not be asked at this moment."""
        account = self.org.row("Account", self.org.row("Contact", contact).get("AccountId"))
        own = next(iter(self.org.pointing("Reference_Profile__c", "Contact__c", contact)), {})
        days = _days(own.get("Time_Zone__c"), at)
        for profile in self.profiles(contact):
            for line in filter(None, map(str.strip, str(profile.get("Blackouts__c") or "").splitlines())):
                bad = [day for day in days if (answer := covers(line, day)) or answer is None]
                if bad:
                    yield f"the blackout {line!r} holds, or may hold, on {bad[0]}"
        zone = own.get("Time_Zone__c") or law.ZONE_OF_REGION.get(account.get("Region__c") or "")
        if zone is None:
            yield "nobody knows the time zone"


def _days(zone: str | None, at: datetime) -> list[date]:
    """The days it may be for somebody: one in a zone that exists, else all on Earth."""
    try:
        return [at.astimezone(ZoneInfo(zone)).date()] if zone else _anywhere(at)
    except (KeyError, ValueError, OSError):
        return _anywhere(at)


def _anywhere(at: datetime) -> list[date]:
    moments = (at.astimezone(UTC) + timedelta(hours=hours) for hours in range(-12, 15))
    return sorted({moment.date() for moment in moments})


def covers(line: str, day: date) -> bool | None:
    """Whether a line of blackouts covers a day; None for a line that cannot be read."""
    found = DAY.match(line)
    if found:
        try:
            start = date.fromisoformat(found[1])
            end = date.fromisoformat(found[2]) if found[2] else start
        except ValueError:
            return None
        return start <= day <= end if start <= end else None
    word = line.split(maxsplit=1)[0].lower()
    names = [
        n
        for n, short in enumerate(WEEKDAYS)
        if word == short or (word.startswith(short) and word.rstrip("s").endswith("day"))
    ]
    return day.weekday() == names[0] if names else None


def account_stops(org: Org, account_id: str | None) -> Iterator[str]:
    """What on the account stands in the way of any ask."""
    account = org.row("Account", account_id)
    for field in ("Legal_Hold__c", "In_Dispute__c"):
        if account.get(field):
            yield f"{field} is set on account {account_id}"
    if account.get("Churn_Risk__c") not in ("None", "Watch"):
        yield f"the churn risk of account {account_id} is {account.get('Churn_Risk__c')}"
    yield from _open_cases(org.pointing("Case", "AccountId", account_id))
    yield from _open_escalations(org.pointing("Reference_Escalation__c", "Account__c", account_id))


def person_stops(persons: Persons, contact: str | None) -> Iterator[str]:
    """What about the person stands in the way of any ask."""
    org = persons.org
    for one in persons.records_of(contact):
        yield from _open_cases(org.pointing("Case", "ContactId", one))
        yield from _open_escalations(org.pointing("Reference_Escalation__c", "Contact__c", one))
        if one == contact and org.row("Contact", one).get("Left_Company__c"):
            yield "the person has left the company"
    for profile in persons.profiles(contact):
        if profile.get("Paused__c") or profile.get("Status__c") in ("Paused", "Declined", "Retired"):
            yield f"profile {profile['Id']} is paused, declined or retired"
    own = next(iter(org.pointing("Reference_Profile__c", "Contact__c", contact)), {})
    if own.get("Status__c") != "Active":
        yield f"the profile's status is {own.get('Status__c')}"


def _open_cases(rows: Iterator[Row]) -> Iterator[str]:
    for row in rows:
        if not row.get("IsClosed") and row.get("Priority") not in law.MILD:
            yield f"case {row['Id']} of priority {row.get('Priority')} is open"


def _open_escalations(rows: Iterator[Row]) -> Iterator[str]:
    return (f"escalation {row['Id']} is open" for row in rows if row.get("Status__c") != "Closed")


def qualification(org: Org, contact_id: str | None, kind: str, today: date) -> Iterator[str]:
    """Which of the program's qualifications is not, or not provably, met."""
    contact = org.row("Contact", contact_id)
    account = org.row("Account", contact.get("AccountId"))
    health, nps = account.get("Health_Score__c"), contact.get("NPS_Score__c")
    wanted = 80 if kind in ("Case Study", "Site Visit") else 75
    if health is None or health < wanted:
        yield f"health is {health}"
    since, surveyed = day_of(account.get("Healthy_Since__c")), day_of(contact.get("NPS_Date__c"))
    if since is None or (today - since).days < 90:
        yield f"health has held since {since}"
    if account.get("Health_Trend__c") not in ("Rising", "Steady"):
        yield f"health is {account.get('Health_Trend__c')}"
    if nps is None or nps < (8 if kind == "Sales Call" else 9):
        yield f"the survey score is {nps}"
    if surveyed is None or (today - surveyed).days > 180:
        yield f"the survey is of {surveyed}"
    if account.get("Implementation_Stage__c") != "Production" or not account.get("Product__c"):
        yield "the product is not in production, or not known"
    start = day_of(account.get("Customer_Since__c"))
    if start is None or (today - start).days < 181:
        yield f"a customer since {start}"
    renewal = day_of(account.get("Renewal_Date__c"))
    if renewal is None or (renewal - today).days <= 30:
        yield f"the renewal is on {renewal}"
