"""A small org whose rows grow by a word each, for tests of what is counted over a whole program."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from crm_sync.evaluate import evaluate
from crm_sync.lifecycle.coverage import forecast
from crm_sync.lifecycle.world import World
from crm_sync.model.coverage import Cell, Coverage, Segment
from crm_sync.model.matches import Matches
from crm_sync.model.snapshot import Snapshot
from crm_sync.program import Program

AS_OF = datetime(2026, 3, 11, 9, tzinfo=UTC)
CELL = Cell("Retail", "Core", "EMEA")
NOTHING = Matches((), 0, 0, 0.0)
ALL_TYPES = ["call", "quote", "logo", "recording", "case_study", "site_visit"]
COMPANY: dict[str, Any] = {
    "industry": "Retail",
    "product": "Core",
    "region": "EMEA",
    "country": "Germany",
    "implementation_stage": "production",
    "health_score": 88.0,
    "healthy_since": date(2025, 3, 1),
    "health_trend": "steady",
    "churn_risk": "none",
    "customer_since": date(2020, 1, 1),
    "renewal_on": date(2028, 1, 1),
    "in_dispute": False,
    "legal_hold": False,
    "confidential": False,
}
PERSON: dict[str, Any] = {
    "nps": 10.0,
    "nps_on": date(2026, 2, 1),
    "speaks_publicly": "yes",
    "opted_out": False,
    "email_opt_out": False,
    "do_not_call": False,
    "left_company": False,
    "title": "CIO",
}
PROFILE: dict[str, Any] = {
    "status": "active",
    "paused": False,
    "approved_types": ALL_TYPES,
    "briefed_types": ALL_TYPES,
    "briefed_on": date(2026, 1, 1),
    "time_zone": "Europe/Berlin",
}
CONSENT: dict[str, Any] = {
    "status": "granted",
    "text_version": "3",
    "evidence": "https://files.example/1",
    "territory": ["worldwide"],
    "audience": "anyone",
    "valid_from": date(2026, 1, 1),
    "valid_to": date(2027, 6, 1),
    "legal_restriction": False,
}
DEAL: dict[str, Any] = {
    "account": "prospect",
    "amount": 100_000.0,
    "close_on": date(2026, 5, 20),
    "probability": 50.0,
    "closed": False,
    "won": False,
    "product": "Core",
}


class Town:
    """Rows of a small org that grow, and the coverage they lead to."""

    def __init__(self, snapshot_of: Any, program: Program) -> None:
        self._snapshot_of = snapshot_of
        self.program = program
        self.rows: dict[str, list[dict[str, Any]]] = {
            "account": [{"id": "prospect", "name": "Prospect", "industry": "Retail", "region": "EMEA"}]
        }

    def add(self, mapping: str, **fields: Any) -> None:
        self.rows.setdefault(mapping, []).append(fields)

    def reference(self, name: str, *, uses: tuple[str, ...] = ("call",), consent: Any = None, **changes: Any) -> None:
        """Add a person with a company, a profile and consents; `changes` go to whichever has the field."""
        parts = [{**part, **{k: v for k, v in changes.items() if k in part}} for part in (COMPANY, PERSON, PROFILE)]
        self.add("account", id=f"acc {name}", name=f"{name} Ltd", **parts[0])
        self.add("contact", id=name, account=f"acc {name}", **parts[1])
        if changes.get("profile", True):
            self.add("profile", id=f"prof {name}", contact=name, key=name, **parts[2])
        for use in uses:
            self.add("consent", id=f"con {name} {use}", contact=name, use=use, **(CONSENT | (consent or {})))

    def used(self, name: str, day: date, kind: str = "call") -> None:
        number = len(self.rows.get("activity", ()))
        self.add("activity", id=f"act {number}", contact=name, type=kind, status="completed", completed_on=day)

    def snapshot(self) -> Snapshot:
        made: Snapshot = self._snapshot_of(as_of=AS_OF, **self.rows)
        return made

    def world(self) -> World:
        snapshot = self.snapshot()
        return World(snapshot, evaluate(snapshot, self.program), NOTHING, self.program, {})

    def coverage(self) -> Coverage:
        world = self.world()
        return forecast(world.snapshot, world.verdicts, world.matches, self.program)

    def segment(self, kind: str = "call", cell: Cell = CELL) -> Segment:
        return next(s for s in self.coverage().segments if (s.cell, s.type) == (cell, kind))
