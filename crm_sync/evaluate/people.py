"""Contacts -> persons: which contact records are the same human being, and who has anything on record.

The same Individual, the same hashed e-mail address and a chain of merged records all bind contacts together, so that no
restriction is bypassed through a duplicate, or through a merge that took it away. A person's key is the smallest contact id
among them. Only groups with more than one member are touched. Called by `state`. Not here: what a person's records say.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import numpy as np
import pyarrow as pa

from crm_sync.evaluate.records import Records
from crm_sync.program import Program

BONDS = ("individual", "email_key")
IDENTITY = ("individual", "email_key", "master_record")


def create_duplicate(records: Records) -> None:
    """Create `duplicate` (contact_id, person_key): one row per contact that shares its person with another."""
    merged = (
        "SELECT id, is_gone, 'merged:' || master_record FROM known_contact WHERE master_record IS NOT NULL "
        "UNION ALL SELECT id, is_gone, 'merged:' || id FROM known_contact "
        "WHERE id IN (SELECT master_record FROM known_contact WHERE master_record IS NOT NULL)"
    )
    bonds = records.arrow(" UNION ALL ".join([*(_shared(records, bond) for bond in BONDS), merged]))
    gone = set(bonds["contact_id"].filter(bonds["is_gone"]).to_pylist())
    groups = person_keys(zip(bonds["contact_id"].to_pylist(), bonds["bond"].to_pylist(), strict=True), gone)
    columns = {"contact_id": pa.array(groups, pa.string()), "person_key": pa.array(groups.values(), pa.string())}
    records.keep("bound", pa.table(columns))
    records.create("duplicate", "SELECT contact_id, person_key FROM bound")


def _shared(records: Records, bond: str) -> str:
    """Give the contacts that have a value of this field with another contact, as SQL.

    Sorted hashes show at little cost which few values may be there twice; those are then counted.
    """
    hashes = records.arrow(f"SELECT hash({bond}) AS hash FROM known_contact WHERE {bond} IS NOT NULL")[
        "hash"
    ].to_numpy()
    hashes = np.sort(hashes)
    records.keep(f"shared_{bond}", pa.table({"hash": np.unique(hashes[1:][hashes[1:] == hashes[:-1]])}))
    return f"""
        SELECT id AS contact_id, is_gone, '{bond}:' || {bond} AS bond FROM known_contact
        WHERE hash({bond}) IN (SELECT hash FROM shared_{bond}) QUALIFY count(*) OVER (PARTITION BY {bond}) > 1
    """


def person_keys(bonds: Iterable[tuple[str, str]], gone: Collection[str] = ()) -> dict[str, str]:
    """Give each bound contact's person key: the smallest contact id that chains of bonds lead to.

    An id that is `gone` is the key only where nobody of the group lives.
    """
    parent: dict[tuple[str, str], tuple[str, str]] = {}

    def root(node: tuple[str, str]) -> tuple[str, str]:
        parent.setdefault(node, node)
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for contact_id, bond in bonds:
        contact = ("former contact" if contact_id in gone else "contact", contact_id)
        one, other = sorted((root(contact), root(("the bond", bond))))
        parent[other] = one  # contacts sort before former ones and before bonds, so a root is the smallest that lives
    return {name: root((kind, name))[1] for kind, name in parent if kind != "the bond"}


def create_notable(records: Records, program: Program) -> None:
    """Create `noted`: the contacts that have anything of their own on record, and `notable`: their person and region.

    A limit that a company has for each of its people is one of their own. Who lives on in another is notable, as what is on record about them holds, and not noted, as nobody asks them.
    """
    each = {field for cap in program.tolerance.caps if cap.per == "person" for field in cap.own_fields("account")}
    limited = "".join(
        f' UNION SELECT c.id FROM contact c JOIN account a ON a.id = c.account WHERE a."{field}" IS NOT NULL'
        for field in sorted(each)
    )
    records.create(
        "on_record",
        f"""
        SELECT * FROM known_contact WHERE id IN (
            SELECT coalesce(contact, key) FROM profile UNION SELECT contact FROM consent
            UNION SELECT contact FROM activity UNION SELECT contact FROM "case"
            UNION SELECT contact FROM escalation UNION SELECT contact_id FROM duplicate{limited}
        )
        """,
    )
    records.create("noted", "SELECT * EXCLUDE is_gone FROM on_record WHERE NOT is_gone")
    records.create(
        "notable",
        """
        SELECT c.id AS contact_id, c.account AS account_id, coalesce(d.person_key, c.id) AS person_key,
               d.person_key IS NOT NULL AS is_duplicate, a.region, coalesce(c.country, a.country) AS country,
               c.opted_out, c.email_opt_out, c.individual
        FROM on_record c LEFT JOIN duplicate d ON d.contact_id = c.id LEFT JOIN account a ON a.id = c.account
        """,
    )
