"""Bulk API 2.0 ingest jobs: create, upload, close, poll, fetch results.

Answers `/jobs/ingest...`. Rows are saved 200 at a time, each with its own fate. Results come in another order than the input,
as they do in the service, so that a client correlating by row number is caught.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import orjson

from crm_sync.local_org import bulk_calls, bulk_csv, bulk_steps
from crm_sync.local_org.batches import run
from crm_sync.local_org.bulk_csv import BadBatchError
from crm_sync.local_org.bulk_jobs import DELIMITERS, FINISHED, LINE_ENDINGS, Job
from crm_sync.local_org.bulk_steps import OPERATIONS
from crm_sync.local_org.calls import Call, Reply
from crm_sync.local_org.errors import OrgError
from crm_sync.local_org.multipart import parts
from crm_sync.local_org.org import Org

CHUNK = 200
ROWS_IN_A_BATCH = 10_000
_RESULTS = {"successfulresults": "successes", "failedresults": "failures", "unprocessedrecords": "unprocessed"}
_LATER_HIDDEN = ("contentUrl", "lineEnding", "columnDelimiter")


def create(org: Org, call: Call) -> Reply:
    """Create a job, open for upload; a multipart request brings its data along and is closed at once."""
    if call.headers.get("content-type", "").startswith("multipart/"):
        return _create_with_data(org, call)
    job = _made(org, call, call.json_object())
    return Reply(200, _told(job))


def _made(org: Org, call: Call, body: dict[str, Any]) -> Job:
    operation = body.get("operation")
    o = org.schema.object(str(body.get("object", "")))
    if operation not in OPERATIONS:
        raise OrgError(
            "INVALIDOPERATION", f"Operation {operation!r} is not supported; use one of {', '.join(OPERATIONS)}."
        )
    if o is None or not call.user.allows(o, "read"):
        raise OrgError("INVALIDENTITY", f"Entity '{body.get('object')}' is not supported by the Bulk API.")
    settings: dict[str, Any] = {}
    if operation == "upsert":
        settings["externalIdFieldName"] = bulk_steps.key_field(o, str(body.get("externalIdFieldName", ""))).name
    return org.jobs.new(
        call,
        "ingest",
        operation,
        o.name,
        org.store.work_folder,
        state="Open",
        settings=settings,
        **bulk_calls.formats(body),
    )


def _told(job: Job) -> dict[str, Any]:
    told = job.told() | {"lineEnding": job.line_ending, "columnDelimiter": job.delimiter}
    if job.state == "Open":
        return told | {"contentUrl": f"services/data/v{job.version}/jobs/ingest/{job.id}/batches"}
    return {k: v for k, v in told.items() if k not in _LATER_HIDDEN}


def _create_with_data(org: Org, call: Call) -> Reply:
    found = parts(call)
    job = _made(org, call, orjson.loads(found.get("job", b"{}")))
    job.path("input").write_bytes(found.get("content", b""))
    return Reply(200, _start(org, job))


def upload(org: Org, call: Call, job_id: str) -> Reply:
    """Take the CSV of an open job, once: 201."""
    job = org.jobs.find(job_id, "ingest")
    job.require("Open")
    if job.path("input").exists():
        raise OrgError("INVALIDJOBSTATE", f"Job {job.id} already has its data.")
    job.path("input").write_bytes(call.content)
    return Reply(201)


def change(org: Org, call: Call, job_id: str) -> Reply:
    """Close a job for upload, which starts the work, or abort it."""
    job = org.jobs.find(job_id, "ingest")
    state = call.json_object().get("state")
    if state == "UploadComplete":
        job.require("Open")
        return Reply(200, _start(org, job))
    if state != "Aborted":
        raise OrgError("INVALIDJOBSTATE", f"A job cannot be changed to {state!r}.")
    return bulk_calls.abort(job, _told)


def _start(org: Org, job: Job) -> dict[str, Any]:
    """Queue the work and tell the job as it is before."""
    org.usage.require("DailyBulkApiBatches")
    job.state = "UploadComplete"
    told = _told(job)
    org.jobs.work(job, lambda j: _run(org, j), org.faults.take(("job_stuck",), "PATCH", "/jobs/ingest") is not None)
    return told


def tell(org: Org, call: Call, job_id: str) -> Reply:
    """Tell a job's state; records processed include the failed ones."""
    job = org.jobs.look(job_id, "ingest")
    times = {"apiActiveProcessingTime": job.milliseconds, "apexProcessingTime": 0}
    return Reply(200, _told(job) | job.progress() | {"numberRecordsFailed": job.failed, **times})


def tell_all(org: Org, call: Call) -> Reply:
    """List the ingest jobs."""
    return bulk_calls.listing(org, call, "ingest", _told)


def delete(org: Org, call: Call, job_id: str) -> Reply:
    """Delete a finished job: 204."""
    return bulk_calls.delete(org, "ingest", job_id)


def results(org: Org, call: Call, job_id: str, which: str) -> Reply:
    """Give the successes, the failures or what was never tried, as CSV."""
    job = org.jobs.find(job_id, "ingest")
    name = _RESULTS.get(which.lower())
    if name is None:
        raise OrgError("NOT_FOUND", "The requested resource does not exist")
    job.require(*FINISHED)
    path = job.path(name)
    return Reply(200, content=path.read_bytes() if path.exists() else b"", media_type="text/csv")


def _run(org: Org, job: Job) -> None:
    """Save every row of the input and write the result files."""
    delimiter, ending = DELIMITERS[job.delimiter], LINE_ENDINGS[job.line_ending]
    source = job.path("input")
    o = org.schema.objects[job.object_name.lower()]
    try:
        header, rows = bulk_csv.read(source.read_bytes() if source.exists() else b"", delimiter, ending)
        bulk_csv.check_header(o, header)
    except BadBatchError as error:
        job.state, job.facts["errorMessage"] = "Failed", str(error)
        return
    org.usage.count("DailyBulkApiBatches", max(1, -(-len(rows) // ROWS_IN_A_BATCH)))
    outcomes, key = _Outcomes(header), str(job.settings.get("externalIdFieldName", ""))
    failure = org.faults.take(("job_fail",), "PATCH", "/jobs/ingest")
    last = len(rows) if failure is None else min(len(rows), int(failure.with_.get("rows", 0)))
    for start in range(0, last, CHUNK):
        chunk = rows[start : min(start + CHUNK, last)]
        if job.state == "Aborted":
            last = start
            break
        bodies = [bulk_csv.record(o, header, row) for row in chunk]
        with org.transaction(job.access) as tx:
            told = run(tx, bulk_steps.steps(o, job.operation, key, header, bodies), all_or_none=False)
        outcomes.add(job, chunk, told)
    outcomes.unprocessed.extend(rows[last:])
    outcomes.write(job.path, lambda table: "".join(bulk_csv.lines(table, delimiter, ending)).encode())
    if failure is not None:
        job.state, job.facts["errorMessage"] = "Failed", str(failure.with_.get("message", bulk_steps.TOO_MANY_LOCKS))


class _Outcomes:
    """What became of the rows, for the three result files."""

    def __init__(self, header: list[str]) -> None:
        self.successes: list[list[str]] = []
        self.failures: list[list[str]] = []
        self.unprocessed: list[list[str]] = []
        self._header = header

    def add(self, job: Job, rows: Sequence[list[str]], told: Sequence[dict[str, Any]]) -> None:
        """Sort the rows of a chunk by their results."""
        for row, result in zip(rows, told, strict=True):
            if result["success"]:
                created = job.operation == "insert" or result.get("created") is True
                self.successes.append([result["id"], str(created).lower(), *row])
            else:
                error = result["errors"][0]
                text = f"{error['statusCode']}:{error['message']}:{' '.join(error['fields'])} --"
                self.failures.append([result.get("id", ""), text.replace(": --", ":--"), *row])
        job.processed += len(rows)
        job.failed += sum(not r["success"] for r in told)

    def write(self, path: Callable[[str], Path], csv: Callable[[list[list[str]]], bytes]) -> None:
        """Write the files, last row first."""
        path("successes").write_bytes(csv([["sf__Id", "sf__Created", *self._header], *reversed(self.successes)]))
        path("failures").write_bytes(csv([["sf__Id", "sf__Error", *self._header], *reversed(self.failures)]))
        path("unprocessed").write_bytes(csv([self._header, *self.unprocessed]))
