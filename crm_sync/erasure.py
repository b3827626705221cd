"""Somebody asked to be forgotten -> nothing of them is left in the worker's own files but keyed hashes.

Called by the pipeline after every run that was carried out, by `crm-sync forget`, and whenever the files are opened. The run
comes first: it freezes their asks in the org and blocks them there. Then they are put on the suppression list, durably; then
every store takes out whoever is on it and notes so. A crash in between, or files from a backup, only means that a store has
not seen the newest list yet, and it is screened before anything else is done with it. Not here: the org's own records, which
people delete.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from crm_sync.audit.redact import take_out
from crm_sync.keeping import Papers, Shelf
from crm_sync.lifecycle.forgetting import (
    asked_to_be_forgotten,
    identifiers,
    on_legal_hold,
    records_about,
    same_people,
    traces,
)
from crm_sync.model.records import Change, Erased, Link, Outcome
from crm_sync.model.snapshot import Snapshot
from crm_sync.model.verdicts import Verdicts
from crm_sync.ports import Journal, Mirror, Org
from crm_sync.program import Program
from crm_sync.pull import pull

ASKED = "the person's individual in the org says that they are to be forgotten"
CAUGHT_UP = "files that had not seen the newest suppression list: an erasure that was interrupted, or a backup"


@dataclass(frozen=True)
class Stores:
    """Everything the worker keeps on this machine."""

    journal: Journal
    mirror: Mirror
    archive: Shelf
    papers: Papers

    def screen(self, basis: str = CAUGHT_UP) -> Mapping[str, int]:
        """Take whoever is on the suppression list out of every store that has not seen it; returns how much of each."""
        found = {"journal": self.journal.screen(), "mirror": self.mirror.screen()}
        found |= {"archive": self._screen_archive(basis), "papers": self.papers.screen()}
        if any(found.values()):
            self.journal.dispositions.note("traces of people who were forgotten", basis, sum(found.values()), **found)
        return found

    def _screen_archive(self, basis: str) -> int:
        return screen_archive(self.journal, self.archive, basis)


def screen_archive(journal: Journal, archive: Shelf, basis: str = CAUGHT_UP) -> int:
    """Take whoever is on the suppression list out of what past runs kept, unless that was done; returns how many pieces."""
    wanted = journal.suppression
    if wanted.covers(archive.screened):
        return 0
    version = wanted.version
    count = take_out(wanted.names, basis, journal.decisions, journal.dispositions, archive)
    archive.note_screened(version)
    return count


def forget_who_asked(
    org: Org, stores: Stores, program: Program, snapshot: Snapshot, verdicts: Verdicts, outcome: Outcome
) -> Erased:
    """Forget everybody whose individual says so, after the run that was made of this snapshot."""
    stores.screen()
    asked = asked_to_be_forgotten(snapshot)
    return forget_after(org, stores, program, snapshot, verdicts, outcome, asked, ASKED) if asked else Erased()


def forget_after(
    org: Org,
    stores: Stores,
    program: Program,
    snapshot: Snapshot,
    verdicts: Verdicts,
    outcome: Outcome,
    contacts: frozenset[str],
    basis: str,
) -> Erased:
    """Forget these people after a run, but for those on legal hold, and nobody while a write about one of them is put off.

    What was just written is read again first, because the mirror may still hold texts that told of them.
    """
    everybody = same_people(verdicts, contacts)
    held = same_people(verdicts, on_legal_hold(snapshot, program, everybody))
    people = everybody - held
    if not people:
        return Erased(waiting=len(held))
    known = identifiers(snapshot, people)
    if _is_put_off(outcome, known):
        return Erased(waiting=len(everybody))
    fresh = pull(org, stores.mirror, program, snapshot.as_of, again=True)
    return replace(forget(stores, fresh, people, known | identifiers(fresh, people), basis), waiting=len(held))


def forget(stores: Stores, snapshot: Snapshot, people: frozenset[str], known: frozenset[str], basis: str) -> Erased:
    """Erase these people, known by these ids and keys, and keep them out; `basis` says why and names nobody."""
    stores.journal.suppression.add(known)
    stores.journal.dispositions.note("people", basis, len(people))
    erased = stores.screen(basis)
    return Erased(people=len(people), traces=erased, left_in_org=records_about(snapshot, known))


def _is_put_off(outcome: Outcome, known: frozenset[str]) -> bool:
    """Whether a write that names one of these was not made: then the org may not hold yet that nobody may ask them."""
    wanted = {trace for one in known for trace in traces(one)}
    unmade = (result.change for result in outcome.results if result.status != "written")
    return any(not wanted.isdisjoint(_named(change)) for change in unmade)


def _named(change: Change) -> Iterator[str]:
    """Every id and key that a write names."""
    for value in (change.key, change.id, *change.fields.values()):
        text = value.key if isinstance(value, Link) else value
        yield from traces(text) if isinstance(text, str) else ()
