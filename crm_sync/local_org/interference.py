"""Faults around a call: what happens before it, instead of it, and to its answer on the way back.

Called by exchange for every call but the control calls themselves. Not here: which faults there are (faults).
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from typing import Any

from crm_sync.local_org import control, refusals
from crm_sync.local_org.calls import Call, Reply
from crm_sync.local_org.errors import OrgError
from crm_sync.local_org.faults import Fault
from crm_sync.local_org.org import Org

_HTML = "<html><head><title>{status}</title></head><body><h1>Down for maintenance</h1></body></html>"
_INSTEAD = ("error", "html", "answer", "cut")
_ON_THE_WAY = ("lost_reply", "truncate", "drip")
_LIKE_A_NETWORK = {"cut": 0, "lost_reply": 0}


@dataclasses.dataclass(frozen=True)
class Delivery:
    """A reply and how it travels: cut after so many bytes (0: nothing arrives), at so many bytes a second."""

    reply: Reply
    cut_after: int | None = None
    bytes_per_second: float | None = None


def around(org: Org, call: Call, path: str, text: str, answer: Callable[[Call], Reply]) -> Delivery:
    """Answer a call with the faults in force around it; `text` is its query and body, for faults that look at them."""
    asked = (call.method, path, text)
    try:
        _before(org, call, asked)
        fault = org.faults.take(_INSTEAD, *asked)
        reply = answer(call) if fault is None else _instead(call, fault)
        after = org.faults.take_when("after", *asked)
        if after is not None:
            control.perform(org, after.with_)
    except OrgError as error:
        return Delivery(Reply(500, [{"message": f"A control fault could not act: {error}", "errorCode": error.code}]))
    if fault is None or fault.kind != "cut":
        fault = org.faults.take(_ON_THE_WAY, *asked)
    return _delivery(reply, fault)


def _before(org: Org, call: Call, asked: tuple[str, str, str]) -> None:
    change = org.faults.take_when("before", *asked)
    if change is not None:
        control.perform(org, change.with_)
    if org.faults.take(("expire",), *asked):
        org.sessions.close(call.token)
    delay = org.faults.take(("delay",), *asked)
    if delay is not None:
        kilobytes = len(call.content) / 1024
        time.sleep(float(delay.with_.get("seconds", 1)) + kilobytes * float(delay.with_.get("seconds_per_kilobyte", 0)))


def _instead(call: Call, fault: Fault) -> Reply:
    wanted: dict[str, Any] = fault.with_
    status = int(wanted.get("status", 200 if fault.kind == "answer" else 503))
    if fault.kind == "html":
        return Reply(status, content=_HTML.format(status=status).encode(), media_type="text/html")
    if fault.kind == "answer":
        content = str(wanted.get("body", "")).encode(str(wanted.get("encoding", "utf-8")))
        media = str(wanted.get("content_type", "application/json;charset=UTF-8"))
        return Reply(status, headers=wanted.get("headers", {}), content=content, media_type=media)
    code, message = wanted.get("code", "SERVER_UNAVAILABLE"), wanted.get("message", "Server too busy")
    return refusals.refused(call, OrgError(str(code), str(message), status=status))


def _delivery(reply: Reply, fault: Fault | None) -> Delivery:
    if fault is None:
        return Delivery(reply)
    if fault.kind == "drip":
        return Delivery(reply, bytes_per_second=float(fault.with_.get("bytes_per_second", 1)))
    return Delivery(reply, cut_after=_LIKE_A_NETWORK.get(fault.kind, int(fault.with_.get("bytes", 20))))
