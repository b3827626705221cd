"""One closed engagement -> its archive pack: everything on record about it, with what was decided and under which rules.

Called by `crm-sync archive`. An engagement is a request with its proposals and uses, or a use that no request led to. The pack
is for the program's files: record ids and what the org holds on these records, no names, addresses or numbers of people, for
the mirror has none. Not here: writing files, and when a record may be disposed of (lifecycle says).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from crm_sync import __version__
from crm_sync.audit.books import RUN
from crm_sync.audit.pack import consents_seen, json_lines, keys_for, rules_of, sealed_entry
from crm_sync.audit.recall import Recalled
from crm_sync.keeping import Decisions, Sealed, Shelf, name_of
from crm_sync.lifecycle.forgetting import same_people
from crm_sync.lifecycle.retention import CLOSED_ON, scheduled
from crm_sync.lifecycle.world import Row, World

Entry = Mapping[str, Any]
MANIFEST = "manifest.json"
DAYS = ("submitted_on", "requested_on", "asked_on")
"""The days on which an engagement may have begun."""
README = """One engagement of the customer reference program, as it was closed.

engagement.json  which it is, its final status and days, and the org, day and software of this pack.
records.jsonl    the request, its proposals, uses, consents, escalations, cases and tasks as the org holds them: {mapping, ...fields}.
retention.jsonl  of each record: {kind, record_id, closed_on, due_on, held_by}: when it may be disposed of, and what holds it.
consents.jsonl   the consents that were relied on, as the runs saw them: {consent, first_run, last_run}.
decisions.jsonl  the sealed entries of the decision log about this request and these people: {seq, run_id, at, body, seal, seal_before}.
                 seal = SHA-256 of the JSON list [seal_before, seq, run_id, at, body], written as Python's json.dumps writes it.
told.jsonl       the same entries with what they say of people unlocked; of whoever was forgotten, only that they were.
keys.jsonl       what unlocks them: {who, contact, key}. A box in a body is base64 of 12 bytes of nonce and the AES-256-GCM of a JSON
                 text under the key (hex) of its `who`, with `who` as the additional data.
rules/<version>/ the texts of rules and mappings that the runs were made under.
manifest.json    the SHA-256 of every other file.

People stand here by record id. This pack is a copy: forgetting somebody does not reach it, and it falls due with its records.
"""


@dataclass(frozen=True)
class Engagement:
    """A request with everything that came of it, or a use without a request, among the records of one look at the org."""

    world: World
    kind: str
    row: Row

    @property
    def number(self) -> str:
        """What people call it: the record's number, or its id."""
        return str(self.row.get("name") or self.row["id"])

    @property
    def status(self) -> str | None:
        """The stage of a request, or the status of a use."""
        return self.row.get("stage" if self.kind == "request" else "status")

    @property
    def is_closed(self) -> bool:
        """Whether it has come to its end."""
        return CLOSED_ON[self.kind](self.world, self.row) is not None

    @cached_property
    def records(self) -> tuple[tuple[str, Row], ...]:
        """Every record of it, with its kind: the request first, then what came of it, then what it stood on."""
        world, request = self.world, self.row["id"]
        matches = world.matches_of.get(request, ())
        ids = {row["id"] for row in matches}
        uses = [
            a
            for a in world.rows("activity")
            if a["id"] == request or a.get("request") == request or a.get("match") in ids
        ]
        own = {request, *ids, *(row["id"] for row in uses)}
        escalations = [row for row in world.rows("escalation") if row.get("activity") in own]
        cases = {row.get("case") for row in escalations}
        found = {
            "request": [self.row] if self.kind == "request" else [],
            "match": matches,
            "activity": uses,
            "consent": [
                consent
                for person in sorted(same_people(world.verdicts, self.people))
                for consent in world.consents_of.get(person, ())
                if self._covers(consent)
            ],
            "escalation": escalations,
            "case": [row for row in world.rows("case") if row["id"] in cases],
            "task": [row for row in world.rows("task") if row.get("what") in own],
        }
        return tuple((kind, row) for kind, rows in found.items() for row in rows)

    @cached_property
    def people(self) -> frozenset[str]:
        """The contacts that were proposed, asked or used."""
        request = self.row["id"]
        matches = self.world.matches_of.get(request, ())
        asked = {self.world.contact_of(row) for row in matches}
        uses = {row.get("contact") for row in (self.row, *self.world.notes_of.get(request, ()))}
        return frozenset(person for person in asked | uses if person)

    def _covers(self, consent: Row) -> bool:
        """Whether a consent is to a use that covers what this was for."""
        return self.row.get("type") in self.world.program.consent.covers.get(consent.get("use") or "", ())


def engagements(world: World) -> Iterator[Engagement]:
    """Every closed engagement: requests, and uses that no request led to."""
    uses = [row for row in world.rows("activity") if not row.get("request") and not row.get("match")]
    every = [*(("request", row) for row in world.rows("request")), *(("activity", row) for row in uses)]
    yield from (found for kind, row in every if (found := Engagement(world, kind, row)).is_closed)


def engagement_of(world: World, record: str) -> Engagement | None:
    """Find an engagement by the id (15 or 18 characters) or number of its request, of a proposal or of a use."""
    for kind in ("request", "match", "activity"):
        for row in world.rows(kind):
            if record in (row["id"], row["id"][:15], row.get("name")):
                match = world.row("match", row.get("match")) or (row if kind == "match" else {})
                request = row if kind == "request" else world.row("request", row.get("request") or match.get("request"))
                return Engagement(world, "request", request) if request else Engagement(world, kind, row)
    return None


class Packer:
    """Makes archive packs; the decision log is read once for all of them."""

    def __init__(self, log: Decisions, archive: Shelf) -> None:
        self._log = log
        self._archive = archive
        self._entries = log.entries()
        self._sealed = log.sealed()

    def pack(self, found: Engagement) -> Iterator[tuple[str, bytes]]:
        """Give every file of an engagement's pack; the manifest comes last."""
        wanted = _wanted(found, self._entries)
        told = [entry for entry in self._entries if entry["seq"] in wanted]
        sealed = [(row, before) for row, before in self._with_seal_before() if row[0] in wanted]
        runs = [Recalled(entry, self._archive) for entry in told if entry["what"] == RUN]
        consents = {row["id"] for kind, row in found.records if kind == "consent"}
        seen = (line for line in consents_seen(runs) if line["consent"]["id"] in consents)
        files = {
            "README.txt": README.encode(),
            "engagement.json": json.dumps(_about(found), indent=2, sort_keys=True, default=str).encode(),
            "records.jsonl": json_lines({"mapping": kind, **row} for kind, row in found.records),
            "retention.jsonl": json_lines(map(asdict, scheduled(found.world, found.records))),
            "consents.jsonl": json_lines(seen),
            "decisions.jsonl": json_lines({**sealed_entry(row), "seal_before": before} for row, before in sealed),
            "told.jsonl": json_lines(told),
            "keys.jsonl": json_lines(keys_for((row for row, _ in sealed), self._log)),
            **rules_of(runs),
        }
        yield from files.items()
        manifest = {"files": {name: name_of(content) for name, content in files.items()}}
        yield MANIFEST, json.dumps(manifest, indent=2, sort_keys=True).encode()

    def _with_seal_before(self) -> Iterator[tuple[Sealed, str]]:
        before = self._log.start()[1]
        for row in self._sealed:
            yield row, before
            before = row[4]


def wrong_in(files: Mapping[str, bytes]) -> Sequence[str]:
    """Name the files of a pack that are not as its manifest says: changed, missing, or not of it."""
    try:
        listed = json.loads(files[MANIFEST])["files"]
    except (KeyError, ValueError, TypeError):
        return (MANIFEST,)
    if not isinstance(listed, dict):
        return (MANIFEST,)
    changed = [name for name, content in files.items() if name != MANIFEST and listed.get(name) != name_of(content)]
    return sorted({*changed, *(listed.keys() - files.keys())})


def _about(found: Engagement) -> Mapping[str, Any]:
    days = [day for name in DAYS for _, row in found.records if (day := row.get(name))]
    return {
        "kind": found.kind,
        "number": found.number,
        "record_id": found.row["id"],
        "type": found.row.get("type"),
        "final_status": found.status,
        "first_day": min(map(str, days), default=None),
        "closed_on": CLOSED_ON[found.kind](found.world, found.row),
        "people": sorted(found.people),
        "org": found.world.snapshot.org_id,
        "as_of": found.world.snapshot.as_of,
        "software": __version__,
    }


def _wanted(found: Engagement, entries: Sequence[Entry]) -> frozenset[int]:
    """Give the numbers of the entries about an engagement: its request's, those of its people that were in force while it
    was open, and those of the runs that made them.
    """
    own = [entry["seq"] for entry in entries if entry.get("request_id") == found.row["id"]]
    day = str(CLOSED_ON[found.kind](found.world, found.row))
    open_while = own or [max((entry["seq"] for entry in entries if entry["at"][:10] <= day), default=0)]
    theirs = (_in_force(person, open_while[0], open_while[-1], entries) for person in found.people)
    seqs = {*own, *(seq for seqs in theirs for seq in seqs)}
    runs = {entry["run_id"] for entry in entries if entry["seq"] in seqs}
    return frozenset(seqs | {e["seq"] for e in entries if e["what"] == RUN and e["run_id"] in runs})


def _in_force(person: str, first: int, last: int, entries: Sequence[Entry]) -> list[int]:
    """The entries about a person between two others, and the one that was in force at the first."""
    seqs = [entry["seq"] for entry in entries if entry.get("contact") == person and entry["seq"] <= last]
    return [*[seq for seq in seqs if seq < first][-1:], *(seq for seq in seqs if seq >= first)]
