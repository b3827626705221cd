"""Big readings -> pages of text columns over Bulk API 2.0: CSV streamed straight into Arrow, every page counted.

Called by org above a threshold. Result pages get cut in the wild (48 rows, a sixth of a million, `IncompleteRead`), so
a page counts only when its rows equal Sforce-NumberOfRecords, and the job only when its pages equal its total; a bad
page is fetched again, which locators allow for the life of a job. While a page is used the next one is on its way.
Not here: writing by Bulk (`bulk_writes`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import pyarrow as pa

from crm_sync.errors import PermanentError, TemporaryError
from crm_sync.ports import Page, Reading, Stamp
from crm_sync.salesforce.bulk_jobs import Waiting, finished, job_word, parse_csv
from crm_sync.salesforce.client import Client
from crm_sync.salesforce.soql import columns_of, select_unordered

PAGE_TRIES = 5
MOST_ROWS_A_PAGE = 100_000


@dataclass(frozen=True)
class _ResultPage:
    """One result page whose rows are as many as the server says, and the next locator."""

    rows: pa.Table
    following: str | None


class BulkReader:
    """Reads by query jobs."""

    def __init__(self, client: Client, waiting: Waiting, page_rows: int = MOST_ROWS_A_PAGE) -> None:
        self._client = client
        self._waiting = waiting
        self._page_rows = page_rows

    def pages(self, position: int, reading: Reading) -> Iterator[Page]:
        """Yield every row of a reading; rows come in no order, so only the last page says where reading may go on."""
        doing = f"Reading {reading.object_name} by Bulk"
        job = self._create(reading, doing)
        total = int(finished(self._client, job, doing, self._waiting).get("numberRecordsProcessed") or 0)
        received = 0
        for rows, last in self._tables(job, columns_of(reading), doing):
            received += rows.num_rows
            if last and received != total:
                raise TemporaryError(f"{doing}: the job counted {total} rows and its pages hold {received}. Run again.")
            yield Page(position, rows, Stamp(reading.until, "") if last else None, last)
        self._discard(job)

    def _create(self, reading: Reading, doing: str) -> str:
        operation = "queryAll" if reading.deletable else "query"
        body = {"operation": operation, "query": select_unordered(reading), "lineEnding": "LF"}
        job = self._client.ask("POST", f"{self._client.root}/jobs/query", body, doing) or {}
        return f"{self._client.root}/jobs/query/{job_word(job.get('id'))}"

    def _tables(self, job: str, columns: tuple[str, ...], doing: str) -> Iterator[tuple[pa.Table, bool]]:
        with ThreadPoolExecutor(max_workers=1) as pool:
            coming: Future[_ResultPage] | None = pool.submit(self._page, job, None, columns, doing)
            while coming is not None:
                page = coming.result()
                following = page.following
                coming = pool.submit(self._page, job, following, columns, doing) if following else None
                yield page.rows, coming is None

    def _page(self, job: str, locator: str | None, columns: tuple[str, ...], doing: str) -> _ResultPage:
        """Fetch and parse a page, again while it does not hold the rows that the server says it has."""
        path = f"{job}/results?maxRecords={self._page_rows}" + (f"&locator={job_word(locator)}" if locator else "")
        for _ in range(PAGE_TRIES):
            page = self._client.repeated(lambda: self._download(path, columns), doing)
            if page is not None:
                return page
        raise TemporaryError(f"{doing}: a result page came short {PAGE_TRIES} times. Run again.")

    def _download(self, path: str, columns: tuple[str, ...]) -> _ResultPage | None:
        answer = self._client.download(path)
        promised = answer.headers.get("Sforce-NumberOfRecords")
        locator = answer.headers.get("Sforce-Locator", "null")
        try:
            rows = parse_page(answer.content, columns)
        except (pa.ArrowInvalid, UnicodeDecodeError):
            return None
        return _ResultPage(rows, None if locator == "null" else locator) if str(rows.num_rows) == promised else None

    def _discard(self, job: str) -> None:
        """Delete the finished job; its results would be kept for a week otherwise. Failing to is no failure."""
        with contextlib.suppress(TemporaryError, PermanentError):
            self._client.discard(job, "Deleting a finished Bulk job")


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
