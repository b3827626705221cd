"""When the job runs: by the clock, and when something wakes it; one run at a time, and never a wake-up lost.

Used by the service. Not here: the job itself.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

import structlog
from apscheduler.events import EVENT_JOB_MISSED, JobEvent
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger

log = structlog.get_logger()

PRIORITY = ("incremental", "full")
"""A full run also does what an incremental one does, so it wins when both are asked for."""


class Runner:
    """Runs the job in one thread. Wake-ups that arrive during a run lead to exactly one more run.

    `debounce_s` is how long a wake-up waits for others, so that a burst of messages becomes one run.
    """

    def __init__(self, job: Callable[[str], None], debounce_s: float) -> None:
        self._job = job
        self._debounce_s = debounce_s
        self._asked: set[str] = set()
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="runner")

    def wake(self, kind: str = "incremental") -> None:
        """Ask for a run of this kind soon."""
        with self._changed:
            self._asked.add(kind)
            self._changed.notify()

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Let the run that is under way finish, then end; wake-ups still waiting stay in the inbox."""
        self._stopping.set()
        with self._changed:
            self._changed.notify()
        self._thread.join()

    def _loop(self) -> None:
        while not self._stopping.is_set():
            with self._changed:
                self._changed.wait_for(lambda: self._asked or self._stopping.is_set())
            if self._stopping.wait(self._debounce_s if self._asked else 0):
                return
            with self._changed:
                kind = next((k for k in reversed(PRIORITY) if k in self._asked), None)
                self._asked.clear()
            if kind is not None:
                self._job(kind)


def build_schedule(runner: Runner, crons: Mapping[str, str]) -> BackgroundScheduler:
    """Build the schedule: kind of run -> cron line (UTC). Jobs live in memory; what is durable is the ledger.

    A run that was missed while the machine slept is made up for once (coalesced), and every miss is logged.
    """
    schedule = BackgroundScheduler(timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1})
    for kind, cron in crons.items():
        schedule.add_job(
            runner.wake,
            CronTrigger.from_crontab(cron, timezone="UTC"),
            args=(kind,),
            id=kind,
            replace_existing=True,
            misfire_grace_time=None,
        )

    def missed(event: JobEvent) -> None:
        log.warning("schedule_missed", kind=event.job_id)

    schedule.add_listener(missed, EVENT_JOB_MISSED)
    return schedule
