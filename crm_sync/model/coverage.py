"""What the pipeline will ask for and what references can give, by segment and month; and whom to win for a gap.

Made by `lifecycle.coverage`, shown by the commands and the report, written as coverage rows. Not here: counting.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import accumulate

LEAST_SHOWN = 0.05
"""Less than this rounds to nothing."""


@dataclass(frozen=True)
class Cell:
    """Who is like whom: industry, product and region as on the accounts; None where it is not known."""

    industry: str | None
    product: str | None
    region: str | None

    @property
    def sort_key(self) -> tuple[str, str, str]:
        """Sort by name, what is not known last."""
        known = (self.industry, self.product, self.region)
        one, two, three = (text if text is not None else "\uffff" for text in known)
        return one, two, three


@dataclass(frozen=True)
class Recruit:
    """Somebody who could close a gap: what they still miss (criterion ids), the nearest first.

    `near_miss` is the one criterion before candidacy that they miss; None for who only has to be asked in.
    """

    contact_id: str
    who: str
    strength: float
    near_miss: str | None
    missing: tuple[str, ...]
    step: str


@dataclass(frozen=True)
class Segment:
    """One cell and reference type, month by month: expected requests, uses that can be given within every limit.

    `lapsing` are the uses that could be given as well if the consents that end meanwhile were renewed.
    """

    cell: Cell
    type: str
    demand: tuple[float, ...]
    supply: tuple[float, ...]
    lapsing: tuple[float, ...]
    recruits: tuple[Recruit, ...] = ()

    @property
    def gap(self) -> float:
        """Demand less supply over the whole time; below zero when more can be given than is asked for."""
        return sum(self.demand) - sum(self.supply)

    @property
    def balance(self) -> tuple[float, ...]:
        """For each month, how many more were asked for than could be given up to its end."""
        pairs = zip(accumulate(self.demand), accumulate(self.supply), strict=True)
        return tuple(asked - given for asked, given in pairs)

    @property
    def missing(self) -> float:
        """How many references will be missing when it is worst; 0 when demand can always be met."""
        return max(0.0, *self.balance)

    @property
    def short_from(self) -> int | None:
        """The first month in which references are missing, counted from 0; None when none is."""
        return next((month for month, short in enumerate(self.balance) if short >= LEAST_SHOWN), None)


@dataclass(frozen=True)
class Coverage:
    """All segments that have demand or supply, in a fixed order. `months` are their first days.

    `left_out` counts the open deals that could not be reckoned, by what they lack.
    """

    months: tuple[date, ...]
    segments: tuple[Segment, ...]
    left_out: Mapping[str, int]
    deals: int
    requests: int

    @property
    def gaps(self) -> tuple[Segment, ...]:
        """The segments in which references will be missing, the worst first."""
        short = [segment for segment in self.segments if segment.missing >= LEAST_SHOWN]
        return tuple(sorted(short, key=lambda s: (-round(s.missing, 6), s.cell.sort_key, s.type)))

    @property
    def recruiting(self) -> tuple[tuple[Recruit, tuple[Segment, ...]], ...]:
        """Everybody on a list with the gaps they would help to close; the most wanted first, then the nearest."""
        people: dict[str, tuple[Recruit, list[Segment]]] = {}
        for segment in self.gaps:
            for recruit in segment.recruits:
                people.setdefault(recruit.contact_id, (recruit, []))[1].append(segment)
        ranked = sorted(
            people.values(), key=lambda found: (-_missing(found[1]), len(found[0].missing), found[0].contact_id)
        )
        return tuple((recruit, tuple(segments)) for recruit, segments in ranked)


def _missing(segments: Iterable[Segment]) -> float:
    return round(sum(segment.missing for segment in segments), 6)
