"""What of the program's fields the org shows: the common ground of every check beside this one.

Not here: any judgement.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from crm_sync.errors import Mistake
from crm_sync.ports import FieldFacts, ObjectFacts
from crm_sync.program import Draft, FieldMapping, ObjectMapping
from crm_sync.program.mappings import LOOKUP, MAPPING_NAMES
from crm_sync.program.sources import nearest
from crm_sync.pull.fit.finding import Finding, Level
from crm_sync.pull.views import fitting


@dataclass(frozen=True)
class Seen:
    """The program as far as it could be read, and the org as far as it shows itself."""

    draft: Draft
    objects: Mapping[str, ObjectFacts]

    def tables(self) -> Iterator[tuple[ObjectMapping, ObjectFacts | None]]:
        """Give every table of every mapping, in the program's order, with its object; None when the org does not show it."""
        for name in MAPPING_NAMES:
            mapping = self.draft.mappings.get(name)
            for table in mapping.tables if mapping else ():
                yield table, self.objects.get(table.object)

    def field(self, mapping: str, field: str) -> FieldFacts | None:
        """Give what describe says of a mapped field; None when the org does not show it."""
        return self._fields.get((mapping, field))

    def lookup(self, table: ObjectMapping) -> FieldFacts | None:
        """Give what describe says of a joined object's lookup; None when the org does not show it."""
        return self._fields.get((table.name, LOOKUP))

    def hidden(self, mapping: str, field: str) -> bool:
        """Whether a mapped field cannot be seen by a decision: not shown, or of a type that does not fit.

        A field that no mapping has is none that a decision waits for. Without its lookup a joined object shows nothing.
        """
        known = self.draft.mappings.get(mapping)
        mapped = known.fields.get(field) if known else None
        if known is None or mapped is None:
            return False
        facts = self.field(mapping, field)
        lost = any(table.home == mapped.home and self.lookup(table) is None for table in known.tables[1:])
        return lost or facts is None or facts.type not in fitting(mapped)

    def finding(
        self,
        level: Level,
        mapping: ObjectMapping,
        path: tuple[str | int, ...],
        found: str,
        expected: str,
        near: str | None = None,
    ) -> Finding:
        """Point a finding at a line of a mapping file."""
        return Finding(level, Mistake(self.draft.mapping_source(mapping.known_as).where(path), found, expected, near))

    @cached_property
    def _fields(self) -> Mapping[tuple[str, str], FieldFacts]:
        found = {}
        for table, facts in self.tables():
            if facts is None or not facts.queryable:
                continue
            folded = {name.casefold(): known for name, known in facts.fields.items()}
            for field in table.fields.values():
                known = folded.get(field.field.casefold())
                if known is not None:
                    found[table.name if field.name == LOOKUP else table.known_as, field.name] = known
        return found


def object_path(table: ObjectMapping) -> tuple[str, ...]:
    """Say where in its file the object of a table stands."""
    return ("joined", table.home, "object") if table.home else ("object",)


def field_path(table: ObjectMapping, field: FieldMapping, attribute: str) -> tuple[str, ...]:
    """Say where in its file an attribute of a table's field stands."""
    if field.name == LOOKUP:
        return ("joined", table.home or "", "lookup")
    return ("fields", field.name, attribute)


def api_name(mapping: ObjectMapping, field: FieldMapping) -> str:
    """Name a field as the org does."""
    return f"{mapping.object}.{field.field}"


def alike(name: str, facts: ObjectFacts) -> str | None:
    """Name the org's field that is most like this one: by API name, else by label."""
    by_label = {known.label: known.name for known in facts.fields.values()}
    label = nearest(name.partition("__")[0].replace("_", " "), by_label)
    by_stem = {known.removesuffix("__c"): known for known in facts.fields}
    stem = nearest(name.removesuffix("__c"), by_stem)
    return by_stem[stem] if stem else by_label[label] if label else None
