"""rules/ and mappings/ as typed, frozen values, checked against each other.

`load_program` reads both folders into a `Program` or raises every mistake at once with its file and line.
Read by every step of the flow. Not here: deciding (`evaluate`), and reading or writing the org.
"""

from crm_sync.program.cases import Case, Expected, load_cases
from crm_sync.program.draft import Draft
from crm_sync.program.load import load_draft, load_program
from crm_sync.program.mappings import FieldMapping, ObjectMapping
from crm_sync.program.program import Program
from crm_sync.program.rules import (
    Cadence,
    Candidates,
    Cap,
    ConsentRules,
    Cooldown,
    CoverageRules,
    Criterion,
    Escalation,
    EscalationKind,
    Guards,
    LeadTime,
    MatchingRules,
    Outreach,
    Qualification,
    Retention,
    Tolerance,
)
from crm_sync.program.templates import Template, Templates

__all__ = [
    "Cadence",
    "Candidates",
    "Cap",
    "Case",
    "ConsentRules",
    "Cooldown",
    "CoverageRules",
    "Criterion",
    "Draft",
    "Escalation",
    "EscalationKind",
    "Expected",
    "FieldMapping",
    "Guards",
    "LeadTime",
    "MatchingRules",
    "ObjectMapping",
    "Outreach",
    "Program",
    "Qualification",
    "Retention",
    "Template",
    "Templates",
    "Tolerance",
    "load_cases",
    "load_draft",
    "load_program",
]
