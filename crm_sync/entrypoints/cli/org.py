"""`crm-sync org`: the local org: start it, load the sample records, forget it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from crm_sync.entrypoints.cli.embedded import Address

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
app = typer.Typer(help="The local org, a stand-in Salesforce on this machine.", no_args_is_help=True)


@app.command()
def start(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")] = 8787,
    seed: Annotated[bool, typer.Option("--seed", help="Load the sample records first if the org is empty.")] = False,
    tls_port: Annotated[int | None, typer.Option(help="Serve with TLS too, on this port (0: any free one).")] = None,
    test_mode: Annotated[bool, typer.Option("--test-mode", help="Open the controls of docs/local-org.md.")] = False,
    as_json: AsJson = False,
) -> None:
    """Run the local org until interrupted; other commands find and use it."""
    from crm_sync.entrypoints.cli import embedded
    from crm_sync.entrypoints.cli.session import here
    from crm_sync.errors import TemporaryError

    settings = here()
    if embedded.already_running(settings) is not None:
        raise TemporaryError(f"A local org runs already on the data in {settings.state_dir}. Stop it first.")
    fresh = not embedded.database(settings).exists()
    with embedded.started(settings, port, tls_port, test_mode) as address:
        if seed and fresh:
            _load(address, as_json=False, quiet=as_json)
        with embedded.announced(settings, address):
            _tell(address, as_json)
            _until_interrupted()


def _tell(address: Address, as_json: bool) -> None:
    """Say where the org is; how to log in to it stays in the state folder."""
    from crm_sync.entrypoints.cli import output

    if as_json:
        said = ("base_url", "client_id", "org_id", "tls_url", "ca_file")
        output.emit_json({name: getattr(address, name) for name in said})
        return
    output.line(f"The local org listens on {address.base_url} (this machine only). Stop it with Ctrl-C.")
    if address.tls_url:
        output.line(f"With TLS it is {address.tls_url}, for clients that trust {address.ca_file}")


def _until_interrupted() -> None:
    import signal
    import threading

    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    stopped.wait()


@app.command()
def seed(as_json: AsJson = False) -> None:
    """Load the sample records into an empty local org, dated as if recorded until today."""
    from crm_sync.entrypoints.cli import embedded
    from crm_sync.entrypoints.cli.session import here
    from crm_sync.errors import ConfigurationError, Mistake

    settings = here()
    if embedded.database(settings).exists() and embedded.already_running(settings) is None:
        mistake = Mistake(
            str(embedded.database(settings)), "an org that has records", "an empty one; run crm-sync org reset first"
        )
        raise ConfigurationError((mistake,))
    with embedded.local_org(settings) as address:
        _load(address, as_json)


def _load(address: Address, as_json: bool, quiet: bool = False) -> None:
    from crm_sync.entrypoints.cli import output
    from crm_sync.entrypoints.cli.seeding import load_samples

    counts = load_samples(address, datetime.now(UTC).date(), quiet=as_json or quiet)
    if as_json:
        output.emit_json(dict(counts.records))
    elif not quiet:
        output.line(f"{counts.total} sample records loaded.")


@app.command()
def reset(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete the local org and what the worker knows of it; never touches another org."""
    from crm_sync.entrypoints.cli import embedded, output
    from crm_sync.entrypoints.cli.session import here
    from crm_sync.errors import ConfigurationError, Mistake, TemporaryError

    settings = here()
    if settings.instance_url is not None:
        mistake = Mistake(
            "CRM_SYNC_INSTANCE_URL", "an org that is not the local one", "nothing, to reset the local org"
        )
        raise ConfigurationError((mistake,))
    if embedded.already_running(settings) is not None:
        raise TemporaryError("The local org is running. Stop it first.")
    if not yes:
        typer.confirm(f"Delete the local org, mirror and journal in {settings.state_dir}?", abort=True, err=True)
    deleted = embedded.forget(settings)
    if as_json:
        output.emit_json({"deleted": deleted})
        return
    output.line("The local org and the worker's state are gone.")
