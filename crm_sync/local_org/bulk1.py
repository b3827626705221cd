"""Bulk API 1.0: jobs of batches, in the dialects JSON, CSV and their mixture with XML job calls.

Answers `/services/async/{version}/job...`. A batch is worked on when it is posted; results come in input order. Job and batch
calls are answered in the dialect they were made in. Not here: the shapes (bulk1_shapes), Bulk 2.0.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from lxml import etree

from crm_sync.local_org import bulk1_shapes, bulk_csv, bulk_steps, ids, metadata_xml
from crm_sync.local_org.batches import run
from crm_sync.local_org.bulk1_jobs import Batch, Job
from crm_sync.local_org.bulk1_shapes import Bulk1Error
from crm_sync.local_org.bulk_csv import BadBatchError
from crm_sync.local_org.calls import Call, Reply
from crm_sync.local_org.errors import OrgError
from crm_sync.local_org.org import Org
from crm_sync.local_org.query import compiled
from crm_sync.local_org.soql import SoqlError

QUERIES = ("query", "queryAll")
MOST_RECORDS = 10_000
LARGEST_BATCH = 10_000_000
_CHUNK = 200
_VERSION = re.compile(r"(\d{1,3})\.0")


def answer(org: Org, call: Call) -> Reply:
    """Answer a call below `/services/async`; refusals are exceptionCode and exceptionMessage with status 400."""
    try:
        version, *rest = call.segments or ("",)
        _check(org, call, version)
        return _route(org, call, version, [s.lower() if n % 2 == 0 else s for n, s in enumerate(rest)])
    except Bulk1Error as error:
        return bulk1_shapes.refusal(error, bulk1_shapes.asks_json(call))


def _check(org: Org, call: Call, version: str) -> None:
    found = _VERSION.fullmatch(version)
    if not found or not org.versions.serve(int(found.group(1))):
        raise Bulk1Error("InvalidVersion", "Invalid Api version specified on URL")
    if org.sessions.find(call.token) is None:
        raise Bulk1Error("InvalidSessionId", "Invalid session id")
    org.access_of(call.token)
    org.usage.require("DailyApiRequests")


def _route(org: Org, call: Call, version: str, rest: list[str]) -> Reply:
    names = "/".join(rest[::2])
    handler = _ROUTES.get((call.method, names, len(rest)))
    if handler is None:
        raise Bulk1Error(
            "InvalidUrl", f"Destination URL not reset. {call.method} {'/'.join(call.segments)} is not known"
        )
    return handler(org, call, version, *rest[1::2])


def _fields(call: Call) -> dict[str, str]:
    """Read the settings of a job call, in JSON or XML."""
    try:
        if "json" in call.headers.get("content-type", ""):
            return {k: str(v) for k, v in orjson.loads(call.content).items() if v is not None}
        return {str(e.tag): (e.text or "").strip() for e in metadata_xml.parse(call.content)}
    except (orjson.JSONDecodeError, AttributeError, etree.XMLSyntaxError) as error:
        raise Bulk1Error("InvalidJob", f"Unable to parse the job: {error}") from None


def _create(org: Org, call: Call, version: str) -> Reply:
    given = _fields(call)
    operation, o = given.get("operation", ""), org.schema.object(given.get("object", ""))
    access = org.signed_in(call).user
    if operation not in (*QUERIES, *bulk_steps.OPERATIONS):
        raise Bulk1Error("InvalidJob", f"Invalid operation: {operation}")
    if o is None or not access.allows(o, "read"):
        raise Bulk1Error("InvalidEntity", f"Entity '{given.get('object')}' is not supported by the Bulk API.")
    content_type = given.get("contentType", "CSV")
    if content_type not in ("CSV", "JSON"):
        raise Bulk1Error(
            "FeatureNotEnabled", f"The embedded org does not implement batches of content type {content_type}."
        )
    key = given.get("externalIdFieldName", "")
    if operation == "upsert":
        _key(lambda: bulk_steps.key_field(o, key).name)
    serial = given.get("concurrencyMode", "Parallel") in ("Serial", "1")
    job = Job(
        org.bulk1.new_id("750"),
        operation,
        o.name,
        content_type,
        key,
        "Serial" if serial else "Parallel",
        version,
        access,
        org.clock.stamp(),
    )
    org.bulk1.jobs[job.id] = job
    return bulk1_shapes.job(job, call, 201)


def _key(find: Callable[[], str]) -> str:
    try:
        return find()
    except OrgError as error:
        raise Bulk1Error("InvalidJob", error.message) from None


def _job(org: Org, job_id: str) -> Job:
    found = org.bulk1.jobs.get(ids.normal(job_id) or "")
    if found is None:
        raise Bulk1Error("InvalidJob", f"Invalid job id: {job_id}")
    return found


def _batch(org: Org, job_id: str, batch_id: str) -> tuple[Job, Batch]:
    job = _job(org, job_id)
    found = job.batches.get(ids.normal(batch_id) or "")
    if found is None:
        raise Bulk1Error("InvalidBatch", f"Records not found for this query: batch {batch_id}")
    return job, found


def _tell(org: Org, call: Call, version: str, job_id: str) -> Reply:
    return bulk1_shapes.job(_job(org, job_id), call, 200)


def _change(org: Org, call: Call, version: str, job_id: str) -> Reply:
    job, state = _job(org, job_id), _fields(call).get("state")
    if state not in ("Closed", "Aborted") or job.state != "Open":
        raise Bulk1Error("InvalidJobState", f"Job is {job.state}; it cannot become {state}")
    job.state = state
    return bulk1_shapes.job(job, call, 200)


def _add(org: Org, call: Call, version: str, job_id: str) -> Reply:
    job = _job(org, job_id)
    if job.state != "Open":
        raise Bulk1Error("InvalidJobState", f"Job is {job.state}; batches need it Open")
    if len(call.content) > LARGEST_BATCH:
        raise Bulk1Error("ClientInputError", f"Failed to read request. Exceeded max size limit of {LARGEST_BATCH}")
    org.usage.require("DailyBulkApiBatches")
    org.usage.count("DailyBulkApiBatches")
    batch = Batch(org.bulk1.new_id("751"), job.id, org.clock.stamp(), call.content)
    job.batches[batch.id] = batch
    reply = bulk1_shapes.batch(job, batch, 201)
    if job.operation in QUERIES and call.headers.get("sforce-enable-pkchunking", "false").lower() not in ("", "false"):
        batch.state = "NotProcessed"
        chunk = Batch(org.bulk1.new_id("751"), job.id, org.clock.stamp(), call.content)
        job.batches[chunk.id] = chunk
        batch = chunk
    stuck = org.faults.take(("job_stuck",), call.method, "/services/async/job") is not None
    batch.waiting = org.work.put(lambda: _work(org, job, batch), in_background=False, stuck=stuck)
    if stuck:
        batch.state = "InProgress"
    return reply


def _work(org: Org, job: Job, batch: Batch) -> None:
    if job.state == "Aborted":
        batch.state = "NotProcessed"
        return
    failure = org.faults.take(("job_fail",), "POST", "/services/async/job")
    if failure is not None:
        batch.state, batch.message = "Failed", str(failure.with_.get("message", bulk_steps.TOO_MANY_LOCKS))
        return
    try:
        if job.operation in QUERIES:
            _query(org, job, batch)
        else:
            _save(org, job, batch)
        batch.state = "Completed"
    except (BadBatchError, SoqlError, OrgError) as error:
        batch.state = "Failed"
        batch.message = f"InvalidBatch : {getattr(error, 'message', error)}".replace(
            "InvalidBatch : InvalidBatch", "InvalidBatch"
        )


def _query(org: Org, job: Job, batch: Batch) -> None:
    text = batch.request.decode("utf-8", "replace").strip()
    asked = Call("GET", (), version=job.version, access=job.access)
    statement = compiled(org, asked, text, job.operation == "queryAll")
    statement.require_bulk()
    with org.store.reading() as connection:
        if job.content_type == "JSON":
            found = statement.records(connection, job.version)
            batch.processed, batch.result = len(found), bulk1_shapes.json_records(org.schema, found)
            return
        blocks = list(statement.csv_blocks(connection))
    batch.processed = sum(rows for rows, _ in blocks)
    header = "".join(bulk_csv.lines([statement.header()], ",", "\n"))
    batch.result = (
        (header + "".join(text for _, text in blocks)).encode() if blocks else b"Records not found for this query"
    )


def _save(org: Org, job: Job, batch: Batch) -> None:
    o = org.schema.objects[job.object.lower()]
    header, bodies = _bodies(job, batch, lambda names, row: bulk_csv.record(o, names, row))
    if len(bodies) > MOST_RECORDS:
        raise BadBatchError(f"InvalidBatch : more than {MOST_RECORDS} records in a batch")
    if header:
        bulk_csv.check_header(o, header)
    told: list[dict[str, Any]] = []
    for start in range(0, len(bodies), _CHUNK):
        chunk = bodies[start : start + _CHUNK]
        with org.transaction(job.access) as tx:
            told.extend(run(tx, bulk_steps.steps(o, job.operation, job.key, header, chunk), all_or_none=False))
    batch.processed, batch.failed = len(told), sum(not r["success"] for r in told)
    batch.result = bulk1_shapes.outcomes(job.content_type, job.operation, told)


def _bodies(
    job: Job, batch: Batch, read: Callable[[list[str], list[str]], dict[str, Any]]
) -> tuple[list[str], list[dict[str, Any]]]:
    if job.content_type == "CSV":
        ending = "\r\n" if b"\r\n" in batch.request else "\n"
        header, rows = bulk_csv.read(batch.request, ",", ending)
        return header, [read(header, row) for row in rows]
    try:
        loaded = orjson.loads(batch.request)
    except orjson.JSONDecodeError as error:
        raise BadBatchError(f"InvalidBatch : Failed to parse JSON: {error}") from None
    if not isinstance(loaded, list) or not all(isinstance(r, dict) for r in loaded):
        raise BadBatchError("InvalidBatch : the batch must be a list of objects")
    return [], loaded


def _tell_batches(org: Org, call: Call, version: str, job_id: str) -> Reply:
    job = _job(org, job_id)
    for batch in job.batches.values():
        _look(org, batch)
    return bulk1_shapes.batches(job)


def _tell_batch(org: Org, call: Call, version: str, job_id: str, batch_id: str) -> Reply:
    job, batch = _batch(org, job_id, batch_id)
    _look(org, batch)
    return bulk1_shapes.batch(job, batch, 200)


def _look(org: Org, batch: Batch) -> None:
    org.work.look(batch.waiting)
    if batch.waiting is not None and batch.state == "Queued":
        batch.state = "InProgress"


def _request(org: Org, call: Call, version: str, job_id: str, batch_id: str) -> Reply:
    job, batch = _batch(org, job_id, batch_id)
    return bulk1_shapes.data(job, batch.request)


def _results(org: Org, call: Call, version: str, job_id: str, batch_id: str) -> Reply:
    job, batch = _batch(org, job_id, batch_id)
    if batch.state != "Completed":
        raise Bulk1Error("InvalidBatch", f"Batch not completed: it is {batch.state}")
    if job.operation in QUERIES:
        return bulk1_shapes.result_list(job, ["752" + batch.id[3:]])
    return bulk1_shapes.data(job, batch.result)


def _result(org: Org, call: Call, version: str, job_id: str, batch_id: str, result_id: str) -> Reply:
    job, batch = _batch(org, job_id, batch_id)
    return bulk1_shapes.data(job, batch.result)


_ROUTES: Mapping[tuple[str, str, int], Callable[..., Reply]] = {
    ("POST", "job", 1): _create,
    ("GET", "job", 2): _tell,
    ("POST", "job", 2): _change,
    ("POST", "job/batch", 3): _add,
    ("GET", "job/batch", 3): _tell_batches,
    ("GET", "job/batch", 4): _tell_batch,
    ("GET", "job/batch/request", 5): _request,
    ("GET", "job/batch/result", 5): _results,
    ("GET", "job/batch/result", 6): _result,
}
