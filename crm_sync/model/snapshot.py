"""What the org holds, as columns: the input of every decision, and enough to replay it.

Made by `pull` from the mirror; read by evaluate, matching, lifecycle and diff. Not here: how it was read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

import pyarrow as pa


@dataclass(frozen=True)
class Snapshot:
    """The mapped fields of every mapped object at one moment.

    `tables` is keyed by mapping name ("account", "contact", "profile", ...); columns carry program names.
    Every table has `id` (18-character text). Types: text -> string, number -> float64, checkbox -> bool,
    date -> date32, datetime -> timestamp[us, UTC], picklist -> string (program value), multi-picklist -> list<string>.
    A value that could not be read, parsed or mapped is null. Deleted rows are not in the tables.

    `unreadable` names (mapping, field) pairs that the org would not show: their column is there and all null.
    `unmapped` has one row (object, id, field, value) per picklist value that no mapping translates.
    """

    as_of: datetime
    org_id: str
    tables: Mapping[str, pa.Table]
    unreadable: frozenset[tuple[str, str]]
    unmapped: pa.Table

    @property
    def today(self) -> date:
        """The UTC calendar day that decisions are made for."""
        return self.as_of.date()
