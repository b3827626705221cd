"""The org itself: schema, rows, clock, sessions and how they are reached.

    Call -> Reply

Opened by server; handed to every handler. Not here: HTTP (app), what each resource answers (the handlers).
"""

from __future__ import annotations

import dataclasses
import secrets
import sqlite3
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from crm_sync.local_org import (
    duplicate_rules,
    metadata,
    metadata_xml,
    outbound_rules,
    permission_sets,
    permissions,
    queues,
    removal,
    setup_records,
    soql,
    validation,
)
from crm_sync.local_org.access import Access
from crm_sync.local_org.bulk1_jobs import Bulk1Jobs
from crm_sync.local_org.bulk_jobs import Jobs
from crm_sync.local_org.calls import Call
from crm_sync.local_org.clock import Clock, stamp
from crm_sync.local_org.deployments import Deployments
from crm_sync.local_org.errors import OrgError, not_found
from crm_sync.local_org.faults import Faults
from crm_sync.local_org.layout import layouts
from crm_sync.local_org.locators import Locators
from crm_sync.local_org.locks import Locks
from crm_sync.local_org.outbound import Outbound
from crm_sync.local_org.retrieval import Retrievals
from crm_sync.local_org.router import Router
from crm_sync.local_org.schema import ObjectType
from crm_sync.local_org.schema_edits import Edit
from crm_sync.local_org.sessions import Sessions
from crm_sync.local_org.store import Store
from crm_sync.local_org.transactions import Laws, Transaction, Wishes
from crm_sync.local_org.usage import Usage
from crm_sync.local_org.versions_served import Versions
from crm_sync.local_org.web_login import WebLogins
from crm_sync.local_org.work_queue import WorkQueue

KEPT_IN_BIN = timedelta(days=15)
_BETWEEN_LOOKS = timedelta(hours=1)


@dataclass(frozen=True)
class ConnectedApp:
    """The one app that may sign in. `certificate` is PEM (certificate or public key) for the JWT flow.

    `permission_sets` names what the app's user is assigned when it is created; None makes it an administrator with
    every permission set of the package, the one that skips validation included.
    """

    client_id: str = field(default_factory=lambda: "3MVG9" + secrets.token_hex(40))
    client_secret: str = field(default_factory=lambda: secrets.token_hex(32).upper())
    username: str = "worker@crm-sync.example"
    certificate: str | None = None
    permission_sets: tuple[str, ...] | None = None


class Org:
    """One org, open until `close`."""

    def __init__(
        self,
        database: Path | None,
        package: Path | None,
        app: ConnectedApp,
        router: Router,
        clock: Clock | None = None,
    ) -> None:
        self.app = app
        self.router = router
        self.locators = Locators()
        self.bulk1 = Bulk1Jobs()
        self.deployments = Deployments()
        self.retrievals = Retrievals()
        self.clock = clock or Clock()
        self.versions = Versions()
        self.work = WorkQueue(self.clock.now)
        self.jobs = Jobs(self.work, self.clock.now)
        self.sessions = Sessions(self.clock)
        self.web_logins = WebLogins()
        self.faults = Faults(self.clock.now)
        self.locks = Locks(self.clock.now)
        self.store = Store(database, soql.prepare)
        self.usage = Usage(self.clock)
        packaged = metadata_xml.read_folder(package) if package else {}
        self.files = {**packaged, **self.store.files()}
        self.outbound = Outbound(self.store)
        self.edits: tuple[Edit, ...] = ()
        self.sharing = False
        self.reshape()
        with self.transaction(self.system) as tx:
            permission_sets.save(tx, self.files)
            queues.save(tx, self.files)
            setup_records.ensure(tx, app.username, app.permission_sets)
        self._bin_looked_at = self.clock.now()
        self.outbound.start()

    def reshape(self) -> None:
        """Rebuild the schema from the package's files and widen the tables to hold it."""
        self.schema = metadata.build(self.files, self.store.prefixes(), self.edits)
        self.layouts = layouts(self.schema)
        self.shaped_at = self.clock.stamp()
        self.store.shape(self.schema)
        self.laws = Laws(
            validation.read(self.files), duplicate_rules.read(self.files), self.locks, self.faults.refuse_record
        )
        self._access: dict[str, Access] = {}
        self.outbound.rules = outbound_rules.read(self.files)

    def deploy(self, files: metadata_xml.Files, removed: Collection[str] = ()) -> None:
        """Take further metadata files into the org, and others out of it; a packaged file comes back with the next start."""
        self.store.keep_files(files, removed)
        self.files = {path: content for path, content in {**self.files, **files}.items() if path not in removed}
        self.reshape()
        with self.transaction(self.system) as tx:
            permission_sets.save(tx, files)
            queues.save(tx, files)

    def edit(self, edits: tuple[Edit, ...]) -> None:
        """Change the schema while the org runs. Raises ValueError, having changed nothing."""
        metadata.build(self.files, self.store.prefixes(), edits)
        self.edits = edits
        self.reshape()

    def share(self, on: bool) -> None:
        """Turn the sharing of single rows on or off."""
        self.sharing, self._access = on, {}

    @property
    def system(self) -> Access:
        """The access of the platform itself."""
        return Access(setup_records.SYSTEM_USER_ID, ZoneInfo("UTC"))

    def close(self) -> None:
        """Stop what runs in the background and close the database."""
        self.outbound.stop()
        self.work.close()
        self.store.close()

    def access(self, user_id: str) -> Access:
        """Work out what a user may do; the answer is kept until permissions change."""
        known = self._access.get(user_id)
        if known is None:
            with self.store.reading() as connection:
                known = permissions.of_user(connection, self.schema, user_id, self.sharing)
            self._access[user_id] = known
        return known

    def object(self, name: str, access: Access) -> ObjectType:
        """Give the object of this name as the user knows it. Raises OrgError NOT_FOUND."""
        found = self.schema.object(name)
        if found is None or not access.allows(found, "read"):
            raise not_found()
        return found

    @contextmanager
    def transaction(
        self, access: Access, wishes: Wishes | None = None, *, punctual: bool = False
    ) -> Iterator[Transaction]:
        """Write in one unit; everything in it becomes visible at once, or nothing does.

        A `punctual` one is the org's own housekeeping, which no fault makes late.
        """
        with self.store.writing() as connection:
            now = self.clock.now()
            lag = 0.0 if punctual else self.faults.stamp_lag()
            written = stamp(now - timedelta(seconds=lag))
            tx = Transaction(
                connection, self.schema, self.layouts, access, written, stamp(now), self.laws, wishes or Wishes()
            )
            yield tx
            queued = self.outbound.queue(tx)
            tx.finish()
        if tx.touched & permissions.SOURCES:
            self._access = {}
        if queued:
            self.outbound.wake()

    @contextmanager
    def writing(self, call: Call) -> Iterator[Transaction]:
        """Write on behalf of a call: in the unit it is part of, or in one of its own."""
        if call.transaction is None:
            with self.transaction(call.user, call.wishes) as tx:
                yield tx
            return
        tx = call.transaction
        before, tx.wishes = tx.wishes, call.wishes
        try:
            with tx.attempt():
                yield tx
        finally:
            tx.wishes = before

    @contextmanager
    def reading(self, call: Call) -> Iterator[sqlite3.Connection]:
        """Read on behalf of a call: what its own unit has written counts."""
        if call.transaction is not None:
            yield call.transaction.connection
            return
        with self.store.reading() as connection:
            yield connection

    def signed_in(self, call: Call) -> Call:
        """Attach the caller's access to a call. Raises OrgError INVALID_SESSION_ID or API_DISABLED_FOR_ORG."""
        return dataclasses.replace(call, access=self.access_of(call.token))

    def access_of(self, token: str) -> Access:
        """Give the access behind a session. Raises OrgError INVALID_SESSION_ID or API_DISABLED_FOR_ORG."""
        session = self.sessions.find(token)
        access = self.access(session.user_id) if session else None
        if access is None or not access.active:
            raise OrgError("INVALID_SESSION_ID", "Session expired or invalid")
        if not access.api_enabled:
            raise OrgError("API_DISABLED_FOR_ORG", "API is not enabled for this Organization or Partner")
        return access

    def look_after(self) -> None:
        """Do what time has made due: bulk jobs that waited, and a recycle bin that has to be emptied."""
        self.work.do_due()
        now = self.clock.now()
        if abs(now - self._bin_looked_at) >= _BETWEEN_LOOKS:  # tests also put the clock back
            self._bin_looked_at = now
            with self.transaction(self.system, punctual=True) as tx:
                removal.expire(tx, stamp(now - KEPT_IN_BIN))
