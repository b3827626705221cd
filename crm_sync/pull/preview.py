"""A few real records, before and after a mapping was edited: the org's values, and what either mapping makes of them.

Called by `crm-sync mapping preview`. Reads the org and nothing else: no mirror, no state. Personal values are masked here,
so that nobody who prints this can show them. Not here: printing, and which mapping was used before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from crm_sync.errors import ConfigurationError, Mistake
from crm_sync.ports import ObjectFacts, Org
from crm_sync.program import FieldMapping, ObjectMapping
from crm_sync.program.mappings import LOOKUP
from crm_sync.pull.joins import newest
from crm_sync.pull.pages import typed
from crm_sync.pull.views import View, view_of

MASKED = "***"
LOOKED_AT = 400
"""So many records are read at most; those that hold the most are shown, as empty ones teach nothing."""
NO_SALT = b"preview"
Facts = Mapping[str, ObjectFacts]


@dataclass(frozen=True)
class Column:
    """One mapped field over the sampled records. `org` is the org's text, `before` and `after` are the program's values.

    `before` is what another mapping made of the same records; None when there is none, or it has no such field. A column
    that the org does not show is all None and not `readable`. Of what is personal `org` is `MASKED` and the program has
    nothing, as it never enters the mirror; an address is masked, and a one-way key for the program.
    """

    field: FieldMapping
    object: str
    readable: bool
    org: Sequence[str | None]
    after: Sequence[Any]
    before: Sequence[Any] | None = None

    @property
    def filled(self) -> int:
        """How many records hold something."""
        return sum(value is not None for value in self.org)

    @property
    def not_known(self) -> int:
        """How many records hold something that the program cannot read."""
        if self.field.personal:
            return 0
        return sum(raw is not None and value is None for raw, value in zip(self.org, self.after, strict=True))

    @property
    def changed(self) -> Sequence[tuple[Any, Any]]:
        """What is read differently than before: both values of each record that differs."""
        pairs = zip(self.before or (), self.after, strict=self.before is not None)
        return [(before, after) for before, after in pairs if before != after]


def preview(
    org: Org, mapping: ObjectMapping, limit: int, before: ObjectMapping | None = None
) -> tuple[tuple[str, ...], tuple[Column, ...]]:
    """Read some records of an object and give the ids of the `limit` that hold the most, with every mapped field.

    `before` is another mapping of the same object to compare with. Raises ConfigurationError when the org does not show
    the object.
    """
    both = (mapping,) if before is None or before.object != mapping.object else (mapping, before)
    objects = dict.fromkeys(table.object for one in both for table in one.tables)
    facts = org.describe_all(tuple(objects))
    if mapping.object not in facts:
        expected = "an object that the integration user may read"
        raise ConfigurationError((Mistake(f"mappings/{mapping.name}.yaml", mapping.object, expected),))
    ids = _fullest(org, mapping.tables[0], facts, limit)
    now, *earlier = [_columns(org, one, facts, ids) for one in both]
    then = {name: column.after for columns in earlier for name, column in columns.items()}
    return tuple(ids), tuple(replace(column, before=then.get(name)) for name, column in now.items())


def _fullest(org: Org, table: ObjectMapping, facts: Facts, limit: int) -> list[str]:
    """Name the records with the most values, in the order they came."""
    ids = list(islice((one for page in org.read_ids(table.object) for one in page), max(limit, LOOKED_AT)))
    rows = org.read_rows(table.object, _shown(table, facts), ids)
    filled = [sum(value not in (None, "") for value in row.values()) for row in rows.to_pylist()]
    best = sorted(sorted(range(len(filled)), key=lambda row: (-filled[row], row))[:limit])
    return [rows["Id"][row].as_py() for row in best]


def _shown(table: ObjectMapping, facts: Facts) -> list[str]:
    """Name the mapped fields that the org shows, each once, personal ones as well."""
    known = {name.casefold() for name in facts[table.object].fields}
    fields = (field.field for field in table.fields.values() if field.field != "Id")
    return [name for name in dict.fromkeys(fields) if name.casefold() in known]


def _columns(org: Org, mapping: ObjectMapping, facts: Facts, ids: Sequence[str]) -> Mapping[str, Column]:
    """Read these records as one mapping says, in the order of its fields."""
    found: dict[str, Column] = {}
    for table in mapping.tables:
        view = replace(view_of(table, facts.get(table.object)), stamped=False)
        rows, place = _rows(org, mapping, view, facts, ids)
        values = typed(view, rows, NO_SALT)
        found |= {
            name: _column(mapping, field, rows, values, place)
            for name, field in table.fields.items()
            if name != LOOKUP and not (table.home and name == "id")
        }
    return {name: found[name] for name in mapping.fields}


def _rows(
    org: Org, mapping: ObjectMapping, view: View, facts: Facts, ids: Sequence[str]
) -> tuple[pa.Table, Sequence[int | None]]:
    """Read one table's rows for these records, and say which row is whose; None where none counts."""
    table = view.mapping
    if not view.visible or any(field.name == LOOKUP for field in view.unreadable):
        return pa.table({"Id": pa.array([], pa.string())}), [None] * len(ids)
    names, wanted = _shown(table, facts), pa.array(ids, pa.string())
    if table.home is None:
        rows = org.read_rows(table.object, names, ids)
        return rows, pc.index_in(wanted, value_set=rows["Id"].combine_chunks()).to_pylist()
    join = mapping.joined[table.home]
    each = [[one] for one in ids] if join.newest_by else [list(ids)]
    rows = pa.concat_tables([org.find(table.object, join.lookup, some, names) for some in each])
    kept = newest(typed(view, rows, NO_SALT), join.newest_by, org.server_time())
    counting = pc.index_in(kept["id"], value_set=rows["Id"].combine_chunks())
    owners = pc.index_in(wanted, value_set=kept[LOOKUP].combine_chunks())
    return rows, counting.take(owners).to_pylist()


def _column(
    mapping: ObjectMapping, field: FieldMapping, rows: pa.Table, values: pa.Table, place: Sequence[int | None]
) -> Column:
    home = mapping.object_of(field)
    if field.field not in rows.column_names:
        return Column(field, home, False, (None,) * len(place), (None,) * len(place))
    at = pa.array(place, pa.int64())
    raw = [value or None for value in rows[field.field].take(at).to_pylist()]
    after = [None] * len(place) if field.personal else values[field.name].take(at).to_pylist()
    if field.personal or field.transform:
        raw = [None if value is None else MASKED for value in raw]
    return Column(field, home, True, raw, after)
