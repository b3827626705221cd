"""What reading and writing by Bulk API 2.0 share: waiting for a job, and CSV pages as columns of text.

Called by bulk (reading) and bulk_writes. Not here: creating jobs, and what their rows mean.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
from pyarrow import csv

from crm_sync.errors import PermanentError, TemporaryError
from crm_sync.salesforce.client import Client

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0
PATIENCE_S = 4 * 3600.0


@dataclass(frozen=True)
class Waiting:
    """How to wait for jobs. `sleep` and `monotonic` measure patience, never data."""

    sleep: Callable[[float], None] = field(default=time.sleep)
    monotonic: Callable[[], float] = field(default=time.monotonic)


def finished(
    client: Client, job: str, doing: str, waiting: Waiting, meanwhile: Callable[[], None] = lambda: None
) -> dict[str, Any]:
    """Wait for a job with growing pauses and return what it says of itself; `meanwhile` is called before each pause.

    Raises:
        PermanentError: the job failed or was aborted.
        TemporaryError: it was still at work when patience ended; it goes on without us.
    """
    deadline = waiting.monotonic() + PATIENCE_S
    pause = FIRST_PAUSE_S
    while True:
        answer = client.read(job, doing) or {}
        state = answer.get("state")
        if state == "JobComplete":
            return dict(answer)
        if state in ("Failed", "Aborted"):
            reason = answer.get("errorMessage") or "no reason given"
            raise PermanentError(f"{doing}: the job ended as {state} ({reason}).")
        if waiting.monotonic() + pause > deadline:
            raise TemporaryError(f"{doing}: the job was still {state} after {PATIENCE_S / 3600:.0f} hours.")
        meanwhile()
        waiting.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE_S)


def parse_csv(content: bytes) -> pa.Table:
    """Read a CSV page as text columns; an empty cell is null, and "NA" or "null" stay text.

    NUL, which Salesforce lets out but nothing may hold (Airbyte #8300), is dropped.
    """
    if b"\0" in content:
        content = content.replace(b"\0", b"")
    header = content.partition(b"\n")[0].decode().strip()
    if not header:
        return pa.table({})
    names = [name.strip('"') for name in header.split(",")]
    return csv.read_csv(
        pa.BufferReader(content),
        read_options=csv.ReadOptions(block_size=8 << 20),
        parse_options=csv.ParseOptions(newlines_in_values=True),
        convert_options=csv.ConvertOptions(
            column_types={name: pa.string() for name in names},
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=True,
        ),
    )


def job_word(value: Any) -> str:
    """Return a job id or locator if it can be part of a path; raises TemporaryError otherwise."""
    text = str(value or "")
    if not text or not text.replace("-", "").replace("_", "").replace("=", "").isalnum():
        raise TemporaryError("A Bulk answer names no usable job or page. Run again.")
    return text
