"""Cadence -> who keeps in touch with whom: thank-yous, check-ins, consents that run out or are gone, promoters and references unused.

Called by `tasks`. By the clocks of rules/cadence.yaml. Not here: asks under way (`ask_duties`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

from crm_sync.lifecycle.check_ins import CheckIns, check_in_key
from crm_sync.lifecycle.consents import ends_on, uncovered_assets, warning_of
from crm_sync.lifecycle.drafts import Letter, may_be_written_to, text_for
from crm_sync.lifecycle.duties import Duty, name_of, pointing_at, words
from crm_sync.lifecycle.world import Row, World, digest

THANK = "Enter the day on which you said thank you in Thanked On of the activity."
CALL = "A call is better than a letter. Log the call or the meeting, so that the next check-in is counted from it."
NEVER_USED = ("declined", "cancelled")
"""Statuses of activities in which the customer did nothing for us."""


def care_duties(world: World) -> Iterator[Duty]:
    """Everything that keeping in touch demands of somebody."""
    yield from _thank_yous(world)
    yield from _check_ins(world)
    yield from _consents(world)
    yield from _take_downs(world)
    yield from _idle(world)


def _thank_yous(world: World) -> Iterator[Duty]:
    days = world.program.cadence.thank_you_business_days
    oldest = world.today - timedelta(days=world.program.cadence.thank_you_look_back_days)
    for use in world.uses:
        done = use.completed_on if use.status == "completed" else None
        if done is None or use.row.get("thanked_on") or not oldest <= done <= world.today:
            continue
        subject = f"Thank this customer for the {words(use.row.get('type'))} of {done:%d %b %Y}"
        contact, kind = use.row.get("contact"), use.row.get("type")
        owner, text = world.owner_of(contact), text_for(world, "thank_you", contact, kind)
        yield Duty(
            digest("thank_you", name_of(use.row)), subject, owner, world.calendar.add(done, days), contact,
            pointing_at("activity", use.row), letter=Letter("thank_you", text, contact, owner, THANK, kind, done),
        )  # fmt: skip


def _check_ins(world: World) -> Iterator[Duty]:
    """An active reference nobody has spoken to for the cadence's length; while it is not active, the task waits."""
    check_ins = world.once(CheckIns)
    for profile in world.rows("profile"):
        due_on = check_ins.next_on(profile)
        if due_on is None or due_on > world.today:
            continue
        contact = profile["contact"]
        if may_be_written_to(world, contact):
            subject = "Check in with this reference: nobody has spoken to them for a while"
            duty = _about(world, profile, check_in_key(profile, due_on), subject, world.today)
            letter = Letter("check_in", text_for(world, "check_in", contact), contact, duty.owner, CALL)
            yield replace(duty, letter=letter, paused=profile.get("status") != "active")


def _consents(world: World) -> Iterator[Duty]:
    """A consent of an active reference that runs out soon and that nobody is renewing; once for each reminder day."""
    limits = sorted(world.program.cadence.consent_reminder_days)
    for consent in world.rows("consent"):
        profile = world.profile_of.get(consent.get("contact") or "")
        end = ends_on(world, consent)
        if not profile or profile.get("status") != "active" or end is None or end <= world.today:
            continue
        reached = next((limit for limit in limits if (end - world.today).days <= limit), None)
        if reached is None or warning_of(world, consent) == "none" or _is_renewed(world, consent, end):
            continue
        key = digest("consent_expiring", name_of(consent), end.isoformat(), str(reached))
        subject = (
            f"Consent for {words(consent.get('use') or 'this use')} ends on {end:%d %b %Y}: ask whether to renew it"
        )
        contact = consent["contact"]
        yield Duty(key, subject, world.owner_of(contact), end, contact, pointing_at("consent", consent))


def _is_renewed(world: World, consent: Row, end: date) -> bool:
    """Whether another consent of that person to that use is awaited, or lasts longer."""
    same = (
        other
        for other in world.consents_of.get(consent["contact"], ())
        if other["id"] != consent["id"] and other.get("use") == consent.get("use")
    )
    return any(
        other.get("status") == "pending"
        or (other.get("status") in world.program.consent.grant_status and (ends_on(world, other) or end) > end)
        for other in same
    )


def _take_downs(world: World) -> Iterator[Duty]:
    """What is published and no consent covers goes, whoever it is of: once for each end of a consent to it.

    It names no person, so that it holds for somebody who asked to be forgotten as well.
    """
    days = world.program.escalation.kinds["consent_withdrawn"].due_business_days
    for asset, since in uncovered_assets(world):
        yield Duty(
            digest("take_down", name_of(asset), str(since)),
            "Take this asset down: no consent covers it, and the customer was promised that it goes",
            world.active_user(asset.get("owner")),
            world.calendar.add(world.today, days),
            None,
            pointing_at("asset", asset),
            "Take it down wherever it is shown, then set its status to Withdrawn. If there is a consent to this use, record it.",
        )


def _idle(world: World) -> Iterator[Duty]:
    """An active reference that may be asked and has never been, or not for long: once for each such period."""
    used = last_used(world)
    cadence = world.program.cadence
    for profile in world.rows("profile"):
        contact = profile.get("contact") or ""
        if profile.get("status") != "active" or contact not in world.may_be_asked:
            continue
        since, days = used.get(contact), cadence.unused_reference_days
        kind, subject = (
            "unused",
            "This reference has not been called on for long: ask how they are, and keep them in mind",
        )
        if since is None:
            since, days = _joined(world, profile), cadence.never_asked_promoter_days
            kind, subject = (
                "never_asked",
                "This promoter has never been asked: look for an occasion, so that the load spreads",
            )
        periods = (world.today - since).days // days if since else 0
        if periods >= 1:
            yield _about(world, profile, digest(kind, profile["id"], str(since), str(periods)), subject, world.today)


def last_used(world: World) -> dict[str, date]:
    """The last day on which each contact did something for us, or may have."""
    days: dict[str, date] = {}
    for use in world.uses:
        contact, latest = use.row.get("contact"), use.latest_on
        if contact and latest and use.status not in NEVER_USED:
            days[contact] = max(latest, days.get(contact, latest))
    return days


def _joined(world: World, profile: Row) -> date | None:
    """Since when somebody has been in the program, as far as the records tell."""
    created = profile.get("created_at")
    days = [created.date() if created else None, profile.get("briefed_on")]
    days += [consent.get("valid_from") for consent in world.consents_of.get(profile["contact"], ())]
    return min((day for day in days if day is not None), default=None)


def _about(world: World, profile: Row, key: str, subject: str, due_on: date) -> Duty:
    contact = profile["contact"]
    return Duty(key, subject, world.owner_of(contact), due_on, contact, pointing_at("profile", profile))
