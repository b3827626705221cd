"""The worker's HTTP app: an outbound message is stored and acknowledged; health and metrics are told.

Built by the service. A message is acknowledged only after its ids are durably in the inbox; anything else makes the
org send it again (Salesforce retries for 24 hours). Not here: what the ids lead to (the schedule runs the job).
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from crm_sync.ports import Inbox
from crm_sync.web.outbound_message import (
    ACKNOWLEDGED,
    MAX_BYTES,
    MessageRefusedError,
    read_message,
)

BODY_DEADLINE_S = 10
XML = "text/xml; charset=utf-8"


@dataclass(frozen=True)
class Door:
    """What the app needs: the pinned org, the secret path segments accepted now, the inbox, and whom to wake.

    Two tokens at a time allow rotation. `health` returns facts and whether all is well.
    """

    org_id: str
    tokens: tuple[str, ...]
    inbox: Inbox
    wake: Callable[[], None]
    health: Callable[[], tuple[bool, Mapping[str, Any]]]
    registry: CollectorRegistry


def build_app(door: Door) -> Starlette:
    """Build the app around this door."""

    async def outbound_message(request: Request) -> Response:
        if not _knows_token(request.path_params["token"], door.tokens):
            return PlainTextResponse("Not found.", 404)
        length = request.headers.get("content-length", "")
        if not length.isdigit() or int(length) > MAX_BYTES:
            return PlainTextResponse(f"A Content-Length of at most {MAX_BYTES} is required.", 413)
        try:
            body = await asyncio.wait_for(request.body(), BODY_DEADLINE_S)
            notifications = read_message(body, door.org_id)
        except MessageRefusedError as error:
            return PlainTextResponse(str(error), 400)
        except (TimeoutError, ClientDisconnect):
            return PlainTextResponse("The body did not arrive in time.", 408)
        await run_in_threadpool(door.inbox.receive, notifications)
        door.wake()
        return Response(ACKNOWLEDGED, media_type=XML)

    async def healthz(_: Request) -> Response:
        well, facts = await run_in_threadpool(door.health)
        return JSONResponse({"status": "ok" if well else "failing", **facts}, 200 if well else 503)

    async def metrics(_: Request) -> Response:
        return Response(generate_latest(door.registry), media_type=CONTENT_TYPE_LATEST)

    return Starlette(
        routes=[
            Route("/hooks/outbound-message/{token}", outbound_message, methods=["POST"]),
            Route("/healthz", healthz),
            Route("/metrics", metrics),
        ]
    )


def _knows_token(given: str, tokens: Sequence[str]) -> bool:
    """Compare in constant time; an empty token is never known."""
    return any(token and hmac.compare_digest(given.encode(), token.encode()) for token in tokens)
