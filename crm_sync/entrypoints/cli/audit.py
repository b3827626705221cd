"""`crm-sync audit`: the decision log: list its runs, prove that nothing in it was changed, export it for an auditor."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(help="The decision log: list runs, prove it whole, export it.", no_args_is_help=True)

SHOWN = 20
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command(name="runs")
def list_runs(
    every: Annotated[bool, typer.Option("--all", help="Show all runs, not the latest.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the runs of the decision log, the latest last."""
    from crm_sync.audit import runs
    from crm_sync.bootstrap import open_books
    from crm_sync.entrypoints.cli import output
    from crm_sync.entrypoints.cli.session import here

    with open_books(here()) as (journal, _):
        known = runs(journal.decisions)
    shown = known if every else known[-SHOWN:]
    if as_json:
        output.emit_json(shown)
        return
    if not shown:
        output.line("No run has decided anything here yet.")
        return
    names = ("run_id", "kind", "rules", "people", "requests", "changed")
    output.table(("run", *names[1:]), [[run[name] for name in names] for run in shown], right=names[3:])
    for said in _not_agreed(shown):
        output.line(said)


def _not_agreed(shown: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Say of which of these runs nobody agreed to the rules, or agreed without a simulation, and why."""
    for run in shown:
        if "unapproved" in run:
            yield f"{run['run_id']} ran under rules nobody approved: {run['unapproved']}"
        elif "without_simulation" in run:
            yield f"{run['run_id']} ran under rules that {run['approved_by']} approved without a simulation: {run['without_simulation']}"


@app.command()
def verify(as_json: AsJson = False) -> None:
    """Prove that no entry of the log was changed, added or taken out, and that what it names is still kept."""
    from crm_sync.audit import Recalled, intact, redactions, runs
    from crm_sync.bootstrap import open_books
    from crm_sync.entrypoints.cli import output
    from crm_sync.entrypoints.cli.session import here

    with open_books(here()) as (journal, archive):
        disposed, entries = journal.dispositions.verify(), journal.decisions.verify()
        known = runs(journal.decisions)
        redacted = redactions(journal.dispositions, archive)
        lost = [run["run_id"] for run in known if not intact(Recalled(run, archive), redacted)]
        seal = known[-1]["seal"] if known else None
    if as_json:
        found = {"entries": entries, "dispositions": disposed, "runs": len(known), "runs_kept": len(known) - len(lost)}
        output.emit_json({**found, "runs_not_kept": lost, "last_seal": seal})
        return
    output.line(f"{entries} entries, every seal right; the last is {seal}." if seal else "The decision log is empty.")
    output.line(f"{disposed} dispositions, every seal right.")
    whole = len(known) - len(lost)
    output.line(
        f"{whole} of {len(known)} runs can be made again: their inputs, rules and decisions are kept and whole."
    )
    if lost:
        output.line(f"Something of these is no longer kept in the archive: {', '.join(lost)}.")


@app.command()
def export(
    file: Annotated[Path, typer.Argument(help="Where to: a .zip, or .jsonl for one stream of JSON lines.")],
    first: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First day (UTC).")],
    last: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day (UTC), included.")],
    as_json: AsJson = False,
) -> None:
    """Write the audit pack: decisions with their seals, runs, the consents relied on, and the rules of each run."""
    import json

    from crm_sync.audit import pack
    from crm_sync.bootstrap import open_books
    from crm_sync.entrypoints.cli import output
    from crm_sync.entrypoints.cli.session import here
    from crm_sync.errors import ConfigurationError, Mistake

    if file.suffix not in (".zip", ".jsonl"):
        raise ConfigurationError((Mistake("audit export", repr(str(file)), "a file that ends in .zip or .jsonl"),))
    if file.exists():
        raise ConfigurationError((Mistake("audit export", f"{file}, which exists", "a new file"),))
    if first > last:
        raise ConfigurationError((Mistake("audit export", f"--from {first:%Y-%m-%d}", f"a day up to {last:%Y-%m-%d}"),))
    with open_books(here()) as (journal, archive):
        verified = journal.decisions.verify()
        files = list(pack(journal.decisions, archive, first.date(), last.date()))
    (_zip if file.suffix == ".zip" else _stream)(file, files)
    manifest = json.loads(dict(files)["manifest.json"])
    if as_json:
        output.emit_json({"file": str(file), "verified": verified, **manifest})
        return
    versions = {name.split("/")[1] for name in manifest["files"] if name.startswith("rules/")}
    output.line(
        f"{file}: {manifest['runs']} runs and {manifest['entries']} entries of {manifest['first']} to {manifest['last']}, "
        f"{manifest['consents']} consents relied on, {len(versions)} rule versions."
    )
    output.line(f"All {verified} entries of the log were verified first.")


def _zip(file: Path, files: Iterable[tuple[str, bytes]]) -> None:
    import zipfile

    with zipfile.ZipFile(file, "x", zipfile.ZIP_DEFLATED) as made:
        for name, content in files:
            made.writestr(name, content)


def _stream(file: Path, files: Iterable[tuple[str, bytes]]) -> None:
    import json

    with file.open("x", encoding="utf-8") as made:
        for name, content in files:
            rows: Iterable[Any] = (
                map(json.loads, content.splitlines()) if name.endswith(".jsonl") else [{"text": content.decode()}]
            )
            made.writelines(f"{json.dumps({'file': name} | row, sort_keys=True)}\n" for row in rows)
