"""`crm-sync serve`: schedule and webhook door in one process, until stopped."""

from __future__ import annotations


def serve() -> None:
    """Run on the schedule and when Salesforce calls; answers webhooks, /healthz and /metrics on 127.0.0.1."""
    from crm_sync.entrypoints.cli.session import here, session
    from crm_sync.entrypoints.service import Service

    settings = here()
    with session(settings) as (world, _):
        Service(world, settings).serve()
