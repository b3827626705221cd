"""Readings -> pages of text columns over REST: up to five queries travel in one composite call, and none is read twice.

Called by org. A locator is bound to the session that made it (13 of 13 retries of a stale one died, Airbyte PR 84302),
so after a new login, a lost locator or a short result the query starts again behind the last row that was handed over.
What is read late rides behind the others in one call; its answer counts only if they all came to their ends with it.
Not here: big results (`bulk`), and what happens to the rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from math import ceil
from typing import Any

import pyarrow as pa

from crm_sync.errors import TemporaryError
from crm_sync.model.calls import ROWS_A_PAGE
from crm_sync.ports import Handling, Page, Reading, Stamp
from crm_sync.salesforce.answers import OrgFault, as_error
from crm_sync.salesforce.client import DATA_ROOT, HEAVY_SUBREQUESTS_PER_COMPOSITE, Client, Subanswer
from crm_sync.salesforce.soql import STAMP, columns_of, select

RESTARTS = 5
_LOCATOR_IS_GONE = frozenset({"INVALID_QUERY_LOCATOR", "INVALID_SESSION_ID", "NOT_FOUND"})
_TOO_BIG_FOR_REST = frozenset({"QUERY_TIMEOUT", "REQUEST_RUNNING_TOO_LONG"})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class TooBigError(Exception):
    """Says that a reading is better read by Bulk 2.0, and how many rows it may be; nothing of it has been handed over."""

    def __init__(self, position: int, rows: int) -> None:
        super().__init__(position, rows)
        self.position = position
        self.rows = rows


@dataclass
class _Cursor:
    """How far one reading has come."""

    position: int
    reading: Reading
    columns: tuple[str, ...]
    locator: str | None = None
    logins: int = 0
    expected: int | None = None
    received: int = 0
    any_size: bool = False
    handed_over: bool = False
    restarts: int = 0

    @property
    def remaining(self) -> int:
        """Rows still to come; unknown counts as a page, so that what is known to be longest is never waited for."""
        return ROWS_A_PAGE if self.expected is None else self.expected - self.received


class RestReader:
    """Reads by query and locator. `bulk_rows` is the size of a result from which TooBigError is raised."""

    def __init__(self, client: Client, bulk_rows: int) -> None:
        self._client = client
        self._bulk_rows = bulk_rows

    def pages(
        self, readings: Mapping[int, Reading], *, hold_late: bool = False, any_size: bool = False
    ) -> Iterator[Page | TooBigError]:
        """Yield pages of all readings as they come, or TooBigError once for a reading that Bulk should take.

        `hold_late` leaves out late readings, as does a reading that is too big: they are to be asked for after it.
        `any_size` reads whatever there is.
        """
        cursors = [
            _Cursor(position, reading, columns_of(reading), any_size=any_size) for position, reading in readings.items()
        ]
        early = [cursor for cursor in cursors if not cursor.reading.late]
        late = [cursor for cursor in cursors if cursor.reading.late]
        while early or (late and not hold_late):
            early.sort(key=lambda cursor: -cursor.remaining)
            asked = early[:HEAVY_SUBREQUESTS_PER_COMPOSITE]
            in_vain = hold_late or bool(
                early and early[0].remaining > ROWS_A_PAGE
            )  # the longest cannot end in this call
            riding = [] if in_vain else late[: HEAVY_SUBREQUESTS_PER_COMPOSITE - len(asked)]
            answers = self._ask([*asked, *riding])
            for cursor, answer in zip(asked, answers, strict=False):
                found = self._page(cursor, answer)
                yield from (found,) if found else ()
                hold_late = hold_late or isinstance(found, TooBigError)
                if _is_done(found):
                    early.remove(cursor)
            for cursor, answer in (
                zip(riding, answers[len(asked) :], strict=True) if not early and not hold_late else ()
            ):
                found = self._page(cursor, answer)
                yield from (found,) if found else ()
                if _is_done(found):
                    late.remove(cursor)

    def _ask(self, cursors: Sequence[_Cursor]) -> list[Subanswer]:
        names = ", ".join(cursor.reading.object_name for cursor in cursors)
        paths = [self._path(cursor) for cursor in cursors]
        return self._client.read_all(paths, f"Reading {names}", per_call=HEAVY_SUBREQUESTS_PER_COMPOSITE)

    def _path(self, cursor: _Cursor) -> str:
        if cursor.locator and cursor.logins == self._client.logins:
            return cursor.locator
        cursor.locator, cursor.expected, cursor.received = None, None, 0
        return self._client.query_path(select(cursor.reading), include_deleted=cursor.reading.deletable)

    def _page(self, cursor: _Cursor, answer: Subanswer) -> Page | TooBigError | None:
        if answer.fault is not None:
            return self._after_fault(cursor, answer.fault)
        total, records, following = _envelope(answer.body)
        if cursor.expected is None:
            cursor.expected, cursor.logins = total, self._client.logins
            if self._is_big(total, len(records), following) and not cursor.handed_over and not cursor.any_size:
                return TooBigError(cursor.position, total)
        cursor.received += len(records)
        cursor.locator = following
        short = following is None and cursor.received < (cursor.expected or 0)
        rows = text_table(records, cursor.columns)
        resume = _last_stamp(rows, cursor.reading.stamped) or cursor.reading.since
        cursor.reading = replace(cursor.reading, since=resume)
        cursor.handed_over = True
        if short:
            self._restart(cursor, "the result ended before its last row")
        last = following is None and not short
        return Page(cursor.position, rows, Stamp(cursor.reading.until, "") if last else resume, last)

    def _is_big(self, total: int, received: int, following: str | None) -> bool:
        """Whether Bulk costs fewer calls. Of wide rows the org gives fewer a page (200 at least), and a job costs the same."""
        pages = ceil(total / received) if following and received else 1
        return total > self._bulk_rows or (pages > 1 and pages * ROWS_A_PAGE > self._bulk_rows)

    def _after_fault(self, cursor: _Cursor, fault: OrgFault) -> TooBigError | None:
        fresh = cursor.locator is None and not cursor.handed_over and not cursor.any_size
        if fresh and fault.code in _TOO_BIG_FOR_REST:
            return TooBigError(cursor.position, self._bulk_rows)
        lost_locator = cursor.locator is not None and (fault.code in _LOCATOR_IS_GONE or fault.status in (401, 404))
        if not lost_locator and fault.handling is not Handling.RETRY_NOW:
            raise as_error(fault, f"Reading {cursor.reading.object_name}")
        self._restart(cursor, str(fault))
        if not lost_locator:
            self._client.wait(cursor.restarts)
        return None

    def _restart(self, cursor: _Cursor, why: str) -> None:
        cursor.locator, cursor.expected, cursor.received = None, None, 0
        cursor.restarts += 1
        if cursor.restarts > RESTARTS:
            raise TemporaryError(
                f"Reading {cursor.reading.object_name} had to start again {cursor.restarts} times, last because {why}. "
                "Run again; what was read so far is kept."
            )


def text_table(records: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> pa.Table:
    """Turn JSON records into text columns; a missing value is null, a checkbox "true" or "false"."""
    return pa.table(
        {name: pa.array([_as_text(value) for value in _values(records, name)], pa.string()) for name in columns}
    )


def _values(records: Sequence[Mapping[str, Any]], name: str) -> Iterator[Any]:
    parent, _, own = name.rpartition(".")
    if not parent:
        return (record.get(name) for record in records)
    return ((record.get(parent) or {}).get(own) for record in records)


def _as_text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value)


def _envelope(body: Any) -> tuple[int, list[Mapping[str, Any]], str | None]:
    """Take a query answer apart; `done` false without a locator would lose rows, so it is refused."""
    try:
        total, done, records = int(body["totalSize"]), bool(body["done"]), list(body["records"])
    except (TypeError, KeyError, ValueError) as error:
        raise TemporaryError("A query's answer lacks its size, its rows or its end. Run again.") from error
    following = None if done else str(body.get("nextRecordsUrl") or "")
    if following is not None and not following.startswith(DATA_ROOT):
        raise TemporaryError("A query's answer continues outside the REST API, or nowhere. Run again.")
    return total, records, following


def _is_done(found: Page | TooBigError | None) -> bool:
    return isinstance(found, TooBigError) or (found is not None and found.last)


def _last_stamp(rows: pa.Table, stamped: bool) -> Stamp | None:
    if not rows.num_rows:
        return None
    record_id = rows.column("Id")[-1].as_py()
    moment = parse_moment(rows.column(STAMP)[-1].as_py()) if stamped else _EPOCH
    return Stamp(moment, record_id)


def parse_moment(text: str) -> datetime:
    """Read a datetime as REST (+0000) and Bulk (Z) write it, as UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)
