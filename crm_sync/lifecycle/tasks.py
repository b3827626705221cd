"""Clocks and cadence -> Tasks for the people who act: owner decisions, thank-yous, check-ins, consents that run out.

Called by `lifecycle.desired`. One task per cause, never two for the same thing; closed when the fact has changed.
A task names no person in its subject: it points at the contact record, so nothing personal passes through here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from crm_sync.lifecycle.consents import ends_on, warning_of
from crm_sync.lifecycle.matches import match_key, recommended_candidate
from crm_sync.lifecycle.world import World, digest
from crm_sync.model.records import Desired, Value


@dataclass(frozen=True)
class Duty:
    """Something a person has to do: its key's parts, the subject line, who, by when, and about which records."""

    key: str
    subject: str
    owner: str | None
    due_on: date
    who: str | None
    what: str | None = None
    description: str = ""


def desired_tasks(world: World) -> Iterator[Desired]:
    """Open a task for every duty, and complete the tasks whose duty is gone."""
    due = {duty.key: duty for duty in duties(world)}
    held = {row["key"]: row for row in world.rows("task") if row.get("key")}
    for key in sorted(due.keys() - held.keys()):
        yield Desired("task", {}, key=key, on_create=_first(due[key]), why=due[key].subject)
    for key in sorted(held.keys() - due.keys()):
        if not held[key].get("closed"):
            yield Desired("task", {"status": "completed"}, key=key, why="the fact behind it has changed")


def _first(duty: Duty) -> dict[str, Value]:
    return {
        "key": duty.key,
        "subject": duty.subject,
        "owner": duty.owner,
        "due_on": duty.due_on,
        "who": duty.who,
        "what": duty.what,
        "status": "not_started",
        "description": duty.description,
    }


def duties(world: World) -> Iterator[Duty]:
    """Everything that somebody has to do today or soon, by the clocks of rules/cadence.yaml and rules/matching.yaml."""
    yield from _decisions(world)
    yield from _thank_yous(world)
    yield from _check_ins(world)
    yield from _consents(world)


def _decisions(world: World) -> Iterator[Duty]:
    """The owner of a recommended reference decides before the customer hears of it."""
    days = world.program.matching.service_levels_business_days.owner_answer
    for slate in world.matches.slates:
        chosen = recommended_candidate(slate)
        request = world.row("request", slate.request_id)
        if chosen is None or request is None:
            continue
        key = match_key(slate.request_id, chosen.contact_id)
        match = next((m for m in world.matches_of.get(slate.request_id, ()) if m["key"] == key), None)
        if match and match.get("owner_decision"):
            continue
        what = str(request.get("type") or "reference").replace("_", " ")
        cautions = "".join(f"\nMind: {caution}" for caution in chosen.cautions)
        yield Duty(
            digest("owner_decision", key),
            f"Decide: may we ask this customer for a {what}?",
            world.owner_of(chosen.contact_id),
            world.calendar.add(world.today, days),
            chosen.contact_id,
            slate.request_id,
            "Why this customer:\n" + "\n".join(chosen.reasons) + cautions,
        )


def _thank_yous(world: World) -> Iterator[Duty]:
    days = world.program.cadence.thank_you_business_days
    oldest = world.today - timedelta(days=world.program.cadence.thank_you_look_back_days)
    for activity in world.rows("activity"):
        done = activity.get("completed_on") if activity.get("status") == "completed" else None
        if done is None or activity.get("thanked_on") or not oldest <= done <= world.today:
            continue
        what = str(activity.get("type") or "reference").replace("_", " ")
        subject = f"Thank this customer for the {what} of {done:%d %b %Y}"
        owner = world.owner_of(activity.get("contact"))
        key = digest("thank_you", activity["id"])
        yield Duty(key, subject, owner, world.calendar.add(done, days), activity.get("contact"), activity["id"])


def _check_ins(world: World) -> Iterator[Duty]:
    """An active reference nobody has spoken to for the cadence's length."""
    for profile in world.rows("profile"):
        judged = world.judged.get(profile.get("contact") or "")
        due_on = judged.get("next_check_in_on") if judged else None
        if profile.get("status") != "active" or due_on is None or due_on > world.today:
            continue
        key = digest("check_in", profile["id"], due_on.isoformat())
        subject = "Check in with this reference: nobody has spoken to them for a while"
        yield Duty(key, subject, world.owner_of(profile["contact"]), world.today, profile["contact"], profile["id"])


def _consents(world: World) -> Iterator[Duty]:
    """A consent that runs out soon, of somebody in the program."""
    for consent in world.rows("consent"):
        profile = world.profile_of.get(consent.get("contact") or "")
        end = ends_on(world, consent)
        if not profile or profile.get("status") != "active" or end is None:
            continue
        if warning_of(world, consent) in ("none", "expired"):
            continue
        use = str(consent.get("use") or "this use").replace("_", " ")
        key = digest("consent_expiring", consent["id"], end.isoformat())
        subject = f"Consent for {use} ends on {end:%d %b %Y}: ask whether to renew it"
        yield Duty(key, subject, world.owner_of(consent["contact"]), end, consent["contact"], consent["id"])
