"""Asks that are under way -> whom they bind before anything is matched anew.

Called by `joint`. An owner's approval or a question to the customer keeps its request, good or not: one that is not good is
frozen by lifecycle, and nobody else is asked meanwhile. A proposal that nobody
has acted on gives back what it holds and is then put down first again, so that only a request with nobody else can
move it. Not here: whether an ask has lapsed (requests).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from crm_sync.matching.columns import one_of, rows
from crm_sync.matching.ledger import Ledger
from crm_sync.matching.offers import Offers
from crm_sync.matching.pool import person_keys_of
from crm_sync.matching.requests import OpenRequest
from crm_sync.model.snapshot import Snapshot


def note_served(ledger: Ledger, snapshot: Snapshot, offers: Offers) -> None:
    """Rest everybody who is down for a request that is no longer open, or for none."""
    open_ids = {request.id for request in offers.requests}
    held = [row for row in offers.filters.verdicts.held.to_pylist() if row["request_id"] not in open_ids]
    named = {row["request_id"] for row in held if row["request_id"]}
    where = one_of(snapshot, "request", "id", named)
    needed = {row["id"]: row["needed_by"] for row in rows(snapshot, "request", ("id", "needed_by"), where)}
    person_of = person_keys_of(offers.filters.verdicts, (row["contact_id"] for row in held))
    for row in held:
        for at in offers.pool.person_row.get(person_of.get(row["contact_id"], ""), ())[:1]:
            ask = OpenRequest(row["request_id"] or "", row["reference_type"], needed_by=needed.get(row["request_id"]))
            ledger.reserve(ask, at)


def standing_asks(offers: Offers, ledger: Ledger) -> Mapping[int, int]:
    """Enter the asks under way in the ledger; give the reference of each request that has one."""
    asked: dict[int, int] = {}
    for row, request in enumerate(offers.requests):
        at = offers.pool.row_of.get(request.history.asked or "") if request.type else None
        if at is not None:
            asked[row] = at
            ledger.reserve(request, at)
    return asked


def waiting_proposals(offers: Offers, ledger: Ledger, rows: Iterable[int]) -> Mapping[int, int]:
    """Let proposals that wait for an owner give back what they hold; give those that are still good."""
    waiting: dict[int, int] = {}
    for row in rows:
        request = offers.requests[row]
        at = offers.pool.row_of.get(request.history.proposed or "")
        if at is not None and offers.filters.holds(request, at):
            ledger.release(request, at)
            if offers.admitted(row)[at]:
                waiting[row] = at
    return waiting
