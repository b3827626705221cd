"""Requests, matches and activities -> the open requests, with what each wants and what became of it so far.

Called by `joint`. A request is open when it is submitted and nobody has accepted. What the requester left empty is
filled from the opportunity and the prospect. Not here: who suits (filters, fit).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from crm_sync.matching.columns import normal, one_of, rows
from crm_sync.matching.families import Families
from crm_sync.model.asks import GONE, Patience, is_refused
from crm_sync.model.calendar import BusinessCalendar
from crm_sync.model.snapshot import Snapshot
from crm_sync.program import Program
from crm_sync.program.rules import Same

Row = dict[str, Any]

DONE = ("completed", "closed")
"""Statuses of a request that needs nobody any more."""
SERVED = ("accepted", "scheduled", "completed")
"""Statuses of an activity that has somebody for its request."""
OVER = ("declined", "missed", "cancelled")
"""Statuses of an activity that came to nothing; its request goes on with somebody else."""

REQUEST = (
    "id", "opportunity", "prospect", "requester", "owner", "type", "audience", "industry", "use_case", "product",
    "region", "language", "size", "needed_by", "stage", "status",
)  # fmt: skip
MATCH = (
    "id", "request", "profile", "rank", "recommended", "reserved_until", "decide_by", "state", "owner_decision",
    "owner_decided_on", "asked_on", "customer_response", "scheduled_for", "completed_on",
)  # fmt: skip


@dataclass(frozen=True)
class History:
    """Whom a request has already met: contact ids.

    `asked`: the owner has approved or the customer has been asked, and the answer is still awaited. `proposed`:
    reserved and waiting for the owner, before one whom the owner has approved. `spent`: never again for this request. `served`: somebody has accepted, an ask is
    frozen and nobody else is asked while its time runs, or somebody was asked on an activity alone.
    """

    asked: str | None = None
    proposed: str | None = None
    spent: frozenset[str] = frozenset()
    served: bool = False


@dataclass(frozen=True)
class OpenRequest:
    """One request that needs somebody. Texts as written; None where neither the request nor its deal says.

    `family` is the prospect's, `rivals` are the families that compete with it (`families`).
    """

    id: str
    type: str | None
    prospect: str | None = None
    family: str | None = None
    rivals: frozenset[str] = frozenset()
    requester: str | None = None
    audience: str | None = None
    industry: str | None = None
    use_case: str | None = None
    size: str | None = None
    product: str | None = None
    region: str | None = None
    language: str | None = None
    needed_by: date | None = None
    requester_zone: str | None = None
    history: History = field(default_factory=History)

    def of_type(self, reference_type: str) -> OpenRequest:
        """The same need, met by another kind of reference; nobody has been asked for that yet."""
        return replace(self, type=reference_type, history=History(spent=self.history.spent))

    def for_whom(self, same: Same) -> str | None:
        """Name whom it is for, as a cooldown that is narrowed to the same ones compares them."""
        return self.family if same == "competitor_set" else normal(getattr(self, same))

    def close_to(self, same: Same) -> frozenset[str]:
        """Name for whom another use has to be for the two to be close; nobody when not known.

        A prospect without a known set has no rivals. The prospect itself is none: it may need the same person again.
        """
        if same == "competitor_set":
            return self.rivals
        name = self.for_whom(same)
        return frozenset() if name is None else frozenset({name})


def open_requests(
    snapshot: Snapshot, program: Program, calendar: BusinessCalendar, related: Families
) -> tuple[OpenRequest, ...]:
    """Read every open request, sorted by id."""
    submitted = [
        row
        for row in rows(snapshot, "request", REQUEST, one_of(snapshot, "request", "stage", ["submitted"]))
        if row["status"] not in DONE
    ]
    known = _Known(snapshot, program, submitted, related)
    histories = _histories(snapshot, program, calendar, [row["id"] for row in submitted])
    return tuple(known.request(row, histories[row["id"]]) for row in submitted if not histories[row["id"]].served)


def requests_by_id(snapshot: Snapshot, program: Program, ids: set[str], related: Families) -> Mapping[str, OpenRequest]:
    """Read these requests as open ones are read, whatever became of them."""
    found = list(rows(snapshot, "request", REQUEST, one_of(snapshot, "request", "id", ids)))
    known = _Known(snapshot, program, found, related)
    return {row["id"]: known.request(row, History()) for row in found}


class _Known:
    """The deals, companies and people that open requests name."""

    def __init__(self, snapshot: Snapshot, program: Program, submitted: list[Row], related: Families) -> None:
        self.program, self.related = program, related
        self.opportunities = _by_id(snapshot, "opportunity", ("id", "account", "use_case", "product"), submitted)
        for row in submitted:
            row["prospect"] = row["prospect"] or self.opportunities.get(row["opportunity"], {}).get("account")
            row["requester"] = row["requester"] or row["owner"]
        self.accounts = _by_id(snapshot, "prospect", ("id", "industry", "use_case", "region", "employees"), submitted)
        self.users = _by_id(snapshot, "requester", ("id", "time_zone"), submitted)

    def request(self, row: Row, history: History) -> OpenRequest:
        """Fill what the requester left empty from the opportunity, then from the prospect."""
        deal = self.opportunities.get(row["opportunity"], {})
        prospect = self.accounts.get(row["prospect"], {})
        zones = self.program.lead_time.default_time_zone_by_region
        region = row["region"] or prospect.get("region")
        return OpenRequest(
            id=row["id"],
            type=row["type"] if row["type"] in self.program.types else None,
            prospect=row["prospect"],
            family=self.related.of(row["prospect"]) if row["prospect"] else None,
            rivals=self.related.competitors_of(row["prospect"]),
            requester=row["requester"],
            audience=row["audience"],
            industry=row["industry"] or prospect.get("industry"),
            use_case=row["use_case"] or deal.get("use_case") or prospect.get("use_case"),
            size=row["size"] or size_of(prospect.get("employees"), self.program),
            product=row["product"] or deal.get("product"),
            region=region,
            language=row["language"],
            needed_by=row["needed_by"],
            requester_zone=self.users.get(row["requester"], {}).get("time_zone") or zones.get(region or ""),
            history=history,
        )


MAPPING_OF = {"opportunity": "opportunity", "prospect": "account", "requester": "user"}


def _by_id(
    snapshot: Snapshot, named_by: str, columns: tuple[str, ...], submitted: list[Row]
) -> Mapping[str | None, Row]:
    mapping = MAPPING_OF[named_by]
    wanted = {row[named_by] for row in submitted if row[named_by]}
    return {row["id"]: row for row in rows(snapshot, mapping, columns, one_of(snapshot, mapping, "id", wanted))}


def size_of(employees: float | None, program: Program) -> str | None:
    """Name the company size of this many employees; None when not known."""
    sizes = program.matching.company_size.model_dump()
    fitting = [name for name, least in sizes.items() if employees is not None and employees >= least]
    return max(fitting, key=lambda name: sizes[name]) if fitting else None


def _histories(
    snapshot: Snapshot, program: Program, calendar: BusinessCalendar, ids: list[str]
) -> Mapping[str, History]:
    contact_of = {
        row["id"]: row["contact"] or row["key"] for row in rows(snapshot, "profile", ("id", "contact", "key"))
    }
    matches: dict[str, list[Row]] = defaultdict(list)
    for match in rows(snapshot, "match", MATCH, one_of(snapshot, "match", "request", ids)):
        match["contact"] = contact_of.get(match["profile"])
        matches[match["request"]].append(match)
    activities: dict[str, list[Row]] = defaultdict(list)
    columns = ("id", "request", "contact", "status", "match")
    for activity in rows(snapshot, "activity", columns, one_of(snapshot, "activity", "request", ids)):
        activities[activity["request"]].append(activity)
    levels = program.matching.service_levels_business_days
    reading = _Reading(Patience(snapshot.today, calendar, levels.owner_answer, levels.customer_answer))
    return {request_id: reading.history(matches[request_id], activities[request_id]) for request_id in ids}


@dataclass(frozen=True)
class _Reading:
    """How one request's matches and activities read on this day."""

    patience: Patience

    def history(self, matches: list[Row], activities: list[Row]) -> History:
        """Put together what became of a request."""
        asked = [m["contact"] for m in matches if self._is_awaited(m)]
        asked += [a["contact"] for a in activities if a["status"] == "asked" and a["match"]]
        spent = {m["contact"] for m in matches if self._is_spent(m)}
        over = {a["contact"] for a in activities if a["status"] in OVER}
        reserved = [m for m in matches if self._is_reserved(m)]
        waiting = sorted((self._is_awaited(m), m["rank"] or 0, m["contact"] or "") for m in reserved)
        return History(
            asked=_first(set(asked) - spent - over),
            proposed=_first({waiting[0][-1]} - spent - over) if waiting else None,
            spent=frozenset(contact for contact in spent | over if contact),
            served=any(_has_somebody(m) for m in matches if m["contact"] not in over)
            or any(self._is_frozen(m) for m in matches)
            or any(a["status"] in SERVED or _is_asked_alone(a) for a in activities),
        )

    def _is_awaited(self, match: Row) -> bool:
        """The owner has approved or the customer has been asked, and there is still time to answer."""
        begun = match["owner_decision"] == "approved" or match["asked_on"]
        return bool(begun) and match["state"] not in GONE and not is_refused(match) and not self._has_lapsed(match)

    def _is_spent(self, match: Row) -> bool:
        """Somebody said no, or the time to decide, to ask or to answer is over: one ask a person is enough."""
        over = match["asked_on"] and not match["customer_response"] and match["state"] in GONE
        return is_refused(match) or bool(over) or self._has_lapsed(match)

    def _is_reserved(self, match: Row) -> bool:
        """Proposed to the owner and held for this request, with nobody drawn in yet."""
        held = match["reserved_until"] is not None and match["reserved_until"] >= self.patience.today
        return held and match["state"] not in GONE and not is_refused(match) and not match["asked_on"]

    def _is_frozen(self, match: Row) -> bool:
        return match["state"] == "frozen" and not is_refused(match) and not self._has_lapsed(match)

    def _has_lapsed(self, match: Row) -> bool:
        return self.patience.has_lapsed(match)


def _is_asked_alone(activity: Row) -> bool:
    """Whether somebody was asked and no match says so: nobody has to decide on it, and nobody else is asked."""
    return activity["status"] == "asked" and not activity["match"]


def _has_somebody(match: Row) -> bool:
    taken = match["customer_response"] == "accepted" or match["scheduled_for"]
    return bool(match["completed_on"] or (taken and match["state"] not in GONE)) and not is_refused(match)


def _first(contacts: Iterable[str | None]) -> str | None:
    return min((contact for contact in contacts if contact), default=None)
