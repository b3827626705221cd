"""A report -> one HTML page that needs nothing else: no script, no font, no image, no address of its own.

Called by `crm-sync report`. The template is package data; every value is escaped by it. Not here: counting (report), drawing
(plots).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from crm_sync.model.coverage import LEAST_SHOWN, Coverage, Segment
from crm_sync.model.names import words
from crm_sync.reporting import plots
from crm_sync.reporting.drawing import number
from crm_sync.reporting.plots import Load, Range, Spot
from crm_sync.reporting.report import Report
from crm_sync.reporting.revenue import Group
from crm_sync.reporting.watch import AGES

MOST_ROWS = 10
NOT_KNOWN = "not known"
SECTIONS = (
    ("fulfilment", "Requests"),
    ("spread", "Spread"),
    ("consents", "Consents"),
    ("escalations", "Escalations"),
    ("actions", "Actions overdue"),
    ("coverage", "Coverage"),
    ("revenue", "Revenue"),
)


def page(report: Report) -> str:
    """Lay the report out as one HTML page."""
    template = environment().get_template("report.html.j2")
    return template.render(
        report=report, sections=SECTIONS, plots=_plots(report), most=MOST_ROWS, kinds=_kinds(report.coverage)
    )


def environment() -> Environment:
    """Give what the pages are laid out by: their templates, with every value escaped and none that may be missing."""
    made = Environment(
        loader=PackageLoader("crm_sync.reporting", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"day": _day, "words": words, "number": number, "percent": _percent, "money": _money}
    return made


def _day(value: Any) -> str:
    return "\u2013" if value is None else f"{value.day} {value:%b %Y}"


def _percent(value: float | None) -> str:
    return "\u2013" if value is None else f"{value * 100:.0f} %"


def _money(value: float) -> str:
    """An amount in thousands or millions; the org's currency is not said, as an org may have several."""
    return f"{value / 1e6:,.1f} M" if value >= 1e6 else f"{value / 1e3:,.0f} k"


def _plots(report: Report) -> Mapping[str, Any]:
    asked, load, due = report.fulfilment, report.spread, report.watch
    return {
        "uses": plots.columns(
            "uses", "References given by month", "Columns of completed references of each month, stacked by kind.",
            asked.months, asked.uses, "references",
        ),
        "times": plots.ranges(
            "times", "Business days that a reference takes", "For each wait a bar from the tenth to the ninetieth of a hundred.",
            [Range(t.what, t.low, t.middle, t.high, t.limit, f"{t.count} cases") for t in asked.times],
            "business days", limit="what the rules promise",
        ),
        "lorenz": plots.lorenz(
            "lorenz", "How the load is spread", f"Lorenz curve of a year's effort; Gini coefficient {load.gini:.2f}.",
            [Load("as it is", load.loads, load.gini)],
        ),
        "consents": plots.columns(
            "consents", "Consents of active references that end, by month", "One column a month.",
            due.months, {"consents": due.ending_by_month}, "consents",
        ),
        "escalations": plots.columns(
            "escalations", "Open escalations by age", "One column an age, stacked by severity.",
            [name for name, _ in AGES], due.escalation_ages, "escalations",
        ),
        "by_region": _heat_map(report.coverage, "by-region", "industry and region", lambda s: s.cell.region or NOT_KNOWN),
        "by_kind": _heat_map(report.coverage, "by-kind", "industry and kind", lambda s: words(s.type)),
        "win_rates": _win_rates(report),
    }  # fmt: skip


def _heat_map(coverage: Coverage, name: str, what: str, column_of: Any) -> Any:
    """Colour each industry and column by the share of what is asked for that will be missing."""
    asked: dict[tuple[str, str], list[Segment]] = {}
    for segment in coverage.segments:
        asked.setdefault((segment.cell.industry or NOT_KNOWN, column_of(segment)), []).append(segment)
    asked = {key: mine for key, mine in asked.items() if sum(sum(s.demand) for s in mine) >= LEAST_SHOWN}
    rows, cols = (_names(key[place] for key in asked) for place in (0, 1))
    title = f"Share of expected requests that cannot be met, by {what}"
    about = "A table coloured by the share that is missing; each cell says how many are missing of how many asked for."
    return plots.heat_map(name, title, about, rows, cols, {key: _spot(mine) for key, mine in asked.items()})


def _names(found: Iterable[str]) -> list[str]:
    """Names in order, what is not known last."""
    return sorted(set(found), key=lambda name: (name == NOT_KNOWN, name))


def _spot(segments: Iterable[Segment]) -> Spot:
    mine = list(segments)
    asked, given = sum(sum(s.demand) for s in mine), sum(sum(s.supply) for s in mine)
    missing = min(asked, sum(s.missing for s in mine))
    return Spot(f"{missing:.1f} of {asked:.1f}", missing / asked, f"{asked:.1f} asked for, {given:.0f} can be given")


def _win_rates(report: Report) -> Any:
    """Both groups' win rates with their ranges; None when one of them has no deal."""
    groups = {"with a reference": report.revenue.closed_with, "without one": report.revenue.closed_without}
    rows = [_range(label, group) for label, group in groups.items() if group.win_rate is not None]
    if len(rows) < len(groups):
        return None
    about = "Win rate of deals with and without a reference, each with its 95 percent range."
    return plots.ranges("win-rates", "Win rate of deals closed in a year", about, rows, "% won", most=100, suffix=" %")


def _range(label: str, group: Group) -> Range:
    low, middle, high = (100 * (share or 0) for share in (group.low, group.win_rate, group.high))
    return Range(label, low, middle, high, None, f"{group.deals} deals")


def _kinds(coverage: Coverage) -> list[tuple[str, float, float, float, float]]:
    """For each kind what is asked for, can be given, is missing, and what renewed consents would add."""
    rows = []
    for kind in dict.fromkeys(sorted(segment.type for segment in coverage.segments)):
        mine = [segment for segment in coverage.segments if segment.type == kind]
        asked, given, lapsing = (sum(sum(getattr(s, part)) for s in mine) for part in ("demand", "supply", "lapsing"))
        rows.append((words(kind), asked, given, sum(s.missing for s in mine), lapsing))
    return sorted(rows, key=lambda row: -row[1])
