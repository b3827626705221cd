"""The life of a request as a table: (stage, slate, asks) -> status, dates, reasons, and what is recommended.

Called by `lifecycle.desired`. Not here: who matches (matching), the match rows (matches.py), and the stage, which people own.
A requester reads these fields, so nothing here depends on who declined.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

from crm_sync.lifecycle.matches import match_key, recommended_candidate
from crm_sync.lifecycle.world import Row, World
from crm_sync.model.matches import Slate
from crm_sync.model.records import Desired, Link, Value

SUMMARY_LENGTH = 255


@dataclass(frozen=True)
class RequestFacts:
    """What decides a request's status: the stage people set, the slate, and the state of its asks."""

    stage: str | None
    slate: Slate | None
    asks: frozenset[str]

    @property
    def slate_verdict(self) -> str | None:
        """The slate's verdict, or None where there is no slate."""
        return self.slate.verdict if self.slate else None


Rule = tuple[str, Callable[[RequestFacts], bool]]

# The first line that holds gives the status. `asks` holds the states of the request's asks, newest facts first.
STATUSES: tuple[Rule, ...] = (
    ("closed", lambda f: f.stage in ("closed", "withdrawn")),
    ("completed", lambda f: "completed" in f.asks),
    ("frozen", lambda f: f.stage == "on_hold" or "frozen" in f.asks),
    ("scheduled", lambda f: "scheduled" in f.asks),
    ("approved", lambda f: "accepted" in f.asks),
    ("missed", lambda f: "missed" in f.asks and not f.slate),
    ("customer_asked", lambda f: "asked" in f.asks),
    ("frozen", lambda f: f.slate_verdict == "frozen"),
    ("owner_deciding", lambda f: f.slate is not None and recommended_candidate(f.slate) is not None),
    ("matched", lambda f: f.slate_verdict == "matched"),
    ("late", lambda f: f.slate_verdict == "late"),
    ("unfilled", lambda f: f.slate_verdict == "unfilled"),
    ("new", lambda f: True),
)

CLOCKS: Mapping[str, str] = {
    "new": "match",
    "matched": "owner_answer",
    "owner_deciding": "owner_answer",
    "customer_asked": "customer_answer",
}
"""Which service level of rules/matching.yaml runs in which status; in every other status the clock is stopped."""


def status_of(facts: RequestFacts) -> str:
    """Decide the status: the first line of STATUSES that holds."""
    return next(status for status, holds in STATUSES if holds(facts))


def desired_requests(world: World) -> Iterator[Desired]:
    """Give every submitted request its status, reasons, dates and recommendation."""
    for row in world.rows("request"):
        if row.get("stage") in (None, "draft"):
            continue
        slate = world.slates.get(row["id"])
        facts = RequestFacts(row["stage"], slate, _asks(world, row))
        yield Desired("request", _fields(world, row, facts), id=row["id"], why=f"stage {row['stage']}")


def _asks(world: World, request: Row) -> frozenset[str]:
    """The states of this request's asks, from its activities and its matches."""
    states = {str(a["status"]) for a in world.rows("activity") if a.get("request") == request["id"] and a["status"]}
    for match in world.matches_of.get(request["id"], ()):
        if match.get("state") == "frozen":
            states.add("frozen")
        if match.get("customer_response") == "accepted":
            states.add("accepted")
        elif match.get("asked_on") and not match.get("customer_response"):
            states.add("asked")
    return frozenset(states)


def _fields(world: World, row: Row, facts: RequestFacts) -> dict[str, Value]:
    status, slate = status_of(facts), facts.slate
    due_on = _due_on(world, row, status)
    why = slate.why if slate and status in ("owner_deciding", "matched", "late", "unfilled", "frozen") else ()
    chosen = recommended_candidate(slate) if slate else None
    return {
        "status": status,
        "verdict_summary": (why[0] if why else SENTENCES[status])[:SUMMARY_LENGTH],
        "reasons": "\n".join(why) or None,
        "earliest_on": slate.earliest_on if slate else None,
        "recommended_match": Link("match", match_key(row["id"], chosen.contact_id)) if chosen else None,
        "substitute": slate.substitute[:SUMMARY_LENGTH] if slate and slate.substitute else None,
        "substitute_asset": slate.substitute_asset_id if slate else None,
        "due_on": due_on,
        "clock": clock_of(world.today, due_on),
        "evaluated_at": datetime.combine(world.today, datetime.min.time(), UTC),
    }


SENTENCES: Mapping[str, str] = {
    "closed": "This request is closed.",
    "completed": "The reference has taken place.",
    "frozen": "This request is on hold; nobody is being asked.",
    "scheduled": "The reference is scheduled.",
    "approved": "A customer has agreed; arrange the date with the account owner.",
    "missed": "The reference did not take place as agreed.",
    "customer_asked": "A customer has been asked and has time to answer.",
    "owner_deciding": "A reference is proposed; the account owner decides.",
    "matched": "References are proposed.",
    "late": "This is needed sooner than can honestly be promised.",
    "unfilled": "No reference can be offered now.",
    "new": "This request is waiting for its first run.",
}


def _due_on(world: World, row: Row, status: str) -> date | None:
    """When the running clock ends: kept while the status stays, started anew when it changes."""
    clock = CLOCKS.get(status)
    if clock is None:
        return None
    if row.get("status") == status and row.get("due_on"):
        return row["due_on"]  # type: ignore[no-any-return]
    return world.calendar.add(world.today, getattr(world.program.matching.service_levels_business_days, clock))


def clock_of(today: date, due_on: date | None) -> str:
    """Say where the service level stands on this day."""
    if due_on is None:
        return "stopped"
    return "overdue" if today > due_on else "due" if today == due_on else "on_track"
