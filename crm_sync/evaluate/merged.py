"""Records that were merged into others -> what they said last still holds for the record that lives on.

A merge keeps the winner's values, so a loser's opt-out, hold or dispute would be gone with it; the survivor inherits the most
restrictive of all. Which person a loser was counts too: `known_contact` has them beside the living. Called by `records`.
Not here: who lives on (the org said so), and what becomes of a loser's consents and uses (the org gave them to the winner).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import duckdb

from crm_sync.model.snapshot import Snapshot

INHERITED: Mapping[str, tuple[str, ...]] = {
    "account": ("in_dispute", "legal_hold", "confidential"),
    "contact": ("opted_out", "email_opt_out", "do_not_call", "left_company"),
}
"""The checkboxes that restrict when they are on, by mapping."""


def own_rows(mapping: str) -> str:
    """Name the view of a mapping's living records as the org has them."""
    return f"own_{mapping}"


def losers_of(mapping: str) -> str:
    """Name the view of what merged records of a mapping said last."""
    return f"merged_{mapping}"


def inherit(connection: duckdb.DuckDBPyConnection, mapping: str, columns: Iterable[str]) -> None:
    """Create the view of a mapping from its own rows and its losers, whose master records may be losers themselves."""
    restricting = [column for column in INHERITED[mapping] if column in columns]
    held = ", ".join(f'bool_or(l."{column}") AS "{column}"' for column in restricting)
    replaced = ", ".join(f'(o."{column}" OR h."{column}" IS true) AS "{column}"' for column in restricting)
    losers = losers_of(mapping)
    connection.execute(
        f"""
        CREATE TEMP TABLE inherited_{mapping} AS
        WITH RECURSIVE into_whom(id, survivor) AS (
            SELECT id, master_record FROM {losers} WHERE master_record IS NOT NULL
            UNION SELECT w.id, l.master_record FROM into_whom w JOIN {losers} l ON l.id = w.survivor
            WHERE l.master_record IS NOT NULL
        )
        SELECT w.survivor, {held} FROM into_whom w JOIN {losers} l ON l.id = w.id GROUP BY w.survivor;
        CREATE TEMP VIEW "{mapping}" AS SELECT o.* REPLACE ({replaced})
        FROM {own_rows(mapping)} o LEFT JOIN inherited_{mapping} h ON h.survivor = o.id
        """
        if restricting
        else f'CREATE TEMP VIEW "{mapping}" AS SELECT * FROM {own_rows(mapping)}'
    )


def know_everybody(connection: duckdb.DuckDBPyConnection, snapshot: Snapshot) -> None:
    """Create `known_contact`: every contact, and those that live on in others (`is_gone`)."""
    losers = snapshot.tables.get(losers_of("contact"))
    former = ""
    if losers is not None and losers.num_rows:
        former = f"UNION ALL BY NAME SELECT *, true AS is_gone FROM {losers_of('contact')} WHERE id NOT IN (SELECT id FROM contact)"
    connection.execute(f"CREATE TEMP VIEW known_contact AS SELECT *, false AS is_gone FROM contact {former}")
