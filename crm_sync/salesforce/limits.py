"""The Sforce-Limit-Info header -> how much of the org's daily allowance is used, and whether to stop.

Called by session for every answer. Other programs live on the same allowance, so this worker stops at a share of what
the day had left when it started, before the org refuses everybody. Not here: the share (rules/guards.yaml).
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from crm_sync.errors import TemporaryError

DAY = timedelta(hours=24)
CLOSING_CALLS = 3
_USAGE = re.compile(r"(?:^|[;\s])api-usage=(\d+)/(\d+)")


@dataclass(frozen=True)
class Usage:
    """Calls used and allowed in the rolling day, by everybody."""

    used: int
    allowed: int


def parse_usage(header: str | None) -> Usage | None:
    """Read `api-usage=18/5000`, alone or before per-app parts; None when absent or not understood."""
    found = _USAGE.search(header or "")
    return Usage(int(found[1]), int(found[2])) if found else None


class CallBudget:
    """Counts calls and raises TemporaryError once they pass this worker's share of a day's allowance.

    The share is of what was left when the day began for this process: at its first answer, and again every 24 hours. Once
    it has said so, a few calls more are let through, so that a run can complete its record and give its lease back.
    """

    def __init__(self, share_percent: float, now: Callable[[], datetime]) -> None:
        self._share = share_percent / 100
        self._now = now
        self._lock = threading.Lock()
        self._began: datetime | None = None
        self._allowed = 0
        self._spent = 0
        self._closing = 0
        self.calls = 0
        self.usage: Usage | None = None

    def count(self) -> None:
        """Count a call about to be made; raises TemporaryError instead when the share is used up."""
        with self._lock:
            if self._began is not None and self._now() - self._began >= DAY:
                self._began, self._spent, self._closing = None, 0, 0
            if self._began is not None and self._spent >= self._allowed:
                self._close(self._began)
            self._spent += 1
            self.calls += 1

    def _close(self, began: datetime) -> None:
        """Refuse the first call past the share, and those after the few that end a run."""
        self._closing += 1
        if 1 < self._closing <= 1 + CLOSING_CALLS:
            return
        used = f"{self.usage.used} of {self.usage.allowed}" if self.usage else "an unknown number"
        raise TemporaryError(
            f"This process made {self._spent} calls since {began:%Y-%m-%d %H:%M} UTC, its share of the org's daily "
            f"allowance ({used} used by all). Run again a day after that, or raise api_share_percent in rules/guards.yaml."
        )

    def learn(self, header: str | None) -> None:
        """Remember what an answer said of the allowance; the first one of a day fixes the share."""
        usage = parse_usage(header)
        if usage is None:
            return
        with self._lock:
            self.usage = usage
            if self._began is None:
                left = max(usage.allowed - usage.used + self._spent, 0)
                self._began, self._allowed = self._now(), max(int(left * self._share), 1)
