"""When the work of a bulk job or batch is done: at once, after so many looks at it, or after so many seconds.

Kept by org, filled by the bulk APIs, paced by control. Work that waits for looks is done by the look that makes it due, so that a
test sees every state in turn; work that waits for the org's clock is done by the first call after that. Not here: the work.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Pace:
    """How long work waits: for `looks` at it, or `seconds` of the org's clock; neither: it does not wait."""

    looks: int | None = None
    seconds: float | None = None

    @property
    def at_once(self) -> bool:
        """Whether work does not wait."""
        return self.looks is None and self.seconds is None


@dataclass
class Waiting:
    """A piece of work that waits. Neither looks nor time: for ever."""

    do: Callable[[], None]
    looks_left: int | None = None
    due_at: datetime | None = None
    is_taken: bool = False


class WorkQueue:
    """The work to be done, and one thread for what is done at once."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._waiting: list[Waiting] = []
        self._thread = ThreadPoolExecutor(1, "local-org-bulk")
        self.pace = Pace()

    def put(self, do: Callable[[], None], *, in_background: bool, stuck: bool = False) -> Waiting | None:
        """Take on a piece of work, and give what waits of it; `stuck` work is never done."""
        if self.pace.at_once and not stuck:
            if in_background:
                self._thread.submit(do)
            else:
                do()
            return None
        made = Waiting(do)
        if not stuck:
            made.looks_left = self.pace.looks
            made.due_at = None if self.pace.seconds is None else self._now() + timedelta(seconds=self.pace.seconds)
        with self._lock:
            self._waiting.append(made)
        return made

    def look(self, waiting: Waiting | None) -> None:
        """Look at a piece of work; the look after the last one it waits for has it done."""
        if waiting is None or waiting.looks_left is None or waiting.is_taken:
            return
        if waiting.looks_left == 0:
            self._do(waiting)
        else:
            waiting.looks_left -= 1

    def do_due(self) -> None:
        """Do what the clock has made due."""
        if self._waiting:
            now = self._now()
            for waiting in [w for w in self._waiting if w.due_at is not None and w.due_at <= now]:
                self._do(waiting)

    def _do(self, waiting: Waiting) -> None:
        with self._lock:
            if waiting.is_taken:
                return
            waiting.is_taken = True
            self._waiting.remove(waiting)
        waiting.do()

    def close(self) -> None:
        """Finish what is being worked on and stop."""
        self._thread.shutdown(wait=True, cancel_futures=True)
