"""Slates and phases -> match rows: who is proposed, held, superseded, frozen or closed, the attempt, and the final gate.

Called by `lifecycle.standing` and `lifecycle.desired`. Not here: the assignment (matching), the phases (`asks`), and what
people decide on a match.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

from crm_sync.lifecycle.ask_facts import Asks
from crm_sync.lifecycle.asks import OPEN, Phase
from crm_sync.lifecycle.gate import gate_of
from crm_sync.lifecycle.outreach import is_waiting, outreach_text
from crm_sync.lifecycle.world import Row, World, match_key
from crm_sync.model.asks import is_begun, is_refused
from crm_sync.model.matches import Candidate, Slate
from crm_sync.model.records import FORESEEN, Desired, Value

REASONS_LENGTH = 32_000
GATE_LENGTH = 4_000
RELEASED: Mapping[str, Value] = {"recommended": False, "reserved_until": None, "rank": None}
UNTRIED: Mapping[str, Value] = {"attempt": None, "decide_by": None, "outreach_text": None}


def recommended_candidate(slate: Slate) -> Candidate | None:
    """The one candidate the assignment chose for this request, or None."""
    return next((candidate for candidate in slate.candidates if candidate.recommended), None)


def desired_matches(world: World) -> Iterator[Desired]:
    """Propose every candidate of every slate, and settle the match rows that no slate proposes any more."""
    asks = world.once(Asks)
    proposed = set()
    for slate in world.matches.slates:
        held = {match["key"]: match for match in world.matches_of.get(slate.request_id, ())}
        for candidate in slate.candidates:
            key = match_key(slate.request_id, candidate.contact_id)
            proposed.add(key)
            yield _proposed(asks, slate.request_id, candidate, key, held.get(key))
    for match in world.rows("match"):
        if match["key"] not in proposed and not match["id"].startswith(FORESEEN):
            phase = asks.phase(match)
            yield Desired("match", _settled(asks, match, phase), key=match["key"], why=phase.text)


def _proposed(asks: Asks, request_id: str, candidate: Candidate, key: str, held: Row | None) -> Desired:
    phase = asks.phase(held) if held else None
    profile = asks.world.profile_of[candidate.contact_id]
    first: dict[str, Value] = {"key": key, "request": request_id, "profile": profile["id"]}
    fields: dict[str, Value] = {
        "score": round(candidate.score, 1),
        "score_parts": "; ".join(f"{name} {points:g}" for name, points in sorted(candidate.parts.items())),
        "reasons": "\n".join((*candidate.reasons, *candidate.cautions))[:REASONS_LENGTH],
    }
    if held and phase and phase.name not in ("deciding", "in_line"):
        fields |= _settled(asks, held, phase)
        if phase.name in OPEN:
            fields |= {"rank": candidate.rank, "recommended": candidate.recommended}
    else:
        fields |= {"rank": candidate.rank, "recommended": candidate.recommended, "state": "proposed"}
        fields |= {"gate_verdict": "not_checked", "gate_reasons": None}
        fields |= _trial(asks, request_id, held) if candidate.recommended else {**UNTRIED, "reserved_until": None}
    return Desired("match", fields, key=key, on_create=first, why=f"rank {candidate.rank} of its slate")


def _trial(asks: Asks, request_id: str, held: Row | None) -> Mapping[str, Value]:
    """Hold the recommended reference for this request: a trial that runs is kept as it is, not prolonged."""
    world, levels = asks.world, asks.world.program.matching
    if held and held.get("recommended") and held.get("decide_by") and held["decide_by"] >= world.today:
        kept = held.get("reserved_until")
        if held.get("attempt") and kept and kept >= world.today:
            return {"attempt": held["attempt"], "decide_by": held["decide_by"], "reserved_until": kept}
    return {
        "outreach_text": None,
        "attempt": float(_tried(asks, request_id, held) + 1),
        "decide_by": world.calendar.add(world.today, levels.service_levels_business_days.owner_answer),
        "reserved_until": world.calendar.add(world.today, levels.reserve_business_days),
    }


def _tried(asks: Asks, request_id: str, held: Row | None) -> int:
    """How many persons this request has met: those that somebody decided on, or was silent about."""
    others = [m for m in asks.world.matches_of.get(request_id, ()) if not held or m["id"] != held["id"]]
    met = [m for m in others if is_begun(m) or is_refused(m) or asks.patience.is_owner_silent(m)]
    return max([len(met), *(int(m.get("attempt") or 0) for m in met)])


def _settled(asks: Asks, match: Row, phase: Phase) -> Mapping[str, Value]:
    """What a match shows that is not waiting for its owner: held while it goes on, let go of when it is over."""
    if phase.name in OPEN:
        return {
            "state": phase.state,
            "reserved_until": _held_until(asks, match),
            **_attempted(asks, match),
            **_gate(asks, match),
            **_told(asks, match, phase),
        }
    if phase.name == "not_proposed":
        return {**RELEASED, **UNTRIED, "state": phase.state}
    gate = _gate(asks, match) if phase.name in ("overtaken", "too_late") else {}
    return {**RELEASED, "state": phase.state, **gate}


def _attempted(asks: Asks, match: Row) -> Mapping[str, Value]:
    """Number an ask that people began by themselves."""
    return {} if match.get("attempt") else {"attempt": float(_tried(asks, match["request"], match) + 1)}


def _held_until(asks: Asks, match: Row) -> date | None:
    """The day until which an ask keeps its place: that of the customer's answer, once the customer was asked."""
    if match.get("customer_response") or match.get("scheduled_for"):
        return match.get("reserved_until")
    if match.get("asked_on"):
        return asks.patience.answer_by(match)
    decided, held = match.get("owner_decided_on"), match.get("reserved_until")
    ends = [held, asks.world.calendar.add(decided, asks.patience.owner_days) if decided else None]
    return max((day for day in ends if day is not None), default=None)


def _told(asks: Asks, match: Row, phase: Phase) -> Mapping[str, Value]:
    """Note the text that the owner asks with, until the customer was asked; then it stays."""
    if phase.name == "approved" or (phase.name == "frozen" and is_waiting(match)):
        return {"outreach_text": outreach_text(asks.world, match).label or None}
    return {}


def _gate(asks: Asks, match: Row) -> Mapping[str, Value]:
    gate = gate_of(asks.world, match)
    return {"gate_verdict": gate.verdict, "gate_reasons": "\n".join(gate.reasons)[:GATE_LENGTH] or None}
