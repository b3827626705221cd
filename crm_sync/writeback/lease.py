"""The lease: which one worker may write now, decided by the org itself, and the stop switch that people can flip.

Every run has a record whose key is made of its fence, a number that only grows. To begin a run is to insert the record of
the next fence: the key is unique, so of two workers that try the org takes one. A run's record says until when it holds;
past that, anybody may insert the next. One more record, the lease record, carries the stop switch and the last fence
that was given back. Used by write_back. The server's clock decides, never this machine's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from crm_sync.errors import PermanentError, TemporaryError
from crm_sync.model.records import Change, Value
from crm_sync.ports import Org, RowAnswer, RowWrite, UnclearWriteError
from crm_sync.writeback.translate import Translator

MAPPING = "sync_run"
LEASE_KEY = hashlib.sha256(b"lease").hexdigest()[:32]
LIFE = timedelta(minutes=5)
LOOK_AGAIN_S = 5.0
FENCES_TRIED = 20
_READ = ("key", "holder", "fence", "lease_until", "status", "stop")
_ABANDONED = "Abandoned: the worker ended without saying so. The next plan started from what the org then held."


def run_key(fence: int) -> str:
    """Return the key of the run record that holds this fence."""
    return hashlib.sha256(f"run|{fence}".encode()).hexdigest()[:32]


@dataclass(frozen=True)
class _Seen:
    """A run record, or the lease record, as it was read. A stop switch that cannot be read counts as on."""

    holder: str | None
    fence: int
    until: datetime | None
    running: bool
    stop: bool


class Lease:
    """One run's hold on the org. `holder` names this run and no other, as it tells a lost answer from a lost race."""

    def __init__(self, org: Org, translator: Translator, holder: str, *, monotonic: Callable[[], float]) -> None:
        self._org = org
        self._translator = translator
        self._mapping = translator.mappings[MAPPING]
        self._holder = holder
        self._monotonic = monotonic
        self._looked_s = float("-inf")
        self._until = datetime.min.replace(tzinfo=UTC)
        self._fence = 0
        self._abandoned: list[str] = []
        self.held = False

    @property
    def key(self) -> str:
        """The key of this run's record."""
        return run_key(self._fence)

    @property
    def fence(self) -> int:
        """The number of this hold; every later hold has a higher one."""
        return self._fence

    def claim(self, about: Mapping[str, Value]) -> None:
        """Begin a run: insert its record, with these fields, under the next fence that nobody holds.

        Raises:
            TemporaryError: another worker holds it, or the stop switch is on; nothing was written.
        """
        lease = self._see((LEASE_KEY,)).get(LEASE_KEY) or self._first_lease_record()
        _unless_stopped(lease)
        for fence in range(lease.fence + 1, lease.fence + 1 + FENCES_TRIED):
            if self._insert(fence, about):
                self._fence, self.held, self._looked_s = fence, True, self._monotonic()
                return
            self._abandoned.append(run_key(fence))
        raise PermanentError(
            f"The last {FENCES_TRIED} runs all ended without giving the lease back. Look at their records and at the "
            "worker's logs, then set the fence of the lease record to that of the last run."
        )

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
            self._write([self._run_row(self._fence, {"lease_until": self._until})], "Renewing the lease")
        self._looked_s = self._monotonic()

    def release(self, ending: Mapping[str, Value]) -> None:
        """End the run: complete its record, give the fence back, and close the records that others left open."""
        rows = [self._run_row(self._fence, {**ending, "lease_until": None})]
        rows += [
            self._translator.row(Change(MAPPING, "update", {"status": "failed", "message": _ABANDONED}, {}, key=key))
            for key in self._abandoned
        ]
        rows.append(self._lease_row(self._fence))
        self._write(rows, "Giving the lease back")
        self.held = False

    def _insert(self, fence: int, about: Mapping[str, Value]) -> bool:
        """Insert the record of one fence; False when that fence was used and is free to be passed over."""
        self._until = self._org.server_time() + LIFE
        fields = {**about, "holder": self._holder, "fence": fence, "lease_until": self._until}
        row = self._run_row(fence, fields, create_only=True)
        try:
            answer = self._org.upsert([row])[0]
        except UnclearWriteError:
            answer = RowAnswer(False, None, False, "DUPLICATE_VALUE", "the answer was lost")
        if answer.ok:
            return True
        if answer.code != "DUPLICATE_VALUE":
            raise _refused(answer, "Beginning a run")
        return self._is_ours(fence)

    def _is_ours(self, fence: int) -> bool:
        """Look at who has the record of this fence; raises TemporaryError while somebody else holds it."""
        seen = self._see((run_key(fence),)).get(run_key(fence))
        if seen is None:
            raise TemporaryError("Nobody can say whether this run began. Run again.")
        if seen.holder == self._holder:
            return True
        if seen.running and seen.until is not None and seen.until > self._org.server_time():
            raise TemporaryError(
                f"Another worker ({seen.holder}) may write until {seen.until:%Y-%m-%d %H:%M:%S} UTC. Run again then."
            )
        return False

    def _first_lease_record(self) -> _Seen:
        self._write([self._lease_row(0)], "Making the lease record")
        return _Seen(None, 0, None, running=False, stop=False)

    def _lease_row(self, fence: int) -> RowWrite:
        fields: dict[str, Value] = {"kind": "lease", "status": "free", "fence": fence}
        return self._translator.row(Change(MAPPING, "create", fields, {}, key=LEASE_KEY))

    def _run_row(self, fence: int, fields: Mapping[str, Value], *, create_only: bool = False) -> RowWrite:
        change = Change(MAPPING, "create", fields, {}, key=run_key(fence))
        return self._translator.row(change, create_only=create_only)

    def _write(self, rows: Sequence[RowWrite], doing: str) -> None:
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
        return {row[fields["key"]]: _seen({name: row[api] for name, api in fields.items()}, running) for row in rows}


def _seen(row: Mapping[str, Any], running: str) -> _Seen:
    until = row["lease_until"]
    return _Seen(
        holder=row["holder"],
        fence=int(float(row["fence"] or 0)),
        until=datetime.fromisoformat(until).astimezone(UTC) if until else None,
        running=row["status"] == running,
        stop=row["stop"] != "false",
    )


def _unless_stopped(seen: _Seen) -> None:
    if seen.stop:
        raise TemporaryError(
            "The stop switch on the lease record is on, or cannot be read. Nothing more is written until a person turns "
            "it off."
        )


def _refused(answer: RowAnswer, doing: str) -> PermanentError:
    return PermanentError(
        f"{doing}: the org answered {answer.code}: {answer.message}. Check the integration user's permissions."
    )
