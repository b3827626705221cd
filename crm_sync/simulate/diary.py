"""What the replay has written so far: requests that came, matches, activities; and what people note on them day by day.

Used by `play`. The worker's part is written as lifecycle wants it, the people's part as `people` says they answer. An owner
decides once the final gate can look at it before the customer is asked. Not here: deciding who is proposed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any

import pyarrow as pa

from crm_sync.model.asks import GONE, is_begun
from crm_sync.model.calendar import BusinessCalendar
from crm_sync.model.records import Desired, Link, Value
from crm_sync.simulate.people import People

Row = dict[str, Any]


@dataclass
class Diary:
    """Rows by id, and the day on which each match's present trial began; `notice` in business days by type.

    `settled` are the matches that nothing more can come of; no later day looks at them.
    """

    people: People
    calendar: BusinessCalendar
    schemas: Mapping[str, pa.Schema]
    contact_of: Mapping[str, str]
    notice: Mapping[str, int]
    requests: dict[str, Row] = field(default_factory=dict)
    matches: dict[str, Row] = field(default_factory=dict)
    activities: dict[str, Row] = field(default_factory=dict)
    tried_since: dict[str, date] = field(default_factory=dict)
    settled: list[Row] = field(default_factory=list)

    def rows(self) -> Mapping[str, Iterable[Row]]:
        """Everything written, by table."""
        return {
            "request": self.requests.values(),
            "match": self.matches.values(),
            "activity": self.activities.values(),
        }

    def write(self, wanted: Iterable[Desired], day: date) -> None:
        """Write what the worker wants as the org would."""
        for record in wanted:
            rows = {"request": self.requests, "match": self.matches, "activity": self.activities}[record.object]
            record_id = record.id or record.key or ""
            if record_id not in rows:
                if record.key is None:
                    continue
                rows[record_id] = {**_blank(self.schemas[record.object]), "id": record_id, **_plain(record.on_create)}
            rows[record_id].update(_plain(record.fields))
        for key, match in self.matches.items():
            if not match["recommended"] or match["state"] != "proposed":
                self.tried_since.pop(key, None)
            else:
                self.tried_since.setdefault(key, day)

    def live(self, day: date) -> None:
        """Let people note what they decide, answer and do on this day, after its run; end requests whose day has passed."""
        activity_of = {row["match"]: row for row in self.activities.values()}
        for key in sorted(self.matches):
            match = self.matches[key]
            activity = activity_of.get(key, {})
            if match["state"] == "proposed":
                match.update(self._acts(match, day))
                activity.update(_noted(match))
            elif match["state"] in GONE and activity.get("status") == "asked":
                activity.update({"status": "cancelled", "responded_on": day})
        self._end_requests(day)
        self._settle()

    def _acts(self, match: Row, day: date) -> Mapping[str, Any]:
        """What somebody notes on a match on this day: the owner's decision, the asking, the answer, the use."""
        request, contact = match["request"], self.contact_of[match["profile"]]
        if match["customer_response"] == "accepted":
            return _takes_place(match, day)
        if match["asked_on"]:
            kind, wait = self.people.customer_answers(request, contact)
            if kind == "nothing" or match["customer_response"] or day < self.calendar.add(match["asked_on"], wait):
                return {}
            if kind == "no":
                return {"customer_response": "declined", "responded_on": day}
            return {"customer_response": "accepted", "responded_on": day, "scheduled_for": self._planned(match, day)}
        if match["owner_decision"] == "approved":
            return {"asked_on": day} if match["gate_verdict"] == "passed" else {}
        return self._decides(match, request, contact, day)

    def _planned(self, match: Row, day: date) -> datetime:
        """When the use will be that a customer agrees to on this day."""
        request, contact = self.requests[match["request"]], self.contact_of[match["profile"]]
        first = self.calendar.add(match["asked_on"], self.notice.get(request["type"] or "", 0))
        return datetime.combine(self.people.used_on(request, contact, day, first, self.calendar), time(12), UTC)

    def _decides(self, match: Row, request: str, contact: str, day: date) -> Mapping[str, Any]:
        """The owner decides a day before the customer can be asked, so that the gate lies between."""
        since = self.tried_since.get(match["id"])
        kind, wait = self.people.owner_answers(request, contact)
        if since is None or match["owner_decision"] or kind == "nothing":
            return {}
        if day < self.calendar.add(since, max(wait - 1, 0)):
            return {}
        return {"owner_decision": "approved" if kind == "yes" else "declined", "owner_decided_on": day}

    def _end_requests(self, day: date) -> None:
        """Close the requests that were served, and those whose day has passed without somebody being drawn in."""
        begun = {m["request"] for m in self.matches.values() if m["state"] not in GONE and is_begun(m)}
        begun |= {m["request"] for m in self.matches.values() if m["completed_on"]}
        for request_id, request in self.requests.items():
            passed = request["needed_by"] is not None and request["needed_by"] < day and request_id not in begun
            if passed or request["status"] == "completed":
                request["stage"] = "closed"

    def _settle(self) -> None:
        """Put away what no decision reads any more: matches of ended requests, and those that nobody ever looked at."""
        over = {key for key, row in self.requests.items() if row["stage"] == "closed"}
        for key, match in list(self.matches.items()):
            untouched = match["state"] == "superseded" and not (match["decide_by"] or match["owner_decision"])
            if match["request"] in over or untouched:
                if not untouched:
                    self.settled.append(match)
                del self.matches[key]


def _takes_place(match: Row, day: date) -> Mapping[str, Any]:
    used_on = match["scheduled_for"].date() if match["scheduled_for"] else day
    return {"completed_on": used_on} if not match["completed_on"] and used_on <= day else {}


def _noted(match: Row) -> Mapping[str, Any]:
    """What people write on the activity of a match."""
    if not match["asked_on"]:
        return {}
    status = "completed" if match["completed_on"] else match["customer_response"] or "asked"
    planned = match["scheduled_for"].date() if match["scheduled_for"] else None
    days = {name: match[name] for name in ("responded_on", "completed_on")}
    return {"status": status, **days, "scheduled_on": planned}


def _blank(schema: pa.Schema) -> Row:
    """A row on which nobody has set anything; a checkbox is never null in the org."""
    return {field.name: False if pa.types.is_boolean(field.type) else None for field in schema}


def _plain(fields: Mapping[str, Value]) -> Row:
    """Values as a table holds them; a record that is linked to has its key for an id here."""
    return {name: value.key if isinstance(value, Link) else value for name, value in fields.items()}
