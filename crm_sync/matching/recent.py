"""Activities -> who has lately been used for the same audience or requester, so that they rest from it.

Called by `joint`. An open ask counts as a use. An activity that does not say for whom it was, and has no request that
says so, may have been for anybody and bars the person from every such ask. Not here: rest from asks of any kind
(evaluate).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pyarrow.compute as pc

from crm_sync.matching.columns import normal, one_of, rows
from crm_sync.matching.pool import person_keys_of
from crm_sync.matching.requests import OpenRequest
from crm_sync.model.asks import GONE
from crm_sync.model.snapshot import Snapshot
from crm_sync.model.verdicts import Verdicts
from crm_sync.program import Program
from crm_sync.program.rules import Cooldown

ACTIVITY = ("id", "contact", "type", "status", "requested_on", "asked_on", "scheduled_on", "completed_on", "audience",
            "requester", "request", "match")  # fmt: skip
MATCH = ("id", "state", "customer_response", "completed_on")
NO_MATCH = dict.fromkeys(MATCH)
Row = dict[str, Any]
Use = tuple[str, str | None]
"""Who was used (person key), and for which request if that is known."""


@dataclass(frozen=True)
class Recent:
    """Uses by cooldown id and by what was the same; None stands for an ask that may have been for anybody."""

    cooldowns: tuple[Cooldown, ...]
    uses: Mapping[tuple[str, str | None], frozenset[Use]]

    def resting(self, request: OpenRequest) -> frozenset[str]:
        """Give everybody who rests from this request's audience or requester."""
        uses: set[Use] = set()
        for cooldown in self.cooldowns:
            wanted = normal(getattr(request, str(cooldown.same)))
            if wanted is not None:
                uses |= self.uses.get((cooldown.id, wanted), frozenset()) | self.uses.get(
                    (cooldown.id, None), frozenset()
                )
        return frozenset(person for person, request_id in uses if request_id != request.id)


def recent_uses(snapshot: Snapshot, verdicts: Verdicts, program: Program, open_ids: Iterable[str]) -> Recent:
    """Read every use that still rests its person from the same audience or requester.

    Open asks that stand on a match alone count too, except those of open requests: the ledger has them.
    """
    cooldowns = tuple(c for c in program.tolerance.cooldowns if c.same is not None and c.event == "used")
    found: dict[tuple[str, str | None], set[Use]] = defaultdict(set)
    counting = [*_activities(snapshot, program), *_matches(verdicts, frozenset(open_ids))]
    _name_request(snapshot, counting)
    person_of = person_keys_of(verdicts, {row["contact"] for row in counting if row["contact"]})
    for cooldown in cooldowns:
        for row in counting:
            if row["contact"] in person_of and _rests(cooldown, row, snapshot.today):
                found[cooldown.id, normal(row[str(cooldown.same)])].add((person_of[row["contact"]], row["request"]))
    return Recent(cooldowns, {key: frozenset(uses) for key, uses in found.items()})


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
    """An ask whose match says that it took place is a use."""
    done_on = row["completed_on"] or match["completed_on"]
    if row["open"] and match["completed_on"]:
        return {**row, "status": "completed", "completed_on": done_on, "open": False}
    return {**row, "completed_on": done_on}


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
    columns = ("id", "audience", "requester", "owner")
    requests = {row["id"]: row for row in rows(snapshot, "request", columns, one_of(snapshot, "request", "id", named))}
    for row in counting:
        request = requests.get(row["request"], {})
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
