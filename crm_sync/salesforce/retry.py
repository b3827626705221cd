"""When and how long to wait before asking again. Called by session for calls that may be repeated without harm.

Full jitter over a doubling pause (5 tries, 60 s at most), or the server's own Retry-After when it sends one.
Not here: which errors are worth a retry (`codes`), and rows (writeback retries those).
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable

import requests
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt
from tenacity.wait import wait_base

from crm_sync.salesforce.answers import OrgFault, OrgFaultError

TRIES = 5
LOST_ANSWERS = (
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,
    requests.exceptions.ContentDecodingError,
    requests.exceptions.JSONDecodeError,
)
LONGEST_PAUSE_S = 60.0
BUSY_STATUSES = frozenset({408, 420, 425, 429, 500, 502, 503, 504})


class RetryLaterError(OrgFaultError):
    """A fault worth another try, with the server's own wish for the pause in seconds, if it sent one."""

    def __init__(self, fault: OrgFault, retry_after_s: float | None = None) -> None:
        super().__init__(fault)
        self.retry_after_s = retry_after_s


class _Pause(wait_base):
    """The server's wish if there is one, else a random part of a doubling pause."""

    def __init__(self, jitter: Callable[[], float]) -> None:
        self._jitter = jitter

    def __call__(self, retry_state: RetryCallState) -> float:
        raised = retry_state.outcome.exception() if retry_state.outcome else None
        wish = raised.retry_after_s if isinstance(raised, RetryLaterError) else None
        if wish is not None:
            return min(wish, LONGEST_PAUSE_S)
        return min(LONGEST_PAUSE_S, 2.0 ** (retry_state.attempt_number - 1)) * self._jitter()


def retrying(
    *, sleep: Callable[[float], None] = time.sleep, jitter: Callable[[], float] = random.random, tries: int = TRIES
) -> Retrying:
    """Make a loop that repeats what raises RetryLaterError or loses its answer, then raises the last error."""
    return Retrying(
        stop=stop_after_attempt(tries),
        wait=_Pause(jitter),
        retry=retry_if_exception_type((RetryLaterError, *LOST_ANSWERS)),
        sleep=sleep,
        reraise=True,
    )


def retry_after_s(header: str | None) -> float | None:
    """Read Retry-After in seconds; None when absent or a date, which no Salesforce edge is known to send."""
    try:
        wish = float(header or "")
    except ValueError:
        return None
    return wish if 0 <= wish < float("inf") else None
