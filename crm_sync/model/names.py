"""What to call a record on a screen or a page: requests by number, people by title and company, never by name.

Used by the commands, the report and the recruit lists. Not here: how anything is laid out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm_sync.model.snapshot import Snapshot


def words(name: str | None) -> str:
    """A program name as plain words: case_study -> case study."""
    return (name or "").replace("_", " ")


class Names:
    """Finds what to call a record: requests by their number, people by title and company."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._tables: dict[str, dict[str, Mapping[str, Any]]] = {}

    def row(self, name: str, record_id: str | None) -> Mapping[str, Any]:
        """The row of this id, or an empty one."""
        if name not in self._tables:
            self._tables[name] = {row["id"]: row for row in self._snapshot.tables[name].to_pylist()}
        return self._tables[name].get(record_id or "", {})

    def account(self, record_id: str | None) -> str:
        """A company's name, or its id."""
        return str(self.row("account", record_id).get("name") or record_id or "unknown company")

    def person(self, contact_id: str | None) -> str:
        """A person by title and company; never by name."""
        contact = self.row("contact", contact_id)
        return f"{contact.get('title') or 'contact'}, {self.account(contact.get('account'))}"

    def request(self, record_id: str) -> str:
        """A request by its number, kind and prospect."""
        row = self.row("request", record_id)
        prospect = f" for {self.account(row['prospect'])}" if row.get("prospect") else ""
        return f"{row.get('name') or record_id} {words(row.get('type'))}{prospect}"
