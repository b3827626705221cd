"""A healthy customer whose active reference may be asked for anything, and questions to what becomes of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any

import pytest

from crm_sync.evaluate import Assessment, assess
from crm_sync.model.verdict import Reason, Verdict
from crm_sync.program import Program

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)  # a Monday
TODAY = NOON.date()
TYPES = ("call", "quote", "logo", "recording", "case_study", "site_visit")

ACCOUNT = {
    "region": "EMEA",
    "country": "Germany",
    "product": "Core",
    "implementation_stage": "production",
    "health_score": 88.0,
    "healthy_since": date(2026, 3, 1),
    "health_trend": "steady",
    "churn_risk": "none",
    "customer_since": date(2023, 1, 15),
    "renewal_on": date(2027, 6, 30),
    "in_dispute": False,
    "legal_hold": False,
    "confidential": False,
}
CONTACT = {
    "nps": 9.0,
    "nps_on": date(2026, 8, 15),
    "speaks_publicly": "yes",
    "opted_out": False,
    "email_opt_out": False,
    "do_not_call": False,
    "nominated": False,
    "left_company": False,
}
PROFILE = {
    "status": "active",
    "approved_types": list(TYPES),
    "briefed_types": list(TYPES),
    "time_zone": "Europe/Berlin",
    "paused": False,
}
CONSENT = {
    "status": "granted",
    "text_version": "3",
    "evidence": "https://files.example/1",
    "territory": ["worldwide"],
    "audience": "anyone",
    "valid_from": date(2026, 2, 1),
    "valid_to": date(2027, 2, 1),
    "legal_restriction": False,
}


@dataclass
class Judgement:
    """One assessment, each answer read once."""

    assessment: Assessment

    @cached_property
    def explained(self) -> Any:
        contacts = self.assessment.snapshot.tables["contact"]["id"].to_pylist()
        return self.assessment.explain_all(contacts)

    @cached_property
    def verdicts(self) -> Any:
        return self.assessment.verdicts()

    @cached_property
    def rows(self) -> Any:
        return {row["contact_id"]: row for row in self.verdicts.table.to_pylist()}

    @cached_property
    def facts(self) -> Any:
        return {row["contact_id"]: row for row in self.assessment.facts().to_pylist()}


@dataclass
class Look:
    """What one snapshot says about one customer's people."""

    judgement: Judgement
    prefix: str = ""

    @property
    def verdicts(self) -> Any:
        return self.judgement.verdicts

    def verdict(self, contact: str = "ada", reference_type: str = "call") -> Verdict:
        found: Verdict = self.judgement.explained[self.prefix + contact][reference_type]
        return found

    def standing(self, contact: str = "ada", reference_type: str = "call") -> str:
        return self.verdict(contact, reference_type).standing

    def blocking(self, contact: str = "ada", reference_type: str = "call") -> dict[str, str]:
        """Truth by rule id, of what blocks."""
        return {r.rule_id: r.truth for r in self.verdict(contact, reference_type).reasons if r.blocks}

    def cautions(self, contact: str = "ada", reference_type: str = "call") -> set[str]:
        reasons = self.verdict(contact, reference_type).reasons
        return {r.rule_id for r in reasons if r.weight == "caution" and r.truth != "true"}

    def reason(self, rule: str, contact: str = "ada", reference_type: str = "call") -> Reason:
        return next(r for r in self.verdict(contact, reference_type).reasons if r.rule_id == rule)

    def row(self, contact: str = "ada") -> dict[str, Any]:
        found: dict[str, Any] = self.judgement.rows[self.prefix + contact]
        return found

    def fact(self, name: str, contact: str = "ada") -> Any:
        return self.judgement.facts[self.prefix + contact][name]


LINKS = frozenset(
    {"id", "account", "contact", "profile", "request", "match", "individual", "master_record", "email_key", "who"}
)
"""Fields that name another record, or that bind people together."""


@dataclass
class Customer:
    """Rows by mapping and id, to be changed before they are looked at."""

    program: Program
    snapshot_of: Callable[..., Any]
    prefix: str = ""
    rows: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)

    def put(self, mapping: str, record_id: str, **fields: Any) -> Customer:
        """Change fields of a record, or add it."""
        record = self.rows.setdefault(mapping, {}).setdefault(record_id, {"id": self.prefix + record_id})
        record |= {name: self.prefix + value if name in LINKS and value else value for name, value in fields.items()}
        return self

    def drop(self, mapping: str, record_id: str) -> Customer:
        del self.rows[mapping][record_id]
        return self

    def used(self, reference_type: str | None, on: date | None, *, contact: str = "ada", **fields: Any) -> Customer:
        """Add a completed use."""
        number = f"use{len(self.rows.get('activity', {})):03}"
        given = {"contact": contact, "type": reference_type, "status": "completed", "completed_on": on}
        return self.put("activity", number, **(given | fields))

    def person(self, contact: str, account: str = "acme", **fields: Any) -> Customer:
        """Add another contact who has everything that ada has."""
        self.put("contact", contact, **(CONTACT | {"account": account} | fields))
        self.put("profile", f"{contact}_profile", contact=contact, **PROFILE)
        for use in TYPES:
            self.put("consent", f"{contact}_{use}", contact=contact, use=use, **CONSENT)
        return self

    def snapshot(self, **given: Any) -> Any:
        rows = {mapping: list(records.values()) for mapping, records in self.rows.items()}
        return self.snapshot_of(**({"as_of": NOON} | given | rows))

    def look(self, program: Program | None = None, **given: Any) -> Look:
        return Look(Judgement(assess(self.snapshot(**given), program or self.program)), self.prefix)


def healthy(program: Program, snapshot_of: Callable[..., Any], prefix: str = "") -> Customer:
    return Customer(program, snapshot_of, prefix).put("account", "acme", **ACCOUNT).person("ada")


@pytest.fixture
def customer(program: Program, snapshot_of: Callable[..., Any]) -> Customer:
    """Acme, healthy, with ada, who may be asked for everything."""
    return healthy(program, snapshot_of)


@pytest.fixture(scope="session")
def together(program: Program, snapshot_of: Callable[..., Any]) -> Callable[..., Any]:
    """Judge many customers at once, each changed in its own way: together({name: change}) -> {name: Look}."""

    def judge(changes: Mapping[Any, Callable[[Customer], Any]], rules: Program = program, **given: Any) -> Any:
        rows: dict[str, list[dict[str, Any]]] = {}
        prefixes = {name: f"{index:03}." for index, name in enumerate(changes)}
        for name, change in changes.items():
            one = healthy(program, snapshot_of, prefixes[name])
            change(one)
            for mapping, records in one.rows.items():
                rows.setdefault(mapping, []).extend(records.values())
        judgement = Judgement(assess(snapshot_of(**({"as_of": NOON} | given | rows)), rules))
        return {name: Look(judgement, prefix) for name, prefix in prefixes.items()}

    return judge
