"""What a year came to, counted from the org as the auditor's journal tells it: fulfilment, and how the load was spread.

Load is effort: what was done with a person within the year, weighted by type. Whoever could be asked for a month only cannot
carry a year's share, and whoever offers a logo only no call's, so spread is told of several pools: who could be called on all year (`CONSTANT` of
the days, limits and rests after uses aside), who could be asked for something all year, everybody by the days on which they could
be asked, and whoever could be asked on some day.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from tests.year.auditor import Auditor, law
from tests.year.auditor.effects import contact_of
from tests.year.auditor.org import day_of
from tests.year.calendar_year import Lived

CONSTANT = 0.9
YES = ("Accepted", "Scheduled", "Completed")


@dataclass(frozen=True)
class Spread:
    """How the load lies on a pool of people; `floor` is the least Gini of any division of what they did among them."""

    references: int
    gini: float
    floor: float
    top_fifth: float
    never: float


@dataclass(frozen=True)
class Numbers:
    """The numbers of one year."""

    requests: int
    filled: int
    completed: int
    effort: float
    fit: float
    callable: Spread
    all_year: Spread
    by_days: float
    some_day: Spread

    @property
    def fulfilment(self) -> float:
        """The share of requests that somebody said yes to."""
        return self.filled / self.requests if self.requests else 0.0


def gini(loads: Sequence[float]) -> float:
    """Inequality by its definition: the mean difference of all pairs, over twice the mean."""
    total, count = sum(loads), len(loads)
    if not total:
        return 0.0
    ordered = sorted(loads)
    return sum((2 * rank - count + 1) * load for rank, load in enumerate(ordered)) / (count * total)


def gini_of_days(loads: Iterable[tuple[float, int]]) -> float:
    """Inequality among days on which somebody could be asked, each with its share of that person's load.

    Of (load, days); with as many days for everybody it is `gini`.
    """
    known = sorted((load / days, days) for load, days in loads if days)
    total, count = sum(rate * days for rate, days in known), sum(days for _, days in known)
    below, area = 0.0, 0.0
    for rate, days in known:
        area += days * (2 * below + rate * days)
        below += rate * days
    return 1 - area / (count * total) if total else 0.0


def least_gini(efforts: Sequence[float], people: int) -> float:
    """The least Gini that any division of this work among so many people has, whoever may do what.

    A piece of work is done by one person, so the m busiest carry at least the m largest pieces. Of all loads of which that
    holds, the most even has the large pieces alone and whole points shared out alike; half points fill the least laden up,
    as if they could be cut at will. Every other division has busier busiest, for each m, and so no smaller Gini.
    """
    whole = sorted((round(one) for one in efforts if one >= 1), reverse=True)
    alone: list[float] = []
    left, others = sum(whole), people
    while others > 1 and len(alone) < len(whole) and whole[len(alone)] * others > left:
        left, others = left - whole[len(alone)], others - 1
        alone.append(whole[len(alone)])
    each, more = divmod(left, others)
    loads = [*[float(each)] * (others - more), *[each + 1.0] * more, *sorted(alone)]
    return gini(_filled_up(loads, sum(one for one in efforts if one < 1)))


def _filled_up(loads: list[float], water: float) -> list[float]:
    """Add to the least laden first, until nothing is left."""
    for count in range(1, len(loads) + 1):
        level = (sum(loads[:count]) + water) / count
        if count == len(loads) or level <= loads[count]:
            return [level] * count + loads[count:]
    return loads


def numbers(auditor: Auditor, lived: Lived, start: date, end: date) -> Numbers:
    """Count a year that the auditor has read."""
    org, persons = auditor.org, auditor.persons
    person: dict[str, str] = {}

    def who(contact: str | None) -> str:
        if contact not in person:
            person[contact or ""] = min(persons.records_of(contact), default="")
        return person[contact or ""]

    days, calls = (_of_people(counted, who) for counted in (lived.available, lived.callable))
    work: dict[str, list[float]] = {one: [] for one in days}
    for activity in org.rows("Reference_Activity__c"):
        match = org.row("Reference_Match__c", activity.get("Match__c"))
        done = activity.get("Completed_On__c") or match.get("Completed_On__c")
        on = day_of(done if activity.get("Status__c") != "Missed" else activity.get("Scheduled_On__c"))
        used = done or activity.get("Status__c") == "Missed"
        if used and on and start <= on <= end and activity.get("Status__c") not in ("Cancelled", "Declined"):
            owner = who(activity.get("Contact__c"))
            if owner in work:
                work[owner].append(law.EFFORT[activity["Type__c"]])
    asked = {
        row["Id"] for row in org.rows("Reference_Request__c") if (day_of(row.get("Submitted_On__c")) or start) >= start
    }
    yes = _said_yes(auditor)
    scores = [match["Score__c"] for request in asked & yes.keys() for match in yes[request] if match.get("Score__c")]
    return Numbers(
        requests=len(asked),
        filled=len(asked & yes.keys()),
        completed=sum(bool(_done(auditor, request)) for request in asked),
        effort=sum(map(sum, work.values())),
        fit=sum(scores) / len(scores) if scores else 0.0,
        callable=_spread([work[one] for one in sorted(calls) if calls[one] >= CONSTANT * lived.days]),
        all_year=_spread([work[one] for one in sorted(days) if days[one] >= CONSTANT * lived.days]),
        by_days=gini_of_days((sum(work[one]), days[one]) for one in sorted(days)),
        some_day=_spread([work[one] for one in sorted(days)]),
    )


def _of_people(counted: Mapping[str, int], who: Callable[[str], str]) -> Counter[str]:
    """The days of each person: those of the record with the most."""
    days: Counter[str] = Counter()
    for contact, number in counted.items():
        days[who(contact)] = max(days[who(contact)], number)
    days.pop("", None)
    return days


def _spread(work: Sequence[Sequence[float]]) -> Spread:
    """How the load of these people, each with their pieces of work, is spread over them."""
    loads = sorted(map(sum, work), reverse=True)
    fifth = max(len(loads) // 5, 1)
    return Spread(
        references=len(loads),
        gini=gini(loads),
        floor=least_gini([piece for pieces in work for piece in pieces], len(loads)) if loads else 0.0,
        top_fifth=sum(loads[:fifth]) / (sum(loads) or 1),
        never=sum(1 for one in loads if not one) / (len(loads) or 1),
    )


def _said_yes(auditor: Auditor) -> Mapping[str, list[Mapping[str, Any]]]:
    """The matches of each request that a customer said yes to."""
    found: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for match in auditor.org.rows("Reference_Match__c"):
        activities = auditor.org.pointing("Reference_Activity__c", "Match__c", match["Id"])
        accepted = match.get("Customer_Response__c") == "Accepted" or any(a.get("Status__c") in YES for a in activities)
        if accepted and contact_of(auditor.org, match):
            found[match["Request__c"]].append(match)
    return found


def _done(auditor: Auditor, request: str) -> bool:
    rows = auditor.org.pointing("Reference_Activity__c", "Request__c", request)
    matches = auditor.org.pointing("Reference_Match__c", "Request__c", request)
    return any(a.get("Status__c") == "Completed" for a in rows) or any(m.get("Completed_On__c") for m in matches)
