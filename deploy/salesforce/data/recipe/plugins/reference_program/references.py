"""Draws what the program holds about a reference: the profile, consents, two years of uses, touches and assets.

Called by the plugin. The history respects the default caps, so that a person over a cap is a hard case on purpose.
Not here: companies and contacts (`accounts`), what sales asks for (`demand`).
"""

from __future__ import annotations

from typing import Any

from . import words
from .world import REFERENCE_TYPES, World

STATUSES = ("Active", "Candidate", "Invited", "Paused", "Declined", "Retired")
STATUS_WEIGHTS = (66, 14, 4, 6, 5, 5)
TYPE_PERCENT = {"Sales Call": 92, "Quote": 52, "Logo": 48, "Recording": 30, "Case Study": 30, "Site Visit": 22}
EFFORT = {"Sales Call": 1.0, "Quote": 0.5, "Logo": 0.5, "Recording": 3.0, "Case Study": 5.0, "Site Visit": 10.0}
USE_WEIGHT = {"Sales Call": 78, "Quote": 7, "Logo": 7, "Recording": 4, "Case Study": 3, "Site Visit": 1}
MINUTES = {"Sales Call": 40, "Quote": 15, "Logo": 10, "Recording": 120, "Case Study": 180, "Site Visit": 300}
HISTORY_DAYS = 730
POPULARITY = 5.0
DAYS_TO_SPARE = 7
REQUESTS_KEPT_DAYS = 120
"""Requests of the last months are on record, closed, behind the uses they led to."""
REST_DAYS = {"Case Study": 181, "Quote": 181}
IN_PROGRAM = ("Active", "Paused", "Retired")


def profile(world: World, company: dict[str, Any], person: dict[str, Any]) -> dict[str, Any]:
    """Draw one profile; a candidate's human fields are empty, an active one's are filled."""
    status = world.pick(STATUSES, STATUS_WEIGHTS)
    drawn: dict[str, Any] = {
        "status": status,
        "title": person["title"],
        "types": (),
        "nominated_by": company["owner"] if person["nominated"] else None,
        "paused": status == "Paused",
        "pause_reason": world.pick(words.PAUSE_REASONS) if status == "Paused" else None,
        "company": company,
        "popular": world.chance.paretovariate(1.6),
    }
    blank = ("topics", "avoid", "languages", "time_zone", "blackouts", "notice", "briefed", "briefed_on", "briefing")
    drawn |= dict.fromkeys((*blank, "calls_quarter", "calls_year", "half_year", "effort"))
    if status in IN_PROGRAM or status == "Declined":
        drawn |= _human(world, company)
    return drawn


def _human(world: World, company: dict[str, Any]) -> dict[str, Any]:
    place = company["place"]
    types = [name for name in REFERENCE_TYPES if world.happens(TYPE_PERCENT[name])] or ["Sales Call"]
    briefed = types if world.happens(92) else types[1:]
    languages = sorted({"English", place.language} if world.happens(88) else {place.language})
    return {
        "types": types,
        "briefed": ";".join(briefed) or None,
        "briefed_on": world.day(-world.between(20, 380)) if briefed else None,
        "briefing": "briefing 2025.2" if briefed else None,
        "topics": "\n".join(world.some(words.TOPICS, 1, 3)),
        "avoid": "\n".join(world.some(words.AVOID, 1, 2)) if world.happens(45) else None,
        "languages": ";".join(languages),
        "time_zone": world.pick(place.time_zones),
        "blackouts": _blackouts(world) if world.happens(34) else None,
        "notice": world.between(3, 12) if world.happens(25) else None,
        "calls_quarter": 1 if world.happens(14) else None,
        "calls_year": world.between(3, 6) if world.happens(14) else None,
        "half_year": 2 if world.happens(8) else None,
        "effort": float(world.between(4, 8)) if world.happens(8) else None,
    }


def _blackouts(world: World) -> str:
    lines = []
    if world.happens(60):
        start = world.between(25, 160)
        lines.append(
            f"{world.day(start)}..{world.day(start + world.between(4, 20))} {world.pick(words.BLACKOUT_REASONS)}"
        )
    if world.happens(40):
        lines.append(world.pick(("Fri", "Mon", "Wed")))
    if world.happens(35) or not lines:
        lines.append(f"{world.day(world.between(-60, 90))} {world.pick(words.BLACKOUT_REASONS)}")
    return "\n".join(lines)


def consents(world: World, profile: dict[str, Any]) -> list[dict[str, Any]]:
    """Draw the consents of one profile: one per use agreed, most of them in force."""
    in_program = profile["status"] in IN_PROGRAM
    return [_consent(world, profile, use) for use in profile["types"] if world.happens(97 if in_program else 40)]


def _consent(world: World, profile: dict[str, Any], use: str) -> dict[str, Any]:
    status = world.pick(("Granted", "Pending", "Refused", "Withdrawn"), (93, 4, 2, 1))
    granted = status in ("Granted", "Withdrawn")
    age = world.between(12, 330) if world.happens(94) else world.between(370, 500)
    territory = profile["company"]["region"] if world.happens(10) else "Worldwide"
    return {
        "use": use,
        "status": status,
        "text_version": world.pick(("v3", "v4"), (30, 70)),
        "evidence": f"https://files.vendor.example/consent/{world.deal('evidence') + 1001}" if granted else None,
        "territory": territory,
        "audience": world.pick(("Anyone", "Prospects"), (70, 30)),
        "approved_by": "@user_legal" if granted else None,
        "valid_from": world.day(-age) if granted else None,
        "valid_to": world.day(365 - age) if granted and world.happens(70) else None,
        "withdrawn_on": world.day(-world.between(1, age)) if status == "Withdrawn" else None,
    }


def uses(world: World, profile: dict[str, Any]) -> list[dict[str, Any]]:
    """Draw two years of uses, newest last, none of which exceeds a default cap; and now and then a decline."""
    kept_for_visits = "Site Visit" in profile["types"] and world.happens(45)
    if profile["status"] not in IN_PROGRAM or kept_for_visits or world.happens(9):
        return []
    wished = min(24, max(1, round(POPULARITY * profile["popular"])))
    kept: list[tuple[int, str]] = []
    calls_of_account: list[int] = profile["company"].setdefault("calls", [])
    for days_ago in sorted(world.chance.sample(range(3, HISTORY_DAYS), k=wished), reverse=True):
        use = world.pick(profile["types"], [USE_WEIGHT[name] for name in profile["types"]])
        if _fits(kept, days_ago, use) and not (use == "Sales Call" and _account_is_full(calls_of_account, days_ago)):
            kept.append((days_ago, use))
            calls_of_account += [days_ago] if use == "Sales Call" else []
    return [_use(world, days_ago, use) for days_ago, use in kept]


def _fits(kept: list[tuple[int, str]], days_ago: int, use: str) -> bool:
    """Whether a use after the kept ones leaves a month's rest and stays in the half-year, quarter and effort caps."""
    half_year = sum(other - days_ago <= 185 for other, _ in kept)
    calls = sum(other - days_ago <= 92 and name == "Sales Call" for other, name in kept)
    effort = sum(EFFORT[name] for other, name in kept if other - days_ago <= 366)
    rested = all(other - days_ago > REST_DAYS.get(name, 31) for other, name in kept)
    return rested and half_year < 3 and calls < 2 and effort + EFFORT[use] <= 10


def _account_is_full(calls: list[int], days_ago: int) -> bool:
    """Whether the account's people have taken three calls around that day; looks both ways, as people are drawn in turn."""
    return sum(abs(other - days_ago) <= 92 for other in calls) >= 3


def _use(world: World, days_ago: int, use: str) -> dict[str, Any]:
    """Draw one use, and how it went; a late one names the request behind it, and the older ones are no longer on record."""
    prospect = world.pick(world.prospects)
    status = world.pick(("Completed", "Declined", "Cancelled"), (93, 4, 3)) if days_ago > 20 else "Completed"
    done = status == "Completed"
    lead = world.between(6, 16)
    kept = days_ago + lead <= REQUESTS_KEPT_DAYS
    return {
        "use": use,
        "days_ago": days_ago,
        "prospect_company": prospect,
        "request": f"@past_request_{world.deal('past request') + 1}" if kept else None,
        "status": status,
        "requester": prospect["owner"],
        "audience": f"{prospect['industry']} / {world.pick(words.USE_CASES)}",
        "prospect": prospect["ref"],
        "requested_on": world.day(-days_ago - lead),
        "asked_on": world.day(-days_ago - lead + 2),
        "responded_on": world.day(-days_ago - lead + 4),
        "scheduled_on": world.day(-days_ago - 1) if done else None,
        "completed_on": world.day(-days_ago) if done else None,
        "minutes": round(MINUTES[use] * world.chance.uniform(0.7, 1.3)) if done else None,
        "customer_feedback": world.pick(words.CUSTOMER_FEEDBACK) if done and world.happens(55) else None,
        "rep_feedback": world.pick(words.REP_FEEDBACK) if done and world.happens(60) else None,
        "sentiment": world.pick(("Positive", "Neutral"), (83, 17)) if done else None,
        "thanked_on": world.day(-days_ago + 1) if done else None,
    }


def request_behind(world: World, use: dict[str, Any]) -> dict[str, Any]:
    """Tell of the request that led to a use. Draws nothing."""
    prospect = use["prospect_company"]
    return {
        "ref": use["request"].removeprefix("@"),
        "prospect": use["prospect"],
        "requester": use["requester"],
        "use": use["use"],
        "audience": use["audience"],
        "industry": prospect["industry"],
        "use_case": use["audience"].partition(" / ")[2],
        "region": prospect["region"],
        "needed_by": world.day(DAYS_TO_SPARE - use["days_ago"]),
        "submitted_on": use["requested_on"],
    }


def touches(world: World, profile: dict[str, Any]) -> list[dict[str, Any]]:
    """Draw the tasks and meetings that keep in touch; a few active references have heard nothing for months."""
    if profile["status"] not in ("Active", "Paused", "Candidate", "Invited"):
        return []
    newest = world.between(100, 200) if world.happens(7) else world.between(2, 70)
    ages = [newest, *(newest + world.between(30, 200) for _ in range(world.between(0, 1)))]
    return [_touch(world, profile, age) for age in ages]


def _touch(world: World, profile: dict[str, Any], age: int) -> dict[str, Any]:
    meeting = world.happens(42)
    hour = world.between(8, 16)
    return {
        "meeting": meeting,
        "subject": world.pick(words.EVENT_SUBJECTS if meeting else words.TASK_SUBJECTS),
        "owner": profile["company"]["owner"],
        "on": world.day(-age),
        "starts_at": f"{world.day(-age)}T{hour:02d}:00:00.000Z",
        "ends_at": f"{world.day(-age)}T{hour:02d}:45:00.000Z",
    }


def assets(world: World, profile: dict[str, Any]) -> list[dict[str, Any]]:
    """Draw published material of an active reference who agreed to be published."""
    published = [name for name in profile["types"] if name in ("Quote", "Logo", "Recording", "Case Study")]
    if profile["status"] != "Active" or not published or not world.happens(30):
        return []
    return [_asset(world, profile, world.pick(published))]


def _asset(world: World, profile: dict[str, Any], use: str) -> dict[str, Any]:
    company = profile["company"]
    status = world.pick(("Published", "Draft", "Withdrawn"), (86, 9, 5))
    number = world.deal("asset") + 101
    version = f"v{world.between(1, 3)}"
    return {
        "title": f"{company['name']}: {company['use_case'].lower()} with {company['product']} ({use.lower()})"[:80],
        "use": use,
        "url": f"https://www.vendor.example/references/{number}",
        "status": status,
        "published_on": world.day(-world.between(20, 300)) if status != "Draft" else None,
        "version": version,
        "approved_by": "@user_legal" if status != "Draft" else None,
        "approved_version": version if status != "Draft" else None,
        "company": company,
    }
