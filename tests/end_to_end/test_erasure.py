"""Somebody asks to be forgotten: one run later nothing of them is left on this machine, and nothing lets them in again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from crm_sync.pipeline import carry_out, look
from crm_sync.ports import Notification
from crm_sync.pull import pull
from tests.end_to_end.conftest import Place, Places
from tests.small_stores import found

CANARY = "Chief Canary Officer"
ADDRESS = "canary@forgotten.example"


def run(place: Place, world: Any = None) -> Any:
    world = world or place.world
    decision = look(world, world.org.server_time())
    return decision, carry_out(world, decision, kind="full")


def rows(place: Place, soql: str) -> list[dict[str, Any]]:
    return list(place.call("GET", "/query", params={"q": soql})["records"])


def somebody(place: Place) -> str:
    """Somebody with a profile, consents, uses and a proposal: all that can leave a trace."""
    own = [
        {row[field] for row in rows(place, f"SELECT {field} FROM {name}")}
        for name, field in (("Reference_Activity__c", "Contact__c"), ("Reference_Consent__c", "Contact__c"))
    ]
    proposed = rows(place, "SELECT Profile__r.Contact__c FROM Reference_Match__c WHERE Recommended__c = true")
    return str(min({row["Profile__r"]["Contact__c"] for row in proposed}.intersection(*own)))


def ids_about(snapshot: Any, contact: str) -> set[str]:
    """What the mirror knew of a person, read without the code under test."""
    tables = snapshot.tables
    profiles = {row["id"] for row in tables["profile"].to_pylist() if row["contact"] == contact}
    own = {contact, *profiles} | {row["key"] for row in tables["match"].to_pylist() if row["profile"] in profiles}
    own |= {row["id"] for row in tables["match"].to_pylist() if row["profile"] in profiles}
    own |= {row["email_key"] for row in tables["contact"].to_pylist() if row["id"] == contact and row["email_key"]}
    for name, column in (("consent", "contact"), ("activity", "contact"), ("task", "who"), ("event", "who")):
        rows = tables[name].select(["id", column]).to_pylist()
        own |= {row["id"] for row in rows if row[column] == contact}
    return {one[:15] if len(one) == 18 else one for one in own}


@pytest.fixture
def place(places: Places) -> Iterator[Place]:
    with places(settled=True) as opened:
        yield opened


def test_a_forgotten_person_leaves_no_trace_and_does_not_come_back(place: Place) -> None:
    world, state = place.world, place.settings.state_dir
    contact = somebody(place)
    twin = _twin(place, contact)
    simulations = state / "simulations"
    simulations.mkdir(mode=0o700)
    (simulations / "0123456789abcdef.json").write_text(json.dumps({"flips": [contact]}))
    world.journal.inbox.receive([Notification("n1", "Contact", contact), Notification("n2", "Contact", twin)])
    world.journal.quarantine(f"profile {contact}", "h", "STRING_TOO_LONG", "too long")
    world.journal.quarantine("profile other", "h", "X", f"duplicate of\n{contact}")
    before = pull(world.org, world.mirror, world.program, world.org.server_time())
    traces = {CANARY, twin[:15], *ids_about(before, contact)}
    assert len(traces) > 6
    assert found(state, traces) == traces, "the canaries have to be there, or finding none proves nothing"

    individual = place.call("POST", "/sobjects/Individual", json={"LastName": "Canary", "ShouldForget": True})["id"]
    place.call("PATCH", f"/sobjects/Contact/{contact}", json={"IndividualId": individual})
    left = _calls_left(place)
    _, outcome = run(place)
    assert outcome.erased.people == 2
    assert outcome.api_calls == left - _calls_left(place) - 1, "what is read again for it counts, on top of the run"
    assert ("contact", twin) in outcome.erased.left_in_org
    assert found(state, {*traces, individual[:15]}) == set()
    assert world.journal.inbox.receive([Notification("n3", "Contact", contact)]) == 0
    (profile,) = rows(place, f"SELECT Verdict__c FROM Reference_Profile__c WHERE Contact__c = '{contact}'")
    assert profile["Verdict__c"] == "Not Eligible"

    later, again = run(place)
    assert again.count("written") == 0, [change.subject for change in later.plan.changes]
    assert {contact, twin}.isdisjoint(later.snapshot.tables["contact"]["id"].to_pylist())
    assert found(state, {*traces, individual[:15]}) == set()
    _the_log_is_whole_and_says_nothing(world, contact)


def _calls_left(place: Place) -> int:
    return int(place.call("GET", "/limits")["DailyApiRequests"]["Remaining"])


def _twin(place: Place, contact: str) -> str:
    """Another record of the same person, bound to them by the address."""
    place.call("PATCH", f"/sobjects/Contact/{contact}", json={"Title": CANARY, "Email": ADDRESS})
    return str(place.call("POST", "/sobjects/Contact", json={"LastName": "Canary", "Email": ADDRESS.upper()})["id"])


def _the_log_is_whole_and_says_nothing(world: Any, contact: str) -> None:
    log = world.journal.decisions
    assert log.verify() > 0
    assert world.journal.dispositions.verify() >= 3
    told = log.entries(what="person")
    assert contact not in {entry["contact"] for entry in told}
    assert [entry for entry in told if entry.get("forgotten")]
    assert all(
        set(entry) == {"what", "contact", "forgotten", "seq", "run_id", "at", "seal"}
        for entry in told
        if entry.get("forgotten")
    )
