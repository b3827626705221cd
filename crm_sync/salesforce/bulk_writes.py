"""Many rows of one object -> Bulk API 2.0 jobs -> one RowAnswer per row, found by key and never by place.

Called by org for `upsert_many`. In Bulk's CSV an empty cell leaves a field as it is and `#N/A` clears it; result files
come in no order and may not cover every row. A job is only ever closed once its file is known to be there, so a lost
answer before that has written nothing. Not here: which rows are worth a job (writeback asks org).
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import pyarrow as pa
from pyarrow import csv

from crm_sync.errors import PermanentError, TemporaryError
from crm_sync.ports import Handling, RowAnswer, RowWrite, UnclearWriteError
from crm_sync.salesforce.answers import parse_fault
from crm_sync.salesforce.bulk_jobs import Waiting, finished, job_word, parse_csv
from crm_sync.salesforce.client import Client
from crm_sync.salesforce.ids import to_18
from crm_sync.salesforce.soql import identifier

ID = "Id"
CLEARED = "#N/A"
ROWS_A_JOB = 50_000
UPLOAD_TRIES = 3
_ERROR = re.compile(r"(?P<code>[A-Z_]+):(?P<message>.*):(?P<fields>[^:]*?) ?--", re.DOTALL)


class BulkWriter:
    """Writes by ingest jobs."""

    def __init__(self, client: Client, waiting: Waiting, rows_a_job: int = ROWS_A_JOB) -> None:
        self._client = client
        self._waiting = waiting
        self._rows_a_job = rows_a_job

    def upsert(self, rows: Sequence[RowWrite], meanwhile: Callable[[], None]) -> list[RowAnswer]:
        """Write rows of one object and key field; answers in their order."""
        answers: list[RowAnswer] = []
        remaining = iter(rows)
        while part := list(islice(remaining, self._rows_a_job)):
            answers += self._job(part, meanwhile)
        return answers

    def _job(self, rows: Sequence[RowWrite], meanwhile: Callable[[], None]) -> list[RowAnswer]:
        doing = f"Writing {len(rows)} rows of {rows[0].object_name} by Bulk"
        job = self._uploaded(rows, doing)
        self._closed(job, doing)
        try:
            status = finished(self._client, job, doing, self._waiting, meanwhile)
            found = self._answers(job, rows[0].key_field, status, doing)
        except TemporaryError as error:
            raise UnclearWriteError(f"{doing}: the job's results could not be had ({error})") from error
        missing = sum(row.key not in found for row in rows)
        if missing:
            raise UnclearWriteError(f"{doing}: the job's results leave out {missing} rows.")
        return [found[row.key] for row in rows]

    def _uploaded(self, rows: Sequence[RowWrite], doing: str) -> str:
        """Make a job and send its file; a job whose file may not be whole is given up, and nothing of it is written."""
        content = rows_as_csv(rows)
        for _ in range(UPLOAD_TRIES):
            job = self._create(rows[0], doing)
            try:
                self._client.upload_csv(f"{job}/batches", content, doing)
            except UnclearWriteError:
                self._set_state(job, "Aborted", doing)
                continue
            return job
        raise TemporaryError(f"{doing}: the file could not be sent in {UPLOAD_TRIES} tries. Run again.")

    def _create(self, row: RowWrite, doing: str) -> str:
        body: dict[str, Any] = {"object": identifier(row.object_name), "contentType": "CSV", "lineEnding": "LF"}
        by_key = {"operation": "upsert", "externalIdFieldName": identifier(row.key_field)}
        body |= {"operation": "update"} if row.key_field == ID else by_key
        job = self._client.ask("POST", f"{self._client.root}/jobs/ingest", body, doing) or {}
        return f"{self._client.root}/jobs/ingest/{job_word(job.get('id'))}"

    def _closed(self, job: str, doing: str) -> None:
        """Hand the job over; asking twice is refused, so after a doubtful answer its state decides."""
        try:
            self._client.ask("PATCH", job, {"state": "UploadComplete"}, doing)
        except (PermanentError, TemporaryError):
            if (self._client.read(job, doing) or {}).get("state") == "Open":
                raise

    def _set_state(self, job: str, state: str, doing: str) -> None:
        with contextlib.suppress(PermanentError, TemporaryError):
            self._client.ask("PATCH", job, {"state": state}, doing)

    def _answers(self, job: str, key: str, status: Mapping[str, Any], doing: str) -> dict[str, RowAnswer]:
        """Read the result files that hold anything, and find every row by its key."""
        found: dict[str, RowAnswer] = {}
        failed = int(status.get("numberRecordsFailed") or 0)
        for row in self._result(job, "successfulResults", doing):
            created = row.get("sf__Created") == "true"
            found[_key(row, key)] = RowAnswer(ok=True, record_id=to_18(str(row["sf__Id"])), created=created)
        for row in self._result(job, "failedResults", doing) if failed else ():
            found[_key(row, key)] = _failure(row)
        return found | self._unprocessed(job, key, status, len(found), doing)

    def _unprocessed(
        self, job: str, key: str, status: Mapping[str, Any], known: int, doing: str
    ) -> dict[str, RowAnswer]:
        if known == int(status.get("numberRecordsProcessed") or 0) and not status.get("errorMessage"):
            rows: Iterator[dict[str, Any]] = iter(())
        else:
            rows = self._result(job, "unprocessedrecords", doing)
        left = RowAnswer(False, None, False, "UNPROCESSED", "the job ended first", handling=Handling.DEFER_RUN)
        return {_key(row, key): left for row in rows}

    def _result(self, job: str, name: str, doing: str) -> Iterator[dict[str, Any]]:
        answer = self._client.repeated(lambda: self._client.download(f"{job}/{name}"), doing)
        return iter(parse_csv(answer.content).to_pylist())


def rows_as_csv(rows: Sequence[RowWrite]) -> bytes:
    """Write rows as Bulk takes them: a field that a row does not mention is an empty cell, a cleared one `#N/A`."""
    first = rows[0]
    flat = [_flat(row) for row in rows]
    columns = dict.fromkeys([first.key_field, *(name for values in flat for name in values)])
    table = pa.table({name: pa.array([values.get(name) for values in flat], pa.string()) for name in columns})
    sink = pa.BufferOutputStream()
    csv.write_csv(table, sink, csv.WriteOptions(quoting_style="all_valid"))
    return bytes(sink.getvalue())


def can_be_csv(row: RowWrite) -> bool:
    """Whether Bulk's CSV can carry this row: it has no way to write the text `#N/A`, and inserts are not for it."""
    return not row.create_only and CLEARED not in row.values.values()


def _flat(row: RowWrite) -> dict[str, str]:
    cells = {row.key_field: to_18(row.key) if row.key_field == ID else row.key}
    for name, value in row.values.items():
        if isinstance(value, dict):
            kind = value.get("attributes", {}).get("type")
            ((key_field, key),) = ((n, v) for n, v in value.items() if n != "attributes")
            cells[f"{f'{kind}:' if kind else ''}{name}.{key_field}"] = str(key)
        else:
            cells[name] = _cell(value)
    return cells


def _cell(value: Any) -> str:
    if value is None or value == "":
        return CLEARED
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else repr(value)


def _key(row: Mapping[str, Any], key: str) -> str:
    by_lower = {name.lower(): value for name, value in row.items()}
    value = by_lower.get(key.lower())
    return to_18(value) if key == ID and value else str(value)


def _failure(row: Mapping[str, Any]) -> RowAnswer:
    """Read `CODE:message:Field1 Field2 --`, the form of sf__Error."""
    text = str(row.get("sf__Error") or "")
    parts = _ERROR.fullmatch(text.strip())
    code = parts["code"] if parts else text.partition(":")[0]
    fields = parts["fields"].split() if parts else []
    fault = parse_fault(200, {"statusCode": code, "message": parts["message"] if parts else text, "fields": fields})
    return RowAnswer(False, None, False, fault.code, fault.message, fault.fields, fault.handling)
