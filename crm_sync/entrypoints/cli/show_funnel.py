"""A funnel as a program owner reads it at a terminal: how many are left after each step, and what stops the rest.

Used by `crm-sync plan`. Not here: counting (reporting).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from crm_sync.entrypoints.cli.output import heading, line, table
from crm_sync.model.names import words
from crm_sync.reporting import Funnel
from crm_sync.reporting.funnel import Stop

SHOWN = 8
STEPS = {
    "judged": "people judged",
    "qualify": "qualify",
    "consented": "qualify and have consented",
    "active": "active references",
    "askable": "may be asked now",
}


def show_funnel(found: Mapping[str, Funnel], *, every: bool) -> None:
    """Print the steps of every type side by side, then what stops people before and after they are references."""
    heading("From customer to reference")
    types = [words(t) for t in found]
    steps = [(label, *(getattr(one, step) for one in found.values())) for step, label in STEPS.items()]
    table(("", *types), steps, right=types)
    _show_stops("What keeps people from qualifying", {t: one.before for t, one in found.items()}, every)
    if not any(one.active for one in found.values()):
        line("There is no active reference yet.")
    _show_stops("What keeps active references from being asked now", {t: one.now for t, one in found.items()}, every)


def _show_stops(title: str, stops: Mapping[str, Sequence[Stop]], every: bool) -> None:
    cells = {t: {stop.rule: _cell(stop) for stop in mine} for t, mine in stops.items()}
    people: Counter[str] = Counter()
    for mine in stops.values():
        people.update({stop.rule: stop.people for stop in mine})
    if not people:
        return
    ranked = [rule for rule, _ in people.most_common(None if every else SHOWN)]
    heading(f"{title} (not met, +? not known, only: nothing else stops them)")
    types = [words(t) for t in stops]
    table(
        ("criterion", *types), [(words(rule), *(cells[t].get(rule, "") for t in stops)) for rule in ranked], right=types
    )
    if len(ranked) < len(people):
        line(f"and {len(people) - len(ranked)} more criteria (all of them: --all).")


def _cell(stop: Stop) -> str:
    unknown = f" +{stop.unknown}?" if stop.unknown else ""
    alone = f", only {stop.alone}" if stop.alone else ""
    return f"{stop.failed}{unknown}{alone}"
