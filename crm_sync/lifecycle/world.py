"""The facts that the state machines read: snapshot rows, verdicts, slates and explanations, each found by id.

Built once per run by `lifecycle.desired`. Not here: any decision.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from crm_sync.lifecycle.forgetting import asked_to_be_forgotten, same_people
from crm_sync.lifecycle.uses import Use, use_of
from crm_sync.model.calendar import BusinessCalendar
from crm_sync.model.matches import Matches, Slate
from crm_sync.model.org_days import org_calendar
from crm_sync.model.records import Value
from crm_sync.model.snapshot import Snapshot
from crm_sync.model.verdict import Verdict
from crm_sync.model.verdicts import Verdicts
from crm_sync.program import Program

Row = Mapping[str, Any]
T = TypeVar("T")
Explanations = Mapping[str, Mapping[str, Verdict]]
"""Contact id -> reference type -> verdict with reasons, for every contact that has or gets a profile."""


def digest(*parts: str) -> str:
    """Make the deterministic external key of a record the worker creates: 32 lower-hex digits of its natural key."""
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:32]


def match_key(request_id: str, contact_id: str) -> str:
    """The external key of the match of this request and this person."""
    return digest("match", request_id, contact_id)


def holder_of(role: str, users: Iterable[Row]) -> str | None:
    """The active user who holds a role in the program; the smallest id when there are several."""
    return min((row["id"] for row in users if row.get("role") == role and row.get("active")), default=None)


@dataclass(frozen=True)
class World:
    """Everything a state machine may look at. Rows are dicts by program name."""

    snapshot: Snapshot
    verdicts: Verdicts
    matches: Matches
    program: Program
    explanations: Explanations
    _rows: dict[str, tuple[Row, ...]] = field(default_factory=dict)
    _once: dict[Callable[[World], Any], Any] = field(default_factory=dict)

    @property
    def today(self) -> date:
        """The day decisions are made for."""
        return self.snapshot.today

    @cached_property
    def calendar(self) -> BusinessCalendar:
        """Business days of our own people: the org's hours and holidays. A customer's are in `earliest_on`."""
        return org_calendar(self.snapshot)

    def once(self, worked_out: Callable[[World], T]) -> T:
        """What several state machines need alike, worked out of this world once."""
        if worked_out not in self._once:
            self._once[worked_out] = worked_out(self)
        return self._once[worked_out]  # type: ignore[no-any-return]

    def rows(self, name: str) -> tuple[Row, ...]:
        """All rows of one mapping, sorted by id so that no result depends on the order of arrival."""
        if name not in self._rows:
            table = self.snapshot.tables.get(name)
            found = table.to_pylist() if table is not None else []
            self._rows[name] = tuple(sorted(found, key=lambda row: row["id"]))
        return self._rows[name]

    def row(self, name: str, record_id: str | None) -> Row | None:
        """The row with this id, or None."""
        return self._index(name).get(record_id) if record_id else None

    def _index(self, name: str) -> Mapping[str, Row]:
        if name not in self._indexes:
            self._indexes[name] = {row["id"]: row for row in self.rows(name)}
        return self._indexes[name]

    @cached_property
    def _indexes(self) -> dict[str, Mapping[str, Row]]:
        return {}

    @cached_property
    def judged(self) -> Mapping[str, Row]:
        """The verdicts table's row of each contact that has a profile."""
        columns = [c for c in self.verdicts.table.column_names if not c.startswith(("failed_", "unknown_", "caution_"))]
        return {row["contact_id"]: row for row in self._profiled(columns).to_pylist()}

    def _profiled(self, columns: Sequence[str]) -> pa.Table:
        """These columns of the verdicts of whoever has a profile."""
        table = self.verdicts.table.select(columns)
        return table.filter(pc.is_in(table["contact_id"], pa.array(sorted(self.profile_of), pa.string())))

    @cached_property
    def held(self) -> Mapping[str, Row]:
        """The verdict for each open ask, by match id, else by activity id: judged as the reservation it already is."""
        found: dict[str, Row] = {}
        for row in self.verdicts.held.to_pylist():
            one = row["match_id"] or row["activity_id"]
            known = found.get(one, row)
            both = {name: (known[name] or 0) | (row[name] or 0) for name in ("failed", "unknown")}
            found[one] = {**row, **both}
        return found

    def blocking(self, ask: Row) -> frozenset[str]:
        """The ids of the hard criteria that stand in the way of an open ask."""
        return self._rules((ask["failed"] or 0) | (ask["unknown"] or 0))

    def _rules(self, bits: int) -> frozenset[str]:
        return frozenset(rule.id for bit, rule in enumerate(self.verdicts.rules) if bits >> bit & 1)

    @cached_property
    def slates(self) -> Mapping[str, Slate]:
        """Each open request's slate."""
        return {slate.request_id: slate for slate in self.matches.slates}

    @cached_property
    def profile_of(self) -> Mapping[str, Row]:
        """The profile of each contact that has one."""
        return {row["contact"]: row for row in self.rows("profile") if row.get("contact")}

    @cached_property
    def profiles_of(self) -> Mapping[str, tuple[Row, ...]]:
        """Every profile of each contact, those known by their key alone included."""
        grouped: dict[str, list[Row]] = defaultdict(list)
        for row in self.rows("profile"):
            if row.get("contact") or row.get("key"):
                grouped[row.get("contact") or row["key"]].append(row)
        return {contact: tuple(rows) for contact, rows in grouped.items()}

    @cached_property
    def matches_of(self) -> Mapping[str, tuple[Row, ...]]:
        """The match rows in the org of each request."""
        grouped: dict[str, list[Row]] = defaultdict(list)
        for row in self.rows("match"):
            grouped[row["request"]].append(row)
        return {request: tuple(rows) for request, rows in grouped.items()}

    @cached_property
    def uses(self) -> tuple[Use, ...]:
        """Every activity as it stands today, sorted by id."""
        return tuple(use_of(row, self.row("match", row.get("match")) or {}) for row in self.rows("activity"))

    @cached_property
    def activities_of(self) -> Mapping[str, tuple[Row, ...]]:
        """The activities of each match, by match id."""
        grouped: dict[str, list[Row]] = defaultdict(list)
        for row in self.rows("activity"):
            if row.get("match"):
                grouped[row["match"]].append(row)
        return {match: tuple(rows) for match, rows in grouped.items()}

    @cached_property
    def notes_of(self) -> Mapping[str, tuple[Row, ...]]:
        """The activities of each request, by request id."""
        grouped: dict[str, list[Row]] = defaultdict(list)
        for row in self.rows("activity"):
            if row.get("request"):
                grouped[row["request"]].append(row)
        return {request: tuple(rows) for request, rows in grouped.items()}

    @cached_property
    def consents_of(self) -> Mapping[str, tuple[Row, ...]]:
        """The consents of each contact."""
        grouped: dict[str, list[Row]] = defaultdict(list)
        for row in self.rows("consent"):
            if row.get("contact"):
                grouped[row["contact"]].append(row)
        return {contact: tuple(rows) for contact, rows in grouped.items()}

    @cached_property
    def task_of(self) -> Mapping[str, Row]:
        """The worker's own tasks by key."""
        return {row["key"]: row for row in self.rows("task") if row.get("key")}

    @cached_property
    def may_be_asked(self) -> frozenset[str]:
        """The contacts that may be asked for something today."""
        found: set[str] = set()
        for kind in self.verdicts.types:
            columns = [f"failed_{kind}", f"unknown_{kind}"]
            if set(columns) <= set(self.verdicts.table.column_names):
                table = self.verdicts.table
                bits = pc.bit_wise_or(*(pc.fill_null(table[column], -1) for column in columns))
                found.update(table.filter(pc.equal(bits, 0))["contact_id"].to_pylist())
        return frozenset(found)

    @cached_property
    def same_person(self) -> Mapping[str, frozenset[str]]:
        """Every contact record of the person, for each contact that has a profile."""
        table = self.verdicts.table.select(["contact_id", "person_key"])
        people = self._profiled(["contact_id", "person_key"])["person_key"].combine_chunks()
        records: dict[str, set[str]] = defaultdict(set)
        for row in table.filter(pc.is_in(table["person_key"], people)).to_pylist():
            records[row["person_key"]].add(row["contact_id"])
        return {contact: frozenset(found) for found in records.values() for contact in found}

    def person_of(self, contact_id: str) -> str:
        """The contact record that stands for a person: the first with a profile of all that are theirs."""
        records = self.same_person.get(contact_id, frozenset({contact_id}))
        return min(records & self.profile_of.keys() or records)

    def hindered(self, contact_id: str | None, reference_type: str | None) -> frozenset[str] | None:
        """The ids of the hard criteria that keep somebody who has a profile from being asked; None when nobody can say."""
        row = self._judged_bits.get(contact_id or "", {})
        failed, unknown = row.get(f"failed_{reference_type}"), row.get(f"unknown_{reference_type}")
        return None if failed is None or unknown is None else self._rules(failed | unknown)

    @cached_property
    def _judged_bits(self) -> Mapping[str, Row]:
        columns = [c for c in self.verdicts.table.column_names if c.startswith(("failed_", "unknown_"))]
        return {row["contact_id"]: row for row in self._profiled(["contact_id", *columns]).to_pylist()}

    def notice_days(self, contact_id: str | None, reference_type: str | None) -> int:
        """The business days of notice that this person gets for this kind of reference."""
        notice = self.judged.get(contact_id or "", {}).get(f"notice_{reference_type}")
        usual = self.program.lead_time.business_days.get(reference_type or "", 0)
        return int(notice if notice is not None else usual)

    def earliest_on(self, contact_id: str | None, reference_type: str | None) -> date | None:
        """The first honest day of this person for this kind of reference, in their own days; None when nobody can say."""
        return self.judged.get(contact_id or "", {}).get(f"earliest_{reference_type}")

    @cached_property
    def to_forget(self) -> frozenset[str]:
        """Every contact record of the people who asked to be forgotten."""
        asked = asked_to_be_forgotten(self.snapshot)
        return same_people(self.verdicts, asked) if asked else frozenset()

    def contact_of(self, ask: Row) -> str | None:
        """The person that a match, or an activity, is about."""
        profile = self.row("profile", ask.get("profile")) or ask
        return profile.get("contact")

    def active_user(self, user_id: str | None) -> str | None:
        """Give this user if they can act; else their manager if that one can; else the program owner."""
        user = self.row("user", user_id)
        if user and user.get("active"):
            return str(user["id"])
        manager = self.row("user", user.get("manager")) if user else None
        return str(manager["id"]) if manager and manager.get("active") else self.role("program_owner")

    def role(self, role: str) -> str | None:
        """The active user who holds this role in the program; the smallest id when there are several."""
        return holder_of(role, self.rows("user"))

    def queue(self, name: str | None) -> str | None:
        """The queue of this name, or None where the org has none."""
        named = (row for row in self.rows("queue") if name and row.get("developer_name") == name)
        return next((str(row["id"]) for row in named if row.get("kind") == "Queue"), None)

    @cached_property
    def nobodys_queue(self) -> str | None:
        """The queue that owns what no active person is there for."""
        return self.queue(self.program.escalation.fallback_queue)

    def queued(self, person: Value) -> Mapping[str, Value]:
        """Whom a new record belongs to for which nobody is there: the queue, if the org has it; a person's is handed to them."""
        queue = None if person else self.nobodys_queue
        return {"owner": queue} if queue else {}

    def owner_of(self, contact_id: str | None) -> str | None:
        """Who acts for this customer: the account's owner, or who stands in for them."""
        contact = self.row("contact", contact_id) or {}
        account = self.row("account", contact.get("account")) or {}
        return self.active_user(account.get("owner") or contact.get("owner"))
