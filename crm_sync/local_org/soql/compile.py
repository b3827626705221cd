"""From a query's text to a Statement, for one user at one moment.

    text --parse--> Query --compile_query--> Statement

Called by the local org through the package. Not here: running it.
"""

from __future__ import annotations

from datetime import datetime

from crm_sync.local_org.schema import Schema
from crm_sync.local_org.soql.context import UserContext
from crm_sync.local_org.soql.errors import SoqlError
from crm_sync.local_org.soql.groups import GroupPlan, compile_groups, is_grouped
from crm_sync.local_org.soql.level import Level, Request
from crm_sync.local_org.soql.parse import parse
from crm_sync.local_org.soql.resolve import find_object
from crm_sync.local_org.soql.rows import RowPlan, compile_rows
from crm_sync.local_org.soql.statement import CountPlan, Statement
from crm_sync.local_org.soql.syntax import Call, FieldItem, Query


def compile_query(
    text: str, schema: Schema, user: UserContext, clock: datetime, *, include_deleted: bool = False
) -> Statement:
    """Compile a query.

    `clock` is an aware moment, the only source of TODAY and its like, read in the user's time zone. `include_deleted`
    is queryAll. Raises SoqlError with Salesforce's code and wording, SoqlUnsupported (501) for what is not done here.
    """
    query = parse(text)
    request = Request(schema, user, text, clock, include_deleted)
    base = find_object(schema, user, text, query.sources[0].path)
    return Statement(query, base, _plan(request, query))


def _plan(request: Request, query: Query) -> RowPlan | GroupPlan | CountPlan:
    if _counts_only(query):
        return _count(request, query)
    return compile_groups(request, query) if is_grouped(query) else compile_rows(request, query)


def _counts_only(query: Query) -> bool:
    item = query.select[0]
    call = item.expression if isinstance(item, FieldItem) else None
    return len(query.select) == 1 and isinstance(call, Call) and call.function == "COUNT" and not call.arguments


def _count(request: Request, query: Query) -> CountPlan:
    if query.group_by or query.order_by:
        raise SoqlError("MALFORMED_QUERY", "COUNT() can not be used with GROUP BY or ORDER BY")
    level = Level.outer(request, query)
    where, limit = level.where(), level.limit()
    inner = f"SELECT 1 FROM {level.scope.tables('filter', 'select')}{where}{limit}"
    sql = f"SELECT count(*) FROM ({inner})" if limit else inner.replace("SELECT 1", "SELECT count(*)", 1)
    return CountPlan(sql, request.parameters.values)
