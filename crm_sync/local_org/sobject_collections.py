"""Collections: up to 200 records in one call, each with its own result.

Answers `/composite/sobjects...`; the status is 200 whatever becomes of the records. Not here: tree, composite.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from itertools import groupby
from typing import Any

from crm_sync.local_org import ids, records, removal, row_shapes, rows
from crm_sync.local_org.batches import Step, run
from crm_sync.local_org.calls import Call, Reply
from crm_sync.local_org.errors import OrgError, RecordError
from crm_sync.local_org.layout import quoted
from crm_sync.local_org.org import Org
from crm_sync.local_org.schema import Field, ObjectType
from crm_sync.local_org.transactions import Transaction

MOST_RECORDS = 200
MOST_CHUNKS = 10
MOST_RETRIEVED = 2000

Record = Mapping[str, Any]


def create(org: Org, call: Call) -> Reply:
    """Create up to 200 records of up to ten runs of one type."""
    return _write(org, call, insert_step)


def change(org: Org, call: Call) -> Reply:
    """Change up to 200 records, each named by its `id`."""
    return _write(org, call, update_step)


def _write(org: Org, call: Call, step: Callable[[ObjectType, Record], Step]) -> Reply:
    body = call.json_object()
    found = _records(body)
    typed = [(_type(org, call, record), record) for record in found]
    if sum(1 for _ in groupby(o.name for o, _ in typed)) > MOST_CHUNKS:
        raise OrgError(
            "LIMIT_EXCEEDED",
            "Cannot have more than 10 chunks in a single operation. Please rearrange the data to reduce chunking.",
        )
    with org.writing(call) as tx:
        return Reply(200, run(tx, [step(o, r) for o, r in typed], _all_or_none(call, body)))


def _all_or_none(call: Call, body: Record) -> bool:
    """Say whether one failure undoes the rest; within a composite that is all or none, it does whatever the body says."""
    return body.get("allOrNone") is True or call.transaction is not None


def _records(body: Record) -> list[dict[str, Any]]:
    found = body.get("records")
    if not isinstance(found, list) or not all(isinstance(r, dict) for r in found):
        raise OrgError("JSON_PARSER_ERROR", "The body must be an object with a list of objects named 'records'")
    if not found:
        raise OrgError("REQUIRED_FIELD_MISSING", "At least 1 record is required")
    _limit(len(found), MOST_RECORDS)
    return found


def _limit(count: int, most: int) -> None:
    if count > most:
        raise OrgError(
            "EXCEEDED_ID_LIMIT", f"record limit reached. cannot submit more than {most} records in this call"
        )


def _type(org: Org, call: Call, record: Record) -> ObjectType:
    attributes = record.get("attributes")
    name = attributes.get("type") if isinstance(attributes, dict) else None
    o = org.schema.object(str(name))
    if o is None or not call.user.allows(o, "read"):
        raise OrgError("INVALID_TYPE", f"sObject type '{name}' is not supported.")
    return o


def insert_step(o: ObjectType, record: Record) -> Step:
    """Create one record."""
    return Step(lambda tx: {"id": records.insert(tx, o, record)})


def update_step(o: ObjectType, record: Record) -> Step:
    """Change the record its `id` names."""
    written = next((v for k, v in record.items() if k.lower() == "id"), None)
    body = {k: v for k, v in record.items() if k.lower() != "id"}
    known = ids.normal(str(written)) if written else None

    def do(tx: Transaction) -> dict[str, Any]:
        if not written:
            raise RecordError("MISSING_ARGUMENT", "Id not specified in an update call")
        if known is None:
            raise RecordError("MALFORMED_ID", f"malformed id {written}", ["Id"])
        records.update(tx, o, known, body)
        return {"id": known}

    return Step(do, known)


def upsert(org: Org, call: Call, name: str, field_name: str) -> Reply:
    """Create or change up to 200 records of one object by an external id field."""
    o = org.object(name, call.user)
    key = rows.key_field(o, call, field_name)
    body = call.json_object()
    found = _records(body)
    twice = named_twice(found, key)
    with org.writing(call) as tx:
        return Reply(200, run(tx, [upsert_step(o, key, r, twice) for r in found], _all_or_none(call, body)))


def named_twice(found: list[dict[str, Any]], key: Field) -> set[str]:
    """Find the key values that more than one record of a call has."""
    named = Counter(_fold(key, _key_value(r, key)) for r in found if _key_value(r, key) is not None)
    return {value for value, count in named.items() if count > 1}


def _fold(key: Field, value: Any) -> str:
    return str(value) if key.case_sensitive else str(value).lower()


def _key_value(record: Record, key: Field) -> Any:
    return next((v for k, v in record.items() if k.lower() == key.name.lower()), None)


def upsert_step(o: ObjectType, key: Field, record: Record, twice: set[str]) -> Step:
    """Create or change the record its key names, unless the key is one of those given twice."""
    value = _key_value(record, key)
    body = {k: v for k, v in record.items() if k.lower() not in (key.name.lower(), "id")}

    def do(tx: Transaction) -> dict[str, Any]:
        if value is None and key.name != "Id":
            raise RecordError("MISSING_ARGUMENT", f"{key.name} not specified", [key.name])
        if _fold(key, value) in twice:
            raise RecordError("DUPLICATE_VALUE", f"Duplicate external id specified: {value}", [key.name])
        done = records.upsert(tx, o, key, value, body, update_only=key.name == "Id" and value is not None)
        return {"id": done.id, "created": done.created}

    return Step(do, ids.normal(str(value)) if key.name == "Id" and value else None)


def delete(org: Org, call: Call) -> Reply:
    """Delete the records listed in `?ids=`."""
    written = [i.strip() for i in call.query.get("ids", "").split(",") if i.strip()]
    if not written:
        raise OrgError("REQUIRED_FIELD_MISSING", "At least 1 record is required")
    _limit(len(written), MOST_RECORDS)
    with org.writing(call) as tx:
        return Reply(200, run(tx, [id_step(org, i, removal.delete) for i in written], call.flag("allOrNone")))


def id_step(org: Org, written: str, act: Callable[[Transaction, ObjectType, str], None]) -> Step:
    """Do something with the record an id names; its object is the one the id belongs to."""
    return named_step(org.schema.by_prefix(written), written, act)


def named_step(o: ObjectType | None, written: str, act: Callable[[Transaction, ObjectType, str], None]) -> Step:
    """Do something with the record of an object that a written id names."""
    known = ids.normal(written)

    def do(tx: Transaction) -> dict[str, Any]:
        if known is None or o is None:
            raise RecordError("MALFORMED_ID", f"malformed id {written}")
        with tx.attempt():
            act(tx, o, known)
        return {"id": known}

    return Step(do, known)


def retrieve(org: Org, call: Call, name: str) -> Reply:
    """Read up to 2,000 rows by id, by POST body or query string; null stands for a row that is not there."""
    o = org.object(name, call.user)
    body = call.json_object() if call.method == "POST" else {}
    wanted = body.get("ids") or [i for i in call.query.get("ids", "").split(",") if i]
    names = body.get("fields") or call.query.get("fields")
    if not wanted or not names:
        raise OrgError("REQUIRED_FIELD_MISSING", "The ids and fields parameters are required")
    _limit(len(wanted), MOST_RETRIEVED)
    fields = row_shapes.chosen(o, call.user, names)
    with org.reading(call) as connection:
        cursor = connection.cursor()
        visible = f"{org.layouts[o.name].live} AND {call.user.rows(o)}"
        found = []
        for written in wanted:
            row = cursor.execute(
                f'SELECT * FROM {quoted(o.name)} WHERE "Id" = ? AND {visible}', (ids.normal(str(written).strip()),)
            ).fetchone()
            columns = [c[0] for c in cursor.description]
            shaped = row and row_shapes.shape(call.data_url, o, dict(zip(columns, row, strict=True)), fields)
            found.append(shaped)
    return Reply(200, found)
