"""One run at a time, no wake-up lost, bursts become one run."""

from __future__ import annotations

import threading

from crm_sync.entrypoints.scheduler import Runner, build_schedule


class Job:
    """A job that notes its kinds and can be held up."""

    def __init__(self) -> None:
        self.kinds: list[str] = []
        self.started = threading.Semaphore(0)
        self.go = threading.Semaphore(0)

    def __call__(self, kind: str) -> None:
        self.kinds.append(kind)
        self.started.release()
        self.go.acquire(timeout=10)


def test_wake_ups_during_a_run_lead_to_exactly_one_more() -> None:
    job = Job()
    runner = Runner(job, debounce_s=0)
    runner.start()
    runner.wake()
    assert job.started.acquire(timeout=10)
    for _ in range(50):
        runner.wake()
    job.go.release()
    assert job.started.acquire(timeout=10)
    job.go.release()
    runner.stop()
    assert job.kinds == ["incremental", "incremental"]


def test_a_full_run_wins_over_an_incremental_one() -> None:
    job = Job()
    runner = Runner(job, debounce_s=0)
    runner.wake("incremental")
    runner.wake("full")
    runner.start()
    assert job.started.acquire(timeout=10)
    job.go.release()
    runner.stop()
    assert job.kinds == ["full"]


def test_stopping_waits_for_the_run_under_way() -> None:
    job = Job()
    runner = Runner(job, debounce_s=0)
    runner.start()
    runner.wake()
    assert job.started.acquire(timeout=10)
    stopper = threading.Thread(target=runner.stop)
    stopper.start()
    assert stopper.is_alive()
    job.go.release()
    stopper.join(10)
    assert not stopper.is_alive()


def test_an_idle_runner_stops_at_once() -> None:
    runner = Runner(Job(), debounce_s=60)
    runner.start()
    runner.stop()


def test_the_schedule_holds_one_job_per_kind_and_makes_up_for_misses_once() -> None:
    schedule = build_schedule(Runner(Job(), 0), {"full": "0 2 * * *", "incremental": "*/15 * * * *"})
    schedule.start(paused=True)
    jobs = {job.id: job for job in schedule.get_jobs()}
    schedule.shutdown()
    assert set(jobs) == {"full", "incremental"}
    assert all(job.coalesce and job.max_instances == 1 for job in jobs.values())
    assert all(job.misfire_grace_time is None for job in jobs.values())
