"""Queries over REST: pages of rows, and the locators that lead to the next page.

Answers `/query`, `/queryAll` and `/query/{locator}`. What a query means and how its rows look is soql's.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from crm_sync.local_org import ids, soql
from crm_sync.local_org.calls import Call, Reply
from crm_sync.local_org.errors import OrgError, not_implemented
from crm_sync.local_org.locators import OpenQuery
from crm_sync.local_org.org import Org

LARGEST_PAGE, SMALLEST_PAGE = 2000, 200
LONG_TEXTS_OF_SMALL_PAGES = 2
_LOCATOR = re.compile(r"(01g\w{12}(?:\w{3})?)-(\d+)")


def query(org: Org, call: Call) -> Reply:
    """Run a query over the live rows."""
    return _run(org, call, include_deleted=False)


def query_all(org: Org, call: Call) -> Reply:
    """Run a query over all rows, those in the recycle bin too."""
    return _run(org, call, include_deleted=True)


def compiled(org: Org, call: Call, text: str, include_deleted: bool) -> soql.Statement:
    """Compile a query for the caller. Raises SoqlError."""
    context = call.user.context(frozenset(org.schema.objects))
    return soql.compile_query(text, org.schema, context, clock=org.clock.now(), include_deleted=include_deleted)


def _run(org: Org, call: Call, include_deleted: bool) -> Reply:
    if "explain" in call.query:
        raise not_implemented("query plans (explain)")
    text = call.query.get("q")
    if not text:
        raise OrgError("MALFORMED_QUERY", "A query string has to be specified")
    statement = compiled(org, call, text, include_deleted)
    if call.flag("columns"):
        return Reply(200, statement.column_metadata())
    size = page_size(call, statement)
    with org.reading(call) as connection:
        cursor = statement.open(connection)
        _refuse_slow(org, call, cursor)
        records = cursor.page(connection, 0, size, call.version, _keeper(org, call, size))
    return _page(org, call, cursor, records, 0, size, None)


def _refuse_slow(org: Org, call: Call, cursor: soql.Cursor) -> None:
    slow = org.faults.take(("slow_query",), call.method, call.path, call.query["q"])
    if slow is not None and cursor.total > int(slow.with_.get("rows", 0)):
        raise OrgError("QUERY_TIMEOUT", "Your query request was running for too long.")


def page_size(call: Call, statement: soql.Statement) -> int:
    """Give the page size the caller asks for, within what the service allows: little with several long texts."""
    wanted = call.settings("sforce-query-options").get("batchsize", "")
    largest = LARGEST_PAGE if statement.long_texts < LONG_TEXTS_OF_SMALL_PAGES else SMALLEST_PAGE
    return min(largest, max(SMALLEST_PAGE, int(wanted))) if wanted.isdigit() else largest


def _keeper(org: Org, call: Call, size: int) -> Callable[[soql.Cursor], str]:
    """Keep the rest of a parent's children open, and give the URL it is found at."""

    def keep(cursor: soql.Cursor) -> str:
        name = org.locators.add(OpenQuery(cursor, call.user.user_id, org.clock.now()))
        return f"{call.data_url}/query/{name}-{size}"

    return keep


def more(org: Org, call: Call, locator: str) -> Reply:
    """Give the page a locator leads to; the same page may be asked for again."""
    found = _LOCATOR.fullmatch(locator)
    name = ids.normal(found.group(1)) if found else None
    if org.faults.take(("locator",), call.method, call.path):
        org.locators.clear()
    open_query = org.locators.find(name, call.user.user_id, org.clock.now()) if name else None
    if found is None or open_query is None or name is None:
        raise OrgError("INVALID_QUERY_LOCATOR", "invalid query locator")
    offset, size = int(found.group(2)), page_size(call, open_query.cursor.statement)
    with org.reading(call) as connection:
        records = open_query.cursor.page(connection, offset, size, call.version, _keeper(org, call, size))
    return _page(org, call, open_query.cursor, records, offset, size, name)


def _page(
    org: Org, call: Call, cursor: soql.Cursor, records: list[dict[str, Any]], offset: int, size: int, name: str | None
) -> Reply:
    done = offset + size >= cursor.total or cursor.statement.kind == "count"
    body: dict[str, Any] = {"totalSize": cursor.total, "done": done}
    if not done:
        name = name or org.locators.add(OpenQuery(cursor, call.user.user_id, org.clock.now()))
        body["nextRecordsUrl"] = f"{call.data_url}/query/{name}-{offset + size}"
    return Reply(200, body | {"records": records})
