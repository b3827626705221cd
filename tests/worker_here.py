"""A worker's edge in one hand, for tests: pull, plan, write back, and what the org then holds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from crm_sync.diff import Plan, plan
from crm_sync.model.records import Desired, Link, Outcome
from crm_sync.model.snapshot import Snapshot
from crm_sync.program import Program
from crm_sync.pull import pull
from crm_sync.salesforce.org import SalesforceOrg
from crm_sync.state.journal import SqliteJournal
from crm_sync.state.mirror import DuckMirror
from crm_sync.writeback import write_back
from crm_sync.writeback.write_back import Surroundings
from tests.local_place import Place

AS_OF = datetime(2026, 11, 22, 9, tzinfo=UTC)


def only(program: Program, *names: str) -> Program:
    """Keep these mappings of a program, so that a pull in a test reads what the test is about."""
    return replace(program, mappings={name: program.mappings[name] for name in names})


class Worker:
    """One worker: an org, a mirror in memory, a journal on disk. It waits for nothing."""

    def __init__(self, place: Place, state: Path, program: Program, holder: str = "worker one") -> None:
        self.place = place
        self.program = only(program, "account", "contact", "profile", "request", "match", "sync_run")
        self.journal = SqliteJournal.open(state / f"{holder}.sqlite")
        self.org: SalesforceOrg = place.worker(self.journal.jobs)
        self.mirror = DuckMirror.in_memory(b"s" * 32)
        self.paused: list[float] = []
        self.clock_s = 0.0
        self.holder = holder
        self.runs = 0
        self.pause: Callable[[float], None] = self.paused.append

    def close(self) -> None:
        """Let go of the files."""
        self.mirror.close()
        self.journal.close()

    def look(self) -> Snapshot:
        """Pull the org."""
        self.seen = pull(self.org, self.mirror, self.program, AS_OF)
        return self.seen

    def look_at_runs(self) -> None:
        """Learn which runs there have been since, as the next run does; what else was seen stays."""
        mirror = DuckMirror.in_memory(b"s" * 32)
        runs = pull(self.org, mirror, only(self.program, "sync_run"), AS_OF).tables["sync_run"]
        mirror.close()
        self.seen = replace(self.seen, tables={**self.seen.tables, "sync_run": runs})

    def plan(self, desired: Iterable[Desired]) -> Plan:
        """Compare what is wanted with what the org holds now."""
        return plan(self.look(), desired, self.program)

    def write(self, made: Plan) -> Outcome:
        """Carry out a plan."""
        here = self.surroundings()
        return write_back(made, self.seen, self.org, self.journal, self.program, kind="full", surroundings=here)

    def surroundings(self) -> Surroundings:
        """What the next run finds around it: no waiting, and a name that no other run has."""
        self.runs += 1
        return Surroundings(self.pause, lambda: self.clock_s, lambda: 1.0, f"{self.holder} run {self.runs}")

    def reach(self, desired: Iterable[Desired]) -> Outcome:
        """Plan and write in one go."""
        return self.write(self.plan(desired))


def contacts(place: Place, number: int) -> list[str]:
    """Create contacts."""
    return place.human("Contact", *({"LastName": f"Contact {i}"} for i in range(number)))


def profile(contact: str, **fields: Any) -> Desired:
    """Want a profile for a contact."""
    known: Mapping[str, Any] = {"verdict": "eligible", "verdict_summary": "fine", "strength": 50.0}
    return Desired("profile", {**known, **fields}, key=contact, on_create={"contact": contact, "status": "candidate"})


def match(number: int, request: str, contact: str, **fields: Any) -> Desired:
    """Want a match of a request and a profile that may not exist yet."""
    known = {"request": request, "profile": Link("profile", contact), "state": "proposed", "rank": 1.0}
    return Desired("match", {**known, **fields}, key=f"{number:064x}")
