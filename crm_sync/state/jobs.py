"""The book of Bulk jobs, in the journal's file: what was begun in the org and is not done with.

Written and read by `salesforce`, through bootstrap. A worker that dies in a job finds it here and does not begin another.
Not here: the jobs' rows; no values enter this file.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime

from crm_sync.ports import Job

JOBS_SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, about TEXT NOT NULL, until TEXT) STRICT;
"""


class JobBook:
    """The jobs of one journal file."""

    def __init__(self, transaction: Callable[[], AbstractContextManager[sqlite3.Connection]]) -> None:
        self._transaction = transaction

    def begun(self, job: Job) -> None:
        """Note a job durably."""
        with self._transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO jobs (path, about, until) VALUES (?, ?, ?)",
                (job.path, job.about, job.until and job.until.isoformat()),
            )

    def open(self) -> tuple[Job, ...]:
        """Return what was begun and is not done with, in order."""
        with self._transaction() as connection:
            rows = connection.execute("SELECT path, about, until FROM jobs ORDER BY id").fetchall()
        return tuple(Job(path, about, until and datetime.fromisoformat(until)) for path, about, until in rows)

    def done(self, path: str) -> None:
        """Strike a job out."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM jobs WHERE path = ?", (path,))


class PassingJobs:
    """A book that ends with this process, for whoever only asks and keeps no state."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}

    def begun(self, job: Job) -> None:
        """Note a job."""
        self._jobs[job.path] = job

    def open(self) -> tuple[Job, ...]:
        """Return what was begun and is not done with, in order."""
        return tuple(self._jobs.values())

    def done(self, path: str) -> None:
        """Strike a job out."""
        self._jobs.pop(path, None)
