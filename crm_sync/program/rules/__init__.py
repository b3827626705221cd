"""The files of rules/ as frozen values: one module here per file there.

Read by every pure step. Not here: reading the files (`load`) and what must agree between them (`checks`).
"""

from crm_sync.program.rules.cadence import Cadence
from crm_sync.program.rules.consent import ConsentRules
from crm_sync.program.rules.coverage import CoverageRules
from crm_sync.program.rules.escalation import Escalation, EscalationKind
from crm_sync.program.rules.guards import Guards
from crm_sync.program.rules.lead_time import LeadTime
from crm_sync.program.rules.matching import MatchingRules
from crm_sync.program.rules.outreach import Counted, Noun, Outreach, Words
from crm_sync.program.rules.qualification import Candidates, Criterion, Qualification
from crm_sync.program.rules.retention import Retention, WorkerDays
from crm_sync.program.rules.tolerance import KEPT_IN, SCALE, Cap, Cooldown, Same, Tolerance

__all__ = [
    "KEPT_IN",
    "SCALE",
    "Cadence",
    "Candidates",
    "Cap",
    "ConsentRules",
    "Cooldown",
    "Counted",
    "CoverageRules",
    "Criterion",
    "Escalation",
    "EscalationKind",
    "Guards",
    "LeadTime",
    "MatchingRules",
    "Noun",
    "Outreach",
    "Qualification",
    "Retention",
    "Same",
    "Tolerance",
    "Words",
    "WorkerDays",
]
