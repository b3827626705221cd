"""Activities and matches -> what was asked of whom, and what is left of every cap.

Counted from dated records only, never from a stored counter. A use counts on the day it happened; an open ask
reserves. Every count has two ends: `high` counts what may have happened (no date, no status, no type), `low` what
certainly did. A cap passes when high plus this ask fits, fails when low plus this ask does not, and is unknown between.
A record exactly `window_days` old no longer counts, and a cooldown of n days ends on the nth day.

Called by `state`. Not here: rest for the same audience or requester (matching).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from crm_sync.evaluate.records import Records, list_sql, text_sql
from crm_sync.model.asks import GONE
from crm_sync.program import Program
from crm_sync.program.rules import SCALE, Cap, Cooldown, Tolerance

ACTIVITY_COLUMNS = ("contact", "type", "status", "completed_on", "scheduled_on", "responded_on", "match", "request")
MATCH_COLUMNS = (
    "profile",
    "request",
    "state",
    "reserved_until",
    "asked_on",
    "customer_response",
    "responded_on",
    "completed_on",
)


def usage_is_blind(records: Records) -> bool:
    """Whether some use could hide behind a column nobody could read."""
    return (
        records.is_blind("activity", *ACTIVITY_COLUMNS)
        or records.is_blind("match", *MATCH_COLUMNS)
        or records.is_blind("request", "type")
        or records.is_blind("profile", "contact", "key")
    )


def uses_of_nobody(records: Records, tolerance: Tolerance) -> tuple[tuple[str, str], ...]:
    """Give the activities and matches (table, id) that may count and name nobody: whose limits they touch is not known."""
    harmless = list_sql(s for s, counts in tolerance.counts_when.items() if counts == "nothing" and s != "declined")
    nobody = f"""
        SELECT 'activity' AS name, id FROM activity WHERE contact IS NULL AND (status IN {harmless}) IS NOT TRUE
        UNION ALL SELECT 'match', m.id FROM match m LEFT JOIN profile p ON p.id = m.profile
        WHERE {_PERSON} IS NULL AND {_counts(records)} ORDER BY name, id
    """
    return tuple((row["name"], row["id"]) for row in records.rows(nobody))


def create_ask(records: Records, program: Program) -> None:
    """Create `ask`: one row per use, reservation or decline, with its person, type, day, and whether it is certain."""
    known = f"CASE WHEN type IN {list_sql(program.types)} THEN type END AS type"
    records.create(
        "ask",
        f"""
        SELECT e.* REPLACE ({known}), n.person_key, n.account_id
        FROM ({_of_activities(program.tolerance)} UNION ALL {_of_matches(records)}) e JOIN notable n USING (contact_id)
        """,
    )


def _of_activities(tolerance: Tolerance) -> str:
    """Read activities by rules/tolerance `counts_when`; one without a known status may be anything."""
    counted = {
        kind: list_sql(status for status, counts in tolerance.counts_when.items() if counts == kind)
        for kind in ("used", "reserved", "nothing")
    }
    columns = (
        "contact AS contact_id, type, 'activity' AS source, id AS record_id, request AS request_id, "
        "match AS match_id, id AS activity_id, CAST(NULL AS DATE) AS ends_on"
    )
    sure, unsure = "true AS sure", "false AS sure"
    no_day = "CAST(NULL AS DATE) AS happened_on"
    known = " OR ".join(f"status IN {words}" for words in counted.values())
    return f"""
        WITH seen AS ({_with_match(counted["reserved"])})
        SELECT {columns}, 'used' AS kind, {sure},
               CASE WHEN status = 'completed' THEN completed_on ELSE scheduled_on END AS happened_on
        FROM seen WHERE status IN {counted["used"]}
        UNION ALL SELECT {columns}, 'reserved', {sure}, {no_day} FROM seen WHERE status IN {counted["reserved"]}
        UNION ALL SELECT {columns}, 'declined', {sure}, responded_on FROM seen WHERE status = 'declined'
        UNION ALL SELECT {columns}, kind, {unsure}, {no_day}
        FROM seen, (VALUES ('used'), ('declined')) v(kind) WHERE ({known}) IS NOT TRUE
    """


def _with_match(reserving: str) -> str:
    """Read each activity with what people noted on its match since; an ask whose match let go of it is over."""
    return f"""
        SELECT a.* REPLACE (
            CASE WHEN (a.status IN {reserving}) IS NOT TRUE THEN a.status WHEN m.customer_response = 'declined' THEN 'declined'
                 WHEN m.completed_on IS NOT NULL THEN 'completed' ELSE a.status END AS status,
            CASE WHEN a.responded_on IS NULL AND m.customer_response = 'declined' THEN m.responded_on
                 ELSE a.responded_on END AS responded_on,
            coalesce(a.completed_on, m.completed_on) AS completed_on
        ) FROM activity a LEFT JOIN match m ON m.id = a.match
        WHERE (a.status = 'asked' AND m.state IN {list_sql(GONE)} AND m.customer_response IS NULL
               AND m.completed_on IS NULL) IS NOT TRUE
    """


def _of_matches(records: Records) -> str:
    """Read matches that have no activity yet: what people noted on the match itself, and what it holds in reserve."""
    return f"""
        SELECT {_PERSON} AS contact_id, r.type, 'match' AS source, m.id AS record_id,
               m.request AS request_id, m.id AS match_id, CAST(NULL AS VARCHAR) AS activity_id,
               CASE WHEN NOT {_ASKED} THEN m.reserved_until + 1 END AS ends_on,
               CASE WHEN m.completed_on IS NOT NULL THEN 'used'
                    WHEN m.customer_response = 'declined' THEN 'declined' ELSE 'reserved' END AS kind,
               true AS sure,
               CASE WHEN m.completed_on IS NOT NULL THEN m.completed_on
                    WHEN m.customer_response = 'declined' THEN m.responded_on END AS happened_on
        FROM match m JOIN profile p ON p.id = m.profile LEFT JOIN request r ON r.id = m.request
        WHERE {_counts(records)}
    """


_PERSON = "coalesce(p.contact, p.key)"
_ASKED = "(m.asked_on IS NOT NULL OR m.customer_response IS NOT NULL)"


def _counts(records: Records) -> str:
    """Say whether a match without an activity is a use, a decline, or still holds its person."""
    return f"""
        m.id NOT IN (SELECT match FROM activity WHERE match IS NOT NULL)
        AND (m.completed_on IS NOT NULL OR m.customer_response = 'declined'
             OR (m.state IN {list_sql(GONE)}) IS NOT TRUE AND ({_ASKED} OR m.reserved_until >= {records.today_sql}))
    """


def covered_types(cap: Cap, program: Program) -> tuple[str, ...]:
    """Give the reference types a cap counts, in the program's order."""
    return tuple(t for t in program.types if cap.counts_type(t))


def rested_types(cooldown: Cooldown, program: Program) -> tuple[str, ...]:
    """Give the types that start a cooldown; `same_type` may be any."""
    return (
        tuple(t for t in program.types if t in cooldown.after) if isinstance(cooldown.after, tuple) else program.types
    )


def amount_sql(measure: str, types: tuple[str, ...], tolerance: Tolerance) -> str:
    """Give what one row of `ask` adds at most, in thousandths; a row of unknown type adds the most of any."""
    if measure == "uses":
        return str(SCALE)
    points = {t: round(SCALE * tolerance.effort_points[t]) for t in types}
    cases = " ".join(f"WHEN {text_sql(t)} THEN {amount}" for t, amount in points.items())
    return f"CASE type {cases} ELSE {max(points.values(), default=0)} END"


def counts_sql(types: tuple[str, ...], window_days: int, today: str) -> str:
    """Give when a row of `ask` may count within a window."""
    return (
        f"(kind = 'reserved' OR kind = 'used' AND (happened_on IS NULL OR happened_on > {today} - {window_days})) "
        f"AND (type IS NULL OR type IN {list_sql(types)})"
    )


def create_parts(records: Records, program: Program) -> None:
    """Create `part`: one row per record that counts under a cap."""
    parts = " UNION ALL ".join(_parts_of(records, program, cap) for cap in program.tolerance.caps) or _NO_PARTS
    records.create("part", parts)


_NO_PARTS = """
    SELECT '' AS cap, '' AS owner_id, 0 AS amount, true AS certain, CAST(NULL AS DATE) AS leaves_on WHERE false
"""


def _parts_of(records: Records, program: Program, cap: Cap) -> str:
    types = covered_types(cap, program)
    owner = "person_key" if cap.per == "person" else "account_id"
    amount = amount_sql(cap.measure, types, program.tolerance)
    return f"""
        SELECT '{cap.id}' AS cap, {owner} AS owner_id, {amount} AS amount, contact_id, record_id, source, kind, happened_on,
               type, sure AND type IS NOT NULL AND (kind = 'reserved' OR happened_on IS NOT NULL) AS certain,
               CASE WHEN kind = 'used' THEN happened_on + {cap.window_days} ELSE ends_on END AS leaves_on
        FROM ask WHERE {owner} IS NOT NULL AND {counts_sql(types, cap.window_days, records.today_sql)}
    """


def cap_state(per: str, columns: Mapping[str, tuple[Cap, int]]) -> str:
    """Give, per owner with a count or a limit of their own, what is left of each cap, and a truth and a day per column.

    `columns` are the columns of the caps of this kind, with what one ask adds. A day is the first on which enough has
    left the window; it is null when nothing stands in the way, or what does has no day on which it ends.
    """
    asks = ", ".join(f"('{cap.id}', '{column}', {adds})" for column, (cap, adds) in columns.items())
    caps = sorted({cap.id for cap, _ in columns.values()})
    answers = [f"max(most - high) FILTER (WHERE cap = '{cap}') / {SCALE}.0 AS left_{cap}" for cap in caps]
    answers += [
        f"max(CASE WHEN high + {adds} <= most THEN 1 WHEN low + {adds} > most THEN 0 ELSE 2 END) "
        f"FILTER (WHERE cap = '{cap.id}') AS {column}"
        for column, (cap, adds) in columns.items()
    ]
    days = [f"max(free_on) FILTER (WHERE name = '{column}') AS free_{column}" for column in columns]
    return f"""
        WITH asks AS (SELECT * FROM (VALUES {asks}) v(cap, name, adds)),
        tight AS (
            SELECT cap, name, owner_id, high + adds - most AS excess FROM limited JOIN asks USING (cap) WHERE high + adds > most
        ),
        leaving AS (
            SELECT cap, owner_id, leaves_on,
                   sum(sum(amount)) OVER (PARTITION BY cap, owner_id ORDER BY leaves_on) AS left_by
            FROM part SEMI JOIN tight USING (cap, owner_id) WHERE leaves_on IS NOT NULL GROUP BY cap, owner_id, leaves_on
        ),
        relief AS (
            SELECT name, owner_id, min(leaves_on) AS free_on FROM tight JOIN leaving USING (cap, owner_id)
            WHERE left_by >= excess GROUP BY name, owner_id
        )
        SELECT * FROM (SELECT owner_id, {", ".join(answers)} FROM limited WHERE cap IN {list_sql(caps)} GROUP BY owner_id)
        LEFT JOIN (SELECT owner_id, {", ".join(days)} FROM relief GROUP BY owner_id) USING (owner_id)
    """


def create_rest(records: Records, program: Program, cooldowns: Sequence[Cooldown]) -> None:
    """Create `rest`: one row per record that still makes somebody rest; `ends_on` is null when its day is not known."""
    columns = "person_key, type, record_id, source, happened_on"
    rests = [
        f"""
        SELECT '{cooldown.id}' AS cooldown, {columns}, sure AND type IS NOT NULL AND happened_on IS NOT NULL AS certain,
               happened_on + {cooldown.days} AS ends_on
        FROM ask WHERE kind = '{cooldown.event}' AND (type IS NULL OR type IN {list_sql(rested_types(cooldown, program))})
          AND (happened_on IS NULL OR happened_on + {cooldown.days} > {records.today_sql})
        """
        for cooldown in cooldowns
    ]
    nobody = f"SELECT '' AS cooldown, {columns}, false AS certain, happened_on AS ends_on FROM ask WHERE false"
    records.create("rest", " UNION ALL ".join(rests) or nobody)


def rest_state(columns: Mapping[str, tuple[Cooldown, str | None]]) -> str:
    """Give, per person who rests, a truth and a day per column; a column may be of one type alone."""
    answers = []
    for column, (cooldown, of_type) in columns.items():
        mine = f"cooldown = '{cooldown.id}'"
        if of_type is not None:
            mine += f" AND (type IS NULL OR type = {text_sql(of_type)})"
        answers.append(
            f"CASE WHEN bool_or(certain AND {mine}) THEN 0 WHEN bool_or({mine}) THEN 2 ELSE 1 END AS {column}, "
            f"max(ends_on) FILTER (WHERE {mine}) AS free_{column}"
        )
    return f"SELECT person_key{''.join(f', {one}' for one in answers)} FROM rest GROUP BY person_key"
