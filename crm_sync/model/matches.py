"""The joint assignment: a ranked slate per open request, or the reason there is none.

Made by `matching`, read by lifecycle. Not here: what is written to the org about it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True)
class Candidate:
    """One reference proposed for one request. `parts` are points per match weight; they sum to `score` (0-100)."""

    contact_id: str
    rank: int
    score: float
    parts: Mapping[str, float]
    recommended: bool
    reasons: tuple[str, ...]
    cautions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Slate:
    """What one request gets: up to five candidates, at most one recommended; or why not, and what instead.

    `verdict` is matched, late (needed sooner than is honest) or unfilled (nobody passes).
    `why` are sentences for the requester; they never say that a person declined.
    """

    request_id: str
    verdict: str
    candidates: tuple[Candidate, ...]
    why: tuple[str, ...]
    earliest_on: date | None = None
    substitute: str | None = None
    substitute_asset_id: str | None = None


@dataclass(frozen=True)
class Matches:
    """All slates, with the proof: objective reached and upper bound in tenths of a point (equal when proven), and spread.

    `barred` has one entry per open ask, by match id, else by activity id: the rules of its request (the names of
    `matching.filters`) that speak against it today. An ask without an entry could not be judged, which is no pass.
    """

    slates: tuple[Slate, ...]
    objective: int
    bound: int
    gini: float
    barred: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @property
    def gap_points(self) -> float:
        """How many points another assignment under the same limits could reach more at most; 0 is a proof."""
        return (self.bound - self.objective) / 10

    @property
    def proof(self) -> str:
        """Say how good the joint assignment is, in the words of summaries, logs and run records."""
        gap = self.gap_points
        return f"at most {gap:g} points from the optimum" if gap else "proven optimal"
