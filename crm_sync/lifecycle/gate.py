"""The final gate: an ask that has begun, judged anew on the facts of this very run -> passed, or refused with reasons.

Run from the owner's approval on and on every run after it, so that an ask freezes in the run that sees the reason. It judges
the person's criteria and caps, notice, and the rules of the request itself as matching reads them today. An ask is a match, or
an activity that has none. Called by `ask_facts`, `matches`, `requests` and `ask_duties`. Not here: what a refusal does to the
ask (`asks`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from crm_sync.lifecycle.sentences import sentence
from crm_sync.lifecycle.uses import OPEN as OPEN_USE
from crm_sync.lifecycle.world import Row, World
from crm_sync.model.asks import is_begun
from crm_sync.model.verdict import Reason

BLACKOUT = "blackout"
"""The criterion about today alone: it keeps a customer from being asked today, not a question from being open."""
NOT_JUDGED = "The person can no longer be judged for this request."
NO_DAY = "Nobody can say on which day this customer's notice ends."
OF_THE_REQUEST = {
    "own": "The customer belongs to the prospect's own group of companies. Ask somebody else for this request.",
    "competitor": "The customer's company, or one of its group, competes with the prospect. Ask somebody else for this request.",
    "not_known_to_compete": "It is not known whether the customer's company competes with the prospect. "
    "Fill in the competitive set of both, and the prospect of the request.",
    "language": "The customer does not speak the language of the request. Correct the language, or those of the profile.",
    "topic": "The customer would rather not talk about what the request is about.",
    "consent": "The customer's consent stops short of this request: its region, its audience or its day.",
    "recent": "The customer rests from this audience, this requester or the prospect's rivals.",
    "type": "The request is for another kind of reference now than the customer was asked for.",
}
"""What the owner is told of each rule of the request that bars an ask. Nothing here names the prospect."""


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
    """Judge one ask of a match; one that has not begun is not checked."""
    if not is_begun(match) and not world.activities_of.get(match["id"]):
        return Gate("not_checked")
    said, first = _short_notice(world, match)
    reasons = _reasons(world, match) + said
    return Gate("refused" if reasons else "passed", reasons, first)


def gate_of_activity(world: World, activity: Row) -> Gate:
    """Judge one ask that stands on an activity alone; one that is over is not checked."""
    if activity.get("status") not in OPEN_USE:
        return Gate("not_checked")
    reasons = _reasons(world, activity)
    return Gate("refused" if reasons else "passed", reasons)


def blocking_rules(world: World, ask: Row) -> frozenset[str] | None:
    """What is in the way of an ask: ids of hard criteria and names of its request's rules; None when nobody has judged it."""
    held, barred = world.held.get(ask["id"]), world.matches.barred.get(ask["id"])
    if held is None or barred is None:
        return None
    asked = ask.get("asked_on") or ask.get("customer_response") or ask.get("status") in OPEN_USE
    return (world.blocking(held) - ({BLACKOUT} if asked else frozenset())) | barred


def _reasons(world: World, ask: Row) -> tuple[str, ...]:
    blocking = blocking_rules(world, ask)
    return (NOT_JUDGED,) if blocking is None else tuple(_lines(world, ask, blocking))


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


def _lines(world: World, ask: Row, blocking: frozenset[str]) -> list[str]:
    kind = ask.get("type") or (world.row("request", ask.get("request")) or {}).get("type")
    verdict = world.explanations.get(world.contact_of(ask) or "", {}).get(kind or "")
    reasons = {reason.rule_id: reason for reason in verdict.reasons} if verdict else {}
    return [OF_THE_REQUEST.get(rule) or _line(rule, reasons.get(rule)) for rule in sorted(blocking)]


def _line(rule: str, reason: Reason | None) -> str:
    return sentence(reason) if reason else f"{rule} is not met."
