"""The texts of rules/templates/ as values, and which of them is in force: one file is one version of one text.

Read by `lifecycle` (which text to write) and `evaluate` (whose briefing still counts). A text is used only once it is
approved and its day has come, and never again once it is retired or a later one took its place. Not here: filling it in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from crm_sync.program.base import NAME, Day, Part, ReferenceType, Sentence
from crm_sync.program.merge_fields import KINDS, OF_A_TYPE, OF_NONE, Kind
from crm_sync.program.versions import content_hash

TextId = Annotated[str, StringConstraints(pattern=NAME, max_length=30)]
Stage = Literal["draft", "coming", "in force", "replaced", "retired"]


class Template(Part):
    """One version of one text. Without `types` it is for every kind of reference.

    `acknowledge_by` (briefings): until that day an acknowledgement of an earlier version still counts, then no longer.
    """

    id: TextId
    version: int = Field(ge=1, le=9999)
    kind: Kind
    types: Annotated[tuple[ReferenceType, ...], Field(min_length=1)] | None = None
    language: Sentence
    approved_by: Sentence | None = None
    approved_on: Day | None = None
    effective_from: Day
    retired_on: Day | None = None
    acknowledge_by: Day | None = None
    subject: Annotated[str, StringConstraints(min_length=1, max_length=150)]
    body: Annotated[str, StringConstraints(min_length=1, max_length=6000)]

    @property
    def name(self) -> str:
        """What the text is called on records: its id and version, one word."""
        return f"{self.id}.{self.version}"

    @property
    def content(self) -> str:
        """A hash of what it says (16 hex digits), whatever becomes of it; records that used it carry it beside the name."""
        return content_hash(
            self.model_dump(mode="json", include={"id", "version", "kind", "types", "language", "subject", "body"})
        )

    @property
    def label(self) -> str:
        """Its name with the hash of what it says, as records carry it."""
        return f"{self.name} {self.content}"

    def is_for(self, kind: Kind, reference_type: str | None) -> bool:
        """Whether it is a text of this kind, for this kind of reference."""
        return self.kind == kind and (self.types is None or reference_type in self.types)

    def has_begun(self, day: date) -> bool:
        """Whether it was approved, and its day has come."""
        approved = self.approved_by is not None and self.approved_on is not None and self.approved_on <= day
        return approved and self.effective_from <= day

    def is_retired(self, day: date) -> bool:
        """Whether it may not be used any more."""
        return self.retired_on is not None and self.retired_on <= day


APART = r"[\s,;]+"
"""What stands between several names of texts in one field."""


def names_in(noted: str | None) -> frozenset[str]:
    """Read the names of the texts that somebody noted in a field."""
    return frozenset(name for name in re.split(APART, (noted or "").lower()) if name)


def occasions(types: Iterable[str]) -> Iterator[tuple[Kind, str | None]]:
    """Give everything that there has to be a text for, with these kinds of reference."""
    yield from ((kind, None) for kind in OF_NONE)
    for t in types:
        yield from ((kind, t) for kind in KINDS if kind in OF_A_TYPE)


@dataclass(frozen=True)
class Templates:
    """Every version of every text, and the languages in the order in which one stands in for another."""

    versions: tuple[Template, ...] = ()
    languages: tuple[str, ...] = ()

    @cached_property
    def by_label(self) -> dict[str, Template]:
        """Each version by what records carry."""
        return {template.label: template for template in self.versions}

    def in_force(
        self, kind: Kind, reference_type: str | None, day: date, languages: Iterable[str] = ()
    ) -> Template | None:
        """Give the text to use on this day, in one of these languages if there is one; None: there is no such text."""
        spoken = set(languages)
        for language in sorted(self.languages, key=lambda one: one not in spoken):
            latest = self._latest(kind, reference_type, day, language)
            if latest is not None and not latest.is_retired(day):
                return latest
        return None

    def acknowledged_by(self, reference_type: str, day: date, *, by_now: bool = True) -> frozenset[str] | None:
        """Name the briefings whose acknowledgement counts on this day; None: any, as no version ever asked for a new one.

        Not `by_now` gives what will count once every day to acknowledge by is over.
        """
        begun = [t for t in self.versions if t.is_for("briefing", reference_type) and t.has_begun(day)]
        asking = [t for t in begun if t.acknowledge_by is not None and not (by_now and day <= t.acknowledge_by)]
        if not asking:
            return None
        return frozenset(t.name for t in begun if not any(_outdates(later, t) for later in asking))

    def stage(self, template: Template, day: date) -> Stage:
        """Say how far a version has come."""
        if template.approved_by is None or template.approved_on is None:
            return "draft"
        if not template.has_begun(day):
            return "coming"
        if template.is_retired(day):
            return "retired"
        return "in force" if template in set(self._used(template, day)) else "replaced"

    def lacking(self, wanted: Iterable[tuple[Kind, str | None]], day: date) -> Sequence[tuple[Kind, str | None]]:
        """Give those for which no text is in force, in any language."""
        return [(kind, t) for kind, t in wanted if self.in_force(kind, t, day) is None]

    def _used(self, template: Template, day: date) -> Iterator[Template | None]:
        """What is in force for everything that a version is for."""
        for t in template.types or (None,):
            yield self._latest(template.kind, t, day, template.language)

    def _latest(self, kind: Kind, reference_type: str | None, day: date, language: str) -> Template | None:
        """The version that began last, retired or not: what it replaced does not come back with its retirement."""
        begun = (t for t in self.versions if t.language == language and t.is_for(kind, reference_type))
        return max((t for t in begun if t.has_begun(day)), key=lambda t: (t.effective_from, t.name), default=None)


def _outdates(later: Template, earlier: Template) -> bool:
    return later.language == earlier.language and later.effective_from > earlier.effective_from
