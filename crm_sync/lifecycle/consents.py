"""Consents and assets -> expiry warnings and consent states, so that people act before a right runs out.

Called by `lifecycle.desired`. The worker never sets a consent's status nor an asset's publication (people do).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from crm_sync.lifecycle.world import Row, World
from crm_sync.model.calendar import months_after
from crm_sync.model.records import Desired


def desired_consents(world: World) -> Iterator[Desired]:
    """Give every granted consent its expiry warning."""
    for row in world.rows("consent"):
        yield Desired("consent", {"expiry_warning": warning_of(world, row)}, id=row["id"], why="days to expiry")


def desired_assets(world: World) -> Iterator[Desired]:
    """Say of every published asset whether a live consent to that use still covers it."""
    for row, given in _published(world):
        consents = [c for c in given if _holds(world, c)]
        warning = max((warning_of(world, c) for c in consents), key=_mildness, default="expired")
        state = "not_covered" if not consents else "covered" if warning == "none" else "expiring"
        fields = {"consent_state": state, "expiry_warning": warning if consents else "none"}
        yield Desired("asset", fields, id=row["id"], why="consent to its use")


def uncovered_assets(world: World) -> Iterator[tuple[Row, date | None]]:
    """Every published asset that no live consent covers, and the last day on which one to its use ended, if it has one."""
    for row, given in _published(world):
        if not any(_holds(world, consent) for consent in given):
            ends = (consent.get("withdrawn_on") or ends_on(world, consent) for consent in given)
            yield row, max((end for end in ends if end is not None and end <= world.today), default=None)


def _published(world: World) -> Iterator[tuple[Row, list[Row]]]:
    """Every published asset, with what that person said to that use."""
    given: dict[tuple[str | None, str | None], list[Row]] = defaultdict(list)
    for consent in world.rows("consent"):
        given[consent.get("contact"), consent.get("use")].append(consent)
    for row in world.rows("asset"):
        if row.get("status") == "published":
            yield row, given[row.get("contact"), row.get("type")]


def ends_on(world: World, consent: Row) -> date | None:
    """The first day this consent no longer holds: its own end, or the rules' validity after its start."""
    if consent.get("valid_to"):
        return consent["valid_to"]  # type: ignore[no-any-return]
    start = consent.get("valid_from")
    return months_after(start, world.program.consent.valid_months) if start else None


@dataclass(frozen=True)
class ConsentFacts:
    """What decides the warning of one consent; `days_left` is None when it has no known end."""

    granted: bool
    days_left: int | None = None


@dataclass(frozen=True)
class Expiry:
    """One line of the table: a warning, and when it is given."""

    name: str
    holds: Callable[[ConsentFacts], bool]
    text: str


def warnings(days: Iterable[int]) -> tuple[Expiry, ...]:
    """The table, for these days of rules/consent: the first line that holds gives the warning."""
    return (
        Expiry("none", lambda f: not f.granted, "Nobody granted it, or it was withdrawn: there is nothing to run out."),
        Expiry("expired", lambda f: (f.days_left or 0) <= 0, "It has ended, or nobody knows when it does."),
        *(Expiry(f"{limit}_days", _ends_within(limit), f"It ends in {limit} days at most.") for limit in sorted(days)),
        Expiry("none", lambda f: True, "It lasts."),
    )


def _ends_within(limit: int) -> Callable[[ConsentFacts], bool]:
    return lambda facts: (facts.days_left or 0) <= limit


def warning_of(world: World, consent: Row) -> str:
    """The warning for one consent: expired, 30_days, 60_days or none; only a granted consent can warn."""
    granted = consent.get("status") in world.program.consent.grant_status and not _withdrawn(world, consent)
    end = ends_on(world, consent)
    facts = ConsentFacts(granted, (end - world.today).days if end else None)
    return next(line.name for line in warnings(world.program.consent.warnings_days) if line.holds(facts))


def _mildness(warning: str) -> int:
    return ("expired", "30_days", "60_days", "none").index(warning)


def _holds(world: World, consent: Row) -> bool:
    """Whether this consent is granted, evidenced, unrestricted and alive today."""
    granted = consent.get("status") in world.program.consent.grant_status and not _withdrawn(world, consent)
    end = ends_on(world, consent)
    started = consent.get("valid_from") is not None and consent["valid_from"] <= world.today
    evidence = not any(consent.get(name) in (None, "") for name in world.program.consent.requires)
    restricted = consent.get("legal_restriction") is not False
    return granted and started and evidence and not restricted and end is not None and end > world.today


def _withdrawn(world: World, consent: Row) -> bool:
    return consent.get("withdrawn_on") is not None and consent["withdrawn_on"] <= world.today
