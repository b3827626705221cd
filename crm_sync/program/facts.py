"""Every fact a condition may ask for: what it is, its unit, and the mapped fields it comes from.

Direct facts are mapped fields of account, contact and profile (`account.health_score`). Derived facts stand in the
table below; `evaluate` computes them. Read by the checks, the schemas and the rules page. Not here: computing.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from crm_sync.program.conditions import Operator
from crm_sync.program.mappings import FieldType, ObjectMapping

FactType = Literal["number", "text", "checkbox", "date", "datetime", "picklist", "multipicklist", "reference"]

DIRECT_MAPPINGS = ("account", "contact", "profile")


@dataclass(frozen=True)
class Fact:
    """One thing that can be asked about a person.

    `derived_from` are mapped fields (`contact.nps_on`); `values` the program values of a picklist;
    `per_type` says that the answer may differ per reference type.
    """

    name: str
    type: FactType
    about: str
    unit: str | None = None
    per_type: bool = False
    derived_from: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    values_of: str | None = None


DERIVED: tuple[Fact, ...] = (
    Fact(
        "health_sustained_days",
        "number",
        "Days for which health has held without a break; counted by the worker where the org does not say since when",
        unit="days",
        derived_from=("account.healthy_since", "profile.health_since", "account.health_score"),
    ),
    Fact(
        "nps_age_days",
        "number",
        "Age of the contact's latest survey answer",
        unit="days",
        derived_from=("contact.nps_on",),
    ),
    Fact(
        "tenure_months",
        "number",
        "Whole months since the account became a customer",
        unit="months",
        derived_from=("account.customer_since",),
    ),
    Fact(
        "days_to_renewal",
        "number",
        "Days until the renewal; negative when it has passed",
        unit="days",
        derived_from=("account.renewal_on",),
    ),
    Fact(
        "outcome_age_days",
        "number",
        "Age of the account's recorded business outcome",
        unit="days",
        derived_from=("account.outcome_on",),
    ),
    Fact(
        "open_p1_p2_cases",
        "number",
        "Open cases of priority P1 or P2 of the account",
        unit="cases",
        derived_from=("case.account", "case.priority", "case.closed"),
    ),
    Fact(
        "open_escalations",
        "number",
        "Reference escalations about the person or the account that are not closed",
        unit="escalations",
        derived_from=("escalation.contact", "escalation.account", "escalation.status"),
    ),
    Fact(
        "person_opted_out",
        "checkbox",
        "Whether the person, or any duplicate of them, has opted out of being a reference or of e-mail",
        derived_from=("contact.opted_out", "contact.email_opt_out", "contact.individual", "individual.no_solicit"),
    ),
    Fact(
        "person_suppressed",
        "checkbox",
        "Whether the person, or any duplicate of them, asked to be forgotten or not to be processed",
        derived_from=("contact.individual", "individual.forget", "individual.no_processing"),
    ),
    Fact(
        "paused",
        "checkbox",
        "Whether the profile is paused; false for a person without a profile",
        derived_from=("profile.paused",),
    ),
    Fact(
        "status",
        "picklist",
        "The profile's status; `none` for a person without a profile",
        derived_from=("profile.status",),
        values=("none",),
        values_of="profile.status",
    ),
    Fact(
        "type_approved",
        "checkbox",
        "Whether the profile is approved for this kind of reference",
        per_type=True,
        derived_from=("profile.approved_types",),
    ),
    Fact(
        "type_briefed",
        "checkbox",
        "Whether the person has been briefed for this kind of reference, by a text that no later one has replaced for good",
        per_type=True,
        derived_from=("profile.briefed_types", "profile.briefing_version"),
    ),
)

OPERATORS_OF: Mapping[FactType, tuple[Operator, ...]] = {
    "number": ("is", "is_not", "at_least", "at_most", "above", "below", "one_of", "none_of", "known"),
    "checkbox": ("is", "is_not", "known"),
    "text": ("is", "is_not", "one_of", "none_of", "known"),
    "picklist": ("is", "is_not", "one_of", "none_of", "known"),
    "multipicklist": ("has_any", "has_all", "known"),
    "date": ("before", "after", "known"),
    "datetime": ("before", "after", "known"),
    "reference": ("known",),
}
"""Which comparisons fit which type of fact."""

_FACT_TYPES: Mapping[FieldType, FactType] = {
    "id": "text",
    "reference": "reference",
    "text": "text",
    "url": "text",
    "number": "number",
    "checkbox": "checkbox",
    "date": "date",
    "datetime": "datetime",
    "picklist": "picklist",
    "multipicklist": "multipicklist",
}


def catalogue(mappings: Mapping[str, ObjectMapping]) -> Mapping[str, Fact]:
    """Give every fact by name: the derived ones, then the mapped fields that are not personal."""
    facts = {fact.name: _with_values(fact, mappings) for fact in DERIVED}
    for mapping_name in DIRECT_MAPPINGS:
        if mapping_name in mappings:
            facts |= {fact.name: fact for fact in _direct(mappings[mapping_name])}
    return facts


def _with_values(fact: Fact, mappings: Mapping[str, ObjectMapping]) -> Fact:
    mapping_name, _, field_name = (fact.values_of or "").partition(".")
    if mapping_name not in mappings or field_name not in mappings[mapping_name].fields:
        return dataclasses.replace(fact, values=())
    values = mappings[mapping_name].fields[field_name].program_values
    return dataclasses.replace(fact, values=(*fact.values, *values))


def _direct(mapping: ObjectMapping) -> list[Fact]:
    return [
        Fact(
            name=f"{mapping.name}.{field.name}",
            type=_FACT_TYPES[field.type],
            about=f"The {field.name.replace('_', ' ')} of the {mapping.name}",
            derived_from=(f"{mapping.name}.{field.name}",),
            values=() if field.is_graded else field.program_values,
        )
        for field in mapping.fields.values()
        if not field.personal
    ]
