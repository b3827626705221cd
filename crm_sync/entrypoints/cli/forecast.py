"""`crm-sync forecast`: what the pipeline will ask for, what references can give, and whom to win. Reads only."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from crm_sync.model.coverage import Cell, Coverage, Recruit, Segment

SHOWN = 15
MARK = "not known"


def show_forecast(
    every: Annotated[bool, typer.Option("--all", help="Show every gap and everybody worth recruiting.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show month by month how many references are asked for and can be given, and whom to recruit for which gap."""
    from crm_sync.entrypoints.cli import output
    from crm_sync.entrypoints.cli.session import session
    from crm_sync.lifecycle.coverage import forecast
    from crm_sync.pipeline import look

    with session() as (world, as_of):
        decision = look(world, as_of)
        found = forecast(decision.snapshot, decision.verdicts, decision.matches, world.program)
    if as_json:
        output.emit_json(coverage_json(found))
        return
    show_types(found)
    show_gaps(found, every=every)
    show_recruits(found, every=every)


def show_types(found: Coverage) -> None:
    """Print for each kind of reference what is asked for and what can be given, month by month."""
    from crm_sync.entrypoints.cli.output import heading, line, table
    from crm_sync.model.names import words

    months = [f"{month:%b %Y}" for month in found.months]
    heading(f"References asked for and to give, {months[0]} to {months[-1]}")
    line(
        f"From {found.deals} open deals and {found.requests} open requests that have nobody yet. Each cell: asked / can give."
    )
    for lacking, count in found.left_out.items():
        line(f"{count} open deals without {words(lacking)} are not counted.")
    rows = []
    for reference_type in dict.fromkeys(segment.type for segment in by_type(found.segments)):
        mine = [segment for segment in found.segments if segment.type == reference_type]
        asked, given = (_months(s.demand for s in mine), _months(s.supply for s in mine))
        cells = [f"{a:.1f} / {g:.0f}" for a, g in zip(asked, given, strict=True)]
        lapsing = sum(sum(s.lapsing) for s in mine)
        missing = sum(s.missing for s in mine)
        rows.append(
            (
                words(reference_type),
                *cells,
                f"{sum(asked):.1f}",
                f"{sum(given):.0f}",
                f"{missing:.1f}",
                f"{lapsing:.0f}",
            )
        )
    columns = ("kind", *months, "asked", "can give", "missing", "if consents are renewed")
    table(columns, rows, right=columns[1:])
    line("Missing: summed over industries, products and regions; what one can give too much of does not help another.")


def show_gaps(found: Coverage, *, every: bool) -> None:
    """Print the segments in which references will be missing, the worst first."""
    from crm_sync.entrypoints.cli.output import heading, line, table
    from crm_sync.model.names import words

    gaps = found.gaps if every else found.gaps[:SHOWN]
    heading(f"Gaps: {len(found.gaps)} of {len(found.segments)} segments")
    if not gaps:
        line("Everything that is expected to be asked for can be given.")
        return
    rows = [
        (
            *cell_names(s.cell),
            words(s.type),
            round(sum(s.demand), 1),
            round(sum(s.supply), 1),
            round(s.missing, 1),
            since(found, s),
            len(s.recruits),
        )
        for s in gaps
    ]
    columns = ("industry", "product", "region", "kind", "asked", "can give", "missing", "from", "to recruit")
    table(columns, rows, right=("asked", "can give", "missing", "to recruit"))
    if len(gaps) < len(found.gaps):
        line(f"and {len(found.gaps) - len(gaps)} more: --all")


def show_recruits(found: Coverage, *, every: bool) -> None:
    """Print whom to win: the person, the next step, and which gaps it helps to close."""
    from crm_sync.entrypoints.cli.output import heading, line, table

    people = found.recruiting if every else found.recruiting[:SHOWN]
    heading(f"Whom to recruit: {len(found.recruiting)} people")
    if not people:
        line("Nobody is one step away from closing a gap.")
        return
    rows = [
        (r.who, r.contact_id, helps(segments), round(sum(s.missing for s in segments), 1), r.step)
        for r, segments in people
    ]
    table(("who", "contact", "for", "missing", "next step"), rows, right=("missing",))
    if len(people) < len(found.recruiting):
        line(f"and {len(found.recruiting) - len(people)} more: --all")


def cell_names(cell: Cell) -> tuple[str, str, str]:
    """A cell as three names."""
    return cell.industry or MARK, cell.product or MARK, cell.region or MARK


def since(found: Coverage, segment: Segment) -> str:
    """The month from which on references are missing."""
    return "" if segment.short_from is None else f"{found.months[segment.short_from]:%b %Y}"


def helps(segments: Iterable[Segment]) -> str:
    """What somebody would be won for: the cell, and the kinds in it."""
    from crm_sync.model.names import words

    mine = list(segments)
    kinds = ", ".join(words(segment.type) for segment in mine)
    return f"{' / '.join(cell_names(mine[0].cell))}: {kinds}"


def by_type(segments: Iterable[Segment]) -> list[Segment]:
    """Segments with the kinds that are asked for most first."""
    mine = list(segments)
    asked: dict[str, float] = {}
    for segment in mine:
        asked[segment.type] = asked.get(segment.type, 0) + sum(segment.demand)
    return sorted(mine, key=lambda s: (-asked[s.type], s.type))


def _months(series: Iterable[Iterable[float]]) -> list[float]:
    return [sum(month) for month in zip(*series, strict=True)]


def coverage_json(found: Coverage) -> dict[str, Any]:
    """The whole forecast as JSON."""
    return {
        "months": found.months,
        "deals": found.deals,
        "requests": found.requests,
        "left_out": dict(found.left_out),
        "segments": [segment_json(segment) for segment in found.segments],
        "recruits": [recruit_json(recruit, segments) for recruit, segments in found.recruiting],
    }


def segment_json(segment: Segment) -> dict[str, Any]:
    """One segment as JSON; numbers of uses, rounded as they are shown."""
    return {
        **vars(segment.cell),
        "type": segment.type,
        "demand": [round(number, 3) for number in segment.demand],
        "supply": segment.supply,
        "lapsing": segment.lapsing,
        "missing": round(segment.missing, 3),
        "short_from": segment.short_from,
        "recruits": [recruit.contact_id for recruit in segment.recruits],
    }


def recruit_json(recruit: Recruit, segments: Iterable[Segment]) -> dict[str, Any]:
    """One person worth winning as JSON, with the kinds they are wanted for."""
    return {
        **vars(recruit),
        "for": [{**vars(s.cell), "type": s.type, "missing": round(s.missing, 3)} for s in segments],
    }
