"""What protects customers and cannot be read: no run starts, and the org holds one issue that says what to grant."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from crm_sync.entrypoints.service import Service
from crm_sync.errors import HiddenFieldsError
from crm_sync.pipeline import World, carry_out, look, look_to_write

ISSUES = (
    "SELECT Subject__c, Kind__c, Summary__c, Remedy__c, Assigned_To__r.Reference_Role__c, Resolved__c FROM Sync_Issue__c "
    "WHERE Subject__c LIKE 'Account.Legal%'"
)
RUNS = "SELECT Status__c, Message__c FROM Sync_Run__c WHERE Kind__c = 'Full' ORDER BY Started_At__c, Name"


def without(world: World, mapping: str, field: str) -> World:
    """A world whose mapping names a field that the org does not show."""
    known = world.program.mappings[mapping]
    gone = replace(known.fields[field], field=known.fields[field].field.replace("__c", "_Gone__c"))
    mappings = {**world.program.mappings, mapping: replace(known, fields={**known.fields, field: gone})}
    return replace(world, program=replace(world.program, mappings=mappings))


def test_a_run_that_may_not_start_tells_the_admin_in_the_org_once_and_until_it_may(places: Any) -> None:
    with places(settled=True) as place:
        blind = without(place.world, "account", "legal_hold")
        told = []
        for _ in range(2):
            with pytest.raises(HiddenFieldsError, match=r"Account\.Legal_Hold_Gone__c"):
                look_to_write(blind, place.world.org.server_time(), kind="full")
            told.append((_rows(place, ISSUES), _rows(place, RUNS)))
        (issue,) = told[0][0]
        assert told[1] == told[0], "the second time there is nothing new to say"
        assert (issue["Kind__c"], issue["Resolved__c"]) == ("Unreadable field", False)
        assert "no run starts without it" in issue["Summary__c"]
        assert "Grant read access to Account.Legal_Hold_Gone__c" in issue["Remedy__c"]
        assert issue["Assigned_To__r"]["Reference_Role__c"] == "Program Owner"
        (*_, run) = told[0][1]
        assert (run["Status__c"], "Legal_Hold_Gone__c" in run["Message__c"]) == ("Dry Run", True)
        assert place.world.journal.decisions.verify(), "nothing was decided, and the log says nothing else"
        carry_out(place.world, look(place.world, place.world.org.server_time()), kind="full")
        assert [row["Resolved__c"] for row in _rows(place, ISSUES)] == [True]


def test_the_service_ends_and_has_told_the_org(places: Any) -> None:
    with places(settled=True) as place:
        service = Service(without(place.world, "account", "legal_hold"), place.settings)
        service._job("incremental")
        assert isinstance(service.fatal, HiddenFieldsError)
        assert len(_rows(place, ISSUES)) == 1


def test_an_org_that_nobody_wrote_to_is_told_nothing(places: Any) -> None:
    with places() as place:
        with pytest.raises(HiddenFieldsError):
            look_to_write(without(place.world, "account", "legal_hold"), place.world.org.server_time(), kind="full")
        assert _rows(place, ISSUES) == []


def test_a_look_alone_tells_nobody(places: Any) -> None:
    with places(settled=True) as place:
        with pytest.raises(HiddenFieldsError):
            look(without(place.world, "account", "legal_hold"), place.world.org.server_time())
        assert _rows(place, ISSUES) == []


def test_whom_a_person_stopped_says_nothing_either(places: Any) -> None:
    with places(settled=True) as place:
        (lease,) = _rows(place, "SELECT Id FROM Sync_Run__c WHERE Kind__c = 'Lease'")
        place.call("PATCH", f"/sobjects/Sync_Run__c/{lease['Id']}", json={"Stop_Switch__c": True})
        with pytest.raises(HiddenFieldsError):
            look_to_write(without(place.world, "account", "legal_hold"), place.world.org.server_time(), kind="full")
        assert _rows(place, ISSUES) == []


def _rows(place: Any, soql: str) -> list[dict[str, Any]]:
    return list(place.call("GET", "/query", params={"q": soql})["records"])
