"""Draws what sales asks the program for: requests about prospects with an open opportunity.

Called by the plugin for each open opportunity; hands requests out in turn until the mix below is used up.
Not here: requests made to be hard (hard_cases.yml).
"""

from __future__ import annotations

from typing import Any

from . import words
from .world import World

# (stage, reference type, how many). Submitted ones are what matching works on.
MIX = (
    ("Submitted", "Sales Call", 26),
    ("Submitted", "Quote", 5),
    ("Submitted", "Logo", 5),
    ("Submitted", "Recording", 3),
    ("Submitted", "Case Study", 3),
    ("Submitted", "Site Visit", 2),
    ("Draft", "Sales Call", 4),
    ("On Hold", "Sales Call", 3),
    ("Withdrawn", "Quote", 3),
    ("Closed", "Sales Call", 12),
)
DAYS_NEEDED = {"Sales Call": 17, "Quote": 17, "Logo": 24, "Recording": 32, "Case Study": 46, "Site Visit": 46}
SIZES = ((200, "Small"), (1000, "Medium"), (5000, "Large"), (10**9, "Enterprise"))
EVERY = 6


def requests(world: World, company: dict[str, Any], opportunity: dict[str, Any]) -> list[dict[str, Any]]:
    """Draw the requests behind one opportunity: none or one."""
    if not opportunity["open"] or company["kind"] != "prospect" or world.deal("opportunity") % EVERY:
        return []
    turn = world.deal("request")
    order = _order()
    return [_request(world, company, opportunity, *order[turn])] if turn < len(order) else []


def _order() -> list[tuple[str, str]]:
    return [(stage, use) for stage, use, count in MIX for _ in range(count)]


def _request(
    world: World, company: dict[str, Any], opportunity: dict[str, Any], stage: str, use: str
) -> dict[str, Any]:
    waiting = world.between(1, 3) if stage == "Submitted" else world.between(10, 90)
    needed = world.between(-60, -5) if stage == "Closed" else DAYS_NEEDED[use] + world.between(0, 25)
    local = world.happens(35) and company["place"].language not in words.LANGUAGES_NOT_DRAWN
    return {
        "use": use,
        "stage": stage,
        "requester": opportunity["owner"],
        "prospect": company["ref"],
        "audience": f"{company['industry']} / {opportunity['use_case']}",
        "industry": company["industry"],
        "use_case": opportunity["use_case"],
        "product": opportunity["product"],
        "region": company["region"],
        "language": company["place"].language if local else "English",
        "size": next(label for below, label in SIZES if company["employees"] < below),
        "needed_by": world.day(needed),
        "submitted_on": None if stage == "Draft" else world.day(-waiting),
        "notes": world.pick(words.REQUEST_NOTES) if world.happens(60) else None,
    }
