"""How fast is everybody judged? Ours over columns, beside row objects in pydantic and beside hand-written SQL, in one run.

Run `python -m bench.decide [contacts]` (default 1,000,000).

Goal: 1,000,000 contacts in under 2 s and 1 GB on 2 cores, and 300 times the row objects. What is timed is all of it:
from the tables of a snapshot (a contact : 0.2 accounts : 0.05 profiles, 0.1 consents and 0.05 uses) to the verdicts of
everybody for every type, with persons, consents, caps, cooldowns, blackouts and lead times. The memory is that of the
whole process with the tables in it, read before the peers start.

- row objects judge a sample by the same rules/qualification.yaml, their facts handed over ready; that favours them.
- hand-written SQL answers the criteria alone, over facts handed over ready in the same engine; ours does the same beside
  it. That is the price of writing a condition once, in YAML (goal: within 1.3 times).

The answers have to be equal, and at full size the goals of time and memory met, or the run fails (exit 1); smaller sizes
hold no goal. Medians of interleaved rounds. Measured on 28 November 2026 on two quiet cores of an AMD EPYC: 1.78 s, 890 MB.
"""

from __future__ import annotations

import operator
import resource
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import BaseModel, ConfigDict

from crm_sync.evaluate import assess, evaluate
from crm_sync.evaluate.criteria import fact_column
from crm_sync.evaluate.facts import facts_sql, of_contacts
from crm_sync.model.snapshot import Snapshot
from crm_sync.model.verdicts import Verdicts
from crm_sync.program import Program, load_program
from crm_sync.program.conditions import All, Any_, Not_

ROOT = Path(__file__).resolve().parent.parent
AS_OF = datetime(2026, 11, 22, 12, tzinfo=UTC)
SAMPLE, READY = 5_000, 200_000
ROUNDS = 3
FULL, SECONDS, MEGABYTES = 1_000_000, 2.0, 1024.0
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
UNMAPPED = pa.schema([(name, pa.string()) for name in ("object", "id", "field", "value")])
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
    return Snapshot(AS_OF, "00D000000000000EAA", tables, frozenset(), UNMAPPED.empty_table())


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
            "health_trend": _pick(
                random, size, ["rising", "steady", "falling", None], pa.string(), [0.3, 0.5, 0.15, 0.05]
            ),
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
            "blackouts": _pick(
                random, size, [None, "Fri", "2026-12-20..2027-01-05 holidays"], pa.string(), [0.9, 0.05, 0.05]
            ),
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


class Row(BaseModel):
    """One contact with the facts its criteria ask for, as a row object."""

    model_config = ConfigDict(frozen=True)
    contact_id: str
    facts: dict[str, Any]


class Outcome(BaseModel):
    """One criterion's answer for one row and type."""

    rule_id: str
    reference_type: str
    truth: bool | None


def truth(condition: Any, facts: Mapping[str, Any], reference_type: str, rules: Program) -> bool | None:
    """Answer one condition for one row, in three-valued logic."""
    match condition:
        case All():
            parts = [truth(part, facts, reference_type, rules) for part in condition.all]
            return False if False in parts else None if None in parts else True
        case Any_():
            parts = [truth(part, facts, reference_type, rules) for part in condition.any]
            return True if True in parts else None if None in parts else False
        case Not_():
            inner = truth(condition.not_, facts, reference_type, rules)
            return None if inner is None else not inner
    value = facts[fact_column(condition.fact, reference_type, rules)]
    wanted = condition.threshold_for(reference_type)
    if condition.operator == "known":
        return (value is not None) is wanted
    return None if value is None else COMPARE[condition.operator](value, wanted)


COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "is": operator.eq,
    "is_not": operator.ne,
    "at_least": operator.ge,
    "at_most": operator.le,
    "above": operator.gt,
    "below": operator.lt,
    "one_of": lambda value, wanted: value in wanted,
    "none_of": lambda value, wanted: value not in wanted,
    "has_any": lambda value, wanted: any(one in value for one in wanted),
    "has_all": lambda value, wanted: all(one in value for one in wanted),
}


def by_rows(given: list[dict[str, Any]], rules: Program) -> list[list[Outcome]]:
    """Judge each row for each type, as plain row objects would. The facts are handed over ready: that favours the peer."""
    judged = []
    for one in given:
        row = Row(contact_id=one["contact_id"], facts=one)
        judged.append(
            [
                Outcome(rule_id=c.id, reference_type=t, truth=truth(c.when, row.facts, t, rules))
                for t in rules.types
                for c in rules.qualification.criteria
                if c.applies_to(t)
            ]
        )
    return judged


def same(judged: list[list[Outcome]], given: list[dict[str, Any]], verdicts: Verdicts, rules: Program) -> bool:
    """Whether both gave the same answers to the hard criteria of rules/qualification."""
    bits = {ref.id: 1 << bit for bit, ref in enumerate(verdicts.rules)}
    hard = {c.id for c in rules.qualification.criteria if c.weight == "hard"}
    contacts = pa.array([one["contact_id"] for one in given], pa.string())
    few = verdicts.table.filter(pc.is_in(verdicts.table["contact_id"], contacts)).to_pylist()
    rows = {row["contact_id"]: row for row in few}
    return all(
        (
            bool(row[f"failed_{o.reference_type}"] & bits[o.rule_id]),
            bool(row[f"unknown_{o.reference_type}"] & bits[o.rule_id]),
        )
        == (o.truth is False, o.truth is None)
        for one, outcomes in zip(given, judged, strict=True)
        for row in (rows[one["contact_id"]],)
        for o in outcomes
        if o.rule_id in hard
    )


def sql_of(condition: Any, reference_type: str, rules: Program) -> str:
    """Write one condition as somebody would by hand, in SQL."""
    match condition:
        case All():
            return " AND ".join(f"({sql_of(part, reference_type, rules)})" for part in condition.all)
        case Any_():
            return " OR ".join(f"({sql_of(part, reference_type, rules)})" for part in condition.any)
        case Not_():
            return f"NOT ({sql_of(condition.not_, reference_type, rules)})"
    column, wanted = f'"{fact_column(condition.fact, reference_type, rules)}"', condition.threshold_for(reference_type)
    if condition.operator == "known":
        return f"{column} IS {'NOT ' if wanted else ''}NULL"
    return f"{column} {SQL[condition.operator]} {literal(wanted)}"


SQL = {
    "is": "=",
    "is_not": "<>",
    "at_least": ">=",
    "at_most": "<=",
    "above": ">",
    "below": "<",
    "one_of": "IN",
    "none_of": "NOT IN",
}


def literal(value: Any) -> str:
    if isinstance(value, tuple):
        return f"({', '.join(map(literal, value))})"
    return f"'{value}'" if isinstance(value, str) else str(value)


class Ready:
    """Facts handed over ready in DuckDB, and the masks of the criteria over them: by hand, and as evaluate makes them."""

    def __init__(self, rules: Program) -> None:
        self.judged = assess(synthetic(READY, rules), rules).judged
        self.judged.records.create("ready", facts_sql(self.judged.columns.values(), of_contacts("contact")))
        self.asked = [one for one in self.judged.asked if one.rule.criterion]
        self.masks = [f"{kind}_{t}" for t in rules.types for kind in ("false", "null")]

    def _computed(self, query: str, columns: Mapping[str, str]) -> pa.Table:
        return self.judged.records.arrow(
            f"SELECT {', '.join(f'{columns[n]} AS {n}' for n in self.masks)} FROM ({query})"
        )

    def ours(self) -> pa.Table:
        found = self.judged.answered("ready", self.asked, ["contact_id"], potential=False)
        return self._computed(found.query, found.sql)

    def by_hand(self) -> pa.Table:
        answers, sums = {}, {name: ["CAST(0 AS BIGINT)"] for name in self.masks}
        for one in self.asked:
            t = one.reference_type
            answers[one.key] = sql_of(one.rule.criterion.when, t, self.judged.program)
            sums[f"false_{t}"].append(f'CASE WHEN NOT "{one.key}" THEN {one.value} ELSE 0 END')
            sums[f"null_{t}"].append(f'CASE WHEN "{one.key}" IS NULL THEN {one.value} ELSE 0 END')
        answered = ", ".join(f'{sql} AS "{key}"' for key, sql in answers.items())
        return self._computed(
            f"SELECT {answered} FROM ready", {name: " + ".join(parts) for name, parts in sums.items()}
        )


def timed(times: list[float], work: Callable[[], Any]) -> Any:
    start = time.perf_counter()
    found = work()
    times.append(time.perf_counter() - start)
    return found


def wrong(contacts: int, seconds: float, megabytes: float, *, equal: bool) -> Iterator[str]:
    """Say in sentences what was not as it has to be; the goals hold at full size alone."""
    if not equal:
        yield "The answers differ: columns, row objects and hand-written SQL have to say the same."
    if contacts >= FULL and seconds >= SECONDS:
        yield f"The goal of time is missed: {contacts:,} contacts took {seconds:.2f} s; the goal is under {SECONDS:g} s on 2 quiet cores."
    if contacts >= FULL and megabytes >= MEGABYTES:
        yield f"The goal of memory is missed: {megabytes:,.0f} MB at the peak; the goal is under {MEGABYTES:,.0f} MB."


def main(contacts: int) -> None:
    rules = program()
    snapshot = synthetic(contacts, rules)
    cpu = time.process_time()
    evaluate(snapshot, rules)
    cpu, peak = time.process_time() - cpu, peak_mb()
    small, ready = assess(synthetic(SAMPLE, rules), rules), Ready(rules)
    given, verdicts = small.facts().to_pylist(), small.verdicts()
    ours, rows, masks, by_hand, equal = [], [], [], [], True
    for _ in range(ROUNDS):
        timed(ours, lambda: evaluate(snapshot, rules))
        equal &= same(timed(rows, lambda: by_rows(given, rules)), given, verdicts, rules)
        equal &= timed(masks, ready.ours) == timed(by_hand, ready.by_hand)
    fast, slow = contacts / median(ours), SAMPLE / median(rows)
    print(
        f"{contacts:,} contacts x {len(verdicts.rules)} criteria x {len(rules.types)} types, medians of {ROUNDS} rounds"
    )
    print(
        f"columns           {fast:>12,.0f} contacts/s   {median(ours):.2f} s (first time {cpu:.2f} s of CPU); goal: 2 s"
    )
    print(f"peak memory       {peak:>12,.0f} MB           tables and process included; goal: 1,024 MB")
    print(f"row objects       {slow:>12,.0f} contacts/s   on {SAMPLE:,} contacts, facts handed over ready")
    print(f"  ratio           {fast / slow:>12,.0f} x            goal: 300")
    print(
        f"criteria alone    {READY / median(masks):>12,.0f} contacts/s   on {READY:,} contacts, facts handed over ready"
    )
    print(f"hand-written SQL  {READY / median(by_hand):>12,.0f} contacts/s   the same")
    print(f"  ratio           {median(masks) / median(by_hand):>12.2f} x the time   goal: 1.3")
    print(f"same answers      {'yes' if equal else 'NO':>12}")
    problems = list(wrong(contacts, median(ours), peak, equal=equal))
    print("\n".join(problems), file=sys.stderr, end="\n" if problems else "")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else FULL)
