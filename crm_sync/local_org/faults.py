"""Faults that a tester asks for: what goes wrong, for which calls, how often.

Set by control in test mode; acted upon by interference (around every call), org (stamps), records (single records), query and
the bulk jobs. Not here: the control endpoints.
"""

from __future__ import annotations

import random
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson

from crm_sync.local_org.errors import RecordError
from crm_sync.local_org.locks import row_is_locked

KINDS = {
    "error": "answer `status` with `code` and `message`, in the shape of the API called, instead of doing the call",
    "html": "answer `status` with an HTML page, as an edge server does",
    "answer": "answer literally: `status`, `body` (text), `encoding`, `content_type`, `headers`",
    "expire": "end the caller's session, so that the call is answered 401",
    "lost_reply": "do the call, then cut the connection before the answer",
    "cut": "cut the connection without doing the call",
    "truncate": "send only the first `bytes` of the answer, then cut the connection",
    "drip": "send the answer at `bytes_per_second`",
    "delay": "wait `seconds`, and `seconds_per_kilobyte` of the request's body, before doing the call",
    "control": "make the control call `call` (such as POST records/write) with `body`, `when` before or after the call",
    "stamp_lag": "stamp what is written `seconds` before it becomes visible",
    "record": "refuse single records: those of `object` whose body contains `contains`, with `code` and `message`",
    "slow_query": "answer QUERY_TIMEOUT to queries that find more than `rows` rows",
    "locator": "forget query locators, so that the next page is INVALID_QUERY_LOCATOR",
    "job_stuck": "leave bulk jobs in progress",
    "job_fail": "fail bulk jobs with `message` after `rows` records; the rest is unprocessed",
}


@dataclass
class Fault:
    """One fault and the calls it is for: those of `method` whose path matches `path` and whose query or body matches `text`.

    All three are regular expressions. The first `skip` of these calls are spared, then every `every`-th is hit (with
    probability `chance`, from `seed`), `times` times (-1: always), for `lasts` seconds of the org's clock.
    """

    kind: str
    method: str = ""
    path: str = ""
    text: str = ""
    skip: int = 0
    times: int = 1
    every: int = 1
    chance: float = 1.0
    seed: int = 0
    lasts: float | None = None
    with_: dict[str, Any] = field(default_factory=dict)
    until: datetime | None = None
    _met: int = 0
    _random: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311 - repeatable on purpose

    def matches(self, method: str, path: str, text: str) -> bool:
        """Say whether a call is one of those the fault is for."""
        return (
            (not self.method or bool(re.fullmatch(self.method, method, re.IGNORECASE)))
            and bool(re.search(self.path, path, re.IGNORECASE))
            and (not self.text or bool(re.search(self.text, text, re.IGNORECASE)))
        )

    def hits(self, object_name: str, body: str) -> bool:
        """Say whether this is a record fault for a record of this object with this JSON body."""
        wanted = str(self.with_.get("object", object_name)).lower()
        return self.kind == "record" and wanted == object_name.lower() and str(self.with_.get("contains", "")) in body

    def falls_due(self) -> bool:
        """Count one call it is for, and say whether this is one of those that are hit."""
        self._met += 1
        late = self._met - self.skip
        return late > 0 and (late - 1) % self.every == 0 and (self.chance >= 1 or self._random.random() < self.chance)


class Faults:
    """The faults in force, in the order they were set."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Put a fault in force. Raises ValueError for a kind that does not exist."""
        if fault.kind not in KINDS:
            raise ValueError(f"Fault kind {fault.kind!r} does not exist; expected one of {sorted(KINDS)}.")
        if fault.lasts is not None:
            fault.until = self._now() + timedelta(seconds=fault.lasts)
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        """Lift all faults."""
        with self._lock:
            self._faults.clear()

    def listed(self) -> list[Fault]:
        """List the faults still in force."""
        with self._lock:
            return list(self._faults)

    def take(self, kinds: tuple[str, ...], method: str = "", path: str = "", text: str = "") -> Fault | None:
        """Use up one occurrence of the first fault of these kinds that is for this call."""
        return self._take(lambda fault: fault.kind in kinds and fault.matches(method, path, text))

    def take_when(self, when: str, method: str, path: str, text: str) -> Fault | None:
        """Use up one occurrence of a `control` fault that acts before or after this call."""
        return self._take(
            lambda fault: (
                fault.kind == "control"
                and fault.with_.get("when", "before") == when
                and fault.matches(method, path, text)
            )
        )

    def stamp_lag(self) -> float:
        """Give the seconds by which stamps are older than their visibility right now."""
        found = self.take(("stamp_lag",))
        return float(found.with_.get("seconds", 0)) if found else 0.0

    def refuse_record(self, object_name: str, body: Mapping[str, Any], record_id: str | None = None) -> None:
        """Raise RecordError when a fault is in force for a record like this one."""
        if not self._faults:
            return
        text = orjson.dumps(dict(body)).decode()
        found = self._take(lambda fault: fault.hits(object_name, text))
        if found is None:
            return
        usual = row_is_locked(record_id)
        raise RecordError(str(found.with_.get("code", usual.code)), str(found.with_.get("message", usual.message)))

    def _take(self, is_for: Callable[[Fault], bool]) -> Fault | None:
        if not self._faults:
            return None
        with self._lock:
            self._faults = [f for f in self._faults if f.until is None or f.until > self._now()]
            for fault in self._faults:
                if is_for(fault) and fault.falls_due():
                    self._use_up(fault)
                    return fault
        return None

    def _use_up(self, fault: Fault) -> None:
        if fault.times > 0:
            fault.times -= 1
            if fault.times == 0:
                self._faults.remove(fault)
