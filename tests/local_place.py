"""A running local org and a worker's edge to it, for tests that meet Salesforce over HTTP.

`Place.human` writes as a person would; `Place.control` is the tester's hand in the org (clock, faults, sessions).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from pydantic import SecretStr

from crm_sync.local_org.server import RunningOrg, running
from crm_sync.ports import Jobs
from crm_sync.salesforce.org import SalesforceOrg
from crm_sync.settings import Connection, SecretGrant
from crm_sync.state.jobs import PassingJobs

PACKAGE = Path(__file__).parents[1] / "deploy" / "salesforce"
VERSION = "68.0"
UNCOMPARED = frozenset({"Sync_Run__c", "FieldPermissions", "ObjectPermissions"})
STAMPS = frozenset({"Id", "Name", "CreatedDate", "LastModifiedDate", "SystemModstamp", "CompletedDateTime"})
OF_THE_RUN = frozenset({"Counts__c", "Message__c"})


@dataclass(frozen=True)
class Place:
    """One local org and how to reach it."""

    running: RunningOrg

    def connection(self, **changes: Any) -> Connection:
        """Make a worker's connection; `changes` are its fields."""
        given: dict[str, Any] = {
            "instance_url": self.running.base_url,
            "client_id": self.running.client_id,
            "grant": SecretGrant(SecretStr(self.running.client_secret)),
            "org_id": self.running.org_id,
            "expect_sandbox": True,
            "api_version": VERSION,
            "connect_timeout_s": 5,
            "read_timeout_s": 10,
            "bulk_read_rows": 20_000,
            "bulk_write_rows": 10_000,
            "allowed_host_suffixes": (".salesforce.com",),
        }
        return Connection(**(given | changes))

    def worker(self, jobs: Jobs | None = None, **changes: Any) -> SalesforceOrg:
        """Connect a worker that waits for nothing; `jobs` is its book of Bulk jobs."""
        return SalesforceOrg.connect(
            self.connection(**changes),
            jobs or PassingJobs(),
            api_share_percent=100,
            sleep=lambda _: None,
            jitter=lambda: 0.0,
        )

    def token(self) -> str:
        """Log in beside the worker."""
        form = {
            "grant_type": "client_credentials",
            "client_id": self.running.client_id,
            "client_secret": self.running.client_secret,
        }
        answer = requests.post(f"{self.running.base_url}/services/oauth2/token", data=form, timeout=10)
        return str(answer.json()["access_token"])

    def refresh_token(self) -> str:
        """Log in by the browser, as the worker's user, and return the refresh token the app is given."""
        here = "http://localhost:1717/"
        app = {"client_id": self.running.client_id, "redirect_uri": here}
        known = {"username": self.running.username, "password": self.running.client_secret}
        url = f"{self.running.base_url}/services/oauth2"
        page = {"response_type": "code"} | app | known
        back = requests.post(f"{url}/authorize", data=page, timeout=10, allow_redirects=False).headers["Location"]
        code = {"grant_type": "authorization_code", "code": parse_qs(urlsplit(back).query)["code"][0]}
        secret = {"client_secret": self.running.client_secret}
        return str(requests.post(f"{url}/token", data=code | app | secret, timeout=10).json()["refresh_token"])

    def human(self, object_name: str, *records: Mapping[str, Any]) -> list[str]:
        """Create records and return their ids."""
        ids: list[str] = []
        for start in range(0, len(records), 200):
            part = [{"attributes": {"type": object_name}, **record} for record in records[start : start + 200]]
            for answer in self.call("POST", "composite/sobjects", {"allOrNone": True, "records": part}):
                assert answer["success"], answer
                ids.append(answer["id"])
        return ids

    def update(self, object_name: str, record_id: str, **fields: Any) -> None:
        """Change a record as a person would."""
        self.call("PATCH", f"sobjects/{object_name}/{record_id}", fields)

    def delete(self, object_name: str, record_id: str) -> None:
        """Put a record into the recycle bin."""
        self.call("DELETE", f"sobjects/{object_name}/{record_id}")

    def rows(self, soql: str) -> list[dict[str, Any]]:
        """Query the org beside the worker."""
        found = self.call("GET", f"query?{requests.compat.urlencode({'q': soql})}")["records"]
        return [{name: value for name, value in record.items() if name != "attributes"} for record in found]

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Call the REST API as a person."""
        url = f"{self.running.base_url}/services/data/v{VERSION}/{path}"
        answer = requests.request(
            method, url, json=body, headers={"Authorization": f"Bearer {self.token()}"}, timeout=10
        )
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """Use the tester's controls."""
        answer = requests.request(method, f"{self.running.base_url}/_control/{path}", json=body, timeout=10)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def fault(self, kind: str, path: str = "", *, method: str = "", skip: int = 0, times: int = 1, **more: Any) -> None:
        """Put a fault in force: the worker's calls of this path, after `skip` of them, `times` times."""
        body = {"kind": kind, "path": path, "method": method, "skip": skip, "times": times, "with": more}
        self.control("POST", "faults", body)

    def no_faults(self) -> None:
        """Lift all faults."""
        self.control("DELETE", "faults")

    def saved(self) -> sqlite3.Connection:
        """Copy everything the org holds."""
        copy = sqlite3.connect(":memory:", check_same_thread=False)
        with self.running.org.store.reading() as connection:
            connection.backup(copy)
        return copy

    def restore(self, copy: sqlite3.Connection) -> None:
        """Let the org hold what it held when the copy was made; faults are lifted, and open queries forgotten."""
        self.no_faults()
        self.running.org.locators.clear()
        with self.running.org.store._write_lock:
            copy.backup(self.running.org.store._writer)

    def contents(self) -> dict[str, list[dict[str, Any]]]:
        """Tell what the org holds by object, read behind its API, so that equal orgs compare equal.

        Ids, numbers, stamps and what a run says of itself are left out; whoever names a record that has a key names it by the key.
        """
        with self.running.org.store.reading() as connection:
            connection.row_factory = sqlite3.Row
            try:
                tables = {
                    o.name: [dict(row) for row in connection.execute(f'SELECT * FROM "{o.name}"')]
                    for o in self.running.org.schema.objects.values()
                    if o.name not in UNCOMPARED
                }
            finally:
                connection.row_factory = None
        keys = {
            row["Id"]: row[name]
            for rows in tables.values()
            for row in rows
            for name in row
            if name.endswith("_Key__c") and row[name]
        }
        return {
            name: sorted(
                ({k: keys.get(v, v) for k, v in row.items() if k not in STAMPS | OF_THE_RUN} for row in rows), key=repr
            )
            for name, rows in tables.items()
            if rows
        }

    def effects(self, since: int = 0) -> Sequence[Mapping[str, Any]]:
        """Return the org's commit journal after this sequence number."""
        found: Sequence[Mapping[str, Any]] = self.control("GET", f"journal?since={since}")["entries"]
        return found


@contextmanager
def place() -> Iterator[Place]:
    """Run a local org with the shipped package until the block ends."""
    with running(None, PACKAGE) as org:
        yield Place(org)
