"""Small worlds for matching: references, requests and their verdicts from a few words each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import pyarrow as pa

from crm_sync.matching import match
from crm_sync.model.calendar import BusinessCalendar
from crm_sync.model.matches import Matches, Slate
from crm_sync.model.snapshot import Snapshot
from crm_sync.model.verdicts import HELD, RuleRef, Verdicts
from crm_sync.program import Program

TODAY = date(2026, 3, 11)
DISPUTE = 1
Row = Mapping[str, Any]
SnapshotOf = Callable[..., Snapshot]


def rule_refs(program: Program) -> tuple[RuleRef, ...]:
    """One ordinary criterion, then every cap, then the rest after a decline, then a caution."""
    caps = [f"tolerance.{cap.id}" for cap in program.tolerance.caps]
    hard = [RuleRef(one, "v", "hard", program.types) for one in ("no_dispute", *caps, "cooldown.after_decline")]
    return (*hard, RuleRef("churn_watch", "v", "caution", program.types))


def bit(program: Program, rule_id: str) -> int:
    return 1 << [rule.id for rule in rule_refs(program)].index(rule_id)


@dataclass(frozen=True)
class Ref:
    """One reference; what is not said is good for everything."""

    id: str
    account: str | None = None
    person: str | None = None
    industry: str | None = "Healthcare"
    use_case: str | None = "Service"
    product: str | None = "Core"
    region: str | None = "EMEA"
    employees: float | None = 500
    competitive_set: str | None = "payments"
    parent: str | None = None
    languages: Sequence[str] | None = ("English",)
    time_zone: str | None = "Europe/Berlin"
    topics: str | None = None
    avoid_topics: str | None = None
    strength: float = 50
    used: int = 0
    reserved: int = 0
    left: Mapping[str, float] = field(default_factory=dict)
    failed: Mapping[str, int] = field(default_factory=dict)
    unknown: Mapping[str, int] = field(default_factory=dict)
    caution: int = 0
    notice: Mapping[str, int] = field(default_factory=dict)
    earliest: date | None = None
    territory: Sequence[str] | None = ("worldwide",)
    audience: str | None = "anyone"
    consent_until: date | None = date(2027, 1, 1)
    owner: str | None = "U1"
    effort: float = 0


@dataclass(frozen=True)
class Town:
    program: Program
    snapshot: Snapshot
    verdicts: Verdicts

    def match(self) -> Matches:
        return match(self.snapshot, self.verdicts, self.program)

    def slates(self) -> dict[str, Slate]:
        return {slate.request_id: slate for slate in self.match().slates}

    def slate(self, request_id: str = "R1") -> Slate:
        return self.slates()[request_id]


def recommended(slate: Slate) -> str | None:
    return next((one.contact_id for one in slate.candidates if one.recommended), None)


def ask(request_id: str = "R1", **given: Any) -> dict[str, Any]:
    """A submitted request for a call that any default reference suits."""
    return {
        "id": request_id, "type": "call", "stage": "submitted", "prospect": "P", "requester": f"rep {request_id}",
        "audience": f"audience {request_id}", "industry": "Healthcare", "use_case": "Service", "size": "medium",
        "product": "Core", "region": "EMEA", "language": "English", "needed_by": TODAY + timedelta(days=60), **given,
    }  # fmt: skip


def town(
    program: Program,
    snapshot_of: SnapshotOf,
    refs: Iterable[Ref],
    requests: Iterable[Row],
    held: Iterable[Row] = (),
    **tables: Sequence[Row],
) -> Town:
    """Make a snapshot and its verdicts; a prospect P that competes in `retail banking` is there from the start."""
    refs, calendar = list(refs), BusinessCalendar()
    accounts = {
        ref.account or f"A {ref.id}": {
            "id": ref.account or f"A {ref.id}", "industry": ref.industry, "use_case": ref.use_case, "product": ref.product,
            "region": ref.region, "employees": ref.employees, "competitive_set": ref.competitive_set, "owner": ref.owner,
            "parent": ref.parent,
        }
        for ref in refs
    }  # fmt: skip
    for row in [{"id": "P", "competitive_set": "retail banking"}, *tables.pop("account", ())]:
        accounts[row["id"]] = row
    users = tables.pop("user", [{"id": "U1", "active": True}])
    users = [*users, *({"id": f"rep R{n}", "active": True, "time_zone": "Europe/Berlin"} for n in range(1, 10))]
    snapshot = snapshot_of(
        account=list(accounts.values()),
        contact=[{"id": ref.id, "account": ref.account or f"A {ref.id}"} for ref in refs],
        profile=[
            {
                "id": f"RP {ref.id}", "contact": ref.id, "key": ref.id, "languages": ref.languages, "topics": ref.topics,
                "avoid_topics": ref.avoid_topics, "time_zone": ref.time_zone, "status": "active",
            }
            for ref in refs
        ],
        user=users,
        request=list(requests),
        **tables,
    )  # fmt: skip
    rows = [_judged(program, calendar, ref) for ref in refs]
    table = pa.Table.from_pylist(rows, schema=_schema(program))
    open_asks = pa.Table.from_pylist([_held(row) for row in held], schema=HELD)
    return Town(program, snapshot, Verdicts(snapshot.as_of, rule_refs(program), program.types, table, open_asks))


def _held(row: Row) -> Row:
    blank = {"match_id": "M", "activity_id": None, "reference_type": "call", "failed": 0, "unknown": 0, "caution": 0}
    return {**blank, **row}


def _judged(program: Program, calendar: BusinessCalendar, ref: Ref) -> dict[str, Any]:
    row: dict[str, Any] = {
        "contact_id": ref.id, "account_id": ref.account or f"A {ref.id}", "person_key": ref.person or ref.id,
        "strength": ref.strength, "activations_180d": ref.used, "reservations": ref.reserved, "effort_365d": ref.effort,
    }  # fmt: skip
    row |= {f"left_{cap.id}": ref.left.get(cap.id, cap.limit) for cap in program.tolerance.caps}
    for t in program.types:
        notice = ref.notice.get(t, program.lead_time.business_days[t])
        row |= {
            f"failed_{t}": ref.failed.get(t, 0),
            f"unknown_{t}": ref.unknown.get(t, 0),
            f"caution_{t}": ref.caution,
            f"notice_{t}": notice,
            f"earliest_{t}": ref.earliest or calendar.add(TODAY, notice),
            f"territory_{t}": ref.territory,
            f"audience_{t}": ref.audience,
            f"consent_until_{t}": ref.consent_until,
        }
    return row


def _schema(program: Program) -> pa.Schema:
    whole = ("activations_180d", "reservations")
    fields = [(name, pa.string()) for name in ("contact_id", "account_id", "person_key")]
    fields += [("strength", pa.float64()), ("effort_365d", pa.float64()), *((name, pa.int64()) for name in whole)]
    fields += [(f"left_{cap.id}", pa.float64()) for cap in program.tolerance.caps]
    for t in program.types:
        fields += [(f"{name}_{t}", pa.int64()) for name in ("failed", "unknown", "caution", "notice")]
        fields += [(f"earliest_{t}", pa.date32()), (f"territory_{t}", pa.list_(pa.string()))]
        fields += [(f"audience_{t}", pa.string()), (f"consent_until_{t}", pa.date32())]
    return pa.schema(fields)
