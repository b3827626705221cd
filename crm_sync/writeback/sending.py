"""Ordered rows -> the org -> one RowResult per row, whatever the org answers. Called by write_back.

A bad row never costs its neighbours: a refused batch is cut in halves until the culprit stands alone. Rows that met a
lock are sent again, in smaller batches. A lost answer is cleared up by reading the keys back, never by assuming.
Not here: order, the lease, and the journal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from crm_sync.errors import PermanentError
from crm_sync.model.records import RowResult
from crm_sync.ports import UNCLEAR, Handling, Org, RowAnswer, UnclearWriteError
from crm_sync.writeback.lease import Lease
from crm_sync.writeback.order import Sendable, calls
from crm_sync.writeback.translate import ID

SMALLER_BATCHES = (50, 10, 1, 1)
UNCLEAR_ROUNDS = 3
_LONGEST_PAUSE_S = 30.0
_ENDS_WRITING = frozenset(
    {
        "REQUEST_LIMIT_EXCEEDED",
        "LIMIT_EXCEEDED",
        "STORAGE_LIMIT_EXCEEDED",
        "INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE",
    }
)

Result = tuple[Sendable, RowResult]


@dataclass(frozen=True)
class Stop:
    """Why nothing more may be sent in this run: the org's code and message; `lasting` says that trying later cannot help."""

    code: str
    message: str
    lasting: bool


class Sender:
    """Sends calls of rows under a lease and tells `note` what became of each, as soon as it is known.

    The lease raises when this worker may not write any more; `pause` waits; `jitter` is a number from 0 to 1.
    """

    def __init__(
        self,
        org: Org,
        lease: Lease,
        *,
        note: Callable[[Sequence[Result]], None],
        pause: Callable[[float], None],
        jitter: Callable[[], float],
    ) -> None:
        self._org = org
        self._lease = lease
        self._note = note
        self._pause = pause
        self._jitter = jitter
        self.stop: Stop | None = None

    def send(self, items: Sequence[Sendable], *, as_job: bool = False) -> None:
        """Send one call, or one job, and everything that follows from its answers."""
        locked = self._noted(self._job_answers(items) if as_job else self._answers(items, UNCLEAR_ROUNDS))
        for tries, size in enumerate(SMALLER_BATCHES):
            if not locked or self.stop:
                break
            self._pause(min(_LONGEST_PAUSE_S, 2.0**tries) * self._jitter())
            locked = [item for call in calls(locked, size) for item in self._noted(self._answers(call, UNCLEAR_ROUNDS))]
        self._note([(item, deferred(item, "UNABLE_TO_LOCK_ROW", "the record stayed locked")) for item in locked])

    def _noted(self, answers: Sequence[tuple[Sendable, RowAnswer]]) -> list[Sendable]:
        """Note what is settled; return the rows that met a lock."""
        self._note([(item, self._result(item, answer)) for item, answer in answers if not _again(answer)])
        return [item for item, answer in answers if _again(answer)]

    def _job_answers(self, items: Sequence[Sendable]) -> list[tuple[Sendable, RowAnswer]]:
        """Send rows as jobs; after one whose end was not seen nothing more is sent, as its rows may yet be written."""
        answers = self._lease.write_many([item.row for item in items])
        unclear = next((answer for answer in answers if answer.code == UNCLEAR), None)
        if unclear is not None:
            self.stop = Stop(UNCLEAR, unclear.message or "", lasting=False)
        return list(zip(items, answers, strict=True))

    def _answers(self, items: Sequence[Sendable], rounds: int) -> list[tuple[Sendable, RowAnswer]]:
        """Send rows once; cut refused batches, and clear up lost answers."""
        try:
            answers = self._lease.write([item.row for item in items])
        except UnclearWriteError as error:
            return self._cleared_up(items, rounds, str(error))
        found: list[tuple[Sendable, RowAnswer]] = []
        for batch in _by_batch(list(zip(items, answers, strict=True))):
            found += self._cut(batch) if _is_refused_batch(batch) else batch
        return found

    def _cut(self, batch: Sequence[tuple[Sendable, RowAnswer]]) -> list[tuple[Sendable, RowAnswer]]:
        """Send both halves of a refused batch on their own, unless what refused it concerns the whole run."""
        answer = batch[0][1]
        if answer.code in _ENDS_WRITING or answer.handling in (Handling.RETRY_NOW, Handling.DEFER_RUN):
            return list(batch)
        items = [item for item, _ in batch]
        middle = len(items) // 2
        return self._answers(items[:middle], UNCLEAR_ROUNDS) + self._answers(items[middle:], UNCLEAR_ROUNDS)

    def _cleared_up(self, items: Sequence[Sendable], rounds: int, why: str) -> list[tuple[Sendable, RowAnswer]]:
        """Find out what a lost answer hid: a create that is there was ours; everything else is sent again."""
        if not rounds:
            return [(item, _unclear(why)) for item in items]
        self._pause(self._jitter())
        creates = [item for item in items if item.change.action == "create" and item.row.key_field != ID]
        there = self._read_back(creates)
        written = [(item, there[item.position]) for item in items if item.position in there]
        rest = [item for item in items if item.position not in there]
        again = [pair for call in calls(rest) for pair in self._answers(call, rounds - 1)]
        return written + again

    def _read_back(self, items: Sequence[Sendable]) -> dict[int, RowAnswer]:
        """Which of these records are there now, by their keys."""
        found: dict[int, RowAnswer] = {}
        for kind in dict.fromkeys((item.row.object_name, item.row.key_field) for item in items):
            asked = {item.row.key: item for item in items if (item.row.object_name, item.row.key_field) == kind}
            for row in self._org.find(kind[0], kind[1], tuple(asked), ()).to_pylist():
                item = asked.get(row[kind[1]])
                if item is not None:
                    found[item.position] = RowAnswer(ok=True, record_id=row["Id"], created=True)
        return found

    def _result(self, item: Sendable, answer: RowAnswer) -> RowResult:
        if answer.ok:
            return RowResult(item.change, "written", answer.record_id)
        code, message = answer.code or "UNKNOWN_EXCEPTION", answer.message or ""
        if code == "INVALID_FIELD" and item.links:
            return deferred(item, code, "a record it links to is not there")
        if code == "DUPLICATE_VALUE" and item.row.key_field != ID and item.change.action == "create":
            there = self._read_back([item]).get(item.position)
            if there is not None:
                return RowResult(item.change, "written", there.record_id)
        if answer.handling is Handling.HALT_RUN or code in _ENDS_WRITING:
            self.stop = Stop(code, message, lasting=answer.handling is Handling.HALT_RUN)
            return deferred(item, code, message)
        if answer.handling in (Handling.RETRY_NOW, Handling.DEFER_RUN, Handling.REPLAN):
            return deferred(item, code, message)
        return RowResult(item.change, "refused", answer.record_id, code, message)


def deferred(item: Sendable, code: str, message: str) -> RowResult:
    """Leave a change to the next run, which plans anew from what the org then holds."""
    return RowResult(item.change, "deferred", item.change.id, code, message)


def stop_error(stop: Stop) -> PermanentError:
    """Turn a lasting stop into the error that ends the run."""
    return PermanentError(
        f"Writing stopped: the org answered {stop.code}: {stop.message}. Check the integration user's permissions and the "
        "mappings, then run again; what was written so far is in the journal and in the run record."
    )


def _again(answer: RowAnswer) -> bool:
    return not answer.ok and answer.handling is Handling.RETRY_NOW and answer.code != UNCLEAR


def _unclear(why: str) -> RowAnswer:
    return RowAnswer(False, None, False, UNCLEAR, why, handling=Handling.DEFER_RUN)


def _is_refused_batch(batch: Sequence[tuple[Sendable, RowAnswer]]) -> bool:
    return len(batch) > 1 and all(answer.whole_batch for _, answer in batch)


def _by_batch(pairs: Sequence[tuple[Sendable, RowAnswer]]) -> Iterable[list[tuple[Sendable, RowAnswer]]]:
    """Group answers by the batch that they came in: refused batches hold one object and key field each."""
    batch: list[tuple[Sendable, RowAnswer]] = []
    for item, answer in pairs:
        if batch and _batch_of(batch[-1]) != _batch_of((item, answer)):
            yield batch
            batch = []
        batch.append((item, answer))
    if batch:
        yield batch


def _batch_of(pair: tuple[Sendable, RowAnswer]) -> tuple[str, str, bool, str | None]:
    item, answer = pair
    return item.row.object_name, item.row.key_field, answer.whole_batch, answer.message if answer.whole_batch else None
