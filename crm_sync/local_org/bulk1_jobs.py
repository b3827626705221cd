"""Bulk API 1.0 jobs and their batches, held in memory while the org is open.

Kept by org; filled by bulk1, printed by bulk1_shapes.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from crm_sync.local_org import ids
from crm_sync.local_org.access import Access
from crm_sync.local_org.work_queue import Waiting


@dataclass
class Batch:
    """One batch: its data as posted, and the results it has."""

    id: str
    job_id: str
    at: str
    request: bytes
    state: str = "Queued"
    message: str | None = None
    processed: int = 0
    failed: int = 0
    result: bytes = b""
    waiting: Waiting | None = None


@dataclass
class Job:
    """One job and its batches, in order."""

    id: str
    operation: str
    object: str
    content_type: str
    key: str
    concurrency: str
    version: str
    access: Access
    at: str
    state: str = "Open"
    batches: dict[str, Batch] = field(default_factory=dict)


class Bulk1Jobs:
    """All Bulk 1.0 jobs of the org."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._count = 0
        self.jobs: dict[str, Job] = {}

    def new_id(self, prefix: str) -> str:
        """Make the id of a job (750) or a batch (751)."""
        with self._lock:
            self._count += 1
            return ids.make(prefix, 62**6 + self._count)
