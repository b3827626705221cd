"""Activities, with what people noted on their matches since -> uses of customers, as they stand today.

Made by `World.uses`, read by every state machine. Says the same as evaluate counts: what a person wrote on the
activity stands, and the match moves an activity on that is still open. Not here: counting.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

Row = Mapping[str, Any]
OPEN = ("asked", "accepted", "scheduled")


@dataclass(frozen=True)
class Use:
    """One ask or use of a customer. `row` is its activity."""

    row: Row
    status: str | None
    responded_on: date | None
    scheduled_on: date | None
    completed_on: date | None

    @property
    def request(self) -> str | None:
        """The request it belongs to."""
        return self.row.get("request")

    @property
    def latest_on(self) -> date | None:
        """The day of the last thing known about it."""
        days = (self.completed_on, self.scheduled_on, self.responded_on, self.row.get("asked_on"))
        return next((day for day in days if day is not None), None)

    def is_within(self, today: date, days: int) -> bool:
        """Whether it is young enough to act on, and not in the future."""
        latest = self.latest_on
        return latest is not None and today - timedelta(days=days) <= latest <= today


def use_of(activity: Row, match: Row) -> Use:
    """Put an activity together with its match."""
    declined = match.get("customer_response") == "declined"
    is_open = activity.get("status") in OPEN
    return Use(
        row=activity,
        status=_moved_on(activity, match) if is_open else activity.get("status"),
        responded_on=activity.get("responded_on") or (match.get("responded_on") if declined or is_open else None),
        scheduled_on=activity.get("scheduled_on") or _day(match),
        completed_on=activity.get("completed_on") or match.get("completed_on"),
    )


def _moved_on(activity: Row, match: Row) -> str | None:
    """The status of an open activity, moved on by what its match says."""
    if match.get("customer_response") == "declined":
        return "declined"
    if match.get("completed_on"):
        return "completed"
    if match.get("scheduled_for"):
        return "scheduled"
    if match.get("customer_response") == "accepted" and activity.get("status") == "asked":
        return "accepted"
    return activity.get("status")


def _day(match: Row) -> date | None:
    planned = match.get("scheduled_for")
    return planned.date() if planned else None
