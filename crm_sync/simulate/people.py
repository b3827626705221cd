"""History -> how owners and customers answer: their shares of yes, no and silence, how long they take, and each one's answer.

Where a request and a person were brought together in fact, that is what happens again. Anybody else answers by a draw that
depends on the request and the person alone, so that every rule set meets the same people in the same mood. Called by `play`.
Not here: whom a rule set asks.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from crm_sync.model.calendar import BusinessCalendar
from crm_sync.model.org_days import org_calendar
from crm_sync.model.snapshot import Snapshot

Row = Mapping[str, Any]
Kind = Literal["yes", "no", "nothing"]
KINDS: Mapping[str, Kind] = {
    "completed": "yes",
    "missed": "yes",
    "scheduled": "yes",
    "accepted": "yes",
    "declined": "no",
    "cancelled": "nothing",
}
"""What a status says of the customer's answer; an open ask says nothing yet."""
ASSUMED_ANSWERS = 10
"""What is assumed counts like so many answers, and so for nothing where there are many on record."""
FEWEST = 10
"""So many waits have to be on record before they are taken for the usual ones."""


@dataclass(frozen=True)
class Outcome:
    """What became of one ask in fact: the answer, business days until asked and until answered, the day of the use."""

    kind: Kind | None
    asked_after: int | None = None
    answered_after: int | None = None
    used_on: date | None = None


@dataclass(frozen=True)
class Habit:
    """How some people answer: shares of yes and no (the rest says nothing), and waits in business days, sorted.

    `answers` and `on_record` count what the shares and the waits were seen from.
    """

    who: str
    yes: float
    no: float
    waits: tuple[int, ...]
    answers: int
    on_record: int

    def kind(self, draw: float) -> Kind:
        """The answer that a draw between 0 and 1 comes to."""
        return "yes" if draw < self.yes else "no" if draw < self.yes + self.no else "nothing"

    def wait(self, draw: float) -> int:
        """The wait that a draw between 0 and 1 comes to."""
        return self.waits[int(draw * len(self.waits))]


@dataclass(frozen=True)
class People:
    """How everybody answers. `lead_days` are the usual business days from a yes to the use, by type."""

    owner: Habit
    customer: Habit
    lead_days: Mapping[str, int]
    real: Mapping[tuple[str, str], Outcome]

    def owner_answers(self, request: str, contact: str) -> tuple[Kind, int]:
        """The account owner's answer, and after how many business days the customer is asked."""
        known = self.real.get((request, contact))
        if known is not None:
            return "yes", self.owner.wait(
                _draw(request, contact, "w")
            ) if known.asked_after is None else known.asked_after
        return self.owner.kind(_draw(request, contact, "owner")), self.owner.wait(
            _draw(request, contact, "owner waits")
        )

    def customer_answers(self, request: str, contact: str) -> tuple[Kind, int]:
        """The customer's answer, and after how many business days it comes."""
        known = self.real.get((request, contact), Outcome(None))
        waits = self.customer.wait(_draw(request, contact, "customer waits"))
        kind = known.kind or self.customer.kind(_draw(request, contact, "customer"))
        return kind, waits if known.answered_after is None else known.answered_after

    def used_on(self, request: Row, contact: str, agreed_on: date, first: date, calendar: BusinessCalendar) -> date:
        """The day of a use that was agreed to: as it was, else the day it is needed by, else after the usual time.

        `first` is the first day with enough notice.
        """
        known = self.real.get((request["id"], contact))
        for day in (known.used_on if known else None, request.get("needed_by")):
            if day is not None and day >= agreed_on:
                return day
        return max(first, calendar.add(agreed_on, self.lead_days.get(request.get("type") or "", ASSUMED_LEAD_DAYS)))


ASSUMED_LEAD_DAYS = 5
ASSUMED_OWNER = Habit("owners", 0.9, 0.05, (1,), 0, 0)
ASSUMED_CUSTOMER = Habit("customers", 0.8, 0.1, (2,), 0, 0)


def outcome_of(activity: Row, calendar: BusinessCalendar) -> Outcome:
    """Read what became of one ask."""
    kind = KINDS.get(activity.get("status") or "")
    return Outcome(
        kind,
        _between(activity.get("requested_on"), activity.get("asked_on"), calendar),
        _between(activity.get("asked_on"), activity.get("responded_on"), calendar),
        (activity.get("completed_on") or activity.get("scheduled_on")) if kind == "yes" else None,
    )


def people(snapshot: Snapshot, activities: Iterable[Row], real: Mapping[tuple[str, str], Outcome]) -> People:
    """Read from everything on record how people answer."""
    calendar = org_calendar(snapshot)
    asks = [row for row in activities if not _is_ahead(row, snapshot.today)]
    outcomes = [outcome_of(row, calendar) for row in asks]
    decided = [row.get("owner_decision") for row in snapshot.tables["match"].to_pylist()]
    owner = _habit(
        ASSUMED_OWNER,
        ["yes" if one == "approved" else "no" for one in decided if one],
        (o.asked_after for o in outcomes),
    )
    customer = _habit(ASSUMED_CUSTOMER, [o.kind for o in outcomes if o.kind], (o.answered_after for o in outcomes))
    leads: dict[str, list[int]] = defaultdict(list)
    for row in asks:
        wait = _between(row.get("responded_on"), row.get("completed_on"), calendar)
        if wait is not None and row.get("type"):
            leads[row["type"]].append(wait)
    usual = {kind: sorted(waits)[len(waits) // 2] for kind, waits in leads.items() if len(waits) >= FEWEST}
    return People(owner, customer, usual, real)


def _habit(assumed: Habit, kinds: Sequence[Kind], waits: Iterable[int | None]) -> Habit:
    """What was seen, with what is assumed counted like a few answers more."""
    total = len(kinds) + ASSUMED_ANSWERS
    yes, no = (
        (kinds.count(kind) + ASSUMED_ANSWERS * share) / total
        for kind, share in (("yes", assumed.yes), ("no", assumed.no))
    )
    seen = tuple(sorted(wait for wait in waits if wait is not None))
    return Habit(assumed.who, yes, no, seen if len(seen) >= FEWEST else assumed.waits, len(kinds), len(seen))


def _is_ahead(row: Row, today: date) -> bool:
    days = (row.get(name) for name in ("asked_on", "responded_on", "completed_on"))
    return any(day is not None and day > today for day in days)


def _between(start: date | None, end: date | None, calendar: BusinessCalendar) -> int | None:
    return calendar.between(start, end) if start is not None and end is not None and start <= end else None


def _draw(*what: str) -> float:
    """A number from 0 up to 1 that is the same whenever and wherever the same is asked."""
    return int.from_bytes(hashlib.sha256("|".join(what).encode()).digest()[:7]) / (1 << 56)
