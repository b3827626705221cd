"""Profiles -> what a person's profiles say together: the most restrictive of them where they restrict.

A pause, a decline, a retirement, a blackout, a notice or an own limit on any profile of the person holds for every
contact record of that person; an approval or a briefing holds only for the contact whose profile has it.
Called by `state`. Not here: consent and usage.
"""

from __future__ import annotations

from crm_sync.evaluate.records import Records, any_true, text_sql
from crm_sync.program import Program
from crm_sync.program.rules import Cap

SPREADING = ("declined", "retired")
"""Statuses that hold for the person, strongest first; any other is the contact's own."""
MOST_RESTRICTIVE_FIRST = (*SPREADING, "paused", "candidate", "invited", "active")


def own_limit_field(cap: Cap) -> str | None:
    """Name the profile field that may lower a cap per person."""
    mapping, _, field = (cap.own_limit or "").partition(".")
    return field if mapping == "profile" and cap.per == "person" else None


def limit_is_blind(records: Records, cap: Cap) -> bool:
    """Whether an own limit could hide: its column could not be read, or is not one that this cap can have."""
    if cap.own_limit is None:
        return False
    mapping, _, field = cap.own_limit.partition(".")
    fits = mapping == {"person": "profile", "account": "account"}[cap.per]
    return not fits or records.is_blind(mapping, field)


def create_profiles(records: Records, program: Program) -> None:
    """Create `own_profile` (per contact) and `person_profile` (per person)."""
    records.view("profile_of", "SELECT *, coalesce(contact, key) AS contact_id FROM profile")
    records.create("own_profile", _own(program))
    records.create("person_profile", _persons(program))


def _own(program: Program) -> str:
    """Give the contact's own profile; of several, what all of them allow."""
    rank = " ".join(f"WHEN {text_sql(status)} THEN {index}" for index, status in enumerate(MOST_RESTRICTIVE_FIRST))
    allowed = [
        f"bool_and(coalesce(list_contains({field}, {text_sql(t)}), false)) AS {name}_{t}"
        for name, field in (("approved", "approved_types"), ("briefed", "briefed_types"))
        for t in program.types
    ]
    return f"""
        SELECT contact_id, min(id) AS profile_id, arg_min(time_zone, id) AS time_zone, max(briefed_on) AS briefed_on,
               arg_min(health_since, id) AS health_since,
               CASE WHEN bool_or(status IS NULL) THEN NULL
                    ELSE arg_min(status, CASE status {rank} ELSE 2 END) END AS status,
               {", ".join(allowed)}
        FROM profile_of GROUP BY contact_id
    """


def _persons(program: Program) -> str:
    fields = [field for field in map(own_limit_field, program.tolerance.caps) if field]
    limits = "".join(f", min({field}) AS {field}" for field in dict.fromkeys(fields))
    spreading = " ".join(f"WHEN bool_or(status = '{status}') THEN '{status}'" for status in SPREADING)
    return f"""
        SELECT person_key, {any_true("paused OR status = 'paused'")} AS paused,
               CASE {spreading} END AS spread_status, bool_or(status IS NULL) AS some_status_unknown,
               list(DISTINCT blackouts) FILTER (WHERE blackouts IS NOT NULL) AS blackouts,
               max(notice_days) AS notice_days{limits}
        FROM profile_of JOIN notable USING (contact_id) GROUP BY person_key
    """
