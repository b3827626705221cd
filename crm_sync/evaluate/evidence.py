"""Views -> the records behind a verdict, for the few people whose reasons are shown.

Reads in one query each, for all of them together, what the gates counted: uses, rests, consents, blackouts, cases and
escalations. Called by `reasons`. Not here: words.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from crm_sync.evaluate.records import Records
from crm_sync.evaluate.verdicts import Judged
from crm_sync.model.snapshot import Snapshot

Row = Mapping[str, Any]
Grouped = Mapping[Any, Sequence[Row]]


@dataclass(frozen=True)
class Evidence:
    """Records by what they are about: cap and owner, cooldown and person, contact and type, contact.

    `limits` are in thousandths, with the field that holds the lowest own limit.
    `homes` are the rows of joined objects that count, by mapping and joined object, then by record.
    """

    parts: Grouped
    limits: Mapping[tuple[str, str], tuple[int, str | None]]
    rests: Grouped
    consents: Grouped
    consents_of_person: Grouped
    profiles: Grouped
    troubles: Grouped
    unmapped: Mapping[tuple[str, str, str], str] = field(default_factory=dict)
    homes: Mapping[tuple[str, str], Mapping[str, str | None]] = field(default_factory=dict)

    def troubles_of(self, kind: str, account_id: str | None, person_key: str) -> Sequence[Row]:
        """Give the open cases or escalations of an account or a person."""
        about_account = self.troubles.get((kind, "account", account_id), ())
        return about_account or self.troubles.get((kind, "person", person_key), ())


def gather(judged: Judged, contact_ids: Iterable[str], snapshot: Snapshot) -> Evidence:
    """Read everything that the reasons of these contacts may have to name."""
    records = judged.records
    records.keep("shown_ids", pa.table({"contact_id": pa.array(contact_ids, pa.string())}))
    records.connection.execute(
        "CREATE OR REPLACE TEMP TABLE shown_people AS SELECT n.* FROM notable n JOIN shown_ids USING (contact_id)"
    )
    parts, limits = _caps(records)
    return Evidence(
        parts=parts,
        limits=limits,
        rests=_grouped(records.rows(_RESTS), "cooldown", "person_key"),
        consents=_consents(records),
        consents_of_person=_consents_of_person(records),
        profiles=_profiles(records),
        troubles=_troubles(records),
        unmapped=_unmapped(snapshot.unmapped),
        homes=_homes(judged, snapshot),
    )


def _homes(judged: Judged, snapshot: Snapshot) -> Mapping[tuple[str, str], Mapping[str, str | None]]:
    """Read which rows of joined objects count for the shown contacts and their accounts."""
    joined = [(name, home) for name, mapping in judged.program.mappings.items() for home in mapping.joined]
    if not joined:
        return {}
    shown = "SELECT contact_id FROM shown_ids"
    query = f"{shown} UNION SELECT account FROM contact WHERE id IN ({shown})"
    ids = judged.records.arrow(query)["contact_id"].combine_chunks()
    found = {}
    for name, home in joined:
        table = snapshot.tables[name]
        rows = table.filter(pc.is_in(table["id"], value_set=ids)) if f"{home}.id" in table.column_names else table[:0]
        found[name, home] = dict(zip(rows["id"].to_pylist(), _row_ids(rows, home), strict=True))
    return found


def _row_ids(rows: pa.Table, home: str) -> list[str | None]:
    ids: list[str | None] = rows[f"{home}.id"].to_pylist() if rows.num_rows else []
    return ids


_OWNERS = """
    (SELECT person_key FROM shown_people
     UNION SELECT account FROM contact WHERE id IN (SELECT contact_id FROM shown_ids))
"""
_RESTS = """
    SELECT * FROM rest WHERE person_key IN (SELECT person_key FROM shown_people)
    ORDER BY ends_on DESC NULLS FIRST, record_id
"""


def _caps(records: Records) -> tuple[Grouped, dict[tuple[str, str], tuple[int, str | None]]]:
    """Group what counts under each cap by cap and owner, and give each owner's limit."""
    mine = f"WHERE owner_id IN {_OWNERS}"
    parts = records.rows(f"SELECT * FROM part {mine} ORDER BY happened_on DESC NULLS FIRST, record_id")
    limited = records.rows(f"SELECT * FROM limited {mine}")
    limits = {(row["cap"], row["owner_id"]): (row["most"], row["kept_in"]) for row in limited}
    return _grouped(parts, "cap", "owner_id"), limits


def _grouped(rows: Iterable[Row], *names: str) -> Grouped:
    groups: dict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        groups[tuple(row[name] for name in names)].append(row)
    return groups


def _consents(records: Records) -> Grouped:
    """Group the consents looked at by contact and type, the most promising first."""
    looked = """
        SELECT * FROM consent_look WHERE contact_id IN (SELECT contact_id FROM shown_ids)
        ORDER BY is_good DESC NULLS LAST, starts_on NULLS LAST, granted DESC NULLS LAST, valid_from DESC NULLS LAST, id
    """
    return _grouped(records.rows(looked), "contact_id", "reference_type")


def _consents_of_person(records: Records) -> Grouped:
    """Group what ended a consent by person."""
    ended = """
        SELECT n.person_key, c.* FROM consent_row c JOIN notable n USING (contact_id)
        WHERE n.person_key IN (SELECT person_key FROM shown_people) AND c.ends_others IS DISTINCT FROM false
        ORDER BY ended_on DESC NULLS FIRST, id
    """
    return _grouped(records.rows(ended), "person_key")


def _profiles(records: Records) -> Grouped:
    """Group profiles by person: their pauses, blackouts, zones and statuses."""
    mine = """
        SELECT n.person_key, p.* FROM profile_of p JOIN notable n USING (contact_id)
        WHERE n.person_key IN (SELECT person_key FROM shown_people) ORDER BY p.id
    """
    return _grouped(records.rows(mine), "person_key")


def _troubles(records: Records) -> Grouped:
    """Group open cases and escalations by kind and by whom they are about."""
    found = """
        SELECT * FROM trouble WHERE account_id IN (SELECT account FROM contact WHERE id IN (SELECT contact_id FROM shown_ids))
            OR person_key IN (SELECT person_key FROM shown_people) ORDER BY record_id
    """
    rows = records.rows(found)
    about = [{**row, "about": "account", "owner": row["account_id"]} for row in rows]
    about += [{**row, "about": "person", "owner": row["person_key"]} for row in rows]
    return _grouped(about, "kind", "about", "owner")


def _unmapped(table: pa.Table) -> dict[tuple[str, str, str], str]:
    """Index picklist values that no mapping translates by mapping, record and field."""
    return {(row["object"], row["id"], row["field"]): row["value"] for row in table.to_pylist()}
