"""Requests of the past months -> what is replayed: when each came, what it asked for, and who was really asked.

An ask on record that says when it was requested and has no request behind it stands for one: orgs that kept their program in
activities alone have a past, too. Called by `play`. Not here: what came of it under a rule set.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from crm_sync.lifecycle.uses import use_of
from crm_sync.model.asks import GONE
from crm_sync.model.org_days import org_calendar
from crm_sync.model.snapshot import Snapshot
from crm_sync.program import Program
from crm_sync.simulate.people import Outcome, outcome_of

Row = Mapping[str, Any]
WORKERS_OWN = ("status", "earliest_on", "recommended_match", "substitute", "substitute_asset", "clock", "due_on")


@dataclass
class Arrivals:
    """Requests that are replayed, in the order in which they came; and what is on record beside them.

    `others` are requests that are not replayed, closed so that nobody matches them; `asks` the activities that are not made
    anew. `real` is what became of a request and a person that were brought together in fact. `unrecorded` counts the
    requests that only an ask tells of.
    """

    requests: list[Row] = field(default_factory=list)
    others: list[Row] = field(default_factory=list)
    asks: list[Row] = field(default_factory=list)
    real: dict[tuple[str, str], Outcome] = field(default_factory=dict)
    unrecorded: int = 0


def arrivals(snapshot: Snapshot, program: Program, since: date) -> Arrivals:
    """Collect everything that was asked for from this day on."""
    calendar = org_calendar(snapshot)
    found = Arrivals()
    for row in snapshot.tables["request"].to_pylist():
        if _is_replayed(row, since, snapshot.today):
            found.requests.append(_as_submitted(row))
        else:
            found.others.append({**row, "stage": "closed"})
    replayed = {row["id"] for row in found.requests}
    for row in noted_activities(snapshot):
        request = row["request"]
        if request is None and _tells_of_request(row, program, since, snapshot.today):
            request = row["id"]
            found.requests.append(_request_behind(row, snapshot.tables["request"].schema.names))
            found.unrecorded += 1
        elif request not in replayed:
            found.asks.append(row)
            continue
        found.real[str(request), row["contact"] or ""] = outcome_of(row, calendar)
    found.requests.sort(key=lambda row: (row["submitted_on"], row["id"]))
    return found


def noted_activities(snapshot: Snapshot) -> Iterable[Row]:
    """Every activity, in the order of ids, with what people noted on its match since, and the match's request."""
    matches = {row["id"]: row for row in snapshot.tables["match"].to_pylist()}
    for row in sorted(snapshot.tables["activity"].to_pylist(), key=lambda row: str(row["id"])):
        match: Row = matches.get(row["match"] or "", {})
        use = use_of(row, match)
        let_go = use.status == "asked" and match.get("state") in GONE
        yield {
            **row,
            "request": row["request"] or match.get("request"),
            "status": "cancelled" if let_go else use.status,
            "responded_on": use.responded_on,
            "scheduled_on": use.scheduled_on,
            "completed_on": use.completed_on,
        }


def submitted_on(row: Row) -> date | None:
    """The day a request was submitted; the day it was made where that is not said."""
    made = row.get("created_at")
    day: date | None = row.get("submitted_on")
    return day or (made.date() if made else None)


def _is_replayed(row: Row, since: date, today: date) -> bool:
    day = submitted_on(row) if row.get("stage") not in (None, "draft") else None
    return day is not None and since <= day <= today


def _as_submitted(row: Row) -> Row:
    """A request on the day it came: open, and nothing decided about it."""
    return {**row, **dict.fromkeys(WORKERS_OWN), "stage": "submitted", "submitted_on": submitted_on(row)}


def _tells_of_request(row: Row, program: Program, since: date, today: date) -> bool:
    day = row.get("requested_on")
    return bool(row.get("contact") and row.get("type") in program.types and day and since <= day <= today)


def _request_behind(row: Row, columns: Iterable[str]) -> Row:
    """The request that an ask was the answer to; by when it was needed is not on record."""
    known = {name: row.get(name) for name in ("id", "name", "type", "requester", "audience", "prospect")}
    return {**dict.fromkeys(columns), **known, "stage": "submitted", "submitted_on": row["requested_on"]}
