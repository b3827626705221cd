"""Faults that a tester asks for: what goes wrong, for which calls, how often.

Set by control in test mode, consulted by app around every call, by org for stamps and by writers for single records.
Not here: the control endpoints.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from crm_sync.local_org.errors import RecordError

_LOCKED = "unable to obtain exclusive access to this record"

KINDS = {
    "error": "answer `status` with `code` and `message` instead of doing the call",
    "html": "answer `status` with an HTML page, as an edge server does",
    "expire": "end the caller's session, so that the call is answered 401",
    "lost_reply": "do the call, then cut the connection before the answer",
    "cut": "cut the connection without doing the call",
    "truncate": "send only the first `bytes` of the answer, then cut the connection",
    "delay": "wait `seconds` before doing the call",
    "stamp_lag": "stamp what is written `seconds` before it becomes visible",
    "record": "refuse single records: those of `object` whose body contains `contains`, with `code` and `message`",
    "job_stuck": "leave bulk jobs in progress",
    "locator": "forget query locators, so that the next page is INVALID_QUERY_LOCATOR",
}


@dataclass
class Fault:
    """One fault: for calls of `method` whose path matches `path`, after `skip` of them, `times` times (-1: always)."""

    kind: str
    method: str = ""
    path: str = ""
    skip: int = 0
    times: int = 1
    with_: dict[str, Any] = field(default_factory=dict)

    def matches(self, method: str, path: str) -> bool:
        """Say whether a call is one of those the fault is for."""
        return (not self.method or self.method.upper() == method) and bool(re.search(self.path, path, re.IGNORECASE))

    def hits(self, object_name: str, body: str) -> bool:
        """Say whether this is a record fault for a record of this object with this JSON body."""
        wanted = str(self.with_.get("object", object_name)).lower()
        return self.kind == "record" and wanted == object_name.lower() and str(self.with_.get("contains", "")) in body


class Faults:
    """The faults in force, in the order they were set."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Put a fault in force. Raises ValueError for a kind that does not exist."""
        if fault.kind not in KINDS:
            raise ValueError(f"Fault kind {fault.kind!r} does not exist; expected one of {sorted(KINDS)}.")
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        """Lift all faults."""
        with self._lock:
            self._faults.clear()

    def take(self, kinds: tuple[str, ...], method: str, path: str) -> Fault | None:
        """Use up one occurrence of the first fault of these kinds that is for this call."""
        if not self._faults:
            return None
        with self._lock:
            for fault in self._faults:
                if fault.kind in kinds and fault.matches(method, path) and self._use(fault):
                    return fault
        return None

    def stamp_lag(self) -> float:
        """Give the seconds by which stamps are older than their visibility right now."""
        found = self.take(("stamp_lag",), "", "")
        return float(found.with_.get("seconds", 0)) if found else 0.0

    def refuse_record(self, object_name: str, body: Mapping[str, Any]) -> None:
        """Raise RecordError when a fault is in force for a record like this one."""
        if not self._faults:
            return
        text = orjson.dumps(dict(body)).decode()
        with self._lock:
            found = next((f for f in self._faults if f.hits(object_name, text)), None)
            if found is None or not self._use(found):
                return
        code = str(found.with_.get("code", "UNABLE_TO_LOCK_ROW"))
        raise RecordError(code, str(found.with_.get("message", _LOCKED)))

    def _use(self, fault: Fault) -> bool:
        if fault.skip > 0:
            fault.skip -= 1
            return False
        if fault.times > 0:
            fault.times -= 1
            if fault.times == 0:
                self._faults.remove(fault)
        return True
