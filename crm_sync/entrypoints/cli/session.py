"""Settings read, an org reached, a World built: what every command that looks at the org opens first."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from crm_sync.bootstrap import build_world, with_shipped_program
from crm_sync.entrypoints.cli.embedded import reachable
from crm_sync.pipeline import World
from crm_sync.settings import Settings, read_settings
from crm_sync.telemetry import set_up


def here() -> Settings:
    """The environment's settings, with the shipped rules and mappings where the folder has none."""
    return with_shipped_program(read_settings())


@contextmanager
def session(settings: Settings | None = None) -> Iterator[tuple[World, datetime]]:
    """Open a World, and tell what time it is in the org: the `as_of` of everything the command decides."""
    settings = settings or here()
    set_up(settings.log_format, settings.log_level)
    with reachable(settings) as connected, build_world(connected) as world:
        yield world, world.org.server_time()
