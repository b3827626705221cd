"""Slates -> match rows: who is proposed, reserved, superseded, frozen or closed, and the final gate.

Called by `lifecycle.desired`. Not here: the assignment (matching) and what people decide on a match.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from crm_sync.lifecycle.world import Row, World, digest
from crm_sync.model.matches import Candidate, Slate
from crm_sync.model.records import FORESEEN, Desired, Value
from crm_sync.model.verdict import Reason

REASONS_LENGTH = 32_000
GATE_LENGTH = 4_000


def match_key(request_id: str, contact_id: str) -> str:
    """The external key of the match of this request and this person."""
    return digest("match", request_id, contact_id)


def recommended_candidate(slate: Slate) -> Candidate | None:
    """The one candidate the assignment chose for this request, or None."""
    return next((candidate for candidate in slate.candidates if candidate.recommended), None)


def desired_matches(world: World) -> Iterator[Desired]:
    """Propose every candidate of every slate, and settle the match rows that no slate proposes any more."""
    for slate in world.matches.slates:
        held = {match["key"]: match for match in world.matches_of.get(slate.request_id, ())}
        for candidate in slate.candidates:
            key = match_key(slate.request_id, candidate.contact_id)
            yield _proposed(world, slate.request_id, candidate, key, held.get(key))
    proposed = {match_key(s.request_id, c.contact_id) for s in world.matches.slates for c in s.candidates}
    for match in world.rows("match"):
        if match["key"] not in proposed and not match["id"].startswith(FORESEEN):
            yield Desired("match", _settled(world, match), key=match["key"], why="no longer proposed")


def _proposed(world: World, request_id: str, candidate: Candidate, key: str, held: Row | None) -> Desired:
    profile = world.profile_of[candidate.contact_id]
    fields: dict[str, Value] = {
        "rank": candidate.rank,
        "score": round(candidate.score, 1),
        "score_parts": "; ".join(f"{name} {points:g}" for name, points in sorted(candidate.parts.items())),
        "reasons": "\n".join((*candidate.reasons, *candidate.cautions))[:REASONS_LENGTH],
        "recommended": candidate.recommended,
        "reserved_until": _reserved_until(world, candidate, held),
        "state": "proposed",
        **_gate(world, held),
    }
    first: dict[str, Value] = {"key": key, "request": request_id, "profile": profile["id"]}
    return Desired("match", fields, key=key, on_create=first, why=f"rank {candidate.rank} of its slate")


def _reserved_until(world: World, candidate: Candidate, held: Row | None) -> Value:
    """Hold the recommended reference for this request; a reservation that runs is kept, not prolonged."""
    if not candidate.recommended:
        return None
    if held and held.get("recommended") and held.get("reserved_until") and held["reserved_until"] >= world.today:
        return held["reserved_until"]  # type: ignore[no-any-return]
    return world.calendar.add(world.today, world.program.matching.reserve_business_days)


# A match that no slate proposes: the first line that holds gives its state.
def _settled(world: World, match: Row) -> Mapping[str, Value]:
    request = world.row("request", match.get("request")) or {}
    released: dict[str, Value] = {"recommended": False, "reserved_until": None, "rank": None}
    if request.get("stage") in ("closed", "withdrawn", None):
        return {**released, "state": "closed"}
    if "declined" in (match.get("owner_decision"), match.get("customer_response")):
        return {**released, "state": "closed"}
    if ask_is_open(match):
        held = request.get("stage") == "on_hold" or not still_passes(world, match)
        return {"state": "frozen" if held else "proposed", **_gate(world, match)}
    return {**released, "state": "superseded"}


def ask_is_open(match: Row) -> bool:
    """Whether the owner or the customer has been drawn in and the reference has not taken place."""
    begun = match.get("owner_decision") == "approved" or match.get("asked_on") or match.get("customer_response")
    refused = "declined" in (match.get("owner_decision"), match.get("customer_response"))
    return bool(begun) and not refused and not match.get("completed_on")


def contact_of(world: World, match: Row) -> str | None:
    """The person a match is about."""
    profile = world.row("profile", match.get("profile"))
    return profile.get("contact") if profile else None


def still_passes(world: World, match: Row) -> bool:
    """Whether an open ask still meets every hard criterion on today's facts; an ask nobody judged does not."""
    ask = world.held.get(match["id"])
    return ask is not None and not world.blocking(ask)


def _gate(world: World, match: Row | None) -> Mapping[str, Value]:
    """Re-decide when the customer has said yes: only an ask that still meets every hard criterion passes."""
    if not match or match.get("customer_response") != "accepted":
        return {"gate_verdict": "not_checked", "gate_reasons": None}
    ask = world.held.get(match["id"])
    if ask is None:
        return {"gate_verdict": "refused", "gate_reasons": "The person can no longer be judged for this request."}
    blocking = world.blocking(ask)
    if not blocking:
        return {"gate_verdict": "passed", "gate_reasons": None}
    verdict = world.explanations.get(contact_of(world, match) or "", {}).get(ask["reference_type"])
    reasons = {reason.rule_id: reason for reason in verdict.reasons} if verdict else {}
    lines = [_line(rule, reasons.get(rule)) for rule in sorted(blocking)]
    return {"gate_verdict": "refused", "gate_reasons": "\n".join(lines)[:GATE_LENGTH]}


def _line(rule: str, reason: Reason | None) -> str:
    return f"{reason.text}: {reason.value or 'not known'}. {reason.remedy}" if reason else f"{rule} is not met."
