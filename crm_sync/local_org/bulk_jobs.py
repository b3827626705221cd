"""Bulk 2.0 jobs: what the org knows of each, where its data lie, how they are worked on and forgotten.

Kept by org; used by bulk_query and bulk_ingest. Jobs and their data do not outlive the org: they are spooled beside the
database and forgotten on close, or seven days after they were made. Not here: the calls, and the work itself.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from crm_sync.local_org import ids
from crm_sync.local_org.access import Access
from crm_sync.local_org.calls import Call
from crm_sync.local_org.clock import stamp
from crm_sync.local_org.errors import OrgError, not_found
from crm_sync.local_org.work_queue import Waiting, WorkQueue

KEPT = timedelta(days=7)
FINISHED = ("JobComplete", "Failed", "Aborted")
DELIMITERS = {"BACKQUOTE": "`", "CARET": "^", "COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "TAB": "\t"}
LINE_ENDINGS = {"LF": "\n", "CRLF": "\r\n"}


@dataclass
class Job:
    """One job. `facts` are what its JSON tells besides the common keys; `settings` what its maker asked for."""

    id: str
    kind: str
    operation: str
    object_name: str
    version: str
    access: Access
    created_at: datetime
    folder: Path
    delimiter: str = "COMMA"
    line_ending: str = "LF"
    state: str = "UploadComplete"
    settings: dict[str, Any] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    changed_at: datetime | None = None
    processed: int = 0
    failed: int = 0
    milliseconds: int = 0
    index: list[tuple[int, int]] = field(default_factory=list)
    waiting: Waiting | None = None

    @property
    def type(self) -> str:
        """What lists call the job."""
        return "V2Query" if self.kind == "query" else "V2Ingest"

    def path(self, name: str) -> Path:
        """Where one of the job's files lies."""
        return self.folder / f"{self.id}.{name}"

    def told(self) -> dict[str, Any]:
        """Tell the job as every call does: `apiVersion` is a number, dates end in +0000."""
        return {
            "id": self.id,
            "operation": self.operation,
            "object": self.object_name,
            "createdById": self.access.user_id,
            "createdDate": stamp(self.created_at),
            "systemModstamp": stamp(self.changed_at or self.created_at),
            "state": self.state,
            **self.settings,
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": float(self.version),
        }

    def progress(self) -> dict[str, Any]:
        """Tell how far the job is."""
        return {
            "jobType": self.type,
            "retries": 0,
            "totalProcessingTime": self.milliseconds,
            "numberRecordsProcessed": self.processed,
            **self.facts,
        }

    def require(self, *states: str) -> None:
        """Refuse a call that the job's state does not allow."""
        if self.state not in states:
            raise OrgError(
                "INVALIDJOBSTATE", f"Job {self.id} is {self.state}; this call needs it to be {' or '.join(states)}."
            )

    def same_version(self, call: Call) -> None:
        """Refuse to be read through another API version than the one that made the job."""
        if call.version != self.version:
            raise OrgError(
                "API_ERROR",
                f"Job {self.id} was made through v{self.version} and cannot be read through v{call.version}.",
                status=409,
            )


class Jobs:
    """All Bulk 2.0 jobs of the org."""

    def __init__(self, queue: WorkQueue, now: Callable[[], datetime]) -> None:
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}
        self._count = 0
        self._queue = queue
        self._now = now

    def new(self, call: Call, kind: str, operation: str, object_name: str, folder: Path, **more: Any) -> Job:
        """Make a job on behalf of a call, and keep it."""
        with self._lock:
            self._count += 1
            made = Job(
                id=ids.make("750", self._count),
                kind=kind,
                operation=operation,
                object_name=object_name,
                version=call.version,
                access=call.user,
                created_at=self._now(),
                folder=folder,
                **more,
            )
            self._jobs[made.id] = made
        return made

    def find(self, written: str, kind: str) -> Job:
        """Give a job by its id. Raises OrgError NOT_FOUND."""
        job = self._jobs.get(ids.normal(written) or "")
        if job is not None and self._now() - job.created_at > KEPT:
            self._forget(job)
            job = None
        if job is None or job.kind != kind:
            raise not_found()
        return job

    def look(self, written: str, kind: str) -> Job:
        """Give a job as somebody who waits for it sees it. Raises OrgError NOT_FOUND."""
        job = self.find(written, kind)
        self._queue.look(job.waiting)
        if job.waiting is not None and job.state == "UploadComplete":
            job.state = "InProgress"
        return job

    def listed(self, kind: str) -> list[Job]:
        """List the jobs of a kind, newest first."""
        with self._lock:
            return [j for j in reversed(self._jobs.values()) if j.kind == kind]

    def delete(self, job: Job) -> None:
        """Forget a finished job and its data."""
        job.require(*FINISHED)
        self._forget(job)

    def _forget(self, job: Job) -> None:
        with self._lock:
            self._jobs.pop(job.id, None)
        for path in job.folder.glob(f"{job.id}.*"):
            path.unlink()

    def work(self, job: Job, do: Callable[[Job], None], stuck: bool) -> None:
        """Queue a job's work; what goes wrong in it fails the job with its own words."""

        def run() -> None:
            if job.state not in ("UploadComplete", "InProgress"):
                return
            job.state, started = "InProgress", time.monotonic()
            try:
                do(job)
            except Exception as error:  # whatever it is, the client has to be told through the job
                job.facts["errorMessage"] = f"{type(error).__name__}: {error}"
                job.state = "Failed"
            job.milliseconds = int((time.monotonic() - started) * 1000)
            job.changed_at = self._now()
            job.state = "JobComplete" if job.state == "InProgress" else job.state

        job.waiting = self._queue.put(run, in_background=True, stuck=stuck)
