"""How many API calls were made in the last 24 hours, by the org's clock.

Kept by org, counted by exchange; above the limit every call below a version is REQUEST_LIMIT_EXCEEDED.
"""

from __future__ import annotations

import threading
from collections import Counter

from crm_sync.local_org.clock import Clock
from crm_sync.local_org.errors import OrgError

_HOUR_S = 3600
_HOURS = 24


class Usage:
    """Counts calls by the hour."""

    def __init__(self, clock: Clock, limit: int) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._by_hour: Counter[int] = Counter()
        self.limit = limit

    def count(self) -> str:
        """Count one call and give the value of Sforce-Limit-Info."""
        with self._lock:
            self._by_hour[self._hour()] += 1
        return f"api-usage={self.used}/{self.limit}"

    def require(self) -> None:
        """Refuse a call when none is left. Raises OrgError REQUEST_LIMIT_EXCEEDED (403, without Retry-After)."""
        if self.left <= 0:
            raise OrgError("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")

    @property
    def used(self) -> int:
        """The calls of the last 24 hours."""
        oldest = self._hour() - _HOURS
        with self._lock:
            for hour in [h for h in self._by_hour if h <= oldest]:
                del self._by_hour[hour]
            return self._by_hour.total()

    @property
    def left(self) -> int:
        """The calls still allowed."""
        return max(0, self.limit - self.used)

    def _hour(self) -> int:
        return int(self._clock.now().timestamp()) // _HOUR_S
