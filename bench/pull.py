"""Pull contacts by Bulk 2.0 into the mirror: ours beside simple-salesforce, and beside downloading and parsing alone.

    python -m bench.pull                   100,000 rows for everybody, in turn, then 1,000,000 for ours
    python -m bench.pull --rows 50000 --most 200000

The org runs in a process of its own and everybody else in a fresh one, so seconds of CPU and peak memory are theirs alone; all ask
for the same fields. Rows a second of CPU are compared, as the org shares the machine and everybody waits for its job; the time
on the clock stands beside it. `bare` downloads the pages one after the other and parses them into columns, keeping nothing.
The goal: 3x simple-salesforce, within 1.5x of `bare` on CPU per row for reading, 500 MB at a million, memory exponent 0.3.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import math
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import pyarrow as pa

from bench._big_org import ROOT, BigOrg, big_org, library
from crm_sync.program import Program, load_program
from crm_sync.pull import pull
from crm_sync.pull.pull import look_at
from crm_sync.salesforce.bulk import parse_page
from crm_sync.salesforce.org import SalesforceOrg
from crm_sync.state.jobs import PassingJobs
from crm_sync.state.mirror import DuckMirror

ROUNDS = 3
PAGE = 100_000


def contacts_alone() -> Program:
    program = load_program(ROOT / "rules", ROOT / "mappings")
    return replace(program, mappings={"contact": program.mappings["contact"]})


def connect(org: BigOrg) -> SalesforceOrg:
    return SalesforceOrg.connect(org.connection(), PassingJobs(), api_share_percent=100)


def ours(org: BigOrg, program: Program) -> int:
    """The worker's own step, mirror on disk and snapshot at the end included."""
    with tempfile.TemporaryDirectory() as folder:
        mirror = DuckMirror.open(Path(folder) / "state" / "mirror.duckdb", b"s" * 32)
        worker = connect(org)
        rows = pull(worker, mirror, program, worker.server_time()).tables["contact"].num_rows
        mirror.close()
        return rows


def query(org: BigOrg, program: Program) -> tuple[str, tuple[str, ...]]:
    view = look_at(connect(org), program)[0]
    columns = ("Id", *dict.fromkeys(f.field for f in view.readable if f.field != "Id"), "IsDeleted", "SystemModstamp")
    return f"SELECT {', '.join(columns)} FROM Contact", columns


def simple_salesforce(org: BigOrg, program: Program) -> int:
    """As its README says: pages of text, each made into dictionaries, and all of them kept."""
    rows: list[Mapping[str, Any]] = []
    for page in library(org).bulk2.Contact.query_all(query(org, program)[0], max_records=PAGE):
        rows += csv.DictReader(io.StringIO(page))
    return len(rows)


def bare(org: BigOrg, program: Program) -> int:
    rows, (text, columns) = 0, query(org, program)
    for page in library(org).bulk2.Contact.query_all(text, max_records=PAGE):
        rows += parse_page(page.encode(), columns).num_rows
    return rows


METHODS: Mapping[str, Callable[[BigOrg, Program], int]] = {
    "ours": ours,
    "simple-salesforce": simple_salesforce,
    "bare": bare,
}


def measure(org: BigOrg, method: str) -> dict[str, float]:
    """Run one method in a fresh process."""
    command = [sys.executable, "-m", "bench.pull", "--method", method, "--org", json.dumps(dict(org.facts))]
    before = org.calls()
    told = json.loads(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout)
    return {**told, "calls": org.calls() - before}


def run(method: str, facts: Mapping[str, str]) -> None:
    org, program = BigOrg(facts, None), contacts_alone()  # type: ignore[arg-type]
    pa.array([None])  # which imports pandas where there is one; imports are not timed
    began, cpu = time.monotonic(), time.process_time()
    rows = METHODS[method](org, program)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    spent = {"s": time.monotonic() - began, "cpu_s": time.process_time() - cpu, "peak_mb": peak, "rows": rows}
    print(json.dumps(spent))


def show(method: str, rounds: list[dict[str, float]]) -> None:
    rows, cpu = rounds[0]["rows"], median(one["cpu_s"] for one in rounds)
    print(
        f"{method:<18} {rows:>9,.0f} rows  {rows / cpu:>9,.0f} rows/CPU s  {median(o['s'] for o in rounds):>6.1f} s on the clock  "
        f"{max(o['peak_mb'] for o in rounds):>6,.0f} MB  {rounds[0]['calls']:>3.0f} calls"
    )


def main(rows: int, most: int) -> None:
    with big_org({"Account": rows // 5, "Contact": rows}) as org:
        rounds: dict[str, list[dict[str, float]]] = {method: [] for method in METHODS}
        for _ in range(ROUNDS):
            for method in METHODS:
                rounds[method].append(measure(org, method))
        for method, found in rounds.items():
            show(method, found)
        speed = {method: rows / median(o["cpu_s"] for o in found) for method, found in rounds.items()}
        print(f"ours / simple-salesforce: {speed['ours'] / speed['simple-salesforce']:.1f}x", end="   ")
        print(f"ours / bare: {speed['bare'] / speed['ours']:.2f}x of its CPU")
        org.add({"Contact": most - rows})
        big = measure(org, "ours")
        show("ours", [big])
        small = median(one["peak_mb"] for one in rounds["ours"])
        exponent = math.log(big["peak_mb"] / small) / math.log(most / rows)
        print(f"memory exponent {exponent:.2f}; peak at {most:,} rows {big['peak_mb']:,.0f} MB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--most", type=int, default=1_000_000)
    parser.add_argument("--method", choices=METHODS, help=argparse.SUPPRESS)
    parser.add_argument("--org", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.method:
        run(given.method, json.loads(given.org))
    else:
        main(given.rows, given.most)
