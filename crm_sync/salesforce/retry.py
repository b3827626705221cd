"""When and how long to wait before asking again. Used by client for calls that may be repeated without harm.

Full jitter over a doubling pause (5 tries, 60 s at most), or the server's own Retry-After when it sends one.
Not here: which errors are worth a retry (`codes`), and rows (writeback retries those).
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import requests
import urllib3
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt

from crm_sync.salesforce.answers import OrgFault, OrgFaultError

TRIES = 5
LOST_ANSWERS = (
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,
    requests.exceptions.ContentDecodingError,
    requests.exceptions.JSONDecodeError,
    urllib3.exceptions.HTTPError,
)
LONGEST_PAUSE_S = 60.0
BUSY_STATUSES = frozenset({408, 420, 425, 429, 500, 502, 503, 504})
_Result = TypeVar("_Result")


class RetryLaterError(OrgFaultError):
    """A fault worth another try, with the server's own wish for the pause in seconds, if it sent one."""

    def __init__(self, fault: OrgFault, retry_after_s: float | None = None) -> None:
        super().__init__(fault)
        self.retry_after_s = retry_after_s


@dataclass(frozen=True)
class Patience:
    """How often a call is made, and how its pauses are waited for; `jitter` gives a number from 0 to 1."""

    sleep: Callable[[float], None] = field(default=time.sleep)
    jitter: Callable[[], float] = field(default=random.random)
    tries: int = TRIES

    def repeat(self, call: Callable[[], _Result]) -> _Result:
        """Make a call, again while it raises RetryLaterError or loses its answer; then raise the last error."""
        return Retrying(
            stop=stop_after_attempt(self.tries),
            wait=self._wait,
            retry=retry_if_exception_type((RetryLaterError, *LOST_ANSWERS)),
            sleep=self.sleep,
            reraise=True,
        )(call)

    def pause_s(self, tries: int) -> float:
        """Give the pause after this many tries: a random part of one that doubles."""
        return min(LONGEST_PAUSE_S, 2.0 ** (tries - 1)) * self.jitter()

    def _wait(self, state: RetryCallState) -> float:
        raised = state.outcome.exception() if state.outcome else None
        wish = raised.retry_after_s if isinstance(raised, RetryLaterError) else None
        return self.pause_s(state.attempt_number) if wish is None else min(wish, LONGEST_PAUSE_S)


def retry_after_s(header: str | None) -> float | None:
    """Read Retry-After in seconds; None when absent or a date, which no Salesforce edge is known to send."""
    try:
        wish = float(header or "")
    except ValueError:
        return None
    return wish if 0 <= wish < float("inf") else None
