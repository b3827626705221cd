"""What could be read so far: the typed parts that fit their models, with their sources.

Made by `load`, looked through by `checks`; a file that does not fit is absent, or lacks the entries that do not, and the
checks that need them wait.
Not here: reading and checking.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from crm_sync.program.base import Part
from crm_sync.program.mappings import ObjectMapping
from crm_sync.program.rules import (
    Cadence,
    ConsentRules,
    CoverageRules,
    Escalation,
    Guards,
    LeadTime,
    MatchingRules,
    Outreach,
    Qualification,
    Retention,
    Tolerance,
)
from crm_sync.program.salvage import UNNAMED
from crm_sync.program.sources import Source
from crm_sync.program.templates import Template

P = TypeVar("P", bound=Part)

RULE_FILES: Mapping[str, type[Part]] = {
    "qualification": Qualification,
    "consent": ConsentRules,
    "tolerance": Tolerance,
    "lead_time": LeadTime,
    "matching": MatchingRules,
    "cadence": Cadence,
    "escalation": Escalation,
    "coverage": CoverageRules,
    "retention": Retention,
    "guards": Guards,
    "outreach": Outreach,
}
"""The files of rules/ by name, and what each is read into."""
TEMPLATES = "rules/templates/"
"""How the names of the texts' files begin."""


@dataclass(frozen=True)
class Draft:
    """The files that fit. `rules`, `mappings` and `templates` (by file name) are what they say, `sources` where they say it.

    `left_out` are, by file, the names of fields and criteria that do not fit and are told already.
    """

    rules: dict[str, Part] = field(default_factory=dict)
    mappings: dict[str, ObjectMapping] = field(default_factory=dict)
    templates: dict[str, Template] = field(default_factory=dict)
    sources: Mapping[str, Source] = field(default_factory=dict)
    left_out: dict[str, frozenset[str]] = field(default_factory=dict)

    def one(self, kind: type[P]) -> P:
        """Give one rules file of a draft that is whole."""
        return next(part for part in self.rules.values() if isinstance(part, kind))

    def rule(self, kind: type[P]) -> tuple[P, Source] | None:
        """Give one rules file with its source, None when it did not fit."""
        fitting = ((part, name) for name, part in self.rules.items() if isinstance(part, kind))
        return next(((part, self.sources[f"rules/{name}"]) for part, name in fitting), None)

    @property
    def types(self) -> tuple[str, ...] | None:
        """The reference types, None when rules/tolerance.yaml did not fit."""
        found = self.rule(Tolerance)
        return tuple(found[0].effort_points) if found else None

    def lacks(self, mapping: str, field_name: str | None = None) -> bool:
        """Whether this field of a mapping, or any, was left out as it does not fit."""
        names = self.left_out.get(f"mappings/{mapping}", frozenset())
        return bool(names) if field_name is None else bool(names & {field_name, UNNAMED})

    def mapping_source(self, name: str) -> Source:
        """Where a mapping was read from."""
        return self.sources[f"mappings/{name}"]
