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
NO_DAY = "Nobody can say on which day this customer's notice ends."


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
    said, first = _short_notice(world, match)
    reasons += said
    return Gate("refused" if reasons else "passed", reasons, first)


def blocking_rules(world: World, match: Row) -> frozenset[str] | None:
    """The ids of the hard criteria in the way of an ask; None when nobody has judged it."""
    ask = world.held.get(match["id"])
    if ask is None:
        return None
    asked = match.get("asked_on") or match.get("customer_response")
    return world.blocking(ask) - ({BLACKOUT} if asked else frozenset())


def _short_notice(world: World, match: Row) -> tuple[tuple[str, ...], date | None]:
    """What is to be said of a customer's notice while nobody has asked them, and the first day if it is needed sooner.

    That day is the one the verdicts give for this person and kind, as for whoever is proposed: a gate with a calendar of
    its own would pass what they refuse. Unknown, it does not pass.
    """
    if match.get("asked_on") or match.get("customer_response") or match.get("scheduled_for"):
        return (), None
    request = world.row("request", match.get("request")) or {}
    first, needed_by = world.earliest_on(world.contact_of(match), request.get("type")), request.get("needed_by")
    if first is None:
        return (NO_DAY,), None
    if needed_by is None or first <= needed_by:
        return (), None
    return (f"It is needed sooner than this customer's notice allows; the first day is {first:%d %b %Y}.",), first


def _lines(world: World, match: Row, blocking: frozenset[str]) -> list[str]:
    request = world.row("request", match.get("request")) or {}
    verdict = world.explanations.get(world.contact_of(match) or "", {}).get(request.get("type") or "")
    reasons = {reason.rule_id: reason for reason in verdict.reasons} if verdict else {}
    return [sentence(reasons[rule]) if rule in reasons else f"{rule} is not met." for rule in sorted(blocking)]
