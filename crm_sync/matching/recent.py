"""Activities -> who has lately been used for the same audience, requester or competitive set, so that they rest from it.

Called by `joint`. An open ask counts as a use. An activity that does not say for whom it was, and has no request that
says so, may have been for anybody and bars the person from every such ask. A prospect that is known but has no known
competitive set rests nobody from its competitors. Not here: rest from asks of any kind (evaluate).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pyarrow.compute as pc

from crm_sync.matching.columns import normal, one_of, rows
from crm_sync.matching.families import Families
from crm_sync.matching.pool import person_keys_of
from crm_sync.matching.requests import OpenRequest
from crm_sync.model.asks import GONE
from crm_sync.model.snapshot import Snapshot
from crm_sync.model.verdicts import Verdicts
from crm_sync.program import Program
from crm_sync.program.rules import Cooldown, Same

ACTIVITY = ("id", "contact", "type", "status", "requested_on", "asked_on", "scheduled_on", "completed_on", "audience",
            "requester", "prospect", "request", "match")  # fmt: skip
MATCH = ("id", "request", "state", "customer_response", "completed_on")
NO_MATCH = dict.fromkeys(MATCH)
Row = dict[str, Any]
Use = tuple[str, str | None]
"""Who was used (person key), and for which request if that is known."""


@dataclass(frozen=True)
class Recent:
    """Uses by what has to be the same, and by whom they were for; None stands for a use that may have been for anybody."""

    uses: Mapping[Same, Mapping[str | None, frozenset[Use]]]

    def resting(self, request: OpenRequest, *kinds: Same) -> frozenset[str]:
        """Give everybody who rests from this request because of a use that was for the same, of these kinds."""
        found: set[Use] = set()
        for same in kinds:
            uses, close = self.uses.get(same, {}), request.close_to(same)
            if close:
                found.update(*(uses[name] for name in uses.keys() & {*close, None}))
        return frozenset(person for person, request_id in found if request_id != request.id)


def recent_uses(
    snapshot: Snapshot, verdicts: Verdicts, program: Program, open_ids: Iterable[str], related: Families
) -> Recent:
    """Read every use that still rests its person from the same audience, requester or competitive set.

    Open asks that stand on a match alone count too, except those of open requests: the ledger has them.
    """
    found: dict[Same, dict[str | None, set[Use]]] = defaultdict(lambda: defaultdict(set))
    counting = [*_activities(snapshot, program), *_matches(verdicts, frozenset(open_ids))]
    _name_request(snapshot, counting)
    person_of = person_keys_of(verdicts, {row["contact"] for row in counting if row["contact"]})
    for cooldown in program.tolerance.cooldowns:
        if cooldown.same is None or cooldown.event != "used":
            continue
        for row in counting:
            if row["contact"] in person_of and _rests(cooldown, row, snapshot.today):
                whom = _for_whom(row, cooldown.same, related)
                found[cooldown.same][whom].add((person_of[row["contact"]], row["request"]))
    return Recent({same: {whom: frozenset(uses) for whom, uses in by.items()} for same, by in found.items()})


def _for_whom(row: Row, same: Same, related: Families) -> str | None:
    """Name whom a use was for, as `OpenRequest.for_whom` names it."""
    if same == "competitor_set":
        return related.of(row["prospect"]) if row["prospect"] else None
    return normal(row[same])


def _activities(snapshot: Snapshot, program: Program) -> list[Row]:
    """Give activities that are, or may be, a use or an open ask, with what people noted on their matches since."""
    counts_when = program.tolerance.counts_when
    harmless = [status for status, counts in counts_when.items() if counts == "nothing"]
    activities = rows(snapshot, "activity", ACTIVITY, pc.invert(one_of(snapshot, "activity", "status", harmless)))
    named = {row["match"] for row in activities if row["match"]}
    matches = {row["id"]: row for row in rows(snapshot, "match", MATCH, one_of(snapshot, "match", "id", named))}
    found = [{**row, "open": counts_when.get(row["status"]) == "reserved"} for row in activities]
    return [
        _with_match(row, matches.get(row["match"], NO_MATCH))
        for row in found
        if not _is_over(row, matches.get(row["match"], NO_MATCH))
    ]


def _is_over(row: Row, match: Row) -> bool:
    """Whether the match of an open ask says no, or let go of somebody who has not answered."""
    let_go = row["status"] == "asked" and match["state"] in GONE and match["customer_response"] is None
    over: bool = match["customer_response"] == "declined" or (let_go and match["completed_on"] is None)
    return row["open"] and over


def _with_match(row: Row, match: Row) -> Row:
    """An ask whose match says that it took place is a use; what an ask is for its match knows too."""
    done_on = row["completed_on"] or match["completed_on"]
    if row["open"] and match["completed_on"]:
        row = {**row, "status": "completed", "open": False}
    return {**row, "completed_on": done_on, "request": row["request"] or match["request"]}


def _matches(verdicts: Verdicts, open_ids: frozenset[str]) -> list[Row]:
    """Give open asks without an activity."""
    blank: Row = dict.fromkeys(ACTIVITY)
    return [
        {
            **blank,
            "contact": row["contact_id"],
            "type": row["reference_type"],
            "request": row["request_id"],
            "open": True,
        }
        for row in verdicts.held.to_pylist()
        if row["activity_id"] is None and row["request_id"] not in open_ids
    ]


def _name_request(snapshot: Snapshot, counting: list[Row]) -> None:
    """Take what an ask does not say itself from its request."""
    named = {row["request"] for row in counting if row["request"]}
    columns = ("id", "audience", "requester", "owner", "prospect", "opportunity")
    requests = {row["id"]: row for row in rows(snapshot, "request", columns, one_of(snapshot, "request", "id", named))}
    deals = {row["opportunity"] for row in requests.values() if row["opportunity"]}
    where = one_of(snapshot, "opportunity", "id", deals)
    buyer = {row["id"]: row["account"] for row in rows(snapshot, "opportunity", ("id", "account"), where)}
    for row in counting:
        request = requests.get(row["request"], {})
        row["prospect"] = row["prospect"] or request.get("prospect") or buyer.get(request.get("opportunity"))
        row["audience"] = row["audience"] or request.get("audience")
        row["requester"] = row["requester"] or request.get("requester") or request.get("owner")


def _rests(cooldown: Cooldown, row: Row, today: date) -> bool:
    """Whether this use still rests its person: of a counted type, and not long enough ago."""
    if isinstance(cooldown.after, tuple) and row["type"] is not None and row["type"] not in cooldown.after:
        return False
    day = None if row["open"] else _day(row)
    return day is None or day + timedelta(days=cooldown.days) > today


def _day(row: Row) -> date | None:
    """The day it happened, as evaluate counts it; None if that is not known."""
    day: date | None = row["completed_on"] if row["status"] == "completed" else row["scheduled_on"]
    return day
