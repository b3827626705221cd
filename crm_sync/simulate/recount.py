"""The asks of a replay, counted anew against every limit: breaches, of which there must be none.

Called by reporting. Counts in its own plain way and shares no counting with evaluate and matching, which kept the limits while
the replay went on. A use that came from outside after somebody had been asked is nobody's breach. Not here: identity; who is
the same person is read from the verdicts.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from crm_sync.program import Cap
from crm_sync.program.rules import KEPT_IN
from crm_sync.simulate.play import Played

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Breach:
    """One ask too many: which limit, of whom, on which day, and how many there were of how many allowed."""

    cap: str
    contact_id: str
    day: date
    counted: float
    limit: float


@dataclass(frozen=True)
class _Ask:
    """One ask or use: of whom, whether the replay made it, from when it was open, until when, and when it was a use."""

    id: str
    contact: str
    owners: Mapping[str, str | None]
    type: str
    replayed: bool
    asked_on: date | None
    ended_on: date | None
    used_on: date | None

    def counts_on(self, day: date, window_days: int) -> bool:
        """Whether it counts on a day: open then, or used not longer ago than the window."""
        if self.used_on is not None and self.used_on <= day:
            return self.used_on > day - timedelta(days=window_days)
        return self.asked_on is not None and self.asked_on <= day and (self.ended_on is None or self.ended_on > day)


def breaches(played: Played) -> tuple[Breach, ...]:
    """Hold every ask of the replay against every limit, on the day it was made and on the day of the use."""
    asks = tuple(_asks(played))
    return tuple(found for cap in played.world.program.tolerance.caps for found in _of_cap(played, cap, asks))


def _asks(played: Played) -> Iterator[_Ask]:
    columns = ("contact_id", "person_key", "account_id")
    owners = {row["contact_id"]: row for row in played.world.verdicts.table.select(columns).to_pylist()}
    counts_when = played.world.program.tolerance.counts_when
    for row in (*played.asked_for.asks, *played.diary.activities.values()):
        status, contact = row.get("status") or "", row.get("contact")
        owner = owners.get(contact or "")
        if owner is None or row.get("type") is None:
            continue
        counts = counts_when.get(status)
        day = row.get("completed_on") if status == "completed" else row.get("scheduled_on")
        used_on = day if counts == "used" else None
        ended_on = None if counts == "reserved" else used_on or row.get("responded_on") or row.get("asked_on")
        who = {"person": owner["person_key"], "account": owner["account_id"]}
        replayed = row["id"] in played.diary.activities
        yield _Ask(row["id"], contact or "", who, row["type"], replayed, row.get("asked_on"), ended_on, used_on)


def _of_cap(played: Played, cap: Cap, asks: Sequence[_Ask]) -> Iterator[Breach]:
    limits, points = _own_limits(played, cap), played.world.program.tolerance.effort_points
    grouped: dict[str, list[_Ask]] = defaultdict(list)
    for ask in asks:
        owner = ask.owners[cap.per]
        if owner is not None and (cap.counts == "all" or ask.type in cap.counts):
            grouped[owner].append(ask)
    for owner, mine in sorted(grouped.items()):
        limit = min(cap.limit, limits.get(owner, cap.limit))
        for ask in mine:
            for day in _moments(ask):
                counted = [one for one in mine if one.counts_on(day, cap.window_days) and not _came_between(one, ask)]
                total = sum(points.get(one.type, 0) if cap.measure == "effort" else 1 for one in counted)
                if total > limit + 1e-9:
                    yield Breach(cap.id, ask.contact, day, total, limit)


def _moments(ask: _Ask) -> Iterator[date]:
    if ask.replayed and ask.asked_on is not None:
        yield ask.asked_on
        if ask.used_on is not None and ask.used_on > ask.asked_on:
            yield ask.used_on


def _came_between(other: _Ask, ask: _Ask) -> bool:
    """Whether another ask is none of the replay's and was not known when this one was made."""
    known_since = other.asked_on or other.used_on
    return not other.replayed and known_since is not None and ask.asked_on is not None and known_since > ask.asked_on


def _own_limits(played: Played, cap: Cap) -> Mapping[str, float]:
    """Give the lowest own limit of everybody who has one."""
    found: dict[str, float] = {}
    for mapping in KEPT_IN[cap.per]:
        fields = cap.own_fields(mapping)
        owners = _owners_of(played, cap, mapping) if fields else {}
        for row in played.world.rows(mapping) if fields else ():
            limits = [row[field] for field in fields if row.get(field) is not None]
            for owner in owners.get(row["id"], ()) if limits else ():
                found[owner] = min(found.get(owner, math.inf), *limits)
    return found


def _owners_of(played: Played, cap: Cap, mapping: str) -> Mapping[str, set[str]]:
    """Give whom a cap is for by the record that keeps their own limit."""
    rows = played.world.verdicts.table.select(["contact_id", "account_id", "person_key"]).to_pylist()
    if mapping == "profile":
        person_of = {row["contact_id"]: row["person_key"] for row in rows}
        contacts = {row["id"]: row.get("contact") or row.get("key") or "" for row in played.world.rows("profile")}
        return {kept: {person_of[contact]} for kept, contact in contacts.items() if contact in person_of}
    owners: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        owners[row["account_id"]].add(row["account_id"] if cap.per == "account" else row["person_key"])
    return owners
