"""`crm-sync plan`: who may be asked, who stops at what, and every write before it is made. Reads the org, writes nothing to it."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer


def plan(
    save: Annotated[Path | None, typer.Option(help="Save the plan here; `run --plan` then makes exactly it.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Show every change, not the first few.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show how many may be asked and what stops the rest, and every write the next run would make; write nothing."""
    from crm_sync.entrypoints.cli import output, show
    from crm_sync.entrypoints.cli.session import session
    from crm_sync.entrypoints.cli.show_funnel import show_funnel
    from crm_sync.pipeline import look
    from crm_sync.reporting import funnel

    with session() as (world, as_of):
        decision = look(world, as_of)
        body = show.plan_json(decision.plan)
        if save is not None:
            save.write_text(json.dumps(body, indent=2, default=str) + "\n", encoding="utf-8")
        found = funnel(decision.snapshot, decision.verdicts, world.program)
        if as_json:
            steps = {t: asdict(one) for t, one in found.items()}
            output.emit_json(body | {"problems": decision.plan.problems(world.program.guards), "funnel": steps})
            return
        show_funnel(found, every=every)
        show.show_plan(decision.plan, every=every)
        for problem in decision.plan.problems(world.program.guards):
            output.line(f"Guard: {problem}", style="bold red")
        if decision.plan.changes:
            output.line("")
            output.line(f"To make exactly these writes: crm-sync run --agree {decision.plan.checksum}")
