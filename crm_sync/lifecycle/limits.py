"""What is left of every limit on a coming day: uses that leave their window make room, planned ones take it.

Called by `supply`. Starts from what the verdicts say is left today, so that both count alike; what has no known day never
leaves. In thousandths of a use or an effort point. Not here: who may be asked for what.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from crm_sync.lifecycle.world import Row, World
from crm_sync.program import Cap, Cooldown
from crm_sync.program.rules import KEPT_IN, SCALE


@dataclass
class Room:
    """One limit of one person or account: `left` today, `limit` at most, and what leaves when."""

    left: int
    limit: int
    leaving: list[tuple[date, int]] = field(default_factory=list)
    planned: list[tuple[date, int]] = field(default_factory=list)

    def on(self, day: date) -> int:
        """What is left on this day."""
        returned = sum(amount for gone, amount in self.leaving if gone <= day)
        taken = sum(amount for gone, amount in self.planned if gone > day)
        return min(self.left + returned, self.limit) - taken

    def days_after(self, day: date) -> Iterator[date]:
        """The days after this one on which something leaves."""
        return (gone for entries in (self.leaving, self.planned) for gone, _ in entries if gone > day)


class Limits:
    """Every limit of everybody who can be asked, by cap and by person or account."""

    def __init__(self, world: World, members: Iterable[Row], known: Mapping[str, Row]) -> None:
        """Read what is left today of `members` (rows of the verdicts); `known` tells whose a contact record is."""
        self._world = world
        self._caps = world.program.tolerance.caps
        self._counts = {
            t: [(cap, amount) for cap in self._caps if (amount := weight(world, cap, t))] for t in world.program.types
        }
        self._rooms: dict[tuple[str, str], Room] = {}
        self._note_today(members)
        self._note_uses(known)

    def fits(self, person: str, account: str | None, reference_type: str, day: date) -> bool:
        """Whether one more ask of this type stays within every limit on this day; a limit not known holds nothing."""
        return all(
            room is not None and room.on(day) >= amount for room, amount in self._of(person, account, reference_type)
        )

    def take(self, person: str, account: str | None, reference_type: str, day: date) -> None:
        """Plan one ask of this type for this day."""
        for cap, amount in self._counts[reference_type]:
            room = self._rooms.get((cap.id, owner(cap, person, account) or ""))
            if room is not None:
                room.planned.append((day + timedelta(days=cap.window_days), amount))

    def next_day(self, person: str, account: str | None, reference_type: str, day: date) -> date | None:
        """The next day on which something leaves a limit that counts this type."""
        rooms = [room for room, _ in self._of(person, account, reference_type) if room is not None]
        return min((gone for room in rooms for gone in room.days_after(day)), default=None)

    def _of(self, person: str, account: str | None, reference_type: str) -> Iterator[tuple[Room | None, int]]:
        for cap, amount in self._counts[reference_type]:
            yield self._rooms.get((cap.id, owner(cap, person, account) or "")), amount

    def _note_today(self, members: Iterable[Row]) -> None:
        for row in members:
            for cap in self._caps:
                holder, left = owner(cap, row["person_key"], row["account_id"]), row.get(f"left_{cap.id}")
                if holder is None or left is None:
                    continue
                room = Room(_thousandths(left), cap.most(own_limit(self._world, cap, row["contact_id"])))
                known = self._rooms.get((cap.id, holder))
                if known is None or room.left < known.left:
                    self._rooms[cap.id, holder] = room

    def _note_uses(self, known: Mapping[str, Row]) -> None:
        for contact, reference_type, day in self._uses():
            row = known.get(contact)
            if row is None:
                continue
            for cap, amount in self._counts[reference_type]:
                leaves = day + timedelta(days=cap.window_days)
                room = self._rooms.get((cap.id, owner(cap, row["person_key"], row["account_id"]) or ""))
                if room is not None and leaves > self._world.today:
                    room.leaving.append((leaves, amount))

    def _uses(self) -> Iterator[tuple[str, str, date]]:
        """What is known to have been used and when; an open ask is taken as used today."""
        world, counts = self._world, self._world.program.tolerance.counts_when
        for row in world.rows("activity"):
            done = row.get("completed_on") if row.get("status") == "completed" else row.get("scheduled_on")
            if counts.get(row.get("status") or "") == "used" and done and row.get("type") in world.program.types:
                yield row["contact"] or "", row["type"], done
        for row in world.verdicts.held.select(["contact_id", "reference_type"]).to_pylist():
            if row["reference_type"] in world.program.types:
                yield row["contact_id"], row["reference_type"], world.today


def own_limit(world: World, cap: Cap, contact_id: str) -> float | None:
    """The lowest limit of their own under a cap: on any profile of the person, or on the account of any record of theirs.

    Under a cap per account, on the account of this record.
    """
    mine = frozenset({contact_id})
    known = world.same_person.get(contact_id, mine) if cap.per == "person" else mine
    accounts = {(world.row("contact", one) or {}).get("account") for one in known} if cap.needs_account else ()
    rows = {
        "profile": [row for one in known for row in world.profiles_of.get(one, ())],
        "account": [row for one in accounts if (row := world.row("account", one))],
    }
    kept = ((row, field) for mapping in rows for row in rows[mapping] for field in cap.own_fields(mapping))
    return min((row[field] for row, field in kept if row.get(field) is not None), default=None)


def own_limit_is_known(world: World, cap: Cap) -> bool:
    """Whether every own limit under a cap could be read, if there is any."""
    return all(_can_be_read(world, cap, *name.split(".", 1)) for name in cap.own_limits)


def _can_be_read(world: World, cap: Cap, mapping: str, field: str) -> bool:
    """Whether a field was seen, and is of a mapping that own limits of this cap are kept in."""
    fits = mapping in KEPT_IN[cap.per] and field in world.program.mappings[mapping].fields
    return fits and (mapping, field) not in world.snapshot.unreadable


def weight(world: World, cap: Cap, reference_type: str) -> int:
    """What one ask of this type takes from a limit; 0 when the limit does not count it."""
    return world.program.tolerance.weight(cap, reference_type) if cap.counts_type(reference_type) else 0


def owner(cap: Cap, person: str, account: str | None) -> str | None:
    """Whose limit it is; None when the account is not known."""
    return person if cap.per == "person" else account


def rests(cooldowns: Iterable[Cooldown], reference_type: str) -> Iterator[tuple[str | None, int]]:
    """What an ask of this type puts to rest: (type, or None for all of them, days); requesters and audiences aside."""
    for cooldown in cooldowns:
        if cooldown.event != "used" or cooldown.same is not None:
            continue
        if cooldown.after == "same_type":
            yield reference_type, cooldown.days
        elif cooldown.after == "all" or reference_type in cooldown.after:
            yield None, cooldown.days


def _thousandths(number: float) -> int:
    return int(number * SCALE + 1e-6)
