"""One run of the whole job, from the first call of the pull to the last of the write-back, and a fault at every one of them.

Whatever goes wrong at whichever call, the org ends up holding exactly what it holds after the run that nothing disturbed:
in the same run, or after the next where this one had to give up; and a further run writes nothing. What a decision is made
from is equal then, so decisions are made once for equal snapshots.
"""

from __future__ import annotations

import io
import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests
import urllib3

from crm_sync.audit import Books
from crm_sync.erasure import Stores
from crm_sync.errors import TemporaryError
from crm_sync.local_org import bulk_query, query
from crm_sync.model.records import Outcome
from crm_sync.model.snapshot import Snapshot
from crm_sync.pipeline import Decision, World, carry_out, decide
from crm_sync.program import Program
from crm_sync.pull import pull
from crm_sync.salesforce.limits import CallBudget
from crm_sync.salesforce.org import SalesforceOrg
from crm_sync.state.archive import FileArchive
from crm_sync.state.journal import SqliteJournal
from crm_sync.state.mirror import DuckMirror
from crm_sync.state.papers import Papers
from tests.faults.reference_org import NOW, reference_org
from tests.local_place import Place

API = "/services/data"
CHANGES = 16
THREE_CUTS = 3


class KilledError(BaseException):
    """The process is gone: nothing after this is said to the org."""


@dataclass
class Run:
    """The run under test, in an org that is put back before each case. `settings` are those of the worker's connection."""

    org: Place
    before: sqlite3.Connection
    program: Program
    state: Path
    settings: dict[str, Any] = field(default_factory=dict)
    decided: dict[str, Decision] = field(default_factory=dict)
    mirror: DuckMirror = field(default_factory=lambda: DuckMirror.in_memory(b"s" * 32))
    worlds: int = 0

    def __post_init__(self) -> None:
        with self.put_back() as world:
            assert self.once(world).count("written") == CHANGES
            self.calls = world.org.calls
            assert self.once(world).results == ()
        self.after = self.org.contents()

    @contextmanager
    def world(self) -> Iterator[World]:
        """Build a world with nothing pulled and nothing noted."""
        self.worlds += 1
        journal = SqliteJournal.open(self.state / str(self.worlds) / "journal.sqlite")
        empty(self.mirror)
        archive = FileArchive.open(self.state / "archive")
        stores = Stores(journal, self.mirror, archive, Papers(self.state / "simulations", journal.suppression))
        books = Books(journal.decisions, archive, {})
        org = self.org.worker(journal.jobs, **self.settings)
        yield World(org, self.mirror, journal, self.program, books, stores)
        journal.close()

    def once(self, world: World) -> Outcome:
        decision = self.decide(pull(world.org, world.mirror, self.program, NOW))
        return carry_out(world, decision, kind="full", agreed=decision.plan.checksum)

    def decide(self, snapshot: Snapshot) -> Decision:
        """Decide, once for equal snapshots; of all tables, that of the runs is the one that no decision reads."""
        seen = repr(
            [(name, table.to_pydict()) for name, table in sorted(snapshot.tables.items()) if name != "sync_run"]
        )
        if seen not in self.decided:
            self.decided[seen] = decide(snapshot, self.program)
        return replace(self.decided[seen], snapshot=snapshot)

    @contextmanager
    def put_back(self) -> Iterator[World]:
        """Let the org hold what it held before the run, and its clock say the same."""
        self.org.restore(self.before)
        self.org.control("POST", "clock", {"freeze": NOW.isoformat()})
        with self.world() as world:
            yield world

    def ends_well(self, world: World) -> None:
        """Hold the org to that of the undisturbed run, and a further run to writing nothing."""
        self.org.no_faults()
        assert self.org.contents() == self.after
        assert self.once(world).results == ()
        assert self.org.rows("SELECT Id FROM Sync_Run__c WHERE Status__c = 'Running'") == []

    def survives(self, disturb: Callable[[SalesforceOrg], object], *, fires: bool = True) -> bool:
        """Disturb the run and run again where it gave up; say whether anything that should go wrong did."""
        with self.put_back() as world:
            disturb(world.org)
            set_up = len(self.org.running.org.faults._faults)
            try:
                self.once(world)
            except TemporaryError:
                self.org.control("POST", "clock", {"advance": 301})
                self.once(world)
            fired = len(self.org.running.org.faults._faults) < max(1, set_up)
            assert fired or not fires
            self.ends_well(world)
            return fired

    def fault(self, kind: str, path: str = API, **more: Any) -> Callable[[SalesforceOrg], object]:
        """Make a disturbance of one fault."""
        return lambda _: self.org.fault(kind, path, **more)

    def killed(self, before: int) -> None:
        """Kill the worker before one of its calls, and let another, who knows nothing, do the job."""
        with self.put_back() as world:
            world.org._client._session._budget = Bomb(before)  # type: ignore[attr-defined]
            with pytest.raises(KilledError):
                self.once(world)
        self.org.control("POST", "clock", {"advance": 301})
        with self.world() as world:
            self.once(world)
            self.ends_well(world)


def empty(mirror: DuckMirror) -> None:
    """Let a mirror hold nothing; to make one takes longer than a run."""
    known = [name for (name,) in mirror._database.execute("SELECT name FROM progress").fetchall()]
    for table in ("unmapped", *(f'"{kind}_{name}"' for name in known for kind in ("rows", "merged"))):
        mirror._database.execute(f"DELETE FROM {table}")
    mirror._database.execute("UPDATE progress SET watermark = NULL, watermark_id = NULL")


class Bomb(CallBudget):
    """Counts calls as the real one does, and kills the process before one of them and ever after."""

    def __init__(self, before: int) -> None:
        super().__init__(100, lambda: NOW)
        self.before = before

    def count(self) -> None:
        if self.calls >= self.before:
            raise KilledError
        super().count()


def shortened(org: SalesforceOrg, call: int, bytes_kept: list[int]) -> None:
    """Let answers from this call on come short, one for each number of bytes, and look whole, as some proxies make them."""
    session = org._client._session
    send, met, left = session.send, [0], list(bytes_kept)

    def short(request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        answer = send(request, **kwargs)
        met[0] += 1
        if met[0] > call and left:
            content = answer.content[: left.pop(0)]
            headers = {**answer.headers, "Content-Length": str(len(content))}
            headers.pop("Content-Encoding", None)
            answer.raw = urllib3.HTTPResponse(io.BytesIO(content), headers, answer.status_code, preload_content=False)
        return answer

    session.send = short  # type: ignore[method-assign]


@pytest.fixture(scope="module")
def org() -> Iterator[Place]:
    with reference_org() as made:
        yield made


@pytest.fixture(scope="module")
def before(org: Place) -> sqlite3.Connection:
    """What the org holds before any run."""
    return org.saved()


@pytest.fixture(scope="module")
def run(
    org: Place, before: sqlite3.Connection, program: Program, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Run]:
    """The run over REST."""
    made = Run(org, before, program, tmp_path_factory.mktemp("rest"))
    yield made
    made.mirror.close()


@pytest.mark.parametrize("kind", ["expire", "lost_reply"])
def test_a_fault_at_every_call(run: Run, kind: str) -> None:
    for call in range(run.calls):
        run.survives(run.fault(kind, skip=call))


def test_a_body_cut_at_random_bytes_of_every_call(run: Run) -> None:
    """The connection breaks within the answer, three times in a row."""
    for call in range(run.calls):
        cut_at(run, call)


def test_something_else_at_every_call(run: Run) -> None:
    """What `make test-faults` lets happen at every call happens here at every fifth."""
    for call in range(run.calls):
        OTHERS[call % 5](run, call)


@pytest.mark.all_faults
@pytest.mark.parametrize("number", range(5))
def test_everything_else_at_every_call(run: Run, number: int) -> None:
    for call in range(run.calls):
        OTHERS[number](run, call)


def cut_at(run: Run, call: int) -> None:
    chance = random.Random(call)
    cuts = [run.fault("truncate", skip=call, bytes=chance.randrange(1, 200)) for _ in range(THREE_CUTS)]
    run.survives(lambda worker: [cut(worker) for cut in cuts])


def looks_whole_at(run: Run, call: int) -> None:
    """Three answers in a row come short, and say that they are whole."""
    chance = random.Random(call)
    cuts = [chance.randrange(1, 200) for _ in range(THREE_CUTS)]
    run.survives(partial(shortened, call=call, bytes_kept=cuts))


def page_of_a_proxy_at(run: Run, call: int) -> None:
    run.survives(run.fault("html", skip=call))


def cut_off_at(run: Run, call: int) -> None:
    run.survives(run.fault("cut", skip=call))


def error_at(run: Run, call: int) -> None:
    run.survives(run.fault("error", skip=call))


OTHERS = (looks_whole_at, page_of_a_proxy_at, Run.killed, cut_off_at, error_at)


def test_a_share_of_the_daily_limit_that_ends_on_the_way(run: Run) -> None:
    """It stops cleanly: its lease is given back, so the next run need not wait for it."""
    for allowed in (*range(1, run.calls - 1, 3), run.calls - 1):
        with run.put_back() as world:
            budget = world.org._client._session._budget  # type: ignore[attr-defined]
            budget._began, budget._allowed = datetime.now(UTC), allowed
            if allowed < run.calls - 1:  # the last call gives the lease back, which is let through
                with pytest.raises(TemporaryError, match="its share of the org's daily allowance"):
                    run.once(world)
            budget._allowed = 1000
            run.once(world)
            run.ends_well(world)


def test_a_lost_locator_at_every_page(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query, "LARGEST_PAGE", 1)
    pages = 0
    while run.survives(run.fault("locator", "", skip=pages), fires=False):
        pages += 1
    assert pages >= 5


@pytest.mark.parametrize("every", [3, pytest.param(1, marks=pytest.mark.all_faults)])
def test_six_faults_in_one_run_by_bulk(run: Run, every: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is more than two rows travels by Bulk, in pages of two; three sessions end and three answers are lost in each run."""
    monkeypatch.setattr(bulk_query, "ROWS_PER_PAGE", 2)
    org = run.org
    run = replace(run, state=tmp_path, settings={"bulk_read_rows": 2, "bulk_write_rows": 3})
    third = run.calls // 3 + 1
    for call in range(0, third, every):

        def disturb(worker: SalesforceOrg, call: int = call) -> None:
            worker._bulk._page_rows = 2
            for later in range(call, run.calls, third):
                org.fault("expire", API, skip=later)
                org.fault("lost_reply", API, skip=later + third // 2)

        run.survives(disturb)
