"""Admins and owners at their records: pauses, limits, leavers, merges, rivals and parents, and fields nobody should touch."""

from __future__ import annotations

from datetime import timedelta

from tests.year.humans.day import Day
from tests.year.humans.reps import deals
from tests.year.place import Row

A_YEAR = {
    "pauses": 12,
    "writes a blackout": 40,
    "lowers a limit": 10,
    "merges duplicates": 4,
    "edits the worker's fields": 15,
    "puts on legal hold": 3,
    "disputes": 4,
    "moves an account": 8,
    "enters a prospect's market": 8,
    "is bought by a prospect": 3,
    "asks for a run": 30,
}
WORKDAYS = 250
LEAVES_ON = (60, 150)
"""The workdays on which an account owner and a rep leave the company."""


def meddle(day: Day) -> None:
    """Let each kind of thing happen about as often as it does."""
    _end_pauses(day)
    for what, times in A_YEAR.items():
        for number in range(day.dice.count(times / WORKDAYS, what, day.number)):
            active = [p for p in day.profiles if p["Status__c"] == "Active"]
            if active:
                DO[what](day, day.dice.pick(active, what, day.number, number))
                day.note(what)
    if day.number in LEAVES_ON:
        _somebody_leaves(day)


def _owner(day: Day, profile: Row) -> object:
    return day.people.user((profile["Contact__r"]["Account"] or {}).get("OwnerId"))


def _pause(day: Day, profile: Row) -> None:
    until = day.today + timedelta(days=day.dice.between(10, 40, "paused until", profile["Id"]))
    _owner(day, profile).change(
        "Reference_Profile__c", profile["Id"], Paused__c=True, Pause_Reason__c=f"Busy until {until}"
    )


def _end_pauses(day: Day) -> None:
    for profile in day.profiles:
        reason = profile["Pause_Reason__c"] or ""
        if profile["Paused__c"] and reason.startswith("Busy until ") and reason[-10:] <= day.today.isoformat():
            _owner(day, profile).change("Reference_Profile__c", profile["Id"], Paused__c=False, Pause_Reason__c=None)
            day.note("ends a pause")


def _black_out(day: Day, profile: Row) -> None:
    start = day.today + timedelta(days=day.dice.between(0, 20, "blackout in", profile["Id"], day.number))
    end = start + timedelta(days=day.dice.between(2, 14, "blackout for", profile["Id"], day.number))
    lines = [line for line in (profile["Blackouts__c"] or "").splitlines() if line]
    text = "\n".join([*lines[-3:], f"{start}..{end} away"])
    _owner(day, profile).change("Reference_Profile__c", profile["Id"], Blackouts__c=text)


def _lower_limit(day: Day, profile: Row) -> None:
    day.people.holder("Program Owner").change("Reference_Profile__c", profile["Id"], Max_Calls_Quarter__c=1)


def _merge(day: Day, profile: Row) -> None:
    """Of two contacts with the same mailbox the older one stays."""
    rows = day.place.admin.rows(
        "SELECT Id, Email, AccountId FROM Contact WHERE Email LIKE '%+news@%' ORDER BY Id LIMIT 1"
    )
    for row in rows:
        mailbox, _, domain = row["Email"].lower().partition("@")
        plain = f"{mailbox.removesuffix('+news')}@{domain}"
        first = day.place.admin.rows(f"SELECT Id FROM Contact WHERE Email = '{plain}' ORDER BY Id LIMIT 1")
        if first:
            day.place.control("POST", "records/change", {"id": row["Id"], "do": "merge", "into": first[0]["Id"]})


def _edit_worker_fields(day: Day, profile: Row) -> None:
    admin = day.place.admin
    what = day.dice.pick(("verdict", "counts", "match", "task"), "edits", day.number, profile["Id"])
    if what == "verdict":
        admin.change("Reference_Profile__c", profile["Id"], Verdict__c="Eligible", Eligible_Types__c="Sales Call;Quote")
    elif what == "counts":
        admin.change("Reference_Profile__c", profile["Id"], Calls_90_Days__c=0, Strength__c=100)
    elif what == "match" and day.matches:
        match = day.dice.pick(sorted(day.matches), "edited match", day.number)
        admin.change("Reference_Match__c", match, Score__c=99, Reasons__c="Because I say so.")
    elif day.tasks:
        task = day.dice.pick(day.tasks, "edited task", day.number)
        admin.change("Task", task["Id"], Status="In Progress", Subject=task["Subject"] + " (soon)")


def _hold(day: Day, profile: Row) -> None:
    day.people.holder("Legal Reviewer").change("Account", profile["Contact__r"]["AccountId"], Legal_Hold__c=True)


def _dispute(day: Day, profile: Row) -> None:
    _owner(day, profile).change("Account", profile["Contact__r"]["AccountId"], In_Dispute__c=True)


def _move_account(day: Day, profile: Row) -> None:
    owners = [one for one in day.people.owners if one not in day.people.gone]
    new = day.dice.pick(owners, "new owner", profile["Id"], day.number)
    day.place.admin.change("Account", profile["Contact__r"]["AccountId"], OwnerId=new)


def _enter_market(day: Day, profile: Row) -> None:
    """Somebody finds that a customer competes with a prospect: both are in one set from now on."""
    prospect = day.dice.pick(deals(day.place), "rival", profile["Id"], day.number)["AccountId"]
    for account in {prospect, profile["Contact__r"]["AccountId"]}:
        (row,) = day.place.admin.rows(f"SELECT Competitive_Set__c FROM Account WHERE Id = '{account}'")
        sets = {name for name in (row["Competitive_Set__c"] or "").split("; ") if name} | {f"market {day.number}"}
        day.place.admin.change("Account", account, Competitive_Set__c="; ".join(sorted(sets))[:255])


def _be_bought(day: Day, profile: Row) -> None:
    buyer, account = (
        day.dice.pick(deals(day.place), "buys", profile["Id"], day.number)["AccountId"],
        profile["Contact__r"],
    )
    (row,) = day.place.admin.rows(f"SELECT ParentId FROM Account WHERE Id = '{buyer}'")
    if row["ParentId"] is None and buyer != account["AccountId"]:
        day.place.admin.change("Account", account["AccountId"], ParentId=buyer)


def _ask_for_a_run(day: Day, profile: Row) -> None:
    day.people.holder("Program Owner").create("Sync_Request__c", Scope__c="One Record", Record_Id__c=profile["Id"])


def _somebody_leaves(day: Day) -> None:
    """They are deactivated, and their records stay theirs for the time being."""
    group = day.people.owners if day.number == LEAVES_ON[0] else day.people.reps
    who = day.dice.pick([one for one in group if one not in day.people.gone], "leaves", day.number)
    day.place.admin.change("User", who, IsActive=False)
    day.people.gone.add(who)
    day.note("a colleague leaves")


DO = {
    "pauses": _pause,
    "writes a blackout": _black_out,
    "lowers a limit": _lower_limit,
    "merges duplicates": _merge,
    "edits the worker's fields": _edit_worker_fields,
    "puts on legal hold": _hold,
    "disputes": _dispute,
    "moves an account": _move_account,
    "enters a prospect's market": _enter_market,
    "is bought by a prospect": _be_bought,
    "asks for a run": _ask_for_a_run,
}
