"""The partner SOAP API's calls about records: a thin skin over what REST answers.

    operation element -> body of its response

Called by soap. Undelete, merge and the recycle bin exist here only, as in the service. Not here: login, envelopes, the XML of
records (soap_records), the enterprise API's typed records (501).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

from lxml.etree import _Element

from crm_sync.local_org import (
    bulk_steps,
    describe,
    ids,
    query,
    records,
    removal,
    replication,
    rows,
    soap_records,
    sobject_collections,
)
from crm_sync.local_org.batches import Step, run
from crm_sync.local_org.calls import Call
from crm_sync.local_org.errors import OrgError
from crm_sync.local_org.metadata_xml import flag, text
from crm_sync.local_org.org import Org
from crm_sync.local_org.schema import ObjectType
from crm_sync.local_org.soap_envelope import Request, SoapFaultError
from crm_sync.local_org.transactions import Transaction, Wishes

MOST_RECORDS = 200


def answer(org: Org, call: Call, request: Request) -> str:
    """Answer a call about records. Raises SoapFaultError, with status 501 for what is not done here."""
    handler = CALLS.get(request.name)
    if handler is None or call.segments[0].lower() == "c":
        what = request.name if handler is None else f"{request.name} in the enterprise API"
        raise SoapFaultError("NOT_IMPLEMENTED", f"The embedded org does not implement the SOAP call {what}.", 501)
    if flag(request.headers, "AllowFieldTruncationHeader/allowFieldTruncation"):
        raise SoapFaultError("NOT_IMPLEMENTED", "The embedded org does not implement AllowFieldTruncationHeader.", 501)
    size = text(request.headers, "QueryOptions/batchSize")
    asked = dataclasses.replace(
        call, method="GET", content=b"", headers={"sforce-query-options": f"batchSize={size}"} if size else {}
    )
    try:
        return f"<{request.name}Response>{handler(org, asked, request)}</{request.name}Response>"
    except OrgError as error:
        raise SoapFaultError(error.code, error.message) from None


def _query(org: Org, call: Call, request: Request) -> str:
    run_it = query.query_all if request.name == "queryAll" else query.query
    asked = dataclasses.replace(call, query={"q": text(request.operation, "queryString")})
    return soap_records.page("result", run_it(org, asked).body)


def _query_more(org: Org, call: Call, request: Request) -> str:
    return soap_records.page("result", query.more(org, call, text(request.operation, "queryLocator")).body)


def _retrieve(org: Org, call: Call, request: Request) -> str:
    wanted = ",".join(_texts(request.operation, "ids"))
    asked = dataclasses.replace(call, query={"ids": wanted, "fields": text(request.operation, "fieldList")})
    found = sobject_collections.retrieve(org, asked, text(request.operation, "sObjectType")).body
    return "".join(soap_records.record("result", r) if r else '<result xsi:nil="true"/>' for r in found)


def _create(org: Org, call: Call, request: Request) -> str:
    return _save(org, call, request, sobject_collections.insert_step)


def _update(org: Org, call: Call, request: Request) -> str:
    return _save(org, call, request, sobject_collections.update_step)


def _upsert(org: Org, call: Call, request: Request) -> str:
    key_name = text(request.operation, "externalIDFieldName")
    found = _records(org, request)
    keys = {o.name: rows.key_field(o, call, key_name) for o, _ in found}
    twice = sobject_collections.named_twice([body for _, body in found], next(iter(keys.values())))
    steps = [sobject_collections.upsert_step(o, keys[o.name], body, twice) for o, body in found]
    return _results(_done(org, call, request, steps))


def _save(org: Org, call: Call, request: Request, step: Callable[[ObjectType, dict[str, Any]], Step]) -> str:
    return _results(_done(org, call, request, [step(o, body) for o, body in _records(org, request)]))


def _records(org: Org, request: Request) -> list[tuple[ObjectType, dict[str, Any]]]:
    elements = request.operation.findall("sObjects")
    _limit(elements)
    typed = [(soap_records.named_type(org.schema, text(e, "type")), e) for e in elements]
    return [(o, soap_records.body(o, e)) for o, e in typed]


def _limit(found: Sequence[Any]) -> None:
    if not 1 <= len(found) <= MOST_RECORDS:
        raise SoapFaultError("EXCEEDED_ID_LIMIT", f"{len(found)} records; a call takes 1 to {MOST_RECORDS}")


def _done(org: Org, call: Call, request: Request, steps: list[Step]) -> list[dict[str, Any]]:
    duplicates = "DuplicateRuleHeader"
    wishes = Wishes(
        flag(request.headers, f"{duplicates}/allowSave"),
        flag(request.headers, f"{duplicates}/includeRecordDetails"),
        call.data_url,
    )
    readable = [bulk_steps.readable(step, ()) for step in steps]
    with org.transaction(call.user, wishes) as tx:
        return run(tx, readable, flag(request.headers, "AllOrNoneHeader/allOrNone"))


def _results(told: list[dict[str, Any]]) -> str:
    return "".join(f"<result>{_result(r)}</result>" for r in told)


def _result(told: dict[str, Any], **more: Any) -> str:
    """Write one record's result, its elements in the order of the WSDL."""
    errors = [{"fields": e["fields"], "message": e["message"], "statusCode": e["statusCode"]} for e in told["errors"]]
    created = soap_records.structure({"created": told["created"]}) if "created" in told else ""
    known = f"<id>{told['id']}</id>" if told.get("id") else '<id xsi:nil="true"/>'
    merged = soap_records.structure({"mergedRecordIds": more.get("merged", [])})
    moved = soap_records.structure({"updatedRelatedIds": more.get("moved", [])})
    success = soap_records.structure({"success": told["success"]})
    return f"{created}{soap_records.structure({'errors': errors})}{known}{merged}{success}{moved}"


def _by_ids(act: Callable[[Transaction, ObjectType, str], None]) -> Callable[[Org, Call, Request], str]:
    def do(org: Org, call: Call, request: Request) -> str:
        wanted = [*_texts(request.operation, "ids"), *_texts(request.operation, "id")]  # beatbox and its heirs say id
        _limit(wanted)
        return _results(_done(org, call, request, [sobject_collections.id_step(org, i, act) for i in wanted]))

    return do


def _undelete(tx: Transaction, o: ObjectType, record_id: str) -> None:
    records.permit(tx, o, "delete")
    removal.undelete(tx, o, record_id)


def _merge(org: Org, call: Call, request: Request) -> str:
    return "".join(_merged(org, call, request, e) for e in request.operation.findall("request"))


def _merged(org: Org, call: Call, request: Request, element: _Element) -> str:
    """Merge one to two records into a master, whose fields are set as the request gives them."""
    master = element.find("masterRecord")
    if master is None:
        raise SoapFaultError("MISSING_ARGUMENT", "masterRecord not specified in a merge call")
    o = soap_records.named_type(org.schema, text(master, "type"))
    losers = [ids.normal(i) or "" for i in _texts(element, "recordToMergeIds")]
    fields = soap_records.body(o, master)
    winner = ids.normal(str(next((v for k, v in fields.items() if k.lower() == "id"), ""))) or ""
    moved: list[str] = []

    def do(tx: Transaction) -> dict[str, Any]:
        with tx.attempt():
            records.permit(tx, o, "delete")
            changes = {k: v for k, v in fields.items() if k.lower() != "id"}
            if changes:
                records.update(tx, o, winner, changes)
            moved.extend(removal.merge(tx, o, winner, losers))
        return {"id": winner}

    told = _done(org, call, request, [Step(do, winner)])[0]
    more = {"merged": losers, "moved": moved} if told["success"] else {}
    return f"<result>{_result(told, **more)}</result>"


def _describe(org: Org, call: Call, request: Request) -> str:
    wanted = [soap_records.named_type(org.schema, n).name for n in _texts(request.operation, "sObjectType")]
    return "".join(f"<result>{soap_records.described(describe.describe(org, call, n).body)}</result>" for n in wanted)


def _describe_global(org: Org, call: Call, request: Request) -> str:
    told = describe.describe_global(org, call).body
    listed = "".join(f"<sobjects>{soap_records.described(o)}</sobjects>" for o in told.pop("sobjects"))
    return f"<result>{soap_records.structure(told)}{listed}</result>"


def _span(handler: Callable[[Org, Call, str], Any]) -> Callable[[Org, Call, Request], str]:
    def do(org: Org, call: Call, request: Request) -> str:
        span = {"start": text(request.operation, "startDate"), "end": text(request.operation, "endDate")}
        told = handler(org, dataclasses.replace(call, query=span), text(request.operation, "sObjectType"))
        return f"<result>{soap_records.structure(told.body)}</result>"

    return do


def _server_time(org: Org, call: Call, request: Request) -> str:
    return f"<result>{soap_records.structure({'timestamp': org.clock.stamp()})}</result>"


def _texts(element: _Element, tag: str) -> list[str]:
    return [(e.text or "").strip() for e in element.findall(tag)]


CALLS: dict[str, Callable[[Org, Call, Request], str]] = {
    "query": _query,
    "queryAll": _query,
    "queryMore": _query_more,
    "retrieve": _retrieve,
    "create": _create,
    "update": _update,
    "upsert": _upsert,
    "delete": _by_ids(removal.delete),
    "undelete": _by_ids(_undelete),
    "emptyRecycleBin": _by_ids(removal.purge),
    "merge": _merge,
    "describeSObject": _describe,
    "describeSObjects": _describe,
    "describeGlobal": _describe_global,
    "getUpdated": _span(replication.updated),
    "getDeleted": _span(replication.deleted),
    "getServerTimestamp": _server_time,
}
