"""`crm-sync plan`: every write shown before it is made. Reads the org, writes nothing to it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer


def plan(
    save: Annotated[Path | None, typer.Option(help="Save the plan here; `run --plan` then makes exactly it.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Show every change, not the first few.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show every write the next run would make, with its checksum and guards; write nothing."""
    from crm_sync.entrypoints.cli import output, show
    from crm_sync.entrypoints.cli.session import session
    from crm_sync.pipeline import look

    with session() as (world, as_of):
        decision = look(world, as_of)
        body = show.plan_json(decision.plan)
        if save is not None:
            save.write_text(json.dumps(body, indent=2, default=str) + "\n", encoding="utf-8")
        if as_json:
            output.emit_json(body | {"problems": decision.plan.problems(world.program.guards)})
            return
        show.show_plan(decision.plan, every=every)
        for problem in decision.plan.problems(world.program.guards):
            output.line(f"Guard: {problem}", style="bold red")
        if decision.plan.changes:
            output.line("")
            output.line(f"To make exactly these writes: crm-sync run --agree {decision.plan.checksum}")
