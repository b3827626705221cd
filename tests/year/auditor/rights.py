"""S1, S2, S7: no ask, sharing or showing without a live consent to exactly that use; none after a withdrawal."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from tests.year.auditor.effects import Effect, prospect_of
from tests.year.auditor.org import Row, day_of
from tests.year.auditor.people import Persons

ORDINARY = ("Anyone", "Prospects")


def consents(persons: Persons, contact: str | None, use: str) -> Iterator[Row]:
    """Every consent record of a person to a use."""
    for one in persons.records_of(contact):
        rows = persons.org.pointing("Reference_Consent__c", "Contact__c", one)
        yield from (row for row in rows if row.get("Use__c") == use)


def why_not_good(row: Row, today: date, regions: set[str]) -> str | None:
    """What is wrong with a consent on this day; None when it is good."""
    start, end, gone = (day_of(row.get(f)) for f in ("Valid_From__c", "Valid_To__c", "Withdrawn_On__c"))
    end = end or (a_year_after(start) if start else None)
    territory = set(str(row.get("Territory__c") or "").split(";"))
    faults = (
        (row.get("Status__c") != "Granted", f"it is {row.get('Status__c')}"),
        (not row.get("Evidence_Link__c"), "nobody can show it"),
        (not row.get("Text_Version__c"), "nobody knows to which text"),
        (start is None or start > today, f"it begins on {start}"),
        (end is None or end <= today, f"it ended on {end}"),
        (gone is not None and gone <= today, f"it was withdrawn on {gone}"),
        (bool(row.get("Legal_Restriction__c")), "it is restricted by legal"),
        (
            "Worldwide" not in territory and not regions <= territory,
            f"it covers {sorted(territory)}, not {sorted(regions)}",
        ),
        (row.get("Audience__c") not in ORDINARY, f"its audience is {row.get('Audience__c')}"),
    )
    return next((text for wrong, text in faults if wrong), None)


def a_year_after(day: date) -> date:
    """Twelve months later."""
    try:
        return day.replace(year=day.year + 1)
    except ValueError:
        return day.replace(year=day.year + 1, day=28)


def s1(persons: Persons, effect: Effect) -> Iterator[str]:
    """S1: a readable, unexpired consent for that exact use."""
    yield from unconsented(persons, effect.contact, effect.type, effect.request, effect.entry.day)


def unconsented(persons: Persons, contact: str | None, kind: str, request_id: str | None, today: date) -> Iterator[str]:
    """Why a person's consents do not cover a request as it reads today."""
    org = persons.org
    request = org.row("Reference_Request__c", request_id)
    home = org.row("Account", org.row("Contact", contact).get("AccountId")).get("Region__c")
    prospect = org.row("Account", prospect_of(org, request_id))
    regions = {region for region in (home, request.get("Region__c") or prospect.get("Region__c")) if region}
    found = {row["Id"]: why_not_good(row, today, regions) for row in consents(persons, contact, kind)}
    if None not in found.values():
        reasons = "; ".join(f"{key}: {why}" for key, why in found.items()) or "there is none"
        yield f"no good consent to {kind}: {reasons}"


def s2(persons: Persons, effect: Effect) -> Iterator[str]:
    """S2: none after a withdrawal, unless a later consent was given."""
    rows = list(consents(persons, effect.contact, effect.type))
    given = [day_of(row.get("Valid_From__c")) for row in rows if why_not_good(row, effect.entry.day, set()) is None]
    latest = max((day for day in given if day), default=date.min)
    for row in rows:
        gone = withdrawn_on(row, effect.entry.day)
        if gone is not None and gone >= latest:
            yield f"consent {row['Id']} was withdrawn on {gone}"


def withdrawn_on(row: Row, today: date) -> date | None:
    """The day a consent was withdrawn or refused; the last day before today when nobody wrote it down."""
    gone = day_of(row.get("Withdrawn_On__c"))
    if gone is not None:
        return gone if gone <= today else None
    return today - timedelta(days=1) if row.get("Status__c") in ("Withdrawn", "Refused") else None


def s7(persons: Persons, effect: Effect) -> Iterator[str]:
    """S7: an asset is shown only while it is published, in the version a named human approved, and consented to."""
    asset = persons.org.row("Reference_Asset__c", effect.asset)
    yield from asset_faults(asset)
    yield from s1(persons, effect)
    yield from s2(persons, effect)


def asset_faults(asset: Row) -> Iterator[str]:
    """What forbids showing an asset."""
    if asset.get("Status__c") != "Published":
        yield f"asset {asset.get('Id')} is {asset.get('Status__c')}"
    if not asset.get("Approved_By__c") or asset.get("Version__c") != asset.get("Approved_Version__c"):
        versions = f"{asset.get('Version__c')}, approved is {asset.get('Approved_Version__c')}"
        yield f"asset {asset.get('Id')} is version {versions} by {asset.get('Approved_By__c')}"
