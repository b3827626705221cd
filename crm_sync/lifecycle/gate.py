"""The final gate: an ask that has begun, judged anew on the facts of this very run -> passed, or refused with reasons.

Run from the owner's approval on and on every run after it, so that an ask freezes in the run that sees the reason. Called by
`ask_facts` and `matches`. Not here: what a refusal does to the ask (`asks`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from crm_sync.lifecycle.sentences import sentence
from crm_sync.lifecycle.world import Row, World
from crm_sync.model.asks import is_begun

BLACKOUT = "blackout"
"""The criterion about today alone: it keeps a customer from being asked today, not a question from being open."""
NOT_JUDGED = "The person can no longer be judged for this request."


@dataclass(frozen=True)
class Gate:
    """The answer of the final gate. `earliest_on` is the first day with enough notice, when notice is what is missing."""

    verdict: Literal["not_checked", "passed", "refused"]
    reasons: tuple[str, ...] = ()
    earliest_on: date | None = None

    @property
    def passes(self) -> bool:
        """Whether no rule stands in the way; notice apart, which moves a date and freezes nobody."""
        return self.verdict != "refused" or (self.earliest_on is not None and len(self.reasons) == 1)


def gate_of(world: World, match: Row) -> Gate:
    """Judge one ask; one that has not begun is not checked."""
    if not is_begun(match) and not world.activities_of.get(match["id"]):
        return Gate("not_checked")
    blocking = blocking_rules(world, match)
    reasons = (NOT_JUDGED,) if blocking is None else tuple(_lines(world, match, blocking))
    short = too_short_notice(world, match)
    if short is not None:
        reasons += (f"It is needed sooner than this customer's notice allows; the first day is {short:%d %b %Y}.",)
    return Gate("refused" if reasons else "passed", reasons, short)


def blocking_rules(world: World, match: Row) -> frozenset[str] | None:
    """The ids of the hard criteria in the way of an ask; None when nobody has judged it."""
    ask = world.held.get(match["id"])
    if ask is None:
        return None
    asked = match.get("asked_on") or match.get("customer_response")
    return world.blocking(ask) - ({BLACKOUT} if asked else frozenset())


def too_short_notice(world: World, match: Row) -> date | None:
    """The first day with enough notice, if the day it is needed by is sooner and nobody has asked the customer yet."""
    request = world.row("request", match.get("request")) or {}
    needed_by, kind = request.get("needed_by"), request.get("type")
    if needed_by is None or match.get("asked_on") or match.get("customer_response") or match.get("scheduled_for"):
        return None
    first = world.calendar.add(world.today, world.notice_days(world.contact_of(match), kind))
    return first if first > needed_by else None


def _lines(world: World, match: Row, blocking: frozenset[str]) -> list[str]:
    request = world.row("request", match.get("request")) or {}
    verdict = world.explanations.get(world.contact_of(match) or "", {}).get(request.get("type") or "")
    reasons = {reason.rule_id: reason for reason in verdict.reasons} if verdict else {}
    return [sentence(reasons[rule]) if rule in reasons else f"{rule} is not met." for rule in sorted(blocking)]
