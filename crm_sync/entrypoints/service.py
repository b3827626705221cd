"""One process: the schedule, the webhook door and the runs they lead to.

Started by `crm-sync serve`. A run that fails leaves its wake-ups in the inbox and the service alive, and health says so;
a wrong org or a mistake in rules/, mappings/ or the settings ends the process, because repeating cannot help.
Not here: what a run does (pipeline).
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import structlog
import uvicorn
from prometheus_client import CollectorRegistry, Counter, Gauge

from crm_sync.disposal import dispose
from crm_sync.entrypoints.scheduler import Runner, build_schedule
from crm_sync.errors import ConfigurationError, CrmSyncError, UnsafePlanError, WrongOrgError
from crm_sync.lifecycle.runs import was_written_to
from crm_sync.model.records import Outcome
from crm_sync.model.snapshot import Snapshot
from crm_sync.pipeline import Decision, World, carry_out, look_to_write
from crm_sync.pull import sweep
from crm_sync.settings import Settings
from crm_sync.web.app import Door, build_app

log = structlog.get_logger()

LOOPBACK = "127.0.0.1"
FIRST_RUN = (
    "No run has written to this org yet, and the first is a person's to make, as the guards have nothing to compare with. "
    "It would make {} changes; crm-sync plan shows them."
)


@dataclass
class Health:
    """What /healthz tells: the last run, and whether it failed."""

    runs: int = 0
    failures_in_a_row: int = 0
    last_run: str | None = None
    last_error: str | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def succeeded(self, at: datetime) -> None:
        """Note a run that ended well."""
        with self.lock:
            self.runs, self.failures_in_a_row = self.runs + 1, 0
            self.last_run, self.last_error = at.isoformat(), None

    def failed(self, error: CrmSyncError) -> None:
        """Note a run that did not."""
        with self.lock:
            self.failures_in_a_row += 1
            self.last_error = type(error).__name__

    def facts(self) -> Mapping[str, Any]:
        """Facts without personal data: error texts stay in the log."""
        with self.lock:
            return {
                "runs": self.runs,
                "failures_in_a_row": self.failures_in_a_row,
                "last_run": self.last_run,
                "last_error": self.last_error,
            }


class Service:
    """Holds the parts together: runner, schedule, HTTP server. One run at a time, in the runner's thread."""

    def __init__(self, world: World, settings: Settings) -> None:
        self._world = world
        self._settings = settings
        self.health = Health()
        self.fatal: CrmSyncError | None = None
        self._registry = CollectorRegistry()
        self._written = Counter("crm_sync_rows", "Rows by outcome", ["status"], registry=self._registry)
        self._calls = Gauge("crm_sync_api_calls", "API calls made by this process", registry=self._registry)
        self._runs = Counter("crm_sync_runs", "Runs by kind and result", ["kind", "result"], registry=self._registry)
        self._runner = Runner(self._job, settings.debounce_s)
        self._server: uvicorn.Server | None = None

    def serve(self) -> None:
        """Serve until stopped by a signal or a fatal error; the run under way is finished first.

        Raises:
            CrmSyncError: what made it stop.
        """
        schedule = build_schedule(
            self._runner, {"full": self._settings.full_cron, "incremental": self._settings.incremental_cron}
        )
        self._server = uvicorn.Server(self._http())
        self._runner.start()
        self._runner.wake("incremental")
        schedule.start()
        try:
            self._server.run()
        finally:
            schedule.shutdown(wait=False)
            self._runner.stop()
        if self.fatal is not None:
            raise self.fatal

    def stop(self) -> None:
        """Ask the HTTP server to end, and with it the process."""
        if self._server is not None:
            self._server.should_exit = True

    def _http(self) -> uvicorn.Config:
        token = self._settings.webhook_token
        door = Door(
            org_id=self._world.org.identity().org_id,
            tokens=(token.get_secret_value(),) if token else (),
            inbox=self._world.journal.inbox,
            wake=self._runner.wake,
            health=self._tell,
            registry=self._registry,
        )
        return uvicorn.Config(
            build_app(door),
            host=LOOPBACK,
            port=self._settings.port,
            log_config=None,
            access_log=False,
            limit_concurrency=64,
            timeout_keep_alive=5,
            h11_max_incomplete_event_size=8192,
            server_header=False,
        )

    def _tell(self) -> tuple[bool, Mapping[str, Any]]:
        waiting = len(self._world.journal.inbox.waiting().records)
        facts = self.health.facts()
        return facts["failures_in_a_row"] < 3, {**facts, "waiting": waiting}

    def _job(self, kind: str) -> None:
        """Run the job once; the wake-ups seen before it started are done when it has ended well."""
        waiting = self._world.journal.inbox.waiting()
        try:
            at, decision, outcome = self._run(kind)
        except (ConfigurationError, WrongOrgError) as error:
            self.fatal = error
            self._note_failure(kind, error)
            self.stop()
        except CrmSyncError as error:
            self._note_failure(kind, error)
        else:
            self._world.journal.inbox.done(waiting)
            self.health.succeeded(at)
            self._runs.labels(kind, "ok").inc()
            for result in outcome.results:
                self._written.labels(result.status).inc()
            calls = {"api_calls": outcome.api_calls, "api_calls_floor": outcome.api_calls_floor}
            told = {"assignment": decision.matches.proof, "points_from_best": decision.matches.gap_points}
            log.info("run_ended", kind=kind, written=outcome.count("written"), **told, **calls)
            if outcome.erased.people or outcome.erased.waiting:
                log.info("forgotten", count=outcome.erased.people, deferred=outcome.erased.waiting)
        self._calls.set(self._world.org.calls)

    def _run(self, kind: str) -> tuple[datetime, Decision, Outcome]:
        at = self._world.org.server_time()
        if kind == "full":
            for found in sweep(self._world.org, self._world.mirror, self._world.program):
                log.info("swept", object=found.name, gone=found.gone, missed=found.missed, changed=found.changed)
        decision = look_to_write(self._world, at, kind=kind)
        if not self._settings.expect_sandbox and not was_written_to(decision.snapshot):
            raise UnsafePlanError((FIRST_RUN.format(len(decision.plan.changes)),), agree="crm-sync run")
        try:
            return at, decision, carry_out(self._world, decision, kind=kind)
        finally:
            if kind == "full":  # what is past its time goes although a run is held
                self._dispose(min(at, datetime.now(UTC)), decision.snapshot)

    def _dispose(self, now: datetime, snapshot: Snapshot) -> None:
        """Dispose of what of our own files is past its time, by the org's clock and by ours."""
        for past in dispose(self._world.stores, self._world.program.retention, now, snapshot):
            if past.number:
                log.info("disposed", kind=past.what, count=past.number)

    def _note_failure(self, kind: str, error: CrmSyncError) -> None:
        self.health.failed(error)
        self._runs.labels(kind, "held" if isinstance(error, UnsafePlanError) else "failed").inc()
        log.error("run_failed", kind=kind, error=type(error).__name__, message=str(error))
