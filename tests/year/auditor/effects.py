"""Entries by the worker -> what they do to people: a proposal, an outreach, a sharing with the requester, an asset shown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from tests.year.auditor import law
from tests.year.auditor.org import Entry, Org, Row

Kind = Literal["proposal", "outreach", "sharing", "asset"]


@dataclass(frozen=True)
class Effect:
    """Something the worker did about one person for one request."""

    kind: Kind
    entry: Entry
    request: str | None
    contact: str | None
    match: str | None
    type: str
    asset: str | None = None

    @property
    def says(self) -> str:
        """The effect in words."""
        return f"{self.kind} of contact {self.contact} for the {self.type} of request {self.request}"


def effects(org: Org, entry: Entry) -> Iterator[Effect]:
    """Every effect of one entry of the worker's, already applied to the org."""
    if entry.object == "Reference_Match__c" and entry.sets("Recommended__c") and not entry.before.get("Recommended__c"):
        yield _of_match(org, entry, "proposal", entry.record)
    if entry.object == "Task":
        yield from _of_task(org, entry)
    if entry.object == "Reference_Request__c" and entry.sets("Substitute_Asset__c"):
        asset = org.row("Reference_Asset__c", entry.after["Substitute_Asset__c"])
        yield Effect(
            "asset", entry, entry.record, asset.get("Contact__c"), None, str(asset.get("Type__c")), entry.after["Substitute_Asset__c"]
        )  # fmt: skip


def _of_task(org: Org, entry: Entry) -> Iterator[Effect]:
    task = org.row("Task", entry.record)
    subject = str(task.get("Subject") or "")
    begun = entry.action == "insert" or (
        entry.before.get("Status") == "Deferred" and entry.sets("Status") == "Not Started"
    )
    if begun and subject.startswith(law.OUTREACH):
        yield _of_match(org, entry, "outreach", task.get("WhatId"))
    if entry.action == "insert" and subject.startswith(law.SHARING):
        request = org.row("Reference_Request__c", task.get("WhatId"))
        yield Effect("sharing", entry, task.get("WhatId"), task.get("WhoId"), None, str(request.get("Type__c")))


def _of_match(org: Org, entry: Entry, kind: Kind, match_id: str | None) -> Effect:
    match = org.row("Reference_Match__c", match_id)
    request = org.row("Reference_Request__c", match.get("Request__c"))
    return Effect(
        kind, entry, match.get("Request__c"), contact_of(org, match), match_id, str(request.get("Type__c"))
    )  # fmt: skip


def contact_of(org: Org, match: Row) -> str | None:
    """The person a match is about."""
    return org.row("Reference_Profile__c", match.get("Profile__c")).get("Contact__c")


def prospect_of(org: Org, request_id: str | None) -> str | None:
    """The company a request is about."""
    request = org.row("Reference_Request__c", request_id)
    deal = org.row("Opportunity", request.get("Opportunity__c"))
    return request.get("Prospect_Account__c") or deal.get("AccountId")


def is_refused(match: Row) -> bool:
    """Whether the owner or the customer has said no."""
    return "Declined" in (match.get("Owner_Decision__c"), match.get("Customer_Response__c"))


def is_begun(match: Row) -> bool:
    """Whether anybody was drawn in: the owner has agreed, or the customer was asked."""
    drawn_in = match.get("Asked_On__c") or match.get("Customer_Response__c") or match.get("Scheduled_For__c")
    return bool(match.get("Owner_Decision__c") == "Approved" or drawn_in)
