"""What was used of the org's daily allowances in the last 24 hours, by the org's clock.

Kept by org, counted by exchange (calls) and the bulk jobs (jobs, batches, stored results). Not here: how limits are told
(allowances).
"""

from __future__ import annotations

import threading

from crm_sync.local_org.clock import Clock
from crm_sync.local_org.errors import OrgError

_HOUR_S = 3600
_HOURS = 24
DAILY = {
    "DailyApiRequests": 100_000,
    "DailyBulkApiBatches": 15_000,
    "DailyBulkV2QueryFileStorageMB": 976_562,
    "DailyBulkV2QueryJobs": 10_000,
}
_REFUSALS = {
    "DailyApiRequests": ("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."),
    "DailyBulkApiBatches": ("EXCEEDED_QUOTA", "Max bulk API batches ({most}) per 24 hrs has been reached."),
    "DailyBulkV2QueryFileStorageMB": (
        "LIMIT_EXCEEDED",
        "Max bulk v2 query result size stored ({most} MB) per 24 hrs has been exceeded.",
    ),
    "DailyBulkV2QueryJobs": ("LIMIT_EXCEEDED", "Max bulk v2 query jobs ({most}) per 24 hrs has been reached."),
}


class Usage:
    """Counts by the hour, per allowance. `limits` can be changed."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._by_hour: dict[str, dict[int, float]] = {name: {} for name in DAILY}
        self.limits = dict(DAILY)

    def count(self, name: str = "DailyApiRequests", amount: float = 1) -> str:
        """Count a use and give what Sforce-Limit-Info says of API calls."""
        with self._lock:
            hours, hour = self._by_hour[name], self._hour()
            hours[hour] = hours.get(hour, 0) + amount
        return f"api-usage={self.used('DailyApiRequests')}/{self.limits['DailyApiRequests']}"

    def require(self, name: str) -> None:
        """Refuse a use when nothing is left. Raises OrgError, for calls REQUEST_LIMIT_EXCEEDED (403, no Retry-After)."""
        if self.left(name) <= 0:
            code, message = _REFUSALS[name]
            raise OrgError(code, message.format(most=self.limits[name]))

    def used(self, name: str) -> int:
        """Give what was used in the last 24 hours, in whole units."""
        oldest = self._hour() - _HOURS
        with self._lock:
            found = self._by_hour[name]
            for hour in [h for h in found if h <= oldest]:
                del found[hour]
            return int(sum(found.values()))

    def left(self, name: str) -> int:
        """Give what is left."""
        return max(0, self.limits[name] - self.used(name))

    def _hour(self) -> int:
        return int(self._clock.now().timestamp()) // _HOUR_S
