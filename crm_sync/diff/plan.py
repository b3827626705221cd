"""The plan: every write before it is made, as a value that is printed, judged and held to.

Made by `compare.plan`, shown by `crm-sync plan`, carried out by `writeback`. Not here: what ought to be written.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from crm_sync.errors import UnsafePlanError
from crm_sync.model.drafts import Draft
from crm_sync.model.records import Change, Link, Value
from crm_sync.program import Guards


@dataclass(frozen=True)
class Plan:
    """All changes of one run in a fixed order, and the counts its guards judge.

    `flipped` counts existing profiles whose verdict changes, `retired` those that lose their last eligible type;
    `profiles` is how many have been judged before. The contacts `forgotten`, of so many `people`, are erased when it is carried out.
    """

    org_id: str
    as_of: date
    rule_version: str
    changes: tuple[Change, ...]
    profiles: int = 0
    flipped: int = 0
    retired: int = 0
    people: int = 0
    forgotten: tuple[str, ...] = ()

    @property
    def checksum(self) -> str:
        """Identify exactly these writes, and whom they are followed by forgetting: the same plan has the same checksum."""
        body = {"org": self.org_id, "rules": self.rule_version, "changes": [as_json(change) for change in self.changes]}
        if self.forgotten:
            body["forgotten"] = list(self.forgotten)
        return hashlib.sha256(json.dumps(body, sort_keys=True, ensure_ascii=True).encode()).hexdigest()[:16]

    def counts(self) -> Mapping[tuple[str, str], int]:
        """How many changes there are per (object, action)."""
        return Counter((change.object, change.action) for change in self.changes)

    def hold_to(self, agreed: str | None) -> None:
        """Hold this plan to the checksum that a person agreed to, if any did.

        Raises:
            UnsafePlanError: the org or the rules have changed since, so these are other writes.
        """
        if agreed is not None and self.checksum != agreed:
            problem = f"The plan agreed to was {agreed}; the org and the rules now give {self.checksum}."
            raise UnsafePlanError(
                (problem,), agree="crm-sync plan --save plan.json, then crm-sync run --plan plan.json"
            )

    def problems(self, guards: Guards) -> tuple[str, ...]:
        """Say in sentences which limits of rules/guards.yaml this plan passes; empty when it is safe."""
        verdicts, retired = guards.max_changed_verdicts_percent, guards.max_retired_percent
        judged = (
            (self.flipped, self.profiles, verdicts, "profiles", "would change their verdict in this run"),
            (self.retired, self.profiles, retired, "profiles", "would lose their last eligible type in this run"),
            (len(self.forgotten), self.people, guards.max_forgotten_percent, "contacts", "would be forgotten for good"),
        )
        return tuple(
            f"{count} of {of} {whom} ({100 * count / of:.1f} %) {what}; the limit is {limit} %."
            for count, of, limit, whom, what in judged
            if of >= max(1, guards.min_profiles_for_guard) and 100 * count / of > limit
        )

    def raise_if_unsafe(self, guards: Guards) -> None:
        """Refuse a plan that changes too much at once.

        Raises:
            UnsafePlanError: with the counts, the limits and the command that agrees to exactly this plan.
        """
        problems = self.problems(guards)
        if problems:
            raise UnsafePlanError(problems, agree=f"crm-sync run --agree {self.checksum}")


def as_json(change: Change) -> dict[str, Any]:
    """Render one change as plain JSON values, in a fixed key order."""
    return {
        "object": change.object,
        "action": change.action,
        "key": change.key,
        "id": change.id,
        "fields": {name: plain(value) for name, value in sorted(change.fields.items())},
        "before": {name: plain(value) for name, value in sorted(change.before.items())},
        "why": change.why,
    }


def plain(value: Value) -> Any:
    """Turn a value into what JSON can hold: dates in ISO form, links as object and key, drafts without any name."""
    if isinstance(value, Link):
        return {"object": value.object, "key": value.key}
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Draft):
        return str(value)
    if isinstance(value, tuple):
        return list(value)
    return value
