"""A compiled query and its cursors: what the rest and bulk parts hold.

    Statement --open--> Cursor --page--> records;  Statement --flat_rows, csv_blocks--> Bulk

Called by the rest, composite and bulk parts through the package. Not here: how queries become plans (compile).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from crm_sync.local_org.schema import ObjectType
from crm_sync.local_org.soql import flat
from crm_sync.local_org.soql.columns import Column
from crm_sync.local_org.soql.errors import SoqlError
from crm_sync.local_org.soql.groups import GroupPlan
from crm_sync.local_org.soql.rows import ID_LENGTH, ChildPlan, Pages, RowPlan
from crm_sync.local_org.soql.sql import SqlValue
from crm_sync.local_org.soql.syntax import Query

LARGEST_PAGE = 2_000


@dataclass(frozen=True)
class CountPlan:
    """SELECT COUNT(): one number and no records."""

    sql: str
    parameters: dict[str, SqlValue]
    columns: tuple[Column, ...] = ()

    def count(self, connection: sqlite3.Connection) -> int:
        """Return the number of matching records."""
        counted: int = connection.execute(self.sql, self.parameters).fetchone()[0]
        return counted


@dataclass(frozen=True)
class Cursor:
    """The answer of a query at one moment: the ids of its records (18 characters each, joined), or its groups."""

    statement: Statement
    total: int
    ids: str = ""
    groups: tuple[dict[str, Any], ...] = ()

    def page(
        self,
        connection: sqlite3.Connection,
        offset: int = 0,
        size: int = LARGEST_PAGE,
        version: str = "68.0",
        keep: Callable[[Cursor], str] | None = None,
    ) -> list[dict[str, Any]]:
        """Return the records from `offset` on, at most `size`, ready for JSON.

        `version` is the API version, for the urls. Records hard-deleted since the cursor was opened are left out. `keep`
        keeps the cursor of children that are more than `size` and gives its URL; without it all children are returned.
        """
        plan = self.statement.plan
        if not isinstance(plan, RowPlan):
            return list(self.groups[offset : offset + size])
        chunk = self.ids[offset * ID_LENGTH : (offset + size) * ID_LENGTH]
        ids = [chunk[n : n + ID_LENGTH] for n in range(0, len(chunk), ID_LENGTH)]
        pages = None if keep is None else Pages(size, lambda child, below: keep(_of_children(child, below)))
        return plan.page(connection, ids, f"/services/data/v{version}", pages)


def _of_children(child: ChildPlan, ids: str) -> Cursor:
    return Cursor(Statement(child.query, child.object, child.plan), len(ids) // ID_LENGTH, ids)


@dataclass(frozen=True)
class Statement:
    """One compiled query. `purposes` holds VIEW, REFERENCE, UPDATE of its FOR clauses, in capitals."""

    query: Query
    object: ObjectType
    plan: RowPlan | GroupPlan | CountPlan

    @property
    def object_name(self) -> str:
        """The API name of the object after FROM, in schema case."""
        return self.object.name

    @property
    def kind(self) -> Literal["records", "groups", "count"]:
        """What the answer holds: records, AggregateResult rows, or nothing but a count."""
        if isinstance(self.plan, RowPlan):
            return "records"
        return "groups" if isinstance(self.plan, GroupPlan) else "count"

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns in the order selected; those of a parent or child relationship are gathered below it."""
        return self.plan.columns

    @property
    def long_texts(self) -> int:
        """How many fields of long text are selected; the service answers several of them in small pages."""
        flat_fields = [operand.field for _, operand in self.plan.flat] if isinstance(self.plan, RowPlan) else []
        return sum(f is not None and f.type == "textarea" and not f.filterable for f in flat_fields)

    @property
    def purposes(self) -> tuple[str, ...]:
        """VIEW, REFERENCE or UPDATE, as asked by FOR clauses."""
        return self.query.purposes

    def open(self, connection: sqlite3.Connection) -> Cursor:
        """Run the query. Raises SoqlError EXCEEDED_ID_LIMIT for a grouped query of more than 2,000 groups."""
        if isinstance(self.plan, CountPlan):
            return Cursor(self, self.plan.count(connection))
        if isinstance(self.plan, GroupPlan):
            groups = tuple(self.plan.fetch(connection))
            return Cursor(self, len(groups), groups=groups)
        ids = self.plan.ids(connection)
        return Cursor(self, len(ids) // ID_LENGTH, ids=ids)

    def records(self, connection: sqlite3.Connection, version: str = "68.0") -> list[dict[str, Any]]:
        """Return all records at once, for queries known to be small."""
        cursor = self.open(connection)
        return cursor.page(connection, size=max(cursor.total, 1), version=version)

    def column_metadata(self) -> dict[str, Any]:
        """Return the answer to `query?q=...&columns=true`."""
        return {
            "columnMetadata": [column.metadata() for column in self.columns],
            "entityName": self.object.name,
            "groupBy": bool(self.query.group_by),
            "idSelected": any(column.name == "Id" for column in self.columns),
            "keyPrefix": self.object.key_prefix,
        }

    def require_bulk(self) -> None:
        """Raise SoqlError when Bulk does not take this query: aggregates, subqueries, TYPEOF, OFFSET, compounds."""
        self._bulk()

    def header(self) -> tuple[str, ...]:
        """Return the column names of Bulk: paths such as Account.Name, in schema case."""
        return tuple(name for name, _ in self._bulk().flat)

    def flat_rows(self, connection: sqlite3.Connection) -> Iterator[tuple[str | int | float | None, ...]]:
        """Stream the records as tuples in the order of `header`; null is None, booleans are true and false."""
        return flat.rows(self._bulk(), connection)

    def csv_blocks(
        self,
        connection: sqlite3.Connection,
        delimiter: str = ",",
        line_ending: str = "\n",
        rows_per_block: int = 5_000,
    ) -> Iterator[tuple[int, str]]:
        """Stream (rows, text) blocks of finished CSV lines without the header; every value is quoted."""
        return flat.csv_blocks(self._bulk(), connection, delimiter, line_ending, rows_per_block)

    def _bulk(self) -> RowPlan:
        if not isinstance(self.plan, RowPlan):
            raise SoqlError("API_ERROR", "Aggregate functions and GROUP BY not supported in Bulk Query")
        refusal = flat.objection(self.query, self.plan.flat)
        if refusal is not None:
            raise refusal
        return self.plan
