"""How an object's rows lie in SQLite, worked out once per schema.

    ObjectType -> Layout (columns, their SQL, defaults, which fields to check)

Called by store (to create tables) and records (to write them). The storage form of values is documented in `values`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from crm_sync.local_org import formula
from crm_sync.local_org.formula_functions import UnsupportedFormulaError
from crm_sync.local_org.schema import Field, ObjectType, Schema

_COLUMN_TYPES = {
    "boolean": "INTEGER NOT NULL",
    "int": "INTEGER",
    "double": "REAL",
    "currency": "REAL",
    "percent": "REAL",
}


_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Layout:
    """One table: `columns` in order, prepared INSERT, and the fields that need looking at on every write."""

    type: ObjectType
    columns: tuple[str, ...]
    insert_sql: str
    defaults: Mapping[str, object]
    required: tuple[Field, ...]
    unique: tuple[Field, ...]
    auto_numbers: tuple[Field, ...]
    formulas: tuple[tuple[Field, formula.Node], ...]
    soft_delete: bool

    @property
    def table(self) -> str:
        """The quoted table name."""
        return quoted(self.type.name)

    @property
    def live(self) -> str:
        """The SQL condition that leaves out the recycle bin."""
        return '"IsDeleted" = 0' if self.soft_delete else "1"


def quoted(name: str) -> str:
    """Quote an API name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def layouts(schema: Schema) -> dict[str, Layout]:
    """Work out the layout of every object, by API name."""
    return {o.name: _layout(o) for o in schema.objects.values()}


def _layout(o: ObjectType) -> Layout:
    fields = [f for f in o.fields.values() if f.stored]
    columns = tuple(f.name for f in fields)
    names, marks = ", ".join(map(quoted, columns)), ", ".join("?" * len(columns))
    return Layout(
        type=o,
        columns=columns,
        insert_sql=f"INSERT INTO {quoted(o.name)} ({names}) VALUES ({marks})",
        defaults={f.name: stored_default(f) for f in fields if stored_default(f) is not None},
        required=tuple(f for f in fields if f.required),
        unique=tuple(f for f in fields if f.unique),
        auto_numbers=tuple(f for f in fields if f.auto_number),
        formulas=tuple(_default_formulas(fields)),
        soft_delete=o.field("IsDeleted") is not None,
    )


def _default_formulas(fields: list[Field]) -> Iterator[tuple[Field, formula.Node]]:
    for f in fields:
        if f.default_formula:
            try:
                yield f, formula.parse(f.default_formula)
            except UnsupportedFormulaError as error:
                _log.warning("The default of %s is not worked out by the embedded org: %s", f.name, error)


def stored_default(f: Field) -> object:
    """Give the value a field has when nobody says anything, in storage form."""
    if f.type == "boolean":
        return int((f.default or "false").lower() == "true")
    if f.default is None or f.type not in ("int", "double", "currency", "percent"):
        return f.default
    return int(f.default) if f.type == "int" else float(f.default)


def column_sql(f: Field) -> str:
    """Declare one column."""
    if f.name == "Id":
        return '"Id" TEXT NOT NULL PRIMARY KEY'
    declared = f"{quoted(f.name)} {_COLUMN_TYPES.get(f.type, 'TEXT')}"
    return f"{declared} DEFAULT {stored_default(f)}" if f.type == "boolean" else declared


def index_sql(o: ObjectType) -> list[str]:
    """Declare the indexes of an object: by stamp for change reads, by reference for joins, by external id for upserts."""
    made = []
    if o.field("SystemModstamp"):
        made.append(_index(o, '"SystemModstamp", "Id"', "stamp"))
    for f in o.fields.values():
        if f.stored and f.reference_to and not f.name.endswith("ById"):
            made.append(_index(o, quoted(f.name), f.name))
        elif f.stored and f.name != "Id" and (f.unique or f.id_lookup):
            made.append(_index(o, quoted(f.name) + ("" if f.case_sensitive else " COLLATE NOCASE"), f.name))
    return made


def _index(o: ObjectType, columns: str, name: str) -> str:
    return f"CREATE INDEX IF NOT EXISTS {quoted(f'{o.name}.{name}')} ON {quoted(o.name)} ({columns})"
