"""The Program: rules/ and mappings/ as one frozen value that every decision is made under.

Made by `load`, handed through the whole flow. Not here: reading files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from crm_sync.program.base import Part
from crm_sync.program.facts import Fact
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
from crm_sync.program.templates import Templates
from crm_sync.program.versions import content_hash


@dataclass(frozen=True)
class Program:
    """What the program wants (the rules, one attribute a file) and where it lives in the org (the mappings).

    `templates` are the texts for customers. `facts` is everything a condition may ask for. `version` is a hash of all content (16 hex digits): equal content
    has an equal version, whatever the comments and the layout.
    """

    qualification: Qualification
    consent: ConsentRules
    tolerance: Tolerance
    lead_time: LeadTime
    matching: MatchingRules
    cadence: Cadence
    escalation: Escalation
    coverage: CoverageRules
    retention: Retention
    guards: Guards
    outreach: Outreach
    templates: Templates
    mappings: Mapping[str, ObjectMapping]
    facts: Mapping[str, Fact]
    version: str

    @property
    def rules_version(self) -> str:
        """A hash of the rules alone (16 hex digits): equal rules have an equal one, whatever mappings and texts say."""
        parts = {name: part for name, part in vars(self).items() if isinstance(part, Part)}
        return content_hash({name: part.model_dump(mode="json", exclude_defaults=True) for name, part in parts.items()})

    @property
    def types(self) -> tuple[str, ...]:
        """The reference types, in the order of tolerance.effort_points."""
        return tuple(self.tolerance.effort_points)
