"""Consent records -> may this person be used for this type today, by their own documented word.

A consent counts when its status is a grant, everything rules/consent requires is there, today lies in its validity, it
is not restricted by law, and its territory covers the account's region. Any refusal or withdrawal of the same use by the
same person, on whichever of their contact records, ends it unless it is provably earlier than the grant. A value that
cannot be read leaves the answer unknown. Called by `state`. Not here: whether a request's audience and region are
covered (matching reads territory_t and audience_t).
"""

from __future__ import annotations

from crm_sync.evaluate.records import Records, all_true, any_true, list_sql, text_sql
from crm_sync.program import Program
from crm_sync.program.rules import ConsentRules

NARROWEST_FIRST = ("internal", "named", "prospects", "anyone")
HARMLESS = ("pending",)
"""A status that grants nothing and takes nothing back."""


def consent_is_blind(records: Records, rules: ConsentRules) -> bool:
    """Whether a withdrawal could hide: a column nobody could read, or a record that ends or restricts a consent of nobody."""
    read = ("contact", "use", "status", "territory", "valid_from", "valid_to", "withdrawn_on", "legal_restriction")
    if records.is_blind("consent", *read, *rules.requires):
        return True
    hidden = f"(ends_others OR {_restricts('consent_row')}) IS DISTINCT FROM false"
    return bool(records.rows(f"SELECT id FROM consent_row WHERE contact_id IS NULL AND {hidden}"))


def create_consent(records: Records, program: Program) -> None:
    """Create `consent_row`, `consent_look` (each record in each light) and `consent_state` (contact, type, answer)."""
    rules = program.consent
    records.view("consent_row", _rows(records, rules))
    records.create("consent_use", _uses(program))
    records.view("consent_look", _looks(records, rules))
    records.create("consent_state", _states(rules))


def _rows(records: Records, rules: ConsentRules) -> str:
    today = records.today_sql
    grant = list_sql(rules.grant_status)
    lapses = "least(coalesce(valid_to, runs_out_on), withdrawn_on)"
    required = all_true(
        [f"CASE WHEN nullif(trim(CAST({field} AS VARCHAR)), '') IS NOT NULL THEN true END" for field in rules.requires]
    )
    quiet = list_sql((*rules.grant_status, *HARMLESS))
    return f"""
        SELECT *, valid_from <= {today} AND {today} < coalesce(valid_to, runs_out_on) AS in_force,
               CASE WHEN {today} < valid_from AND valid_from < {lapses} THEN valid_from END AS holds_from,
               coalesce(withdrawn_on <= {today}, false) AS is_withdrawn,
               CASE WHEN withdrawn_on <= {today} THEN true ELSE status NOT IN {quiet} END AS ends_others,
               CASE WHEN withdrawn_on <= {today} THEN withdrawn_on WHEN status = 'refused' THEN valid_from END AS ended_on
        FROM (
            SELECT *, contact AS contact_id, status IN {grant} AS granted, {required} AS complete,
                   CAST(valid_from + INTERVAL {rules.valid_months} MONTH AS DATE) AS runs_out_on
            FROM consent
        )
    """


def _uses(program: Program) -> str:
    """List which use covers which type."""
    pairs = [(use, t) for use, types in program.consent.covers.items() for t in types]
    values = ", ".join(f"({text_sql(use)}, {text_sql(t)})" for use, t in pairs) or "(NULL, NULL)"
    return f"SELECT * FROM (VALUES {values}) v(use, reference_type)"


def _looks(records: Records, rules: ConsentRules) -> str:
    """Judge each record of a use for each contact of its person: is it good in itself, and does another end it?

    `starts_on` is the later day from which it will be good, where nothing but that day is missing.
    """
    covers = (
        f"list_contains(r.territory, {text_sql(rules.territory.everywhere)}) OR list_contains(r.territory, n.region)"
    )
    sound = f"r.granted AND r.complete AND NOT r.legal_restriction AND ({covers})"
    return f"""
        WITH persons AS (SELECT r.*, n.person_key FROM consent_row r JOIN notable n USING (contact_id)),
        enders AS (
            SELECT * FROM persons
            WHERE ends_others IS DISTINCT FROM false OR legal_restriction IS DISTINCT FROM false OR withdrawn_on IS NOT NULL
        ),
        ended AS (
            SELECT g.id, u.reference_type, {any_true(_ends("o", "g"))} AS is_ended,
                   {any_true(_will_end("o", "g"))} AS will_be_ended
            FROM persons g JOIN consent_use u USING (use) JOIN enders o USING (person_key)
            LEFT JOIN consent_use v ON v.use = o.use AND v.reference_type = u.reference_type
            WHERE o.use IS NULL OR v.use IS NOT NULL
            GROUP BY g.id, u.reference_type
        )
        SELECT n.contact_id, u.reference_type, r.* EXCLUDE (contact_id),
               {covers} AS covers_region,
               r.in_force AND NOT r.is_withdrawn AND {sound} AND (e.id IS NULL OR NOT e.is_ended) AS is_good,
               CASE WHEN {sound} AND (e.id IS NULL OR NOT (e.is_ended OR e.will_be_ended)) THEN r.holds_from END AS starts_on
        FROM notable n JOIN persons r USING (person_key) JOIN consent_use u USING (use)
        LEFT JOIN ended e ON e.id = r.id AND e.reference_type = u.reference_type
    """


def _ends(other: str, grant: str) -> str:
    """Say whether another record ends a grant; one whose use is not known at most leaves it unknown."""
    refuses = f"({other}.ends_others AND NOT coalesce({other}.ended_on < {grant}.valid_from, false))"
    return f"(({refuses} OR {_restricts(other)}) AND CASE WHEN {other}.use IS NOT NULL THEN true END)"


def _will_end(other: str, grant: str) -> str:
    """Say whether another record ends a grant of a later day by then: a withdrawal of that day, or a restriction."""
    lapses = f"coalesce({other}.valid_to, {other}.runs_out_on)"
    restricts = (
        f"({other}.legal_restriction AND {other}.valid_from <= {grant}.valid_from AND {grant}.valid_from < {lapses})"
    )
    return f"((coalesce({other}.withdrawn_on = {grant}.valid_from, false) OR {restricts}) AND CASE WHEN {other}.use IS NOT NULL THEN true END)"


def _restricts(record: str) -> str:
    """Say whether a record restricts every consent of its use by law, whatever became of the record's own."""
    return f"({record}.in_force AND {record}.legal_restriction)"


def _states(rules: ConsentRules) -> str:
    """Answer per contact and type; what several good consents cover is the narrowest of them."""
    everywhere = text_sql(rules.territory.everywhere)
    rank = " ".join(f"WHEN {text_sql(audience)} THEN {index}" for index, audience in enumerate(NARROWEST_FIRST))
    narrow = f"list_filter(list(territory) FILTER (WHERE is_good), lambda one: NOT list_contains(one, {everywhere}))"
    return f"""
        SELECT contact_id, reference_type, {any_true("is_good")} AS is_good,
               max(least(coalesce(valid_to, runs_out_on), withdrawn_on)) FILTER (WHERE is_good) AS until,
               min(starts_on) AS starts_on,
               CASE WHEN count(*) FILTER (WHERE is_good) = 0 THEN NULL
                    WHEN len({narrow}) = 0 THEN [{everywhere}]
                    ELSE list_sort(list_reduce({narrow}, lambda one, other: list_intersect(one, other))) END AS territory,
               CASE WHEN bool_or(is_good AND audience IS NULL) THEN NULL
                    ELSE arg_min(audience, CASE audience {rank} ELSE -1 END) FILTER (WHERE is_good) END AS audience
        FROM consent_look GROUP BY contact_id, reference_type
    """
