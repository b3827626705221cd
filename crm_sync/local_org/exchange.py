"""One HTTP exchange, without the network: a request's parts in, an answer's parts out.

Checks the Host header (loopback names only, against DNS rebinding), unpacks gzip, counts calls and adds the headers every
answer has; interference puts faults in the way. Called by app for requests from sockets and by in_process for those from the same process.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import format_datetime
from urllib.parse import parse_qsl, unquote, unquote_plus

from crm_sync.local_org import json_text, paths
from crm_sync.local_org.calls import Call, Reply
from crm_sync.local_org.interference import Delivery, around
from crm_sync.local_org.org import Org

EMBEDDED = "X-CRM-Sync-Embedded"
LOOPBACK = {"localhost", "127.0.0.1", "[::1]"}
LONGEST_HEAD = 16_384
LARGEST_BODY = 160 * 1024 * 1024
_WORTH_PACKING = 1024
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
    """What goes back. `cut_after` is the number of bytes of the body after which the connection breaks; 0 sends nothing.

    `bytes_per_second` slows the body down.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""
    stream: Iterator[bytes] | None = None
    cut_after: int | None = None
    bytes_per_second: float | None = None


def exchange(org: Org, request: Request, test_mode: bool) -> Answer:
    """Answer a request."""
    refusal = _refusal(request)
    content = _unpacked(request)
    if content is None and refusal is None:
        refusal = Reply(400, content=b"unreadable gzip body", media_type="text/plain")
    if refusal is not None or content is None:
        return _answer(org, request, Delivery(refusal or Reply(400)))
    call = _call(request, content)

    def answer(call: Call) -> Reply:
        return paths.answer(org, call, test_mode)

    if request.path.startswith("/_control"):
        return _answer(org, request, Delivery(answer(call)))
    text = f"{unquote_plus(request.query)} {content.decode('utf-8', 'replace')}" if org.faults.listed() else ""
    return _answer(org, request, around(org, call, request.path, text, answer))


def _refusal(request: Request) -> Reply | None:
    host = request.headers.get("host", "")
    name = host.rpartition(":")[0] if ":" in host.rpartition("]")[2] else host
    if name.lower() not in LOOPBACK:
        told = f"This is an embedded org; it answers to loopback names only, not to the Host {host!r}."
        return Reply(403, content=told.encode(), media_type="text/plain")
    target = len(request.path) + len(request.query)
    size = target + sum(len(k) + len(v) for k, v in request.headers.items())
    if size <= LONGEST_HEAD:
        return None
    status, reason = (414, "URI Too Long") if target > size - target else (431, "Request Header Fields Too Large")
    told = f"<h1>Bad Message {status}</h1><pre>reason: {reason}</pre>"
    return Reply(status, content=told.encode(), media_type="text/html;charset=iso-8859-1")


def _unpacked(request: Request) -> bytes | None:
    if request.headers.get("content-encoding", "").lower() != "gzip":
        return request.content
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        content = unpacker.decompress(request.content, LARGEST_BODY + 1)
    except zlib.error:
        return None
    return content if unpacker.eof and len(content) <= LARGEST_BODY else None


def _call(request: Request, content: bytes) -> Call:
    headers = request.headers
    segments = tuple(unquote(s) for s in request.path.split("/") if s)
    query = _parameters(request.query)
    method = query.pop("_HttpMethod", request.method).upper()
    scheme, _, token = headers.get("authorization", "").partition(" ")
    token = token.strip() if scheme.lower() in ("bearer", "oauth") else headers.get("x-sfdc-session", "")
    base = f"{request.scheme}://{headers.get('host', '')}"
    return Call(method, segments, query, headers, content, base_url=base, token=token)


def _parameters(query: str) -> dict[str, str]:
    """Read the query of a URL; the values of a name that is given several times are joined by commas."""
    found: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        found[name] = f"{found[name]},{value}" if name in found else value
    return found


def _answer(org: Org, request: Request, delivery: Delivery) -> Answer:
    reply = delivery.reply
    headers = {"Date": format_datetime(org.clock.now(), usegmt=True), EMBEDDED: "1", **reply.headers}
    if _is_counted(request.path):
        used = org.usage.count()
        headers |= {"Sforce-Limit-Info": used} if "/data/" in request.path.lower() else {}
    content = None if reply.stream is not None else _content(reply, request)
    if reply.status not in _BODILESS:
        headers["Content-Type"] = reply.media_type
    if content is not None and reply.status not in _BODILESS:
        if len(content) > _WORTH_PACKING and "gzip" in request.headers.get("accept-encoding", ""):
            content = gzip.compress(content, 1)
            headers["Content-Encoding"] = "gzip"
        headers["Content-Length"] = str(len(content))
    return Answer(
        reply.status,
        headers,
        b"" if request.method == "HEAD" or content is None else content,
        reply.stream,
        delivery.cut_after,
        delivery.bytes_per_second,
    )


def _is_counted(path: str) -> bool:
    """Say whether a call counts: everything below a version, Bulk 1.0 and SOAP; not logging in and asking for versions."""
    parts = [p for p in path.lower().split("/") if p]
    return len(parts) > 2 and parts[0] == "services" and parts[1] in ("data", "async", "soap")


def _content(reply: Reply, request: Request) -> bytes:
    if reply.content is not None:
        return reply.content
    pretty = request.headers.get("x-prettyprint", "") not in ("", "0")
    return b"" if reply.body is None else json_text.write(reply.body, pretty)
