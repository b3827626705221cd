"""The process a big local org runs in, and what its rows hold; `_big_org` starts it and tells it what to do.

Rows are made by SQL, as a million of them through the API would take an hour. Commands come as lines of JSON, and each is
answered by one.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crm_sync.local_org.clock import stamp
from crm_sync.local_org.ids import make
from crm_sync.local_org.org import Org
from crm_sync.local_org.server import running
from crm_sync.local_org.work_queue import Pace

PACKAGE = Path(__file__).resolve().parent.parent / "deploy" / "salesforce"
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


def add(org: Org, sizes: Mapping[str, int]) -> None:
    """Create rows; the first ever of an object has number 1, as it would through the API."""
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
    with org.store.writing() as connection:
        for name, rows in sizes.items():
            connection.execute(
                f'UPDATE "{name}" SET SystemModstamp = ? WHERE Id IN (SELECT Id FROM "{name}" ORDER BY Id LIMIT ?)',
                (stamp(org.clock.now()), rows),
            )


def _of_the_platform(org: Org) -> Mapping[str, str]:
    """Who made a row, and when."""
    user, moment = f"'{org.system.user_id}'", f"'{stamp(org.clock.now())}'"
    users = dict.fromkeys(("OwnerId", "CreatedById", "LastModifiedById"), user)
    return users | dict.fromkeys(("CreatedDate", "LastModifiedDate", "SystemModstamp"), moment)


def calls(org: Org, _: Any) -> int:
    """Tell how many API calls were counted so far."""
    return org.usage.used("DailyApiRequests")


def pace(org: Org, looks: int) -> None:
    """Let bulk work be done at the look after so many; at first it is done at the first."""
    org.work.pace = Pace(looks)


def wait(org: Org, seconds: float) -> str:
    """Let time pass, and tell what time it is."""
    org.clock.advance(seconds)
    return stamp(org.clock.now())


COMMANDS = {"add": add, "touch": touch, "calls": calls, "pace": pace, "wait": wait}


def serve(folder: str) -> None:
    """Run an org and do what is told on standard input."""
    with running(Path(folder) / "org.sqlite", PACKAGE) as told:
        told.org.usage.limits = dict.fromkeys(told.org.usage.limits, 10_000_000)
        facts = {"url": told.base_url, "client_id": told.client_id, "client_secret": told.client_secret}
        print(json.dumps(facts | {"org_id": told.org_id}), flush=True)
        pace(told.org, 0)
        for line in sys.stdin:
            ((name, given),) = json.loads(line).items()
            print(json.dumps(COMMANDS[name](told.org, given)), flush=True)


if __name__ == "__main__":
    serve(sys.argv[1])
