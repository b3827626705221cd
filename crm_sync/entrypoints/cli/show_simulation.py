"""A comparison of two rule sets as a program owner reads it at a terminal, and as JSON for machines.

Used by `simulate`. Not here: the page (reporting).
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from crm_sync.entrypoints.cli.output import heading, line, table
from crm_sync.model.names import words
from crm_sync.reporting import Gap, Simulation, changed_gaps, filled_by_kind, lines

SHOWN = 15
COUNTS = ("in use", "other", "change")


def as_json(found: Simulation) -> dict[str, Any]:
    """Everything that was found, in full: what a simulation's digest is taken of."""
    versions = {"current": found.current.version, "other": found.other.version}
    return {"versions": versions, **asdict(found)}


def show(found: Simulation, approve: str, *, every: bool) -> None:
    """Print both sides, who flips and why, and how to agree to the other rules."""
    heading(
        f"Rules {found.current.version} (in use) and {found.other.version} (other), {found.since:%d %b %Y} to {found.until:%d %b %Y}"
    )
    table(("", *COUNTS), [(one.what, one.current, one.other, one.change) for one in lines(found)], right=COUNTS)
    _show_breaches(found)
    _show_kinds(found)
    _show_gaps(found, every=every)
    _show_flips(found, every=every)
    heading("How it was reckoned")
    for sentence in found.other.reckoned:
        line(f"  {sentence}")
    heading("To agree to the other rules")
    line(f"  {approve}")


def _show_breaches(found: Simulation) -> None:
    """Say loudly that a limit was passed."""
    for which, side in (("rules in use", found.current), ("other rules", found.other)):
        for one in side.breaches:
            counted = f"{one.counted:g} of {one.limit:g} allowed"
            told = f"{words(one.cap)} of {one.contact_id} on {one.day:%d %b %Y}, {counted}"
            line(f"LIMIT PASSED under the {which}: {told}", style="bold red")


def _show_kinds(found: Simulation) -> None:
    heading("Filled of those that ended, by kind")
    rows = [(words(kind), one, two) for kind, one, two in filled_by_kind(found)]
    table(("kind", *COUNTS[:2]), rows, right=COUNTS)


def _show_gaps(found: Simulation, *, every: bool) -> None:
    """Print the segments whose gap the other rules change most."""
    changed = changed_gaps(found)
    heading(f"References missing in the coming months: {len(changed)} segments change")
    if not changed:
        return
    shown = changed if every else changed[:SHOWN]
    rows = [
        (*_cell(gap), words(gap.type), round(gap.asked, 1), round(one, 1), round(two, 1)) for gap, one, two in shown
    ]
    table(("industry", "product", "region", "kind", "asked for", *COUNTS[:2]), rows, right=("asked for", *COUNTS))
    _more(len(rows), len(changed))


def _cell(gap: Gap) -> tuple[str, ...]:
    return tuple(name or "not known" for name in (gap.cell.industry, gap.cell.product, gap.cell.region))


def _show_flips(found: Simulation, *, every: bool) -> None:
    """Print which criteria flip how many verdicts, and whose."""
    (before, after), (once, then) = found.eligible, found.candidates
    people = len({one.contact_id for one in found.flipped})
    heading(f"Who flips today: {found.verdicts} verdicts of {people} people")
    line(f"May be asked, counted by person and kind: {before:,} under the rules in use, {after:,} under the other.")
    line(f"Meet every criterion of a candidate: {once:,} people under the rules in use, {then:,} under the other.")
    if not found.flipped:
        return
    counted = [(name, n.get("eligible", 0), n.get("blocked", 0)) for name, n in found.by_criterion.items()]
    table(("criterion", "lets in", "shuts out"), counted, right=("lets in", "shuts out"))
    shown = found.flipped if every else found.flipped[:SHOWN]
    rows = [(f.who, f.contact_id, ", ".join(map(words, f.types)), f.becomes, f.why, f.remedy) for f in shown]
    table(("who", "contact", "kinds", "becomes", "by", "what would change it"), rows)
    _more(len(shown), len(found.flipped))


def _more(shown: int, every: int) -> None:
    if shown < every:
        line(f"and {every - shown} more: --all")
