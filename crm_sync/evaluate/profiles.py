"""Profiles -> what a person's profiles say together: the most restrictive of them where they restrict.

A pause, a decline, a retirement, a blackout, a notice or an own limit on any profile of the person holds for every
contact record of that person; an approval or a briefing holds only for the contact whose profile has it, and a briefing only
while no later version has asked for a new acknowledgement.
Called by `state`. Not here: consent and usage.
"""

from __future__ import annotations

from crm_sync.evaluate.records import Records, any_true, text_sql
from crm_sync.program import Program
from crm_sync.program.rules import KEPT_IN, Cap
from crm_sync.program.templates import APART

SPREADING = ("declined", "retired")
"""Statuses that hold for the person, strongest first; any other is the contact's own."""
MOST_RESTRICTIVE_FIRST = (*SPREADING, "paused", "candidate", "invited", "active")


def limit_is_blind(records: Records, cap: Cap) -> bool:
    """Whether an own limit could hide: its column could not be read, or is not one that this cap can have."""
    named = (name.split(".", 1) for name in cap.own_limits)
    return any(mapping not in KEPT_IN[cap.per] or records.is_blind(mapping, field) for mapping, field in named)


def create_profiles(records: Records, program: Program) -> None:
    """Create `own_profile` (per contact) and `person_profile` (per person)."""
    records.view("profile_of", "SELECT *, coalesce(contact, key) AS contact_id FROM profile")
    records.create("own_profile", _own(records, program))
    records.create("person_profile", _persons(program))


def _own(records: Records, program: Program) -> str:
    """Give the contact's own profile; of several, what all of them allow."""
    rank = " ".join(f"WHEN {text_sql(status)} THEN {index}" for index, status in enumerate(MOST_RESTRICTIVE_FIRST))
    given = {f"approved_{t}": _lists("approved_types", t) for t in program.types}
    given |= {
        f"briefed_{t}": f"{_lists('briefed_types', t)}{_acknowledged(records, program, t)}" for t in program.types
    }
    allowed = [f"bool_and(coalesce({truth}, false)) AS {name}" for name, truth in given.items()]
    return f"""
        SELECT contact_id, min(id) AS profile_id, arg_min(time_zone, id) AS time_zone, max(briefed_on) AS briefed_on,
               arg_min(health_since, id) AS health_since,
               CASE WHEN bool_or(status IS NULL) THEN NULL
                    ELSE arg_min(status, CASE status {rank} ELSE 2 END) END AS status,
               {", ".join(allowed)}
        FROM profile_of GROUP BY contact_id
    """


def _lists(field: str, reference_type: str) -> str:
    return f"list_contains({field}, {text_sql(reference_type)})"


def _acknowledged(records: Records, program: Program, reference_type: str) -> str:
    """Demand one of the briefings whose acknowledgement still counts, if any version ever asked for a new one."""
    counting = program.templates.acknowledged_by(reference_type, records.today)
    if counting is None:
        return ""
    named = f"string_split_regex(lower(briefing_version), {text_sql(APART)})"
    wanted = ", ".join(map(text_sql, sorted(counting)))
    return f" AND list_has_any({named}, CAST([{wanted}] AS VARCHAR[]))"


def _persons(program: Program) -> str:
    fields = [field for cap in program.tolerance.caps for field in cap.own_fields("profile")]
    limits = "".join(f", min({field}) AS {field}" for field in dict.fromkeys(fields))
    spreading = " ".join(f"WHEN bool_or(status = '{status}') THEN '{status}'" for status in SPREADING)
    return f"""
        SELECT person_key, {any_true("paused OR status = 'paused'")} AS paused,
               CASE {spreading} END AS spread_status, bool_or(status IS NULL) AS some_status_unknown,
               list(DISTINCT blackouts) FILTER (WHERE blackouts IS NOT NULL) AS blackouts,
               max(notice_days) AS notice_days{limits}
        FROM profile_of JOIN notable USING (contact_id) GROUP BY person_key
    """
