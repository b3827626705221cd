"""What both kinds of Bulk 2.0 jobs answer alike: their formats, their lists, abortion, deletion.

Called by bulk_query and bulk_ingest. Not here: what is particular to one kind.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from crm_sync.local_org.bulk_jobs import DELIMITERS, LINE_ENDINGS, Job
from crm_sync.local_org.calls import Call, Reply
from crm_sync.local_org.errors import OrgError
from crm_sync.local_org.org import Org

JOBS_IN_A_LIST = 1000


def formats(body: dict[str, Any]) -> dict[str, Any]:
    """Read delimiter and line ending of a job. Raises OrgError INVALIDJOB."""
    delimiter, ending = body.get("columnDelimiter") or "COMMA", body.get("lineEnding") or "LF"
    if delimiter not in DELIMITERS or ending not in LINE_ENDINGS or body.get("contentType", "CSV") != "CSV":
        raise OrgError("INVALIDJOB", f"Unsupported format: {delimiter}, {ending}, {body.get('contentType', 'CSV')}.")
    return {"delimiter": delimiter, "line_ending": ending}


def listing(org: Org, call: Call, kind: str, told: Callable[[Job], dict[str, Any]]) -> Reply:
    """List jobs, newest first, a thousand at a time; `jobType` and `concurrencyMode` choose among them."""
    wanted = {key: call.query[key].lower() for key in ("jobType", "concurrencyMode") if call.query.get(key)}
    found = [{**told(job), "jobType": job.type} for job in org.jobs.listed(kind)]
    found = [job for job in found if all(str(job[key]).lower() == value for key, value in wanted.items())]
    start = int(call.query.get("queryLocator") or 0)
    end = start + JOBS_IN_A_LIST
    following = f"{call.data_url}/jobs/{kind}?queryLocator={end}" if end < len(found) else None
    return Reply(200, {"done": following is None, "records": found[start:end], "nextRecordsUrl": following})


def abort(job: Job, told: Callable[[Job], dict[str, Any]]) -> Reply:
    """Abort a job that has not finished."""
    job.require("Open", "UploadComplete", "InProgress")
    job.state = "Aborted"
    return Reply(200, told(job))


def delete(org: Org, kind: str, job_id: str) -> Reply:
    """Delete a finished job: 204."""
    org.jobs.delete(org.jobs.find(job_id, kind))
    return Reply(204)
