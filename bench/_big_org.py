"""A local org of any size in a process of its own, for benchmarks: rows straight into its store, calls counted by it.

    with big_org({"Contact": 1_000_000}) as org: ...

The org's memory and CPU are then not those of whoever is measured. Rows are made by SQL, as a million of them through the API
would take an hour; everything else goes over HTTP. Run by the benchmarks beside it; not one itself.
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
from typing import TYPE_CHECKING, Any

import requests
from pydantic import SecretStr

from crm_sync.settings import Connection, SecretGrant

if TYPE_CHECKING:
    from crm_sync.local_org.org import Org

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "deploy" / "salesforce"
ACCOUNTS_A_CONTACT = 5
VALUES: Mapping[str, Mapping[str, str]] = {
    "Account": {
        "Name": "'Company ' || n",
        "Industry": "CASE n % 4 WHEN 0 THEN 'Retail' WHEN 1 THEN 'Energy' WHEN 2 THEN 'Banking' END",
        "BillingCountry": "CASE n % 3 WHEN 0 THEN 'Germany' WHEN 1 THEN 'Japan' ELSE 'United States' END",
        "NumberOfEmployees": "n % 5000",
        "Region__c": "CASE n % 3 WHEN 0 THEN 'EMEA' WHEN 1 THEN 'APAC' ELSE 'North America' END",
        "Product__c": "'Core'",
        "Implementation_Stage__c": "'Production'",
        "Health_Score__c": "40 + n % 60",
        "Health_Trend__c": "'Steady'",
        "Churn_Risk__c": "'None'",
        "Renewal_Date__c": "'2028-01-01'",
        "Customer_Since__c": "'2020-01-01'",
    },
    "Contact": {
        "LastName": "'Person ' || n",
        "FirstName": "'Given ' || (n % 1000)",
        "Name": "'Given ' || (n % 1000) || ' Person ' || n",
        "AccountId": "id('Account', n / 5 + 1)",
        "Email": "'person' || n || '@company' || (n / 5) || '.example'",
        "Phone": "'+49 30 ' || n",
        "Title": "CASE n % 3 WHEN 0 THEN 'Head of IT, \"EMEA\"' ELSE 'Chief Information Officer' END",
        "MailingCountry": "CASE n % 3 WHEN 0 THEN 'Germany' WHEN 1 THEN 'Japan' ELSE 'United States' END",
        "NPS_Score__c": "n % 11",
        "NPS_Date__c": "'2026-08-15'",
        "Speaks_Publicly__c": "'Yes'",
    },
    "Opportunity": {
        "Name": "'Deal ' || n",
        "AccountId": "id('Account', n / 5 + 1)",
        "StageName": "'Prospecting'",
        "CloseDate": "'2027-01-20'",
        "Amount": "1000.0 * (n % 90)",
        "Probability": "50.0",
    },
    "Case": {"Subject": "'Case ' || n", "AccountId": "id('Account', n / 5 + 1)", "Priority": "'P3'", "Status": "'New'"},
    "Reference_Profile__c": {
        "Contact__c": "id('Contact', n)",
        "External_Key__c": "id('Contact', n)",
        "Status__c": "'Candidate'",
        "Verdict__c": "'Eligible'",
        "Verdict_Summary__c": "'may be asked for everything'",
        "Strength__c": "50.0",
    },
    "Reference_Consent__c": {
        "Contact__c": "id('Contact', n)",
        "Use__c": "'Sales Call'",
        "Status__c": "'Granted'",
        "Valid_From__c": "'2026-01-01'",
    },
    "Reference_Request__c": {"Type__c": "'Sales Call'", "Stage__c": "'Submitted'", "Status__c": "'New'"},
}
"""What the rows hold: SQL over the number n of the row."""


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
        """Ask the org how many API calls it has counted, this one left out."""
        header = {"Authorization": f"Bearer {self.token()}"}
        told = requests.get(f"{self.url}/services/data/v68.0/limits", headers=header, timeout=30)
        used = str(told.headers["Sforce-Limit-Info"]).partition("=")[2].partition("/")[0]
        return int(used) - self._own_calls()

    def _own_calls(self) -> int:
        self.process.asked = getattr(self.process, "asked", 0) + 1  # type: ignore[attr-defined]
        return int(self.process.asked)  # type: ignore[attr-defined]

    def add(self, sizes: Mapping[str, int]) -> None:
        """Create so many rows of each object."""
        self._tell({"add": dict(sizes)})

    def touch(self, sizes: Mapping[str, int]) -> None:
        """Change so many rows of each object, as somebody's edit would."""
        self._tell({"touch": dict(sizes)})

    def _tell(self, command: Mapping[str, Any]) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline().strip() == "done"


@contextmanager
def big_org(sizes: Mapping[str, int]) -> Iterator[BigOrg]:
    """Run an org with so many rows of each object until the block ends."""
    with tempfile.TemporaryDirectory(prefix="big-org-") as folder:
        command = [sys.executable, "-m", "bench._big_org", folder]
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


def add(org: Org, sizes: Mapping[str, int]) -> None:
    """Create rows; the first ever of an object has number 1, as it would through the API."""
    from crm_sync.local_org.ids import make

    with org.store.writing() as connection:
        connection.create_function("id", 2, lambda name, n: make(org.schema.objects[name.lower()].key_prefix, n))
        for name, rows in sizes.items():
            found = connection.execute("SELECT value FROM _counters WHERE name = ?", (name,)).fetchone()
            first = (found[0] if found else 0) + 1
            known = {"Id": f"id('{name}', n)", "Name": "'No ' || n", **_of_the_platform(org), **VALUES[name]}
            columns = [column for column in org.layouts[name].columns if column in known]
            connection.execute(
                f'INSERT INTO "{name}" ({", ".join(columns)}) '
                f"WITH RECURSIVE counted(n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM counted WHERE n < {first + rows - 1}) "
                f"SELECT {', '.join(known[column] for column in columns)} FROM counted"
            )
            last = "INSERT INTO _counters VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
            connection.execute(last, (name, first + rows - 1))


def touch(org: Org, sizes: Mapping[str, int]) -> None:
    """Stamp rows anew."""
    from crm_sync.local_org.clock import stamp

    with org.store.writing() as connection:
        for name, rows in sizes.items():
            connection.execute(
                f'UPDATE "{name}" SET SystemModstamp = ? WHERE Id IN (SELECT Id FROM "{name}" ORDER BY Id LIMIT ?)',
                (stamp(org.clock.now()), rows),
            )


def _of_the_platform(org: Org) -> Mapping[str, str]:
    """Who made a row, and when."""
    from crm_sync.local_org.clock import stamp

    user, moment = f"'{org.system.user_id}'", f"'{stamp(org.clock.now())}'"
    users = dict.fromkeys(("OwnerId", "CreatedById", "LastModifiedById"), user)
    return users | dict.fromkeys(("CreatedDate", "LastModifiedDate", "SystemModstamp"), moment)


def serve(folder: str) -> None:
    """Run an org and do what is told on standard input."""
    from crm_sync.local_org.server import running  # not where a worker is measured, which needs nothing of it

    with running(Path(folder) / "org.sqlite", PACKAGE) as told:
        told.org.usage.limit = 10_000_000
        facts = {"url": told.base_url, "client_id": told.client_id, "client_secret": told.client_secret}
        print(json.dumps(facts | {"org_id": told.org_id}), flush=True)
        for line in sys.stdin:
            for name, sizes in json.loads(line).items():
                {"add": add, "touch": touch}[name](told.org, sizes)
            print("done", flush=True)


if __name__ == "__main__":
    serve(sys.argv[1])
