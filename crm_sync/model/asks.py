"""How far one ask has come, told from its match row: what matching and lifecycle must read alike.

Used by both, so that the next candidate is proposed on the very day the last one's time is over. Not here: what follows
from it (the tables of `lifecycle.asks`), and whether the person may be asked at all (evaluate).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from crm_sync.model.calendar import BusinessCalendar

Row = Mapping[str, Any]

GONE = ("closed", "superseded")
"""States of a match that no longer hold the person for its request."""


def is_refused(match: Row) -> bool:
    """Whether the owner or the customer has said no."""
    return "declined" in (match.get("owner_decision"), match.get("customer_response"))


def is_begun(match: Row) -> bool:
    """Whether the owner has agreed or the customer has been drawn in."""
    drawn_in = match.get("asked_on") or match.get("customer_response") or match.get("scheduled_for")
    return bool(match.get("owner_decision") == "approved" or drawn_in or match.get("completed_on"))


@dataclass(frozen=True)
class Patience:
    """How long owners and customers may take, on one day: business days each, in the org's calendar."""

    today: date
    calendar: BusinessCalendar
    owner_days: int
    customer_days: int

    def answer_by(self, match: Row) -> date | None:
        """The last day on which the customer's answer is in time; None while the customer was not asked."""
        return self.calendar.add(match["asked_on"], self.customer_days) if match.get("asked_on") else None

    def is_owner_silent(self, match: Row) -> bool:
        """Whether the owner's time to decide is over without a decision."""
        undecided = not match.get("owner_decision") and not is_begun(match)
        return undecided and self._is_over(match.get("decide_by"))

    def is_left_unasked(self, match: Row) -> bool:
        """Whether the owner agreed, but nobody has asked the customer while the place was held."""
        waiting = match.get("owner_decision") == "approved" and not match.get("asked_on")
        decided = match.get("owner_decided_on")
        ends = [match.get("reserved_until"), self.calendar.add(decided, self.owner_days) if decided else None]
        known = [day for day in ends if day is not None]
        return bool(waiting and not match.get("customer_response") and known and self._is_over(max(known)))

    def is_customer_silent(self, match: Row) -> bool:
        """Whether the customer was asked and the time to answer is over."""
        return not match.get("customer_response") and self._is_over(self.answer_by(match))

    def has_lapsed(self, match: Row) -> bool:
        """Whether somebody's time is over; the next candidate's turn has come."""
        return self.is_owner_silent(match) or self.is_left_unasked(match) or self.is_customer_silent(match)

    def _is_over(self, day: date | None) -> bool:
        return day is not None and self.today > day
