"""ORDER BY to SQL terms.

Nulls come first unless NULLS LAST is said, also for DESC (SOQL guide, ORDER BY). Text sorts without case, picklists in
the order of their values. Called by select and groups. Not here: LIMIT.
"""

from __future__ import annotations

from collections.abc import Sequence

from crm_sync.local_org.soql.errors import SoqlError
from crm_sync.local_org.soql.operands import Operand, Operands, comparable, rank
from crm_sync.local_org.soql.resolve import Scope
from crm_sync.local_org.soql.syntax import Order

Term = tuple[str, str]  # the SQL to sort by, and ASC or DESC with the place of nulls

_UNSORTABLE = frozenset({"multipicklist", "address", "base64"})


def order_terms(orders: Sequence[Order], operands: Operands) -> list[Term]:
    """Return the SQL terms of an ORDER BY. Raises SoqlError for fields that can not be sorted."""
    terms: list[Term] = []
    for order in orders:
        operand = operands.of(order.expression)
        check_sortable(operand, operands.scope)
        terms += sort_terms(order, operand, operands.scope)
    return terms


def check_sortable(operand: Operand, scope: Scope) -> None:
    """Refuse a field that can not be sorted."""
    field = operand.field
    if operand.kind in _UNSORTABLE or (field is not None and not field.sortable):
        raise _unsortable(operand, scope)


def sort_terms(order: Order, operand: Operand, scope: Scope) -> list[Term]:
    """Return the SQL terms that sort by one operand."""
    side = f"{'DESC' if order.descending else 'ASC'} NULLS {order.nulls or 'FIRST'}"
    field = operand.field
    if operand.kind == "text" and field is not None and field.type == "picklist" and field.picklist:
        ranked = f"CASE WHEN {operand.sql} IS NOT NULL THEN {rank(operand, scope)} END"
        return [(ranked, side), (comparable(operand), side)]
    return [(comparable(operand), side)]


def order_clause(terms: Sequence[Term]) -> str:
    """Return the ORDER BY clause, empty without terms."""
    return " ORDER BY " + ", ".join(f"{sql} {side}" for sql, side in terms) if terms else ""


def _unsortable(operand: Operand, scope: Scope) -> SoqlError:
    return scope.error("INVALID_FIELD", operand.at, f"field '{operand.name}' can not be sorted in a query call")
