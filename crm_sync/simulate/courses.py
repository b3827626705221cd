"""One rule set's past -> what became of each request, and after how many business days.

Called by reporting. Not here: adding them up.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from crm_sync.simulate.play import Played

Row = Mapping[str, Any]
NOT_KNOWN = "not known"
Ending = Literal["filled", "waiting", "refused", "late", "unfilled"]
ENDINGS: Mapping[Ending, str] = {
    "filled": "somebody agreed, is scheduled, or it took place",
    "waiting": "somebody is proposed or asked on the last day",
    "refused": "somebody was proposed, but nobody agreed in time",
    "late": "needed sooner than can honestly be promised, and told so on the first day",
    "unfilled": "nobody could be offered",
}


@dataclass(frozen=True)
class Course:
    """What became of one request. Waits are business days from its submission; None where it never came to that."""

    request: str
    type: str
    submitted_on: date
    ending: Ending
    proposed_after: int | None
    agreed_after: int | None
    asked: tuple[str, ...]


def courses(played: Played) -> tuple[Course, ...]:
    """Tell of every request that was replayed, in the order in which they came."""
    return tuple(_courses(played))


def _courses(played: Played) -> Iterator[Course]:
    matches = _by_request([*played.diary.settled, *played.diary.matches.values()])
    contact_of, calendar = played.diary.contact_of, played.world.calendar
    for request in played.asked_for.requests:
        request_id, came = request["id"], request["submitted_on"]
        mine = matches.get(request_id, ())
        proposed = played.seen.proposed_on.get(request_id)
        agreed = min((m["responded_on"] for m in mine if _holds(m)), default=None)
        yield Course(
            request=request_id,
            type=request["type"] or NOT_KNOWN,
            submitted_on=came,
            ending=_ending(played, request_id, mine),
            proposed_after=None if proposed is None else calendar.between(came, proposed),
            agreed_after=None if agreed is None else calendar.between(came, agreed),
            asked=tuple(sorted(contact_of[m["profile"]] for m in mine if m["asked_on"])),
        )


def _by_request(rows: Sequence[Row]) -> Mapping[str, Sequence[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[row["request"]].append(row)
    return found


def _holds(match: Row) -> bool:
    """Whether the customer has agreed and nothing has come between."""
    return match["customer_response"] == "accepted" and match["state"] in ("proposed", "closed")


def _ending(played: Played, request_id: str, matches: Sequence[Row]) -> Ending:
    if any(_holds(match) for match in matches):
        return "filled"
    if any(match["state"] == "proposed" and match["recommended"] for match in matches):
        return "waiting"
    if request_id in played.seen.proposed_on:
        return "refused"
    return "late" if played.seen.first_verdict.get(request_id) == "late" else "unfilled"
