"""What befalls runs: a worker dies, two look at once, a plan grows old, a person stops it, a field is hidden, a feed breaks.

Called by the driver before the night's ordinary run. Each says what the worker has to answer, leaves the org able to go on, and
fails the year if the worker answers anything else. What was written meanwhile is the auditor's to judge.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from typing import Any, Protocol

import pytest

from crm_sync.errors import HiddenFieldsError, TemporaryError, UnsafePlanError
from crm_sync.model.records import Link
from crm_sync.pipeline import Decision, carry_out, look, look_to_write
from crm_sync.ports import RowAnswer, RowWrite
from tests.year.humans import Dice, Directory
from tests.year.place import Place, Worker


class Year(Protocol):
    """What a mishap needs of the driver."""

    place: Place
    people: Directory
    dice: Dice


Mishap = Callable[[Year, Worker, Worker, date], None]


class KilledError(BaseException):
    """The process ends here; nothing may catch it."""


class Mortal:
    """An org whose user is killed just before its n-th write call."""

    def __init__(self, org: Any, lives: int) -> None:
        self._org, self._lives = org, lives

    def __getattr__(self, name: str) -> Any:
        return getattr(self._org, name)

    def upsert(self, rows: Sequence[RowWrite], *, opening: RowWrite | None = None) -> Sequence[RowAnswer]:
        """Write, while there is life."""
        if self._lives == 0:
            raise KilledError
        self._lives -= 1
        answers: Sequence[RowAnswer] = self._org.upsert(rows, opening=opening)
        return answers


def seen(worker: Worker) -> Decision:
    """Look at the org now."""
    return look(worker.world, worker.org.server_time())


def dies(year: Year, first: Worker, second: Worker, today: date) -> None:
    """A run ends between two writes; its lease runs out before the next begins."""
    decision = seen(first)
    mortal = Mortal(first.org, year.dice.between(1, 4, "lives", today))
    try:
        carry_out(replace(first.world, org=mortal), decision, kind="full", agreed=decision.plan.checksum)
    except KilledError:
        year.place.advance(minutes=10)


def two_look(year: Year, first: Worker, second: Worker, today: date) -> None:
    """Both look; somebody whom the first would propose withdraws; the second runs; the first must not write any more."""
    decision = seen(first)
    year.place.advance(minutes=2)
    _withdraw(year, decision, today)
    year.place.advance(minutes=2)
    other = seen(second)
    carry_out(second.world, other, kind="full")
    if decision.plan.changes and other.plan.changes:
        with pytest.raises(TemporaryError, match="Another worker has run since"):
            carry_out(first.world, decision, kind="full")


def withdrawn_meanwhile(year: Year, first: Worker, second: Worker, today: date) -> None:
    """Somebody withdraws while the plan is being written: no worker could know, and the next run makes up for it."""
    decision = seen(first)
    _withdraw(year, decision, today)
    carry_out(first.world, decision, kind="full")
    year.place.advance(minutes=5)


def _withdraw(year: Year, decision: Decision, today: date) -> None:
    """Whoever is newly recommended withdraws that consent."""
    for change in decision.plan.changes:
        if change.object == "match" and change.fields.get("recommended"):
            request = change.fields.get("request") or change.before.get("request")
            profile = change.fields.get("profile") or change.before.get("profile")
            if isinstance(request, Link | None) or isinstance(profile, Link | None):
                continue
            rows = year.place.admin.rows(
                f"SELECT Id FROM Reference_Consent__c WHERE Status__c = 'Granted' AND Contact__c IN "
                f"(SELECT Contact__c FROM Reference_Profile__c WHERE Id = '{profile}')"
            )
            legal = year.people.holder("Legal Reviewer")
            for row in rows:
                legal.change(
                    "Reference_Consent__c", row["Id"], Status__c="Withdrawn", Withdrawn_On__c=today.isoformat()
                )
            return


def grows_old(year: Year, first: Worker, second: Worker, today: date) -> None:
    """A worker stalls between looking and writing."""
    decision = seen(first)
    year.place.advance(minutes=16)
    first.org.count("Account")
    if decision.plan.changes:
        with pytest.raises(TemporaryError, match="lets a plan be carried out"):
            carry_out(first.world, decision, kind="full")


def stopped(year: Year, first: Worker, second: Worker, today: date) -> None:
    """The program owner turns the stop switch on, and off again an hour later."""
    rows = year.place.admin.rows("SELECT Id FROM Sync_Run__c WHERE Kind__c = 'Lease'")
    program = year.people.holder("Program Owner")
    program.change("Sync_Run__c", rows[0]["Id"], Stop_Switch__c=True)
    year.place.advance(minutes=2)
    decision = seen(first)
    if decision.plan.changes:
        with pytest.raises(TemporaryError, match="stop switch"):
            carry_out(first.world, decision, kind="full")
    year.place.advance(minutes=58)
    program.change("Sync_Run__c", rows[0]["Id"], Stop_Switch__c=False)


def a_field_is_hidden(year: Year, first: Worker, second: Worker, today: date) -> None:
    """An admin takes a safety field away from the worker."""
    admin = year.place.admin
    (row,) = admin.rows(
        "SELECT Id, ParentId, SobjectType, Field FROM FieldPermissions WHERE Field = 'Reference_Consent__c.Withdrawn_On__c' "
        "AND Parent.Name = 'Reference_Integration'"
    )
    admin.delete("FieldPermissions", row["Id"])
    year.place.advance(minutes=2)
    with pytest.raises(HiddenFieldsError, match="Withdrawn_On__c"):
        look_to_write(first.world, year.place.now, kind="full")
    told = (
        "SELECT Id FROM Sync_Issue__c WHERE Subject__c = 'Reference_Consent__c.Withdrawn_On__c' AND Resolved__c = false"
    )
    assert admin.rows(told), "the admin is told in the org"
    given = {"ParentId": row["ParentId"], "SobjectType": row["SobjectType"], "Field": row["Field"]}
    admin.create("FieldPermissions", **given, PermissionsRead=True, PermissionsEdit=False)
    year.place.advance(minutes=2)


def the_feed_breaks(year: Year, first: Worker, second: Worker, today: date) -> None:
    """The health system sends nothing but blanks: far too many verdicts would change, so nothing is written."""
    admin = year.place.admin
    rows = admin.rows("SELECT Id, Health_Score__c FROM Account WHERE Health_Score__c != null")
    admin.change_many("Account", {row["Id"]: {"Health_Score__c": None} for row in rows})
    year.place.advance(minutes=2)
    with pytest.raises(UnsafePlanError):
        carry_out(first.world, seen(first), kind="full")
    admin.change_many("Account", {row["Id"]: {"Health_Score__c": row["Health_Score__c"]} for row in rows})
    year.place.advance(minutes=2)


def the_org_is_down(year: Year, first: Worker, second: Worker, today: date) -> None:
    """The org answers errors: the run ends, and nothing of a partial pull is acted on."""
    with (
        _fault(year.place, {"kind": "error", "path": "/composite|/query", "skip": 1, "times": -1}),
        pytest.raises(TemporaryError),
    ):
        carry_out(first.world, seen(first), kind="full")


@contextmanager
def _fault(place: Place, fault: Mapping[str, Any]) -> Iterator[None]:
    place.control("POST", "faults", fault)
    try:
        yield
    finally:
        place.control("DELETE", "faults")


MISHAPS: Mapping[str, tuple[float, Mishap]] = {
    "a run dies": (0.05, dies),
    "two look": (0.03, two_look),
    "somebody withdraws meanwhile": (0.03, withdrawn_meanwhile),
    "a plan grows old": (0.02, grows_old),
    "a person stops it": (0.02, stopped),
    "a field is hidden": (0.01, a_field_is_hidden),
    "the feed breaks": (0.01, the_feed_breaks),
    "the org is down": (0.02, the_org_is_down),
}
"""What befalls a night's run, on which share of nights, and what comes of it."""
