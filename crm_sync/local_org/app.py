"""The ASGI application: bytes from sockets to exchanges and back.

Run by server. Not here: what is answered (exchange).
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from starlette.concurrency import iterate_in_threadpool, run_in_threadpool
from starlette.types import Receive, Scope, Send

from crm_sync.local_org.exchange import Answer, Request, exchange
from crm_sync.local_org.org import Org

LARGEST_BODY = 160 * 1024 * 1024


class App:
    """The ASGI application of one org."""

    def __init__(self, org: Org, test_mode: bool) -> None:
        self.org = org
        self.test_mode = test_mode

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        if scope["type"] != "http":
            return
        content = await _body(receive)
        if content is None:
            await _send(
                Answer(413, {"Content-Type": "text/plain", "Connection": "close"}, b"Request Entity Too Large"), send
            )
            return
        request = Request(
            method=scope["method"],
            path=scope["raw_path"].decode("ascii", "replace").partition("?")[0],
            query=scope["query_string"].decode("utf-8", "replace"),
            headers={k.decode("latin-1").lower(): v.decode("latin-1") for k, v in scope["headers"]},
            content=content,
            scheme=scope["scheme"],
        )
        answer = await run_in_threadpool(exchange, self.org, request, self.test_mode)
        await _send(answer, send)


async def _body(receive: Receive) -> bytes | None:
    """Read the whole body; None when it is too large to be kept."""
    parts, size = [], 0
    while True:
        message = await receive()
        part = message.get("body", b"")
        size += len(part)
        if size <= LARGEST_BODY:
            parts.append(part)
        if not message.get("more_body"):
            return b"".join(parts) if size <= LARGEST_BODY else None


async def _send(answer: Answer, send: Send) -> None:
    if answer.cut_after == 0:
        _cut(send)
        return
    headers = [(k.encode("latin-1"), v.encode("latin-1")) for k, v in answer.headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    if answer.stream is not None:
        blocks: AsyncIterator[bytes] = iterate_in_threadpool(answer.stream)
        async for block in blocks:
            await send({"type": "http.response.body", "body": block, "more_body": True})
    elif answer.cut_after is not None:
        await send({"type": "http.response.body", "body": answer.content[: answer.cut_after], "more_body": True})
        _cut(send)
        return
    await send({"type": "http.response.body", "body": answer.content})


def _cut(send: Send) -> None:
    """Cut the connection under the request, as a failing network does."""
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is not None:
        transport.abort()
