"""A worker's own files with three people in them, on disk and small, for tests of forgetting and disposal."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from crm_sync.audit import Books, Decided
from crm_sync.erasure import Stores
from crm_sync.evaluate import evaluate
from crm_sync.matching import match
from crm_sync.model.matches import Matches
from crm_sync.model.snapshot import Snapshot
from crm_sync.model.verdicts import Verdicts
from crm_sync.ports import Batch, Notification, Stamp
from crm_sync.program import Program
from crm_sync.state.archive import FileArchive
from crm_sync.state.journal import SqliteJournal
from crm_sync.state.mirror import UNMAPPED_SCHEMA, DuckMirror
from crm_sync.state.papers import Papers

TODAY = date(2026, 3, 11)
ANN, TWIN, BOB = "003000000000001AAA", "003000000000002AAA", "003000000000003AAA"
ANN_KEY = "a" * 32
PROFILE, CONSENT, MATCH, ACTIVITY = (f"a0{n}000000000001AAA" for n in "1234")
MATCH_KEY, ESCALATION_KEY, CASE_KEY = "1" * 32, "2" * 32, "3" * 32
TASK, EVENT, INDIVIDUAL = "00T000000000001AAA", "00U000000000001AAA", "0PK000000000001AAA"
REQUEST, COLLEAGUE = "a07000000000001AAA", "a01000000000003AAA"
SAID = "Ann Marchetti was called"
TRACES = frozenset(
    {
        SAID,
        ANN,
        TWIN,
        ANN_KEY,
        PROFILE,
        CONSENT,
        MATCH,
        ACTIVITY,
        MATCH_KEY,
        ESCALATION_KEY,
        CASE_KEY,
        TASK,
        EVENT,
        INDIVIDUAL,
    }
)
"""Every id and key of a record about Ann, and what somebody wrote of her."""
MIRRORED = ("contact", "profile", "match", "activity", "request", "escalation", "case")
"""Enough tables to tell: some go with a person, some only mention one."""
ACCOUNT: dict[str, Any] = {
    "health_score": 92.0,
    "healthy_since": TODAY - timedelta(days=400),
    "health_trend": "steady",
    "churn_risk": "none",
    "renewal_on": TODAY + timedelta(days=200),
    "customer_since": TODAY - timedelta(days=900),
    "implementation_stage": "production",
    "product": "Core",
    "in_dispute": False,
    "legal_hold": False,
    "confidential": False,
    "region": "EMEA",
    "country": "Germany",
}
CONTACT: dict[str, Any] = {
    "nps": 10.0,
    "nps_on": TODAY - timedelta(days=20),
    "opted_out": False,
    "email_opt_out": False,
}
CONTACT |= {"do_not_call": False, "left_company": False, "nominated": False, "speaks_publicly": "yes"}
MEMBER: dict[str, Any] = {"status": "active", "paused": False, "time_zone": "Europe/Berlin"}
MEMBER |= {"approved_types": ["call"], "briefed_types": ["call"], "briefed_on": TODAY - timedelta(days=60)}
GRANTED: dict[str, Any] = {"use": "call", "status": "granted", "text_version": "v1", "audience": "anyone"}
GRANTED |= {"valid_from": TODAY - timedelta(days=30), "legal_restriction": False, "territory": ["worldwide"]}
GRANTED |= {"approved_by": "005000000000001AAA", "evidence": "https://files.example/1"}


def rows(*, forget: bool = False) -> dict[str, list[dict[str, Any]]]:
    """Ann with everything that can tell of her, a second record of hers, Bob, and an open request."""
    accounts = [{"id": f"00100000000000{n}AAA", **ACCOUNT} for n in (1, 3)]
    contacts = [
        {"id": ANN, "account": accounts[0]["id"], "email_key": ANN_KEY, "individual": INDIVIDUAL, **CONTACT},
        {"id": TWIN, "account": accounts[0]["id"], "email_key": ANN_KEY, **CONTACT},
        {"id": BOB, "account": accounts[1]["id"], "email_key": "b" * 32, **CONTACT},
    ]
    return {
        "account": accounts,
        "contact": contacts,
        "individual": [{"id": INDIVIDUAL, "forget": forget, "no_processing": False, "no_solicit": False}],
        "profile": [
            {"id": PROFILE, "key": ANN, "contact": ANN, **MEMBER},
            {"id": COLLEAGUE, "key": BOB, "contact": BOB, **MEMBER},
        ],
        "consent": [
            {"id": CONSENT, "contact": ANN, **GRANTED},
            {"id": "a02000000000003AAA", "contact": BOB, **GRANTED},
        ],
        "request": [
            {"id": REQUEST, "type": "call", "stage": "submitted", "needed_by": TODAY + timedelta(days=60)}
            | {"recommended_match": MATCH, "notes": f"not {ANN[:15]}, please"},
            {"id": "a07000000000002AAA", "type": "call", "stage": "submitted", "needed_by": TODAY + timedelta(days=60)}
            | {"submitted_on": TODAY},
        ],
        "match": [{"id": MATCH, "key": MATCH_KEY, "request": REQUEST, "profile": PROFILE, "state": "superseded"}],
        "activity": [
            {"id": ACTIVITY, "contact": ANN, "type": "quote", "status": "completed"}
            | {"completed_on": TODAY - timedelta(days=500)}
        ],
        "task": [{"id": TASK, "who": ANN, "closed": True}],
        "event": [{"id": EVENT, "who": ANN}],
        "escalation": [
            {"id": "a05000000000001AAA", "key": ESCALATION_KEY, "contact": ANN, "account": accounts[0]["id"]}
            | {
                "kind": "negative_sentiment",
                "status": "closed",
                "evidence": f"{ACTIVITY} went badly",
                "resolution": SAID,
            }
        ],
        "case": [
            {"id": "500000000000001AAA", "key": CASE_KEY, "contact": ANN, "account": accounts[0]["id"], "closed": True}
        ],
    }


@contextmanager
def open_stores(folder: Path, now: Any = lambda: datetime.now(UTC)) -> Iterator[Stores]:
    """Open the files in a folder, and close them again."""
    journal = SqliteJournal.open(folder / "journal.sqlite", now)
    mirror = DuckMirror.open(folder / "mirror.duckdb", journal.salt(), journal.suppression)
    archive = FileArchive.open(folder / "archive", now)
    try:
        yield Stores(journal, mirror, archive, Papers(folder / "simulations", journal.suppression))
    finally:
        mirror.close()
        journal.close()


@dataclass
class Clock:
    """The machine's clock, standing still until a test sets it."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now


@dataclass(frozen=True)
class Judged:
    """A snapshot and what was decided on it."""

    snapshot: Snapshot
    verdicts: Verdicts
    matches: Matches


def judged(snapshot: Snapshot, program: Program) -> Judged:
    """Decide."""
    verdicts = evaluate(snapshot, program)
    return Judged(snapshot, verdicts, match(snapshot, verdicts, program))


def mirror(stores: Stores, snapshot: Snapshot) -> None:
    """Write a snapshot's tables into the mirror, as a pull does."""
    for name in MIRRORED:
        table = snapshot.tables[name]
        stores.mirror.prepare(name, table.schema, "as it is")
        page = Batch(table, (), table.slice(0, 0), UNMAPPED_SCHEMA.empty_table())
        stores.mirror.apply(name, page, Stamp(snapshot.as_of, ""))


def fill(stores: Stores, folder: Path, made: Judged, program: Program, plan: str = "p1") -> None:
    """Let one run leave everything it can leave."""
    journal, snapshot = stores.journal, made.snapshot
    stores.mirror.claim(snapshot.org_id)
    mirror(stores, snapshot)
    journal.inbox.receive(Notification(f"{plan} {one}", "Contact", one) for one in (ANN, BOB))
    journal.begin_run(plan, "full", snapshot.as_of, {"plan": plan})
    journal.record_intents(plan, [{"subject": f"match {MATCH_KEY}", "payload_hash": "h", "fields": ["rank"]}])
    journal.record_outcomes(plan, [{"subject": f"match {MATCH_KEY}", "status": "written", "record_id": MATCH}])
    journal.end_run(plan, "failed", {"message": f"The org refused\n{PROFILE}"})
    journal.quarantine(f"profile {ANN}", "h", "STRING_TOO_LONG", "too long")
    journal.quarantine("profile of another", "h", "DUPLICATE_VALUE", f"duplicate of {ANN[:15]}")
    decided = Decided(snapshot, made.verdicts, made.matches, plan, program, "full")
    Books(journal.decisions, stores.archive, {}).keep(decided)
    (folder / "simulations").mkdir(mode=0o700, exist_ok=True)
    (folder / "simulations" / f"{plan}.json").write_text(f'{{"flips": ["{ANN}"]}}')


def found(folder: Path, traces: Iterable[str] = TRACES) -> set[str]:
    """Which traces are anywhere in the files: as they lie on the disk, unpacked, and read by the databases."""
    contents = [content for _, content in held(folder)]
    short = {one[:15] if len(one) == 18 else one for one in traces}
    return {one for one in short if any(one.encode() in content for content in contents)}


def held(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Everything the worker keeps, with where it is."""
    archive = FileArchive.open(folder / "archive")
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield str(path.relative_to(folder)), path.read_bytes()
    for name in archive.names():
        yield name, archive.get(name)
    with tempfile.TemporaryDirectory() as place:
        for path in folder.glob("mirror.duckdb*"):
            (Path(place) / path.name).write_bytes(path.read_bytes())
        with duckdb.connect(f"{place}/mirror.duckdb") as copy:
            for (name,) in copy.execute("SELECT table_name FROM duckdb_tables()").fetchall():
                yield name, str(copy.execute(f'SELECT * FROM "{name}"').fetchall()).encode()
