"""The life of a request as a table: (stage, slate, phases of its asks) -> status, dates, reasons, and what is recommended.

Called by `lifecycle.desired`. Not here: who matches (matching), the asks themselves (`asks`, `matches`), and the stage, which
people own. A requester reads these fields, so nothing here depends on who declined.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from crm_sync.lifecycle.ask_facts import Asks
from crm_sync.lifecycle.gate import gate_of_activity
from crm_sync.lifecycle.matches import recommended_candidate
from crm_sync.lifecycle.uses import Use
from crm_sync.lifecycle.world import Row, World, match_key
from crm_sync.model.records import Desired, Link, Value

SUMMARY_LENGTH = 255


@dataclass(frozen=True)
class RequestFacts:
    """What decides a request's status: the stage people set, the slate, and the phases of its asks.

    `slate` is the verdict of its slate, None where there is none; `recommends` says that the slate recommends somebody;
    `settled` that what took place has its feedback, or that the time for feedback is over.
    """

    stage: str | None
    slate: str | None = None
    recommends: bool = False
    asks: frozenset[str] = frozenset()
    settled: bool = False


@dataclass(frozen=True)
class Status:
    """One line of the table: a status, when it holds, and the sentence the requester reads when there is no better one."""

    name: str
    holds: Callable[[RequestFacts], bool]
    text: str


# The first line that holds gives the status. `asks` holds the phases of the request's asks.
STATUSES: tuple[Status, ...] = (
    Status("closed", lambda f: f.stage in ("closed", "withdrawn"), "This request is closed."),
    Status("closed", lambda f: "completed" in f.asks and f.settled, "This request is closed."),
    Status("completed", lambda f: "completed" in f.asks, "The reference has taken place; say how it went."),
    Status(
        "frozen",
        lambda f: f.stage == "on_hold" or "frozen" in f.asks,
        "This request is on hold; nobody is being asked.",
    ),
    Status("scheduled", lambda f: "scheduled" in f.asks, "The reference is scheduled."),
    Status(
        "approved",
        lambda f: "accepted" in f.asks,
        "A customer has agreed; arrange the date with the account owner.",
    ),
    Status("customer_asked", lambda f: "asked" in f.asks, "A customer has been asked and has time to answer."),
    Status(
        "owner_deciding",
        lambda f: "approved" in f.asks or f.recommends,
        "A reference is proposed; the account owner decides.",
    ),
    Status("matched", lambda f: f.slate == "matched", "References are proposed."),
    Status("missed", lambda f: "missed" in f.asks, "The reference did not take place as agreed."),
    Status("late", lambda f: f.slate == "late", "This is needed sooner than can honestly be promised."),
    Status("unfilled", lambda f: f.slate == "unfilled", "No reference can be offered now."),
    Status("new", lambda f: True, "This request is waiting for its first run."),
)

SHOWING_REASONS = frozenset({"owner_deciding", "matched", "missed", "late", "unfilled"})
CLOCKS: Mapping[str, str] = {
    "new": "match",
    "matched": "owner_answer",
    "owner_deciding": "owner_answer",
    "customer_asked": "customer_answer",
}
"""Which service level of rules/matching.yaml runs in which status; in every other status the clock is stopped."""


def status_of(facts: RequestFacts) -> Status:
    """Decide the status: the first line of STATUSES that holds."""
    return next(status for status in STATUSES if status.holds(facts))


def desired_requests(world: World) -> Iterator[Desired]:
    """Give every submitted request its status, reasons, dates and recommendation."""
    asks = world.once(Asks)
    done = {use.request: use for use in world.uses if use.status == "completed" and use.request}
    for row in world.rows("request"):
        if row.get("stage") in (None, "draft"):
            continue
        facts = facts_of(asks, row, done.get(row["id"]))
        yield Desired("request", _fields(asks, row, status_of(facts)), id=row["id"], why=f"stage {row['stage']}")


def facts_of(asks: Asks, row: Row, done: Use | None) -> RequestFacts:
    """Collect what decides the status of one request."""
    phases = {phase.name for _, phase in asks.of_request.get(row["id"], ())}
    alone = (a for a in asks.world.notes_of.get(row["id"], ()) if not a.get("match"))
    phases |= {_phase_alone(asks.world, activity) for activity in alone if activity.get("status")}
    slate = asks.world.slates.get(row["id"])
    return RequestFacts(
        stage=row["stage"],
        slate=slate.verdict if slate else None,
        recommends=slate is not None and recommended_candidate(slate) is not None,
        asks=frozenset(phases),
        settled=done is not None and _is_settled(asks, done),
    )


def _phase_alone(world: World, activity: Row) -> str:
    """The phase of an ask that no match speaks of: its status, unless the final gate freezes it."""
    return str(activity["status"]) if gate_of_activity(world, activity).passes else "frozen"


def _is_settled(asks: Asks, done: Use) -> bool:
    """Whether both sides have said how it went, or nobody will any more."""
    told = done.row.get("sentiment") and done.row.get("requester_feedback")
    last = timedelta(days=asks.world.program.cadence.thank_you_look_back_days)
    return bool(told) or (done.completed_on is not None and done.completed_on + last < asks.world.today)


def _fields(asks: Asks, row: Row, status: Status) -> dict[str, Value]:
    slate = asks.world.slates.get(row["id"])
    why = slate.why if slate and status.name in SHOWING_REASONS else ()
    chosen = recommended_candidate(slate) if slate else None
    due_on = _due_on(asks, row, status.name)
    return {
        "status": status.name,
        "verdict_summary": (why[0] if why else status.text)[:SUMMARY_LENGTH],
        "reasons": "\n".join(why) or None,
        "earliest_on": slate.earliest_on if slate else None,
        "recommended_match": Link("match", match_key(row["id"], chosen.contact_id)) if chosen else None,
        "substitute": slate.substitute[:SUMMARY_LENGTH] if slate and slate.substitute else None,
        "substitute_asset": slate.substitute_asset_id if slate else None,
        "due_on": due_on,
        "clock": clock_of(asks.world.today, due_on),
        "evaluated_at": datetime.combine(asks.world.today, datetime.min.time(), UTC),
    }


def _due_on(asks: Asks, row: Row, status: str) -> date | None:
    """When the running clock ends: that of the ask that is waited for, else kept while the status stays."""
    clock = CLOCKS.get(status)
    if clock is None:
        return None
    awaited = _awaited_until(asks, row)
    if awaited is not None:
        return awaited
    if row.get("status") == status and row.get("due_on"):
        return row["due_on"]  # type: ignore[no-any-return]
    levels = asks.world.program.matching.service_levels_business_days
    return asks.world.calendar.add(asks.world.today, getattr(levels, clock))


def _awaited_until(asks: Asks, row: Row) -> date | None:
    """The day by which the customer, else the owner, of this request's present ask is to answer."""
    found: dict[str, list[date | None]] = {}
    for match, phase in asks.of_request.get(row["id"], ()):
        found.setdefault(phase.name, []).append(
            asks.patience.answer_by(match) if phase.name == "asked" else match.get("decide_by")
        )
    days = [day for name in ("asked", "deciding") for day in found.get(name, ()) if day is not None]
    return min(days, default=None)


def clock_of(today: date, due_on: date | None) -> str:
    """Say where the service level stands on this day."""
    if due_on is None:
        return "stopped"
    return "overdue" if today > due_on else "due" if today == due_on else "on_track"
