"""S12, S13, S14: nobody becomes eligible because something was taken away or forbidden, or because nothing happened.

Two runs of one day are compared, so that no date explains a difference: whoever may be asked for more after the second must
have a change about them in between that gives, and not only takes. Asks and uses are left out: they free and bind caps.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from tests.year.auditor import law
from tests.year.auditor.org import Entry, Org
from tests.year.auditor.people import Persons

NEUTRAL = ("Reference_Activity__c", "Reference_Match__c", "Reference_Request__c", "Task", "Event", "User")
FORBIDS = {
    ("Contact", "Reference_Opt_Out__c"), ("Contact", "HasOptedOutOfEmail"), ("Contact", "Left_Company__c"),
    ("Individual", "ShouldForget"), ("Individual", "HasOptedOutProcessing"), ("Individual", "HasOptedOutSolicit"),
    ("Account", "In_Dispute__c"), ("Account", "Legal_Hold__c"), ("Account", "Reference_Confidential__c"),
    ("Reference_Consent__c", "Legal_Restriction__c"), ("Reference_Consent__c", "Withdrawn_On__c"),
    ("Reference_Profile__c", "Paused__c"), ("Reference_Profile__c", "Pause_Reason__c"),
}  # fmt: skip
"""Fields that forbid when they are set."""
FORBIDDING_VALUES = {
    ("Reference_Consent__c", "Status__c"): ("Withdrawn", "Refused"),
    ("Reference_Profile__c", "Status__c"): ("Paused", "Declined", "Retired"),
    ("Account", "Churn_Risk__c"): ("Active",),
    ("Account", "Health_Trend__c"): ("Falling",),
}


@dataclass
class Gains:
    """What may be asked of each contact at the end of the last run, and what people changed since."""

    day: date | None = None
    types: dict[str, frozenset[str]] = field(default_factory=dict)
    since: list[Entry] = field(default_factory=list)

    def note(self, entry: Entry) -> None:
        """Follow one entry that is not the worker's."""
        self.since.append(entry)

    def end_of_run(self, persons: Persons, day: date) -> Iterator[tuple[str, str, str]]:
        """Compare with the run before, if it was the same day's: (check, record, sentence)."""
        now = _types(persons.org)
        if self.day == day:
            for profile, types in now.items():
                gained = types - self.types.get(profile, frozenset())
                if gained and profile in self.types:
                    yield from self._explained(persons, profile, gained)
        self.day, self.types, self.since = day, now, []

    def _explained(self, persons: Persons, profile: str, gained: frozenset[str]) -> Iterator[tuple[str, str, str]]:
        row = persons.org.row("Reference_Profile__c", profile)
        if row.get("Blackouts__c"):
            return  # it may be another day where they are
        about = [entry for entry in self.since if _is_about(persons, entry, str(row.get("Contact__c")))]
        if any(entry.object in NEUTRAL for entry in about):
            return
        what = f"may now be asked for {', '.join(sorted(gained))}"
        changes = ", ".join(f"{e.object} {e.record} (entry {e.sequence})" for e in about)
        if not about:
            yield "S14", profile, f"{what} though nothing about them has changed"
        elif all(takes_away(entry) for entry in about):
            yield "S12", profile, f"{what} though all that happened was a loss: {changes}"
        elif all(takes_away(entry) or forbids(entry) for entry in about):
            yield "S13", profile, f"{what} though all that happened was a restriction: {changes}"


def _types(org: Org) -> Mapping[str, frozenset[str]]:
    rows = org.rows("Reference_Profile__c")
    return {row["Id"]: frozenset(filter(None, str(row.get("Eligible_Types__c") or "").split(";"))) for row in rows}


def _is_about(persons: Persons, entry: Entry, contact: str) -> bool:
    """Whether an entry is about this person: their records, their Individual, their account, or what points at them."""
    org = persons.org
    records = set(persons.records_of(contact))
    rows = [org.row("Contact", one, deleted=True) for one in records]
    accounts = {row.get("AccountId") for row in rows} - {None}
    individuals = {row.get("IndividualId") for row in rows} - {None}
    touched = {**org.row(entry.object, entry.record, deleted=True), **entry.before, **entry.after}
    pointed = {touched.get(name) for name in ("Contact__c", "ContactId", "AccountId", "Account__c", "WhoId")}
    return (
        entry.record in records | accounts | individuals
        or bool(pointed & (records | accounts))
        or _frees(org, entry, touched, records)
    )


def _frees(org: Org, entry: Entry, touched: Mapping[str, object], records: set[str]) -> bool:
    """Whether an entry is on a match of this person, or on the request of one: what it held may be free now."""
    profiles = {row["Id"] for one in records for row in org.pointing("Reference_Profile__c", "Contact__c", one)}
    if entry.object == "Reference_Match__c":
        return touched.get("Profile__c") in profiles
    matches = org.pointing("Reference_Match__c", "Request__c", entry.record)
    return entry.object == "Reference_Request__c" and any(row.get("Profile__c") in profiles for row in matches)


def takes_away(entry: Entry) -> bool:
    """Whether an entry only removes: a deletion, or values that become empty."""
    if entry.action in ("delete", "purge"):
        return entry.object not in ("Case", "Reference_Escalation__c")
    return entry.action == "update" and all(value in (None, "") for value in _own(entry).values())


def forbids(entry: Entry) -> bool:
    """Whether an entry only restricts."""
    if entry.object in ("Case", "Reference_Escalation__c"):
        return entry.action == "insert"
    own = _own(entry)
    return entry.action == "update" and bool(own) and all(_restricts(entry, name, value) for name, value in own.items())


def _restricts(entry: Entry, name: str, value: object) -> bool:
    if (entry.object, name) in FORBIDS:
        return bool(value)
    if (entry.object, name) in FORBIDDING_VALUES:
        return value in FORBIDDING_VALUES[entry.object, name]
    if name.startswith("Max_"):
        return value is not None and (entry.before.get(name) is None or float(str(value)) <= float(entry.before[name]))
    if (entry.object, name) in (("Account", "Health_Score__c"), ("Contact", "NPS_Score__c")):
        return value is None or float(str(value)) <= float(entry.before.get(name) or 0)
    return value in (None, "")


def _own(entry: Entry) -> Mapping[str, object]:
    return {name: value for name, value in entry.after.items() if name not in law.ORG_FIELDS}
