"""For whom a query runs: their id, their time zone, and what they may not see.

Built by the rest part from the session and the permission sets; read by the semantic check.
Not here: how permissions come about, and record-level sharing.
"""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class UserContext:
    """One user's view. `hidden_objects` holds lower-case object names, `hidden_fields` lower-case (object, field) pairs."""

    user_id: str
    time_zone: ZoneInfo
    hidden_objects: frozenset[str] = frozenset()
    hidden_fields: frozenset[tuple[str, str]] = frozenset()

    def can_query(self, object_name: str) -> bool:
        """Say whether the object exists for this user; if not, a query of it is INVALID_TYPE."""
        return object_name.lower() not in self.hidden_objects

    def can_read(self, object_name: str, field_name: str) -> bool:
        """Say whether the field exists for this user; if not, naming it is INVALID_FIELD (field-level security)."""
        return (object_name.lower(), field_name.lower()) not in self.hidden_fields
