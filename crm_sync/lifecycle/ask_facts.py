"""Match rows with their activities -> the facts of each ask, and its phase: the table of `asks` applied to a world.

Built once per world. Not here: the table itself, and what is written.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from crm_sync.lifecycle.asks import AskFacts, Customer, Owner, Phase, Use, phase_of
from crm_sync.lifecycle.gate import gate_of
from crm_sync.lifecycle.world import Row, World, match_key
from crm_sync.model.asks import Patience, is_begun, is_refused

OVER = ("closed", "withdrawn")


@dataclass(frozen=True)
class Asks:
    """The phase of every ask of a world; `world.once(Asks)` works them out once for all who read them."""

    world: World
    _phases: dict[str, Phase] = field(default_factory=dict)

    @cached_property
    def patience(self) -> Patience:
        """How long people may take, today."""
        levels = self.world.program.matching.service_levels_business_days
        return Patience(self.world.today, self.world.calendar, levels.owner_answer, levels.customer_answer)

    def phase(self, match: Row) -> Phase:
        """The phase of one match, by its facts and today's slates."""
        if match["id"] not in self._phases:
            on_slate = self._on_slate.get(match.get("key") or "")
            facts = self.facts(match, proposed=on_slate is not None, chosen=bool(on_slate))
            self._phases[match["id"]] = phase_of(facts)
        return self._phases[match["id"]]

    def facts(self, match: Row, *, proposed: bool, chosen: bool) -> AskFacts:
        """Collect what decides the phase of one match."""
        gate = gate_of(self.world, match)
        return AskFacts(
            request=self._request(match),
            owner=self._owner(match),
            customer=self._customer(match),
            use=self._use(match),
            proposed=proposed,
            chosen=chosen,
            passes=gate.passes,
            in_time=gate.earliest_on is None,
            overtaken=self._is_overtaken(match),
        )

    def _request(self, match: Row) -> Literal["open", "on_hold", "over"]:
        request = self.world.row("request", match.get("request"))
        if request is None or request.get("stage") in OVER:
            return "over"
        return "open" if request.get("stage") == "submitted" else "on_hold"

    def _owner(self, match: Row) -> Owner:
        if match.get("owner_decision") == "declined":
            return "declined"
        if match.get("owner_decision") == "approved":
            return "left_unasked" if self.patience.is_left_unasked(match) else "approved"
        return "silent" if self.patience.is_owner_silent(match) else "undecided"

    def _customer(self, match: Row) -> Customer:
        statuses = self._statuses(match)
        if match.get("customer_response") == "declined" or statuses == {"declined"}:
            return "declined"
        if match.get("customer_response") == "accepted" or "accepted" in statuses:
            return "accepted"
        if match.get("asked_on") or "asked" in statuses:
            return "silent" if self.patience.is_customer_silent(match) else "asked"
        return "not_asked"

    def _use(self, match: Row) -> Use:
        statuses = self._statuses(match)
        if match.get("completed_on") or "completed" in statuses:
            return "completed"
        if "scheduled" in statuses:
            return "scheduled"
        if "missed" in statuses:
            return "missed"
        if statuses == {"cancelled"}:
            return "cancelled"
        return "scheduled" if match.get("scheduled_for") and not is_refused(match) else "none"

    def _statuses(self, match: Row) -> set[str]:
        return {str(a["status"]) for a in self.world.activities_of.get(match["id"], ()) if a.get("status")}

    def _is_overtaken(self, match: Row) -> bool:
        """Whether another ask of this request has somebody, or asks somebody while this one was never asked in time."""
        mine = self._place(match)
        others = (
            self._place(one) for one in self.world.matches_of.get(match["request"], ()) if one["id"] != match["id"]
        )
        return mine is not None and any(other < mine for other in others if other is not None)

    def _place(self, match: Row) -> tuple[int, str, str] | None:
        """The place of an ask among those of its request: who came furthest is first, of equals who got there first.

        None when nobody is drawn in.
        """
        if is_refused(match) or (not is_begun(match) and not self._statuses(match)):
            return None
        use, customer, key = self._use(match), self._customer(match), str(match.get("key") or match["id"])
        if use in ("missed", "cancelled"):
            return None
        if use in ("scheduled", "completed"):
            return 1, "", key
        if customer == "accepted":
            return 2, str(match.get("responded_on") or "9999"), key
        if customer == "asked":
            return 3, "", key
        approved = match.get("owner_decision") == "approved" and customer == "not_asked"
        if approved and self._owner(match) == "approved":
            return 4, str(match.get("owner_decided_on") or "9999"), key
        return None

    @cached_property
    def _on_slate(self) -> Mapping[str, bool]:
        """Whether each match key that a slate proposes is the one recommended."""
        return dict(slate_keys(self.world))

    @cached_property
    def of_request(self) -> Mapping[str, tuple[tuple[Row, Phase], ...]]:
        """Every match of each request with its phase, those of activities without a match not among them."""
        found: dict[str, list[tuple[Row, Phase]]] = defaultdict(list)
        for match in self.world.rows("match"):
            found[match["request"]].append((match, self.phase(match)))
        return {request: tuple(pairs) for request, pairs in found.items()}


def slate_keys(world: World) -> Iterable[tuple[str, bool]]:
    """Give the match key of every candidate of every slate, with whether it is recommended."""
    for slate in world.matches.slates:
        for candidate in slate.candidates:
            yield match_key(slate.request_id, candidate.contact_id), candidate.recommended
