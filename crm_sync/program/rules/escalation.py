"""rules/escalation.yaml as values: who is told about which non-conformance, and by when.

Read by `lifecycle`. Not here: raising one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from crm_sync.program.base import BusinessDays, Days, Name, Part, ReferenceType, Sentence

Route = Literal["legal", "cs_leader", "account_owner", "rep", "sponsor", "program_owner", "department"]
Severity = Literal["low", "medium", "high"]


class EscalationKind(Part):
    """One kind of non-conformance: to whom it goes, how grave it is, and its clock."""

    route: Route
    severity: Severity
    due_business_days: BusinessDays
    text: Sentence


Words = Annotated[str, StringConstraints(min_length=3, max_length=80)]


QueueName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]*$", max_length=80)]


class OffSystem(Part):
    """How a use that nobody recorded is noticed: words in the subject of a meeting or a completed task.

    `words` name the reference type that each stands for; nothing is noticed when a recorded use of the same person lies
    within `within_days`.
    """

    within_days: Days
    words: Mapping[Words, ReferenceType] = Field(min_length=1)


class Escalation(Part):
    """All kinds by name, how far back an incident is still raised, and who gets one whose route leads to nobody.

    Where no active person is left, the queue `fallback_queue` owns the record; `department_queues` own the Cases of concerns by
    department. Queues are named as the org does (DeveloperName); one that the org does not have owns nothing.
    """

    look_back_days: Days
    kinds: Mapping[Name, EscalationKind]
    off_system: OffSystem
    fallback_route: Route
    fallback_queue: QueueName | None = None
    department_queues: Mapping[str, QueueName] = Field(default_factory=dict)
