"""Access tokens: who they are for and how long they live.

Issued by oauth and soap_login, checked by org on every call. Held in memory: a restarted org has no sessions, as after an
administrator ended them all. Tokens look like `00D000000000000!...`.
"""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from crm_sync.local_org.clock import Clock
from crm_sync.local_org.ids import ORGANIZATION_ID

LIFETIME = timedelta(hours=2)


@dataclass
class Session:
    """One session; `expires_at` slides with use."""

    token: str
    user_id: str
    client_id: str
    issued_at: datetime
    expires_at: datetime


@dataclass
class Logins:
    """Which ways in with a password are open: SOAP login (until v64) and the OAuth password flow."""

    soap: bool = True
    password: bool = False


class Sessions:
    """All live sessions of the org."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._by_token: dict[str, Session] = {}
        self.logins = Logins()

    def open(self, user_id: str, client_id: str) -> Session:
        """Open a session for a user."""
        secret = secrets.token_urlsafe(72).replace("-", ".")
        now = self._clock.now()
        session = Session(f"{ORGANIZATION_ID[:15]}!{secret}", user_id, client_id, now, now + LIFETIME)
        with self._lock:
            self._by_token[session.token] = session
        return session

    def find(self, token: str) -> Session | None:
        """Give the live session of a token and prolong it, or None."""
        now = self._clock.now()
        with self._lock:
            session = self._by_token.get(token)
            if session is None or session.expires_at <= now:
                self._by_token.pop(token, None)
                return None
            session.expires_at = now + LIFETIME
            return session

    def close(self, token: str) -> bool:
        """End a session; say whether there was one."""
        with self._lock:
            return self._by_token.pop(token, None) is not None

    def close_all(self) -> int:
        """End every session and say how many there were."""
        with self._lock:
            count = len(self._by_token)
            self._by_token.clear()
            return count
