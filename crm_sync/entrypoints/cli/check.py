"""`crm-sync check`: everything wrong with rules/ and mappings/ at once, and the admins' cases. Needs no org."""

from __future__ import annotations

from typing import Annotated

import typer


def check(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check rules/ and mappings/ and run rules/cases/: every mistake with its file and line."""
    from crm_sync.bootstrap import settings
    from crm_sync.entrypoints.cli import output
    from crm_sync.errors import ConfigurationError
    from crm_sync.evaluate.cases import run_cases
    from crm_sync.program import load_cases, load_program

    here = settings()
    try:
        program = load_program(here.rules_dir, here.mappings_dir)
        report = run_cases(load_cases(here.rules_dir / "cases", program), program)
    except ConfigurationError as error:
        if as_json:
            output.emit_json({"mistakes": [vars(mistake) for mistake in error.mistakes]})
            raise typer.Exit(error.exit_code) from None
        raise
    if as_json:
        output.emit_json({"mistakes": [], "version": program.version})
        return
    output.line(f"rules {program.version}: nothing wrong in {here.rules_dir}/ and {here.mappings_dir}/.")
    output.line(str(report))
