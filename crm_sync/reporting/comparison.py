"""Two sides and who flips between them -> one comparison, with its lines as they are read side by side.

Called by `crm-sync simulate`; `simulation_page` lays it out. People appear by title and company; nothing personal is in it.
Not here: measuring a side (`simulation`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from crm_sync.model.coverage import LEAST_SHOWN
from crm_sync.model.names import Names, words
from crm_sync.model.snapshot import Snapshot
from crm_sync.reporting.simulation import Gap, Side, Waits
from crm_sync.simulate import ENDINGS, Becomes, Breach, Flip, Flips


@dataclass(frozen=True)
class Flipped:
    """One person whose verdict flips alike for some kinds: by title and company, the criteria, and what would change it.

    `why` names the criteria with what was found of each; `remedy` is empty for who is let in.
    """

    contact_id: str
    who: str
    types: tuple[str, ...]
    becomes: str
    why: str
    remedy: str


@dataclass(frozen=True)
class Simulation:
    """Both sides, and what sets them apart today.

    `eligible` (persons and kinds) and `candidates` are counts of the side in use and the other; `verdicts` is how many flip.
    """

    org_id: str
    since: date
    until: date
    current: Side
    other: Side
    eligible: tuple[int, int]
    candidates: tuple[int, int]
    verdicts: int
    flipped: tuple[Flipped, ...]
    by_criterion: Mapping[str, Mapping[Becomes, int]]

    @property
    def breaches(self) -> tuple[Breach, ...]:
        """Every limit that was passed on either side; there must be none."""
        return (*self.current.breaches, *self.other.breaches)


def simulation_of(snapshot: Snapshot, since: date, sides: tuple[Side, Side], found: Flips) -> Simulation:
    """Put both sides together with who flips between them."""
    names = Names(snapshot)
    return Simulation(
        org_id=snapshot.org_id,
        since=since,
        until=snapshot.today,
        current=sides[0],
        other=sides[1],
        eligible=found.eligible,
        candidates=found.candidates,
        verdicts=len(found.flips),
        flipped=tuple(_flipped(found, names)),
        by_criterion={criterion: dict(counted) for criterion, counted in found.by_criterion().items()},
    )


def _flipped(found: Flips, names: Names) -> Iterator[Flipped]:
    """Tell of every person once for all kinds that flip for the same reasons."""
    alike: dict[tuple[str, str, str, str], list[str]] = {}
    for flip in found.flips:
        told = (_why(flip), _remedy(flip) if flip.becomes == "blocked" else "")
        alike.setdefault((flip.contact_id, flip.becomes, *told), []).append(flip.reference_type)
    for (contact, becomes, why, remedy), types in alike.items():
        shown = "may be asked" if becomes == "eligible" else "may not be asked"
        yield Flipped(contact, names.person(contact), tuple(types), shown, why, remedy)


def _why(flip: Flip) -> str:
    reasons = [f"{words(reason.rule_id)}: {reason.value or 'not known'}" for reason in flip.reasons]
    return "; ".join(reasons) or words(flip.criteria[0])


def _remedy(flip: Flip) -> str:
    days = [reason.free_on for reason in flip.reasons]
    last = max((day for day in days if day is not None), default=None)
    free = [f"Free on {last:%d %b %Y}."] if last is not None and None not in days else []
    return " ".join((*dict.fromkeys(reason.remedy for reason in flip.reasons), *free)).strip()


@dataclass(frozen=True)
class Line:
    """One measure of both sides as it is read, and how it changes; `better` is None where more is neither good nor bad."""

    what: str
    current: str
    other: str
    change: str = ""
    better: bool | None = None


def lines(simulation: Simulation) -> Iterator[Line]:
    """Give the measures side by side."""
    one, two = simulation.current, simulation.other
    yield Line("requests", f"{one.requests}", f"{two.requests}")
    for ending in ENDINGS:
        good = {"filled": True, "refused": False, "unfilled": False, "late": False}.get(ending)
        yield _counted(ending, one.endings[ending], two.endings[ending], good)
    yield Line("filled, of those that ended", _share(one), _share(two))
    for what, first, second in (
        ("until proposed", one.until_proposed, two.until_proposed),
        ("until agreed", one.until_agreed, two.until_agreed),
    ):
        yield Line(f"{what}, business days: middle (90 %)", _wait(first), _wait(second))
    yield _counted("times that customers were asked", one.asked, two.asked)
    yield _counted("people who were asked", one.people_asked, two.people_asked)
    yield _counted("people who may be asked today", one.pool[-1], two.pool[-1], True)
    yield _number("Gini of a year's load", one.gini, two.gini)
    yield Line("share of the busiest fifth", _percent(one.busiest_share), _percent(two.busiest_share))
    yield Line("not asked in a year", _percent(one.unused_share), _percent(two.unused_share))
    yield _number("references missing in the coming months", one.missing, two.missing, "{:.0f}")
    yield _counted("limits passed (must be none)", len(one.breaches), len(two.breaches), False)


def _counted(what: str, one: int, two: int, more_is_good: bool | None = None) -> Line:
    change = two - one
    better = None if more_is_good is None or not change else (change > 0) is more_is_good
    return Line(words(what), f"{one:,}", f"{two:,}", f"{change:+,}" if change else "", better)


def _number(what: str, one: float, two: float, form: str = "{:.2f}") -> Line:
    first, second = form.format(one), form.format(two)
    change = float(second) - float(first)
    shown = f"{form.replace(':', ':+')}".format(change) if change else ""
    return Line(what, first, second, shown, change < 0 if change else None)


def _share(side: Side) -> str:
    spread_of = side.filled_range
    return (
        "\u2013"
        if spread_of is None
        else f"{_percent(side.filled_share)} ({_percent(spread_of[0])} to {_percent(spread_of[1])})"
    )


def _percent(share: float | None) -> str:
    return "\u2013" if share is None else f"{100 * share:.0f} %"


def _wait(waits: Waits) -> str:
    return "\u2013" if waits.middle is None else f"{waits.middle:g} ({waits.ninetieth:g})"


def changed_gaps(found: Simulation) -> tuple[tuple[Gap, float, float], ...]:
    """The segments in which the two sides miss a different number, the widest difference first."""
    sides = [{(gap.cell, gap.type): gap for gap in side.gaps} for side in (found.current, found.other)]
    both = []
    for key in sides[0].keys() | sides[1].keys():
        one, two = (side[key].missing if key in side else 0.0 for side in sides)
        if abs(one - two) >= LEAST_SHOWN:
            both.append((sides[0].get(key) or sides[1][key], one, two))
    return tuple(sorted(both, key=lambda row: (-abs(row[1] - row[2]), row[0].cell.sort_key, row[0].type)))


def filled_by_kind(found: Simulation) -> tuple[tuple[str, str, str], ...]:
    """How many of those that ended were filled on each side, by kind of reference."""
    one, two = found.current.by_kind, found.other.by_kind
    return tuple((kind, _filled(one.get(kind, {})), _filled(two.get(kind, {}))) for kind in sorted({*one, *two}))


def _filled(endings: Mapping[str, int]) -> str:
    ended = sum(count for ending, count in endings.items() if ending != "waiting")
    return f"{endings.get('filled', 0)} of {ended}"
