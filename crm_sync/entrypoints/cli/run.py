"""`crm-sync run`: the whole job once: pull, evaluate, match, diff, write back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

REFUSED = 4


def run(
    plan: Annotated[Path | None, typer.Option(help="Make exactly the plan saved in this file, or nothing.")] = None,
    agree: Annotated[str | None, typer.Option(help="Make exactly the plan of this checksum, guards included.")] = None,
    accept_unapproved: Annotated[
        bool, typer.Option("--accept-unapproved", help="Run under rules nobody approved; the decision log says so.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Run the whole job once. A second run writes nothing."""
    from crm_sync.entrypoints.cli import output, show
    from crm_sync.entrypoints.cli.approve import only_approved
    from crm_sync.entrypoints.cli.session import here, session
    from crm_sync.pipeline import carry_out, look_to_write

    agreed = agreed_checksum(plan) if plan else agree
    settings = here()
    with session(settings) as (opened, as_of):
        world = only_approved(opened, settings, accept=accept_unapproved)
        decision = look_to_write(world, as_of, kind="full")
        outcome = carry_out(world, decision, kind="full", agreed=agreed)
        if as_json:
            output.emit_json(show.summary_json(decision, outcome))
        else:
            show.show_summary(decision, outcome)
        if outcome.count("refused"):
            raise typer.Exit(REFUSED)


def agreed_checksum(path: Path) -> str:
    """Read the checksum of a saved plan.

    Raises:
        ConfigurationError: the file cannot be read or is not a plan.
    """
    from crm_sync.errors import ConfigurationError, Mistake

    try:
        return str(json.loads(path.read_text(encoding="utf-8"))["checksum"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        found = "no such file" if isinstance(error, FileNotFoundError) else "something that is not a saved plan"
        expected = "a plan saved by `crm-sync plan --save FILE`"
        raise ConfigurationError((Mistake(str(path), found, expected),)) from error
