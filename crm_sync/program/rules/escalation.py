"""rules/escalation.yaml as values: who is told about which non-conformance, and by when.

Read by `lifecycle`. Not here: raising one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from crm_sync.program.base import BusinessDays, Days, Name, Part, Sentence

Route = Literal["legal", "cs_leader", "account_owner", "rep", "sponsor", "program_owner", "department"]
Severity = Literal["low", "medium", "high"]


class EscalationKind(Part):
    """One kind of non-conformance: to whom it goes, how grave it is, and its clock."""

    route: Route
    severity: Severity
    due_business_days: BusinessDays
    text: Sentence


class Escalation(Part):
    """All kinds by name, how far back an incident is still raised, and who gets one whose route leads to nobody."""

    look_back_days: Days
    kinds: Mapping[Name, EscalationKind]
    fallback_route: Route
