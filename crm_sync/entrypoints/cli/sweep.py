"""`crm-sync sweep`: hold the whole mirror against the org now, as the service does each night. Writes nothing to the org."""

from __future__ import annotations

from typing import Annotated

import typer


def sweep(
    agree: Annotated[bool, typer.Option("--agree", help="Take out what is gone, however much it is.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Find what increments cannot see: records purged or seen late, and formulas that changed without a stamp."""
    from dataclasses import asdict

    from crm_sync.entrypoints.cli import output
    from crm_sync.entrypoints.cli.session import session
    from crm_sync.pull import sweep as sweep_mirror

    with session() as (world, _):
        found = sweep_mirror(world.org, world.mirror, world.program, agreed=agree)
    if as_json:
        output.emit_json([asdict(one) for one in found])
        return
    differing = [one for one in found if one.gone or one.missed or one.changed]
    rows = [(one.name, one.gone, one.missed, one.changed) for one in differing]
    output.table(("table", "gone", "had been missed", "formulas changed"), rows)
    output.line(f"{len(found)} tables held against the org, {len(differing)} put right.")
