"""`crm-sync check`: everything wrong with rules/ and mappings/ at once, and the admins' cases. Needs no org."""

from __future__ import annotations

from typing import Annotated

import typer


def check(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check rules/ and mappings/ and run rules/cases/: every mistake with its file and line."""
    from crm_sync.entrypoints.cli import output
    from crm_sync.entrypoints.cli.session import here
    from crm_sync.errors import ConfigurationError
    from crm_sync.evaluate.cases import run_cases
    from crm_sync.program import load_cases, load_program

    settings = here()
    try:
        program = load_program(settings.rules_dir, settings.mappings_dir)
        report = run_cases(load_cases(settings.rules_dir / "cases", program), program)
    except ConfigurationError as error:
        if as_json:
            output.emit_json({"mistakes": [vars(mistake) for mistake in error.mistakes]})
            raise typer.Exit(error.exit_code) from None
        raise
    if as_json:
        output.emit_json({"mistakes": [], "version": program.version})
        return
    output.line(f"rules {program.version}: nothing wrong in {settings.rules_dir}/ and {settings.mappings_dir}/.")
    output.line(str(report))
