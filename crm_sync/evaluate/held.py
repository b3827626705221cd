"""Open asks -> the verdict for each, which does not count itself: what the final gate asks of a held reservation.

An ask that waits for an answer takes its own place under every cap; judged like a new ask it would find its own place
taken. Called by `assessment`. Not here: new asks (`verdicts`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from crm_sync.evaluate.records import Records
from crm_sync.evaluate.verdicts import Judged
from crm_sync.model.verdicts import HELD
from crm_sync.program.rules import Cap

_ASKS = """
    SELECT contact_id, request_id, match_id, activity_id, type AS reference_type, person_key, account_id
    FROM ask WHERE kind = 'reserved' AND type IS NOT NULL ORDER BY ALL
"""
_OWNERS = (
    "(SELECT person_key FROM ask WHERE kind = 'reserved' UNION SELECT account_id FROM ask WHERE kind = 'reserved')"
)


@dataclass(frozen=True)
class Counts:
    """High and low count, and limit, in thousandths, by cap and owner; only of owners with an open ask."""

    known: Mapping[tuple[str, str], tuple[int, int, int]]

    def answer(self, cap: Cap, ask: Mapping[str, Any]) -> str:
        """Say whether the count, this ask included as the reservation it is, stays within the limit."""
        owner = ask["person_key"] if cap.per == "person" else ask["account_id"]
        high, low, most = self.known.get((cap.id, owner), (0, 0, cap.most(None)))
        return "true" if high <= most else "false" if low > most else "unknown"


def held_asks(judged: Judged, verdicts: pa.Table) -> pa.Table:
    """Give one row per open ask of a known type (the columns of model.verdicts.HELD), sorted."""
    asks = judged.records.rows(_ASKS)
    if not asks:
        return HELD.empty_table()
    counts = _counts(judged.records)
    contacts = pa.array({ask["contact_id"] for ask in asks}, pa.string())
    masks = [f"{kind}_{t}" for kind in ("failed", "unknown", "caution") for t in judged.program.types]
    lefts = [f"left_{cap.id}" for cap in judged.program.tolerance.caps]
    few = verdicts.select(["contact_id", *masks, *lefts]).filter(pc.is_in(verdicts["contact_id"], contacts))
    rows = {row["contact_id"]: row for row in few.to_pylist()}
    held = [{**ask, **_masks(judged, counts, ask, rows[ask["contact_id"]])} for ask in asks]
    return pa.Table.from_pylist(held, schema=HELD)


def _counts(records: Records) -> Counts:
    rows = records.rows(f"SELECT * FROM limited WHERE owner_id IN {_OWNERS}")
    return Counts({(row["cap"], row["owner_id"]): (row["high"], row["low"], row["most"]) for row in rows})


def _masks(judged: Judged, counts: Counts, ask: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, int]:
    """Replace the bits of the caps that can be known by the answers for this very ask."""
    t = ask["reference_type"]
    failed, unknown = row[f"failed_{t}"], row[f"unknown_{t}"]
    for bit, rule in enumerate(judged.rules):
        cap = rule.gate.cap if rule.gate and t in rule.gate.columns else None
        if cap is None or row[f"left_{cap.id}"] is None:
            continue
        answer, value = counts.answer(cap, ask), 1 << bit
        failed = failed | value if answer == "false" else failed & ~value
        unknown = unknown | value if answer == "unknown" else unknown & ~value
    return {"failed": failed, "unknown": unknown, "caution": row[f"caution_{t}"]}
