"""Verdicts and matches <-> the archive and the entries of the decision log.

All decisions of a run are kept as tables, each piece once, and sealed in the log by their name. An entry of its own is
given to what differs from the run before: every request, and every person who is in the program or may come into it. So
the log stays readable, and every decision that was ever in force can be found. Called by `books` and `again`.
Not here: the run's own entry (`books`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from crm_sync.audit.tables import keep_table, kept_table
from crm_sync.keeping import Archive
from crm_sync.model.matches import Matches, Slate
from crm_sync.model.snapshot import Snapshot
from crm_sync.model.verdicts import HELD, Verdicts

MASKS = ("failed", "unknown", "caution")
SLATES = pa.schema([(name, pa.string()) for name in ("request_id", "verdict", "earliest_on", "asset_id", "candidates")])
BY: Mapping[str, tuple[str, ...]] = {
    "people": ("contact_id",),
    "held": ("contact_id", "request_id", "match_id", "activity_id"),
    "requests": ("request_id",),
}
MEMBER = "is_member"
"""Whether a person has a profile or is about to get one."""
Row = Mapping[str, Any]
Kept = Mapping[str, Any]
"""What the archive holds of a run's decisions: the pieces of each table, and the rules in bit order."""


def _tables(snapshot: Snapshot, verdicts: Verdicts, matches: Matches) -> Mapping[str, pa.Table]:
    """Give all decisions of a run as tables: people, open asks and requests."""
    columns = ["contact_id", "is_candidate", *(f"{mask}_{t}" for t in verdicts.types for mask in MASKS)]
    people = verdicts.table.select(columns)
    profiled = pc.is_in(people["contact_id"], value_set=snapshot.tables["profile"]["contact"].combine_chunks())
    return {
        "people": people.append_column(MEMBER, pc.or_(profiled, people["is_candidate"])),
        "held": verdicts.held.select(HELD.names),
        "requests": pa.Table.from_pylist([_slate(slate) for slate in matches.slates], schema=SLATES),
    }


def keep_decisions(snapshot: Snapshot, verdicts: Verdicts, matches: Matches, archive: Archive) -> str:
    """Keep all decisions of a run and return their name in the archive: equal decisions, equal name."""
    tables = _tables(snapshot, verdicts, matches)
    body = {name: keep_table(table, BY[name], archive) for name, table in tables.items()}
    bits = [[rule.id, rule.version, rule.weight] for rule in verdicts.rules]
    return archive.put(json.dumps({**body, "rules": bits, "types": verdicts.types}, sort_keys=True).encode())


def kept_decisions(name: str, archive: Archive) -> Kept:
    """Give what was kept under this name; raises PermanentError when it is gone or damaged."""
    body: Kept = json.loads(archive.get(name))
    return body


def changes(now: Kept, before: Kept | None, archive: Archive) -> Iterator[Mapping[str, Any]]:
    """Give an entry for every decision that was made anew or differently than `before`; all of them without one."""
    same_rules = before is not None and all(before[part] == now[part] for part in ("rules", "types"))
    earlier = before if same_rules else None
    for row, old in _changed("people", now, earlier, archive):
        if row[MEMBER] or (old and old[MEMBER]):
            yield _person(row, now)
    for row, _ in _changed("requests", now, earlier, archive):
        yield {"what": "request", **row, "candidates": json.loads(row["candidates"])}


def _changed(name: str, now: Kept, before: Kept | None, archive: Archive) -> Iterator[tuple[Row, Row | None]]:
    """Give every row that differs, with the row it was before; only the pieces that differ are looked at."""
    old: Sequence[str] = before[name] if before else ()
    new = [piece for piece in now[name] if piece not in set(old)]
    gone = [piece for piece in old if piece not in set(now[name])]
    known = {row[BY[name][0]]: row for row in kept_table(gone, archive).to_pylist()} if gone else {}
    for row in kept_table(new, archive).to_pylist() if new else ():
        earlier = known.get(row[BY[name][0]])
        if row != earlier:
            yield row, earlier


def _person(row: Row, kept: Kept) -> Mapping[str, Any]:
    """Tell one person's decisions; types that were decided alike are told together."""
    alike: dict[tuple[int | None, ...], list[str]] = {}
    for reference_type in kept["types"]:
        alike.setdefault(tuple(row[f"{mask}_{reference_type}"] for mask in MASKS), []).append(reference_type)
    decided = [_decided(types, dict(zip(MASKS, masks, strict=True)), kept["rules"]) for masks, types in alike.items()]
    return {"what": "person", "contact": row["contact_id"], "candidate": row["is_candidate"], "decided": decided}


def _decided(types: list[str], masks: dict[str, int | None], rules: Sequence[Sequence[str]]) -> Mapping[str, Any]:
    failed, unknown = masks["failed"], masks["unknown"]
    standing = "eligible" if failed == 0 and unknown == 0 else "blocked" if failed else "unknown"
    reasons = {
        mask: [rule[0] for bit, rule in enumerate(rules) if value and value >> bit & 1] for mask, value in masks.items()
    }
    told = {mask: ids for mask, ids in reasons.items() if ids}
    return {"types": types, "standing": standing, "masks": [masks[mask] for mask in MASKS], "reasons": told}


def _slate(slate: Slate) -> Mapping[str, Any]:
    candidates = [[one.contact_id, one.rank, round(one.score, 3), one.recommended] for one in slate.candidates]
    return {
        "request_id": slate.request_id,
        "verdict": slate.verdict,
        "earliest_on": slate.earliest_on.isoformat() if slate.earliest_on else None,
        "asset_id": slate.substitute_asset_id,
        "candidates": json.dumps(candidates),
    }
