"""Many rows of one object -> Bulk API 2.0 jobs -> one RowAnswer per row, found by key and never by place.

Called by org for `upsert_many`. Result files come in no order and may not cover every row. A job is closed only once its
file is known to be there, so a lost answer before that has written nothing; once closed it is in the book of jobs until its
end was seen, and nobody sends its rows again before that. Not here: which rows are worth a job (writeback asks org).
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from crm_sync.errors import PermanentError, TemporaryError
from crm_sync.ports import UNCLEAR, Handling, Job, Jobs, RowAnswer, RowWrite, UnclearWriteError
from crm_sync.salesforce.answers import OrgFaultError, as_error, parse_fault
from crm_sync.salesforce.bulk_csv import ID, Part, own_key, parts
from crm_sync.salesforce.bulk_jobs import ENDED, Waiting, begin, ended, ended_badly, parse_csv
from crm_sync.salesforce.client import Client, Subrequest
from crm_sync.salesforce.ids import to_18
from crm_sync.salesforce.soql import identifier

UPLOAD_TRIES = 3
ROWS_PER_S = 2_000
WRITING = "write"
_ERROR = re.compile(r"(?P<code>[A-Z_]+):(?P<message>.*):(?P<fields>[^:]*?) ?--", re.DOTALL)
_WRITTEN = RowAnswer(ok=True, record_id=None, created=False)
_LEFT = RowAnswer(False, None, False, "UNPROCESSED", "the job ended first", handling=Handling.DEFER_RUN)


class BulkWriter:
    """Writes by ingest jobs."""

    def __init__(self, client: Client, waiting: Waiting, jobs: Jobs) -> None:
        self._client = client
        self._waiting = waiting
        self._jobs = jobs

    def upsert(self, rows: Sequence[RowWrite], meanwhile: Callable[[], None]) -> list[RowAnswer]:
        """Write rows of one object and key field; answers in their order. Nothing follows a job whose end was not seen."""
        answers: list[RowAnswer] = []
        for part in parts(rows):
            answers += self._job(part, meanwhile)
            if answers[-1].code == UNCLEAR:
                break
        return answers + [_LEFT] * (len(rows) - len(answers))

    def settle(self) -> None:
        """Wait for the end of the jobs that an earlier run closed; what came of them is found by the pull that follows.

        A job that it left open is given up.
        """
        doing = "Waiting for an earlier Bulk job"
        for job in self._jobs.open():
            if not job.about.startswith(WRITING):
                continue
            found = self._client.answer(Subrequest("GET", job.path), doing)
            if found.fault is not None and found.fault.code != "NOT_FOUND":
                raise as_error(found.fault, doing)
            state = (found.body or {}).get("state", "gone")
            if state == "Open":
                self._set_state(job.path, "Aborted", doing)
            elif state not in (*ENDED, "gone"):
                ended(self._client, job.path, doing, self._waiting)
            self._jobs.done(job.path)

    def _job(self, part: Part, meanwhile: Callable[[], None]) -> list[RowAnswer]:
        rows = part.rows
        doing = f"Writing {len(rows)} rows of {rows[0].object_name} by Bulk"
        job = self._uploaded(part, doing)
        self._jobs.begun(Job(job, f"{WRITING} {rows[0].object_name}"))
        expected_s = len(rows) / ROWS_PER_S
        try:
            self._closed(job, doing)
            facts = ended(self._client, job, doing, self._waiting, expected_s=expected_s, meanwhile=meanwhile)
            found = self._answers(job, rows, facts, doing)
        except TemporaryError as error:
            return [RowAnswer(False, None, False, UNCLEAR, str(error), handling=Handling.DEFER_RUN)] * len(rows)
        self._jobs.done(job)
        return found

    def _uploaded(self, part: Part, doing: str) -> str:
        """Make a job and send its file; a job whose file may not be whole is given up, and nothing of it is written."""
        for _ in range(UPLOAD_TRIES):
            job = self._create(part.rows[0], doing)
            try:
                self._client.upload_csv(f"{job}/batches", part.content, doing)
            except UnclearWriteError:
                self._set_state(job, "Aborted", doing)
                continue
            return job
        raise TemporaryError(f"{doing}: the file could not be sent in {UPLOAD_TRIES} tries. Run again.")

    def _create(self, row: RowWrite, doing: str) -> str:
        body: dict[str, Any] = {"object": identifier(row.object_name), "contentType": "CSV", "lineEnding": "LF"}
        by_key = {"operation": "upsert", "externalIdFieldName": identifier(row.key_field)}
        body |= {"operation": "update"} if row.key_field == ID else by_key
        try:
            return begin(self._client, "ingest", body)
        except OrgFaultError as error:
            raise as_error(error.fault, doing) from error

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

    def _answers(self, job: str, rows: Sequence[RowWrite], facts: Mapping[str, Any], doing: str) -> list[RowAnswer]:
        """Tell what became of each row, reading no more of the result files than that takes.

        Raises PermanentError when the job failed before its first row, TemporaryError when a row is in no file.
        """
        processed, failed = (int(facts.get(f"numberRecords{kind}") or 0) for kind in ("Processed", "Failed"))
        complete = facts["state"] == "JobComplete"
        if complete and not failed and processed == len(rows):
            return [_WRITTEN] * len(rows)
        if not complete and not processed:
            self._jobs.done(job)
            raise ended_badly(facts, doing)
        key = rows[0].key_field
        failures = (
            {_key(row, key): _failure(row) for row in self._result(job, "failedResults", doing)} if failed else {}
        )
        if complete and processed == len(rows):
            found = {own_key(row): _WRITTEN for row in rows} | failures
        else:
            written = {_key(row, key): _WRITTEN for row in self._result(job, "successfulResults", doing)}
            left = {_key(row, key): _LEFT for row in self._result(job, "unprocessedrecords", doing)}
            found = left | failures | written
        missing = sum(own_key(row) not in found for row in rows)
        if missing or len(failures) != failed:
            raise TemporaryError(f"{doing}: the job's results leave out {missing or failed - len(failures)} rows.")
        return [found[own_key(row)] for row in rows]

    def _result(self, job: str, name: str, doing: str) -> Iterator[dict[str, Any]]:
        answer = self._client.repeated(lambda: self._client.download(f"{job}/{name}"), doing)
        return iter(parse_csv(answer.content).to_pylist())


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
