"""Outbound messages: SOAP notifications of created rows, sent until they are acknowledged.

Rows are queued in the transaction that creates them; a thread sends them, up to 100 at once, with the row's state at the
time of sending and without a session id. Retried with growing pauses, dropped after 24 hours. Loopback endpoints only.
"""

from __future__ import annotations

import http.client
import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from crm_sync.local_org import ids
from crm_sync.local_org.layout import quoted
from crm_sync.local_org.outbound_rules import OutboundRule
from crm_sync.local_org.store import Store
from crm_sync.local_org.transactions import Transaction

MOST_NOTIFICATIONS = 100
FIRST_PAUSE_S, LONGEST_PAUSE_S, KEPT_S = 1.0, 7200.0, 86_400.0
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_TIMEOUT_S = 10.0
_log = logging.getLogger(__name__)

_ENVELOPE = """<?xml version="1.0" encoding="UTF-8"?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsd="http://www.w3.org/2001/XMLSchema" \
xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
 <soapenv:Body>
  <notifications xmlns="http://soap.sforce.com/2005/09/outbound">
   <OrganizationId>{organization}</OrganizationId>
   <ActionId>{action}</ActionId>
   <SessionId xsi:nil="true"/>
   <EnterpriseUrl>{base}/services/Soap/c/68.0/{organization}</EnterpriseUrl>
   <PartnerUrl>{base}/services/Soap/u/68.0/{organization}</PartnerUrl>
{notifications}
  </notifications>
 </soapenv:Body>
</soapenv:Envelope>"""
_NOTIFICATION = """   <Notification>
    <Id>{id}</Id>
    <sObject xsi:type="sf:{object}" xmlns:sf="urn:sobject.enterprise.soap.sforce.com">
{fields}
    </sObject>
   </Notification>"""


@dataclass(frozen=True)
class Message:
    """One queued notification."""

    id: str
    rule: str
    object: str
    record_id: str
    attempts: int
    queued_at: float


@dataclass
class Outbound:
    """The queue and its sender. `url` replaces every endpoint the package names."""

    store: Store
    rules: tuple[OutboundRule, ...] = ()
    url: str | None = None
    base_url: str = "http://127.0.0.1"
    _wake: threading.Event = field(default_factory=threading.Event)
    _stop: bool = False
    _thread: threading.Thread | None = None

    def endpoint(self, rule: OutboundRule) -> str | None:
        """Give where a rule's messages go, if it is on this machine."""
        url = self.url or rule.endpoint
        return url if urlsplit(url).hostname in _LOOPBACK else None

    def queue(self, tx: Transaction) -> bool:
        """Queue messages for the rows a transaction created, within that transaction."""
        queued = False
        for rule in self.rules:
            for name, record_id in tx.inserted:
                if name == rule.object and self.endpoint(rule) and self._wanted(tx, rule, record_id):
                    message_id = ids.make("04l", tx.next_number("04l"))
                    now = str(time.time())
                    tx.connection.execute(
                        "INSERT INTO _messages (id, rule, object, record_id, queued_at, next_at) VALUES (?, ?, ?, ?, ?, ?)",
                        (message_id, rule.name, name, record_id, now, now),
                    )
                    queued = True
        return queued

    def _wanted(self, tx: Transaction, rule: OutboundRule, record_id: str) -> bool:
        row = tx.row(tx.layouts[rule.object].type, record_id)
        return row is not None and all(condition.holds(row) for condition in rule.conditions)

    def start(self) -> None:
        """Start the sender."""
        self._thread = threading.Thread(target=self._run, name="local-org-outbound", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Look at the queue now."""
        self._wake.set()

    def stop(self) -> None:
        """Stop the sender; what is queued stays queued."""
        self._stop = True
        self._wake.set()
        if self._thread:
            self._thread.join()

    def _run(self) -> None:
        while not self._stop:
            self._wake.clear()
            pause = self._send_due() if self.rules else None
            self._wake.wait(pause)

    def _send_due(self) -> float | None:
        """Send what is due and give the seconds until something else will be."""
        for rule in self.rules:
            due = self._due(rule)
            endpoint = self.endpoint(rule)
            if due and endpoint and not self._stop:
                self._settle(due, self._post(endpoint, self._envelope(rule, due)))
        with self.store.reading() as connection:
            found = connection.execute(
                "SELECT min(CAST(next_at AS REAL)) FROM _messages WHERE state = 'waiting'"
            ).fetchone()
        return None if found[0] is None else max(0.05, found[0] - time.time())

    def _due(self, rule: OutboundRule) -> list[Message]:
        sql = """SELECT id, rule, object, record_id, attempts, CAST(queued_at AS REAL) FROM _messages
                 WHERE state = 'waiting' AND rule = ? AND CAST(next_at AS REAL) <= ? ORDER BY id LIMIT ?"""
        with self.store.reading() as connection:
            rows = connection.execute(sql, (rule.name, time.time(), MOST_NOTIFICATIONS)).fetchall()
        return [Message(*row) for row in rows]

    def _envelope(self, rule: OutboundRule, due: Sequence[Message]) -> bytes:
        told = [self._notification(rule, message) for message in due]
        return _ENVELOPE.format(
            organization=ids.ORGANIZATION_ID,
            action=ids.make("04k", 1 + [r.name for r in self.rules].index(rule.name)),
            base=self.base_url,
            notifications="\n".join(told),
        ).encode()

    def _notification(self, rule: OutboundRule, message: Message) -> str:
        names = ("Id", *(n for n in rule.fields if n != "Id"))
        columns = ", ".join(map(quoted, names))
        with self.store.reading() as connection:
            row = connection.execute(
                f'SELECT {columns} FROM {quoted(message.object)} WHERE "Id" = ?', (message.record_id,)
            ).fetchone() or (message.record_id,)
        pairs = [(n, v) for n, v in zip(names, row, strict=False) if v is not None]
        fields = "\n".join(f"     <sf:{n}>{escape(str(v))}</sf:{n}>" for n, v in pairs)
        return _NOTIFICATION.format(id=message.id, object=message.object, fields=fields)

    def _post(self, endpoint: str, body: bytes) -> str | None:
        """Post an envelope; give None when it is acknowledged and otherwise what came instead."""
        parts = urlsplit(endpoint)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=_TIMEOUT_S)
        try:
            path = parts.path + (f"?{parts.query}" if parts.query else "")
            headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'}
            connection.request("POST", path or "/", body, headers)
            reply = connection.getresponse()
            text = reply.read(65_536)
        except (OSError, http.client.HTTPException) as error:
            return f"{type(error).__name__}: {error}"
        finally:
            connection.close()
        acknowledged = reply.status == 200 and b"Ack>true<" in text.replace(b" ", b"")
        return None if acknowledged else f"HTTP {reply.status} without an acknowledgement"

    def _settle(self, sent: Sequence[Message], error: str | None) -> None:
        now = time.time()
        with self.store.writing() as connection:
            for message in sent:
                pause = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2**message.attempts)
                lost = now - message.queued_at > KEPT_S
                state = "sent" if error is None else ("dropped" if lost else "waiting")
                connection.execute(
                    "UPDATE _messages SET attempts = attempts + 1, next_at = ?, state = ?, error = ? WHERE id = ?",
                    (str(now + pause), state, error, message.id),
                )
        if error:
            _log.warning("Outbound messages were not acknowledged and will be sent again: %s", error)
