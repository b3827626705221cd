"""Composite: several calls in one, with references between them; independently, in a batch, or as graphs.

Answers `/composite`, `/composite/batch` and `/composite/graph`. Each subrequest goes through the same routes as a call of
its own. Not here: collections and trees, which are single calls.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote

from crm_sync.local_org.calls import Call, Reply
from crm_sync.local_org.dispatch import answer
from crm_sync.local_org.errors import OrgError, not_found
from crm_sync.local_org.org import Org
from crm_sync.local_org.references import UnknownReferenceError, fill

MOST_SUBREQUESTS = 25
MOST_LARGE = 5
MOST_GRAPHS, MOST_NODES, MOST_FAILED_GRAPHS = 75, 500, 14
_VERSION = re.compile(r"/?(?:services/data/)?v(\d+\.\d)/(.*)", re.IGNORECASE)
_ROW = re.compile(r"/sobjects/\w+/?(/[^/]+){0,2}/?$", re.IGNORECASE)
_REFERENCE_ID = re.compile(r"[A-Za-z]\w*")
_FORBIDDEN_HEADERS = {"accept", "authorization", "content-type"}
_HALTED = "The transaction was rolled back since another operation in the same transaction failed."


def subcall(call: Call, method: str, url: str, body: Any, headers: Mapping[str, str]) -> Call:
    """Make the call that a subrequest describes; blanks in its URL are taken as they are."""
    found = _VERSION.fullmatch(url.strip())
    if not found:
        raise not_found()
    version, rest = found.groups()
    path, _, query = rest.partition("?")
    return dataclasses.replace(
        call,
        method=method.upper(),
        version=version,
        segments=tuple(unquote(s) for s in path.split("/") if s),
        query=dict(parse_qsl(query, keep_blank_values=True)),
        headers={**{k: v for k, v in call.headers.items() if k.startswith("sforce-")}, **headers},
        content=b"",
        parsed=body,
    )


def composite(org: Org, call: Call) -> Reply:
    """Do up to 25 subrequests in order: 200, each with its own status; with allOrNone one failure undoes all."""
    body = call.json_object()
    requests = _requests(body, "compositeRequest", MOST_SUBREQUESTS)
    if sum(_is_large(r) for r in requests) > MOST_LARGE:
        raise OrgError("LIMIT_EXCEEDED", f"At most {MOST_LARGE} subrequests can be queries or collections.")
    results = _unit(org, call, requests) if body.get("allOrNone") is True else _each(org, call, requests)
    return Reply(200, {"compositeResponse": results})


def _requests(body: Mapping[str, Any], key: str, most: int) -> list[dict[str, Any]]:
    found = body.get(key)
    if not isinstance(found, list) or not found or not all(isinstance(r, dict) for r in found):
        raise OrgError("JSON_PARSER_ERROR", f"The body must be an object with a list of objects named '{key}'")
    if len(found) > most:
        raise OrgError("LIMIT_EXCEEDED", f"The request contains {len(found)} subrequests; the most is {most}.")
    if key == "compositeRequest":
        _check_references(found)
    return found


def _check_references(requests: list[dict[str, Any]]) -> None:
    names = [str(r.get("referenceId", "")) for r in requests]
    if not all(_REFERENCE_ID.fullmatch(n) for n in names):
        raise OrgError("INVALID_INPUT", "Each subrequest needs a referenceId of letters, digits and underscores.")
    if len(set(names)) < len(names):
        raise OrgError("INVALID_INPUT", "Each referenceId must be unique in the request.")
    for request in requests:
        refused = _FORBIDDEN_HEADERS & {str(h).lower() for h in request.get("httpHeaders") or {}}
        if refused:
            raise OrgError("INVALID_INPUT", f"A subrequest cannot set the header {sorted(refused)[0]}.")


def _is_large(request: Mapping[str, Any]) -> bool:
    return bool(re.search(r"/(query|queryall|composite/sobjects)\b", str(request.get("url", "")), re.IGNORECASE))


def _each(org: Org, call: Call, requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    bodies: dict[str, Any] = {}
    return [_result(request, _do(org, call, request, bodies), bodies) for request in requests]


def _unit(org: Org, call: Call, requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Do the subrequests in one transaction; the one that fails keeps its error, all others read PROCESSING_HALTED."""
    bodies: dict[str, Any] = {}
    results: list[dict[str, Any]] = []
    with org.writing(call) as tx, tx.attempt() as attempt:
        for request in requests:
            results.append(_result(request, _do(org, call.within(tx), request, bodies), bodies))
            if results[-1]["httpStatusCode"] >= 400 or _holds_a_failure(results[-1]["body"]):
                attempt.undo()
                break
        else:
            return results
    failed = len(results) - 1
    return [results[failed] if place == failed else _halted(request) for place, request in enumerate(requests)]


def _holds_a_failure(body: Any) -> bool:
    """Say whether a collection's results hold a failure, which fails the whole unit."""
    return isinstance(body, list) and any(isinstance(row, dict) and row.get("success") is False for row in body)


def _do(org: Org, call: Call, request: Mapping[str, Any], bodies: Mapping[str, Any]) -> Reply:
    try:
        url, body = fill(str(request.get("url", "")), bodies), fill(request.get("body"), bodies)
    except UnknownReferenceError as error:
        told = f"Invalid reference specified. No value for {error} found in the results of earlier subrequests."
        return Reply(400, [{"errorCode": "PROCESSING_HALTED", "message": told}])
    headers = {str(k).lower(): str(v) for k, v in (request.get("httpHeaders") or {}).items()}
    try:
        made = subcall(call, str(request.get("method", "")), str(url), body, headers)
    except OrgError as error:
        return Reply(error.status, [{"errorCode": error.code, "message": error.message}])
    return answer(org, made)


def _result(request: Mapping[str, Any], reply: Reply, bodies: dict[str, Any]) -> dict[str, Any]:
    if reply.status < 400:
        bodies[str(request["referenceId"])] = reply.body
    return {
        "body": reply.body,
        "httpHeaders": dict(reply.headers),
        "httpStatusCode": reply.status,
        "referenceId": request["referenceId"],
    }


def _halted(request: Mapping[str, Any]) -> dict[str, Any]:
    error = [{"errorCode": "PROCESSING_HALTED", "message": _HALTED}]
    return {"body": error, "httpHeaders": {}, "httpStatusCode": 400, "referenceId": request["referenceId"]}


def batch(org: Org, call: Call) -> Reply:
    """Do up to 25 independent subrequests; with haltOnError the rest after a failure are 412."""
    body = call.json_object()
    results: list[dict[str, Any]] = []
    failed = False
    for request in _requests(body, "batchRequests", MOST_SUBREQUESTS):
        if failed and body.get("haltOnError") is True:
            reply = Reply(
                412, [{"errorCode": "BATCH_PROCESSING_HALTED", "message": "Batch processing halted per request"}]
            )
        else:
            reply = _do(org, call, {**request, "body": request.get("richInput")}, {})
        failed = failed or reply.status >= 400
        results.append({"statusCode": reply.status, "result": reply.body})
    return Reply(200, {"hasErrors": failed, "results": results})


def graph(org: Org, call: Call) -> Reply:
    """Do up to 75 graphs of row calls, each all or none; after 14 failed ones the rest are halted."""
    graphs = _requests(call.json_object(), "graphs", MOST_GRAPHS)
    parts = [(str(g.get("graphId", "")), _requests(g, "compositeRequest", MOST_NODES)) for g in graphs]
    if sum(len(requests) for _, requests in parts) > MOST_NODES:
        raise OrgError("LIMIT_EXCEEDED", f"At most {MOST_NODES} nodes can be in one request.")
    if not all(_ROW.search(str(r.get("url", ""))) for _, requests in parts for r in requests):
        raise OrgError(
            "INVALID_INPUT", "The nodes of a graph are calls of rows: sobjects/X, with an id or an external id."
        )
    told, failures = [], 0
    for graph_id, requests in parts:
        halted = failures >= MOST_FAILED_GRAPHS
        results = [_halted(r) for r in requests] if halted else _unit(org, call, requests)
        fine = all(r["httpStatusCode"] < 400 for r in results)
        failures += not fine
        told.append({"graphId": graph_id, "graphResponse": {"compositeResponse": results}, "isSuccessful": fine})
    return Reply(200, {"graphs": told})
