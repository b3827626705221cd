"""For whom a query runs: their id, their time zone, and what they may not see.

Built by the rest part from the session and the permission sets; read by the semantic check.
Not here: how permissions and sharing come about.
"""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo


def owned(user_id: str, alias: str) -> str:
    """Give the SQL condition of the rows that a user owns, by themselves or through a queue they are in."""
    mine, owner = f"'{user_id}'", f'{alias}."OwnerId"'
    queues = f'SELECT "GroupId" FROM "GroupMember" WHERE "UserOrGroupId" = {mine}'
    return f"({owner} = {mine} OR {owner} IN ({queues}))"


@dataclass(frozen=True)
class UserContext:
    """One user's view. `hidden_objects` holds lower-case object names, `hidden_fields` lower-case (object, field) pairs.

    `own_only` holds the lower-case names of objects of which the user sees only the rows they own.
    """

    user_id: str
    time_zone: ZoneInfo
    hidden_objects: frozenset[str] = frozenset()
    hidden_fields: frozenset[tuple[str, str]] = frozenset()
    own_only: frozenset[str] = frozenset()

    def rows(self, object_name: str, alias: str) -> str | None:
        """Give the SQL condition of the rows the user may see, None when that is all of them."""
        return owned(self.user_id, alias) if object_name.lower() in self.own_only else None

    def can_query(self, object_name: str) -> bool:
        """Say whether the object exists for this user; if not, a query of it is INVALID_TYPE."""
        return object_name.lower() not in self.hidden_objects

    def can_read(self, object_name: str, field_name: str) -> bool:
        """Say whether the field exists for this user; if not, naming it is INVALID_FIELD (field-level security)."""
        return (object_name.lower(), field_name.lower()) not in self.hidden_fields
