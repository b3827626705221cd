"""What a year came to, counted from the org as the auditor's journal tells it: fulfilment, and how the load was spread.

Load is effort: what was done with a person within the year, weighted by type. The pool is everybody who might be asked
for something on at least one day of the year, as in the report, over the year.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from tests.year.auditor import Auditor, law
from tests.year.auditor.effects import contact_of
from tests.year.auditor.org import day_of

YES = ("Accepted", "Scheduled", "Completed")


@dataclass(frozen=True)
class Numbers:
    """The numbers of one year."""

    requests: int
    filled: int
    completed: int
    references: int
    effort: float
    gini: float
    floor: float
    top_fifth: float
    never: float
    fit: float

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


def numbers(auditor: Auditor, lines: Iterable[Mapping[str, Any]], start: date, end: date) -> Numbers:
    """Count a year that the auditor has read; `lines` are its journal's."""
    org, persons = auditor.org, auditor.persons
    person: dict[str, str] = {}

    def who(contact: str | None) -> str:
        if contact not in person:
            person[contact or ""] = min(persons.records_of(contact), default="")
        return person[contact or ""]

    load = dict.fromkeys(
        (who(org.row("Reference_Profile__c", one).get("Contact__c")) for one in _were_eligible(lines)), 0.0
    )
    load.pop("", None)
    efforts: list[float] = []
    for activity in org.rows("Reference_Activity__c"):
        match = org.row("Reference_Match__c", activity.get("Match__c"))
        done = activity.get("Completed_On__c") or match.get("Completed_On__c")
        on = day_of(done if activity.get("Status__c") != "Missed" else activity.get("Scheduled_On__c"))
        used = done or activity.get("Status__c") == "Missed"
        if used and on and start <= on <= end and activity.get("Status__c") not in ("Cancelled", "Declined"):
            owner = who(activity.get("Contact__c"))
            if owner in load:
                load[owner] += law.EFFORT[activity["Type__c"]]
                efforts.append(law.EFFORT[activity["Type__c"]])
    asked = {
        row["Id"] for row in org.rows("Reference_Request__c") if (day_of(row.get("Submitted_On__c")) or start) >= start
    }
    yes = _said_yes(auditor)
    loads = sorted(load.values(), reverse=True)
    fifth = max(len(loads) // 5, 1)
    scores = [match["Score__c"] for request in asked & yes.keys() for match in yes[request] if match.get("Score__c")]
    return Numbers(
        requests=len(asked),
        filled=len(asked & yes.keys()),
        completed=sum(bool(_done(auditor, request)) for request in asked),
        references=len(loads),
        effort=sum(loads),
        gini=gini(loads),
        floor=least_gini(efforts, len(loads)) if loads else 0.0,
        top_fifth=sum(loads[:fifth]) / (sum(loads) or 1),
        never=sum(1 for one in loads if not one) / (len(loads) or 1),
        fit=sum(scores) / len(scores) if scores else 0.0,
    )


def _were_eligible(lines: Iterable[Mapping[str, Any]]) -> set[str]:
    """The profiles that said of somebody, at any time, that they may be asked for something."""
    return {
        line["record_id"]
        for line in lines
        if line["object"] == "Reference_Profile__c"
        and '"Eligible_Types__c":"' in (line["after"] or "").replace(": ", ":")
    }


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
