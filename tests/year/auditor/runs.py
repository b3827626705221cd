"""S11, S16, S18, S19, R4, R8: runs as their records tell them, and what lies between their beginning and their end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.year.auditor import law
from tests.year.auditor.org import Entry, Org, day_of, instant

AGREED = re.compile(r"Agreed to plan (\w+)")
WRITTEN = re.compile(r"^written \w+: (\d+)$", re.MULTILINE)


@dataclass
class Run:
    """One run: its record, its entries on everything else, and how it ended."""

    record: str
    began: Entry
    entries: list[Entry] = field(default_factory=list)
    status: str = "Running"


class Runs:
    """All runs so far. `open` is the one under way, `disturbed` says that somebody else wrote since the last one ended."""

    def __init__(self, org: Org) -> None:
        self.org = org
        self.open: Run | None = None
        self.last: Run | None = None
        self.disturbed = True
        self.stopped_at: datetime | None = None
        self.agreed: set[str] = set()
        self._all: dict[str, Run] = {}

    def note(self, entry: Entry, *, by_worker: bool) -> Iterator[tuple[str, str]]:
        """Follow one entry; give what is wrong as (check, sentence). The org holds the entry already."""
        if not by_worker:
            self.disturbed = True
            self._note_switch(entry)
            self._note_agreement(entry)
            return
        if self.stopped_at is not None and entry.time - self.stopped_at > timedelta(seconds=5):
            yield "S18", f"the stop switch is on since {self.stopped_at}"
        if entry.object != "Sync_Run__c":
            yield from self._of_effect(entry)
        elif entry.action == "insert" and entry.sets("Kind__c") != "Lease":
            yield from self._begin(entry)
        else:
            yield from self._end(entry)

    def _note_switch(self, entry: Entry) -> None:
        if entry.object == "Sync_Run__c" and "Stop_Switch__c" in entry.after:
            self.stopped_at = entry.time if entry.after["Stop_Switch__c"] else None

    def _note_agreement(self, entry: Entry) -> None:
        """Somebody has agreed to exactly one plan."""
        said = AGREED.search(str(entry.sets("Subject") or "")) if entry.object == "Task" else None
        if said:
            self.agreed.add(said[1])

    def _of_effect(self, entry: Entry) -> Iterator[tuple[str, str]]:
        run = self.open
        if run is None:
            yield "S16", "no run is under way, so nothing says why this was written"
            return
        run.entries.append(entry)
        started = self.org.row("Sync_Run__c", run.record).get("Started_At__c")
        if started and entry.time - instant(started) > timedelta(minutes=law.LONGEST_RUN_MINUTES):
            yield "S11", f"written {entry.time - instant(started)} after the run began to look"
        if day_of(self.org.row("Sync_Run__c", run.record).get("As_Of__c")) != entry.day:
            yield "S11", f"written on {entry.day}, decided for another day"
        again = not self.disturbed and self.last is not None and self.last.began.time == run.began.time
        if again and entry.object != "Sync_Request__c":
            yield "R4", "nobody had changed anything since the run before, which left nothing to do"

    def _begin(self, entry: Entry) -> Iterator[tuple[str, str]]:
        if self.open is not None:
            row = self.org.row("Sync_Run__c", self.open.record)
            until = row.get("Lease_Until__c")
            if until and instant(until) > entry.time:
                yield "R8", f"run {self.open.record} may still write until {until}"
            self.disturbed = True
        self.open = self._all[entry.record] = Run(entry.record, entry)

    def _end(self, entry: Entry) -> Iterator[tuple[str, str]]:
        status, run = entry.sets("Status__c"), self._all.get(entry.record)
        if run is None or status in (None, "Running"):
            return
        run.status = str(status)
        if run is not self.open:
            return
        counted = sum(map(int, WRITTEN.findall(str(entry.sets("Counts__c") or ""))))
        if status in ("Done", "Dry Run") and counted != len(run.entries):
            yield "S16", f"the run says it wrote {counted} records, the journal has {len(run.entries)}"
        yield from (("S19", text) for text in self._mass(run))
        self.open, self.last = None, run
        self.disturbed = status != "Done"

    def _mass(self, run: Run) -> Iterator[str]:
        """What changed too much at once, and nobody agreed to; the first verdict of all is no change."""
        if self.org.row("Sync_Run__c", run.record).get("Plan_Checksum__c") in self.agreed:
            return
        judged = [row for row in self.org.rows("Reference_Profile__c") if row.get("Verdict__c")]
        mine = [e for e in run.entries if e.object == "Reference_Profile__c" and e.action == "update"]
        flipped = [e for e in mine if e.before.get("Verdict__c") and "Verdict__c" in e.after]
        retired = [e for e in mine if e.before.get("Eligible_Types__c") and not e.after.get("Eligible_Types__c", True)]
        if len(judged) < law.GUARDED_FROM:
            return
        for found, most, what in (
            (flipped, law.MOST_FLIPPED, "changed"),
            (retired, law.MOST_RETIRED, "lost their last type"),
        ):
            if len(found) > most * len(judged):
                yield f"{len(found)} of {len(judged)} profiles {what} in one run"

    def unfinished(self) -> Iterator[tuple[str, Entry]]:
        """Runs that never came to an end though others followed."""
        for run in self._all.values():
            if run.status == "Running" and run is not self.open:
                yield f"run {run.record} never ended", run.began
