"""Bulk operations as steps: what to do with each record of an insert, update, upsert or delete.

    operation + [body] -> [Step]

Called by bulk_ingest and bulk1. Not here: reading the data, telling the results.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from crm_sync.local_org import bulk_csv, removal, sobject_collections
from crm_sync.local_org.batches import Step
from crm_sync.local_org.errors import OrgError
from crm_sync.local_org.schema import Field, ObjectType
from crm_sync.local_org.transactions import Transaction
from crm_sync.local_org.values import WrongKindError

TOO_MANY_LOCKS = "TooManyLockFailure : too many lock failures"
OPERATIONS = ("insert", "update", "upsert", "delete", "hardDelete")

Body = dict[str, Any]


def key_field(o: ObjectType, name: str) -> Field:
    """Find the field an upsert goes by. Raises OrgError INVALIDJOB."""
    found = o.field(name)
    if found is None or not (found.external_id or found.id_lookup):
        raise OrgError("INVALIDJOB", f"Field '{name}' of {o.name} is not an external id or idLookup field.")
    return found


def steps(o: ObjectType, operation: str, key_name: str, header: Sequence[str], bodies: list[Body]) -> list[Step]:
    """Make the steps; a value of the wrong kind is a fault of its record, not of the whole upload."""
    make = _maker(o, operation, key_name, bodies)
    return [readable(make(body), header) for body in bodies]


def _maker(o: ObjectType, operation: str, key_name: str, bodies: list[Body]) -> Callable[[Body], Step]:
    if operation == "insert":
        return lambda body: sobject_collections.insert_step(o, body)
    if operation == "update":
        return lambda body: sobject_collections.update_step(o, body)
    if operation == "upsert":
        key = key_field(o, key_name)
        twice = sobject_collections.named_twice(bodies, key)
        return lambda body: sobject_collections.upsert_step(o, key, body, twice)
    act = removal.purge if operation == "hardDelete" else removal.delete
    return lambda body: sobject_collections.named_step(o, _written_id(body), act)


def _written_id(body: Body) -> str:
    return next((str(v) for k, v in body.items() if k.lower() == "id"), "")


def readable(step: Step, header: Sequence[str]) -> Step:
    """Make a value of the wrong kind a fault of its record."""

    def do(tx: Transaction) -> Body:
        try:
            return step.do(tx)
        except WrongKindError as error:
            raise bulk_csv.unfit(error, header) from None

    return Step(do, step.known_id)
