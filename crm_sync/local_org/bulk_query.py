"""Bulk API 2.0 query jobs: create, poll, read page by page, abort, delete.

Answers `/jobs/query...`. Rows are streamed from SQLite into a file and from there to the caller, never held in memory.
Every page repeats the header; the last one says `Sforce-Locator: null`.
"""

from __future__ import annotations

import base64
import bisect
import csv
import io
from collections.abc import Iterator

from crm_sync.local_org import bulk_calls, soql
from crm_sync.local_org.bulk_jobs import DELIMITERS, LINE_ENDINGS, Job
from crm_sync.local_org.calls import Call, Reply
from crm_sync.local_org.errors import OrgError, not_found
from crm_sync.local_org.org import Org
from crm_sync.local_org.query import compiled

ROWS_PER_BLOCK = 1000
ROWS_PER_PAGE = 50_000
RESULT_PAGES_SINCE = 58


def create(org: Org, call: Call) -> Reply:
    """Create a job; the query is checked at once."""
    body = call.json_object()
    operation = body.get("operation")
    if operation not in ("query", "queryAll"):
        raise OrgError("INVALIDOPERATION", f"Operation {operation!r} is not supported; use query or queryAll.")
    statement = compiled(org, call, str(body.get("query", "")), operation == "queryAll")
    statement.require_bulk()
    org.usage.require("DailyBulkV2QueryJobs")
    org.usage.require("DailyBulkV2QueryFileStorageMB")
    org.usage.count("DailyBulkV2QueryJobs")
    job = org.jobs.new(
        call, "query", str(operation), statement.object_name, org.store.work_folder, **bulk_calls.formats(body)
    )
    job.settings = {"lineEnding": job.line_ending, "columnDelimiter": job.delimiter}
    told = job.told()
    stuck = org.faults.take(("job_stuck",), call.method, "/jobs/query") is not None
    org.jobs.work(job, lambda j: _run(org, j, statement), stuck)
    return Reply(200, told)


def _run(org: Org, job: Job, statement: soql.Statement) -> None:
    """Write the rows to the job's file, remembering where each block begins."""
    delimiter, ending = DELIMITERS[job.delimiter], LINE_ENDINGS[job.line_ending]
    job.path("header").write_text(_line(statement.header(), delimiter, ending), "utf-8", newline="")
    row = place = 0
    failure = org.faults.take(("job_fail",), "POST", "/jobs/query")
    with org.store.reading() as connection, job.path("rows").open("wb") as file:
        for count, text in statement.csv_blocks(connection, delimiter, ending, ROWS_PER_BLOCK):
            if job.state == "Aborted":
                return
            job.index.append((row, place))
            place += file.write(text.encode())
            row += count
            job.processed = row
            if failure is not None and row >= int(failure.with_.get("rows", 0)):
                break
        org.usage.count("DailyBulkV2QueryFileStorageMB", file.tell() / 1_000_000)
    if failure is not None:
        job.state, job.facts["errorMessage"] = "Failed", str(failure.with_.get("message", "InternalServerError"))


def _line(cells: tuple[str, ...] | list[str], delimiter: str, ending: str) -> str:
    return delimiter.join('"' + cell.replace('"', '""') + '"' for cell in cells) + ending


def tell(org: Org, call: Call, job_id: str) -> Reply:
    """Tell a job's state."""
    job = org.jobs.look(job_id, "query")
    return Reply(200, job.told() | job.progress() | {"isPkChunkingSupported": True})


def tell_all(org: Org, call: Call) -> Reply:
    """List the query jobs; ours are never chunked by primary key."""
    if call.flag("isPkChunkingEnabled"):
        return Reply(200, {"done": True, "records": [], "nextRecordsUrl": None})
    return bulk_calls.listing(org, call, "query", Job.told)


def change(org: Org, call: Call, job_id: str) -> Reply:
    """Abort a job that has not finished."""
    if call.json_object().get("state") != "Aborted":
        raise OrgError("INVALIDJOBSTATE", "A query job can only be changed to Aborted.")
    return bulk_calls.abort(org.jobs.find(job_id, "query"), Job.told)


def delete(org: Org, call: Call, job_id: str) -> Reply:
    """Delete a finished job: 204."""
    return bulk_calls.delete(org, "query", job_id)


def results(org: Org, call: Call, job_id: str) -> Reply:
    """Give one page of rows, beginning at the locator."""
    job = org.jobs.find(job_id, "query")
    job.same_version(call)
    job.require("JobComplete")
    start = _row(call.query.get("locator", ""))
    most = int(call.query.get("maxRecords") or ROWS_PER_PAGE)
    if not 0 <= start <= job.processed or most < 1:
        raise OrgError("INVALIDJOB", "The locator or maxRecords is not valid for this job.")
    end = min(job.processed, start + most)
    headers = {
        "Sforce-Locator": _locator(end) if end < job.processed else "null",
        "Sforce-NumberOfRecords": str(end - start),
    }
    return Reply(200, headers=headers, stream=_page(job, start, end), media_type="text/csv")


def result_pages(org: Org, call: Call, job_id: str) -> Reply:
    """List where up to five pages can be fetched, in parallel if one likes; since v58."""
    if call.version_number < RESULT_PAGES_SINCE:
        raise not_found()
    job = org.jobs.find(job_id, "query")
    job.same_version(call)
    job.require("JobComplete")
    first = _row(call.query.get("pageLocator", ""))
    starts = list(range(first, max(job.processed, 1), ROWS_PER_PAGE))
    base = f"{call.data_url}/jobs/query/{job.id}"
    following = f"{base}/resultPages?pageLocator={_locator(starts[5])}" if len(starts) > 5 else None
    pages = [{"resultUrl": f"{base}/results?locator={_locator(s)}"} for s in starts[:5]]
    return Reply(200, {"resultPages": pages, "nextRecordsUrl": following, "done": following is None})


def _locator(row: int) -> str:
    return base64.urlsafe_b64encode(str(row).encode()).decode().rstrip("=")


def _row(locator: str) -> int:
    if locator in ("", "null"):
        return 0
    try:
        return int(base64.urlsafe_b64decode(locator + "=" * (-len(locator) % 4)))
    except ValueError:
        raise OrgError("INVALIDJOB", f"Locator {locator!r} is not valid.") from None


def _page(job: Job, start: int, end: int) -> Iterator[bytes]:
    """Stream the header and the rows from `start` to before `end`; only blocks cut by these are parsed."""
    yield job.path("header").read_bytes()
    rows = [first for first, _ in job.index]
    block = max(0, bisect.bisect_right(rows, start) - 1)
    while block < len(rows) and rows[block] < end:
        first = rows[block]
        after = rows[block + 1] if block + 1 < len(rows) else job.processed
        content = _block(job, block)
        whole = start <= first and after <= end
        yield content if whole else _part(job, content, max(0, start - first), end - first)
        block += 1


def _block(job: Job, block: int) -> bytes:
    place = job.index[block][1]
    with job.path("rows").open("rb") as file:
        file.seek(place)
        return file.read(job.index[block + 1][1] - place if block + 1 < len(job.index) else -1)


def _part(job: Job, content: bytes, start: int, end: int) -> bytes:
    delimiter, ending = DELIMITERS[job.delimiter], LINE_ENDINGS[job.line_ending]
    rows = list(csv.reader(io.StringIO(content.decode(), newline=""), delimiter=delimiter))[start:end]
    return "".join(_line(row, delimiter, ending) for row in rows).encode()
