"""A few real records, before and after a mapping: what the org returns beside what the program reads.

Called by `crm-sync mapping preview`. Reads the org and nothing else: no mirror, no state. Personal values are masked here,
so that nobody who prints this can show them. Not here: printing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import pyarrow as pa

from crm_sync.errors import ConfigurationError, Mistake
from crm_sync.ports import Org
from crm_sync.program import FieldMapping, ObjectMapping
from crm_sync.pull.translate import translated

MASKED = "***"
LOOKED_AT = 400
"""So many records are read at most; those that hold the most are shown, as empty ones teach nothing."""
NO_SALT = b"preview"


@dataclass(frozen=True)
class Column:
    """One mapped field over the sampled records. `before` is the org's text, `after` the program's value.

    A column that the org does not show is all None on both sides and not `readable`. Personal values are `MASKED`
    before, and None after, as they never enter the mirror; an address is masked before and a one-way key after.
    """

    field: FieldMapping
    readable: bool
    before: tuple[str | None, ...]
    after: tuple[Any, ...]

    @property
    def filled(self) -> int:
        """How many records hold something."""
        return sum(value is not None for value in self.before)

    @property
    def not_known(self) -> int:
        """How many records hold something that the program cannot read."""
        if self.field.personal:
            return 0
        return sum(raw is not None and value is None for raw, value in zip(self.before, self.after, strict=True))


def preview(org: Org, mapping: ObjectMapping, limit: int) -> tuple[tuple[str, ...], tuple[Column, ...]]:
    """Read some records of an object and give the ids of the `limit` that hold the most, with every mapped field.

    Raises ConfigurationError when the org does not show the object.
    """
    facts = org.describe_all((mapping.object,)).get(mapping.object)
    if facts is None:
        expected = "an object that the integration user may read"
        raise ConfigurationError((Mistake(f"mappings/{mapping.name}.yaml", mapping.object, expected),))
    shown = {name.casefold() for name in facts.fields}
    readable = [field for field in mapping.fields.values() if field.field.casefold() in shown]
    ids = tuple(islice((one for page in org.read_ids(mapping.object) for one in page), max(limit, LOOKED_AT)))
    names = list(dict.fromkeys(field.field for field in readable if field.field != "Id"))
    rows = _fullest(org.read_rows(mapping.object, names, ids), limit)
    columns = tuple(_column(field, rows, readable=field in readable) for field in mapping.fields.values())
    return tuple(rows["Id"].to_pylist()), columns


def _fullest(rows: pa.Table, limit: int) -> pa.Table:
    """Keep the rows with the most values, in the order they came."""
    filled = [sum(value not in (None, "") for value in row.values()) for row in rows.to_pylist()]
    best = sorted(range(len(filled)), key=lambda row: (-filled[row], row))[:limit]
    return rows.take(sorted(best))


def _column(field: FieldMapping, rows: pa.Table, *, readable: bool) -> Column:
    if not readable:
        nothing: Sequence[None] = (None,) * rows.num_rows
        return Column(field, False, tuple(nothing), tuple(nothing))
    text = rows[field.field]
    before = tuple(value or None for value in text.to_pylist())
    after = (None,) * rows.num_rows if field.personal else tuple(translated(text, field, NO_SALT).to_pylist())
    if field.personal or field.transform:
        before = tuple(None if value is None else MASKED for value in before)
    return Column(field, True, before, after)
