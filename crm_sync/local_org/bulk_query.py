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
from typing import Any

from crm_sync.local_org import soql
from crm_sync.local_org.bulk_jobs import DELIMITERS, LINE_ENDINGS, Job
from crm_sync.local_org.calls import Call, Reply
from crm_sync.local_org.errors import OrgError
from crm_sync.local_org.org import Org
from crm_sync.local_org.query import compiled

ROWS_PER_BLOCK = 1000
ROWS_PER_PAGE = 50_000


def create(org: Org, call: Call) -> Reply:
    """Create a job; the query is checked at once."""
    body = call.json_object()
    operation = body.get("operation")
    if operation not in ("query", "queryAll"):
        raise OrgError("INVALIDOPERATION", f"Operation {operation!r} is not supported; use query or queryAll.")
    statement = compiled(org, call, str(body.get("query", "")), operation == "queryAll")
    statement.require_bulk()
    job = Job(
        id=org.jobs.new_id(),
        kind="query",
        operation=operation,
        object_name=statement.object_name,
        version=call.version,
        access=call.user,
        created_at=org.clock.now(),
        folder=org.store.work_folder,
        **formats(body),
    )
    job.settings = {"lineEnding": job.line_ending, "columnDelimiter": job.delimiter}
    told = job.told()
    org.jobs.add(job)
    if not org.faults.take(("job_stuck",), call.method, "/jobs/query"):
        org.jobs.work(job, lambda j: _run(org, j, statement), org.clock.now)
    else:
        job.state = "InProgress"
    return Reply(200, told)


def formats(body: dict[str, Any]) -> dict[str, Any]:
    """Read delimiter and line ending of a job. Raises OrgError INVALIDJOB."""
    delimiter, ending = body.get("columnDelimiter") or "COMMA", body.get("lineEnding") or "LF"
    if delimiter not in DELIMITERS or ending not in LINE_ENDINGS or body.get("contentType", "CSV") != "CSV":
        raise OrgError("INVALIDJOB", f"Unsupported format: {delimiter}, {ending}, {body.get('contentType', 'CSV')}.")
    return {"delimiter": delimiter, "line_ending": ending}


def _run(org: Org, job: Job, statement: soql.Statement) -> None:
    """Write the rows to the job's file, remembering where each block begins."""
    delimiter, ending = DELIMITERS[job.delimiter], LINE_ENDINGS[job.line_ending]
    job.path("header").write_text(_line(statement.header(), delimiter, ending), "utf-8", newline="")
    row = place = 0
    with org.store.reading() as connection, job.path("rows").open("wb") as file:
        for count, text in statement.csv_blocks(connection, delimiter, ending, ROWS_PER_BLOCK):
            if job.state == "Aborted":
                return
            job.index.append((row, place))
            place += file.write(text.encode())
            row += count
            job.processed = row


def _line(cells: tuple[str, ...] | list[str], delimiter: str, ending: str) -> str:
    return delimiter.join('"' + cell.replace('"', '""') + '"' for cell in cells) + ending


def tell(org: Org, call: Call, job_id: str) -> Reply:
    """Tell a job's state."""
    job = org.jobs.find(job_id, "query")
    return Reply(200, job.told() | job.progress() | {"isPkChunkingSupported": True})


def tell_all(org: Org, call: Call) -> Reply:
    """List the query jobs."""
    return Reply(200, {"done": True, "records": [j.told() for j in org.jobs.listed("query")], "nextRecordsUrl": None})


def change(org: Org, call: Call, job_id: str) -> Reply:
    """Abort a job that has not finished."""
    job = org.jobs.find(job_id, "query")
    if call.json_object().get("state") != "Aborted":
        raise OrgError("INVALIDJOBSTATE", "A query job can only be changed to Aborted.")
    job.require("UploadComplete", "InProgress")
    job.state = "Aborted"
    return Reply(200, job.told())


def delete(org: Org, call: Call, job_id: str) -> Reply:
    """Delete a finished job: 204."""
    org.jobs.delete(org.jobs.find(job_id, "query"))
    return Reply(204)


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
    """List where up to five pages can be fetched, in parallel if one likes."""
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
