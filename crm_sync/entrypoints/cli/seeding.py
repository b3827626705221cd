"""Sample records into the local org, dated as if they had been recorded until today."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from crm_sync.entrypoints.cli.embedded import Address, package_dir

if TYPE_CHECKING:
    from crm_sync.local_org.seed import Counts


def load_samples(address: Address, today: date, *, quiet: bool) -> Counts:
    """Load the sample records over HTTP, with a progress bar at a terminal."""
    import requests

    from crm_sync.entrypoints.cli.output import progress
    from crm_sync.local_org.seed import seed

    answer = requests.post(
        f"{address.base_url}/services/oauth2/token",
        data={
            "grant_type": "client_credentials",
            "client_id": address.client_id,
            "client_secret": address.client_secret,
        },
        timeout=30,
    )
    token = answer.json()["access_token"]
    with progress(quiet) as bar:
        task = bar.add_task("Loading sample records", total=None)

        def show(object_name: str, done: int, total: int) -> None:
            bar.update(task, description=f"Loading {object_name}", completed=done, total=total)

        return seed(address.base_url, token, package_dir() / "data", today, show)
