"""The SELECT list of a query of records: SQL columns, the shape of the record, and the flat columns of Bulk.

    FieldItem | TypeOf --Selection--> columns of SQL + Record + (header, Operand) pairs

Called by rows. Not here: child subqueries (rows) and grouped queries (groups).
"""

from __future__ import annotations

from crm_sync.local_org.schema import Field
from crm_sync.local_org.soql import shape
from crm_sync.local_org.soql.columns import Column, column_of
from crm_sync.local_org.soql.errors import SoqlError, SoqlUnsupported
from crm_sync.local_org.soql.operands import AGGREGATES, DATE_FUNCTIONS, Operand, Operands
from crm_sync.local_org.soql.resolve import Join
from crm_sync.local_org.soql.shape import Reading, Record
from crm_sync.local_org.soql.sql import quote
from crm_sync.local_org.soql.syntax import Call, Expression, FieldItem, Path, TypeOf

MOST_WITH_FIELDS = 200
_ADDRESS: tuple[str, ...] = (
    "city",
    "country",
    "geocodeAccuracy",
    "latitude",
    "longitude",
    "postalCode",
    "state",
    "street",
)
_WITH_CODES: tuple[str, ...] = tuple(sorted((*_ADDRESS, "countryCode", "stateCode")))
_FORMATTED = frozenset({"int", "double", "currency", "percent", "date", "datetime"})


class Selection:
    """The list being gathered. `columns_sql` starts with the record's Id, which `attributes.url` needs."""

    def __init__(self, operands: Operands) -> None:
        self.operands, self.scope = operands, operands.scope
        self.columns_sql: list[str] = []
        base = self.scope.base
        self.record = Record(base.object.name, self.position(base.id_sql))
        self.flat: list[tuple[str, Operand]] = []
        self.described: list[tuple[tuple[str, ...], Column]] = []
        self.typeofs = 0
        self._parents: dict[tuple[str, ...], Record] = {}
        self._seen: set[tuple[str, ...]] = set()

    def position(self, sql: str) -> int:
        """Return where this SQL stands in the row, adding it when it is new."""
        if sql not in self.columns_sql:
            self.columns_sql.append(sql)
        return self.columns_sql.index(sql)

    def field_item(self, item: FieldItem) -> None:
        """Add a selected field, function or FIELDS(...). Raises SoqlError."""
        expression = item.expression
        if isinstance(expression, Call) and expression.function == "FIELDS":
            self._fields(expression)
            return
        if item.alias is not None and isinstance(expression, Path):
            reason = "only aggregate expressions use field aliasing"
            raise self.scope.error("MALFORMED_QUERY", expression.at, reason)
        operand, names = self._value(expression)
        if item.alias is not None:
            names = (item.alias,)
        if operand.column is None:
            raise self.scope.error("MALFORMED_QUERY", expression.at, f"{operand.name} needs an alias")
        self._add(names, operand)

    def claim(self, names: tuple[str, ...]) -> None:
        """Note a key of the record. Raises SoqlError when it was selected before."""
        key = tuple(n.lower() for n in names)
        if key in self._seen:
            raise SoqlError("INVALID_FIELD", f"duplicate field selected: {'.'.join(names)}")
        self._seen.add(key)

    def _fields(self, call: Call) -> None:
        group = str(call.arguments[0]).upper() if len(call.arguments) == 1 else ""
        if group not in ("ALL", "STANDARD", "CUSTOM"):
            raise self.scope.error("MALFORMED_QUERY", call.at, "FIELDS takes one of ALL, CUSTOM, STANDARD")
        for field in self.scope.base.object.fields.values():
            if group == "ALL" or field.custom == (group == "CUSTOM"):
                self._one_of_many(field, call.at)

    def _one_of_many(self, field: Field, at: int) -> None:
        if self.scope.readable(self.scope.base.object, field.name) is not None:
            operand = self.operands.field(Path((field.name,), at))
            self._add((field.name,), operand)

    def _value(self, expression: Expression) -> tuple[Operand, tuple[str, ...]]:
        if isinstance(expression, Path):
            operand = self.operands.field(expression)
            return operand, self._names(operand)
        name = expression.function
        if name in AGGREGATES or name in DATE_FUNCTIONS:
            inner = next((a for a in expression.arguments if isinstance(a, Path)), None)
            raise SoqlError("MALFORMED_QUERY", f"Field must be grouped or aggregated: {inner or name}")
        if name == "CONVERTCURRENCY":
            return self._value(self.operands.argument(expression))
        if name == "FORMAT":
            operand, names = self._value(self.operands.argument(expression))
            return formatted(operand, self.operands), names
        operand = self.operands.of(expression)
        return operand, self._names(operand)

    def _names(self, operand: Operand) -> tuple[str, ...]:
        return operand.column.names if operand.column is not None else (operand.name,)

    def _add(self, names: tuple[str, ...], operand: Operand) -> None:
        self.claim(names)
        self.flat.append((".".join(names), operand))
        self.described.append((names, column_of(names[-1], operand)))
        record = self._parent(names[:-1], operand.column.join if operand.column else None)
        self._put(record, names[-1], operand)

    def _put(self, record: Record, key: str, operand: Operand) -> None:
        if operand.kind == "address":
            record.add(key, record.id_at, self._compound(operand))
            return
        position = self.position(operand.sql)
        record.add(key, position, self._reading(operand, position, record.id_at))

    def _reading(self, operand: Operand, position: int, id_at: int) -> Reading | None:
        if operand.kind == "boolean":
            return shape.truth(position)
        if operand.kind == "double":
            return shape.number(position)
        if operand.kind == "base64" and operand.column is not None:
            return shape.blob(position, operand.column.join.object.name, operand.column.field.name, id_at)
        return None

    def _parent(self, names: tuple[str, ...], join: Join | None) -> Record:
        """Return the record of a parent path, adding it and its own parents on first sight."""
        if not names or join is None:
            return self.record
        key = tuple(n.lower() for n in names)
        if key not in self._parents:
            self._parents[key] = self._new_parent(names, join)
        return self._parents[key]

    def _new_parent(self, names: tuple[str, ...], join: Join) -> Record:
        above = self._parent(names[:-1], join.parent)
        id_at = self.position(join.id_sql)
        record = Record("Name" if join.polymorphic else join.object.name, id_at)
        reading = record.named(self._type_at(join)) if join.polymorphic else record.parent
        above.add(names[-1], id_at, reading)
        return record

    def _type_at(self, join: Join) -> int:
        column = self.scope.column(Path((*join.names, "Type")))
        return self.position(column.sql)

    def _compound(self, operand: Operand) -> Reading:
        """Read an address or location from its component fields, which name it in `compound`."""
        whole, join = operand.column.field if operand.column else None, operand.column.join if operand.column else None
        if whole is None or join is None:
            raise SoqlUnsupported("this compound field")
        prefix = whole.name.removesuffix("Address") if whole.type == "address" else ""
        found: dict[str, int | None] = {}
        for part in join.object.fields.values():
            if part.compound == whole.name:
                key = _part_name(part.name, prefix)
                found[key] = self.position(f"{join.alias}.{quote(part.name)}")
        return shape.compound([(key, found.get(key)) for key in _part_names(whole.type, found)])

    def typeof(self, item: TypeOf) -> None:
        """Add a TYPEOF. Raises SoqlError unless its relationship points to several objects."""
        join = self.scope.join(self.scope.expand((*item.relationship.names, ""))[:-1], item.relationship.at)
        if not join.polymorphic:
            reason = f"TYPEOF needs a polymorphic relationship, {item.relationship} is none"
            raise self.scope.error("INVALID_FIELD", item.relationship.at, reason)
        self.typeofs += 1
        self.claim(join.names)
        branches = [self._branch(join, when.type, when.paths, item.relationship.at) for when in item.whens]
        otherwise = Record("Name", self.position(join.id_sql)) if item.otherwise else None
        for path in item.otherwise:
            operand = self.operands.field(Path((*join.names, *path.names), path.at))
            if otherwise is not None and operand.column is not None:
                self._put(otherwise, operand.column.names[-1], operand)
        type_at = self._type_at(join) if otherwise is not None else None
        parent = self._parent(join.names[:-1], join.parent)
        parent.add(join.names[-1], self.record.id_at, shape.by_type(branches, otherwise, type_at))
        self.described.append((join.names, Column(join.names[-1], "reference", "text")))

    def _branch(self, join: Join, type_name: str, paths: tuple[Path, ...], at: int) -> Record:
        target = next((t for t in join.targets if t[0].name.lower() == type_name.lower()), None)
        if target is None:
            reason = f"sObject type '{type_name}' is not a target of the relationship '{'.'.join(join.names)}'"
            raise self.scope.error("INVALID_FIELD", at, reason)
        alone = Join(join.names, (target,), join.parent, join.lookup)
        record = Record(target[0].name, self.position(alone.id_sql))
        for path in paths:
            if len(path.names) > 1:
                raise SoqlUnsupported("relationship paths inside TYPEOF")
            self._put(record, *self._branch_value(alone, path))
        return record

    def _branch_value(self, join: Join, path: Path) -> tuple[str, Operand]:
        operand = self.operands.in_join(join, path)
        return operand.column.field.name if operand.column else path.names[-1], operand


def formatted(operand: Operand, operands: Operands, source: Field | None = None) -> Operand:
    """Return the operand of FORMAT(): text as the user sees it; kinds without a format stay as they are.

    `source` is the field that an aggregate is over.
    """
    field = operand.field or source
    kind = field.type if field is not None and field.type in _FORMATTED else operand.kind
    if kind not in _FORMATTED:
        return operand
    scale = field.scale if field is not None else 0
    add = operands.scope.parameters.add
    sql = f"soql_format({operand.sql}, {add(kind)}, {2 if kind == 'currency' else scale}, {add(operands.zone)})"
    return Operand(sql, "text", operand.name, operand.at, operand.column, operand.optional)


def _part_name(field_name: str, prefix: str) -> str:
    if field_name.endswith("__s"):  # a custom location: X__Latitude__s, X__Longitude__s
        return field_name.split("__")[-2].lower()
    name = field_name.removeprefix(prefix)
    return name[0].lower() + name[1:]


def _part_names(field_type: str, found: dict[str, int | None]) -> tuple[str, ...]:
    if field_type == "location":
        return ("latitude", "longitude")
    return _WITH_CODES if "countryCode" in found or "stateCode" in found else _ADDRESS
