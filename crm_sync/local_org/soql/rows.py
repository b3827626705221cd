"""Queries of records: the matching ids first, then pages of records by id, with their child subqueries.

    Query --RowPlan.compile--> RowPlan --ids--> str of ids --page--> list of records

Ids are captured once, so pages neither shift nor cost more the further they are. Called by statement.
Not here: grouped queries, Bulk's flat rows (flat).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from crm_sync.local_org.schema import ChildRelationship, ObjectType
from crm_sync.local_org.soql.columns import Column, nested
from crm_sync.local_org.soql.errors import SoqlError
from crm_sync.local_org.soql.level import Level, Request
from crm_sync.local_org.soql.operands import Operand
from crm_sync.local_org.soql.ordering import order_clause
from crm_sync.local_org.soql.select import MOST_WITH_FIELDS, Selection
from crm_sync.local_org.soql.shape import Record
from crm_sync.local_org.soql.sql import SqlValue, quote
from crm_sync.local_org.soql.syntax import Call, FieldItem, Query, SubqueryItem, TypeOf

ID_LENGTH = 18
MOST_SUBQUERIES = 20
DEEPEST_SUBQUERY = 5


@dataclass(frozen=True)
class Pages:
    """How far children go into the page of their parents: `most` of each, the rest behind the URL that `keep` gives."""

    most: int
    keep: Callable[[ChildPlan, str], str]


@dataclass(frozen=True)
class ChildPlan:
    """One child subquery: its SQL takes the parents' ids and yields the parent's id, then the record's columns."""

    name: str
    sql: str
    plan: RowPlan
    query: Query
    object: ObjectType

    def attach(
        self,
        connection: sqlite3.Connection,
        parents: Sequence[str],
        records: Sequence[Any],
        root: str,
        pages: Pages | None,
    ) -> None:
        """Put under every parent's record the envelope of its children, or None."""
        found: dict[str, list[Any]] = {}
        for row in connection.execute(self.sql, self.plan.bound(ids=json.dumps(parents))):
            found.setdefault(row[0], []).append(row[1:])
        for parent, record in zip(parents, records, strict=True):
            below = found.get(parent)
            record[self.name] = self._envelope(connection, below, root, pages) if below else None

    def _envelope(
        self, connection: sqlite3.Connection, rows: Sequence[Any], root: str, pages: Pages | None
    ) -> dict[str, Any]:
        shown = rows if pages is None else rows[: pages.most]
        told: dict[str, Any] = {"totalSize": len(rows), "done": len(shown) == len(rows)}
        if pages is not None and not told["done"]:
            told["nextRecordsUrl"] = pages.keep(self, "".join(row[self.plan.record.id_at] for row in rows))
        return told | {"records": self.plan.shaped(connection, shown, root, pages)}


@dataclass(frozen=True)
class RowPlan:
    """A compiled query of records. `flat` are Bulk's columns; `flat_tail` is all that follows its SELECT list."""

    record: Record
    parameters: dict[str, SqlValue]
    ids_sql: str
    page_sql: str
    flat_tail: str
    flat: tuple[tuple[str, Operand], ...]
    columns: tuple[Column, ...]
    columns_sql: tuple[str, ...] = ()
    typeofs: int = 0
    children: tuple[ChildPlan, ...] = field(default=())

    def bound(self, **values: SqlValue) -> dict[str, SqlValue]:
        """Return the parameters with further ones."""
        return {**self.parameters, **values}

    def ids(self, connection: sqlite3.Connection) -> str:
        """Return the ids of the matching records in order, 18 characters each, joined."""
        found = connection.execute(self.ids_sql, self.parameters)
        parts = []
        while rows := found.fetchmany(10_000):
            parts.append("".join([row[0] for row in rows]))
        return "".join(parts)

    def page(
        self, connection: sqlite3.Connection, ids: Sequence[str], root: str, pages: Pages | None = None
    ) -> list[dict[str, Any]]:
        """Return the records of these ids, in this order; ids no longer there are left out."""
        rows = connection.execute(self.page_sql, self.bound(ids=json.dumps(ids))).fetchall()
        return self.shaped(connection, rows, root, pages)

    def shaped(
        self, connection: sqlite3.Connection, rows: Sequence[Any], root: str, pages: Pages | None
    ) -> list[dict[str, Any]]:
        """Return the records of rows, children attached."""
        build = self.record.build
        records = [build(row, root) for row in rows]
        if self.children and records:
            parents = [row[self.record.id_at] for row in rows]
            for child in self.children:
                child.attach(connection, parents, records, root, pages)
        return records


def compile_rows(request: Request, query: Query) -> RowPlan:
    """Compile an outer query of records. Raises SoqlError."""
    level = Level.outer(request, query)
    subqueries = [item for item in query.select if isinstance(item, SubqueryItem)]
    if len(subqueries) > MOST_SUBQUERIES:
        raise SoqlError("MALFORMED_QUERY", f"A query can have at most {MOST_SUBQUERIES} subqueries.")
    return _compile(level, depth=1)


def _compile(level: Level, depth: int) -> RowPlan:
    scope = level.scope
    selection = Selection(level.operands)
    children = _select(level, selection, depth)
    where, order, limit = level.where(), order_clause(level.order()), level.limit()
    base = scope.base
    page_where = f" WHERE {base.id_sql} = k.value ORDER BY k.key"
    columns = ", ".join(selection.columns_sql)
    return RowPlan(
        record=selection.record,
        parameters=level.request.parameters.values,
        ids_sql=f"SELECT {base.id_sql} FROM {scope.tables('filter')}{where}{order}{limit}",
        page_sql=f"SELECT {columns} FROM json_each(:ids) AS k CROSS JOIN {scope.tables('select')}{page_where}",
        flat_tail=f" FROM {scope.tables('select', 'filter')}{where}{order}{limit}",
        flat=tuple(selection.flat),
        columns=nested(selection.described),
        columns_sql=tuple(selection.columns_sql),
        typeofs=selection.typeofs,
        children=children,
    )


def _select(level: Level, selection: Selection, depth: int) -> tuple[ChildPlan, ...]:
    _check_fields_limit(level.query)
    children = []
    for item in level.query.select:
        if isinstance(item, FieldItem):
            selection.field_item(item)
        elif isinstance(item, TypeOf):
            selection.typeof(item)
        else:
            children.append(_child(level, selection, item.query, depth))
    return tuple(children)


def _check_fields_limit(query: Query) -> None:
    calls = [i.expression for i in query.select if isinstance(i, FieldItem) and isinstance(i.expression, Call)]
    groups = {str(a).upper() for c in calls if c.function == "FIELDS" for a in c.arguments}
    if groups & {"ALL", "CUSTOM"} and (query.limit is None or query.limit > MOST_WITH_FIELDS):
        reason = f"The SOQL FIELDS function must have a LIMIT of at most {MOST_WITH_FIELDS}"
        raise SoqlError("MALFORMED_QUERY", reason)


def _child(level: Level, selection: Selection, query: Query, depth: int) -> ChildPlan:
    if depth >= DEEPEST_SUBQUERY:
        raise SoqlError("MALFORMED_QUERY", f"Subqueries nest at most {DEEPEST_SUBQUERY - 1} levels deep.")
    relation, child = _relationship(level, query)
    name = relation.relationship_name or ""
    selection.claim((name,))
    inner = Level(level.request, query, child)
    if query.group_by:
        raise level.scope.error("MALFORMED_QUERY", query.at, "A subquery can not be grouped")
    plan = _compile(inner, depth + 1)
    selection.record.add(name, selection.record.id_at)
    selection.described.append(((name,), Column(name, "childrelationship", aggregate=True, joined=plan.columns)))
    return ChildPlan(name, _child_sql(inner, relation, plan), plan, query, child)


def _relationship(level: Level, query: Query) -> tuple[ChildRelationship, ObjectType]:
    source = query.sources[0]
    names = level.scope.expand(source.path.names)
    relation = level.scope.base.object.child(names[-1]) if len(names) == 1 else None
    child = level.request.schema.object(relation.child_object) if relation else None
    user = level.request.user
    if (
        relation is None
        or child is None
        or not user.can_query(child.name)
        or not user.can_read(child.name, relation.field)
    ):
        reason = (
            f"Didn't understand relationship '{source.path}' in FROM part of query call. If you are attempting to use a "
            "custom relationship, be sure to append the '__r' after the custom relationship name. Please reference your "
            "WSDL or the describe call for the appropriate names."
        )
        raise level.scope.error("INVALID_TYPE", source.path.at, reason)
    return relation, child


def _child_sql(level: Level, relation: ChildRelationship, plan: RowPlan) -> str:
    """Return the SQL of a child subquery; its LIMIT counts per parent."""
    scope = level.scope
    where = level.where(f"{scope.base.alias}.{quote(relation.field)} = k.value")
    order = level.order()
    columns = ", ".join(f"{sql} AS c{n}" for n, sql in enumerate(plan.columns_sql))
    tables = f"json_each(:ids) AS k CROSS JOIN {scope.tables('select', 'filter')}"
    limit, offset = level.bounds()
    if limit is None and not offset:
        return f"SELECT k.value, {columns} FROM {tables}{where}{order_clause([('k.key', 'ASC'), *order])}"
    numbered = f"row_number() OVER (PARTITION BY k.key{order_clause(order)}) AS n"
    names = ", ".join(f"c{n}" for n in range(len(plan.columns_sql)))
    last = f" AND n <= {offset + limit}" if limit is not None else ""
    return (
        f"SELECT parent, {names} FROM (SELECT k.key AS place, k.value AS parent, {numbered}, {columns} "
        f"FROM {tables}{where}) WHERE n > {offset}{last} ORDER BY place, n"
    )
