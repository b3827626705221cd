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
from crm_sync.program.mappings import MAPPING_NAMES
from crm_sync.program.sources import nearest
from crm_sync.pull.fit.finding import Finding, Level
from crm_sync.pull.views import FITTING


@dataclass(frozen=True)
class Seen:
    """The program as far as it could be read, and the org as far as it shows itself."""

    draft: Draft
    objects: Mapping[str, ObjectFacts]

    def mappings(self) -> Iterator[tuple[ObjectMapping, ObjectFacts]]:
        """Give every mapping whose object the org shows, in the program's order."""
        for name in MAPPING_NAMES:
            mapping = self.draft.mappings.get(name)
            facts = self.objects.get(mapping.object) if mapping else None
            if mapping and facts:
                yield mapping, facts

    def field(self, mapping: str, field: str) -> FieldFacts | None:
        """Give what describe says of a mapped field; None when the org does not show it."""
        return self._fields.get((mapping, field))

    def hidden(self, mapping: str, field: str) -> bool:
        """Whether a mapped field cannot be seen by a decision: not shown, or of a type that does not fit.

        A field that no mapping has is none that a decision waits for.
        """
        known = self.draft.mappings.get(mapping)
        mapped = known.fields.get(field) if known else None
        facts = self.field(mapping, field)
        return mapped is not None and (facts is None or facts.type not in FITTING[mapped.type])

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
        return Finding(level, Mistake(self.draft.mapping_source(mapping.name).where(path), found, expected, near))

    @cached_property
    def _fields(self) -> Mapping[tuple[str, str], FieldFacts]:
        found = {}
        for mapping, facts in self.mappings():
            folded = {name.casefold(): known for name, known in facts.fields.items()}
            for field in mapping.fields.values():
                known = folded.get(field.field.casefold())
                if known is not None and facts.queryable:
                    found[mapping.name, field.name] = known
        return found


def api_name(mapping: ObjectMapping, field: FieldMapping) -> str:
    """Name a field as the org does."""
    return f"{mapping.object}.{field.field}"


def alike(name: str, facts: ObjectFacts) -> str | None:
    """Name the org's field that is most like this one: by API name, else by label."""
    by_label = {known.label: known.name for known in facts.fields.values()}
    label = nearest(name.partition("__")[0].replace("_", " "), by_label)
    return nearest(name, facts.fields) or (by_label[label] if label else None)
