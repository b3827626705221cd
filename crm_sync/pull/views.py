"""Mappings against describe -> Views: what of each mapped object can be read, and everything that is wrong, at once.

Called by pull before it asks for rows. A field the org does not show vanishes from describe without a word, so absence
is noticed here: a missing safety field refuses the run, any other becomes unknown. Not here: what may be written.
"""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

from crm_sync.errors import ConfigurationError, HiddenFieldsError, Mistake
from crm_sync.ports import FieldFacts, ObjectFacts, Reading, Stamp
from crm_sync.program import Program
from crm_sync.program.mappings import LOOKUP, FieldMapping, FieldType, ObjectMapping
from crm_sync.pull.translate import MOMENT, TYPES

VERSION = "1"
STAMP, DELETED = "SystemModstamp", "IsDeleted"
STAMP_COLUMN = "system_modstamp"
_TEXTS = frozenset(
    {"string", "textarea", "email", "phone", "url", "combobox", "encryptedstring", "picklist", "reference"}
)
FITTING: Mapping[FieldType, frozenset[str]] = {
    "id": frozenset({"id"}),
    "reference": frozenset({"reference", "id"}),
    "text": _TEXTS | {"id", "multipicklist", "anyType", "time"},
    "url": _TEXTS,
    "number": frozenset({"int", "double", "currency", "percent", "long"}),
    "checkbox": frozenset({"boolean"}),
    "date": frozenset({"date"}),
    "datetime": frozenset({"datetime"}),
    "picklist": frozenset({"picklist", "combobox", "string"}),
    "multipicklist": frozenset({"multipicklist"}),
}
"""Which of Salesforce's field types hold what a mapping calls by ours."""


def fitting(field: FieldMapping) -> frozenset[str]:
    """Name Salesforce's field types that hold what a mapped field is."""
    return FITTING["picklist"] if field.is_graded else FITTING[field.type]


@dataclass(frozen=True)
class View:
    """What can be read of one mapped object. `visible` is False when the org shows nothing of it.

    `formulas` are those of the readable fields whose values change without a stamp: formulas and roll-ups.
    """

    mapping: ObjectMapping
    readable: tuple[FieldMapping, ...]
    unreadable: tuple[FieldMapping, ...]
    formulas: tuple[FieldMapping, ...]
    visible: bool
    stamped: bool
    deletable: bool

    @property
    def name(self) -> str:
        """The table's name: the mapping's, or that of the object joined to it."""
        return self.mapping.name

    @property
    def schema(self) -> pa.Schema:
        """The table's columns: `id`, every field that is not personal, and the stamp."""
        columns = {"id": pa.string()} | {field.name: TYPES[field.type] for field in self.mapping.pulled}
        return pa.schema([*columns.items(), (STAMP_COLUMN, MOMENT)])

    @property
    def keeps_merged(self) -> bool:
        """Whether records of this object can be merged into others."""
        return "master_record" in self.mapping.fields

    def fingerprint(self, salt: bytes) -> str:
        """Identify everything that a mirrored value depends on besides the record itself."""
        fields = [
            (field.name, field.field, field.type, sorted(field.values.items()), field.transform)
            for field in sorted(self.readable, key=lambda field: field.name)
        ]
        kept = sorted(field.name for field in self.unreadable)
        secret = hashlib.blake2b(salt, digest_size=8).hexdigest()
        body = [VERSION, self.mapping.object, fields, kept, self.stamped, self.deletable, secret]
        return hashlib.sha256(json.dumps(body).encode()).hexdigest()[:32]

    def reading(self, since: Stamp | None, until: Stamp, *, late: bool = False) -> Reading:
        """Say what to ask of the org."""
        names = dict.fromkeys(field.field for field in self.readable)
        return Reading(
            object_name=self.mapping.object,
            fields=tuple(names),
            since=since if self.stamped else None,
            until=until.system_modstamp,
            stamped=self.stamped,
            deletable=self.deletable,
            late=late,
        )


def tables(program: Program) -> tuple[ObjectMapping, ...]:
    """Give everything that is read of the org: each mapping's own object, and the objects joined to it."""
    return tuple(table for mapping in program.mappings.values() for table in mapping.tables)


def views(program: Program, facts: Mapping[str, ObjectFacts]) -> tuple[View, ...]:
    """Hold every mapping against what the org shows.

    Raises:
        HiddenFieldsError: a safety field is not readable; lists what else is wrong, too.
        ConfigurationError: a field's type cannot be what the mapping says; lists all.
    """
    mistakes: list[Mistake] = []
    found = tuple(_view(table, facts.get(table.object), mistakes) for table in tables(program))
    if hidden := dict.fromkeys(
        (view.mapping.known_as, f"{view.mapping.object}.{field.field}")
        for view in found
        for field in view.unreadable
        if field.safety
    ):
        raise HiddenFieldsError(tuple(mistakes), tuple(hidden))
    if mistakes:
        raise ConfigurationError(tuple(mistakes))
    return found


def view_of(mapping: ObjectMapping, facts: ObjectFacts | None) -> View:
    """Say what of one table can be read, whether or not a run would be content with it."""
    return _view(mapping, facts, [])


def _view(mapping: ObjectMapping, facts: ObjectFacts | None, mistakes: list[Mistake]) -> View:
    fields = {name.lower(): field for name, field in facts.fields.items()} if facts else {}
    readable, unreadable = [], []
    for field in mapping.pulled:
        known = fields.get(field.field.lower())
        if known is not None:
            readable.append(field)
            _check_type(mapping, field, known, mistakes)
        else:
            unreadable.append(field)
            _check_may_miss(mapping, field, facts, mistakes)
    return View(
        mapping=mapping,
        readable=tuple(readable),
        unreadable=tuple(unreadable),
        formulas=tuple(field for field in readable if fields[field.field.lower()].calculated),
        visible=facts is not None and facts.queryable,
        stamped=STAMP.lower() in fields,
        deletable=DELETED.lower() in fields,
    )


def _check_type(mapping: ObjectMapping, field: FieldMapping, known: FieldFacts, mistakes: list[Mistake]) -> None:
    if known.type not in fitting(field):
        expected = f"a field that holds {field.type} (mappings/{mapping.known_as}.yaml, {field.name})"
        mistakes.append(Mistake(f"{mapping.object}.{field.field}", f"a field of type {known.type}", expected))


def _check_may_miss(
    mapping: ObjectMapping, field: FieldMapping, facts: ObjectFacts | None, mistakes: list[Mistake]
) -> None:
    if not field.safety and (field.field != "Id" or facts is None):
        return
    found = "no such field that the integration user may read" if facts else "no such object that it may read"
    near = difflib.get_close_matches(field.field, list(facts.fields), n=1) if facts else []
    expected = f"read access, because {_needed(mapping, field)} is needed to decide safely"
    mistakes.append(Mistake(f"{mapping.object}.{field.field}", found, expected, near[0] if near else None))


def _needed(mapping: ObjectMapping, field: FieldMapping) -> str:
    """Say what is lost without a field: itself, or everything that is found by it."""
    if field.name != LOOKUP:
        return f"{mapping.known_as}.{field.name}"
    return ", ".join(f"{mapping.known_as}.{other.name}" for other in mapping.safety if other is not field)
