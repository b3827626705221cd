"""Which columns of which tables a decision reads, and their types.

Used by `records`. What conditions, own limits and consent requirements name in rules/ is added to the fixed list.
Not here: values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from crm_sync.model.org_days import DAYS
from crm_sync.program import Program
from crm_sync.program.conditions import Condition, tests

TEXT, NUMBER, CHECKBOX, DATE, TIME, TEXTS = "VARCHAR", "DOUBLE", "BOOLEAN", "DATE", "TIMESTAMP", "VARCHAR[]"

FIXED: Mapping[str, Mapping[str, str]] = {
    "account": {
        "id": TEXT,
        "region": TEXT,
        "country": TEXT,
        "health_score": NUMBER,
        "healthy_since": DATE,
        "customer_since": DATE,
        "renewal_on": DATE,
        "outcome_on": DATE,
    },
    "contact": {
        "id": TEXT,
        "account": TEXT,
        "country": TEXT,
        "email_key": TEXT,
        "individual": TEXT,
        "master_record": TEXT,
        "opted_out": CHECKBOX,
        "email_opt_out": CHECKBOX,
        "nominated": CHECKBOX,
        "nps_on": DATE,
    },
    "individual": {"id": TEXT, "forget": CHECKBOX, "no_processing": CHECKBOX, "no_solicit": CHECKBOX},
    "profile": {
        "id": TEXT,
        "contact": TEXT,
        "key": TEXT,
        "status": TEXT,
        "approved_types": TEXTS,
        "briefed_types": TEXTS,
        "briefed_on": DATE,
        "briefing_version": TEXT,
        "time_zone": TEXT,
        "blackouts": TEXT,
        "notice_days": NUMBER,
        "paused": CHECKBOX,
        "health_since": DATE,
    },
    "consent": {
        "id": TEXT,
        "contact": TEXT,
        "use": TEXT,
        "status": TEXT,
        "territory": TEXTS,
        "audience": TEXT,
        "valid_from": DATE,
        "valid_to": DATE,
        "withdrawn_on": DATE,
        "legal_restriction": CHECKBOX,
    },
    "request": {"id": TEXT, "type": TEXT},
    "match": {
        "id": TEXT,
        "request": TEXT,
        "profile": TEXT,
        "state": TEXT,
        "reserved_until": DATE,
        "asked_on": DATE,
        "customer_response": TEXT,
        "responded_on": DATE,
        "completed_on": DATE,
    },
    "activity": {
        "id": TEXT,
        "contact": TEXT,
        "match": TEXT,
        "request": TEXT,
        "type": TEXT,
        "status": TEXT,
        "asked_on": DATE,
        "responded_on": DATE,
        "scheduled_on": DATE,
        "completed_on": DATE,
        "thanked_on": DATE,
    },
    "case": {"id": TEXT, "account": TEXT, "contact": TEXT, "priority": TEXT, "closed": CHECKBOX},
    "escalation": {"id": TEXT, "account": TEXT, "contact": TEXT, "status": TEXT},
    "holiday": {
        "id": TEXT,
        "on": DATE,
        "recurring": CHECKBOX,
        "recurrence": TEXT,
        "recurs_from": DATE,
        "recurs_until": DATE,
        "recurs_every": NUMBER,
        "recurs_day": NUMBER,
        "recurs_mask": NUMBER,
        "recurs_nth": NUMBER,
        "recurs_month": NUMBER,
    },
    "business_hours": {
        "id": TEXT,
        "active": CHECKBOX,
        "default": CHECKBOX,
        **{f"{day}_{end}": TEXT for day in DAYS for end in ("start", "end")},
    },
    "task": {"id": TEXT, "key": TEXT, "who": TEXT, "closed": CHECKBOX, "due_on": DATE},
    "event": {"id": TEXT, "who": TEXT, "starts_at": TIME},
}

_SQL_TYPES = {
    "number": NUMBER,
    "checkbox": CHECKBOX,
    "date": DATE,
    "datetime": TIME,
    "multipicklist": TEXTS,
}


def wanted_columns(program: Program) -> Mapping[str, Mapping[str, str]]:
    """Give every table's columns with their SQL types: the fixed ones and those that rules/ names."""
    wanted = {mapping: dict(columns) for mapping, columns in FIXED.items()}
    for mapping, field in _named(program):
        wanted.setdefault(mapping, {}).setdefault(field, column_type(program, mapping, field))
    return wanted


def column_type(program: Program, mapping: str, field: str) -> str:
    """Give the SQL type of a mapped field; of one that is not mapped, text (it is null anyway)."""
    known = FIXED.get(mapping, {}).get(field)
    mapped = program.mappings[mapping].fields.get(field) if mapping in program.mappings else None
    return known or (_SQL_TYPES.get(mapped.type, TEXT) if mapped else TEXT)


def direct_facts(program: Program) -> tuple[str, ...]:
    """Name the mapped fields (`account.health_score`) that conditions ask for, sorted."""
    return tuple(sorted({name for name in _facts_asked(program) if "." in name}))


def known_facts(program: Program) -> tuple[str, ...]:
    """Name the facts of which conditions ask whether they have a value, sorted."""
    every = (test for condition in conditions(program) for _, test in tests(condition))
    return tuple(sorted({test.fact for test in every if test.operator == "known"}))


def conditions(program: Program) -> Iterator[Condition]:
    """Give every condition of the program."""
    yield from (criterion.when for criterion in program.qualification.criteria)
    yield program.qualification.candidates.potential


def _facts_asked(program: Program) -> Iterator[str]:
    for condition in conditions(program):
        yield from (test.fact for _, test in tests(condition))


def _named(program: Program) -> Iterator[tuple[str, str]]:
    own_limits = [name for cap in program.tolerance.caps for name in cap.own_limits]
    for name in (*direct_facts(program), *own_limits):
        mapping, _, field = name.partition(".")
        yield mapping, field
    yield from (("consent", field) for field in program.consent.requires)
