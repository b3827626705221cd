"""What reading and writing by Bulk API 2.0 share: beginning a job, waiting for it, and CSV pages as columns of text.

Called by bulk (reading) and bulk_writes. A query job is noted in the worker's own book at once, an ingest job before it is
closed, so that a worker that dies finds it again. Not here: which jobs are begun, and what their rows mean.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
from pyarrow import csv

from crm_sync.errors import PermanentError, TemporaryError
from crm_sync.salesforce.answers import OrgFaultError
from crm_sync.salesforce.client import Client, Subrequest

SHORTEST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0
PATIENCE_S = 4 * 3600.0
ENDED = ("JobComplete", "Failed", "Aborted")


@dataclass(frozen=True)
class Waiting:
    """How to wait for jobs. `sleep` and `monotonic` measure patience, never data."""

    sleep: Callable[[float], None] = field(default=time.sleep)
    monotonic: Callable[[], float] = field(default=time.monotonic)


def begin(client: Client, kind: str, body: Mapping[str, Any]) -> str:
    """Create a job (`kind` is query or ingest) and return its path. Raises OrgFaultError when the org refuses it."""
    root = f"{client.root}/jobs/{kind}"
    answer = client.answer(Subrequest("POST", root, body), f"Beginning a Bulk {kind} job")
    if answer.fault is not None:
        raise OrgFaultError(answer.fault)
    return f"{root}/{job_word((answer.body or {}).get('id'))}"


def ended(
    client: Client,
    job: str,
    doing: str,
    waiting: Waiting,
    *,
    expected_s: float = SHORTEST_PAUSE_S,
    meanwhile: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """Wait until a job has ended and return what it says of itself; `meanwhile` is called before each pause.

    Every look costs a call: the first comes after the time expected, each later one after half the time waited so far.
    Raises TemporaryError when the job is still at work as patience ends; it goes on without us.
    """
    began = waiting.monotonic()
    waited, pause = 0.0, expected_s
    while True:
        pause = min(max(pause, SHORTEST_PAUSE_S), LONGEST_PAUSE_S)
        meanwhile()
        waiting.sleep(pause)
        waited, pause = waited + pause, (waited + pause) / 2
        answer = client.read(job, doing) or {}
        if answer.get("state") in ENDED:
            return dict(answer)
        if max(waited, waiting.monotonic() - began) > PATIENCE_S:
            raise TemporaryError(
                f"{doing}: the job is still {answer.get('state')} after {PATIENCE_S / 3600:.0f} hours. The next run waits "
                "for the same job."
            )


def ended_badly(answer: Mapping[str, Any], doing: str) -> PermanentError:
    """Say how a job failed."""
    reason = answer.get("errorMessage") or "no reason given"
    return PermanentError(f"{doing}: the job ended as {answer.get('state')} ({reason}).")


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
        read_options=csv.ReadOptions(block_size=2 << 20, use_threads=False),
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
