"""API calls of a run beside the floor, a script over simple-salesforce's Bulk and a client that writes record by record.

    python -m bench.calls
    python -m bench.calls --contacts 20000     a smaller org

The org counts, so nobody's own word is taken. A first load, a run behind it that reads what the load wrote, then runs in which
nothing, an hour's and a day's worth of rows changed, one worker all along as in `crm-sync serve`: it pulls every mapped object
and writes profiles as any run does, with lease and run record. Jobs are done at the first look here, so nobody waits for one.
The peers are written as their README shows, ask for the same objects since the same moment, and upsert the same records; neither
reads deletions, keeps a lease, or looks at what became of a row. Who would take hours is left out.
The floor is `crm_sync/model/calls.py`. The goal: 1.25x of it; a third of the peers' calls in a run of nothing or of an hour.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from simple_salesforce import bulk2
from simple_salesforce.api import Salesforce

from bench._big_org import ROOT, BigOrg, big_org, library
from crm_sync.diff import plan
from crm_sync.model.records import Desired, Outcome
from crm_sync.program import Program, load_program
from crm_sync.pull import pull
from crm_sync.salesforce.org import SalesforceOrg
from crm_sync.state.journal import SqliteJournal
from crm_sync.state.mirror import DuckMirror
from crm_sync.writeback import write_back

CONTACTS = 100_000
HOUR = timedelta(hours=1)
PATIENCE = 2_000
"""Writes that a client of one call each is let make."""


@dataclass(frozen=True)
class Scene:
    """What changed since the run before, in parts of a hundred thousand, and how many profiles the run writes."""

    changed: Mapping[str, float]
    writes: float


SCENES: Mapping[str, Scene] = {
    "first load": Scene({}, 0.14),
    "behind it": Scene({}, 0),
    "nothing changed": Scene({}, 0),
    "an hour": Scene({"Account": 0.006, "Contact": 0.05, "Opportunity": 0.008, "Case": 0.002}, 0.009),
    "a day": Scene({"Account": 0.1, "Contact": 0.9, "Opportunity": 0.1, "Case": 0.05}, 0.14),
}


class Ours:
    """The worker, as the service keeps it from run to run."""

    def __init__(self, org: BigOrg, program: Program, folder: Path) -> None:
        self._program = program
        self._journal = SqliteJournal.open(folder / "journal.sqlite")
        self._mirror = DuckMirror.open(folder / "mirror.duckdb", b"s" * 32)
        self.later = timedelta()
        self._org = SalesforceOrg.connect(
            org.connection(),
            self._journal.jobs,
            api_share_percent=100,
            sleep=lambda _: None,
            now=lambda: datetime.now(UTC) + self.later,
        )

    def run(self, contacts: Sequence[str], strength: float) -> int:
        """Pull, plan and write; give the floor."""
        seen = pull(self._org, self._mirror, self._program, self._org.server_time())
        made = plan(seen, [_profile(contact, strength) for contact in contacts], self._program)
        if not made.changes:
            return Outcome.of((), self._org.spent).api_calls_floor
        outcome = write_back(made, seen, self._org, self._journal, self._program, kind="full")
        assert outcome.count("written") == len(contacts), outcome.results[0]
        return outcome.api_calls_floor


def _profile(contact: str, strength: float) -> Desired:
    born = {"contact": contact, "status": "candidate"}
    return Desired("profile", {"verdict": "eligible", "strength": strength}, key=contact, on_create=born)


def _records(contacts: Sequence[str], strength: float) -> list[dict[str, object]]:
    return [
        {"External_Key__c": c, "Contact__c": c, "Verdict__c": "Eligible", "Strength__c": strength} for c in contacts
    ]


def by_bulk(session: Salesforce, objects: Sequence[str], since: str, contacts: Sequence[str], strength: float) -> None:
    for name in objects:
        asked = f"SELECT Id, SystemModstamp FROM {name} WHERE SystemModstamp >= {since}"
        assert all(True for _ in getattr(session.bulk2, name).query(asked))
    if contacts:
        session.bulk2.Reference_Profile__c.upsert(
            records=_records(contacts, strength), external_id_field="External_Key__c"
        )


def one_by_one(
    session: Salesforce, objects: Sequence[str], since: str, contacts: Sequence[str], strength: float
) -> None:
    for name in objects:
        session.query_all(f"SELECT Id, SystemModstamp FROM {name} WHERE SystemModstamp >= {since}")
    for record in _records(contacts, strength):
        key = record.pop("External_Key__c")
        session.Reference_Profile__c.upsert(f"External_Key__c/{key}", record)


PEERS: Mapping[str, Callable[[Salesforce, Sequence[str], str, Sequence[str], float], None]] = {
    "simple-salesforce bulk2": by_bulk,
    "record by record": one_by_one,
}


def show(scene: str, floor: int, found: Mapping[str, int | None]) -> None:
    told = "".join(f"{'-' if calls is None else format(calls, ','):>25}" for calls in found.values())
    ours = found["ours"]
    print(f"{scene:<16} {floor:>6} {told}   {(ours or 0) / floor:.2f}x floor", flush=True)


def main(contacts: int) -> None:
    program = load_program(ROOT / "rules", ROOT / "mappings")
    objects = sorted({mapping.object for mapping in program.mappings.values()})
    print(
        f"{contacts:,} contacts, {len(objects)} objects\n{'':<16} {'floor':>6} "
        + "".join(f"{n:>25}" for n in ("ours", *PEERS))
    )
    sizes = {"Account": contacts // 5, "Contact": contacts, "Opportunity": contacts // 5, "Case": contacts // 10}
    bulk2.sleep = lambda _: None
    with big_org(sizes) as org, TemporaryDirectory() as folder:
        ids = [row["Id"] for row in library(org).query_all_iter("SELECT Id FROM Contact ORDER BY Id")]
        ours, since = Ours(org, program, Path(folder)), "1970-01-01T00:00:00Z"
        for number, (name, scene) in enumerate(SCENES.items(), 1):
            began = org.wait(HOUR.total_seconds())
            ours.later += HOUR
            org.touch({touched: int(part * contacts) for touched, part in scene.changed.items()})
            chosen = ids[: int(scene.writes * contacts)]
            before = org.calls()
            floor = ours.run(chosen, float(number))
            found: dict[str, int | None] = {"ours": org.calls() - before}
            for peer, run in PEERS.items():
                if run is one_by_one and (len(chosen) > PATIENCE or number == 1):
                    found[peer] = None
                    continue
                before = org.calls()
                run(library(org), objects, since, chosen, float(number))
                found[peer] = org.calls() - before
            since = began
            show(name, floor, found)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contacts", type=int, default=CONTACTS)
    main(parser.parse_args().contacts)
