"""Bulk API 1.0 on the wire: jobs, batches, results and refusals in XML and JSON.

Called by bulk1. XML dates end in .000Z; JSON query results give dates and times as milliseconds since 1970.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape

import orjson

from crm_sync.local_org import bulk_csv
from crm_sync.local_org.bulk1_jobs import Batch, Job
from crm_sync.local_org.calls import Call, Reply
from crm_sync.local_org.clock import parse_stamp
from crm_sync.local_org.schema import Schema

NAMESPACE = "http://www.force.com/2009/06/asyncapi/dataload"
_XML, _JSON = "application/xml", "application/json"  # salesforce-bulk compares the latter for equality


class Bulk1Error(Exception):
    """A Bulk 1.0 call is refused."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


def asks_json(call: Call) -> bool:
    """Say whether a call speaks JSON rather than XML."""
    return "json" in call.headers.get("content-type", "") or "json" in call.headers.get("accept", "")


def refusal(error: Bulk1Error, as_json: bool, status: int = 400) -> Reply:
    """Shape a refusal."""
    told = {"exceptionCode": error.code, "exceptionMessage": error.message}
    return _json(told, status) if as_json else _xml("error", told, status)


def _json(body: Any, status: int = 200) -> Reply:
    return Reply(status, body, media_type=_JSON)


def _xml(root: str, values: dict[str, Any], status: int) -> Reply:
    text = f'<?xml version="1.0" encoding="UTF-8"?><{root} xmlns="{NAMESPACE}">{_tags(values)}</{root}>'
    return Reply(status, content=text.encode(), media_type=_XML)


def _tags(values: dict[str, Any]) -> str:
    return "".join(f"<{k}>{escape(str(v))}</{k}>" for k, v in values.items() if v is not None)


def _date(at: str) -> str:
    return at.replace("+0000", "Z")


def job(told: Job, call: Call, status: int) -> Reply:
    """Shape a job in the dialect of the call, or of its data for a call without a body."""
    batches = list(told.batches.values())
    values = {
        "id": told.id,
        "operation": told.operation,
        "object": told.object,
        "createdById": told.access.user_id,
        "createdDate": _date(told.at),
        "systemModstamp": _date(told.at),
        "state": told.state,
        "externalIdFieldName": told.key or None,
        "concurrencyMode": told.concurrency,
        "contentType": told.content_type,
        "numberBatchesQueued": sum(b.state == "Queued" for b in batches),
        "numberBatchesInProgress": sum(b.state == "InProgress" for b in batches),
        "numberBatchesCompleted": sum(b.state in ("Completed", "NotProcessed") for b in batches),
        "numberBatchesFailed": sum(b.state == "Failed" for b in batches),
        "numberBatchesTotal": len(batches),
        "numberRecordsProcessed": sum(b.processed for b in batches),
        "numberRetries": 0,
        "apiVersion": float(told.version),
        "numberRecordsFailed": sum(b.failed for b in batches),
        "totalProcessingTime": 0,
        "apiActiveProcessingTime": 0,
        "apexProcessingTime": 0,
    }
    asked = call.headers.get("content-type", "")
    as_json = "json" in asked or ("xml" not in asked and told.content_type == "JSON")
    return _json(values, status) if as_json else _xml("jobInfo", values, status)


def _batch_values(told: Batch, as_json: bool) -> dict[str, Any]:
    return {
        "id": told.id,
        "jobId": told.job_id,
        "state": told.state if as_json else told.state.replace("NotP", "Not P"),
        "stateMessage": told.message,
        "createdDate": _date(told.at),
        "systemModstamp": _date(told.at),
        "numberRecordsProcessed": told.processed,
        "numberRecordsFailed": told.failed,
        "totalProcessingTime": 0,
        "apiActiveProcessingTime": 0,
        "apexProcessingTime": 0,
    }


def batch(owner: Job, told: Batch, status: int) -> Reply:
    """Shape a batch: JSON for JSON data, XML for CSV data."""
    as_json = owner.content_type == "JSON"
    values = _batch_values(told, as_json)
    return _json(values, status) if as_json else _xml("batchInfo", values, status)


def batches(owner: Job) -> Reply:
    """Shape the list of a job's batches."""
    as_json = owner.content_type == "JSON"
    found = [_batch_values(b, as_json) for b in owner.batches.values()]
    if as_json:
        return _json({"batchInfo": found})
    inside = "".join(f"<batchInfo>{_tags(values)}</batchInfo>" for values in found)
    text = f'<?xml version="1.0" encoding="UTF-8"?><batchInfoList xmlns="{NAMESPACE}">{inside}</batchInfoList>'
    return Reply(200, content=text.encode(), media_type=_XML)


def result_list(owner: Job, names: Sequence[str]) -> Reply:
    """Shape the list of a query batch's results."""
    if owner.content_type == "JSON":
        return _json(list(names))
    inside = "".join(f"<result>{name}</result>" for name in names)
    text = f'<result-list xmlns="{NAMESPACE}">{inside}</result-list>'
    return Reply(200, content=text.encode(), media_type=_XML)


def data(owner: Job, content: bytes) -> Reply:
    """Give data in the job's content type."""
    media = _JSON if owner.content_type == "JSON" else "text/csv"
    return Reply(200, content=content, media_type=media)


def outcomes(content_type: str, operation: str, told: Sequence[dict[str, Any]]) -> bytes:
    """Write what became of each record, in input order."""
    rows = [
        {
            "success": r["success"],
            "created": r["success"] and (operation == "insert" or r.get("created") is True),
            "id": r.get("id"),
            "errors": [{**e, "extendedErrorDetails": None} for e in r["errors"]],
        }
        for r in told
    ]
    if content_type == "JSON":
        return orjson.dumps(rows)
    cells = [[r["id"] or "", str(r["success"]).lower(), str(r["created"]).lower(), _error(r["errors"])] for r in rows]
    return "".join(bulk_csv.lines([["Id", "Success", "Created", "Error"], *cells], ",", "\n")).encode()


def _error(errors: Sequence[dict[str, Any]]) -> str:
    return "".join(f"{e['statusCode']}:{e['message']}:{' '.join(e['fields'])}--" for e in errors)


def json_records(schema: Schema, records: list[dict[str, Any]]) -> bytes:
    """Write queried records with dates and times as milliseconds."""
    return orjson.dumps([_with_milliseconds(schema, r) for r in records])


def _with_milliseconds(schema: Schema, record: dict[str, Any]) -> dict[str, Any]:
    o = schema.object(str(record["attributes"]["type"]))
    made: dict[str, Any] = {}
    for name, value in record.items():
        f = o.field(name) if o else None
        if isinstance(value, dict) and name != "attributes" and "attributes" in value:
            made[name] = _with_milliseconds(schema, value)
        elif value is not None and f is not None and f.type in ("date", "datetime"):
            at = parse_stamp(value) if f.type == "datetime" else datetime.fromisoformat(value).replace(tzinfo=UTC)
            made[name] = int(at.timestamp() * 1000)
        else:
            made[name] = value
    return made
