"""What a late or unfilled request is offered instead: published assets, and other kinds of reference in time; up to three.

Called by `joint`. Published assets come first, kind by kind in the order of rules/lead_time; then kinds for which
somebody suits. Nobody is named there: the requester reads it, and learns who a reference is once they have agreed. An asset counts only while the person's consent to that use is good today, for this request's region
and audience, and the very version is approved. Today's verdicts say so, not the state last written on the asset. Not
here: publishing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain, islice
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from crm_sync.matching.columns import normal, one_of, rows
from crm_sync.matching.families import Families
from crm_sync.matching.ledger import Ledger
from crm_sync.matching.offers import Offers, ranked
from crm_sync.matching.requests import OpenRequest
from crm_sync.matching.sentences import a, in_common
from crm_sync.model.calendar import BusinessCalendar
from crm_sync.model.snapshot import Snapshot
from crm_sync.model.verdicts import Verdicts

ASSET = (
    "id", "title", "account", "contact", "type", "status", "version", "approved_version", "industry", "use_case",
    "product",
)  # fmt: skip
COMPARED = ("industry", "use_case", "product")
Row = dict[str, Any]


@dataclass(frozen=True)
class Substitute:
    """What is offered instead, in words; `asset_id` if it is a published asset, the first of several."""

    text: str
    asset_id: str | None = None


@dataclass(frozen=True)
class Substitutes:
    """Everything that could stand in for a reference on this day."""

    assets: Sequence[Row]
    consents: Mapping[str, Row]
    offers: Offers
    ledger: Ledger
    calendar: BusinessCalendar
    today: date

    @classmethod
    def of(cls, snapshot: Snapshot, offers: Offers, ledger: Ledger, calendar: BusinessCalendar) -> Substitutes:
        """Read the published assets whose version is approved, and what their people consent to."""
        published = rows(snapshot, "asset", ASSET, one_of(snapshot, "asset", "status", ["published"]))
        usable = [asset for asset in published if _is_approved(asset)]
        consents = _consents(offers.filters.verdicts, {asset["contact"] for asset in usable if asset["contact"]})
        return cls(usable, consents, offers, ledger, calendar, snapshot.today)

    def instead_of(self, row: int) -> Substitute | None:
        """Find substitutes for one request, the best first."""
        request = self.offers.requests[row]
        kinds = self.offers.program.lead_time.substitutes.get(request.type or "", ())
        found = (self._asset(request, kind) for kind in kinds)
        other = (self._other_kind(row, kind) for kind in kinds)
        offered = list(islice((one for one in chain(found, other) if one is not None), OFFERED))
        return Substitute(_told(offered), offered[0].asset_id) if offered else None

    def _asset(self, request: OpenRequest, kind: str) -> Substitute | None:
        fitting = sorted(self._fitting(request, kind), key=lambda pair: (-pair[0], pair[1]["id"]))
        if not fitting:
            return None
        asset = fitting[0][1]
        common = in_common(_same(asset, request))
        return Substitute(
            f"A published {kind.replace('_', ' ')}: {asset['title'] or asset['id']} ({common}).", asset["id"]
        )

    def _fitting(self, request: OpenRequest, kind: str) -> Iterator[tuple[float, Row]]:
        """Give assets with something in common with what was asked for, and from nobody who competes."""
        weights = self.offers.program.matching.weights.model_dump()
        asked = [part for part in COMPARED if getattr(request, part)]
        for asset in self.assets:
            same = _same(asset, request)
            fits = asset["type"] == kind and (same or not asked)
            if fits and self._is_consented(asset, request) and self._may_show(asset, request):
                yield sum(weights[part] for part in same), asset

    def _is_consented(self, asset: Row, request: OpenRequest) -> bool:
        """Whether the person's consent to this use is good today and covers the request's region and audience."""
        consent, rules = self.consents.get(asset["contact"], {}), self.offers.program.consent
        territory = {normal(one) for one in consent.get(f"territory_{asset['type']}") or ()}
        in_region = bool(territory & {normal(rules.territory.everywhere), normal(request.region) or ""})
        return in_region and consent.get(f"audience_{asset['type']}") in rules.audience.anyone

    def _may_show(self, asset: Row, request: OpenRequest) -> bool:
        families: Families = self.offers.filters.families
        if asset["account"] is None:
            return False
        barred = families.competitors_of(request.prospect) | (
            {families.of(request.prospect)} if request.prospect else set()
        )
        known = bool(families.sets_of(asset["account"])) and bool(families.sets_of(request.prospect))
        refused = self.offers.program.matching.competitors.unknown == "refuse" and not known
        return families.of(asset["account"]) not in barred and not refused

    def _other_kind(self, row: int, kind: str) -> Substitute | None:
        """Offer another kind of reference if somebody suits and it can be had in time."""
        request = self.offers.requests[row].of_type(kind)
        first = self.calendar.add(self.today, self.offers.program.lead_time.business_days[kind])
        if request.needed_by is not None and request.needed_by < first:
            return None
        judged = self.offers.filters.judge(request, self.offers.points(row))
        pairs = [(row, int(one)) for one in judged.admitted.nonzero()[0]]
        free = sum(self.ledger.admits(request, one) for _, one in ranked(self.offers, pairs)[:LOOKED_AT])
        when = f" by {request.needed_by}" if request.needed_by else ""
        return Substitute(f"Ask for {a(kind)} instead: references suit and can be had{when}.") if free else None


OFFERED = 3
"""So many substitutes are offered, as far as the field has room for them."""
ROOM = 255
"""Characters of the request's field."""
LOOKED_AT = 200
"""So many who suit are tried before another kind is given up."""


def _told(offered: Sequence[Substitute]) -> str:
    """Say the first, and as many of the others as there is room for, each whole."""
    text = offered[0].text
    for other in offered[1:]:
        more = f"{text} Or {other.text[0].lower()}{other.text[1:]}"
        if len(more) > ROOM:
            break
        text = more
    return text


def _is_approved(asset: Row) -> bool:
    return asset["version"] is not None and asset["version"] == asset["approved_version"]


def _consents(verdicts: Verdicts, contacts: set[str]) -> Mapping[str, Row]:
    kept = [f"{name}_{t}" for t in verdicts.types for name in ("territory", "audience")]
    columns = ["contact_id", *(name for name in kept if name in verdicts.table.column_names)]
    mine = pc.is_in(verdicts.table["contact_id"], value_set=pa.array(sorted(contacts), pa.string()))
    return {row["contact_id"]: row for row in verdicts.table.filter(mine).select(columns).to_pylist()}


def _same(asset: Row, request: OpenRequest) -> list[str]:
    return [
        part
        for part in COMPARED
        if normal(asset[part]) is not None and normal(asset[part]) == normal(getattr(request, part))
    ]
