"""A made-up comparison of two rule sets in which everything differs, and one in which nothing has happened."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from crm_sync.model.coverage import Cell
from crm_sync.reporting import Flipped, Gap, Side, Simulation
from crm_sync.reporting.simulation import Waits
from crm_sync.simulate import ENDINGS, Breach

SINCE, UNTIL = date(2026, 6, 1), date(2026, 11, 27)
WEEKS = tuple(SINCE + timedelta(days=7 * number) for number in range(26))
LONG = "Director of Terminal Operations and Customer Experience, Northumbrian Harbours & Waterways Authority"
BREACH = Breach("calls_quarter", "003000000000001AAA", date(2026, 9, 3), 3, 2.0)


def side(version: str, fewer: int = 0, **changes: Any) -> Side:
    """One side; the other fills so many requests fewer."""
    weekly = {
        "filled": tuple(9 + number % 5 - fewer % 3 for number in range(26)),
        "waiting": (0,) * 24 + (3, 8),
        "refused": tuple(number % 3 for number in range(26)),
        "late": tuple(number % 2 for number in range(26)),
        "unfilled": tuple((number + fewer) % 4 for number in range(26)),
    }
    endings = {ending: sum(weekly[ending]) for ending in ENDINGS}
    given: dict[str, Any] = {
        "version": version,
        "requests": sum(endings.values()),
        "endings": endings,
        "by_kind": {"call": endings, "case_study": dict.fromkeys(ENDINGS, fewer)},
        "weeks": WEEKS,
        "weekly": weekly,
        "until_proposed": Waits(300, 0, 1, (250, 40, 5, 3, 1, 1)),
        "until_agreed": Waits(280 - fewer, 4, 5 + fewer, (0, 0, 20, 240 - fewer, 15, 5)),
        "asked": 320 - fewer,
        "people_asked": 130 + fewer,
        "loads": tuple(float(number // (9 - fewer % 5)) for number in range(60)),
        "gini": 0.31 + fewer / 100,
        "busiest_share": 0.42,
        "unused_share": 0.1,
        "pool": tuple(200 + number - fewer for number in range(26)),
        "gaps": tuple(
            Gap(Cell(industry, "Integration", "North America"), "case_study", 4.5 + number, 1.0 + number * (1 + fewer))
            for number, industry in enumerate(("Financial Services", None, "Healthcare", "Manufacturing"))
        ),
        "breaches": (),
        "reckoned": ("Owners say yes to 90%.", "Health scores are as they are today: the org keeps no history."),
    }
    return Side(**(given | changes))


def comparison(*, breached: bool = False) -> Simulation:
    """Two sides in which everything differs."""
    flipped = tuple(
        Flipped(f"003{number:012d}AAA", LONG, ("call", "case_study"), ("may be asked", "may not be asked")[number % 2],
                "nps fresh: answered on 2026-06-28", "Ask for a new survey answer." if number % 2 else "")
        for number in range(14)
    )  # fmt: skip
    other = side("b" * 16, 4, breaches=(BREACH,) if breached else ())
    return Simulation(
        org_id="00D000000000000EAA",
        since=SINCE,
        until=UNTIL,
        current=side("a" * 16),
        other=other,
        eligible=(240, 141),
        candidates=(332, 248),
        verdicts=28,
        flipped=flipped,
        by_criterion={"nps_fresh": {"blocked": 60}, "tolerance.calls_quarter": {"blocked": 48, "eligible": 3}},
    )


def nothing_happened() -> Simulation:
    """Two equal sides in which nobody asked for anything."""
    none = (0,) * 26
    waits = Waits(0, None, None, (0,) * 6)
    empty = side(
        "a" * 16, requests=0, endings=dict.fromkeys(ENDINGS, 0), by_kind={}, weekly=dict.fromkeys(ENDINGS, none),
        until_proposed=waits, until_agreed=waits, asked=0, people_asked=0, loads=(), gini=0.0, busiest_share=None,
        unused_share=None, pool=none, gaps=(),
    )  # fmt: skip
    full = comparison()
    return replace(
        full, current=empty, other=empty, eligible=(0, 0), candidates=(0, 0), verdicts=0, flipped=(), by_criterion={}
    )
