"""SOQL over SQLite: from a query's text to rows as the REST and Bulk APIs print them.

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
    statement.csv_blocks(connection, delimiter=",", line_ending="\\n", rows_per_block=5000)  # streams (rows, text) blocks
                                                       # of finished, fully quoted CSV lines; the fastest way out

A `Cursor` answers for the life of a locator: pages come by id, so reading all pages is linear and rows written
meanwhile neither shift nor repeat. Rows hard-deleted meanwhile are left out of their page. Grouped queries beyond
2,000 groups raise EXCEEDED_ID_LIMIT, as they have no locator in Salesforce.

What the tables must look like: see CONTRACT in `store` of the local org. In short: one table per object with a column
per stored field, both under their schema-case API names; `"Id"` indexed (primary key); text in REST form; booleans 0/1.
Every connection must have been given to `prepare(connection)` once: it registers the functions the SQL calls
(`soql_fold`, `soql_local`, ...). All are deterministic; none reads a clock.

Errors: `SoqlError(code, message, status)`: 400 with Salesforce's code and wording; `SoqlUnsupported` (a SoqlError,
status 501) for what this engine knows but does not do.
"""

from __future__ import annotations

from crm_sync.local_org.soql.context import UserContext
from crm_sync.local_org.soql.errors import SoqlError, SoqlUnsupported

__all__ = ["SoqlError", "SoqlUnsupported", "UserContext"]
