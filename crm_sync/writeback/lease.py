"""The lease: one row in the org that says which worker may write, with a fence that only grows, and the stop switch.

Claimed by write_back before its first write, looked at again before later ones, given back at the end. The server's
clock decides, never this machine's. Two workers that raced for it read it back after a pause, and the org kept only one;
whatever slips through is harmless, as both would write the same values by the same keys.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from crm_sync.errors import PermanentError, TemporaryError
from crm_sync.model.records import Change, Value
from crm_sync.ports import Org, RowAnswer, RowWrite
from crm_sync.program.mappings import ObjectMapping
from crm_sync.writeback.translate import Translator

LEASE_KEY = hashlib.sha256(b"lease").hexdigest()[:32]
MAPPING = "sync_run"
LIFE = timedelta(minutes=5)
SETTLE_S = 1.0
LOOK_AGAIN_S = 5.0
_READ = ("holder", "fence", "lease_until", "stop")


@dataclass(frozen=True)
class _Seen:
    """The lease row as it was read. A stop switch that cannot be read counts as on."""

    holder: str | None
    fence: int
    until: datetime | None
    stop: bool


class Lease:
    """One worker's hold on the org."""

    def __init__(
        self,
        org: Org,
        translator: Translator,
        holder: str,
        *,
        pause: Callable[[float], None],
        monotonic: Callable[[], float],
    ) -> None:
        self._org = org
        self._translator = translator
        self._mapping: ObjectMapping = translator.mappings[MAPPING]
        self._holder = holder
        self._pause = pause
        self._monotonic = monotonic
        self._looked_s = float("-inf")
        self._fence = 0
        self._until = datetime.min.replace(tzinfo=UTC)

    @property
    def held(self) -> bool:
        """Whether the lease was this worker's when it last looked."""
        return self._looked_s > float("-inf")

    def claim(self, with_it: Sequence[RowWrite]) -> None:
        """Take the lease, writing these rows in the same call.

        Raises:
            TemporaryError: another worker holds it, or the stop switch is on; nothing was written.
        """
        seen = self._read()
        now = self._org.server_time()
        if seen is not None:
            _unless_stopped(seen)
            if seen.holder and seen.holder != self._holder and seen.until and seen.until > now:
                raise TemporaryError(
                    f"Another worker ({seen.holder}) may write until {seen.until:%Y-%m-%d %H:%M:%S} UTC. Run again then."
                )
        self._fence = (seen.fence if seen else 0) + 1
        self._write(self._held(now), with_it)
        self._pause(SETTLE_S)
        self._verify()

    def check(self) -> None:
        """Make sure that this worker still may write, at most five seconds ago; renews a hold that is half spent.

        Raises:
            TemporaryError: the lease is lost, or the stop switch is on.
        """
        if self._monotonic() - self._looked_s < LOOK_AGAIN_S:
            return
        self._verify()
        now = self._org.server_time()
        if self._until - now < LIFE / 2:
            self._write(self._held(now), ())

    def release(self, with_it: Sequence[RowWrite]) -> None:
        """Give the lease back, writing these rows in the same call."""
        self._write({"status": "free", "holder": None, "lease_until": None}, with_it)

    def _verify(self) -> None:
        self._looked_s = float("-inf")
        seen = self._read()
        if seen is None or seen.holder != self._holder or seen.fence != self._fence:
            raise TemporaryError(
                f"Another worker ({seen.holder if seen else 'unknown'}) has taken the lease. Run again."
            )
        if seen.until is None or seen.until <= self._org.server_time():
            raise TemporaryError("This worker's lease ran out before it could renew it. Run again.")
        self._looked_s = self._monotonic()
        _unless_stopped(seen)

    def _held(self, now: datetime) -> dict[str, Value]:
        self._until = now + LIFE
        return {
            "kind": "lease",
            "status": "held",
            "holder": self._holder,
            "fence": self._fence,
            "lease_until": self._until,
        }

    def _write(self, fields: dict[str, Value], with_it: Sequence[RowWrite]) -> None:
        own = self._translator.row(Change(MAPPING, "create", fields, {}, key=LEASE_KEY))
        raise_for(self._org.upsert((own, *with_it)), "Claiming, renewing or releasing the lease")

    def _read(self) -> _Seen | None:
        fields = {name: self._mapping.fields[name].field for name in _READ}
        key = self._mapping.key or ""
        rows = self._org.find(self._mapping.object, key, (LEASE_KEY,), tuple(fields.values())).to_pylist()
        return _seen({name: rows[0][column] for name, column in fields.items()}) if rows else None


def raise_for(answers: Sequence[RowAnswer], doing: str) -> None:
    """Raise for the first row that was not written; the worker's own ledger rows must all be."""
    for answer in answers:
        if not answer.ok:
            raise PermanentError(f"{doing}: the org answered {answer.code}: {answer.message}. Check its permissions.")


def _seen(row: dict[str, Any]) -> _Seen:
    until = row["lease_until"]
    return _Seen(
        holder=row["holder"],
        fence=int(float(row["fence"] or 0)),
        until=datetime.fromisoformat(until).astimezone(UTC) if until else None,
        stop=row["stop"] != "false",
    )


def _unless_stopped(seen: _Seen) -> None:
    if seen.stop:
        raise TemporaryError(
            "The stop switch on the lease record is on, or cannot be read. Nothing more is written until a person turns it off."
        )
