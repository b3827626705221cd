"""A local org of any size in a process of its own, for benchmarks: rows straight into its store, calls counted by it.

    with big_org({"Contact": 1_000_000}) as org: ...

The org's memory and CPU are then not those of whoever is measured. Rows are put into its store by `_org_process`;
everything else goes over HTTP. Run by the benchmarks beside it; not one itself.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from pydantic import SecretStr
from simple_salesforce.api import Salesforce

from crm_sync.salesforce.session import LoopbackAdapter
from crm_sync.settings import Connection, SecretGrant

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class BigOrg:
    """A running org: where it is, how to sign in, and the process it runs in."""

    facts: Mapping[str, str]
    process: subprocess.Popen[str]

    @property
    def url(self) -> str:
        return self.facts["url"]

    def connection(self, **changes: Any) -> Connection:
        """Make a worker's connection; `changes` are its fields."""
        given: dict[str, Any] = {
            "instance_url": self.url,
            "client_id": self.facts["client_id"],
            "grant": SecretGrant(SecretStr(self.facts["client_secret"])),
            "org_id": self.facts["org_id"],
            "expect_sandbox": True,
            "api_version": "68.0",
            "connect_timeout_s": 5,
            "read_timeout_s": 300,
            "bulk_read_rows": 20_000,
            "bulk_write_rows": 10_000,
            "allowed_host_suffixes": (".salesforce.com",),
        }
        return Connection(**(given | changes))

    def token(self) -> str:
        """Sign in beside the worker."""
        form = {"grant_type": "client_credentials"} | {
            name: self.facts[name] for name in ("client_id", "client_secret")
        }
        answer = requests.post(f"{self.url}/services/oauth2/token", data=form, timeout=30)
        return str(answer.json()["access_token"])

    def calls(self) -> int:
        """Ask the org how many API calls it has counted."""
        return int(self._tell({"calls": None}))

    def add(self, sizes: Mapping[str, int]) -> None:
        """Create so many rows of each object."""
        self._tell({"add": dict(sizes)})

    def touch(self, sizes: Mapping[str, int]) -> None:
        """Change so many rows of each object, as somebody's edit would."""
        self._tell({"touch": dict(sizes)})

    def wait(self, seconds: float) -> str:
        """Let time pass in the org, and tell what time it is there."""
        return str(self._tell({"wait": seconds}))

    def pace(self, looks: int) -> None:
        """Let Bulk jobs be done at the look after so many; at first it is 0."""
        self._tell({"pace": looks})

    def _tell(self, command: Mapping[str, Any]) -> Any:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


def library(org: BigOrg) -> Salesforce:
    """Sign simple-salesforce in, which knows https alone."""
    session = requests.Session()
    session.mount("https://", LoopbackAdapter())
    host = org.url.removeprefix("http://")
    return Salesforce(session_id=org.token(), instance=host, session=session, version="68.0")


@contextmanager
def big_org(sizes: Mapping[str, int]) -> Iterator[BigOrg]:
    """Run an org with so many rows of each object until the block ends."""
    with tempfile.TemporaryDirectory(prefix="big-org-") as folder:
        command = [sys.executable, "-m", "bench._org_process", folder]
        process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            assert process.stdout is not None
            org = BigOrg(json.loads(process.stdout.readline()), process)
            org.add(sizes)
            yield org
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait()
