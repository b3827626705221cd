"""One HTTP exchange, without the network: a request's parts in, an answer's parts out.

Checks the Host header (loopback names only, against DNS rebinding), unpacks gzip, counts calls, puts faults in the way and
adds the headers every answer has. Called by app for requests from sockets and by in_process for those from the same process.
"""

from __future__ import annotations

import gzip
import time
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import format_datetime
from urllib.parse import parse_qsl, unquote

from crm_sync.local_org import json_text, paths
from crm_sync.local_org.calls import Call, Reply
from crm_sync.local_org.faults import Fault
from crm_sync.local_org.org import Org

EMBEDDED = "X-CRM-Sync-Embedded"
LOOPBACK = {"localhost", "127.0.0.1", "[::1]"}
LONGEST_HEAD = 16_384
_WORTH_PACKING = 1024
_INSTEAD = ("error", "html", "expire", "cut", "delay")
_AFTER = ("lost_reply", "truncate")
_HTML = "<html><head><title>{status}</title></head><body><h1>Down for maintenance</h1></body></html>"
_BODILESS = (204, 304)


@dataclass(frozen=True)
class Request:
    """What arrived. `path` is still percent-encoded and without the query; header names are lower-case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    content: bytes
    scheme: str = "http"


@dataclass(frozen=True)
class Answer:
    """What goes back. `cut_after` is the number of bytes of the body after which the connection breaks; 0 sends nothing."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""
    stream: Iterator[bytes] | None = None
    cut_after: int | None = None


CUT = Answer(0, cut_after=0)


def exchange(org: Org, request: Request, test_mode: bool) -> Answer:
    """Answer a request."""
    refusal = _refusal(request)
    if refusal is not None:
        return _answer(org, request, refusal, None)
    is_control = request.path.startswith("/_control")
    fault = None if is_control else org.faults.take(_INSTEAD, request.method, request.path)
    if fault and fault.kind == "cut":
        return CUT
    reply = _reply(org, request, fault, test_mode)
    after = None if is_control else org.faults.take(_AFTER, request.method, request.path)
    if after and after.kind == "lost_reply":
        return CUT
    return _answer(org, request, reply, after)


def _refusal(request: Request) -> Reply | None:
    host = request.headers.get("host", "")
    name = host.rpartition(":")[0] if ":" in host.rpartition("]")[2] else host
    if name.lower() not in LOOPBACK:
        told = f"This is an embedded org; it answers to loopback names only, not to the Host {host!r}."
        return Reply(403, content=told.encode(), media_type="text/plain")
    size = len(request.path) + len(request.query) + sum(len(k) + len(v) for k, v in request.headers.items())
    if size > LONGEST_HEAD:
        told = "<h1>Bad Message 414</h1><pre>reason: URI Too Long</pre>"
        return Reply(414, content=told.encode(), media_type="text/html;charset=iso-8859-1")
    return None


def _reply(org: Org, request: Request, fault: Fault | None, test_mode: bool) -> Reply:
    content = _unpacked(request)
    if content is None:
        return Reply(400, content=b"unreadable gzip body", media_type="text/plain")
    call = _call(request, content)
    return _instead(org, fault, call) or paths.answer(org, call, test_mode)


def _unpacked(request: Request) -> bytes | None:
    if request.headers.get("content-encoding", "").lower() != "gzip":
        return request.content
    try:
        return gzip.decompress(request.content)
    except (OSError, EOFError, zlib.error):
        return None


def _call(request: Request, content: bytes) -> Call:
    headers = request.headers
    segments = tuple(unquote(s) for s in request.path.split("/") if s)
    query = dict(parse_qsl(request.query, keep_blank_values=True))
    method = query.pop("_HttpMethod", request.method).upper()
    scheme, _, token = headers.get("authorization", "").partition(" ")
    token = token.strip() if scheme.lower() in ("bearer", "oauth") else headers.get("x-sfdc-session", "")
    base = f"{request.scheme}://{headers.get('host', '')}"
    return Call(method, segments, query, headers, content, base_url=base, token=token)


def _instead(org: Org, fault: Fault | None, call: Call) -> Reply | None:
    """Give the reply a fault puts in the place of the call's own, if it does."""
    if fault is None:
        return None
    wanted = fault.with_
    if fault.kind == "delay":
        time.sleep(float(wanted.get("seconds", 1)))
        return None
    if fault.kind == "expire":
        org.sessions.close(call.token)
        return None
    status = int(wanted.get("status", 503))
    if fault.kind == "html":
        return Reply(status, content=_HTML.format(status=status).encode(), media_type="text/html")
    told = {"message": wanted.get("message", "Server too busy"), "errorCode": wanted.get("code", "SERVER_UNAVAILABLE")}
    return Reply(status, [told])


def _answer(org: Org, request: Request, reply: Reply, fault: Fault | None) -> Answer:
    headers = {"Date": format_datetime(org.clock.now(), usegmt=True), EMBEDDED: "1", **reply.headers}
    if _is_counted(request.path):
        headers["Sforce-Limit-Info"] = org.usage.count()
    if reply.stream is not None:
        headers["Content-Type"] = reply.media_type
        return Answer(reply.status, headers, stream=reply.stream)
    content = _content(reply, request)
    if reply.status not in _BODILESS:
        headers["Content-Type"] = reply.media_type
        if len(content) > _WORTH_PACKING and "gzip" in request.headers.get("accept-encoding", ""):
            content = gzip.compress(content, 1)
            headers["Content-Encoding"] = "gzip"
        headers["Content-Length"] = str(len(content))
    cut_after = None if fault is None else int(fault.with_.get("bytes", 20))
    return Answer(reply.status, headers, b"" if request.method == "HEAD" else content, cut_after=cut_after)


def _is_counted(path: str) -> bool:
    parts = [p for p in path.lower().split("/") if p]
    return len(parts) > 2 and parts[:2] == ["services", "data"]


def _content(reply: Reply, request: Request) -> bytes:
    if reply.content is not None:
        return reply.content
    pretty = request.headers.get("x-prettyprint", "") not in ("", "0")
    return b"" if reply.body is None else json_text.write(reply.body, pretty)
