"""Asks that are under way -> whom they bind before anything is matched anew.

Called by `joint`. An owner's approval or a question to the customer is kept while it is good; a proposal that nobody has acted on
gives back what it holds, so that it can be placed better. Not here: whether a lapsed ask counts (requests).
"""

from __future__ import annotations

from collections.abc import Mapping

from crm_sync.matching.columns import one_of, rows
from crm_sync.matching.ledger import Ledger
from crm_sync.matching.offers import Offers
from crm_sync.matching.requests import OpenRequest
from crm_sync.model.snapshot import Snapshot


def note_served(ledger: Ledger, snapshot: Snapshot, offers: Offers) -> None:
    """Rest everybody who is down for a request that is no longer open, or for none."""
    open_ids = {request.id for request in offers.requests}
    held = [row for row in offers.filters.verdicts.held.to_pylist() if row["request_id"] not in open_ids]
    named = {row["request_id"] for row in held if row["request_id"]}
    where = one_of(snapshot, "request", "id", named)
    needed = {row["id"]: row["needed_by"] for row in rows(snapshot, "request", ("id", "needed_by"), where)}
    for row in held:
        at = offers.pool.row_of.get(row["contact_id"])
        if at is not None:
            ask = OpenRequest(row["request_id"] or "", row["reference_type"], needed_by=needed.get(row["request_id"]))
            ledger.reserve(ask, at)


def standing_asks(offers: Offers, ledger: Ledger) -> Mapping[int, int]:
    """Enter the asks under way in the ledger; give the reference of each request whose ask still stands."""
    asked: dict[int, int] = {}
    for row, request in enumerate(offers.requests):
        if request.type is None:
            continue
        at = offers.pool.row_of.get(request.history.asked or "")
        if at is not None and offers.filters.asked_still_stands(request, at):
            asked[row] = at
            ledger.reserve(request, at)
        waiting = offers.pool.row_of.get(request.history.proposed or "")
        if waiting is not None and row not in asked and offers.filters.holds(request, waiting):
            ledger.release(request, waiting)
    return asked
