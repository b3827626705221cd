"""A comparison of two rule sets -> one HTML page like the weekly report: no script, no font, no image, no address of its own.

Called by `crm-sync simulate --out`. Not here: measuring (simulation), holding against each other (comparison), drawing (plots).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crm_sync.model.names import words
from crm_sync.reporting import plots
from crm_sync.reporting.comparison import Simulation, changed_gaps, filled_by_kind, lines
from crm_sync.reporting.page import MOST_ROWS, NOT_KNOWN, environment
from crm_sync.reporting.plots import Load
from crm_sync.reporting.simulation import LENGTHS, Gap, Side
from crm_sync.simulate import ENDINGS

IN_USE, OTHER = "in use", "other"
MOST_BARS = 12
TILES = ("filled", "late", "unfilled", "Gini of a year's load")
SECTIONS = (
    ("measures", "Side by side"),
    ("weeks", "Week by week"),
    ("waits", "How long"),
    ("spread", "Spread"),
    ("coverage", "Coverage"),
    ("flips", "Who flips"),
    ("reckoned", "How reckoned"),
    ("approve", "Agree"),
)
GapPair = tuple[Gap, float, float]


def simulation_page(found: Simulation, approve: str) -> str:
    """Lay the comparison out as one HTML page; `approve` is the command that agrees to the other rules."""
    measures, gaps = tuple(lines(found)), changed_gaps(found)
    return (
        environment()
        .get_template("simulation.html.j2")
        .render(
            found=found,
            sections=SECTIONS,
            measures=measures,
            tiles=[one for one in measures if one.what in TILES],
            endings=ENDINGS,
            kinds=filled_by_kind(found),
            gaps=gaps,
            plots=_plots(found, gaps),
            approve=approve,
            most=MOST_ROWS,
        )
    )


def _plots(found: Simulation, gaps: Sequence[GapPair]) -> Mapping[str, Any]:
    highest = max(max(map(sum, zip(*side.weekly.values(), strict=True)), default=0) for side in _sides(found).values())
    return {
        "weeks_current": _weekly("weeks-current", found.current, "the rules in use", highest),
        "weeks_other": _weekly("weeks-other", found.other, "the other rules", highest),
        "agreed": _lengths(
            "agreed", "until a customer agreed", {n: s.until_agreed.by_length for n, s in _sides(found).items()}
        ),
        "proposed": _lengths(
            "proposed", "until somebody was proposed", {n: s.until_proposed.by_length for n, s in _sides(found).items()}
        ),
        "lorenz": plots.lorenz(
            "lorenz",
            "How the load is spread",
            "Lorenz curves of a year's effort under both rule sets. " + _gini(found),
            [Load(name, side.loads, side.gini) for name, side in _sides(found).items()],
        ),
        "pool": plots.over_time(
            "pool",
            "People who may be asked, week by week",
            "A line for either rule set: the people who may be asked for something, limits and rests aside.",
            _weeks(found.current),
            {name: side.pool for name, side in _sides(found).items()},
            "people",
        ),
        "gaps": _gaps(gaps[:MOST_BARS]),
        "flips": _flips(found),
    }


def _sides(found: Simulation) -> Mapping[str, Side]:
    return {IN_USE: found.current, OTHER: found.other}


def _gini(found: Simulation) -> str:
    return f"Gini coefficient {found.current.gini:.2f} under the rules in use, {found.other.gini:.2f} under the other."


def _weekly(name: str, side: Side, which: str, highest: float) -> Any:
    title = f"Requests by week under {which}"
    about = "Columns of the requests of each week, stacked by what became of them."
    return plots.columns(name, title, about, _weeks(side), side.weekly, "requests", most=highest)


def _weeks(side: Side) -> Sequence[str]:
    return [f"{week.day} {week:%b}" for week in side.weeks]


def _lengths(name: str, what: str, series: Mapping[str, Sequence[float]]) -> Any:
    about = "For each length of time a bar for either rule set, as long as there are requests that took so long."
    return plots.beside(name, f"Business days {what}", about, [label for label, _ in LENGTHS], series, "requests")


def _gaps(gaps: Sequence[GapPair]) -> Any:
    labels = [
        ", ".join((*(part or NOT_KNOWN for part in (g.cell.industry, g.cell.product, g.cell.region)), words(g.type)))
        for g, _, _ in gaps
    ]
    series = {IN_USE: [round(one, 1) for _, one, _ in gaps], OTHER: [round(two, 1) for _, _, two in gaps]}
    about = "For each segment a bar for either rule set, as long as references are missing."
    return plots.beside("gaps", "References missing by segment", about, labels, series, "missing", most_label=400)


def _flips(found: Simulation) -> Any:
    counted = list(found.by_criterion.items())[:MOST_BARS]
    series = {
        "lets in": [count.get("eligible", 0) for _, count in counted],
        "shuts out": [count.get("blocked", 0) for _, count in counted],
    }
    about = "For each criterion one bar for the verdicts it lets in and one for those it shuts out."
    return plots.beside(
        "flips", "Verdicts that flip by criterion", about, [words(n) for n, _ in counted], series, "verdicts"
    )
