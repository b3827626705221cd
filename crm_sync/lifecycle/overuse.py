"""Uses and limits -> the uses that went beyond what was promised, each with the limits it broke in words.

Read by `incidents`. By every cap of rules/tolerance, with the person's or the account's own limit, over the window that ends
today. What may have happened counts. Not here: what is left for coming asks (`limits`), and who is told (`escalations`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from crm_sync.lifecycle.duties import name_of
from crm_sync.lifecycle.limits import own_limit, owner, weight
from crm_sync.lifecycle.uses import Use
from crm_sync.lifecycle.world import World
from crm_sync.program import Cap
from crm_sync.program.rules import SCALE


@dataclass(frozen=True)
class Excess:
    """One use too many of a person (`contact`) or an account: the use, its day, and which limits that broke."""

    contact: str | None
    account: str | None
    use: Use
    day: date
    evidence: str


def excesses(world: World) -> Iterator[Excess]:
    """Every use beyond a limit, sorted by whose limit it is and by day."""
    broken: dict[tuple[str, str, int], list[str]] = defaultdict(list)
    uses = sorted(_counting(world), key=lambda use: (used_on(use) or date.min, name_of(use.row)))
    for cap in world.program.tolerance.caps:
        for holder, mine in _by_holder(world, cap, uses).items():
            for number, text in _beyond(world, cap, uses, mine):
                broken[cap.per, holder, number].append(text)
    for (per, holder, number), texts in sorted(broken.items()):
        contact, account = (holder, _account(world, holder)) if per == "person" else (None, holder)
        day = min(used_on(uses[number]) or world.today, world.today)
        yield Excess(contact, account, uses[number], day, " ".join(texts))


def used_on(use: Use) -> date | None:
    """The day on which a use counts; one that was missed counts on the day it was agreed for."""
    return use.completed_on if use.status == "completed" else use.scheduled_on


def _counting(world: World) -> Iterator[Use]:
    """The uses that took place, or may have: one without a known status may be anything."""
    counts = world.program.tolerance.counts_when
    return (use for use in world.uses if use.row.get("contact") and counts.get(use.status or "", "used") == "used")


def _by_holder(world: World, cap: Cap, uses: Sequence[Use]) -> Mapping[str, list[int]]:
    """The places in `uses` of what counts under a cap within its window, by whose limit it is."""
    found: dict[str, list[int]] = defaultdict(list)
    for number, use in enumerate(uses):
        contact, day = use.row["contact"], used_on(use)
        holder = owner(cap, world.person_of(contact), _account(world, contact))
        if holder and _amount(world, cap, use) and (day is None or (world.today - day).days < cap.window_days):
            found[holder].append(number)
    return found


def _account(world: World, contact: str) -> str | None:
    return (world.row("contact", contact) or {}).get("account")


def _beyond(world: World, cap: Cap, uses: Sequence[Use], mine: Sequence[int]) -> Iterator[tuple[int, str]]:
    """Those of these uses with which the sum goes beyond the limit, and the sum with its limit in words."""
    most, total = cap.most(own_limit(world, cap, uses[mine[0]].row["contact"])), 0
    for number in mine:
        total += _amount(world, cap, uses[number])
        if total > most:
            yield number, f"{cap.text}: {total / SCALE:g}; at most {most / SCALE:g} were promised."


def _amount(world: World, cap: Cap, use: Use) -> int:
    """What a use takes from a limit; one whose type nobody knows takes the most that any could."""
    known = use.row.get("type")
    types = (known,) if known in world.program.types else world.program.types
    return max(weight(world, cap, one) for one in types)
