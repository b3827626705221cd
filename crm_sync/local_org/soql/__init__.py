r"""SOQL over SQLite: from a query's text to rows as the REST and Bulk APIs print them.

    text --parse--> Query (AST) --compile_query--> Statement --open/flat_rows--> rows

Called by the rest, composite, bulk and records parts of the local org. Not here: HTTP, locators' life, limits on calls,
permissions (they arrive as a `UserContext`), and the tables themselves (the store keeps them).

How to use it::

    user = UserContext(user_id="005...", time_zone=ZoneInfo("UTC"))
    statement = compile_query(text, schema, user, clock=now, include_deleted=False)      # SoqlError
    cursor = statement.open(connection)                # runs the WHERE once, keeps the matching ids (18 bytes a row)
    cursor.total                                       # totalSize; for COUNT() the count, with no records
    cursor.page(connection, offset=0, size=2000, version="68.0")   # list of JSON-ready dicts, attributes first
    statement.column_metadata()                        # the whole answer to `query?q=...&columns=true`
    statement.object_name, statement.columns           # schema-case names, in select order

    statement.require_bulk()                           # SoqlError when Bulk does not take such a query
    statement.header()                                 # ("Id", "Account.Name", ...)
    statement.flat_rows(connection)                    # streams tuples of str | int | float | None, Bulk CSV scalars
    statement.csv_blocks(connection, delimiter=",", line_ending="\n", rows_per_block=5000)  # streams (rows, text) blocks
                                                       # of finished, fully quoted CSV lines; the fastest way out

A `Cursor` answers for the life of a locator: pages come by id, so reading all pages is linear and rows written
meanwhile neither shift nor repeat. Rows hard-deleted meanwhile are left out of their page. Grouped queries beyond
2,000 groups raise EXCEEDED_ID_LIMIT, as they have no locator in Salesforce.

    statement.kind, statement.purposes                 # "records" | "groups" | "count"; VIEW, REFERENCE, UPDATE
    statement.records(connection, version)             # everything at once, for queries known to be small

    search = compile_search(text, schema, user, clock=now)   # SOSL: FIND {...} IN ... RETURNING ...
    search.records(connection, version)                # the records found, object by object

What the tables must look like: one table per object with a column per stored field, both under their schema-case API
names; `"Id"` (18 characters) the primary key; lookups indexed; date-times `2026-11-01T10:00:00.000+0000`, dates and times
as REST prints them; booleans 0 or 1, never null; doubles REAL; multi-select values joined by `;` in the picklist's order;
an empty text is NULL. A soft-deleted row has `"IsDeleted"` 1 and is seen with include_deleted only.
Every connection must have been given to `prepare(connection)` once: it registers the functions the SQL calls
(`soql_fold`, `soql_local`, ...). All are deterministic; none reads a clock.

Unsupported, and said so with 501: formula fields, DISTANCE and GEOLOCATION, data categories, UPDATE TRACKING and VIEWSTAT,
scopes other than everything and mine, paths beyond a polymorphic relationship or inside TYPEOF, semi-joins in HAVING;
of SOSL the clauses WITH and UPDATE, sidebar fields, list views, and wildcards at the start of a word.
Salesforce's own choices that no document settles are taken so: nulls first also for DESC; text beyond ASCII sorts by code
point; `< null` matches nothing; children beyond the page size of their parents get a cursor of their own where the caller keeps it.

Errors: `SoqlError(code, message, status)`: 400 with Salesforce's code and wording; `SoqlUnsupported` (a SoqlError,
status 501) for what this engine knows but does not do.
"""

from __future__ import annotations

from crm_sync.local_org.soql.columns import Column
from crm_sync.local_org.soql.compile import compile_query
from crm_sync.local_org.soql.context import UserContext
from crm_sync.local_org.soql.errors import SoqlError, SoqlUnsupported
from crm_sync.local_org.soql.functions import prepare
from crm_sync.local_org.soql.parse import parse
from crm_sync.local_org.soql.sosl import CompiledSearch, compile_search
from crm_sync.local_org.soql.statement import Cursor, Statement

__all__ = [
    "Column",
    "CompiledSearch",
    "Cursor",
    "SoqlError",
    "SoqlUnsupported",
    "Statement",
    "UserContext",
    "compile_query",
    "compile_search",
    "parse",
    "prepare",
]
