"""The files of mappings/ as values: which field of the org holds what the program talks about.

Read by pull, writeback and the facts catalogue. The only place where the program's names meet the org's.
Not here: reading the org, and translating whole columns.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from crm_sync.program.base import ApiName, Name, Part, Sentence

FieldType = Literal[
    "id", "reference", "text", "number", "checkbox", "date", "datetime", "picklist", "multipicklist", "url"
]
Owner = Literal["org", "human", "worker", "key", "human_after_create", "stamp"]
Transform = Literal["email_key"]

TYPE_MEANINGS: Mapping[FieldType, str] = {
    "id": "the record's own id; every mapping has exactly one, `id: {field: Id}`",
    "reference": "a link to another record; `to` names the mapping it points to, or `any`",
    "text": "text of any length, a time of day, or a picklist whose values are taken as they are",
    "number": "a number, amount or percentage; with `values`, words that stand for numbers, as {Good: 90, Poor: 30}",
    "checkbox": "true or false",
    "date": "a day",
    "datetime": "a moment (UTC)",
    "picklist": "one of `values`; a value the mapping does not translate is unknown and never passes",
    "multipicklist": "several of `values`",
    "url": "a link to a page or file",
}
OWNER_MEANINGS: Mapping[Owner, str] = {
    "org": "the org or another system; the worker only reads it (the default)",
    "human": "people; the worker only reads it",
    "worker": "the worker, on every run; people see it",
    "key": "the worker, once, when it creates the record",
    "human_after_create": "the worker when it creates the record, people from then on",
    "stamp": "the worker, together with another of its fields; never a difference by itself",
}

ANY_OBJECT = "any"
"""What a reference points `to` when the org allows records of several objects (Salesforce: polymorphic lookup)."""

LOOKUP = "looks_up_to"
"""The column of a joined table that says which record of the mapping's own object a row belongs to."""

STANDARD_NAMES = (
    "account",
    "contact",
    "individual",
    "user",
    "opportunity",
    "case",
    "task",
    "event",
    "business_hours",
    "holiday",
    "queue",
)
"""Mappings of Salesforce's own objects."""

MAPPING_NAMES = (
    *STANDARD_NAMES,
    "profile",
    "consent",
    "request",
    "match",
    "activity",
    "escalation",
    "asset",
    "coverage",
    "sync_request",
    "sync_run",
    "sync_issue",
)
"""The mappings the program is made of: one file each."""


class JoinedEntry(Part):
    """Another object that some fields live on: its records look up to those of this mapping.

    `lookup` is the field of theirs that does; of several for one record the newest by the field `newest_by` counts.
    """

    object: ApiName
    lookup: ApiName
    newest_by: Name | None = None


class FieldEntry(Part):
    """One field as written in a mapping file. `from` names the joined object that it lives on."""

    field: ApiName
    home: Name | None = Field(default=None, alias="from")
    type: FieldType = "id"
    owner: Owner = "org"
    to: str | None = None
    values: Mapping[str, str | float] | None = Field(default=None, min_length=1)
    transform: Transform | None = None
    personal: bool = False
    safety: bool = False


class MappingFile(Part):
    """One mapping file as written."""

    object: ApiName
    about: Sentence
    key: ApiName | None
    joined: Mapping[Name, JoinedEntry] = Field(default_factory=dict)
    fields: Mapping[Name, FieldEntry] = Field(min_length=1)


@dataclass(frozen=True)
class Joined:
    """An object that some fields of a mapping live on, found by its lookup to the mapping's own.

    `newest_by` names the mapped field by which the newest of several records is known; None: there may be only one.
    """

    name: str
    object: str
    lookup: str
    newest_by: str | None = None


@dataclass(frozen=True)
class FieldMapping:
    """One mapped field: its program name, its API name, and who may write it.

    `home` is the joined object it lives on, None for the mapping's own. `values` translate API values to program values. `to` is the mapping a reference points to, or "any".
    `personal` fields never enter the mirror; an absent `safety` field refuses the run.
    """

    name: str
    field: str
    type: FieldType
    owner: Owner = "org"
    values: Mapping[str, str] = dataclasses.field(default_factory=dict)
    to: str | None = None
    transform: Transform | None = None
    personal: bool = False
    safety: bool = False
    home: str | None = None

    @property
    def program_values(self) -> tuple[str, ...]:
        """The values the program knows, in the order written, each once."""
        return tuple(dict.fromkeys(self.values.values()))

    @property
    def is_graded(self) -> bool:
        """Whether the org says in words what the program counts on as a number: Good for 90."""
        return self.type == "number" and bool(self.values)

    @property
    def api_values(self) -> Mapping[str, str]:
        """Program values to API values; where several API values mean the same, the first written."""
        return {program: api for api, program in reversed(list(self.values.items()))}

    @property
    def worker_writes(self) -> bool:
        """Whether the worker ever writes the field, if only when it creates the record."""
        return self.owner in {"worker", "key", "human_after_create", "stamp"}


def _written(value: str | float) -> str:
    """Write a program value as text: 90 and 90.0 alike."""
    return value if isinstance(value, str) else f"{value:g}"


@dataclass(frozen=True)
class ObjectMapping:
    """One mapped object. `key` is the API name of the external id the worker upserts by, None if it never creates.

    Of the table of a joined object (see `tables`), `part_of` names the mapping and `home` the joined object.
    """

    name: str
    object: str
    about: str
    key: str | None
    fields: Mapping[str, FieldMapping]
    joined: Mapping[str, Joined] = dataclasses.field(default_factory=dict)
    part_of: str | None = None
    home: str | None = None

    @classmethod
    def of(cls, name: str, file: MappingFile) -> ObjectMapping:
        """Make a mapping of a file's content."""
        fields = {
            field_name: FieldMapping(
                name=field_name,
                field=entry.field,
                type=entry.type,
                owner=entry.owner,
                values={api: _written(value) for api, value in (entry.values or {}).items()},
                to=entry.to,
                transform=entry.transform,
                personal=entry.personal,
                safety=entry.safety,
                home=entry.home,
            )
            for field_name, entry in file.fields.items()
        }
        joined = {one: Joined(one, at.object, at.lookup, at.newest_by) for one, at in file.joined.items()}
        return cls(name, file.object, file.about, file.key, fields, joined)

    @property
    def known_as(self) -> str:
        """The mapping's name, for one of its tables as well."""
        return self.part_of or self.name

    @property
    def tables(self) -> tuple[ObjectMapping, ...]:
        """What is read of the org for this mapping: its own object, then every joined one with its lookup, each a table."""
        own = {name: field for name, field in self.fields.items() if field.home is None}
        return (
            dataclasses.replace(self, fields=own, joined={}),
            *(self._table(joined) for joined in self.joined.values()),
        )

    def _table(self, joined: Joined) -> ObjectMapping:
        fields = {name: field for name, field in self.fields.items() if field.home == joined.name}
        lookup = FieldMapping(
            LOOKUP, joined.lookup, "reference", to=self.name, safety=any(field.safety for field in fields.values())
        )
        known = {"id": FieldMapping("id", "Id", "id"), LOOKUP: lookup, **fields}
        name = f"{self.name}_{joined.name}"
        return ObjectMapping(name, joined.object, self.about, None, known, part_of=self.name, home=joined.name)

    def object_of(self, field: FieldMapping) -> str:
        """Name the org's object that a field lives on."""
        home = self.joined.get(field.home or "")
        return home.object if home else self.object

    @property
    def pulled(self) -> tuple[FieldMapping, ...]:
        """The fields that enter the mirror: all but the personal ones."""
        return tuple(field for field in self.fields.values() if not field.personal)

    @property
    def personal(self) -> tuple[FieldMapping, ...]:
        """The fields that are fetched only when a text is rendered, and never stored."""
        return tuple(field for field in self.fields.values() if field.personal)

    @property
    def worker_owned(self) -> tuple[FieldMapping, ...]:
        """The fields that are the worker's at all times: compared and written on every run."""
        return tuple(field for field in self.fields.values() if field.owner in {"worker", "stamp"})

    @property
    def written_on_create(self) -> tuple[FieldMapping, ...]:
        """The fields that the worker sets once, when it creates the record."""
        return tuple(field for field in self.fields.values() if field.owner in {"key", "human_after_create"})

    @property
    def key_field(self) -> FieldMapping | None:
        """The field the worker upserts by."""
        return next((field for field in self.fields.values() if field.field == self.key), None)

    @property
    def safety(self) -> tuple[FieldMapping, ...]:
        """The fields without which no decision may be taken."""
        return tuple(field for field in self.fields.values() if field.safety)
