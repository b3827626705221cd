"""The audit itself: entries in, findings out, in the journal's own order.

Every check is named by its invariant: S1-S22, R2, R4, R8; `life`, `cadence` and `escalation` are the promises to people.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from tests.year.auditor import law
from tests.year.auditor.asks import Outreaches, life, reminders, s21
from tests.year.auditor.care import cadence, escalations
from tests.year.auditor.effects import Effect, effects
from tests.year.auditor.gains import Gains
from tests.year.auditor.hands import Doubles, s10, s15, s17, s22
from tests.year.auditor.limits import s5
from tests.year.auditor.org import Entry, Org, entry_of
from tests.year.auditor.people import Mailboxes, Persons, account_stops, person_stops, qualification
from tests.year.auditor.rights import s1, s2, s7
from tests.year.auditor.rivals import s8
from tests.year.auditor.runs import Runs


@dataclass(frozen=True)
class Finding:
    """Something that must never happen, and did."""

    check: str
    sequence: int
    record: str
    text: str

    def __str__(self) -> str:
        return f"{self.check}: entry {self.sequence}, {self.record}: {self.text}"


@dataclass
class Auditor:
    """Reads a journal from its first line on."""

    org: Org = field(default_factory=Org)
    findings: list[Finding] = field(default_factory=list)
    audited: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.mailboxes = Mailboxes()
        self.persons = Persons(self.org, self.mailboxes)
        self.runs, self.doubles, self.outreaches, self.gains = Runs(self.org), Doubles(), Outreaches(), Gains()
        self.recent: list[Entry] = []
        self.workers: set[str] = set()
        self._unreadable: list[str] | None = None
        self.proposed: list[Effect] = []
        self.forgotten: dict[str, set[str]] = {}
        self.sequence = 0

    def read(self, lines: Iterable[Mapping[str, Any]]) -> Auditor:
        """Read on, line by line."""
        for line in lines:
            entry = entry_of(line)
            self.sequence = entry.sequence
            self.org.apply(entry)
            self.mailboxes.note(entry)
            if entry.object == "User" and entry.sets("Username") == law.WORKER:
                self.workers.add(entry.record)
            self._note(entry)
        return self

    def finish(self) -> list[Finding]:
        """Say what is wrong with what was left behind, and give every finding."""
        for text, entry in self.runs.unfinished():
            self._find("S16", entry, text)
        return self.findings

    def _note(self, entry: Entry) -> None:
        mine = entry.actor in self.workers
        for text in self.doubles.r2(entry):
            if mine:
                self._find("R2", entry, text)
        for check, text in self.runs.note(entry, by_worker=mine):
            self._find(check, entry, text)
        if mine:
            self._judge(entry)
        else:
            self._note_people(entry)

    def _note_people(self, entry: Entry) -> None:
        self.gains.note(entry)
        self.recent = [one for one in self.recent if self._is_fresh(one, entry)] + [entry]
        if entry.object in ("FieldPermissions", "PermissionSetAssignment"):
            self._unreadable = None
        if entry.object == "Individual" and entry.sets("ShouldForget"):
            for row in self.org.pointing("Contact", "IndividualId", entry.record, deleted=True):
                self._forget(row["Id"])
        if entry.object == "Contact" and entry.sets("IndividualId") and self.persons.is_forgotten(entry.record):
            self._forget(entry.record)

    def _hidden(self) -> list[str]:
        """The safety fields that no permission set shows to the worker."""
        if self._unreadable is None:
            rows = self.org.rows("PermissionSetAssignment")
            sets = {row.get("PermissionSetId") for row in rows if row.get("AssigneeId") in self.workers}
            shown = {
                row.get("Field")
                for row in self.org.rows("FieldPermissions")
                if row.get("ParentId") in sets and row.get("PermissionsRead")
            }
            self._unreadable = [name for name in law.SAFETY_FIELDS if name not in shown]
        return self._unreadable

    @staticmethod
    def _is_fresh(one: Entry, now: Entry) -> bool:
        return now.time - one.time < timedelta(seconds=law.FRESH_SECONDS)

    def _forget(self, contact: str) -> None:
        row = self.org.row("Contact", contact, deleted=True)
        names = [f"{row.get('FirstName') or ''} {row.get('LastName') or ''}".strip(), row.get("Email")]
        self.forgotten[contact] = {
            str(name).casefold() for name in names if (name and " " in str(name)) or "@" in str(name)
        }

    def _judge(self, entry: Entry) -> None:
        """Everything that one entry of the worker's can break."""
        self.audited[entry.object] += 1
        hands: tuple[tuple[str, Iterator[str]], ...] = (
            ("S15", s15(self.org, entry)),
            ("S17", s17(entry)),
            ("S22", s22(entry)),
            ("S21", reminders(self.org, entry)),
            ("S10", s10(self.org, entry, self.forgotten)),
        )
        for check, texts in hands:
            for text in texts:
                self._find(check, entry, text)
        if self._hidden() and entry.object != "Sync_Run__c":
            self._find("S11", entry, f"{', '.join(self._hidden())} could not be read")
        for effect in effects(self.org, entry):
            self.audited[effect.kind] += 1
            self._judge_effect(effect)
        if entry.object == "Sync_Run__c" and entry.sets("Status__c") == "Done":
            self._end_of_run(entry)

    def _judge_effect(self, effect: Effect) -> None:
        if effect.kind == "asset":
            self._with_grace(effect, "S7", lambda: s7(self.persons, effect))
            self._with_grace(effect, "S8", lambda: s8(self.org, effect, self._homes(effect)))
            return
        for text in self.outreaches.s6(self.org, effect) if effect.kind == "outreach" else ():
            self._find("S6", effect.entry, f"{effect.says}: {text}")
        if effect.kind == "proposal":
            self.proposed.append(effect)
        for check, judged in self._checks(effect).items():
            self._with_grace(effect, check, judged)

    def _checks(self, effect: Effect) -> Mapping[str, Callable[[], Iterator[str]]]:
        persons, contact, day = self.persons, effect.contact, effect.entry.day
        account = self.org.row("Contact", contact).get("AccountId")

        def s4() -> Iterator[str]:
            yield from account_stops(self.org, account)
            yield from person_stops(persons, contact)
            if effect.kind != "sharing":
                yield from persons.blacked_out(contact, effect.entry.time)

        return {
            "S1": lambda: s1(persons, effect),
            "S2": lambda: s2(persons, effect),
            "S3": lambda: persons.wishes(contact),
            "S4": s4,
            "qualification": lambda: qualification(self.org, contact, effect.type, day),
            "S8": lambda: s8(self.org, effect, self._homes(effect)),
            "S21": lambda: s21(persons, effect),
        }

    def _homes(self, effect: Effect) -> list[str]:
        """The companies an effect speaks for: the asset's, or those of every record of the person."""
        if effect.kind == "asset":
            account = self.org.row("Reference_Asset__c", effect.asset).get("Account__c")
            return [account] if account else []
        return self.persons.homes(effect.contact)

    def _with_grace(self, effect: Effect, check: str, judged: Callable[[], Iterator[str]]) -> None:
        """Judge by the org as it was a minute before: what people did within it, no worker could have seen."""
        found = list(judged())
        fresh = [one for one in self.recent if self._is_fresh(one, effect.entry)]
        if found and fresh:
            with self.org.without(fresh):
                found = list(judged())
        for text in found:
            self._find(check, effect.entry, f"{effect.says}: {text}")

    def _end_of_run(self, entry: Entry) -> None:
        """Everything that must hold once a run says it is done."""
        fresh = [one for one in self.recent if self._is_fresh(one, entry)]
        with self.org.without(fresh):
            for effect in self.proposed:
                for text in s5(self.persons, effect.contact, effect.type, entry.day):
                    self._find("S5", effect.entry, f"{effect.says}: {text}")
            whole = (
                life(self.persons, entry.day),
                cadence(self.persons, entry.day),
                escalations(self.persons, entry.day),
            )
            for found in whole:
                for check, record, text in found:
                    self.findings.append(Finding(check, entry.sequence, record, text))
            for check, record, text in self.gains.end_of_run(self.persons, entry.day):
                self.findings.append(Finding(check, entry.sequence, record, text))
        self.proposed.clear()

    def _find(self, check: str, entry: Entry, text: str) -> None:
        self.findings.append(Finding(check, entry.sequence, f"{entry.object} {entry.record}", text))
