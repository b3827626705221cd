"""`crm-sync serve`: schedule and webhook door in one process, until stopped."""

from __future__ import annotations

from typing import Annotated

import typer


def serve(
    accept_unapproved: Annotated[
        bool, typer.Option("--accept-unapproved", help="Run under rules nobody approved; the decision log says so.")
    ] = False,
) -> None:
    """Run on the schedule and when Salesforce calls; answers webhooks, /healthz and /metrics on 127.0.0.1."""
    from crm_sync.bootstrap import build_world
    from crm_sync.entrypoints.cli.approve import only_approved
    from crm_sync.entrypoints.cli.embedded import reachable
    from crm_sync.entrypoints.cli.session import here
    from crm_sync.entrypoints.service import Service
    from crm_sync.telemetry import set_up

    with reachable(here()) as settings, build_world(settings) as world:
        set_up(settings.log_format, settings.log_level)
        Service(only_approved(world, settings, accept=accept_unapproved), settings).serve()
