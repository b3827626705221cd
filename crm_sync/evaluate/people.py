"""Contacts -> persons: which contact records are the same human being, and who has anything on record.

The same Individual, the same hashed e-mail address and a chain of merged records all bind contacts together, so that no
restriction is bypassed through a duplicate. A person's key is the smallest contact id among them. Only groups with
more than one member are touched. Called by `state`. Not here: what a person's records say.
"""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa

from crm_sync.evaluate.records import Records

BONDS = ("individual", "email_key")
IDENTITY = ("individual", "email_key", "master_record")


def create_duplicate(records: Records) -> None:
    """Create `duplicate` (contact_id, person_key): one row per contact that shares its person with another."""
    shared = [
        f"SELECT id AS contact_id, '{bond}:' || {bond} AS bond FROM contact WHERE {bond} IN "
        f"(SELECT {bond} FROM contact WHERE {bond} IS NOT NULL GROUP BY {bond} HAVING count(*) > 1)"
        for bond in BONDS
    ]
    merged = (
        "SELECT id, 'merged:' || master_record FROM contact WHERE master_record IS NOT NULL "
        "UNION ALL SELECT id, 'merged:' || id FROM contact "
        "WHERE id IN (SELECT master_record FROM contact WHERE master_record IS NOT NULL)"
    )
    bonds = records.arrow(" UNION ALL ".join([*shared, merged]))
    groups = person_keys(zip(bonds["contact_id"].to_pylist(), bonds["bond"].to_pylist(), strict=True))
    columns = {"contact_id": pa.array(groups, pa.string()), "person_key": pa.array(groups.values(), pa.string())}
    records.keep("bound", pa.table(columns))
    records.create("duplicate", "SELECT contact_id, person_key FROM bound")


def person_keys(bonds: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Give each bound contact's person key: the smallest contact id that chains of bonds lead to."""
    parent: dict[tuple[str, str], tuple[str, str]] = {}

    def root(node: tuple[str, str]) -> tuple[str, str]:
        parent.setdefault(node, node)
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for contact_id, bond in bonds:
        one, other = sorted((root(("contact", contact_id)), root(("the bond", bond))))
        parent[other] = one  # contacts sort before bonds, so a root is a contact: the smallest of its group
    return {name: root((kind, name))[1] for kind, name in parent if kind == "contact"}


def create_notable(records: Records) -> None:
    """Create `notable`: the contacts that have anything of their own on record, with person, account and region."""
    records.create(
        "notable",
        """
        SELECT c.id AS contact_id, c.account AS account_id, coalesce(d.person_key, c.id) AS person_key,
               d.person_key IS NOT NULL AS is_duplicate, a.region, coalesce(c.country, a.country) AS country,
               c.opted_out, c.email_opt_out, c.individual
        FROM (SELECT id, account, country, opted_out, email_opt_out, individual FROM contact WHERE id IN (
            SELECT coalesce(contact, key) FROM profile UNION SELECT contact FROM consent
            UNION SELECT contact FROM activity UNION SELECT contact FROM "case"
            UNION SELECT contact FROM escalation UNION SELECT contact_id FROM duplicate
        )) c
        LEFT JOIN duplicate d ON d.contact_id = c.id
        LEFT JOIN account a ON a.id = c.account
        """,
    )
