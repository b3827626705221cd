"""One SELECT of a statement: its scope, its WHERE, its semi-joins. Outer query, child subquery and subselect alike.

    Query + base object --Level--> Scope, Operands, SQL of WHERE, ORDER BY and LIMIT

Called by rows and groups. Not here: what is selected.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from crm_sync.local_org.schema import Field, ObjectType, Schema
from crm_sync.local_org.soql import search_fields
from crm_sync.local_org.soql.conditions import Conditions
from crm_sync.local_org.soql.context import UserContext
from crm_sync.local_org.soql.errors import SoqlError, SoqlUnsupported
from crm_sync.local_org.soql.operands import Operand, Operands
from crm_sync.local_org.soql.ordering import Term, order_terms
from crm_sync.local_org.soql.resolve import Scope, find_object
from crm_sync.local_org.soql.sql import Aliases, Parameters
from crm_sync.local_org.soql.syntax import And, Comparison, Condition, FieldItem, Membership, Not, Path, Query, SemiJoin

FARTHEST_OFFSET = 2_000
MOST_SEMI_JOINS = 2


@dataclass(frozen=True)
class Request:
    """What a whole statement is compiled from. `clock` is an aware moment, the only source of TODAY."""

    schema: Schema
    user: UserContext
    text: str
    clock: datetime
    include_deleted: bool
    parameters: Parameters = field(default_factory=Parameters)
    aliases: Aliases = field(default_factory=Aliases)


class Level:
    """One SELECT being compiled."""

    def __init__(self, request: Request, query: Query, base: ObjectType) -> None:
        self.request, self.query = request, query
        self.scope = Scope(request.schema, request.user, request.text, base, request.aliases, request.parameters)
        self.operands = Operands(self.scope, request.user.time_zone.key)
        self._check_clauses()
        self._name_sources()

    @classmethod
    def outer(cls, request: Request, query: Query) -> Level:
        """Open the SELECT of an object. Raises SoqlError INVALID_TYPE."""
        return cls(request, query, find_object(request.schema, request.user, request.text, query.sources[0].path))

    def _check_clauses(self) -> None:
        if self.query.all_rows:
            raise SoqlError("MALFORMED_QUERY", "ALL ROWS not allowed in this context")  # Apex alone has it
        if self.query.having is not None and not self.query.group_by:
            raise self.scope.error("MALFORMED_QUERY", self.query.at, "HAVING needs a GROUP BY clause")

    def _name_sources(self) -> None:
        first, *others = self.query.sources
        if first.alias:
            self.scope.alias(first.alias, ())
        for source in others:
            path = self.scope.expand((*source.path.names, ""))[:-1]
            if source.alias:
                self.scope.alias(source.alias, path)
            self.scope.join(path, source.path.at)

    def conditions(self, operands: Operands) -> Conditions:
        """Return the writer of conditions over these operands."""
        return Conditions(operands, self.request.clock, self.request.user.time_zone, self._semi_join)

    def where(self, *first: str) -> str:
        """Return the WHERE clause: the given conditions, undeleted rows, the scope, a search's words, and the query's own."""
        self.scope.phase = "filter"
        parts = [*first, *self._undeleted(), *self._shared(), *self._using_scope()]
        if self.query.words is not None:
            parts.append(search_fields.condition(self.scope, self.query.words))
        if self.query.where is not None:
            self._check_semi_joins(self.query.where)
            parts.append(self.conditions(self.operands).sql(self.query.where))
        self.scope.phase = "select"
        return " WHERE " + " AND ".join(parts) if parts else ""

    def order(self) -> list[Term]:
        """Return the terms of ORDER BY."""
        self.scope.phase = "filter"
        terms = order_terms(self.query.order_by, self.operands)
        self.scope.phase = "select"
        return terms

    def limit(self) -> str:
        """Return the LIMIT clause. Raises SoqlError for an OFFSET beyond 2,000."""
        limit, offset = self.bounds()
        if limit is None and not offset:
            return ""
        return f" LIMIT {-1 if limit is None else limit} OFFSET {offset}"

    def bounds(self) -> tuple[int | None, int]:
        """Return LIMIT and OFFSET as numbers. Raises SoqlError for an OFFSET beyond 2,000."""
        offset = self.query.offset or 0
        if offset > FARTHEST_OFFSET:
            reason = f"Maximum SOQL offset allowed is {FARTHEST_OFFSET}"
            raise SoqlError("NUMBER_OUTSIDE_VALID_RANGE", reason)
        return self.query.limit, offset

    def _undeleted(self) -> list[str]:
        base = self.scope.base
        if self.request.include_deleted or base.object.field("IsDeleted") is None:
            return []
        return [f'{base.alias}."IsDeleted" = 0']

    def _shared(self) -> list[str]:
        base = self.scope.base
        visible = self.request.user.rows(base.object.name, base.alias)
        return [visible] if visible else []

    def _using_scope(self) -> list[str]:
        wanted = self.query.scope
        if wanted in (None, "everything"):
            return []
        if wanted != "mine" or self.scope.base.object.field("OwnerId") is None:
            raise SoqlUnsupported(f"USING SCOPE {wanted} on {self.scope.base.object.name}")
        return [f'{self.scope.base.alias}."OwnerId" = {self.request.parameters.add(self.request.user.user_id)}']

    def _check_semi_joins(self, where: Condition) -> None:
        found = list(_semi_joins(where))
        if len(found) > MOST_SEMI_JOINS:
            raise SoqlError("MALFORMED_QUERY", f"Maximum {MOST_SEMI_JOINS} semi join sub-selects are allowed")
        for _, above in found:
            if above:
                reason = f"Semi join sub-selects are not allowed with the '{above}' operator"
                raise SoqlError("MALFORMED_QUERY", reason)

    def _semi_join(self, condition: SemiJoin, left: Operand) -> str:
        query = condition.query
        if query.where is not None and any(_semi_joins(query.where)):
            raise SoqlError("MALFORMED_QUERY", "Nesting of semi join sub-selects is not supported")
        if query.order_by or query.limit is not None or query.offset is not None or query.group_by:
            raise self.scope.error(
                "MALFORMED_QUERY", query.at, "Semi join sub-selects take SELECT, FROM and WHERE only"
            )
        inner = Level.outer(self.request, query)
        selected = inner.semi_join_column()
        self._check_same_targets(left, selected, inner)
        return inner.column_sql(selected)

    def semi_join_column(self) -> Operand:
        """Return the one column a subselect selects."""
        item = self.query.select[0]
        alone = len(self.query.select) == 1 and isinstance(item, FieldItem) and isinstance(item.expression, Path)
        if not (alone and isinstance(item, FieldItem) and isinstance(item.expression, Path)):
            reason = "Semi join sub-selects can only select one field"
            raise self.scope.error("MALFORMED_QUERY", self.query.at, reason)
        return self.operands.field(item.expression)

    def column_sql(self, selected: Operand) -> str:
        """Return the SQL of a subselect."""
        where = self.where(f"{selected.sql} IS NOT NULL")
        return f"SELECT {selected.sql} FROM {self.scope.tables('select', 'filter')}{where}"

    def _check_same_targets(self, left: Operand, selected: Operand, inner: Level) -> None:
        both_ids = all(o.field is not None and o.field.type == "id" and not o.optional for o in (left, selected))
        if both_ids and self.scope.base.object.name == inner.scope.base.object.name:
            reason = "The inner and outer selects should not be on the same object type"
            raise self.scope.error("MALFORMED_QUERY", left.at, reason)
        if not _targets(left) & _targets(selected):
            reason = (
                f"The selected field '{selected.name}' in the subquery and the left operand field '{left.name}' in the "
                "where expression in the outer query should point to the same object type"
            )
            raise self.scope.error("MALFORMED_QUERY", left.at, reason)


def _targets(operand: Operand) -> frozenset[str]:
    column = operand.column
    field: Field | None = column.field if column else None
    if column is None or field is None:
        return frozenset()
    if field.type == "id":
        return frozenset(o.name for o, _ in column.join.targets)
    return frozenset(field.reference_to)


def _semi_joins(condition: Condition, above: str = "") -> Iterator[tuple[SemiJoin, str]]:
    """Yield every semi-join of a condition, and the OR or NOT that stands above it, if any."""
    if isinstance(condition, SemiJoin):
        yield condition, above
    elif isinstance(condition, Not):
        yield from _semi_joins(condition.part, above or "NOT")
    elif not isinstance(condition, (Comparison, Membership)):
        for part in condition.parts:
            yield from _semi_joins(part, above or ("" if isinstance(condition, And) else "OR"))
