"""`crm-sync demo`: local org, sample records, the whole job once, and what to try next."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from crm_sync.entrypoints.cli.embedded import Address
    from crm_sync.pipeline import Decision
    from crm_sync.settings import Settings


def demo(
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget the local org first and load it anew.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Start the local org, load the sample records, run the whole job once over HTTP, and say what to try next."""
    from crm_sync.entrypoints.cli import embedded, output, show
    from crm_sync.entrypoints.cli.approve import only_approved
    from crm_sync.entrypoints.cli.session import here, session
    from crm_sync.pipeline import carry_out, look

    settings = here().model_copy(update={"instance_url": None})
    if fresh and embedded.already_running(settings) is None:
        embedded.forget(settings)
    with embedded.local_org(settings) as address:
        _load_if_empty(settings, address, as_json)
        with session(embedded.connected(settings, address)) as (opened, as_of):
            world = only_approved(opened, settings, accept=True)
            with output.progress(as_json) as bar:
                task = bar.add_task("Reading the org and deciding", total=2)
                decision = look(world, as_of)
                bar.update(task, completed=1, description="Writing back")
                outcome = carry_out(world, decision, kind="full")
            if as_json:
                output.emit_json(show.summary_json(decision, outcome))
                return
            show.show_summary(decision, outcome)
            _next_commands(decision)


def _load_if_empty(settings: Settings, address: Address, as_json: bool) -> None:
    from crm_sync.entrypoints.cli import embedded, output
    from crm_sync.entrypoints.cli.seeding import load_samples

    mark = settings.state_dir / "local-org.seeded"
    if mark.exists() and embedded.database(settings).exists():
        return
    counts = load_samples(address, datetime.now(UTC).date(), quiet=as_json)
    mark.touch()
    if not as_json:
        output.line(f"Local org with {counts.total} sample records.")


def _next_commands(decision: Decision) -> None:
    from crm_sync.entrypoints.cli import output

    requests = {
        row["id"]: row["name"] for row in decision.snapshot.tables["request"].select(["id", "name"]).to_pylist()
    }
    matched = next((s for s in decision.matches.slates if s.verdict == "matched"), None)
    unfilled = next((s for s in decision.matches.slates if s.verdict != "matched"), None)
    contact = matched.candidates[0].contact_id if matched else None
    output.heading("Next")
    output.line("  crm-sync run                         the same job again: nothing is written")
    for slate, what in ((matched, "a slate with its reasons"), (unfilled, "why there is none, and what instead")):
        if slate is not None:
            output.line(f"  crm-sync explain request {requests[slate.request_id]:<12}{what}")
    if contact:
        output.line(f"  crm-sync explain contact {contact}  one person, every criterion")
    output.line("  crm-sync plan --all                  every write the next run would make")
    output.line("  crm-sync check                       rules and mappings, with file and line")
    output.line("  crm-sync org start                   keep the local org running; then, elsewhere: crm-sync serve")
    output.line("(In this folder: . .venv/bin/activate)")
