"""Draws companies and what hangs on them: hierarchies, health, contacts, opportunities and cases.

Called by the plugin. Not here: profiles, consents and uses (`references`), requests (`demand`).
"""

from __future__ import annotations

from typing import Any

from . import words
from .world import World

COUNTRY_SUFFIX = {
    "Germany": "Deutschland", "France": "France", "Spain": "Iberia", "Brazil": "Brasil", "Japan": "Japan",
    "Netherlands": "Nederland", "United Kingdom": "UK", "Mexico": "México", "Australia": "Australia",
}  # fmt: skip
SIZES = ((8, 199, 26), (200, 999, 32), (1000, 4999, 26), (5000, 60000, 16))
CHILD_PERCENT = {"prospect": 3, "reference": 4, "customer": 4}


def company(world: World, kind: str) -> dict[str, Any]:
    """Draw one company: kind is prospect, reference (fit to be one, mostly) or customer."""
    parent = _parent(world, kind)
    industry = parent["industry"] if parent else world.pick(tuple(words.INDUSTRIES), words.INDUSTRY_WEIGHTS)
    place = _place(world, kind, parent)
    drawn: dict[str, Any] = {
        "kind": kind,
        "name": _name(world, parent, place, industry),
        "parent": parent["ref"] if parent else None,
        "owner": world.rep() if kind == "prospect" else world.csm(),
        "industry": industry,
        "place": place,
        "country": place.country,
        "city": world.pick(place.cities),
        "region": place.region,
        "employees": _employees(world),
        "competitive_set": _competitive_set(world, industry, place.region),
    }
    drawn |= _nothing_yet() if kind == "prospect" else _customer(world, kind)
    world.companies.append(drawn)
    if kind == "prospect":
        world.prospects.append(drawn)
    return drawn


def _name(world: World, parent: dict[str, Any] | None, place: words.Place, industry: str) -> str:
    if parent is None:
        return world.company_name(industry)
    name = f"{parent['name']} {COUNTRY_SUFFIX.get(place.country, place.country)}"
    taken = sum(known["name"].startswith(name) for known in world.companies)
    return f"{name} {world.pick(place.cities)}" if taken else name


def _parent(world: World, kind: str) -> dict[str, Any] | None:
    roots = [known for known in world.companies if known["parent"] is None]
    return world.pick(roots) if roots and world.happens(CHILD_PERCENT[kind]) else None


def _place(world: World, kind: str, parent: dict[str, Any] | None) -> words.Place:
    while True:
        place = world.place()
        spoken_by_nobody = kind == "reference" and place.language in words.LANGUAGES_NOT_DRAWN
        if not spoken_by_nobody and not (parent and place.country == parent["country"]):
            return place


def _employees(world: World) -> int:
    low, high, _ = world.pick(SIZES, [weight for _, _, weight in SIZES])
    return world.between(low, high)


def _competitive_set(world: World, industry: str, region: str) -> str | None:
    return f"{industry} {region} {world.between(1, 3)}" if world.happens(14) else None


def _nothing_yet() -> dict[str, Any]:
    keys = ("product", "stage", "use_case", "health", "healthy_since", "trend", "churn", "renewal", "since")
    return dict.fromkeys((*keys, "outcome", "outcome_on", "max_calls")) | {"dispute": False, "confidential": False}


def _customer(world: World, kind: str) -> dict[str, Any]:
    tenure = world.between(200, 2600)
    drawn: dict[str, Any] = {
        "product": world.pick(words.PRODUCTS, words.PRODUCT_WEIGHTS),
        "use_case": world.pick(words.USE_CASES),
        "since": world.day(-tenure),
        "renewal": world.day(world.between(75, 420)),
        "max_calls": 2 if world.happens(8) else None,
        "dispute": False,
        "confidential": world.happens(4),
        "outcome": None,
        "outcome_on": None,
    }
    if world.happens(75 if kind == "reference" else 22):
        drawn["outcome"] = world.pick(words.OUTCOMES).format(n=world.between(6, 45))
        drawn["outcome_on"] = world.day(-world.between(15, min(tenure, 620)))
    return drawn | (_good(world, tenure) if kind == "reference" else _mixed(world, tenure))


def _good(world: World, tenure: int) -> dict[str, Any]:
    drawn: dict[str, Any] = {
        "stage": "Production",
        "health": world.between(790, 995) / 10,
        "healthy_since": world.day(-world.between(100, max(100, min(tenure, 900)))),
        "trend": world.pick(("Rising", "Steady"), (35, 65)),
        "churn": world.pick(("None", "Watch"), (92, 8)),
    }
    return drawn | (_blemish(world) if world.happens(20) else {})


def _blemish(world: World) -> dict[str, Any]:
    return world.pick(
        (
            {"health": world.between(600, 745) / 10, "healthy_since": None},
            {"trend": "Falling"},
            {"healthy_since": world.day(-world.between(10, 80))},
            {"renewal": world.day(world.between(8, 58))},
            {"churn": "Active"},
        )
    )


def _mixed(world: World, tenure: int) -> dict[str, Any]:
    stage = world.pick(("Planned", "Implementing", "Production", "Retired"), (5, 15, 72, 8))
    health = None if stage == "Planned" or world.happens(6) else round(world.chance.triangular(25, 99, 78), 1)
    healthy = health is not None and health >= 75
    return {
        "stage": stage,
        "health": health,
        "healthy_since": world.day(-world.between(5, max(5, min(tenure, 500)))) if healthy else None,
        "trend": world.pick(("Rising", "Steady", "Falling"), (20, 55, 25)) if health is not None else None,
        "churn": world.pick(("None", "Watch", "Active"), (70, 20, 10) if healthy else (45, 30, 25)),
        "renewal": world.day(world.between(-20, 360)),
        "dispute": world.happens(2),
    }


def person(world: World, company: dict[str, Any], position: int) -> dict[str, Any]:
    """Draw one contact of a company; the first ones of a reference company are the promoters."""
    first, last, mailbox = world.person_name(company["place"].locale)
    star = company["kind"] == "reference" and position < company["stars"]
    drawn: dict[str, Any] = {
        "first": first,
        "last": last,
        "email": world.address(mailbox, company["name"]),
        "title": world.pick(words.TITLES[company["industry"]] if position < 2 else words.COMMON_TITLES),
        "country": company["country"],
        "owner": company["owner"],
        "nominated": star and world.happens(15),
        "left": not star and world.happens(2),
        "email_opt_out": not star and world.happens(4),
        "do_not_call": not star and world.happens(2),
        "star": star,
        "individual": f"@individual_{world.deal('individual') + 1}" if star and world.happens(55) else None,
    }
    return drawn | (_promoter(world) if star else _survey(world, company))


def _promoter(world: World) -> dict[str, Any]:
    stale = world.happens(9)
    return {
        "nps": world.pick((10, 9, 8, 7), (40, 42, 13, 5)),
        "nps_on": world.day(-(world.between(185, 330) if stale else world.between(8, 165))),
        "publicly": world.pick(("Yes", "Not Asked", "No"), (66, 24, 10)),
    }


def _survey(world: World, company: dict[str, Any]) -> dict[str, Any]:
    asked = company["kind"] != "prospect" and world.happens(48)
    return {
        "nps": world.pick(range(11), (1, 1, 1, 2, 3, 6, 10, 18, 24, 20, 14)) if asked else None,
        "nps_on": world.day(-world.between(8, 520)) if asked else None,
        "publicly": world.pick(("Yes", "No", "Not Asked"), (10, 8, 82)) if asked else None,
    }


def opportunity(world: World, company: dict[str, Any]) -> dict[str, Any]:
    """Draw one opportunity: open ones at prospects, mostly closed ones at customers."""
    is_open = company["kind"] == "prospect" or world.happens(25)
    stage, probability = _stage(world, is_open)
    product = world.pick(words.PRODUCTS, words.PRODUCT_WEIGHTS)
    what = "new business" if company["kind"] == "prospect" else world.pick(("renewal", "expansion", "second site"))
    return {
        "name": f"{company['name']} - {product} {what}"[:120],
        "owner": company["owner"] if company["kind"] == "prospect" else world.rep(),
        "stage": stage,
        "probability": probability,
        "amount": world.between(8, 900) * 500,
        "close_on": world.day(world.between(5, 200) if is_open else -world.between(5, 700)),
        "use_case": world.pick(words.USE_CASES),
        "product": product,
        "open": is_open,
    }


def _stage(world: World, is_open: bool) -> tuple[str, int]:
    if is_open:
        return world.pick(words.STAGES_OPEN)
    return world.pick((("Closed Won", 100), ("Closed Lost", 0)), (64, 36))


def case(world: World, company: dict[str, Any]) -> dict[str, Any]:
    """Draw one support case; open urgent ones are rare at reference companies."""
    department = world.pick(tuple(words.CASE_SUBJECTS), (60, 14, 14, 9, 3))
    is_open = world.happens(8 if company["kind"] == "reference" else 20)
    urgent = is_open and world.happens(8 if company["kind"] == "reference" else 24)
    return {
        "subject": world.pick(words.CASE_SUBJECTS[department]),
        "department": department,
        "status": world.pick(("New", "Working", "Escalated"), (40, 50, 10)) if is_open else "Closed",
        "priority": _priority(world, is_open, urgent),
        "origin": world.pick(("Email", "Web", "Phone"), (45, 40, 15)),
    }


def _priority(world: World, is_open: bool, urgent: bool) -> str:
    if urgent:
        return world.pick(("P1", "P2", "High"), (3, 5, 2))
    return world.pick(("P3", "P4", "Medium", "Low"), (50, 30, 14, 6)) if is_open else world.pick(("P2", "P3", "P4"))
