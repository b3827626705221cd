"""Which references one request may be offered, and how many each rule keeps out.

Called by `offers`, `slates` and `substitutes`. Rules apply one after another, so each person is counted once, under
the first rule that keeps them out. Whoever said no to this request is left out before counting: a requester cannot
tell that from somebody who was never eligible. Not here: scores (fit) and who is taken (ledger).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from crm_sync.matching.columns import UNKNOWN, normal
from crm_sync.matching.families import Families
from crm_sync.matching.fit import TENTHS
from crm_sync.matching.market import Floats, Ints
from crm_sync.matching.pool import NEVER, Flags, Pool, Standing
from crm_sync.matching.recent import Recent
from crm_sync.matching.requests import OpenRequest
from crm_sync.model.verdicts import Verdicts
from crm_sync.program import Program

_SEPARATORS = re.compile(r"[;,\n\r]")


@dataclass(frozen=True)
class Judgement:
    """One request against the whole pool.

    `admitted` may be offered and have a use left; `full` suit as well but their caps leave no room today. `late` would
    suit but for notice. `counted` is everybody who may be asked for the type at all; `kept_out` counts by rule.
    """

    admitted: Flags
    full: Flags
    late: Flags
    counted: int
    kept_out: Mapping[str, int]


@dataclass(frozen=True)
class Filters:
    """The rules that a request and a reference have to pass together."""

    pool: Pool
    families: Families
    recent: Recent
    program: Program
    verdicts: Verdicts

    def judge(self, request: OpenRequest, points: Floats) -> Judgement:
        """Apply every rule in order; `points` is the fit with each reference in tenths."""
        standing = self._standing(request)
        alive = standing.counted & ~self._spent(request)
        counted, kept_out, out = int(alive.sum()), {}, alive
        for name, barred in self._rules(request, standing, points):
            out = alive & barred()
            kept_out[name] = int(out.sum())
            alive = alive & ~out
        return Judgement(
            alive & standing.ready, alive & standing.spent, out & standing.ready, counted, MappingProxyType(kept_out)
        )

    def bars(self, request: OpenRequest, row: int) -> Iterator[str]:
        """The rules that keep somebody from an ask that has begun: all of them but notice and fit."""
        standing, points = self.pool.standing[request.type or ""], np.zeros(len(self.pool), dtype=np.float32)
        for name, barred in self._rules(request, standing, points):
            if name not in ("notice", "fit") and barred()[row]:
                yield name

    def _rules(
        self, request: OpenRequest, standing: Standing, points: Floats
    ) -> Iterator[tuple[str, Callable[[], Flags]]]:
        yield "own", lambda: self._of_families({self.families.of(request.prospect)} if request.prospect else set())
        yield "competitor", lambda: self._of_families(self.families.competitors_of(request.prospect))
        if not self.families.shown or self.program.matching.competitors.unknown == "refuse":
            yield "not_known_to_compete", lambda: self.competition_unknown(request)
        yield "language", lambda: ~self._speaks(request.language)
        yield "topic", lambda: self._avoids(request)
        yield "consent", lambda: self._not_covered(request, standing)
        yield "recent", lambda: self._of_persons(self.recent.resting(request, "audience", "requester"))
        yield "recent_rival", lambda: self._of_persons(self.recent.resting(request, "competitor_set"))
        yield "fit", lambda: points < self.program.matching.minimum_score * TENTHS
        yield "notice", lambda: self._too_soon(request, standing)

    def competition_unknown(self, request: OpenRequest) -> Flags:
        """Where it is not known whether the reference's company competes with the prospect."""
        if not self.families.sets_of(request.prospect):
            return np.ones(len(self.pool), dtype=bool)
        return ~self.pool.set_known

    def _standing(self, request: OpenRequest) -> Standing:
        standing = self.pool.standing[request.type or ""]
        held = self._held.get(request.id, {})
        if not any(request.type == reference_type for _, reference_type in held):
            return standing
        return self._with_held(request, standing, held)

    def _with_held(self, request: OpenRequest, standing: Standing, held: Mapping[tuple[int, str], int]) -> Standing:
        """Judge an ask that already holds a reservation without counting that reservation against itself."""
        ready, spent = standing.ready.copy(), standing.spent.copy()
        for (row, reference_type), blocking in held.items():
            if reference_type == request.type:
                same_person = self.pool.person.of_row == self.pool.person.of_row[row]
                if blocking == 0:
                    ready[same_person] = spent[same_person] = False
                    ready[row] = True
                elif ready[row]:
                    ready[row] = False
        return Standing(
            ready, spent, standing.earliest, standing.consent_until, standing.territory, standing.audience,
            standing.caution,
        )  # fmt: skip

    @cached_property
    def _held(self) -> Mapping[str, Mapping[tuple[int, str], int]]:
        """The blocking bits of every open ask, by request, then by row and type."""
        found: dict[str, dict[tuple[int, str], int]] = {}
        for row in self.verdicts.held.sort_by("contact_id").to_pylist():
            at = self.pool.row_of.get(row["contact_id"])
            if at is not None and row["request_id"] and row["reference_type"]:
                blocking = _bits(row["failed"]) | _bits(row["unknown"])
                mine = found.setdefault(row["request_id"], {})
                mine[at, row["reference_type"]] = mine.get((at, row["reference_type"]), 0) | blocking
        return found

    def holds(self, request: OpenRequest, row: int) -> bool:
        """Whether this request holds a reservation of this reference that is still good."""
        return self._held.get(request.id, {}).get((row, request.type or "")) == 0

    def _spent(self, request: OpenRequest) -> Flags:
        table = self.verdicts.table
        if not request.history.spent:
            return np.zeros(len(self.pool), dtype=bool)
        contacts = pc.is_in(table["contact_id"], value_set=pa.array(sorted(request.history.spent), pa.string()))
        return self._of_persons(frozenset(table.filter(contacts)["person_key"].to_pylist()))

    def _of_persons(self, keys: frozenset[str]) -> Flags:
        return _flags([row for key in keys for row in self.pool.person_row.get(key, ())], len(self.pool))

    def _of_families(self, wanted: frozenset[str] | set[str]) -> Flags:
        codes = [code for family in wanted if (code := self.pool.link_family.index.get(family)) is not None]
        barred = _flags(codes, len(self.pool.link_family))
        return _flags(self.pool.links[barred[self.pool.link_family.of_row]], len(self.pool))

    def _speaks(self, language: str | None) -> Flags:
        if normal(language) is None:
            return np.ones(len(self.pool), dtype=bool)
        word = self._language(language)
        return self._kept(("language", word), lambda: self.pool.languages.any_of([word]))

    def _language(self, written: str | None) -> str:
        """Translate a language as people write it into the word the profiles use."""
        field = self.program.mappings["profile"].fields.get("languages")
        words = {api.casefold(): word.casefold() for api, word in field.values.items()} if field else {}
        text = normal(written) or ""
        return words.get(text, text)

    def _avoids(self, request: OpenRequest) -> Flags:
        """Whether what the call would be about is something the person wants to avoid."""
        about = [text for text in (normal(request.use_case), normal(request.product)) if text]
        return self._kept(("topic", *about), lambda: _flags(self._avoiding(about), len(self.pool)))

    def _avoiding(self, about: list[str]) -> list[int]:
        return [
            row
            for row, topics in self._avoiders
            if any(topic in text or text in topic for topic in topics for text in about)
        ]

    def _kept(self, key: tuple[str, ...], made: Callable[[], Flags]) -> Flags:
        """Keep what many requests share."""
        if key not in self._shared:
            self._shared[key] = made()
        return self._shared[key]

    @cached_property
    def _shared(self) -> dict[tuple[str, ...], Flags]:
        return {}

    @cached_property
    def _avoiders(self) -> list[tuple[int, list[str]]]:
        split = ((row, ",".join(texts)) for row, texts in enumerate(self.pool.avoid_topics) if texts)
        return [(row, [topic for part in _SEPARATORS.split(text) if (topic := part.strip())]) for row, text in split]

    def _not_covered(self, request: OpenRequest, standing: Standing) -> Flags:
        """Whether the consent stops short of this use: its region, an ordinary audience, or the day it is for."""
        ends = np.zeros(len(self.pool), dtype=bool)
        if request.needed_by:
            ends = standing.consent_until <= np.datetime64(request.needed_by)
        return ~self._in_territory(request, standing) | ~self._for_anyone(request, standing) | ends

    def _for_anyone(self, request: OpenRequest, standing: Standing) -> Flags:
        codes = {standing.audience.code(one) for one in self.program.consent.audience.anyone} - {UNKNOWN}
        return self._kept(("audience", request.type or ""), lambda: np.isin(standing.audience.of_row, sorted(codes)))

    def _in_territory(self, request: OpenRequest, standing: Standing) -> Flags:
        wide = [self.program.consent.territory.everywhere, request.region]
        key = ("territory", request.type or "", normal(request.region) or "")
        return self._kept(key, lambda: standing.territory.any_of(wide))

    def _too_soon(self, request: OpenRequest, standing: Standing) -> Flags:
        if request.needed_by is None:
            return np.asarray(standing.earliest == NEVER)
        later: Flags = standing.earliest > np.datetime64(request.needed_by)
        return later


def _bits(mask: int | None) -> int:
    return -1 if mask is None else mask


def _flags(rows: Sequence[int] | Ints, size: int) -> Flags:
    flags = np.zeros(size, dtype=bool)
    flags[rows] = True
    return flags
