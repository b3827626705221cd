"""S9 in the org itself: what a requester can read is the same whether somebody said no or something else came of it.

Two copies of one org differ in one act of one day: in the one the owner or the customer says no, in the other they stay silent
until their time is over that same day, or the reference is paused. After the next run the requester, signed in with the
permission set of requesters and nothing else, reads everything: every object and every field that the org shows to them.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from crm_sync.pipeline import carry_out
from crm_sync.program import Program
from tests.year.humans.day import Directory, workdays_after
from tests.year.mishaps import seen
from tests.year.place import APP, Place, Worker, cut_sample, load_sample, open_place

START = date(2026, 11, 18)
COUNTED_ON = ("Id", "attributes")
"""A task's id is a number in the order of creation, and owners of the two worlds have not as many tasks."""


@dataclass
class World:
    """One copy of the org, the people in it, a worker, and the ask that all of this is about."""

    place: Place
    people: Directory
    worker: Worker

    def run(self, day: date, hour: float = 6) -> None:
        """Let the worker run."""
        self.place.set_clock(day, hour)
        decision = seen(self.worker)
        carry_out(self.worker.world, decision, kind="full", agreed=decision.plan.checksum)

    def ask(self) -> dict[str, Any]:
        """The first proposal of a call that waits for its owner, or was approved."""
        rows = self.place.admin.rows(
            "SELECT Id, Request__c, Request__r.Requester__c, Profile__c, Profile__r.Contact__r.Account.OwnerId, Decide_By__c "
            "FROM Reference_Match__c WHERE Recommended__c = true AND Request__r.Type__c = 'Sales Call' "
            "AND Request__r.Requester__r.IsActive = true ORDER BY Id LIMIT 1"
        )
        return dict(rows[0])

    def owner(self, ask: dict[str, Any]) -> Any:
        """Whoever decides."""
        return self.people.user(ask["Profile__r"]["Contact__r"]["Account"]["OwnerId"])


@contextmanager
def world(database: Path, folder: Path, program: Program) -> Iterator[World]:
    """Open a copy of an org."""
    folder.mkdir()
    with open_place(database, folder) as place:
        worker = Worker(place, folder / "state", program)
        try:
            yield World(place, Directory(place), worker)
        finally:
            worker.close()


@dataclass(frozen=True)
class Begun:
    """The org after its first run, and again when the customer of the first proposal has been asked."""

    proposed: Path
    asked: Path
    ask: dict[str, Any]


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory, program: Program) -> Begun:
    """Begin the story that all the pairs share."""
    assert APP.permission_sets
    folder = tmp_path_factory.mktemp("begun")
    load_sample(folder / "sample.sqlite", START, cut_sample(folder / "cut", 4))
    found = Begun(folder / "proposed.sqlite", folder / "asked.sqlite", {})
    with world(folder / "sample.sqlite", folder / "first", program) as one:
        one.people.hire()
        one.run(START)
        ask = one.ask()
    shutil.copy(folder / "first" / "org.sqlite", found.proposed)
    with world(found.proposed, folder / "second", program) as one:
        one.place.set_clock(START, 14)
        one.owner(ask).change(
            "Reference_Match__c", ask["Id"], Owner_Decision__c="Approved", Owner_Decided_On__c=START.isoformat()
        )
        one.run(START, 15)
        one.owner(ask).change("Reference_Match__c", ask["Id"], Asked_On__c=START.isoformat())
        one.run(START, 16)
    shutil.copy(folder / "second" / "org.sqlite", found.asked)
    return Begun(found.proposed, found.asked, ask)


def everything(one: World, user_id: str) -> dict[str, Any]:
    """All that this user can read: every object, every field, every row but other people's tasks."""
    rep, read = one.people.user(user_id), {}
    for known in rep.call("GET", "/sobjects")["sobjects"]:
        if known["queryable"] and known["name"] not in SETUP:
            fields = [field["name"] for field in rep.call("GET", f"/sobjects/{known['name']}/describe")["fields"]]
            rows = rep.rows(f"SELECT {', '.join(fields)} FROM {known['name']} ORDER BY Id")
            read[known["name"]] = [row for row in rows if known["name"] != "Task" or row["OwnerId"] == user_id]
    read["Task"] = [{name: value for name, value in row.items() if name not in COUNTED_ON} for row in read["Task"]]
    assert read["Reference_Request__c"]
    assert not {"Reference_Match__c", "Reference_Activity__c", "Reference_Profile__c"} & read.keys()
    return read


SETUP = {
    "FieldPermissions",
    "ObjectPermissions",
    "PermissionSet",
    "PermissionSetAssignment",
    "Profile",
    "User",
    "Organization",
}
Deed = Callable[[World, dict[str, Any]], None]


def owner_says_no(one: World, ask: dict[str, Any]) -> None:
    """The owner declines."""
    today = one.place.now.date().isoformat()
    one.owner(ask).change("Reference_Match__c", ask["Id"], Owner_Decision__c="Declined", Owner_Decided_On__c=today)


def customer_says_no(one: World, ask: dict[str, Any]) -> None:
    """The customer declines."""
    today = one.place.now.date().isoformat()
    one.owner(ask).change("Reference_Match__c", ask["Id"], Customer_Response__c="Declined", Responded_On__c=today)


def pauses(one: World, ask: dict[str, Any]) -> None:
    """The owner pauses the reference, and decides nothing."""
    one.owner(ask).change("Reference_Profile__c", ask["Profile__c"], Paused__c=True, Pause_Reason__c="Moving house")


def keeps_silent(one: World, ask: dict[str, Any]) -> None:
    """Nobody does anything."""


def _read_after(
    begun: Begun, folder: Path, program: Program, *, asked: bool, act_on: date, deed: Deed
) -> dict[str, Any]:
    """Let one thing happen on a day, run the next morning, and read as the requester."""
    with world(begun.asked if asked else begun.proposed, folder, program) as one:
        one.place.set_clock(act_on, 14)
        deed(one, begun.ask)
        one.run(act_on + timedelta(days=1))
        return everything(one, begun.ask["Request__r"]["Requester__c"])


def test_an_owners_no_reads_like_silence_wherever_the_requester_looks(
    begun: Begun, tmp_path: Path, program: Program
) -> None:
    on = workdays_after(START, 2)
    one = _read_after(begun, tmp_path / "no", program, asked=False, act_on=on, deed=owner_says_no)
    two = _read_after(begun, tmp_path / "silent", program, asked=False, act_on=on, deed=keeps_silent)
    assert json.dumps(one) == json.dumps(two)


@pytest.mark.parametrize(
    ("asked", "days", "no", "other"),
    [(False, 0, owner_says_no, pauses), (True, 5, customer_says_no, keeps_silent)],
    ids=["the owner says no or pauses", "the customer says no or keeps silent"],
)
def test_a_no_reads_on_the_request_like_anything_else_that_came_of_it(
    begun: Begun, tmp_path: Path, program: Program, asked: bool, days: int, no: Deed, other: Deed
) -> None:
    """A pause, or the rest after a no, keeps the person from other requests too, so these are left out."""
    on = workdays_after(START, days)
    one, two = (
        _read_after(begun, tmp_path / name, program, asked=asked, act_on=on, deed=deed)
        for name, deed in (("no", no), ("other", other))
    )
    mine, same = (
        [row for row in read["Reference_Request__c"] if row["Id"] == begun.ask["Request__c"]] for read in (one, two)
    )
    assert json.dumps([mine, one["Task"]]) == json.dumps([same, two["Task"]])
    assert mine[0]["Status__c"] == "Owner Deciding"
