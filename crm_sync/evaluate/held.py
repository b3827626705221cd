"""Open asks -> the verdict for each, which does not count itself: what the final gate asks of a held reservation.

An ask that waits for an answer takes its own place under every cap; judged like a new ask it would find its own place
taken. Called by `assessment`. Not here: new asks (`verdicts`).
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from crm_sync.evaluate.records import text_sql
from crm_sync.evaluate.state import Blind
from crm_sync.evaluate.verdicts import Judged
from crm_sync.model.verdicts import HELD
from crm_sync.program.rules import Cap


def held_asks(judged: Judged, blind: Blind, verdicts: pa.Table) -> pa.Table:
    """Give one row per open ask of a known type (the columns of model.verdicts.HELD), sorted."""
    records = judged.records
    if not records.rows("SELECT 1 FROM ask WHERE kind = 'reserved' LIMIT 1"):
        return HELD.empty_table()
    records.keep("verdicts", verdicts)
    asks = " UNION ALL ".join(_of_type(judged, blind, t) for t in judged.program.types)
    return records.arrow(f"{asks} ORDER BY ALL").cast(HELD)


def _of_type(judged: Judged, blind: Blind, reference_type: str) -> str:
    caps = [
        (bit, rule.gate.cap)
        for bit, rule in enumerate(judged.rules)
        if rule.gate and rule.gate.cap and reference_type in rule.gate.columns and not blind.cap(rule.gate.cap)
    ]
    replaced = sum(1 << bit for bit, _ in caps)
    fails = "".join(f" | {_bits(bit, cap, 'low > most AND high > most')}" for bit, cap in caps)
    unknown = "".join(f" | {_bits(bit, cap, 'high > most AND low <= most')}" for bit, cap in caps)
    return f"""
        SELECT a.contact_id, a.request_id, a.match_id, a.activity_id, a.type AS reference_type,
               (v.failed_{reference_type} & ~{replaced}){fails} AS failed,
               (v.unknown_{reference_type} & ~{replaced}){unknown} AS unknown, v.caution_{reference_type} AS caution
        FROM ask a JOIN verdicts v USING (contact_id) {" ".join(_joins(caps))}
        WHERE a.kind = 'reserved' AND a.type = {text_sql(reference_type)}
    """


def _bits(bit: int, cap: Cap, when: str) -> str:
    """Give a cap's bit when its count, this ask included as the reservation it is, stands so to its limit."""
    placed = when.replace("high", f"count_{cap.id}.high").replace("low", f"count_{cap.id}.low")
    return f"CASE WHEN {placed.replace('most', f'limit_{cap.id}.most')} THEN {1 << bit} ELSE 0 END"


def _joins(caps: list[tuple[int, Cap]]) -> Iterator[str]:
    for _, cap in caps:
        owner = "a.person_key" if cap.per == "person" else "a.account_id"
        for table in (f"count_{cap.id}", f"limit_{cap.id}"):
            yield f"LEFT JOIN {table} ON {table}.owner_id = {owner}"
