"""Big readings -> pages of text columns over Bulk API 2.0: CSV streamed straight into Arrow, every page counted.

Called by org above a threshold. Result pages get cut in the wild (48 rows, a sixth of a million, `IncompleteRead`), so
a page counts only when its rows equal Sforce-NumberOfRecords, and the job only when its pages equal its total; a bad
page is fetched again, which locators allow for the life of a job. While a page is used the next one is on its way.
Not here: writing by Bulk.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from pyarrow import csv

from crm_sync.errors import PermanentError, TemporaryError
from crm_sync.ports import Page, Reading, Stamp
from crm_sync.salesforce.client import Client
from crm_sync.salesforce.soql import columns_of, select_unordered

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0
PATIENCE_S = 4 * 3600.0
PAGE_TRIES = 5
MOST_ROWS_A_PAGE = 100_000
_READ_BLOCK = 1 << 20


@dataclass(frozen=True)
class _ResultPage:
    """One result page whose rows are as many as the server says, and the next locator."""

    rows: pa.Table
    following: str | None


class BulkReader:
    """Reads by query jobs. `sleep` and `monotonic` measure patience, never data."""

    def __init__(
        self,
        client: Client,
        *,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
        page_rows: int = MOST_ROWS_A_PAGE,
    ) -> None:
        self._client = client
        self._sleep = sleep
        self._monotonic = monotonic
        self._page_rows = page_rows

    def pages(self, position: int, reading: Reading) -> Iterator[Page]:
        """Yield every row of a reading; rows come in no order, so only the last page says where reading may go on."""
        doing = f"Reading {reading.object_name} by Bulk"
        job = self._create(reading, doing)
        total = self._finished(job, doing)
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
        job = self._client.ask("POST", f"{self._client.root}/jobs/query", body, doing)
        return f"{self._client.root}/jobs/query/{_word(job.get('id'))}"

    def _finished(self, job: str, doing: str) -> int:
        """Wait for the job with growing pauses; returns how many rows it found."""
        deadline = self._monotonic() + PATIENCE_S
        pause = FIRST_PAUSE_S
        while True:
            answer = self._client.read(job, doing) or {}
            state = answer.get("state")
            if state == "JobComplete":
                return int(answer.get("numberRecordsProcessed") or 0)
            if state in ("Failed", "Aborted"):
                reason = answer.get("errorMessage") or "no reason given"
                raise PermanentError(f"{doing}: the job ended as {state} ({reason}).")
            if self._monotonic() + pause > deadline:
                raise TemporaryError(f"{doing}: the job was still {state} after {PATIENCE_S / 3600:.0f} hours.")
            self._sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_S)

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
        path = f"{job}/results?maxRecords={self._page_rows}" + (f"&locator={_word(locator)}" if locator else "")
        for _ in range(PAGE_TRIES):
            page = self._client.repeated(lambda: self._download(path, columns), doing)
            if page is not None:
                return page
        raise TemporaryError(f"{doing}: a result page came short {PAGE_TRIES} times. Run again.")

    def _download(self, path: str, columns: tuple[str, ...]) -> _ResultPage | None:
        with self._client.stream(path) as answer:
            content = b"".join(answer.iter_content(_READ_BLOCK))
            promised = answer.headers.get("Sforce-NumberOfRecords")
            locator = answer.headers.get("Sforce-Locator", "null")
        try:
            rows = parse_page(content, columns)
        except (pa.ArrowInvalid, UnicodeDecodeError):
            return None
        return _ResultPage(rows, None if locator == "null" else locator) if str(rows.num_rows) == promised else None

    def _discard(self, job: str) -> None:
        """Delete the finished job; its results would be kept for a week otherwise. Failing to is no failure."""
        with contextlib.suppress(TemporaryError, PermanentError):
            self._client.discard(job, "Deleting a finished Bulk job")


def parse_page(content: bytes, columns: tuple[str, ...]) -> pa.Table:
    """Read one CSV page as text columns, in any header case; an empty cell is null and "NA" or "null" stay text.

    NUL, which Salesforce lets out but nothing may hold (Airbyte #8300), is dropped.
    """
    if b"\0" in content:
        content = content.replace(b"\0", b"")
    header = content.partition(b"\n")[0].decode().strip()
    if not header:
        return pa.table({name: pa.array([], pa.string()) for name in columns})
    names = [name.strip('"') for name in header.split(",")]
    table = csv.read_csv(
        pa.BufferReader(content),
        read_options=csv.ReadOptions(block_size=8 << 20),
        parse_options=csv.ParseOptions(newlines_in_values=True),
        convert_options=csv.ConvertOptions(
            column_types={name: pa.string() for name in names},
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=True,
        ),
    )
    return _in_order(table, columns)


def _in_order(table: pa.Table, columns: tuple[str, ...]) -> pa.Table:
    by_lower = {name.lower(): name for name in table.column_names}
    missing = [name for name in columns if name.lower() not in by_lower]
    if missing:
        raise TemporaryError(f"A Bulk result page lacks the columns {', '.join(missing)}. Run again.")
    return pa.table({name: table.column(by_lower[name.lower()]) for name in columns})


def _word(value: Any) -> str:
    text = str(value or "")
    if not text or not text.replace("-", "").replace("_", "").replace("=", "").isalnum():
        raise TemporaryError("A Bulk answer names no usable job or page. Run again.")
    return text
