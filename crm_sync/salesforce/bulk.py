"""Big readings -> pages of text columns over Bulk API 2.0: CSV straight into Arrow, every page counted.

Called by org above a threshold. Result pages get cut in the wild (48 rows, a sixth of a million, `IncompleteRead`), so
a page counts only when its rows equal Sforce-NumberOfRecords, and the job only when its pages equal its total; a bad
page is fetched again, which locators allow for the life of a job. While a page is used the next ones are on their way.
A job that an earlier run began for the same rows is used again. Not here: writing by Bulk (`bulk_writes`).
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pyarrow as pa

from crm_sync.errors import PermanentError, TemporaryError
from crm_sync.ports import Job, Jobs, Page, Reading, Stamp
from crm_sync.salesforce.answers import OrgFaultError, as_error
from crm_sync.salesforce.bulk_jobs import Waiting, begin, ended, ended_badly, parse_csv
from crm_sync.salesforce.client import Client, Subrequest
from crm_sync.salesforce.soql import columns_of, select_unordered

PAGE_TRIES = 5
MOST_ROWS_A_PAGE = 100_000
PAGES_AT_ONCE = 2
ROWS_PER_S = 100_000
OLDER = timedelta(minutes=1)
"""A job that an earlier run began ran some time before the end of the window it was given; what changed since is read again."""
_NOT_BY_BULK = frozenset({"INVALIDENTITY", "FEATURENOTENABLED", "API_ERROR", "LIMIT_EXCEEDED", "EXCEEDEDQUOTA"})
_ANY_TIME = datetime(1970, 1, 1, tzinfo=UTC)


class _Text(NamedTuple):
    """A page as it came, and how many rows the server says it has."""

    content: bytes
    promised: str | None


class NotByBulkError(Exception):
    """Says that the org does not give this object by Bulk, or no more today; nothing of it has been handed over."""


class BulkReader:
    """Reads by query jobs."""

    def __init__(self, client: Client, waiting: Waiting, jobs: Jobs, page_rows: int = MOST_ROWS_A_PAGE) -> None:
        self._client = client
        self._waiting = waiting
        self._jobs = jobs
        self._page_rows = page_rows

    def pages(self, position: int, reading: Reading, expected_rows: int = 0) -> Iterator[Page]:
        """Yield every row of a reading; rows come in no order, so only the last page says where reading may go on.

        A job that an earlier run left gets one second chance; where no stamp would tell what came after it, none.

        Raises NotByBulkError before the first page.
        """
        doing = f"Reading {reading.object_name} by Bulk"
        left = self._left_by_an_earlier_run(reading) if reading.stamped else None
        job = left or self._begun(reading, doing)
        reached = reading.until if left is None else (left.until or _ANY_TIME) - OLDER
        facts = ended(self._client, job.path, doing, self._waiting, expected_s=expected_rows / ROWS_PER_S)
        if facts["state"] != "JobComplete":
            self._jobs.done(job.path)
            raise ended_badly(facts, doing)
        try:
            for rows, last in self._whole(job.path, int(facts.get("numberRecordsProcessed") or 0), reading, doing):
                yield Page(position, rows, Stamp(reached, "") if last else None, last)
        except (TemporaryError, PermanentError):
            if left is not None:
                self._jobs.done(job.path)
            raise
        self._jobs.done(job.path)

    def _whole(self, job: str, total: int, reading: Reading, doing: str) -> Iterator[tuple[pa.Table, bool]]:
        """Give every page, each with whether it is the last, which is held back unless all rows are there."""
        received = 0
        for rows, last in self._tables(job, total, columns_of(reading), doing):
            received += rows.num_rows
            if last and received != total:
                raise TemporaryError(f"{doing}: the job counted {total} rows and its pages hold {received}. Run again.")
            yield rows, last

    def _begun(self, reading: Reading, doing: str) -> Job:
        operation = "queryAll" if reading.deletable else "query"
        body = {"operation": operation, "query": select_unordered(reading), "lineEnding": "LF"}
        try:
            path = begin(self._client, "query", body)
        except OrgFaultError as error:
            if error.fault.code in _NOT_BY_BULK:
                raise NotByBulkError(str(error.fault)) from error
            raise as_error(error.fault, doing) from error
        job = Job(path, _about(reading), reading.until)
        if reading.stamped:
            self._jobs.begun(job)
        return job

    def _left_by_an_earlier_run(self, reading: Reading) -> Job | None:
        """Find a job for the same rows that was never read to its end, and is still there."""
        about = _about(reading)
        for job in self._jobs.open():
            if job.about != about:
                continue
            found = self._client.answer(Subrequest("GET", job.path), "Looking at an earlier Bulk job")
            if found.fault is None and (found.body or {}).get("state") not in ("Failed", "Aborted"):
                return job
            self._jobs.done(job.path)
        return None

    def _tables(self, job: str, total: int, columns: tuple[str, ...], doing: str) -> Iterator[tuple[pa.Table, bool]]:
        """Fetch pages side by side and give them in order, each with whether it is the last.

        What is fetched ahead waits as text, which takes half of what columns take.
        """
        coming: deque[tuple[str, Future[_Text]]] = deque()
        with ThreadPoolExecutor(PAGES_AT_ONCE) as pool:
            for path in self._paths(job, total, doing):
                coming.append((path, pool.submit(self._fetched, path, doing)))
                if len(coming) > PAGES_AT_ONCE:
                    yield self._parsed(*coming.popleft(), columns, doing), False
            while coming:
                rows = self._parsed(*coming.popleft(), columns, doing)
                yield rows, not coming

    def _paths(self, job: str, total: int, doing: str) -> Iterator[str]:
        """Name the result pages: one alone if all rows fit, else those that the org cuts, told five at a time."""
        if total <= self._page_rows:
            yield f"{job}/results?maxRecords={self._page_rows}"
            return
        following: str | None = f"{job}/resultPages"
        while following:
            answer = self._client.read(following, doing) or {}
            paths = [str(page.get("resultUrl")) for page in answer.get("resultPages") or ()]
            following = str(answer.get("nextRecordsUrl") or "") or None
            if not paths or not all(path.startswith(f"{job}/") for path in (*paths, following or f"{job}/")):
                raise TemporaryError(f"{doing}: the job names no pages of its own. Run again.")
            yield from paths

    def _parsed(self, path: str, coming: Future[_Text], columns: tuple[str, ...], doing: str) -> pa.Table:
        """Read a page as columns; it is fetched again while it does not hold the rows that the server says it has."""
        text = coming.result()
        for _ in range(PAGE_TRIES - 1):
            rows = _rows_of(text, columns)
            if rows is not None:
                return rows
            text = self._fetched(path, doing)
        rows = _rows_of(text, columns)
        if rows is None:
            raise TemporaryError(f"{doing}: a result page came short {PAGE_TRIES} times. Run again.")
        return rows

    def _fetched(self, path: str, doing: str) -> _Text:
        answer = self._client.repeated(lambda: self._client.download(path), doing)
        return _Text(answer.content, answer.headers.get("Sforce-NumberOfRecords"))


def _rows_of(text: _Text, columns: tuple[str, ...]) -> pa.Table | None:
    try:
        rows = parse_page(text.content, columns)
    except (pa.ArrowInvalid, UnicodeDecodeError):
        return None
    return rows if str(rows.num_rows) == text.promised else None


def parse_page(content: bytes, columns: tuple[str, ...]) -> pa.Table:
    """Read one result page as these columns, whatever the case of its header; an empty body is an empty page."""
    table = parse_csv(content)
    if not table.column_names:
        return pa.table({name: pa.array([], pa.string()) for name in columns})
    by_lower = {name.lower(): name for name in table.column_names}
    missing = [name for name in columns if name.lower() not in by_lower]
    if missing:
        raise TemporaryError(f"A Bulk result page lacks the columns {', '.join(missing)}. Run again.")
    return pa.table({name: table.column(by_lower[name.lower()]) for name in columns})


def _about(reading: Reading) -> str:
    """Identify the rows and columns of a reading, whenever it was begun."""
    text = f"{reading.deletable} {select_unordered(replace(reading, until=_ANY_TIME))}"
    return f"read {hashlib.sha256(text.encode()).hexdigest()[:32]}"
