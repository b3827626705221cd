"""The ASGI application: bytes from sockets to exchanges and back.

Run by server. Not here: what is answered (exchange).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from starlette.concurrency import iterate_in_threadpool, run_in_threadpool
from starlette.types import Receive, Scope, Send

from crm_sync.local_org.exchange import LARGEST_BODY, Answer, Request, exchange
from crm_sync.local_org.org import Org

_DRIPS_A_SECOND = 10


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
    if answer.stream is None and answer.cut_after is None and answer.bytes_per_second is None:
        await send({"type": "http.response.body", "body": answer.content})
        return
    sent = 0
    async for block in _blocks(answer):
        part = block if answer.cut_after is None else block[: answer.cut_after - sent]
        sent += len(part)
        await send({"type": "http.response.body", "body": part, "more_body": True})
        if answer.cut_after is not None and sent >= answer.cut_after:
            break
    if answer.cut_after is not None:
        _cut(send)
    else:
        await send({"type": "http.response.body", "body": b""})


async def _blocks(answer: Answer) -> AsyncIterator[bytes]:
    """Give the body block by block, slowed down when it has to drip."""
    source = iterate_in_threadpool(answer.stream if answer.stream is not None else iter((answer.content,)))
    pace = answer.bytes_per_second
    async for block in source:
        if pace is None:
            yield block
            continue
        drop = max(1, int(pace / _DRIPS_A_SECOND))
        for start in range(0, len(block), drop):
            await asyncio.sleep(drop / pace)
            yield block[start : start + drop]


def _cut(send: Send) -> None:
    """Cut the connection under the request, as a failing network does."""
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is not None:
        transport.abort()
