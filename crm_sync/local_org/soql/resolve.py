"""Names to columns: paths through parent relationships become joined tables and quoted columns.

    Path("Account", "Owner", "Name") --Scope.column--> Column(sql='t2."Name"', names=("Account", "Owner", "Name"))

One Scope per SELECT (outer query, child subquery, semi-join). What the user may not see does not exist here, as in
Salesforce. A lookup that points to several objects leads to the `Name` object: the few fields they share, and Type.
Called by operands, select and conditions. Not here: values and operators.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from crm_sync.local_org.schema import Field, ObjectType, Schema
from crm_sync.local_org.soql.context import UserContext
from crm_sync.local_org.soql.errors import SoqlError, SoqlUnsupported, located
from crm_sync.local_org.soql.sql import Aliases, Parameters, quote
from crm_sync.local_org.soql.syntax import Path

DEEPEST_PATH = 5
MOST_RELATIONSHIPS = 55
_REFERENCE = "Please reference your WSDL or the describe call for the appropriate names."
_NAME_FIELDS = {"id", "name", "firstname", "lastname", "type", "alias", "email", "phone", "title", "username"}
_NAME_FIELDS |= {"isactive", "profileid", "userroleid"}
_TYPE = Field("Type", "Type", "picklist", length=40, sortable=True, groupable=True)


@dataclass(eq=False)
class Join:
    """One table in FROM: the base, or the parent at the end of a path. `targets` are (object, alias) pairs;
    several for a lookup that points to several objects. `phases` says what needs it: select, filter.
    """

    names: tuple[str, ...]
    targets: tuple[tuple[ObjectType, str], ...]
    parent: Join | None = None
    lookup: Field | None = None
    polymorphic: bool = False
    phases: set[str] = field(default_factory=set)

    @property
    def object(self) -> ObjectType:
        """The object; the first one of a polymorphic lookup."""
        return self.targets[0][0]

    @property
    def alias(self) -> str:
        """The table's alias; the first one of a polymorphic lookup."""
        return self.targets[0][1]

    @property
    def id_sql(self) -> str:
        """The SQL of the row's Id, null when there is no such parent."""
        ids = [f'{alias}."Id"' for _, alias in self.targets]
        return ids[0] if len(ids) == 1 else f"coalesce({', '.join(ids)})"

    def need(self, phase: str) -> None:
        """Note that the phase needs this table, and those on the way to it."""
        step: Join | None = self
        while step is not None:
            step.phases.add(phase)
            step = step.parent


@dataclass(frozen=True)
class Column:
    """A field found: its SQL, its path in schema case, and the table it stands in."""

    field: Field
    sql: str
    names: tuple[str, ...]
    join: Join

    @property
    def optional(self) -> bool:
        """Whether an empty lookup on the way can make it null."""
        return self.join.parent is not None


class Scope:
    """The names one SELECT knows. `phase` is noted on every table its paths touch."""

    def __init__(
        self, schema: Schema, user: UserContext, text: str, base: ObjectType, aliases: Aliases, parameters: Parameters
    ) -> None:
        self.schema, self.user, self.text, self.parameters = schema, user, text, parameters
        self._aliases = aliases
        self.base = Join((), ((base, aliases.new()),))
        self.joins: dict[tuple[str, ...], Join] = {}
        self.prefixes: dict[str, tuple[str, ...]] = {}
        self.phase = "select"

    def error(self, code: str, at: int, reason: str) -> SoqlError:
        """Return the error for a place in the query."""
        return located(code, self.text, at, reason)

    def alias(self, name: str, path: tuple[str, ...]) -> None:
        """Let `name` stand for a path from the base (`FROM Contact c, c.Account a`)."""
        self.prefixes[name.lower()] = path

    def expand(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Replace a leading alias, or the base object's own name, by the path it stands for."""
        head = names[0].lower()
        if len(names) > 1 and head in self.prefixes:
            return self.prefixes[head] + names[1:]
        base = self.base.object
        if len(names) > 1 and head == base.name.lower() and base.relationship(names[0]) is None:
            return names[1:]
        return names

    def column(self, path: Path) -> Column:
        """Find the column of a path. Raises SoqlError INVALID_FIELD."""
        names = self.expand(path.names)
        join = self.join(names[:-1], path.at)
        return (
            self._polymorphic(join, names[-1], path.at) if join.polymorphic else self._plain(join, names[-1], path.at)
        )

    def column_in(self, join: Join, path: Path) -> Column:
        """Find a field of one table. Raises SoqlError INVALID_FIELD."""
        return self._plain(join, path.names[-1], path.at)

    def join(self, names: tuple[str, ...], at: int) -> Join:
        """Find or add the table at the end of these relationships."""
        if len(names) > DEEPEST_PATH:
            reason = f"Relationship path exceeds the maximum of {DEEPEST_PATH} levels: {'.'.join(names)}"
            raise self.error("MALFORMED_QUERY", at, reason)
        step = self.base
        for depth, name in enumerate(names, start=1):
            key = tuple(n.lower() for n in names[:depth])
            step = self.joins.get(key) or self._add(key, step, name, at)
        step.need(self.phase)
        return step

    def readable(self, obj: ObjectType, name: str) -> Field | None:
        """The field of this name if it exists and the user may read it."""
        found = obj.field(name)
        return found if found is not None and self.user.can_read(obj.name, found.name) else None

    def tables(self, *phases: str) -> str:
        """Return the FROM clause for these phases."""
        base, alias = self.base.targets[0]
        parts = [f"{quote(base.name)} AS {alias}"]
        for join in self.joins.values():
            if join.phases.isdisjoint(phases) or join.parent is None or join.lookup is None:
                continue
            key = f"{join.parent.alias}.{quote(join.lookup.name)}"
            parts += [
                f'LEFT JOIN {quote(o.name)} AS {a} ON {a}."Id" = {key}{self._sharing(o, a)}' for o, a in join.targets
            ]
        return " ".join(parts)

    def _sharing(self, target: ObjectType, alias: str) -> str:
        """Join no parent that the user may not see: its path is then null, as in Salesforce."""
        visible = self.user.rows(target.name, alias)
        return f" AND {visible}" if visible else ""

    def _add(self, key: tuple[str, ...], parent: Join, name: str, at: int) -> Join:
        lookup = None if parent.polymorphic else parent.object.relationship(name)
        if lookup is None or not self.user.can_read(parent.object.name, lookup.name):
            self._refuse_far_path(parent, at)
            raise self._no_relationship(name, at)
        found = [self.schema.object(target) for target in lookup.reference_to]
        targets = [o for o in found if o is not None and self.user.can_query(o.name)]
        if not targets:
            raise self._no_relationship(name, at)
        names = (*parent.names, lookup.relationship_name or name)
        pairs = tuple((o, self._aliases.new()) for o in targets)
        join = Join(names, pairs, parent, lookup, polymorphic=len(lookup.reference_to) > 1)
        self.joins[key] = join
        if len(self.joins) > MOST_RELATIONSHIPS:
            reason = f"The query has more than {MOST_RELATIONSHIPS} child-to-parent relationships."
            raise SoqlError("MALFORMED_QUERY", reason)
        return join

    def _refuse_far_path(self, parent: Join, at: int) -> None:
        if parent.polymorphic:
            raise SoqlUnsupported(f"a path beyond the polymorphic relationship {'.'.join(parent.names)}")

    def _no_relationship(self, name: str, at: int) -> SoqlError:
        reason = (
            f"Didn't understand relationship '{name}' in field path. If you are attempting to use a custom relationship, "
            f"be sure to append the '__r' after the custom relationship name. {_REFERENCE}"
        )
        return self.error("INVALID_FIELD", at, reason)

    def no_column(self, name: str, entity: str, at: int) -> SoqlError:
        """Return the error for a field that does not exist, or not for this user."""
        reason = (
            f"No such column '{name}' on entity '{entity}'. If you are attempting to use a custom field, "
            f"be sure to append the '__c' after the custom field name. {_REFERENCE}"
        )
        return self.error("INVALID_FIELD", at, reason)

    def _plain(self, join: Join, name: str, at: int) -> Column:
        found = self.readable(join.object, name)
        if found is None:
            raise self.no_column(name, join.object.name, at)
        if found.formula is not None:
            raise SoqlUnsupported(f"formula fields ({join.object.name}.{found.name})")
        return Column(found, f"{join.alias}.{quote(found.name)}", (*join.names, found.name), join)

    def _polymorphic(self, join: Join, name: str, at: int) -> Column:
        if name.lower() == "type":
            return Column(_TYPE, self._type_sql(join), (*join.names, "Type"), join)
        known = [(self._shared(o, name), alias) for o, alias in join.targets]
        found = [(f, alias) for f, alias in known if f is not None and f.stored]
        if name.lower() not in _NAME_FIELDS or not found:
            raise self.no_column(name, "Name", at)
        parts = [f"{alias}.{quote(f.name)}" for f, alias in found]
        sql = parts[0] if len(parts) == 1 else f"coalesce({', '.join(parts)})"
        shown = "Name" if name.lower() == "name" else found[0][0].name
        return Column(found[0][0], sql, (*join.names, shown), join)

    def _shared(self, obj: ObjectType, name: str) -> Field | None:
        """The field that stands for a field of the Name object: Name is the case number of a case."""
        if name.lower() == "name":
            called = next((f for f in obj.fields.values() if f.name_field), obj.field("Name"))
            return self.readable(obj, called.name) if called is not None else None
        return self.readable(obj, name)

    def _type_sql(self, join: Join) -> str:
        cases = [f'WHEN {alias}."Id" IS NOT NULL THEN {self.parameters.add(o.name)}' for o, alias in join.targets]
        return f"CASE {' '.join(cases)} END"


def find_object(schema: Schema, user: UserContext, text: str, path: Path) -> ObjectType:
    """Find the object named after FROM. Raises SoqlError INVALID_TYPE."""
    name = str(path)
    found = schema.object(name)
    if found is None or not user.can_query(found.name):
        reason = (
            f"sObject type '{name}' is not supported. If you are attempting to use a custom object, "
            f"be sure to append the '__c' after the entity name. {_REFERENCE}"
        )
        raise located("INVALID_TYPE", text, path.at, reason)
    if not found.queryable:
        raise SoqlError("INVALID_TYPE_FOR_OPERATION", f"entity type {found.name} does not support query")
    return found
