"""The org's one clock. Everything that is stamped, expires or is due asks it; tests set it.

Not here: what a stamp means (records) and the control endpoints that set the clock (control).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


def system_time() -> datetime:
    """Read the machine's clock in UTC."""
    return datetime.now(UTC)


def stamp(at: datetime) -> str:
    """Write an instant as Salesforce stores it: UTC, whole seconds, `2026-11-01T10:00:00.000+0000`."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def parse_stamp(text: str) -> datetime:
    """Read back what `stamp` wrote."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z").astimezone(UTC)


def instant(text: str) -> datetime:
    """Read an ISO date and time; without a zone it is UTC. Raises ValueError."""
    read = datetime.fromisoformat(text)
    return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)


class Clock:
    """Tells UTC time; can be frozen at an instant, moved forwards and released again."""

    def __init__(self, read: Callable[[], datetime] = system_time) -> None:
        self._read = read
        self._lock = threading.Lock()
        self._frozen: datetime | None = None
        self._offset = timedelta()

    def now(self) -> datetime:
        """Tell the org's time (aware, UTC)."""
        with self._lock:
            return (self._frozen or self._read()) + self._offset

    def stamp(self) -> str:
        """Tell the org's time in stored form, whole seconds."""
        return stamp(self.now())

    def freeze(self, at: datetime) -> None:
        """Stop the clock at an instant."""
        with self._lock:
            self._frozen, self._offset = at.astimezone(UTC), timedelta()

    def advance(self, seconds: float) -> None:
        """Move the clock forwards, frozen or running."""
        with self._lock:
            self._offset += timedelta(seconds=seconds)

    def release(self) -> None:
        """Follow the machine's clock again."""
        with self._lock:
            self._frozen, self._offset = None, timedelta()
