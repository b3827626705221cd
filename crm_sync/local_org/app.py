"""HTTP to calls and replies to HTTP: the ASGI application.

Checks the Host header (loopback names only, against DNS rebinding), unpacks gzip, counts calls, puts faults in the way and
adds the headers every answer has. Not here: what is answered (paths), how the server runs (server).
"""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator, Mapping
from email.utils import format_datetime
from urllib.parse import parse_qsl, unquote

from starlette.concurrency import iterate_in_threadpool, run_in_threadpool
from starlette.types import Receive, Scope, Send

from crm_sync.local_org import json_text, paths
from crm_sync.local_org.calls import Call, Reply
from crm_sync.local_org.faults import Fault
from crm_sync.local_org.org import Org

EMBEDDED = "X-CRM-Sync-Embedded"
LOOPBACK = {"localhost", "127.0.0.1", "[::1]"}
LONGEST_HEAD = 16_384
LARGEST_BODY = 160 * 1024 * 1024
_WORTH_PACKING = 1024
_INSTEAD = ("error", "html", "expire", "cut", "delay")
_AFTER = ("lost_reply", "truncate")
_HTML = "<html><head><title>{status}</title></head><body><h1>Down for maintenance</h1></body></html>"


class App:
    """The ASGI application of one org."""

    def __init__(self, org: Org, test_mode: bool) -> None:
        self.org = org
        self.test_mode = test_mode

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request (and acknowledge the lifespan protocol)."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        if scope["type"] != "http":
            return
        headers = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in scope["headers"]}
        refusal = _refusal(scope, headers)
        if refusal is not None:
            await self._send(scope, headers, refusal, send)
            return
        call = _call(scope, headers, await _body(receive, headers))
        if call is None:
            await self._send(scope, headers, Reply(400, content=b"unreadable gzip body", media_type="text/plain"), send)
            return
        await self._answer(scope, call, send)

    async def _answer(self, scope: Scope, call: Call, send: Send) -> None:
        path, faults = scope["path"], self.org.faults
        is_control = path.startswith("/_control")
        fault = None if is_control else faults.take(_INSTEAD, call.method, path)
        if fault and fault.kind == "cut":
            _cut(send)
            return
        reply = await self._instead(fault, call)
        if reply is None:
            reply = await run_in_threadpool(paths.answer, self.org, call, self.test_mode)
        after = None if is_control else faults.take(_AFTER, call.method, path)
        if after and after.kind == "lost_reply":
            _cut(send)
            return
        await self._send(scope, call.headers, reply, send, after)

    async def _instead(self, fault: Fault | None, call: Call) -> Reply | None:
        """Give the reply a fault puts in the place of the call's own, if it does."""
        if fault is None:
            return None
        wanted = fault.with_
        if fault.kind == "delay":
            await asyncio.sleep(float(wanted.get("seconds", 1)))
            return None
        if fault.kind == "expire":
            self.org.sessions.close(call.token)
            return None
        status = int(wanted.get("status", 503))
        if fault.kind == "html":
            return Reply(status, content=_HTML.format(status=status).encode(), media_type="text/html")
        told = {
            "message": wanted.get("message", "Server too busy"),
            "errorCode": wanted.get("code", "SERVER_UNAVAILABLE"),
        }
        return Reply(status, [told])

    async def _send(
        self, scope: Scope, headers: Mapping[str, str], reply: Reply, send: Send, fault: Fault | None = None
    ) -> None:
        sent = {
            "Date": format_datetime(self.org.clock.now(), usegmt=True),
            EMBEDDED: "1",
            **reply.headers,
        }
        if _counted(scope["path"]):
            sent["Sforce-Limit-Info"] = self.org.count_call()
        if reply.stream is not None:
            await _send_stream(sent, reply, send)
            return
        content = _content(reply, headers)
        if content or reply.status not in (204, 304):
            sent["Content-Type"] = reply.media_type
        if len(content) > _WORTH_PACKING and "gzip" in headers.get("accept-encoding", ""):
            content = await run_in_threadpool(gzip.compress, content, 1)
            sent["Content-Encoding"] = "gzip"
        if reply.status not in (204, 304):
            sent["Content-Length"] = str(len(content))
        if scope["method"] == "HEAD":
            content = b""
        await _start(sent, reply.status, send)
        if fault is not None:
            await send(
                {"type": "http.response.body", "body": content[: int(fault.with_.get("bytes", 20))], "more_body": True}
            )
            _cut(send)
            return
        await send({"type": "http.response.body", "body": content})


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


def _refusal(scope: Scope, headers: Mapping[str, str]) -> Reply | None:
    host = headers.get("host", "").rpartition(":")[0] or headers.get("host", "")
    if host.lower() not in LOOPBACK:
        told = f"This is an embedded org; it answers to loopback names only, not to the Host {host!r}."
        return Reply(403, content=told.encode(), media_type="text/plain")
    size = len(scope["raw_path"]) + len(scope["query_string"]) + sum(len(k) + len(v) for k, v in scope["headers"])
    if size > LONGEST_HEAD:
        told = "<h1>Bad Message 414</h1><pre>reason: URI Too Long</pre>"
        return Reply(414, content=told.encode(), media_type="text/html;charset=iso-8859-1")
    return None


async def _body(receive: Receive, headers: Mapping[str, str]) -> bytes | None:
    parts, size = [], 0
    while True:
        message = await receive()
        part = message.get("body", b"")
        size += len(part)
        if size <= LARGEST_BODY:
            parts.append(part)
        if not message.get("more_body"):
            break
    content = b"".join(parts)
    if headers.get("content-encoding", "").lower() == "gzip":
        try:
            return await run_in_threadpool(gzip.decompress, content)
        except (OSError, EOFError, zlib.error):
            return None
    return content


def _call(scope: Scope, headers: Mapping[str, str], content: bytes | None) -> Call | None:
    if content is None:
        return None
    segments = tuple(unquote(s) for s in scope["raw_path"].decode("ascii", "replace").split("?")[0].split("/") if s)
    query = dict(parse_qsl(scope["query_string"].decode("utf-8", "replace"), keep_blank_values=True))
    method = query.pop("_HttpMethod", scope["method"]).upper()
    scheme, _, token = headers.get("authorization", "").partition(" ")
    token = token.strip() if scheme.lower() in ("bearer", "oauth") else headers.get("x-sfdc-session", "")
    base = f"{scope['scheme']}://{headers.get('host', '')}"
    return Call(method, segments, query, headers, content, base_url=base, token=token)


def _counted(path: str) -> bool:
    parts = [p for p in path.lower().split("/") if p]
    return len(parts) > 2 and parts[:2] == ["services", "data"]


def _content(reply: Reply, headers: Mapping[str, str]) -> bytes:
    if reply.content is not None:
        return reply.content
    return b"" if reply.body is None else json_text.write(reply.body, headers.get("x-prettyprint", "") not in ("", "0"))


async def _start(headers: Mapping[str, str], status: int, send: Send) -> None:
    encoded = [(k.encode("latin-1"), v.encode("latin-1")) for k, v in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": encoded})


async def _send_stream(headers: dict[str, str], reply: Reply, send: Send) -> None:
    headers["Content-Type"] = reply.media_type
    await _start(headers, reply.status, send)
    blocks: AsyncIterator[bytes] = iterate_in_threadpool(reply.stream or iter(()))
    async for block in blocks:
        await send({"type": "http.response.body", "body": block, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


def _cut(send: Send) -> None:
    """Cut the connection under the request, as a failing network does."""
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is not None:
        transport.abort()
