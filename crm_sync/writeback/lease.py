"""The lease: which one worker may write now, decided by the org itself, and the stop switch that people can flip.

Every run has a record whose key is made of its fence, a number that only grows. To begin a run is to insert the record of
the next fence: the key is unique, so of two workers that try the org takes one. The first rows of a run travel with that
insert as one unit, so that beginning costs no call of its own. A run's record says until when it holds; past that, anybody
may insert the next. One more record, the lease record, carries the stop switch and the last fence that was given back.
Used by write_back. The server's clock decides, never this machine's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from crm_sync.errors import PermanentError, TemporaryError
from crm_sync.model.records import Change, Value
from crm_sync.model.snapshot import Snapshot
from crm_sync.ports import Org, RowAnswer, RowWrite, UnclearWriteError
from crm_sync.writeback.translate import Translator

MAPPING = "sync_run"
LEASE_KEY = hashlib.sha256(b"lease").hexdigest()[:32]
LIFE = timedelta(minutes=5)
LOOK_AGAIN_S = 5.0
_READ = ("key", "holder", "fence", "lease_until", "status", "stop")
_ABANDONED = "Abandoned: the worker ended without saying so. The next plan started from what the org then held."


def run_key(fence: int) -> str:
    """Return the key of the run record that holds this fence."""
    return hashlib.sha256(f"run|{fence}".encode()).hexdigest()[:32]


def left_open(snapshot: Snapshot, now: datetime) -> tuple[str, ...]:
    """Name the run records whose workers ended without saying so: they say running, and hold nothing any more."""
    runs = snapshot.tables[MAPPING].select(["key", "status", "lease_until"]).to_pylist()
    return tuple(
        row["key"]
        for row in runs
        if row["key"] and row["status"] == "running" and not (row["lease_until"] and row["lease_until"] > now)
    )


@dataclass(frozen=True)
class _Seen:
    """A run record, or the lease record, as it was read. What cannot be read counts as running, and as a stop switch on."""

    holder: str | None
    fence: int
    until: datetime | None
    running: bool
    stop: bool

    def holds_at(self, now: datetime) -> bool:
        """Whether this run may still write."""
        return self.running and self.until is not None and self.until > now


class Lease:
    """One run's hold on the org. `holder` names this run and no other, as it tells a lost answer from a lost race.

    `about` are the fields that the run's record begins with.
    """

    def __init__(
        self,
        org: Org,
        translator: Translator,
        holder: str,
        about: Mapping[str, Value],
        *,
        monotonic: Callable[[], float],
    ) -> None:
        self._org = org
        self._translator = translator
        self._mapping = translator.mappings[MAPPING]
        self._holder = holder
        self._about = about
        self._monotonic = monotonic
        self._looked_s = float("-inf")
        self._until = datetime.min.replace(tzinfo=UTC)
        self._fence = 0
        self._abandoned: tuple[str, ...] = ()
        self.held = False

    @property
    def key(self) -> str:
        """The key of this run's record."""
        return run_key(self._fence)

    @property
    def fence(self) -> int:
        """The number of this hold; every later hold has a higher one."""
        return self._fence

    def look(self, snapshot: Snapshot) -> None:
        """Learn the next fence from the runs that were pulled, and that nobody else holds the org.

        The stop switch is asked for again unless it was pulled within the last seconds.

        Raises:
            TemporaryError: another worker holds it, or the stop switch is on.
        """
        now = self._org.server_time()
        runs = {row["key"]: _pulled(row) for row in snapshot.tables[MAPPING].select(_READ).to_pylist()}
        known = max((run.fence for run in runs.values()), default=0)
        lease = runs.pop(LEASE_KEY, None)
        if lease is None or now - snapshot.as_of > timedelta(seconds=LOOK_AGAIN_S):
            lease = self._see((LEASE_KEY,)).get(LEASE_KEY) or self._first_lease_record()
        if lease.fence > known:
            raise TemporaryError(
                "Another worker has run since this one looked at the org. Run again, which looks anew."
            )
        _unless_stopped(lease)
        for run in runs.values():
            if run.fence > lease.fence:
                _unless_held(run, now)
        self._abandoned = left_open(snapshot, now)
        self._fence = 1 + max([lease.fence, *(run.fence for run in runs.values())])

    def write(self, rows: Sequence[RowWrite]) -> Sequence[RowAnswer]:
        """Write rows as the one worker that may; the first rows begin the run. Raises as `claim` and `check` do."""
        if self.held:
            self.check()
            return self._org.upsert(rows)
        return self._begun_with(rows) or self._claimed().upsert(rows)

    def write_many(self, rows: Sequence[RowWrite]) -> Sequence[RowAnswer]:
        """Write rows as jobs; the hold is renewed while they are waited for."""
        if self.held:
            self.check()
        else:
            self.claim()
        return self._org.upsert_many(rows, self._keep)

    def claim(self) -> None:
        """Begin the run: insert its record under the next fence.

        Raises:
            TemporaryError: another worker holds it; nothing was written.
        """
        try:
            answer = self._org.upsert([self._opening()])[0]
        except UnclearWriteError:
            answer = RowAnswer(False, None, False, "DUPLICATE_VALUE", "the answer was lost")
        if not answer.ok:
            if answer.code != "DUPLICATE_VALUE":
                raise _refused(answer, "Beginning a run")
            self._check_that_it_is_ours()
        self._hold()

    def check(self) -> None:
        """Make sure, as of at most five seconds ago, that this worker may write; renews a hold that is half spent.

        Raises:
            TemporaryError: another worker has taken over, the hold ran out, or the stop switch is on.
        """
        if self._monotonic() - self._looked_s < LOOK_AGAIN_S:
            return
        following = run_key(self._fence + 1)
        seen = self._see((LEASE_KEY, following))
        now = self._org.server_time()
        if following in seen or now >= self._until:
            self.held = False
            raise TemporaryError("This worker's hold on the org ran out and another may write now. Run again.")
        if LEASE_KEY not in seen:
            raise TemporaryError("The lease record with the stop switch is gone. Run again, which makes it anew.")
        _unless_stopped(seen[LEASE_KEY])
        if self._until - now < LIFE / 2:
            self._until = now + LIFE
            self._send([self._run_row({"lease_until": self._until})], "Renewing the lease")
        self._looked_s = self._monotonic()

    def close_others(self) -> None:
        """Begin the run if nothing else did and there are records to close that others left open; `release` does so."""
        if self._abandoned and not self.held:
            self.claim()

    def release(self, ending: Mapping[str, Value]) -> None:
        """End the run: complete its record, give the fence back, and close the records that others left open."""
        rows = [self._run_row({**ending, "lease_until": None})]
        rows += [
            self._translator.row(Change(MAPPING, "update", {"status": "failed", "message": _ABANDONED}, {}, key=key))
            for key in self._abandoned
        ]
        rows.append(self._lease_row(self._fence))
        self._send(rows, "Giving the lease back")
        self.held = False

    def _claimed(self) -> Org:
        self.claim()
        return self._org

    def _begun_with(self, rows: Sequence[RowWrite]) -> Sequence[RowAnswer] | None:
        """Insert the run's record and write rows in one unit; None when it was undone, as it is for one bad row."""
        try:
            opening, *answers = self._org.upsert(rows, opening=self._opening())
        except UnclearWriteError:
            if self._see((self.key,)):
                self._check_that_it_is_ours()
                self._hold()
                raise
            return None
        if not opening.ok:
            return None
        self._hold()
        return answers

    def _hold(self) -> None:
        self.held, self._looked_s = True, self._monotonic()

    def _keep(self) -> None:
        """Look after a hold that is half spent; while a job is waited for nothing is sent, so less is asked."""
        if self._until - self._org.server_time() < LIFE / 2:
            self.check()

    def _opening(self) -> RowWrite:
        self._until = self._org.server_time() + LIFE
        fields = {**self._about, "holder": self._holder, "fence": self._fence, "lease_until": self._until}
        return self._run_row(fields, create_only=True)

    def _check_that_it_is_ours(self) -> None:
        """Look at who has the record of this fence; raises TemporaryError unless it is this run."""
        seen = self._see((self.key,)).get(self.key)
        if seen is None:
            raise TemporaryError("Nobody can say whether this run began. Run again.")
        if seen.holder != self._holder:
            _unless_held(seen, self._org.server_time())
            raise TemporaryError("Another run began at the same moment. Run again.")

    def _first_lease_record(self) -> _Seen:
        self._send([self._lease_row(0)], "Making the lease record")
        return _Seen(None, 0, None, running=False, stop=False)

    def _lease_row(self, fence: int) -> RowWrite:
        fields: dict[str, Value] = {"kind": "lease", "status": "free", "fence": fence}
        return self._translator.row(Change(MAPPING, "create", fields, {}, key=LEASE_KEY))

    def _run_row(self, fields: Mapping[str, Value], *, create_only: bool = False) -> RowWrite:
        return self._translator.row(Change(MAPPING, "create", fields, {}, key=self.key), create_only=create_only)

    def _send(self, rows: Sequence[RowWrite], doing: str) -> None:
        """Write rows of the worker's own; a lost answer is no harm, as the same values are simply sent again."""
        for last in (False, False, True):
            try:
                answers = self._org.upsert(rows)
            except UnclearWriteError:
                if last:
                    raise
                continue
            for answer in answers:
                if not answer.ok:
                    raise _refused(answer, doing)
            return

    def _see(self, keys: Sequence[str]) -> dict[str, _Seen]:
        fields = {name: self._mapping.fields[name].field for name in _READ}
        running = self._mapping.fields["status"].api_values["running"]
        rows = self._org.find(self._mapping.object, self._mapping.key or "", keys, tuple(fields.values())).to_pylist()
        return {row[fields["key"]]: _found({name: row[api] for name, api in fields.items()}, running) for row in rows}


def _found(row: Mapping[str, Any], running: str) -> _Seen:
    """Read a record as the org told it now: everything is text."""
    until = row["lease_until"]
    return _Seen(
        holder=row["holder"],
        fence=int(float(row["fence"] or 0)),
        until=datetime.fromisoformat(until).astimezone(UTC) if until else None,
        running=row["status"] in (None, running),
        stop=row["stop"] != "false",
    )


def _pulled(row: Mapping[str, Any]) -> _Seen:
    """Read a record as it was pulled: program values."""
    return _Seen(
        holder=row["holder"],
        fence=int(row["fence"] or 0),
        until=row["lease_until"],
        running=row["status"] in (None, "running"),
        stop=row["stop"] is not False,
    )


def _unless_stopped(seen: _Seen) -> None:
    if seen.stop:
        raise TemporaryError(
            "The stop switch on the lease record is on, or cannot be read. Nothing more is written until a person turns "
            "it off."
        )


def _unless_held(seen: _Seen, now: datetime) -> None:
    if seen.holds_at(now):
        raise TemporaryError(
            f"Another worker ({seen.holder}) may write until {seen.until:%Y-%m-%d %H:%M:%S} UTC. Run again then."
        )


def _refused(answer: RowAnswer, doing: str) -> PermanentError:
    return PermanentError(
        f"{doing}: the org answered {answer.code}: {answer.message}. Check the integration user's permissions."
    )
