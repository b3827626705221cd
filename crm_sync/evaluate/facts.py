"""Snapshot -> facts: one row per contact with everything a condition or a gate may ask about it.

Direct facts are columns named as in rules/ (`account.health_score`), derived ones have their own name, and those that
differ per type end in it (`type_approved_call`). Gates' answers are columns of truths (`consent_call`). What could not
be read is null. Called by `verdicts` and `reasons`. Not here: thresholds and what follows from them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

from crm_sync.evaluate.columns import direct_facts
from crm_sync.evaluate.criteria import healthy_from
from crm_sync.evaluate.gates import Gate, gates
from crm_sync.evaluate.places import blackout_without_profile
from crm_sync.evaluate.profiles import limit_is_blind
from crm_sync.evaluate.records import Records
from crm_sync.evaluate.state import SHOWN, Blind, create_state, opted_sql, suppressed_sql
from crm_sync.evaluate.usage import SCALE
from crm_sync.program import Program

FACTS = "facts"
CARRIED = ("territory", "audience", "consent_until", "earliest")
Layer = Literal["account", "state", "contact"]


class Column(NamedTuple):
    """One column of the facts: its name, its SQL over the rows a, s, c, i and p, and whose row it can be told from.

    A column of layer `account` or `state` needs that row alone, so it is computed once per account or notable contact
    and not for every contact.
    """

    name: str
    sql: str
    layer: Layer


def create_facts(records: Records, program: Program) -> tuple[Blind, tuple[Column, ...]]:
    """Create the view `facts` over everything it is computed from, and give its columns."""
    blind = create_state(records, program)
    columns = tuple(_columns(records, program, blind))
    selected = ", ".join(f'{column.sql} AS "{column.name}"' for column in columns)
    records.connection.execute(
        f"""
        CREATE TEMP VIEW {FACTS} AS SELECT {selected}
        FROM contact c
        LEFT JOIN account_state a ON a.id = c.account
        LEFT JOIN individual i ON i.id = c.individual
        LEFT JOIN contact_state s ON s.contact_id = c.id
        LEFT JOIN profile p ON p.id = s.profile_id
        """
    )
    return blind, columns


def _columns(records: Records, program: Program, blind: Blind) -> Iterator[Column]:
    """Give every column of the facts."""
    yield Column("contact_id", "c.id", "contact")
    yield Column("account_id", "c.account", "contact")
    yield Column("person_key", "coalesce(s.person_key, c.id)", "contact")
    yield Column("nominated", "c.nominated", "contact")
    yield from map(_direct, direct_facts(program))
    yield from _dated(records, program)
    yield from _counted(records)
    yield from _wishes(records, blind)
    yield from _standing(records, program, blind)
    for gate in gates(program):
        yield from _answers(records, program, blind, gate)
    yield from _usage(program, blind)
    yield from _carried(records, program)


def _direct(name: str) -> Column:
    mapping, _, field = name.partition(".")
    alias, layer = _ROWS[mapping]
    return Column(name, f'{alias}."{field}"', layer)


_ROWS: Mapping[str, tuple[str, Layer]] = {
    "account": ("a", "account"),
    "contact": ("c", "contact"),
    "profile": ("p", "state"),
}


def _dated(records: Records, program: Program) -> Iterator[Column]:
    """Give what a day makes older. A day of tomorrow (further east) is today; one later than that cannot be."""
    today = records.today_sql
    since, layer = _health_since(program, today)
    yield Column("health_since", since, layer)
    yield Column("health_sustained_days", _sustained(program, since, today), layer)
    yield Column("nps_on", "c.nps_on", "contact")
    yield Column("nps_age_days", _age("c.nps_on", today), "contact")
    yield from (Column(day, f"a.{day}", "account") for day in ("customer_since", "renewal_on", "outcome_on"))
    yield Column("outcome_age_days", _age("a.outcome_on", today), "account")
    yield Column("days_to_renewal", f"a.renewal_on - {today}", "account")
    months = (
        f"(year({today}) - year(a.customer_since)) * 12 + month({today}) - month(a.customer_since) "
        f"- CAST(day({today}) < day(a.customer_since) AS INTEGER)"
    )
    yield Column("tenure_months", months, "account")


def _age(day: str, today: str) -> str:
    return f"CASE WHEN {day} <= {today} + 1 THEN greatest({today} - {day}, 0) END"


def _health_since(program: Program, today: str) -> tuple[str, Layer]:
    """Give the day since which health has held: the health system's own, else the one kept on the profile."""
    if "healthy_since" in program.mappings["account"].fields:
        return "a.healthy_since", "account"
    lowest = healthy_from(program)
    healthy = "a.health_score IS NOT NULL" if lowest is None else f"a.health_score >= {lowest}"
    return f"CASE WHEN {healthy} THEN coalesce(s.health_since, {today}) END", "contact"


def _sustained(program: Program, since: str, today: str) -> str:
    days = f"{today} - ({since})"
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
        yield Column(name, "CAST(NULL AS BIGINT)" if blind[kind] else count, "contact")


def _wishes(records: Records, blind: Blind) -> Iterator[Column]:
    """Give what any contact record of the person asked for."""
    wishes = {
        "person_opted_out": ("opted_out", opted_sql("c", "i"), ("opted_out", "email_opt_out"), ("no_solicit",)),
        "person_suppressed": ("suppressed", suppressed_sql("c", "i"), (), ("forget", "no_processing")),
    }
    for name, (kept, alone, own, linked) in wishes.items():
        hidden = records.is_blind("contact", *own) or records.is_blind("individual", "id", *linked)
        veil = " OR NULL" if blind.identity or hidden else ""
        yield Column(name, f"CASE WHEN s.is_duplicate THEN s.{kept} ELSE {alone} END{veil}", "contact")


def _standing(records: Records, program: Program, blind: Blind) -> Iterator[Column]:
    """Give what the person's profiles say."""
    hidden = records.is_blind("profile", "contact", "key") or blind.identity
    status_hidden = hidden or records.is_blind("profile", "status")
    paused_hidden = status_hidden or records.is_blind("profile", "paused")
    yield Column("paused", "CAST(NULL AS BOOLEAN)" if paused_hidden else _truth("s.paused", "0"), "state")
    status = "CAST(NULL AS VARCHAR)" if status_hidden else "nullif(coalesce(s.status, 'none'), '?')"
    yield Column("status", status, "state")
    kinds = (("type_approved", "approved", "approved_types"), ("type_briefed", "briefed", "briefed_types"))
    for fact, kept, field in kinds:
        unseen = records.is_blind("profile", field)
        for t in program.types:
            given = f"coalesce(s.{kept}_{t}, false)"
            given = "CASE WHEN s.profile_id IS NULL THEN false END" if unseen else given
            yield Column(f"{fact}_{t}", "CAST(NULL AS BOOLEAN)" if hidden else given, "state")


def _truth(column: str, without_row: str) -> str:
    """Give a truth kept as 1, 0 or 2; `without_row` is the truth for somebody who has no row."""
    return (
        f"CASE CASE WHEN {column} IS NULL THEN {without_row} ELSE {column} END WHEN 1 THEN true WHEN 0 THEN false END"
    )


def _answers(records: Records, program: Program, blind: Blind, gate: Gate) -> Iterator[Column]:
    """Give a gate's columns: its truths, and the day each opens."""
    of_account = gate.cap is not None and gate.cap.per == "account"
    layer: Layer = "contact" if gate.kind == "blackout" else "account" if of_account else "state"
    for column in gate.distinct:
        yield Column(column, _answer(records, program, blind, gate, column), layer)
        if gate.dated:
            yield Column(
                f"free_{column}", f"{'a' if of_account else 's'}.free_{column}", "account" if of_account else "state"
            )


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
    fits = "1" if adds <= round(SCALE * gate.cap.limit) else "0"
    if gate.cap.per == "account":
        return f"CASE WHEN a.id IS NOT NULL THEN {_truth(f'a.{column}', fits)} END"
    return _truth(f"s.{column}", fits)


def _usage(program: Program, blind: Blind) -> Iterator[Column]:
    """Give the usage that profiles show and what is left of every cap."""
    yield from (Column(name, f"coalesce(s.{name}, 0)", "state") for name in SHOWN)
    for cap in program.tolerance.caps:
        layer: Layer = "account" if cap.per == "account" else "state"
        left = f"coalesce({layer[0]}.left_{cap.id}, {float(cap.limit)})"
        left = f"CASE WHEN a.id IS NOT NULL THEN {left} END" if layer == "account" else left
        unknown = blind.cap(cap) or blind.identity
        yield Column(f"left_{cap.id}", "CAST(NULL AS DOUBLE)" if unknown else left, layer)
    yield Column("next_check_in_on", f"s.spoken_on + {program.cadence.check_in_days}", "state")


def _carried(records: Records, program: Program) -> Iterator[Column]:
    """Give what matching reads about an ask that is allowed."""
    yield Column("profile_id", "s.profile_id", "state")
    hidden = records.is_blind("profile", "contact", "key", "notice_days")
    for t in program.types:
        usual = program.lead_time.notice_days(t, first_ask=True)
        notice = "CAST(NULL AS INTEGER)" if hidden else f"coalesce(s.notice_{t}, {usual})"
        yield Column(f"notice_{t}", notice, "state")
        yield from (Column(f"{name}_{t}", f"s.{name}_{t}", "state") for name in CARRIED)
