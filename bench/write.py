"""Write rows: collections, packed collections and Bulk jobs side by side; from how many rows on a job costs fewer calls.

    python -m bench.write
    python -m bench.write --rows 20000     other sizes than 10,000 for the speed of writing

First the calls, counted by the org: for rising numbers of rows, five collections of 200 packed in a composite call beside a
Bulk job that is done at the first, second, fourth or seventh look. The worker looks after the time it expects, and then after
half the time waited so far each, so seven looks at a small job are 15 seconds of work. `CRM_SYNC_BULK_WRITE_ROWS` ought to be where
jobs cost no more than calls even if they take that long. The same for reading: pages of 2,000 beside a query job.
Then the speed: rows a second of the writer's CPU, each in a fresh process, medians of three rounds. simple-salesforce writes
as its README says, one collection of 200 a call, and by `bulk2.upsert`. The goal: 3x the rows and a fifth of the calls of plain
collections.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from statistics import median
from typing import Any

import pyarrow as pa
from simple_salesforce import bulk2

from bench._big_org import ROOT, BigOrg, big_org, library
from crm_sync.ports import Reading, RowWrite
from crm_sync.salesforce.org import SalesforceOrg
from crm_sync.settings import Settings
from crm_sync.state.jobs import PassingJobs

OBJECT, KEY = "Reference_Profile__c", "External_Key__c"
ROUNDS = 3
LOOKS = (1, 2, 4, 7)
SIZES = (2_000, 4_000, 6_000, 8_000, 10_000)
READ = (4_000, 8_000, 12_000, 16_000, 20_000)


def connect(org: BigOrg, **changes: Any) -> SalesforceOrg:
    return SalesforceOrg.connect(org.connection(**changes), PassingJobs(), api_share_percent=100, sleep=lambda _: None)


def rows(ids: Iterable[str], strength: float) -> list[dict[str, Any]]:
    """What is written: a profile each."""
    return [
        {
            KEY: i,
            "Contact__c": i,
            "Verdict__c": "Eligible",
            "Verdict_Summary__c": "may be asked",
            "Strength__c": strength,
        }
        for i in ids
    ]


def prepared(ids: Iterable[str], strength: float) -> list[RowWrite]:
    return [RowWrite(OBJECT, KEY, row.pop(KEY), row) for row in rows(ids, strength)]


def cut(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def packed(org: BigOrg, ids: Sequence[str], strength: float) -> None:
    worker = connect(org)
    for some in cut(prepared(ids, strength), 1_000):
        assert all(answer.ok for answer in worker.upsert(some))


def by_job(org: BigOrg, ids: Sequence[str], strength: float) -> None:
    assert all(answer.ok for answer in connect(org).upsert_many(prepared(ids, strength), lambda: None))


def collections(org: BigOrg, ids: Sequence[str], strength: float) -> None:
    session = library(org)
    for some in cut(rows(ids, strength), 200):
        body = {"allOrNone": False, "records": [{"attributes": {"type": OBJECT}, **row} for row in some]}
        path = f"composite/sobjects/{OBJECT}/{KEY}"
        assert all(answer["success"] for answer in session.restful(path, method="PATCH", json=body))


def bulk2_upsert(org: BigOrg, ids: Sequence[str], strength: float) -> None:
    for told in getattr(library(org).bulk2, OBJECT).upsert(records=rows(ids, strength), external_id_field=KEY):
        assert told["numberRecordsFailed"] == 0


METHODS: Mapping[str, Callable[[BigOrg, Sequence[str], float], None]] = {
    "ours, packed": packed,
    "ours, Bulk job": by_job,
    "collections": collections,
    "bulk2.upsert": bulk2_upsert,
}


def read(org: BigOrg, *, by_bulk: bool) -> None:
    """Read one object one way or the other."""
    worker = connect(org, bulk_read_rows=1 if by_bulk else 1_000_000)
    reading = Reading("Contact", ("Id", "Name"), since=None, until=datetime.now(UTC) + timedelta(days=1))
    assert sum(page.rows.num_rows for page in worker.read((reading,)))


def counted(org: BigOrg, do: Callable[[], None]) -> int:
    before = org.calls()
    do()
    return org.calls() - before


def jobs(org: BigOrg, do: Callable[[], None]) -> dict[int, int]:
    """Count the calls of a job that is done at a first, second... look."""
    found = {}
    for looks in LOOKS:
        org.pace(looks - 1)
        found[looks] = counted(org, do)
    org.pace(0)
    return found


def show(name: str, setting: str, found: Mapping[int, tuple[int, Mapping[int, int]]]) -> None:
    """Print the calls of both ways by size, and from which size on a job costs no more."""
    print(f"{name:<16}" + "".join(f"{size:>8,}" for size in found) + " rows   a job costs no more from")
    print(f"{'  packed':<16}" + "".join(f"{calls:>8}" for calls, _ in found.values()))
    for looks in LOOKS:
        fair = next((f"{size:,} rows" for size, (calls, job) in found.items() if job[looks] <= calls), "later")
        told = "".join(f"{job[looks]:>8}" for _, job in found.values())
        print(f"{f'  job, {looks} looks':<16}{told}        {fair}")
    print(f"  CRM_SYNC_{setting.upper()} is {Settings.model_fields[setting].default:,}\n", flush=True)


def measure(org: BigOrg, method: str, size: int, strength: int) -> dict[str, float]:
    """Run one method in a fresh process."""
    command = [sys.executable, "-m", "bench.write", "--method", method, "--org", json.dumps(dict(org.facts))]
    command += ["--rows", str(size), "--strength", str(strength)]
    before = org.calls()
    told = json.loads(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout)
    return {**told, "calls": org.calls() - before}


def run(method: str, facts: Mapping[str, str], size: int, strength: float) -> None:
    org = BigOrg(facts, None)  # type: ignore[arg-type]
    ids = contact_ids(org, size)
    pa.array([None])  # which imports pandas where there is one; imports are not timed
    bulk2.sleep = lambda _: None
    began, cpu = time.monotonic(), time.process_time()
    METHODS[method](org, ids, strength)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"s": time.monotonic() - began, "cpu_s": time.process_time() - cpu, "peak_mb": peak}))


def contact_ids(org: BigOrg, most: int) -> list[str]:
    return [row["Id"] for row in library(org).query_all_iter(f"SELECT Id FROM Contact ORDER BY Id LIMIT {most}")]


def speed(org: BigOrg, size: int) -> None:
    found: dict[str, list[dict[str, float]]] = {method: [] for method in METHODS}
    for number in range(ROUNDS):
        for method in METHODS:
            found[method].append(measure(org, method, size, number))
    asking = -(-size // 2_000)  # the ids, asked for by every process
    for method, told in found.items():
        rate = size / median(one["cpu_s"] for one in told)
        print(
            f"{method:<18} {size:>7,} rows {rate:>9,.0f} rows/CPU s {median(o['s'] for o in told):>6.1f} s on the clock "
            f"{max(o['peak_mb'] for o in told):>5,.0f} MB {told[-1]['calls'] - asking:>4.0f} calls"
        )


def main(size: int) -> None:
    with big_org({"Account": 5_000}) as org:
        reading, had = {}, 0
        for most in READ:
            org.add({"Contact": most - had})
            had = most
            bulk = jobs(org, partial(read, org, by_bulk=True))
            reading[most] = (counted(org, partial(read, org, by_bulk=False)), bulk)
        show("reading", "bulk_read_rows", reading)
        ids = contact_ids(org, had)
        writing = {}
        for most in SIZES:
            bulk = jobs(org, partial(by_job, org, ids[:most], 1.0))
            writing[most] = (counted(org, partial(packed, org, ids[:most], 2.0)), bulk)
        show("writing", "bulk_write_rows", writing)
        speed(org, size)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000)
    for name in ("--method", "--org", "--strength"):
        parser.add_argument(name, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.method:
        run(given.method, json.loads(given.org), given.rows, float(given.strength))
    else:
        main(given.rows)
