"""How fast is everybody judged? Ours over columns, beside a row-object implementation in pydantic, in one run.

Run `python -m bench.decide [contacts]` (default 1,000,000). Both judge the same synthetic customer base by the same
rules/qualification.yaml; the row objects judge a sample, and their answers to those criteria have to be equal.
Prints rows per second (medians of interleaved rounds), the ratio, and each process's peak memory.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from crm_sync.model.snapshot import Snapshot
from crm_sync.program import Program, load_program

ROOT = Path(__file__).resolve().parent.parent
AS_OF = datetime(2026, 11, 22, 12, tzinfo=UTC)
SAMPLE = 5_000
ROUNDS = 3
TYPES = {
    "text": pa.string(),
    "id": pa.string(),
    "reference": pa.string(),
    "url": pa.string(),
    "picklist": pa.string(),
    "number": pa.float64(),
    "checkbox": pa.bool_(),
    "date": pa.date32(),
    "datetime": pa.timestamp("us", "UTC"),
    "multipicklist": pa.list_(pa.string()),
}
USED = {
    "account": "id region country health_score healthy_since health_trend churn_risk renewal_on customer_since in_dispute "
    "legal_hold confidential outcome outcome_on max_calls_quarter product implementation_stage master_record",
    "contact": "id account country email_key individual master_record opted_out email_opt_out nominated nps nps_on "
    "speaks_publicly left_company",
}


def program() -> Program:
    return load_program(ROOT / "rules", ROOT / "mappings")


def synthetic(contacts: int, rules: Program) -> Snapshot:
    """A customer base of a contact : 0.2 accounts : 0.05 profiles, consents and uses for the profiles."""
    random = np.random.default_rng(20261122)
    accounts, profiles = contacts // 5, contacts // 20
    tables = {
        "account": _accounts(random, accounts),
        "contact": _contacts(random, contacts, accounts),
        "profile": _profiles(random, profiles, contacts),
        "consent": _consents(random, profiles * 2, contacts),
        "activity": _activities(random, profiles, contacts),
    }
    for name, mapping in rules.mappings.items():
        tables.setdefault(name, pa.schema([(f.name, TYPES[f.type]) for f in mapping.pulled]).empty_table())
        for field in mapping.pulled:
            if field.name not in tables[name].column_names and field.name in USED.get(name, field.name).split():
                empty = pa.nulls(tables[name].num_rows, TYPES[field.type])
                tables[name] = tables[name].append_column(field.name, empty)
    return Snapshot(AS_OF, "00D000000000000EAA", tables, frozenset(), pa.table({}))


def _ids(prefix: str, numbers: Any) -> pa.Array:
    padded = pc.utf8_lpad(pc.cast(pa.array(numbers), pa.string()), 15, "0")
    return pc.binary_join_element_wise(prefix, padded, "")


def _pick(random: Any, size: int, values: list[Any], kind: pa.DataType, odds: list[float] | None = None) -> pa.Array:
    return pa.array(values, kind).take(pa.array(random.choice(len(values), size, p=odds)))


def _days(random: Any, size: int, oldest: int, newest: int, nulls: float = 0.02) -> pa.Array:
    today = (AS_OF.date() - date(1970, 1, 1)).days
    days = (today + random.integers(oldest, newest, size)).astype(np.int32)
    return pa.array(days, mask=random.random(size) < nulls).cast(pa.date32())


def _flags(random: Any, size: int, true: float) -> pa.Array:
    return pa.array(random.random(size) < true, mask=random.random(size) < 0.01)


def _accounts(random: Any, size: int) -> pa.Table:
    return pa.table(
        {
            "id": _ids("001", np.arange(size)),
            "region": _pick(random, size, ["EMEA", "North America", "APAC", None], pa.string()),
            "country": _pick(random, size, ["Germany", "United States", "Japan", None], pa.string()),
            "health_score": pa.array(random.integers(40, 100, size).astype(float), mask=random.random(size) < 0.03),
            "healthy_since": _days(random, size, -900, 0),
            "health_trend": _pick(random, size, ["rising", "steady", "falling", None], pa.string(), [0.3, 0.5, 0.15, 0.05]),
            "churn_risk": _pick(random, size, ["none", "watch", "active", None], pa.string(), [0.8, 0.1, 0.07, 0.03]),
            "renewal_on": _days(random, size, -30, 700),
            "customer_since": _days(random, size, -3000, 0),
            "in_dispute": _flags(random, size, 0.03),
            "legal_hold": _flags(random, size, 0.02),
            "confidential": _flags(random, size, 0.1),
            "outcome": _pick(random, size, ["saved 20 %", None], pa.string()),
            "outcome_on": _days(random, size, -900, 0),
            "product": _pick(random, size, ["Core", "Analytics", None], pa.string(), [0.6, 0.35, 0.05]),
            "implementation_stage": _pick(random, size, ["production", "implementing"], pa.string(), [0.8, 0.2]),
        }
    )


def _contacts(random: Any, size: int, accounts: int) -> pa.Table:
    people = np.where(random.random(size) < 0.01, random.integers(0, size, size), np.arange(size))
    return pa.table(
        {
            "id": _ids("003", np.arange(size)),
            "account": _ids("001", np.sort(random.integers(0, accounts, size))),
            "email_key": _ids("e", people),
            "opted_out": _flags(random, size, 0.05),
            "email_opt_out": _flags(random, size, 0.05),
            "nominated": _flags(random, size, 0.01),
            "nps": pa.array(random.integers(0, 11, size).astype(float), mask=random.random(size) < 0.4),
            "nps_on": _days(random, size, -500, 0, 0.4),
            "speaks_publicly": _pick(random, size, ["yes", "no", "not_asked", None], pa.string()),
            "left_company": _flags(random, size, 0.05),
        }
    )


def _profiles(random: Any, size: int, contacts: int) -> pa.Table:
    several = [["call"], ["call", "quote", "logo"], ["recording", "case_study"]]
    return pa.table(
        {
            "id": _ids("a01", np.arange(size)),
            "contact": _ids("003", np.arange(size) * (contacts // size)),
            "status": _pick(random, size, ["active", "candidate", "paused"], pa.string(), [0.8, 0.15, 0.05]),
            "approved_types": _pick(random, size, several, pa.list_(pa.string())),
            "briefed_types": _pick(random, size, several, pa.list_(pa.string())),
            "paused": _flags(random, size, 0.05),
            "time_zone": _pick(random, size, ["Europe/Berlin", "America/New_York", None], pa.string()),
            "blackouts": _pick(random, size, [None, "Fri", "2026-12-20..2027-01-05 holidays"], pa.string(), [0.9, 0.05, 0.05]),
        }
    )


def _consents(random: Any, size: int, contacts: int) -> pa.Table:
    return pa.table(
        {
            "id": _ids("a02", np.arange(size)),
            "contact": _ids("003", (np.arange(size) // 2) * 20 % contacts),
            "use": _pick(random, size, ["call", "quote", "logo", "recording", "case_study"], pa.string()),
            "status": _pick(random, size, ["granted", "withdrawn", "pending"], pa.string(), [0.85, 0.05, 0.1]),
            "text_version": _pick(random, size, ["2", "3"], pa.string()),
            "evidence": _pick(random, size, ["https://evidence", None], pa.string(), [0.95, 0.05]),
            "territory": _pick(random, size, [["worldwide"], ["EMEA"]], pa.list_(pa.string())),
            "audience": _pick(random, size, ["anyone", "named"], pa.string()),
            "valid_from": _days(random, size, -400, 0, 0),
            "legal_restriction": _flags(random, size, 0.01),
        }
    )


def _activities(random: Any, size: int, contacts: int) -> pa.Table:
    return pa.table(
        {
            "id": _ids("a03", np.arange(size)),
            "contact": _ids("003", random.integers(0, max(contacts // 20, 1), size) * 20 % contacts),
            "type": _pick(random, size, ["call", "quote", "logo", "case_study"], pa.string()),
            "status": _pick(random, size, ["completed", "declined", "asked"], pa.string(), [0.8, 0.1, 0.1]),
            "completed_on": _days(random, size, -700, 0, 0),
            "responded_on": _days(random, size, -700, 0, 0),
        }
    )


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
