"""S6, S21 and the life of a request: one outreach an attempt, no word after a no, clocks that run out, holds that hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta

from tests.year.auditor import law
from tests.year.auditor.effects import Effect, contact_of, is_begun, is_refused, prospect_of
from tests.year.auditor.org import Entry, Org, Row, day_of, workdays_after
from tests.year.auditor.people import Persons
from tests.year.auditor.rights import asset_faults, consents, unconsented, withdrawn_on
from tests.year.auditor.rivals import rivals


class Outreaches:
    """S6: every outreach so far, by request, person and attempt."""

    def __init__(self) -> None:
        self._count: Counter[tuple[object, ...]] = Counter()

    def s6(self, org: Org, effect: Effect) -> Iterator[str]:
        """S6: at most one for each request, person and attempt; taking up a task again is no second one."""
        if effect.entry.action != "insert":
            return
        attempt = org.row("Reference_Match__c", effect.match).get("Attempt__c")
        name = (effect.request, effect.contact, attempt)
        self._count[name] += 1
        if self._count[name] > 1:
            yield f"outreach number {self._count[name]} of attempt {attempt}"


def s21(persons: Persons, effect: Effect) -> Iterator[str]:
    """S21: no word to somebody who said no to this request, and rest for that type after a customer's no."""
    org, today = persons.org, effect.entry.day
    for one in persons.records_of(effect.contact):
        for profile in org.pointing("Reference_Profile__c", "Contact__c", one):
            for match in org.pointing("Reference_Match__c", "Profile__c", profile["Id"]):
                if is_refused(match) and match.get("Request__c") == effect.request:
                    yield f"match {match['Id']}: they, or their owner, had said no to this request"
        if effect.kind == "proposal":
            yield from _rested(org, one, effect.type, today)


def _rested(org: Org, contact: str, kind: str, today: date) -> Iterator[str]:
    for activity in org.pointing("Reference_Activity__c", "Contact__c", contact):
        match = org.row("Reference_Match__c", activity.get("Match__c"))
        said_no = activity.get("Status__c") == "Declined" or match.get("Customer_Response__c") == "Declined"
        on = day_of(activity.get("Responded_On__c") or match.get("Responded_On__c"))
        if (
            said_no
            and activity.get("Type__c") == kind
            and (on is None or on > today - timedelta(days=law.REST_AFTER_DECLINE))
        ):
            yield f"activity {activity['Id']}: they declined a {kind} on {on}"


def reminders(org: Org, entry: Entry) -> Iterator[str]:
    """S21: no task about an ask that somebody has refused."""
    if entry.object == "Task" and entry.action == "insert":
        match = org.row("Reference_Match__c", entry.after.get("WhatId"))
        if match and is_refused(match):
            yield f"match {match['Id']} was refused, and a task was made: {entry.after.get('Subject')!r}"


def life(persons: Persons, today: date) -> Iterator[tuple[str, str, str]]:
    """Everything at the end of a run that a request's life does not allow: (check, record, sentence)."""
    org = persons.org
    frozen: set[str] = set()
    for match in org.rows("Reference_Match__c"):
        request = org.row("Reference_Request__c", match.get("Request__c"))
        yield from (("life", match["Id"], text) for text in _clocks(match, today))
        yield from (("life", match["Id"], text) for text in _holds(match, request))
        yield from (("S2", match["Id"], text) for text in _withdrawn(persons, match, request, today))
        if _goes_on(match):
            contact, kind = contact_of(org, match), str(request.get("Type__c"))
            for text in unconsented(persons, contact, kind, match.get("Request__c"), today):
                yield "S1", match["Id"], f"the ask goes on: {text}"
            for text in rivals(org, match.get("Request__c"), persons.homes(contact)):
                yield "S8", match["Id"], f"the ask goes on: {text}"
        if match.get("State__c") == "Frozen":
            frozen.add(str(match.get("Request__c")))
            if not match.get("Gate_Reasons__c") and request.get("Stage__c") != "On Hold":
                yield "life", match["Id"], "it is frozen and nothing says why"
    for request in org.rows("Reference_Request__c"):
        yield from (("life", request["Id"], text) for text in _of_request(org, request, request["Id"] in frozen, today))
        if request.get("Substitute_Asset__c") and request.get("Stage__c") == "Submitted":
            asset = org.row("Reference_Asset__c", request["Substitute_Asset__c"])
            yield from (("S7", request["Id"], f"still shown: {text}") for text in asset_faults(asset))


def _clocks(match: Row, today: date) -> Iterator[str]:
    """Whose time is over is asked no more: the next candidate's turn has come."""
    live = match.get("State__c") == "Proposed"
    decide_by, asked = day_of(match.get("Decide_By__c")), day_of(match.get("Asked_On__c"))
    answered, decided = match.get("Customer_Response__c"), match.get("Owner_Decision__c")
    if live and match.get("Recommended__c") and not decided and not is_begun(match) and decide_by and decide_by < today:
        yield f"the owner was to decide by {decide_by} and is still waited for"
    if live and asked and not answered and not match.get("Scheduled_For__c"):
        last = workdays_after(asked, law.CUSTOMER_DAYS, law.HOLIDAYS)
        if last < today:
            yield f"the customer was asked on {asked}, had until {last}, and is still waited for"


def _holds(match: Row, request: Row) -> Iterator[str]:
    open_ask = match.get("State__c") == "Proposed"
    if open_ask and request.get("Stage__c") in ("Withdrawn", "Closed"):
        yield f"the request is {request['Stage__c']} and the match is still proposed"
    if open_ask and request.get("Stage__c") == "On Hold" and is_begun(match) and not is_refused(match):
        yield "the request is on hold and the ask goes on"


def _goes_on(match: Row) -> bool:
    return match.get("State__c") == "Proposed" and is_begun(match) and not is_refused(match)


def _withdrawn(persons: Persons, match: Row, request: Row, today: date) -> Iterator[str]:
    """S2: an open ask is frozen in the run that sees the withdrawal."""
    if not _goes_on(match):
        return
    contact, kind = contact_of(persons.org, match), str(request.get("Type__c"))
    rows = list(consents(persons, contact, kind))
    given = max(
        (day for row in rows if row.get("Status__c") == "Granted" and (day := day_of(row.get("Valid_From__c")))),
        default=date.min,
    )
    gone = [day for row in rows if (day := withdrawn_on(row, today))]
    if gone and max(gone) >= given:
        yield f"consent to {kind} was withdrawn on {max(gone)} and the ask goes on"


def _of_request(org: Org, request: Row, frozen: bool, today: date) -> Iterator[str]:
    stage, status = request.get("Stage__c"), request.get("Status__c")
    if stage == "Submitted" and frozen and status in ("Customer Asked", "Approved", "Owner Deciding", "Matched"):
        yield f"an ask of it is frozen and the request says {status}"
    if stage == "On Hold" and status not in ("Frozen", "Completed", "Closed"):
        yield f"it is on hold and says {status}"
    if stage == "Submitted" and not status:
        yield "it was submitted before the run and has no status"
    needed_by, kind = day_of(request.get("Needed_By__c")), request.get("Type__c")
    late = needed_by and kind in law.NOTICE and needed_by < workdays_after(today, law.NOTICE[kind], law.HOLIDAYS)
    asked = any(is_begun(m) for m in org.pointing("Reference_Match__c", "Request__c", request["Id"]))
    asked = asked or any(org.pointing("Reference_Activity__c", "Request__c", request["Id"]))
    if stage == "Submitted" and late and not asked:
        if status not in ("Late", "Unfilled", "Closed"):
            yield f"it is needed by {needed_by}, which nobody can promise, and says {status}"
        elif status == "Late" and not request.get("Earliest_Feasible_On__c"):
            yield "it is late and names no earliest day"
    if status in ("Late", "Unfilled") and not request.get("Reasons__c"):
        yield f"it is {status} and nothing says why"
    if prospect_of(org, request["Id"]) is None and request.get("Recommended_Match__c") and not request.get("Type__c"):
        yield "something is recommended for a request that says neither what nor for whom"
