"""Sales reps: they ask for references, correct and change what they asked for, hold and withdraw requests, and now and then go around the program."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

from tests.year.humans.day import Day, workdays_after
from tests.year.place import Place, Row

TYPES = {"Sales Call": 1.2, "Quote": 0.2, "Logo": 0.1, "Recording": 0.1, "Case Study": 0.1, "Site Visit": 0.05}
"""References of each type that a deal asks for (rules/coverage.yaml)."""
NOTICE = {"Sales Call": 5, "Quote": 10, "Logo": 15, "Recording": 20, "Case Study": 30, "Site Visit": 30}
LANGUAGES = {"English": 0.80, None: 0.12, "German": 0.03, "Spanish": 0.03, "French": 0.02}
TOO_SOON = 0.10
WITHDRAWN, HELD = 0.03, 0.03
A_YEAR = {"moves to another region": 15, "names another prospect": 10, "wants another type": 6}
"""How often a request is changed while somebody is being asked for it."""
WORKDAYS = 250
UNDER_WAY = ("Owner Deciding", "Customer Asked", "Approved", "Scheduled")
REGIONS = ("EMEA", "APAC", "North America", "Latin America")
SIZES = ("Small", "Medium", "Large", "Enterprise")


def work(day: Day) -> None:
    """Ask for what deals need, and look after what was asked for."""
    for number in range(day.dice.count(day.demand_a_day, "requests", day.number)):
        _ask_for_a_reference(day, number)
    _tend(day)
    _change_what_was_asked(day)
    if day.dice.happens(0.04, "off system", day.number):
        _go_around_the_program(day)


@lru_cache(maxsize=4)
def deals(place: Place) -> list[Row]:
    """The open deals at the start of the year; there are always as many."""
    return place.admin.rows(
        "SELECT Id, AccountId, OwnerId, Use_Case__c, Product__c, Account.Industry, Account.Region__c FROM Opportunity "
        "WHERE IsClosed = false AND AccountId != null ORDER BY Id"
    )


def _ask_for_a_reference(day: Day, number: int) -> None:
    what = (day.number, number)
    deal = day.dice.pick(deals(day.place), "deal", *what)
    account, kind = deal["Account"] or {}, day.dice.weigh(TYPES, "type", *what)
    rep = day.dice.pick([r for r in day.people.reps if r not in day.people.gone], "rep", *what)
    industry, use_case = account.get("Industry"), deal["Use_Case__c"]
    day.people.user(rep).create(
        "Reference_Request__c",
        Opportunity__c=deal["Id"],
        Prospect_Account__c=deal["AccountId"],
        Requester__c=rep,
        Type__c=kind,
        Stage__c="Submitted",
        Audience_Segment__c=f"{industry} / {use_case}",
        Industry__c=industry if day.dice.happens(0.8, "says industry", *what) else None,
        Use_Case__c=use_case if day.dice.happens(0.7, "says use case", *what) else None,
        Product__c=deal["Product__c"] if day.dice.happens(0.7, "says product", *what) else None,
        Region__c=account.get("Region__c") if day.dice.happens(0.8, "says region", *what) else None,
        Language__c=day.dice.weigh(LANGUAGES, "language", *what),
        Company_Size__c=day.dice.pick(SIZES, "size", *what) if day.dice.happens(0.5, "says size", *what) else None,
        Needed_By__c=_needed_by(day, kind, what).isoformat(),
        Submitted_On__c=day.today.isoformat(),
    )
    day.note("request made")


def _needed_by(day: Day, kind: str, what: tuple[int, int]) -> date:
    if day.dice.happens(TOO_SOON, "too soon", *what):
        return workdays_after(day.today, day.dice.between(0, max(NOTICE[kind] - 1, 1), "too soon by", *what))
    return workdays_after(day.today, NOTICE[kind] + day.dice.between(6, 40, "spare", *what))


def _tend(day: Day) -> None:
    """Withdraw, hold and take up again, and close what is done or past its day."""
    rows = day.place.admin.rows(
        "SELECT Id, Requester__c, Stage__c, Status__c, Submitted_On__c, Needed_By__c, Prospect_Account__c, Opportunity__c "
        "FROM Reference_Request__c "
        "WHERE Stage__c IN ('Submitted', 'On Hold') ORDER BY Id"
    )
    for row in rows:
        stage = _next_stage(day, row)
        if stage:
            day.people.user(row["Requester__c"]).change("Reference_Request__c", row["Id"], Stage__c=stage)
            day.note(f"request {stage.lower()}")


def _next_stage(day: Day, row: Row) -> str | None:
    what, since = row["Id"], row["Submitted_On__c"] or day.today.isoformat()
    if row["Stage__c"] == "On Hold":
        on_hold = day.dice.between(7, 14, "held for", what)
        whole = row["Needed_By__c"] and (row["Prospect_Account__c"] or row["Opportunity__c"])
        return ("Submitted" if whole else "Withdrawn") if day.is_due(since, on_hold) else None
    if day.dice.happens(WITHDRAWN, "withdraws", what) and day.is_due(
        since, day.dice.between(1, 9, "withdraws on", what)
    ):
        return "Withdrawn"
    if day.dice.happens(HELD, "holds", what) and day.is_due(since, day.dice.between(2, 6, "holds on", what)):
        return "On Hold" if not day.is_due(since, 7) else None
    needed_by = row["Needed_By__c"] or since
    if row["Status__c"] in ("Unfilled", "Late", "Missed") and date.fromisoformat(needed_by) < day.today:
        return "Closed"
    return "Closed" if row["Status__c"] == "Closed" else None


def _change_what_was_asked(day: Day) -> None:
    """Another region, prospect or kind of reference, although the owner or the customer has been asked already."""
    times = {what: day.dice.count(mean / WORKDAYS, what, day.number) for what, mean in A_YEAR.items()}
    rows = _under_way(day) if any(times.values()) else []
    for what, count in times.items():
        for number in range(count if rows else 0):
            row = day.dice.pick(rows, what, "of", day.number, number)
            change = _another(day, what, number)
            day.people.user(row["Requester__c"]).change("Reference_Request__c", row["Id"], **change)
            day.note(f"request {what}")


def _under_way(day: Day) -> list[Row]:
    statuses = ", ".join(f"'{status}'" for status in UNDER_WAY)
    return day.place.admin.rows(
        "SELECT Id, Requester__c FROM Reference_Request__c "
        f"WHERE Stage__c = 'Submitted' AND Status__c IN ({statuses}) ORDER BY Id"
    )


def _another(day: Day, what: str, number: int) -> dict[str, str]:
    question = (what, "to", day.number, number)
    if what == "moves to another region":
        return {"Region__c": day.dice.pick(REGIONS, *question)}
    if what == "names another prospect":
        return {"Prospect_Account__c": day.dice.pick(deals(day.place), *question)["AccountId"]}
    return {"Type__c": day.dice.pick(list(TYPES), *question)}


def _go_around_the_program(day: Day) -> None:
    """A rep phones a reference without a request, and the calendar shows it."""
    active = [p for p in day.profiles if p["Status__c"] == "Active"]
    person = day.dice.pick(active, "whom", day.number)["Contact__c"]
    rep = day.people.user(day.dice.pick(day.people.reps, "who", day.number))
    on = day.today - timedelta(days=1)
    rep.create(
        "Event",
        Subject="Reference call, arranged directly",
        WhoId=person,
        StartDateTime=f"{on}T15:00:00.000Z",
        EndDateTime=f"{on}T15:30:00.000Z",
    )
    day.note("off-system use")
