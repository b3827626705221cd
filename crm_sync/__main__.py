"""`python -m crm_sync` and the `crm-sync` command: errors become one message and their exit code."""

from __future__ import annotations

import sys

from crm_sync.errors import CrmSyncError


def main() -> None:
    """Run the command line; a CrmSyncError prints its sentences and ends with its exit code."""
    from crm_sync.entrypoints.cli import app  # noqa: PLC0415 - typer is only needed once a command runs

    try:
        app()
    except CrmSyncError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
