"""Snapshot -> facts: one row per contact with everything a condition or a gate may ask about it.

Direct facts are columns named as in rules/ (`account.health_score`), derived ones have their own name, and those that
differ per type end in it (`type_approved_call`). Gates' answers are columns of truths (`consent_call`). What could not
be read is null. Called by `verdicts` and `apart`. Not here: thresholds and what follows from them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from crm_sync.evaluate.columns import direct_facts, known_facts
from crm_sync.evaluate.criteria import KNOWN, fact_column, healthy_from
from crm_sync.evaluate.gates import Gate, gates
from crm_sync.evaluate.places import blackout_without_profile
from crm_sync.evaluate.profiles import limit_is_blind
from crm_sync.evaluate.records import Records, list_sql, text_sql
from crm_sync.evaluate.state import SHOWN, Blind, opted_sql, suppressed_sql
from crm_sync.evaluate.usage import covered_types
from crm_sync.program import Program

CARRIED = ("territory", "audience", "consent_until", "earliest")


class Column(NamedTuple):
    """One column of the facts: its name, and its SQL over the rows c, a, i, s and p (see `of_contacts`)."""

    name: str
    sql: str

    @property
    def rows(self) -> frozenset[str]:
        """The rows it is told from, by alias."""
        return frozenset(_ALIAS.findall(self.sql))


_ALIAS = re.compile(r"\b([acisp])\.")


def facts_sql(columns: Iterable[Column], rows: str) -> str:
    """Give columns of the facts, over the rows they are told from (anything FROM takes)."""
    selected = ", ".join(f'{column.sql} AS "{column.name}"' for column in columns)
    return f"SELECT {selected} FROM {rows}"


def of_contacts(contacts: str) -> str:
    """Give contacts (`c`, anything FROM takes) with account (`a`), individual (`i`), own records (`s`) and profile (`p`)."""
    return f"""
        {contacts} c
        LEFT JOIN account_state a ON a.id = c.account
        LEFT JOIN individual i ON i.id = c.individual
        LEFT JOIN contact_state s ON s.contact_id = c.id
        LEFT JOIN profile p ON p.id = s.profile_id
    """


def fact_columns(records: Records, program: Program, blind: Blind) -> Iterator[Column]:
    """Give every column of the facts."""
    found = {column.name: column for column in _told(records, program, blind)}
    yield from found.values()
    for fact in known_facts(program):
        for name in dict.fromkeys(fact_column(fact, t, program) for t in program.types):
            yield Column(f"{KNOWN} {name}", _has_value(records, program, fact, found[name].sql))


def _told(records: Records, program: Program, blind: Blind) -> Iterator[Column]:
    """Give every fact and gate."""
    yield Column("contact_id", "c.id")
    yield Column("account_id", "c.account")
    yield Column("person_key", "coalesce(s.person_key, c.id)")
    yield Column("nominated", "c.nominated")
    yield from map(_direct, direct_facts(program))
    yield from _dated(records, program)
    yield from _counted(records)
    yield from _wishes(records, blind)
    yield from _standing(records, program, blind)
    for gate in gates(program):
        yield from _answers(records, program, blind, gate)
    yield from _usage(program, blind)
    yield from _carried(records, program)


def _has_value(records: Records, program: Program, fact: str, value: str) -> str:
    """Say whether a fact has a value; null where it may have one that nobody could see or no mapping translates."""
    mapping, direct, field = fact.partition(".")
    unseen = records.is_blind(mapping, field, *(("contact", "key") if mapping == "profile" else ()))
    if not direct or unseen:
        return f"CASE WHEN ({value}) IS NOT NULL THEN true END"
    row, objects = _ROWS[mapping], list_sql((mapping, program.mappings[mapping].object))
    strange = f"{row}.id IN (SELECT id FROM unmapped WHERE object IN {objects} AND field = {text_sql(field)})"
    absent = " OR a.id IS NULL" if mapping == "account" else ""
    return f"CASE WHEN {value} IS NOT NULL THEN true WHEN {strange}{absent} THEN NULL ELSE false END"


def _direct(name: str) -> Column:
    mapping, _, field = name.partition(".")
    return Column(name, f'{_ROWS[mapping]}."{field}"')


_ROWS: Mapping[str, str] = {"account": "a", "contact": "c", "profile": "p"}


def _dated(records: Records, program: Program) -> Iterator[Column]:
    """Give what a day makes older. A day of tomorrow (further east) is today; one later than that cannot be."""
    today = records.today_sql
    since = _health_since(program, today)
    yield Column("health_since", since)
    yield Column("health_sustained_days", _sustained(program, since, today))
    yield Column("nps_on", "c.nps_on")
    yield Column("nps_age_days", _age("c.nps_on", today))
    yield from (Column(day, f"a.{day}") for day in ("customer_since", "renewal_on", "outcome_on"))
    yield Column("outcome_age_days", _age("a.outcome_on", today))
    yield Column("days_to_renewal", f"a.renewal_on - {today}")
    months = (
        f"(year({today}) - year(a.customer_since)) * 12 + month({today}) - month(a.customer_since) "
        f"- CAST(day({today}) < day(a.customer_since) AS INTEGER)"
    )
    yield Column("tenure_months", months)


def _age(day: str, today: str) -> str:
    return f"CASE WHEN {day} <= {today} + 1 THEN greatest({today} - {day}, 0) END"


def _health_since(program: Program, today: str) -> str:
    """Give the day since which health has held: the health system's own, else the one kept on the profile."""
    if "healthy_since" in program.mappings["account"].fields:
        return "a.healthy_since"
    lowest = healthy_from(program)
    healthy = "a.health_score IS NOT NULL" if lowest is None else f"a.health_score >= {lowest}"
    return f"CASE WHEN {healthy} THEN coalesce(s.health_since, {today}) END"


def _sustained(program: Program, since: str, today: str) -> str:
    days = _age(f"({since})", today)
    if "healthy_since" in program.mappings["account"].fields:
        return days
    return f"CASE WHEN a.health_score IS NOT NULL THEN coalesce({days}, 0) END"


def _counted(records: Records) -> Iterator[Column]:
    """Give the counts of open cases and escalations, the account's and the person's own; null when one is not known."""
    blind = {
        "cases": records.is_blind("case", "account", "contact", "priority", "closed"),
        "escalations": records.is_blind("escalation", "account", "contact", "status"),
    }
    for kind, name in (("cases", "open_p1_p2_cases"), ("escalations", "open_escalations")):
        known = f"a.id IS NOT NULL AND a.{kind} >= 0 AND coalesce(s.{kind}, 0) >= 0"
        count = f"CASE WHEN {known} THEN a.{kind} + coalesce(s.{kind}, 0) END"
        yield Column(name, "CAST(NULL AS BIGINT)" if blind[kind] else count)


def _wishes(records: Records, blind: Blind) -> Iterator[Column]:
    """Give what any contact record of the person asked for."""
    wishes = {
        "person_opted_out": ("opted_out", opted_sql("c", "i"), ("opted_out", "email_opt_out"), ("no_solicit",)),
        "person_suppressed": ("suppressed", suppressed_sql("c", "i"), (), ("forget", "no_processing")),
    }
    for name, (kept, alone, own, linked) in wishes.items():
        hidden = records.is_blind("contact", *own) or records.is_blind("individual", "id", *linked)
        veil = " OR NULL" if blind.identity or hidden else ""
        yield Column(name, f"CASE WHEN s.is_duplicate THEN s.{kept} ELSE {alone} END{veil}")


def _standing(records: Records, program: Program, blind: Blind) -> Iterator[Column]:
    """Give what the person's profiles say."""
    hidden = records.is_blind("profile", "contact", "key") or blind.identity
    status_hidden = hidden or records.is_blind("profile", "status")
    paused_hidden = status_hidden or records.is_blind("profile", "paused")
    yield Column("paused", "CAST(NULL AS BOOLEAN)" if paused_hidden else _truth("s.paused", "0"))
    status = "CAST(NULL AS VARCHAR)" if status_hidden else "nullif(coalesce(s.status, 'none'), '?')"
    yield Column("status", status)
    versions = {t: program.templates.acknowledged_by(t, records.today) is not None for t in program.types}
    kinds = (("type_approved", "approved", "approved_types"), ("type_briefed", "briefed", "briefed_types"))
    for fact, kept, field in kinds:
        for t in program.types:
            read = (field, "briefing_version") if kept == "briefed" and versions[t] else (field,)
            unseen = records.is_blind("profile", *read)
            given = f"coalesce(s.{kept}_{t}, false)"
            given = "CASE WHEN s.profile_id IS NULL THEN false END" if unseen else given
            yield Column(f"{fact}_{t}", "CAST(NULL AS BOOLEAN)" if hidden else given)


def _truth(column: str, without_row: str) -> str:
    """Give a truth kept as 1, 0 or 2; `without_row` is the truth for somebody who has no row."""
    return (
        f"CASE CASE WHEN {column} IS NULL THEN {without_row} ELSE {column} END WHEN 1 THEN true WHEN 0 THEN false END"
    )


def _answers(records: Records, program: Program, blind: Blind, gate: Gate) -> Iterator[Column]:
    """Give a gate's columns: its truths, and the day each opens."""
    counted = "a" if gate.cap is not None and gate.cap.per == "account" else "s"
    for column in gate.distinct:
        yield Column(column, _answer(records, program, blind, gate, column))
        if gate.dated:
            yield Column(f"free_{column}", f"{counted}.free_{column}")


def _answer(records: Records, program: Program, blind: Blind, gate: Gate, column: str) -> str:
    unknown = "CAST(NULL AS BOOLEAN)"
    if gate.kind == "uncapped":
        return "false"
    if gate.kind == "consent":
        return unknown if blind.consent or blind.identity else _truth(f"s.{column}", "0")
    if gate.kind == "blackout":
        alone = blackout_without_profile(records, program, "a.region")
        return unknown if blind.identity else _truth("s.blackout", alone)
    if blind.usage or blind.identity:
        return unknown
    if gate.cap is None:
        return _truth(f"s.{column}", "1")
    if limit_is_blind(records, gate.cap):
        return unknown
    adds = int(column.rpartition("_")[2])
    fits = "1" if adds <= gate.cap.most(None) else "0"
    answer = _truth(f"{'a' if gate.cap.per == 'account' else 's'}.{column}", fits)
    return f"CASE WHEN a.id IS NOT NULL THEN {answer} END" if gate.cap.needs_account else answer


def _usage(program: Program, blind: Blind) -> Iterator[Column]:
    """Give the usage that profiles show and what is left of every cap."""
    yield from (Column(name, f"coalesce(s.{name}, 0)") for name in SHOWN)
    for cap in program.tolerance.caps:
        row, limit = "a" if cap.per == "account" else "s", float(cap.limit)
        left = f"coalesce({row}.left_{cap.id}, {limit})" if covered_types(cap, program) else f"{limit}"
        left = f"CASE WHEN a.id IS NOT NULL THEN {left} END" if cap.needs_account else left
        unknown = blind.cap(cap) or blind.identity
        yield Column(f"left_{cap.id}", "CAST(NULL AS DOUBLE)" if unknown else left)
    yield Column("next_check_in_on", f"s.spoken_on + {program.cadence.check_in_days}")


def _carried(records: Records, program: Program) -> Iterator[Column]:
    """Give what matching reads about an ask that is allowed."""
    yield Column("profile_id", "s.profile_id")
    hidden = records.is_blind("profile", "contact", "key", "notice_days")
    for t in program.types:
        usual = program.lead_time.notice_days(t, first_ask=True)
        notice = "CAST(NULL AS INTEGER)" if hidden else f"coalesce(s.notice_{t}, {usual})"
        yield Column(f"notice_{t}", notice)
        yield from (Column(f"{name}_{t}", f"s.{name}_{t}") for name in CARRIED)
