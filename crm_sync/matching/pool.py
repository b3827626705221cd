"""Verdicts and snapshot -> the references that could be asked for something, as columns sorted by contact id.

Called by `joint`. A person with several contact records appears once per type. Somebody whose only obstacle is a cap
stays in the pool as `spent`, so that what a request is told does not depend on who holds the last free use. Not here:
whether one suits one request (filters).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from crm_sync.matching.columns import Codes, Joined, Words
from crm_sync.matching.families import Families
from crm_sync.matching.market import Ints
from crm_sync.model.snapshot import Snapshot
from crm_sync.model.verdicts import Verdicts
from crm_sync.program import Program
from crm_sync.program.rules import SCALE

Flags = NDArray[np.bool_]
NEVER = np.datetime64(date.max)
"""Stands for a day that is not known, where later is worse."""
NOTHING = -(10**6)
"""Stands for what is left of a cap when that is not known: no release brings it above zero."""


@dataclass(frozen=True)
class Standing:
    """Who may be asked for one type: `ready`, or `spent` when nothing but a cap stands in the way.

    `earliest` is the first honest day, `consent_until` the first day without consent (NEVER if it does not end);
    `territory` and `audience` are what the consent covers.
    """

    ready: Flags
    spent: Flags
    earliest: NDArray[np.datetime64]
    consent_until: NDArray[np.datetime64]
    territory: Words
    audience: Codes
    caution: Ints

    @property
    def counted(self) -> Flags:
        """Everybody who may be asked, caps aside."""
        return self.ready | self.spent


@dataclass(frozen=True)
class Pool:
    """One row per contact. `links` and `link_family` are every family each row's person works for, duplicates too.

    `left[cap id]` is what is left of a cap in thousandths; `load` counts recent uses and open asks,
    `uses` the former alone; `effort` is what was done with the person in a year, in thousandths of a point.
    """

    contact_id: Sequence[str]
    person: Codes
    account: Codes
    strength: Ints
    load: Ints
    uses: Ints
    effort: Ints
    left: Mapping[str, Ints]
    standing: Mapping[str, Standing]
    links: Ints
    link_family: Codes
    set_known: Flags
    industry: Codes
    use_case: Codes
    product: Codes
    region: Codes
    employees: NDArray[np.float64]
    languages: Words
    time_zone: Codes
    topics: pa.Array
    avoid_topics: Sequence[tuple[str, ...]]
    owner_active: Flags

    def __len__(self) -> int:
        return len(self.contact_id)

    @cached_property
    def row_of(self) -> Mapping[str, int]:
        """The row of each contact."""
        return {contact_id: row for row, contact_id in enumerate(self.contact_id)}

    @cached_property
    def person_keys(self) -> Sequence[str]:
        """The person key of each row."""
        names = list(self.person.index)
        return [names[code] for code in self.person.of_row]

    @cached_property
    def person_row(self) -> Mapping[str, list[int]]:
        """The rows of each person, by person key."""
        rows: dict[str, list[int]] = {key: [] for key in self.person.index}
        for row, key in enumerate(self.person_keys):
            rows[key].append(row)
        return rows


def read_pool(
    snapshot: Snapshot, verdicts: Verdicts, program: Program, families: Families, types: Iterable[str], held: set[str]
) -> Pool:
    """Read everybody who may be asked for one of these types, caps aside, and everybody in `held`."""
    caps = cap_bits(verdicts, program)
    table = verdicts.table
    keep = _among(table, held)
    for reference_type in types:
        keep = pc.or_(keep, pa.chunked_array([pa.array(blocking(table, reference_type) & ~caps == 0)]))
    return _Building.of(snapshot, verdicts, program, families, keep).pool(types, caps)


def read_held(
    snapshot: Snapshot, verdicts: Verdicts, program: Program, families: Families, types: Iterable[str], held: set[str]
) -> Pool:
    """Read those in `held` and nobody else."""
    keep = _among(verdicts.table, held)
    return _Building.of(snapshot, verdicts, program, families, keep).pool(types, cap_bits(verdicts, program))


def _among(table: pa.Table, contacts: set[str]) -> pa.ChunkedArray:
    return pc.is_in(table["contact_id"], value_set=pa.array(sorted(contacts), pa.string()))


def cap_bits(verdicts: Verdicts, program: Program) -> int:
    """Give the bits of all caps in the verdicts' masks."""
    ids = {f"tolerance.{cap.id}" for cap in program.tolerance.caps}
    return sum(1 << bit for bit, rule in enumerate(verdicts.rules) if rule.id in ids)


def person_keys_of(verdicts: Verdicts, contacts: Iterable[str]) -> Mapping[str, str]:
    """Give the person key of each of these contacts that has a verdict."""
    wanted = pa.array(sorted(set(contacts)), pa.string())
    table = verdicts.table.filter(pc.is_in(verdicts.table["contact_id"], value_set=wanted))
    return dict(zip(table["contact_id"].to_pylist(), table["person_key"].to_pylist(), strict=True))


def blocking(table: pa.Table, reference_type: str) -> Ints:
    """The bits of every hard criterion that is not true; a null mask counts as all of them."""
    masks = [pc.fill_null(table[f"{kind}_{reference_type}"], -1) for kind in ("failed", "unknown")]
    bits: Ints = np.asarray(masks[0]) | np.asarray(masks[1])
    return bits


@dataclass(frozen=True)
class _Building:
    snapshot: Snapshot
    program: Program
    families: Families
    everybody: pa.Table
    chosen: pa.Table

    @classmethod
    def of(
        cls, snapshot: Snapshot, verdicts: Verdicts, program: Program, families: Families, keep: pa.ChunkedArray
    ) -> _Building:
        """Choose whom to keep, of those with a profile."""
        table = verdicts.table
        with_profile = Joined.by(snapshot, "profile", "contact", table["contact_id"].combine_chunks()).is_there
        chosen = table.filter(pc.and_(keep, pa.chunked_array([pa.array(with_profile)]))).sort_by("contact_id")
        return cls(snapshot, program, families, table, chosen)

    def pool(self, types: Iterable[str], caps: int) -> Pool:
        """Bring the columns of contact, account, profile and owner to the chosen rows."""
        chosen = self.chosen
        contact_ids = chosen["contact_id"].combine_chunks()
        contact = Joined.by(self.snapshot, "contact", "id", contact_ids)
        account = Joined.by(self.snapshot, "account", "id", chosen["account_id"].combine_chunks())
        profile = Joined.by(self.snapshot, "profile", "contact", contact_ids)
        owner_ids = pc.coalesce(_text(account["owner"]), _text(contact["owner"]))
        owner = Joined.by(self.snapshot, "user", "id", owner_ids)
        person = Codes.exactly(chosen["person_key"].combine_chunks())
        links, link_family = self._links(person)
        return Pool(
            contact_id=contact_ids.to_pylist(),
            person=person,
            account=Codes.exactly(chosen["account_id"].combine_chunks()),
            strength=_whole(chosen, "strength", 1, 0),
            load=_whole(chosen, "activations_180d", 1, 99) + _whole(chosen, "reservations", 1, 99),
            uses=_whole(chosen, "activations_180d", 1, 0),
            effort=_whole(chosen, "effort_365d", SCALE, 99),
            left={cap.id: _whole(chosen, f"left_{cap.id}", SCALE, NOTHING) for cap in self.program.tolerance.caps},
            standing={t: self._standing(t, caps, person.of_row) for t in types},
            links=links,
            link_family=link_family,
            set_known=np.array([bool(self.families.sets_of(a)) for a in chosen["account_id"].to_pylist()], dtype=bool),
            industry=Codes.of(account["industry"]),
            use_case=Codes.of(account["use_case"]),
            product=Codes.of(account["product"]),
            region=Codes.of(account["region"]),
            employees=np.asarray(pc.fill_null(pc.cast(account["employees"], pa.float64()), np.nan)),
            languages=Words.of(profile["languages"]),
            time_zone=Codes.exactly(pc.coalesce(_text(profile["time_zone"]), self._default_zones(account["region"]))),
            topics=pc.fill_null(_text(profile["topics"]), ""),
            avoid_topics=self._avoided(),
            owner_active=np.asarray(pc.fill_null(pc.cast(owner["active"], pa.bool_()), False)),
        )

    def _standing(self, reference_type: str, caps: int, person: Ints) -> Standing:
        """Read one type; of several records of a person that may be asked for it, the smallest contact id stands."""
        bits = blocking(self.chosen, reference_type)
        counted = bits & ~caps == 0
        rows = np.flatnonzero(counted)
        _, first = np.unique(person[rows], return_index=True)
        stands = np.zeros(len(counted), dtype=bool)
        stands[rows[first]] = True
        spent = stands & (bits != 0)
        return Standing(
            ready=stands & ~spent,
            spent=spent,
            earliest=self._days(f"earliest_{reference_type}"),
            consent_until=self._days(f"consent_until_{reference_type}"),
            territory=Words.of(self._column(f"territory_{reference_type}")),
            audience=Codes.of(self._column(f"audience_{reference_type}")),
            caution=_whole(self.chosen, f"caution_{reference_type}", 1, 0),
        )

    def _days(self, column: str) -> NDArray[np.datetime64]:
        days = pc.fill_null(pc.cast(self._column(column), pa.date32()), pa.scalar(date.max, pa.date32()))
        return np.asarray(days).astype("datetime64[D]")

    def _column(self, column: str) -> pa.Array:
        known = column in self.chosen.column_names
        return self.chosen[column].combine_chunks() if known else pa.nulls(self.chosen.num_rows)

    def _default_zones(self, regions: pa.Array) -> pa.Array:
        zones = self.program.lead_time.default_time_zone_by_region
        found = pc.index_in(_text(regions), value_set=pa.array(list(zones), pa.string()))
        return pa.array(list(zones.values()), pa.string()).take(found)

    def _links(self, person: Codes) -> tuple[Ints, Codes]:
        """Pair every chosen row with the families of all records of the same person."""
        mine = self._same_people(["person_key", "account_id"])
        rows_of: dict[str, list[int]] = {}
        for row, key in enumerate(self.chosen["person_key"].to_pylist()):
            rows_of.setdefault(key, []).append(row)
        pairs = {
            (row, self.families.of(account_id))
            for key, account_id in zip(*(column.to_pylist() for column in mine.columns), strict=True)
            for row in rows_of[key]
            if account_id
        }
        ordered = sorted(pairs)
        return np.array([row for row, _ in ordered], dtype=np.int64), Codes.exactly(
            pa.array([family for _, family in ordered], pa.string())
        )

    def _same_people(self, columns: list[str]) -> pa.Table:
        keys = self.chosen["person_key"].combine_chunks()
        return self.everybody.filter(pc.is_in(self.everybody["person_key"], value_set=keys)).select(columns)

    def _avoided(self) -> list[tuple[str, ...]]:
        """Collect what each person wants to avoid, on whichever of their records it stands."""
        mine = self._same_people(["person_key", "contact_id"])
        profile = Joined.by(self.snapshot, "profile", "contact", mine["contact_id"].combine_chunks())
        texts: dict[str, list[str]] = {}
        for key, text in zip(mine["person_key"].to_pylist(), profile["avoid_topics"].to_pylist(), strict=True):
            if text:
                texts.setdefault(key, []).append(str(text).casefold())
        return [tuple(sorted(texts.get(key, ()))) for key in self.chosen["person_key"].to_pylist()]


def _whole(table: pa.Table, column: str, scale: int, unknown: int) -> Ints:
    """Give a column of numbers in whole units of 1/scale, rounded down; `unknown` for null and for no such column."""
    if column not in table.column_names:
        return np.full(table.num_rows, unknown * scale, dtype=np.int64)
    values = np.asarray(pc.fill_null(pc.cast(table[column], pa.float64()), unknown), dtype=np.float64)
    return np.floor(values * scale + 1e-6).astype(np.int64)


def _text(values: pa.Array) -> pa.Array:
    return pc.cast(values, pa.string())
