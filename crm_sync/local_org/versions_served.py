"""Which API versions the org serves, and how REST refuses the others.

Kept by org; asked by every part whose path names a version. Not here: the names of the releases (resources).
"""

from __future__ import annotations

from dataclasses import dataclass

from crm_sync.local_org.errors import OrgError, not_found

OLDEST, NEWEST = 31, 68


@dataclass
class Versions:
    """The range of versions served, ends included."""

    oldest: int = OLDEST
    newest: int = NEWEST

    def serve(self, version: int) -> bool:
        """Say whether a version is served."""
        return self.oldest <= version <= self.newest

    def require(self, version: int) -> None:
        """Refuse a version that is too new (NOT_FOUND, 404) or retired (UNSUPPORTED_API_VERSION, 410)."""
        if version > self.newest:
            raise not_found()
        if version < self.oldest:
            raise OrgError("UNSUPPORTED_API_VERSION", "Invalid Api version specified on URL")
