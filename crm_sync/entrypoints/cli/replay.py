"""`crm-sync replay`: make a past run's decisions again from what was kept, and prove that they come out the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from crm_sync.audit import Recalled
    from crm_sync.model.snapshot import Snapshot
    from crm_sync.program import Program

DIFFERENT = 1
REDACTED = (
    "Somebody who was forgotten since was taken out of this run. A request they stood in for may come out differently; "
    "everybody else is decided on the same records."
)
SHOWN = 8


def replay(
    run: Annotated[
        str, typer.Argument(help="A run of `crm-sync audit runs`, its plan's checksum, or `last`.")
    ] = "last",
    contact: Annotated[str | None, typer.Option(help="Also explain this person as of that run.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Decide a past run again, under the rules and on the records of that time. Reads no org and writes nothing."""
    from crm_sync.audit import differences, is_redacted, recall
    from crm_sync.bootstrap import open_books
    from crm_sync.entrypoints.cli import output
    from crm_sync.entrypoints.cli.session import here
    from crm_sync.pipeline import decide

    with open_books(here()) as (journal, archive):
        recalled = recall(run, journal.decisions, archive)
        program, snapshot = program_of(recalled), recalled.snapshot()
        made = decide(snapshot, program)
        name, different = differences(recalled, made.snapshot, made.verdicts, made.matches)
        redacted = is_redacted(recalled)
    same = not different and (redacted or name == recalled.entry["decisions"])
    if as_json:
        output.emit_json(
            _as_json(recalled.entry, program.version, name, different) | {"same": same, "redacted": redacted}
        )
    else:
        _show(recalled.entry, program.version, different)
        if redacted:
            output.line(REDACTED)
        if contact is not None:
            _explain(snapshot, program, contact)
    if not same:
        raise typer.Exit(DIFFERENT)


def program_of(recalled: Recalled) -> Program:
    """Load the rules and mappings of that time."""
    import tempfile
    from pathlib import Path

    from crm_sync.program import load_program
    from crm_sync.program.texts import lay_out

    with tempfile.TemporaryDirectory(prefix="crm-sync-replay-") as folder:
        return load_program(*lay_out(recalled.sources(), Path(folder)))


def _as_json(
    entry: Mapping[str, Any], version: str, name: str, different: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    return {
        "run": entry["run_id"],
        "as_of": entry["as_of"],
        "rules": {"then": entry["rules"], "read_again": version},
        "decisions": {"then": entry["decisions"], "made_again": name},
        "same": name == entry["decisions"],
        "different": different,
    }


def _show(entry: Mapping[str, Any], version: str, different: Sequence[Mapping[str, Any]]) -> None:
    from crm_sync.entrypoints.cli import output

    output.line(f"Run {entry['run_id']}, decided for {entry['as_of']} under rules {entry['rules']}")
    if version != entry["rules"]:
        output.line(f"This crm_sync reads the texts of those rules as {version}: it is not the one that ran then.")
    if not different:
        output.line(f"Decided again: {entry['people']} people and {entry['requests']} requests, all the same.")
        return
    output.line(f"Decided again: {len(different)} decisions come out differently.", style="bold red")
    for one in different[:SHOWN]:
        output.line(f"  {one['what']} {one.get('contact') or one.get('request_id')}")


def _explain(snapshot: Snapshot, program: Program, contact: str) -> None:
    from crm_sync.entrypoints.cli import show
    from crm_sync.errors import ConfigurationError, Mistake
    from crm_sync.evaluate import explain_all

    known = snapshot.tables["contact"]["id"].to_pylist()
    found = next((one for one in known if contact in (one, one[:15])), None)
    if found is None:
        raise ConfigurationError((Mistake("--contact", repr(contact), "a contact that the run saw"),))
    for verdict in explain_all(snapshot, program, (found,))[found].values():
        show.show_verdict(verdict, every=False)
