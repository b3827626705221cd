"""A small program with a past: references, requests that came on different days, and what was really asked of whom."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from crm_sync.program import Program
from crm_sync.simulate import Played, play
from tests.reference_town import Town

SINCE = date(2026, 2, 26)  # a Thursday; the town's day is Wednesday 11 March, nine business days on
LANGUAGES = {"ann": "Dutch", "bob": "French", "dee": "Italian", "eve": "English"}


def with_calls_a_quarter(program: Program, limit: float) -> Program:
    """The same rules with another limit of calls for everybody."""
    caps = [c.model_copy(update={"limit": limit}) if c.id == "calls_quarter" else c for c in program.tolerance.caps]
    return replace(
        program, tolerance=program.tolerance.model_copy(update={"caps": tuple(caps)}), version=f"limit {limit}"
    )


def request(town: Town, name: str, day: date, **more: Any) -> None:
    """Add a submitted request of its own requester and audience, which nothing but itself makes hard."""
    given = {
        "stage": "submitted",
        "type": "call",
        "needed_by": date(2026, 5, 29),
        "requester": f"r {name}",
        "audience": f"a {name}",
    } | more
    town.add("request", id=name, name=name, submitted_on=day, prospect="prospect", industry="Retail", product="Core",
             region="EMEA", **given)  # fmt: skip


def a_past(snapshot_of: Any, program: Program) -> Town:
    """Each reference speaks a language of their own, so that it is known whom a request in that language is put to."""
    town = Town(snapshot_of, program)
    for name, language in LANGUAGES.items():
        town.reference(name, uses=("call",))
        town.rows["profile"][-1]["languages"] = [language]
        town.used(name, date(2025, 6, 2))
    town.rows["consent"][2] |= {"status": "withdrawn", "withdrawn_on": date(2026, 3, 5)}
    request(town, "for ann", date(2026, 2, 26), language="Dutch", stage="closed")
    request(town, "for bob", date(2026, 2, 28), language="French", needed_by=date(2026, 4, 20))
    request(town, "for bob later", date(2026, 3, 3), language="French", needed_by=date(2026, 6, 29))
    request(town, "for dee", date(2026, 3, 2), language="Italian")
    request(town, "hasty", date(2026, 3, 3), needed_by=date(2026, 3, 5))
    request(town, "visit", date(2026, 3, 4), type="site_visit")
    request(town, "long ago", date(2025, 12, 4), language="English")
    town.add("request", id="draft", name="draft", stage="draft", type="call")
    town.add("activity", id="really no", contact="ann", request="for ann", type="call", status="declined", requester="x",
             audience="x", requested_on=date(2026, 2, 26), asked_on=date(2026, 2, 27), responded_on=date(2026, 3, 2))  # fmt: skip
    town.add("activity", id="ask alone", contact="eve", type="call", status="completed", requester="rep", audience="banks",
             prospect="prospect", requested_on=date(2026, 3, 3), asked_on=date(2026, 3, 4), responded_on=date(2026, 3, 5),
             completed_on=date(2026, 3, 9))  # fmt: skip
    return town


@pytest.fixture(scope="session")
def town(snapshot_of: Any, program: Program) -> Town:
    return a_past(snapshot_of, program)


@pytest.fixture(scope="session")
def played(town: Town, program: Program) -> Played:
    """The town's last days under the rules in use."""
    return play(town.snapshot(), program, SINCE)


@pytest.fixture(scope="session")
def played_stricter(town: Town, program: Program) -> Played:
    """The same days with one call a quarter."""
    return play(town.snapshot(), with_calls_a_quarter(program, 1.0), SINCE)
