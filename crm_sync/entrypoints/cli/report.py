"""`crm-sync report`: one HTML page for the program's weekly meeting. Reads only."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from crm_sync.reporting import Report


def report(
    out: Annotated[Path, typer.Option(help="Write the page here.")] = Path("report.html"),
    as_json: Annotated[bool, typer.Option("--json", help="Print the numbers as JSON and write no page.")] = False,
) -> None:
    """Write the weekly review as one page that opens anywhere and prints well; nothing personal is on it."""
    from crm_sync.entrypoints.cli import output
    from crm_sync.entrypoints.cli.session import session
    from crm_sync.pipeline import look
    from crm_sync.reporting import page, report_of

    with session() as (world, as_of):
        found = report_of(look(world, as_of), world.program)
    if as_json:
        output.emit_json(report_json(found))
        return
    write(out, page(found))
    output.heading(f"Written to {out}")
    for one in found.headlines:
        output.line(f"  {one.value:>6}  {one.label} ({one.against})")


def write(path: Path, text: str) -> None:
    """Write a file the person named.

    Raises:
        ConfigurationError: it cannot be written there.
    """
    from crm_sync.errors import ConfigurationError, Mistake

    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            (
                Mistake(
                    "--out", f"{path}, where nothing can be written ({error.strerror})", "a file in a folder of yours"
                ),
            )
        ) from error


def report_json(found: Report) -> dict[str, Any]:
    """Everything the page shows, lists in full."""
    from crm_sync.entrypoints.cli.forecast import coverage_json

    parts = {name: asdict(getattr(found, name)) for name in ("fulfilment", "spread", "watch", "revenue")}
    facts = {"as_of": found.as_of, "org_id": found.org_id, "rule_version": found.rule_version}
    headlines = [vars(one) for one in found.headlines]
    return {**facts, "headlines": headlines, **parts, "coverage": coverage_json(found.coverage)}
