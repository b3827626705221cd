"""RowWrites -> collections of 200, five to a composite call -> one RowAnswer per row, in the order given.

Called by org. HTTP 200 says nothing about rows: each answer is read by position, and their number must match. A row is
only ever upserted by external id, updated by Id, or inserted with a unique key, so the org never holds it twice. Not here:
order, retries and what an error means for a run (writeback).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from crm_sync.ports import RowAnswer, RowWrite, UnclearWriteError
from crm_sync.salesforce.answers import OrgFault, parse_fault
from crm_sync.salesforce.client import HEAVY_SUBREQUESTS_PER_COMPOSITE, Client, Subanswer, Subrequest
from crm_sync.salesforce.ids import to_18
from crm_sync.salesforce.soql import identifier

ROWS_PER_COLLECTION = 200
ID = "Id"


class Writer:
    """Writes rows. Raises UnclearWriteError when an answer is lost; the rows of that call may or may not be written."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def upsert_unit(self, opening: RowWrite, rows: Sequence[RowWrite]) -> list[RowAnswer]:
        """Insert `opening` and write rows, all or none, in one call; the answer of `opening` comes first."""
        collections = [[opening], *_collections(rows)]
        if len(collections) > 1 + HEAVY_SUBREQUESTS_PER_COMPOSITE:
            raise ValueError(f"{len(rows)} rows of these kinds do not fit into one call")
        doing = f"Writing {len(rows)} rows"
        first = Subrequest("POST", f"{self._client.root}/sobjects/{identifier(opening.object_name)}", _fields(opening))
        subanswers = self._client.write_unit([first, *map(self._subrequest, collections[1:])], doing)
        answers = [_own_answer(subanswers[0])]
        for part, subanswer in zip(collections[1:], subanswers[1:], strict=True):
            answers += _row_answers(part, subanswer, doing)
        return answers

    def upsert(self, rows: Sequence[RowWrite]) -> list[RowAnswer]:
        """Write rows, `allOrNone` false, so that one bad row spoils no other."""
        collections = list(_collections(rows))
        answers: list[RowAnswer] = []
        for start in range(0, len(collections), HEAVY_SUBREQUESTS_PER_COMPOSITE):
            packed = collections[start : start + HEAVY_SUBREQUESTS_PER_COMPOSITE]
            answers += self._send(packed)
        return answers

    def _send(self, collections: Sequence[Sequence[RowWrite]]) -> Iterator[RowAnswer]:
        doing = f"Writing {sum(map(len, collections))} rows"
        subrequests = [self._subrequest(rows) for rows in collections]
        subanswers = self._client.write(subrequests, doing)
        for rows, subanswer in zip(collections, subanswers, strict=True):
            yield from _row_answers(rows, subanswer, doing)

    def _subrequest(self, rows: Sequence[RowWrite]) -> Subrequest:
        first = rows[0]
        path = f"{self._client.root}/composite/sobjects"
        if first.key_field != ID and not first.create_only:
            path += f"/{identifier(first.object_name)}/{identifier(first.key_field)}"
        method = "POST" if first.create_only else "PATCH"
        return Subrequest(method, path, {"allOrNone": False, "records": [_record(row) for row in rows]})


def _collections(rows: Sequence[RowWrite]) -> Iterator[list[RowWrite]]:
    """Cut rows into runs of one object and key field, at most 200 each: mixed types would be cut into chunks of one."""
    for _, run in groupby(rows, key=lambda row: (row.object_name, row.key_field, row.create_only)):
        same = list(run)
        for start in range(0, len(same), ROWS_PER_COLLECTION):
            yield same[start : start + ROWS_PER_COLLECTION]


def _record(row: RowWrite) -> dict[str, Any]:
    return {"attributes": {"type": identifier(row.object_name)}, **_fields(row)}


def _fields(row: RowWrite) -> dict[str, Any]:
    key = to_18(row.key) if row.key_field == ID else row.key
    return {"id" if row.key_field == ID else row.key_field: key, **row.values}


def _own_answer(answer: Subanswer) -> RowAnswer:
    """Read the answer to the creation of one record."""
    if answer.fault is not None:
        return _refused(answer.fault, None, whole_batch=False)
    return _row_answer(answer.body if isinstance(answer.body, Mapping) else {})


def _row_answers(rows: Sequence[RowWrite], answer: Subanswer, doing: str) -> Iterator[RowAnswer]:
    if answer.fault is not None:
        yield from (_refused(answer.fault, None, whole_batch=len(rows) > 1) for _ in rows)
        return
    if not isinstance(answer.body, list) or len(answer.body) != len(rows):
        raise UnclearWriteError(f"{doing}: the answer does not hold one result for each row.")
    for item in answer.body:
        yield _row_answer(item if isinstance(item, Mapping) else {})


def _row_answer(item: Mapping[str, Any]) -> RowAnswer:
    record_id = item.get("id") if isinstance(item.get("id"), str) else None
    if item.get("success") is True:
        return RowAnswer(ok=True, record_id=record_id and to_18(record_id), created=item.get("created") is True)
    return _refused(parse_fault(200, item.get("errors")), record_id, whole_batch=False)


def _refused(fault: OrgFault, record_id: str | None, *, whole_batch: bool) -> RowAnswer:
    return RowAnswer(
        ok=False,
        record_id=record_id,
        created=False,
        code=fault.code,
        message=fault.message,
        fields=fault.fields,
        handling=fault.handling,
        whole_batch=whole_batch,
    )
