"""Everything on record about few -> one row per notable contact, and one row per account.

Joins what people, profiles, usage, consent and calendar say, so that the wide table of all contacts needs few joins.
Truths are kept as 1 (true), 0 (false) and 2 (unknown): a contact without a row is then told from one whose answer is
not known. Called by `facts`. Not here: thresholds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from crm_sync.evaluate import consent, people, places, profiles, usage
from crm_sync.evaluate.gates import cap_column, cooldown_column
from crm_sync.evaluate.records import Records, any_true, list_sql, text_sql
from crm_sync.evaluate.usage import covered_types
from crm_sync.program import Program
from crm_sync.program.rules import SCALE, Cap, Cooldown

SEVERE = ("p1", "p2")
WINDOWS = {"calls_90d": 90, "activations_180d": 180, "uses_365d": 365, "effort_365d": 365}
"""The usage that profiles show; their names fix the days."""
SHOWN = (*WINDOWS, "reservations")


@dataclass(frozen=True)
class Blind:
    """What cannot be known about anybody, because a table or column behind it could not be read."""

    usage: bool
    consent: bool
    identity: bool
    limits: frozenset[str]
    nameless: tuple[tuple[str, str], ...] = ()
    """Uses (table, id) that name nobody; they blind everybody's usage."""

    def cap(self, cap: Cap) -> bool:
        """Whether a cap's count or limit could hide something."""
        return self.usage or cap.id in self.limits


def create_state(records: Records, program: Program) -> Blind:
    """Create `contact_state` (one row per notable contact) and `account_state` (one row per account)."""
    people.create_duplicate(records)
    people.create_notable(records, program)
    profiles.create_profiles(records, program)
    usage.create_ask(records, program)
    consent.create_consent(records, program)
    blind = _blind(records, program)
    usage.create_parts(records, program)
    usage.create_rest(records, program, resting(program))
    records.create("limited", _limits(program))
    _create_troubles(records)
    places.create_places(records, program, blind_usage=blind.usage)
    _create_accounts(records, program)
    records.create("contact_state", _contacts(records, program))
    return blind


def _blind(records: Records, program: Program) -> Blind:
    unread = usage.usage_is_blind(records)
    nameless = () if unread else usage.uses_of_nobody(records, program.tolerance)
    return Blind(
        usage=unread or bool(nameless),
        nameless=nameless,
        consent=consent.consent_is_blind(records, program.consent),
        identity=records.is_blind("contact", *people.IDENTITY),
        limits=frozenset(cap.id for cap in program.tolerance.caps if profiles.limit_is_blind(records, cap)),
    )


def resting(program: Program) -> tuple[Cooldown, ...]:
    """Give the cooldowns of a person; those of an audience or a requester are matching's."""
    return tuple(cooldown for cooldown in program.tolerance.cooldowns if cooldown.same is None)


def cap_columns(program: Program, per: str) -> dict[str, tuple[Cap, int]]:
    """Give each distinct column of the caps of one kind, with its cap and what one ask adds to it."""
    return {
        cap_column(cap, t, program): (cap, program.tolerance.weight(cap, t))
        for cap in program.tolerance.caps
        if cap.per == per
        for t in covered_types(cap, program)
    }


def rest_columns(program: Program) -> dict[str, tuple[Cooldown, str | None]]:
    """Give each distinct column of the cooldowns, with its cooldown and the type it is of, if of one alone."""
    return {
        cooldown_column(cooldown, t): (cooldown, t if cooldown.after == "same_type" else None)
        for cooldown in resting(program)
        for t in program.types
    }


def _limits(program: Program) -> str:
    """Give the high and low count and the limit, in thousandths, of everybody who used something or has a limit of their own."""
    limits = [
        f"""
        SELECT '{cap.id}' AS cap, owner_id, coalesce(high, 0) AS high, coalesce(low, 0) AS low,
               CAST(round({SCALE} * least({cap.limit}, own)) AS BIGINT) AS most, kept_in
        FROM (
            SELECT owner_id, CAST(sum(amount) AS BIGINT) AS high, CAST(sum(amount) FILTER (WHERE certain) AS BIGINT) AS low
            FROM part WHERE cap = '{cap.id}' GROUP BY owner_id
        ) FULL JOIN ({_own_limits(cap)}) USING (owner_id)
        """
        for cap in program.tolerance.caps
    ]
    return " UNION ALL ".join(limits) or _NO_LIMITS


_NO_LIMITS = (
    "SELECT '' AS cap, '' AS owner_id, 0 AS high, 0 AS low, CAST(0 AS BIGINT) AS most, '' AS kept_in WHERE false"
)


def _own_limits(cap: Cap) -> str:
    """Give everybody's own limit under a cap, the lowest, and the field that has it, where they have one."""
    accounts = "SELECT id AS owner_id, * FROM account"
    if cap.per == "person":
        accounts = """
            SELECT n.person_key AS owner_id, a.* FROM notable n JOIN contact c ON c.id = n.contact_id
            JOIN account a ON a.id = c.account
        """
    tables = {"profile": "SELECT person_key AS owner_id, * FROM person_profile", "account": accounts}
    kept = [
        f'SELECT owner_id, \'{mapping}.{field}\' AS name, "{field}" AS own FROM ({table}) WHERE "{field}" IS NOT NULL'
        for mapping, table in tables.items()
        for field in cap.own_fields(mapping)
    ]
    every = " UNION ALL ".join(kept) or "SELECT '' AS owner_id, '' AS name, CAST(NULL AS DOUBLE) AS own WHERE false"
    return f"""
        SELECT owner_id, min(own) AS own, first(name ORDER BY own, name) AS kept_in FROM ({every}) GROUP BY owner_id
    """


def _create_troubles(records: Records) -> None:
    """Create `trouble` (kind, account_id, person_key, is_open): open cases of P1 or P2 and open escalations."""
    severe = (
        f"CASE WHEN closed THEN false WHEN priority IN {list_sql(SEVERE)} THEN NOT closed "
        "WHEN priority IS NOT NULL THEN false END"
    )
    sources = {"cases": ('"case"', severe), "escalations": ("escalation", "status <> 'closed'")}
    records.create(
        "trouble",
        " UNION ALL ".join(
            f"""
            SELECT '{kind}' AS kind, t.id AS record_id, t.account AS account_id, n.person_key,
                   n.account_id AS home_id, {truth} AS is_open
            FROM {source} t LEFT JOIN notable n ON n.contact_id = t.contact
            WHERE ({truth}) IS DISTINCT FROM false
            """
            for kind, (source, truth) in sources.items()
        ),
    )


def _count(kind: str) -> str:
    """Count what is open; -1 when that is not known of one of them."""
    mine = f"FILTER (WHERE kind = '{kind}')"
    return f"CASE WHEN bool_or(is_open IS NULL) {mine} THEN -1 ELSE count(*) {mine} END AS {kind}"


def _create_accounts(records: Records, program: Program) -> None:
    """Create the view `account_state`: every account, with what few of them have used and what is open about them."""
    columns = cap_columns(program, "account")
    records.create(
        "account_caps", usage.cap_state("account", columns) if columns else "SELECT '' AS owner_id WHERE false"
    )
    records.create(
        "account_troubles",
        f"""
        SELECT account_id, {_count("cases")}, {_count("escalations")} FROM trouble
        WHERE account_id IS NOT NULL GROUP BY account_id
        """,
    )
    records.view(
        "account_state",
        """
        SELECT a.*, coalesce(t.cases, 0) AS cases, coalesce(t.escalations, 0) AS escalations, c.*
        FROM account a LEFT JOIN account_caps c ON c.owner_id = a.id LEFT JOIN account_troubles t ON t.account_id = a.id
        """,
    )


def _contacts(records: Records, program: Program) -> str:
    joins = "\n".join(
        f"LEFT JOIN ({query}) {name} ON {name}.{on} = n.{on}" for name, on, query in _parts(records, program)
    )
    names = [f"{name}.* EXCLUDE ({on})" for name, on, _ in _parts(records, program)]
    return f"SELECT n.contact_id, n.person_key, n.is_duplicate, {', '.join(names)} FROM notable n {joins}"


def _parts(records: Records, program: Program) -> Iterator[tuple[str, str, str]]:
    """Give the tables a notable contact's row is joined from: name, what it is joined on, and its query."""
    yield "wishes", "person_key", _wishes(records)
    yield "standing", "contact_id", _standing(program)
    yield "troubles", "contact_id", _own_troubles()
    columns = cap_columns(program, "person")
    if columns:
        yield (
            "caps",
            "person_key",
            f"SELECT * RENAME (owner_id AS person_key) FROM ({usage.cap_state('person', columns)})",
        )
    yield "rests", "person_key", usage.rest_state(rest_columns(program))
    yield "consents", "contact_id", _consents(program)
    yield "place", "contact_id", "SELECT * FROM place"
    yield "shown", "person_key", _shown(records, program)
    yield "spoken", "person_key", _spoken(records)


def _wishes(records: Records) -> str:
    """Say whether any contact of the person opted out, and whether any asked to be forgotten or not processed."""
    return f"""
        SELECT person_key, {any_true("opted")} AS opted_out, {any_true("suppressed")} AS suppressed FROM (
            SELECT n.person_key, {opted_sql("n", "i")} AS opted, {suppressed_sql("n", "i")} AS suppressed
            FROM notable n LEFT JOIN individual i ON i.id = n.individual
        ) GROUP BY person_key
    """


def opted_sql(contact: str, individual: str) -> str:
    """Say whether one contact opted out, by itself or through its Individual; a missing Individual is unknown."""
    linked = f"CASE WHEN {contact}.individual IS NULL THEN false ELSE {individual}.no_solicit END"
    return f"({contact}.opted_out OR {contact}.email_opt_out OR {linked})"


def suppressed_sql(contact: str, individual: str) -> str:
    """Say whether one contact's Individual asked to be forgotten or not to be processed."""
    asked = f"{individual}.forget OR {individual}.no_processing"
    return f"CASE WHEN {contact}.individual IS NULL THEN false ELSE {asked} END"


def _standing(program: Program) -> str:
    types = [f"o.{name}_{t}" for name in ("approved", "briefed") for t in program.types]
    return f"""
        SELECT n.contact_id, o.profile_id, o.briefed_on, o.health_since, {", ".join(types)},
               CASE WHEN p.spread_status IS NOT NULL THEN p.spread_status WHEN p.some_status_unknown THEN '?'
                    ELSE coalesce(o.status, 'none') END AS status,
               CASE WHEN p.person_key IS NULL OR NOT p.paused THEN 0 WHEN p.paused THEN 1 ELSE 2 END AS paused
        FROM notable n LEFT JOIN own_profile o USING (contact_id) LEFT JOIN person_profile p USING (person_key)
    """


def _own_troubles() -> str:
    """Count a person's troubles that are not already their account's."""
    return f"""
        SELECT n.contact_id, {_count("cases")}, {_count("escalations")}
        FROM notable n JOIN trouble t USING (person_key) WHERE t.account_id IS DISTINCT FROM n.account_id
        GROUP BY n.contact_id
    """


def _consents(program: Program) -> str:
    columns = [
        f"max(CASE WHEN is_good THEN 1 WHEN is_good IS NULL THEN 2 ELSE 0 END) FILTER (WHERE {mine}) AS consent_{t}, "
        f"max(until) FILTER (WHERE {mine}) AS consent_until_{t}, "
        f"min(starts_on) FILTER (WHERE {mine}) AS free_consent_{t}, "
        f"any_value(territory) FILTER (WHERE {mine}) AS territory_{t}, "
        f"any_value(audience) FILTER (WHERE {mine}) AS audience_{t}"
        for t in program.types
        for mine in (f"reference_type = {text_sql(t)}",)
    ]
    return f"SELECT contact_id, {', '.join(columns)} FROM consent_state GROUP BY contact_id"


def _shown(records: Records, program: Program) -> str:
    """Count the usage that profiles show; what may have happened counts."""
    within = {
        name: f"kind = 'used' AND (happened_on IS NULL OR happened_on > {records.today_sql} - {days})"
        for name, days in WINDOWS.items()
    }
    effort = usage.amount_sql("effort", program.types, program.tolerance)
    return f"""
        SELECT person_key, count(*) FILTER (WHERE {within["calls_90d"]} AND coalesce(type, 'call') = 'call') AS calls_90d,
               count(*) FILTER (WHERE {within["activations_180d"]}) AS activations_180d,
               count(*) FILTER (WHERE {within["uses_365d"]}) AS uses_365d,
               coalesce(sum({effort}) FILTER (WHERE {within["effort_365d"]}), 0) / {SCALE}.0 AS effort_365d,
               count(*) FILTER (WHERE kind = 'reserved') AS reservations, bool_or(kind = 'used' AND sure) AS was_used
        FROM ask GROUP BY person_key
    """


def _spoken(records: Records) -> str:
    """Give the last day on which somebody spoke with the person, up to today.

    Completing a task that the worker made is no conversation: what it led to is dated elsewhere.
    """
    days = " UNION ALL ".join(
        f"SELECT contact, {day} FROM activity" for day in ("asked_on", "responded_on", "completed_on", "thanked_on")
    )
    return f"""
        SELECT person_key, max(spoken_on) AS spoken_on FROM (
            {days} UNION ALL SELECT who, due_on FROM task WHERE closed AND key IS NULL UNION ALL SELECT who, CAST(starts_at AS DATE) FROM event
            UNION ALL SELECT contact_id, briefed_on FROM own_profile
        ) s(contact_id, spoken_on) JOIN notable USING (contact_id)
        WHERE spoken_on <= {records.today_sql} GROUP BY person_key
    """
