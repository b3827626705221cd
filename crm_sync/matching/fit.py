"""Fit of requests and references as points: one row of wants times one column of offers, and the parts behind a sum.

Called by `joint` and `slates`. Every part is worth its weight of rules/matching or a share of it; what a request
leaves open gives everybody the full part. Points are whole tenths. Not here: load, which is a price and never a part
of the fit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from crm_sync.matching.columns import UNKNOWN, Codes, normal
from crm_sync.matching.market import Floats
from crm_sync.matching.pool import Pool
from crm_sync.matching.requests import OpenRequest
from crm_sync.program import Program

TENTHS = 10
HALF = 0.5
NEAR_HOURS = 3
"""Time zones this many hours apart at most still share most of a working day."""

PARTS = ("industry", "use_case", "size", "product", "geography", "language", "strength")


@dataclass(frozen=True)
class Segment:
    """The columns of one part: one per value a reference can have, and a last one that all have."""

    part: str
    start: int
    size: int

    @property
    def open(self) -> int:
        """The column that every reference has."""
        return self.start + self.size

    @property
    def columns(self) -> slice:
        """All columns of the part."""
        return slice(self.start, self.start + self.size + 1)


@dataclass(frozen=True)
class Fit:
    """`wants[i] @ offers[:, j]` is the fit of request i and reference j in tenths of a point."""

    wants: Floats
    offers: Floats
    segments: Sequence[Segment]

    def row(self, request: int) -> Floats:
        """Give the fit of one request with everybody: its few wants added up."""
        points = np.zeros(self.offers.shape[1], dtype=np.float32)
        for column in np.flatnonzero(self.wants[request]):
            points += self.wants[request, column] * self.offers[column]
        return points

    def points(self, request: int, reference: int) -> Mapping[str, int]:
        """Give the parts of one pair in tenths of a point; they sum to its fit."""
        parts = dict.fromkeys(PARTS, 0)
        for segment in self.segments:
            at = segment.columns
            parts[segment.part] += int((self.wants[request, at] * self.offers[at, reference]).sum())
        return parts


def fit(requests: Sequence[OpenRequest], pool: Pool, program: Program, as_of: datetime) -> Fit:
    """Lay out wants and offers so that fit is one matrix product."""
    layout = _Layout(requests, pool, program, as_of)
    wants = np.zeros((len(requests), layout.width), dtype=np.float32)
    for row, request in enumerate(requests):
        for column, tenths in layout.wants(request):
            wants[row, column] += tenths
    return Fit(wants, layout.offers(), layout.segments)


class _Layout:
    """Which column stands for which value, and what each value is worth to a request."""

    def __init__(self, requests: Sequence[OpenRequest], pool: Pool, program: Program, as_of: datetime) -> None:
        self.pool, self.program = pool, program
        self.weight = {name: points * TENTHS for name, points in program.matching.weights.model_dump().items()}
        self.sizes = list(program.matching.company_size.model_dump())
        self.size = _sizes(pool, program)
        self.topic = {text: code for code, text in enumerate(sorted({_text(r.use_case) for r in requests} - {""}))}
        self.hours = {zone: _hours(zone, as_of) for zone in pool.time_zone.index}
        self.as_of = as_of
        counted = (
            ("industry", len(pool.industry)),
            ("use_case", len(pool.use_case)),
            ("use_case", len(self.topic)),
            ("size", len(self.size)),
            ("product", len(pool.product)),
            ("geography", len(pool.region)),
            ("language", len(pool.time_zone)),
            ("strength", 1),
        )
        starts = np.cumsum([0, *(size + 1 for _, size in counted)])
        self.segments = [Segment(part, int(start), size) for (part, size), start in zip(counted, starts, strict=False)]
        self.width = int(starts[-1])
        names = ("industry", "use_case", "topic", "size", "product", "geography", "zone", "strength")
        self.at = dict(zip(names, self.segments, strict=True))

    def offers(self) -> Floats:
        """One column per reference: 1 in the row of each of its values, its strength in tenths of a point."""
        offers = np.zeros((self.width, len(self.pool)), dtype=np.float32)
        exact = {
            "industry": self.pool.industry,
            "use_case": self.pool.use_case,
            "size": self.size,
            "product": self.pool.product,
            "geography": self.pool.region,
            "zone": self.pool.time_zone,
        }
        for name, codes in exact.items():
            known = np.flatnonzero(codes.of_row != UNKNOWN)
            offers[self.at[name].start + codes.of_row[known], known] = 1
        for segment in self.segments:
            offers[segment.open] = 1
        offers[self.at["strength"].start] = np.rint(self.weight["strength"] * self.pool.strength / 100)
        for text, code in self.topic.items():
            own = self.pool.use_case.of_row == self.pool.use_case.index.get(text, UNKNOWN - 1)
            offers[self.at["topic"].start + code] = (
                np.asarray(pc.match_substring(self.pool.topics, text, ignore_case=True)) & ~own
            )
        return offers

    def wants(self, request: OpenRequest) -> Iterator[tuple[int, float]]:
        """Give the worth of each column to one request, in tenths."""
        yield from self._exact("industry", self.pool.industry, request.industry)
        yield from self._exact("use_case", self.pool.use_case, request.use_case)
        if request.use_case and (topic := self.topic.get(_text(request.use_case))) is not None:
            yield self.at["topic"].start + topic, _tenths(self.weight["use_case"] * HALF)
        yield from self._size(request.size)
        yield from self._exact("product", self.pool.product, request.product)
        yield from self._exact("geography", self.pool.region, request.region)
        yield from self._language(request.requester_zone)
        yield self.at["strength"].start, 1

    def _exact(self, name: str, codes: Codes, value: str | None) -> Iterator[tuple[int, float]]:
        segment = self.at[name]
        if normal(value) is None:
            yield segment.open, _tenths(self.weight[segment.part])
        elif (code := codes.code(value)) != UNKNOWN:
            yield segment.start + code, _tenths(self.weight[segment.part])

    def _size(self, wanted: str | None) -> Iterator[tuple[int, float]]:
        if wanted not in self.sizes:
            yield self.at["size"].open, _tenths(self.weight["size"])
            return
        for offered, code in self.size.index.items():
            apart = abs(self.sizes.index(offered) - self.sizes.index(wanted))
            if apart <= 1:
                yield self.at["size"].start + code, _tenths(self.weight["size"] * (HALF if apart else 1))

    def _language(self, zone: str | None) -> Iterator[tuple[int, float]]:
        """Half for the language, which every pair that may meet shares; half for working at the same hours."""
        half = _tenths(self.weight["language"] * HALF)
        yield self.at["zone"].open, _tenths(self.weight["language"]) - half
        own = _hours(zone, self.as_of)
        if own is None:
            yield self.at["zone"].open, half
            return
        for other, code in self.pool.time_zone.index.items():
            hours = self.hours[other]
            if hours is not None and abs(hours - own) <= NEAR_HOURS:
                yield self.at["zone"].start + code, half


def _tenths(value: float) -> int:
    return int(np.rint(value))


def _text(value: str | None) -> str:
    return normal(value) or ""


def _sizes(pool: Pool, program: Program) -> Codes:
    """Give each reference's company size; not known without a number of employees, and below the smallest size."""
    least = program.matching.company_size.model_dump()
    names = sorted(least, key=lambda name: least[name])
    step = np.digitize(np.nan_to_num(pool.employees, nan=-1), sorted(least.values()))
    return Codes.of(pa.array([None, *names], pa.string()).take(pa.array(step)))


def _hours(zone: str | None, as_of: datetime) -> float | None:
    """How far a zone is ahead of UTC now, in hours; None if there is no such zone."""
    try:
        offset = as_of.astimezone(ZoneInfo(zone)).utcoffset() if zone else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
    return offset.total_seconds() / 3600 if offset is not None else None
