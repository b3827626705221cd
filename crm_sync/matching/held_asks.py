"""Open asks -> what their requests' own rules now hold against each: the part of the final gate that only matching knows.

Called by `joint`, read by `lifecycle.gate`. Judges every ask that holds somebody, whatever its stage and its request's, by
the very filters that would keep the person from being proposed; notice and fit apart, which concern proposals alone. An ask
that cannot be judged has no answer, and what has none is no pass. Not here: the person's criteria and caps (evaluate).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from crm_sync.matching.columns import one_of, rows
from crm_sync.matching.filters import Filters
from crm_sync.matching.pool import read_held
from crm_sync.matching.requests import OpenRequest, requests_by_id
from crm_sync.model.snapshot import Snapshot
from crm_sync.program import Program

Row = Mapping[str, Any]
ANOTHER_TYPE = "type"
"""Stands for an ask for one kind of reference whose request wants another now."""


def barred_asks(snapshot: Snapshot, filters: Filters, program: Program) -> Mapping[str, frozenset[str]]:
    """Give for each open ask, by its match, else by its activity, the names of the rules that bar it."""
    held = filters.verdicts.held.to_pylist()
    if not held:
        return {}
    contacts, types = {ask["contact_id"] for ask in held}, sorted({ask["reference_type"] for ask in held})
    pool = read_held(snapshot, filters.verdicts, program, filters.families, types, contacts)
    here = replace(filters, pool=pool)
    asked_for = {ask["request_id"] for ask in held if ask["request_id"]}
    requests = requests_by_id(snapshot, program, asked_for, filters.families)
    days, found = _days(snapshot, held), defaultdict[str, set[str]](set)
    for ask in held:
        row, request = pool.row_of.get(ask["contact_id"]), requests.get(ask["request_id"])
        if row is not None and (request is not None or not ask["request_id"]):
            found[ask_id(ask)] |= _barring(here, request, ask, row, days) if request else set()
    unknown = {ask_id(ask) for ask in held if ask["contact_id"] not in pool.row_of}
    return {name: frozenset(barring) for name, barring in found.items() if name not in unknown}


def ask_id(ask: Row) -> str:
    """What names an open ask: its match, or its activity where it has none."""
    return str(ask["match_id"] or ask["activity_id"])


def _barring(filters: Filters, request: OpenRequest, ask: Row, row: int, days: Mapping[str, date]) -> set[str]:
    day = days.get(ask["activity_id"] or "") or days.get(ask["match_id"] or "") or request.needed_by
    asked = replace(request, type=ask["reference_type"], needed_by=day)
    another = {ANOTHER_TYPE} if request.type != ask["reference_type"] else set()
    return {*filters.bars(asked, row), *another}


def _days(snapshot: Snapshot, held: Sequence[Row]) -> Mapping[str, date]:
    """The day that is set for each ask that has one, by match and by activity."""
    found: dict[str, date] = {}
    for name, column in (("match", "scheduled_for"), ("activity", "scheduled_on")):
        ids = {ask[f"{name}_id"] for ask in held if ask[f"{name}_id"]}
        for row in rows(snapshot, name, ("id", column), one_of(snapshot, name, "id", ids)):
            if row[column] is not None:
                found[row["id"]] = row[column].date() if name == "match" else row[column]
    return found
