"""Asks in their phases -> who has to do what next: decide, ask, wait, arrange, tell, thank, answer.

Called by `tasks`. A duty about a match points at the match, which a requester cannot see; only what a requester is told points at
the request. Not here: keeping in touch (`care_duties`).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from crm_sync.lifecycle.ask_facts import OVER, Asks
from crm_sync.lifecycle.concerns import case_of, concerns
from crm_sync.lifecycle.drafts import Letter
from crm_sync.lifecycle.duties import Duty, name_of, pointing_at, words
from crm_sync.lifecycle.gate import blocking_rules, gate_of, gate_of_activity
from crm_sync.lifecycle.matches import recommended_candidate
from crm_sync.lifecycle.outreach import is_waiting, outreach_key, outreach_text
from crm_sync.lifecycle.uses import OPEN as OPEN_USE
from crm_sync.lifecycle.world import Row, World, digest, match_key
from crm_sync.model.records import Link

ASK = "If you have asked this customer already, do not ask again. Enter the day on which you asked in Asked On of the match."


def ask_duties(world: World) -> Iterator[Duty]:
    """Everything that asks and uses demand of somebody."""
    asks = world.once(Asks)
    yield from _decisions(asks)
    for match in world.rows("match"):
        yield from _of_match(asks, match)
    for activity in world.rows("activity"):
        yield from _of_activity(asks, activity)
    for request, row in requests_with_use(world):
        yield _feedback(world, request, row)
    yield from _replies(world)


def _decisions(asks: Asks) -> Iterator[Duty]:
    """The owner of a recommended reference decides before the customer hears of it."""
    world = asks.world
    days = world.program.matching.service_levels_business_days.owner_answer
    for slate in world.matches.slates:
        chosen = recommended_candidate(slate)
        request = world.row("request", slate.request_id)
        if chosen is None or request is None:
            continue
        key = match_key(slate.request_id, chosen.contact_id)
        match = next((m for m in world.matches_of.get(slate.request_id, ()) if m["key"] == key), None)
        if match and asks.phase(match).name != "deciding":
            continue
        due_on = (match or {}).get("decide_by") or world.calendar.add(world.today, days)
        cautions = "".join(f"\nMind: {caution}" for caution in chosen.cautions)
        yield Duty(
            digest("owner_decision", key, due_on.isoformat()),
            f"Decide: may we ask this customer for a {words(request.get('type'))}?",
            world.owner_of(chosen.contact_id),
            due_on,
            chosen.contact_id,
            Link("match", key),
            f"Without a decision by {due_on:%d %b %Y} the next candidate is proposed.\nWhy this customer:\n"
            + "\n".join(chosen.reasons)
            + cautions,
        )


def _of_match(asks: Asks, match: Row) -> Iterator[Duty]:
    phase = asks.phase(match).name
    if phase == "approved" or (phase == "frozen" and is_waiting(match)):
        yield _outreach(asks, match, paused=phase == "frozen")
    if phase == "frozen":
        yield _on_hold(asks, match)
    if phase == "accepted":
        yield _arrange(asks, match)
    drawn_in = match.get("asked_on") or match.get("customer_response") == "accepted"
    if phase in ("request_over", "overtaken") and drawn_in and _is_recent(asks.world, match):
        yield _not_needed(asks, match)


def _of_activity(asks: Asks, activity: Row) -> Iterator[Duty]:
    """An ask that no match speaks of stops as others do, unless its request is over."""
    if activity.get("match") or activity.get("status") not in OPEN_USE:
        return
    stage = (asks.world.row("request", activity.get("request")) or {}).get("stage")
    reasons = gate_of_activity(asks.world, activity).reasons
    if stage not in OVER and (reasons or stage == "on_hold"):
        yield _stopped(asks, activity, name_of(activity), "activity", reasons)


def _is_recent(world: World, match: Row) -> bool:
    """Whether the customer heard of it lately enough to be waiting still."""
    last: date | None = match.get("responded_on") or match.get("asked_on")
    return last is not None and (world.today - last).days <= world.program.cadence.thank_you_look_back_days


def _outreach(asks: Asks, match: Row, *, paused: bool) -> Duty:
    """The owner asks the customer: one outreach for each request, person and attempt."""
    world, contact = asks.world, asks.world.contact_of(match)
    request = world.row("request", match.get("request")) or {}
    decided = match.get("owner_decided_on") or world.today
    owner, kind, told = world.owner_of(contact), request.get("type"), outreach_text(world, match)
    return Duty(
        outreach_key(match, told.label),
        f"Ask this customer for a {words(kind)}, then enter the day on the match",
        owner,
        world.calendar.add(decided, asks.patience.owner_days),
        contact,
        pointing_at("match", match),
        letter=Letter("outreach", told.text, contact, owner, ASK, kind, request.get("needed_by")),
        paused=paused,
    )


def _on_hold(asks: Asks, match: Row) -> Duty:
    return _stopped(asks, match, match["key"], "match", gate_of(asks.world, match).reasons)


def _stopped(asks: Asks, ask: Row, name: str, mapping: str, reasons: tuple[str, ...]) -> Duty:
    """The owner hears at once that an ask has stopped, and why."""
    world, contact = asks.world, asks.world.contact_of(ask)
    stage = (world.row("request", ask.get("request")) or {}).get("stage")
    rules = sorted(blocking_rules(world, ask) or {"not_judged"})
    if stage == "on_hold":
        reasons = ("The request is on hold.", *reasons)
    return Duty(
        digest("on_hold", name, *(["on_hold"] if stage == "on_hold" else rules)),
        "On hold: do nothing about this reference until it is cleared",
        world.owner_of(contact),
        world.today,
        contact,
        pointing_at(mapping, ask),
        "\n".join((*reasons, "If the customer expects to hear from you, tell them that we will come back to them.")),
    )


def _arrange(asks: Asks, match: Row) -> Duty:
    """The requester learns that somebody has agreed, and whom to thank for it."""
    world = asks.world
    request = world.row("request", match.get("request")) or {}
    return Duty(
        digest("arrange", match["key"]),
        f"A customer has agreed to a {words(request.get('type'))}: arrange the day with the account owner",
        world.active_user(request.get("requester") or request.get("owner")),
        world.calendar.add(match.get("responded_on") or world.today, 1),
        world.contact_of(match),
        request.get("id"),
    )


def _not_needed(asks: Asks, match: Row) -> Duty:
    contact = asks.world.contact_of(match)
    return Duty(
        digest("not_needed", match["key"]),
        "Tell this customer that the reference is not needed any more, and thank them",
        asks.world.owner_of(contact),
        asks.world.calendar.add(asks.world.today, 1),
        contact,
        pointing_at("match", match),
    )


def requests_with_use(world: World) -> Iterator[tuple[Row, Row]]:
    """Each request whose reference took place lately, with its activity, while the requester has not said how it went."""
    oldest = world.today - timedelta(days=world.program.cadence.thank_you_look_back_days)
    for use in world.uses:
        request = world.row("request", use.request)
        lately = (
            use.status == "completed" and use.completed_on is not None and oldest <= use.completed_on <= world.today
        )
        if request and lately and not use.row.get("requester_feedback") and request.get("stage") == "submitted":
            yield request, use.row


def _feedback(world: World, request: Row, activity: Row) -> Duty:
    return Duty(
        digest("feedback", name_of(activity)),
        f"Say how the {words(activity.get('type'))} went: what it was worth, and what to do better",
        world.active_user(activity.get("requester") or request.get("requester") or request.get("owner")),
        world.calendar.add(world.today, world.program.matching.service_levels_business_days.concern_reply),
        activity.get("contact"),
        request["id"],
    )


def _replies(world: World) -> Iterator[Duty]:
    """A customer with a concern was promised an answer, and nobody has shown that it was given."""
    for record in concerns(world):
        case = case_of(world, record)
        if case is None or (case.get("replied_on") and case.get("reply_evidence")):
            continue
        due_on = case.get("reply_due")
        if case.get("closed") or (due_on is not None and due_on < world.today):
            contact = record.incidents[0].contact
            subject = "Make sure this customer was answered, and that the answer is linked on the case"
            yield Duty(
                digest("reply", name_of(case)), subject, world.owner_of(contact), world.today, contact,
                pointing_at("case", case),
            )  # fmt: skip
