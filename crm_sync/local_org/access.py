"""Who is asking, and what they may see and write.

Built by permissions from the user's profile and permission sets; asked by records, describe, query and rows.
Sharing of single rows is off unless a tester turns it on; then a user sees and writes, of the objects whose default is private,
the rows they own. Not here: role hierarchy, teams and sharing rules, which the local org does not have.
"""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from crm_sync.local_org.layout import quoted
from crm_sync.local_org.schema import Field, ObjectType
from crm_sync.local_org.soql.context import UserContext, owned

_ALL_OPERATIONS = frozenset({"read", "create", "edit", "delete"})


@dataclass(frozen=True)
class Access:
    """One user's rights. Without `objects` the user is an administrator and may do all that the schema allows.

    Otherwise `objects` holds the operations per lower-case object name, `hidden` and `read_only` lower-case
    (object, field) pairs. `own_only` and `own_edits` hold lower-case names of objects whose rows the user sees, or writes,
    only when they own them.
    """

    user_id: str
    time_zone: ZoneInfo
    objects: dict[str, frozenset[str]] | None = None
    hidden: frozenset[tuple[str, str]] = frozenset()
    read_only: frozenset[tuple[str, str]] = frozenset()
    custom_permissions: frozenset[str] = frozenset()
    own_only: frozenset[str] = frozenset()
    own_edits: frozenset[str] = frozenset()
    active: bool = True
    api_enabled: bool = True
    views_setup: bool = True
    language: str = "en_US"

    def allows(self, o: ObjectType, operation: str) -> bool:
        """Say whether the user may read, create, edit or delete records of an object."""
        granted = _ALL_OPERATIONS if self.objects is None else self.objects.get(o.name.lower(), frozenset())
        return operation in granted

    def sees(self, o: ObjectType, f: Field) -> bool:
        """Say whether a field exists for this user (field-level security)."""
        return (o.name.lower(), f.name.lower()) not in self.hidden

    def edits(self, o: ObjectType, f: Field) -> bool:
        """Say whether the user may write a field that the schema lets be written."""
        return (o.name.lower(), f.name.lower()) not in self.read_only

    def context(self, objects: frozenset[str]) -> UserContext:
        """Give the view of a query; `objects` are the lower-case names of all objects of the schema."""
        known = self.objects
        unseen = frozenset() if known is None else frozenset(o for o in objects if "read" not in known.get(o, ()))
        return UserContext(self.user_id, self.time_zone, unseen, self.hidden, self.own_only)

    def rows(self, o: ObjectType) -> str:
        """Give the SQL condition of the rows of an object that the user may see."""
        return owned(self.user_id, quoted(o.name)) if o.name.lower() in self.own_only else "1"
