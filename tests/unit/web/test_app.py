"""The webhook door over ASGI: stored before acknowledged, refused with a sentence, health told."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from prometheus_client import CollectorRegistry
from starlette.types import Message

from crm_sync.ports import Notification, Waiting
from crm_sync.web.app import Door, build_app
from crm_sync.web.outbound_message import ACKNOWLEDGED

ORG = "00D000000000000EAA"
TOKEN = "a-token-of-at-least-22-characters"
BODY = (
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>'
    f'<notifications xmlns="http://soap.sforce.com/2005/09/outbound"><OrganizationId>{ORG}</OrganizationId>'
    '<Notification><Id>04l000000000001AAA</Id><sObject xsi:type="sf:Case"'
    ' xmlns:sf="urn:sobject.enterprise.soap.sforce.com"><sf:Id>500000000000001AAA</sf:Id></sObject></Notification>'
    "</notifications></soapenv:Body></soapenv:Envelope>"
).encode()


@dataclass
class Stored:
    """An inbox in memory that notes the order of events."""

    events: list[str] = field(default_factory=list)
    notifications: list[Notification] = field(default_factory=list)
    fails: bool = False

    def receive(self, notifications: Iterable[Notification]) -> int:
        if self.fails:
            raise OSError("disk full")
        self.events.append("stored")
        self.notifications += notifications
        return len(self.notifications)

    def waiting(self) -> Waiting:
        return Waiting((), 0)

    def done(self, waiting: Waiting) -> None:
        self.events.append("done")


def ask(
    inbox: Stored, path: str, body: bytes = b"", method: str = "POST", well: bool = True, length: str | None = None
) -> tuple[int, bytes]:
    def health() -> tuple[bool, Mapping[str, Any]]:
        return well, {"waiting": len(inbox.notifications)}

    door = Door(ORG, ("", TOKEN), inbox, lambda: inbox.events.append("woken"), health, CollectorRegistry())
    headers = [(b"content-length", (length or str(len(body))).encode())]
    scope = {"type": "http", "method": method, "path": path, "headers": headers, "query_string": b"", "raw_path": b""}
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(build_app(door)(scope, receive, send))
    return sent[0]["status"], b"".join(m.get("body", b"") for m in sent)


def test_a_message_is_stored_then_acknowledged_then_wakes_a_run() -> None:
    inbox = Stored()
    assert ask(inbox, f"/hooks/outbound-message/{TOKEN}", BODY) == (200, ACKNOWLEDGED)
    assert inbox.events == ["stored", "woken"]
    assert inbox.notifications == [Notification("04l000000000001AAA", "Case", "500000000000001AAA")]


def test_an_unknown_or_empty_token_is_not_found() -> None:
    inbox = Stored()
    assert ask(inbox, "/hooks/outbound-message/wrong", BODY)[0] == 404
    assert ask(inbox, "/hooks/outbound-message/", BODY)[0] == 404
    assert inbox.events == []


def test_a_message_that_cannot_be_stored_is_not_acknowledged() -> None:
    inbox = Stored(fails=True)
    try:
        status, body = ask(inbox, f"/hooks/outbound-message/{TOKEN}", BODY)
    except OSError:
        status, body = 500, b""
    assert status == 500
    assert ACKNOWLEDGED not in body


def test_a_hostile_or_oversized_body_is_refused() -> None:
    inbox = Stored()
    assert ask(inbox, f"/hooks/outbound-message/{TOKEN}", b"<a/>")[0] == 400
    assert ask(inbox, f"/hooks/outbound-message/{TOKEN}", BODY, length="1048577")[0] == 413
    assert ask(inbox, f"/hooks/outbound-message/{TOKEN}", BODY, length="many")[0] == 413
    assert inbox.events == []


def test_health_tells_facts_and_fails_with_503() -> None:
    assert ask(Stored(), "/healthz", method="GET") == (200, b'{"status":"ok","waiting":0}')
    assert ask(Stored(), "/healthz", method="GET", well=False)[0] == 503


def test_metrics_are_served() -> None:
    assert ask(Stored(), "/metrics", method="GET")[0] == 200
