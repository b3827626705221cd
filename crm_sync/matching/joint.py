"""Snapshot x Verdicts -> Matches: the whole of matching on one page.

Called by the pipeline through `crm_sync.matching`. Whoever was already asked or approved keeps their request, and so
does a proposal unless a request with nobody else needs the person; all others are matched
together. The order of rows changes nothing. Not here: writing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

import numpy as np

from crm_sync.matching.families import Families, families
from crm_sync.matching.filters import Filters
from crm_sync.matching.fit import TENTHS, fit
from crm_sync.matching.held_asks import barred_asks
from crm_sync.matching.ledger import Ledger
from crm_sync.matching.offers import Offers, outlooks
from crm_sync.matching.pool import read_pool
from crm_sync.matching.recent import recent_uses
from crm_sync.matching.recommend import Recommendations, recommend
from crm_sync.matching.requests import OpenRequest, open_requests
from crm_sync.matching.sentences import candidate_cautions, candidate_reasons, why_late, why_matched, why_unfilled
from crm_sync.matching.slates import Lines
from crm_sync.matching.spread import gini_of_efforts
from crm_sync.matching.standing_asks import note_served, standing_asks, waiting_proposals
from crm_sync.matching.substitutes import Substitutes
from crm_sync.model.calendar import BusinessCalendar
from crm_sync.model.matches import Candidate, Matches, Slate
from crm_sync.model.org_days import org_calendar
from crm_sync.model.snapshot import Snapshot
from crm_sync.model.verdicts import Verdicts
from crm_sync.program import Program


def match(snapshot: Snapshot, verdicts: Verdicts, program: Program) -> Matches:
    """Match every open request: one joint assignment, a ranked slate each, or why there is none and what instead."""
    calendar = org_calendar(snapshot)
    related = families(snapshot)
    requests = open_requests(snapshot, program, calendar, related)
    offers = _offers(snapshot, verdicts, program, requests, related)
    ledger = Ledger(offers.pool, program)
    note_served(ledger, snapshot, offers)
    asked = standing_asks(offers, ledger)
    late = _late(requests, program, calendar, snapshot.today)
    rows = [
        row
        for row, request in enumerate(requests)
        if not request.history.asked and request.id not in late and request.type
    ]
    waiting = waiting_proposals(offers, ledger, rows)
    offers = replace(offers, has_room_again=ledger.has_room_again())
    found = recommend(offers, rows, ledger, waiting)
    desk = _Desk(offers, found, asked, late, Substitutes.of(snapshot, offers, found.ledger, calendar), calendar)
    slates = tuple(desk.slate(row) for row in range(len(requests)))
    gini = gini_of_efforts(verdicts, program, offers, found.chosen)
    barred = barred_asks(snapshot, offers.filters, program)
    return Matches(slates, found.objective, found.bound, gini, barred)


def _offers(
    snapshot: Snapshot, verdicts: Verdicts, program: Program, requests: Sequence[OpenRequest], related: Families
) -> Offers:
    wanted = {request.type for request in requests if request.type}
    types = sorted(wanted.union(*(program.lead_time.substitutes.get(one, ()) for one in wanted)))
    ids = {request.id for request in requests}
    held = {row["contact_id"] for row in verdicts.held.to_pylist() if row["request_id"] in ids}
    pool = read_pool(snapshot, verdicts, program, related, types, held)
    filters = Filters(pool, related, recent_uses(snapshot, verdicts, program, ids, related), program, verdicts)
    fitted = fit(requests, pool, program, snapshot.as_of)
    nobody = np.zeros(len(pool), dtype=bool)
    return Offers(requests, pool, fitted, filters, outlooks(requests, fitted, filters), program, nobody)


def _late(
    requests: Sequence[OpenRequest], program: Program, calendar: BusinessCalendar, today: date
) -> Mapping[str, date]:
    """Give the requests needed sooner than their kind allows for anybody, with the first day it does allow."""
    first = {t: calendar.add(today, days) for t, days in program.lead_time.business_days.items()}
    return {
        request.id: first[request.type]
        for request in requests
        if request.type and request.needed_by and request.needed_by < first[request.type]
    }


@dataclass(frozen=True)
class _Desk:
    """Everything that is said about a request, once all is decided."""

    offers: Offers
    found: Recommendations
    asked: Mapping[int, int]
    late: Mapping[str, date]
    substitutes: Substitutes
    calendar: BusinessCalendar

    def slate(self, row: int) -> Slate:
        """Write one request's slate."""
        request, outlook = self.offers.requests[row], self.offers.outlooks[row]
        if request.id in self.late and row not in self.asked:
            return self._late(row, max(self.late[request.id], self._lines.earliest(row) or self.late[request.id]))
        recommended = self.asked.get(row, self.found.chosen.get(row))
        ranked = self._lines.slate(row, recommended) if request.type else []
        candidates = tuple(
            self._candidate(row, one, rank, one == recommended) for rank, one in enumerate(ranked, start=1)
        )
        if candidates:
            return Slate(request.id, "matched", candidates, tuple(why_matched(request, outlook, len(candidates))))
        earliest = self._lines.earliest(row) if request.type and not outlook.suiting else None
        if earliest is not None:
            return self._late(row, earliest)
        return self._instead(row, "unfilled", tuple(why_unfilled(request, outlook)), None)

    @cached_property
    def _lines(self) -> Lines:
        return Lines(self.offers, self.found.ledger)

    def _late(self, row: int, earliest_on: date) -> Slate:
        request = self.offers.requests[row]
        notice = self.calendar.between(self.substitutes.today, earliest_on)
        why = tuple(why_late(request, self.offers.outlooks[row], notice, earliest_on))
        return self._instead(row, "late", why, earliest_on)

    def _instead(self, row: int, verdict: str, why: tuple[str, ...], earliest_on: date | None) -> Slate:
        found = self.substitutes.instead_of(row)
        return Slate(
            self.offers.requests[row].id,
            verdict,
            (),
            why,
            earliest_on=earliest_on,
            substitute=found.text if found else None,
            substitute_asset_id=found.asset_id if found else None,
        )

    def _candidate(self, row: int, reference: int, rank: int, recommended: bool) -> Candidate:
        tenths = self.offers.fit.points(row, reference)
        return Candidate(
            contact_id=self.offers.pool.contact_id[reference],
            rank=rank,
            score=sum(tenths.values()) / TENTHS,
            parts={name: value / TENTHS for name, value in tenths.items()},
            recommended=recommended,
            reasons=tuple(candidate_reasons(self.offers, row, reference, tenths)),
            cautions=tuple(candidate_cautions(self.offers, row, reference)),
        )
