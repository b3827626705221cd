"""An ask under way is judged by its request's own rules anew: gate, freezing and matching say the same of every stage.

One world holds every stage with every harm, each with people of its own, so that one decision tells all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any

import pytest

from crm_sync.diff import foresee
from crm_sync.diff.plan import plain
from crm_sync.lifecycle.world import digest, match_key
from crm_sync.model.snapshot import Snapshot
from crm_sync.pipeline import decide
from crm_sync.program import Program
from tests.reference_town import AS_OF, CONSENT, PERSON, Town

TODAY = AS_OF.date()
REP, OWNER = "005000000000007AAA", "005000000000001AAA"
NEEDED = TODAY + timedelta(days=40)
Row = dict[str, Any]


def ago(days: int) -> date:
    """A day in the past."""
    return TODAY - timedelta(days=days)


APPROVED: Row = {"owner_decision": "approved", "owner_decided_on": ago(1)}
ASKED = APPROVED | {"asked_on": ago(1)}
ACCEPTED = ASKED | {"customer_response": "accepted", "responded_on": TODAY}
SCHEDULED = ACCEPTED | {"scheduled_for": datetime(2026, 4, 8, 9, tzinfo=UTC)}
STAGES: dict[str, Row] = {"approved": APPROVED, "asked": ASKED, "accepted": ACCEPTED, "scheduled": SCHEDULED}
STANDS_AS = {"approved": "owner_deciding", "asked": "customer_asked", "accepted": "approved", "scheduled": "scheduled"}


@dataclass(frozen=True)
class Rows:
    """The records of one ask that somebody may have changed since it began."""

    account: Row
    consent: Row
    profile: Row
    request: Row


HARMS: dict[str, tuple[Callable[[Rows], None], str]] = {
    "it competes": (lambda r: r.account.update(competitive_set="retail banking"), "competes with the prospect"),
    "its parent competes": (lambda r: r.account.update(parent="rival"), "competes with the prospect"),
    "it joined the prospect's family": (lambda r: r.account.update(parent="prospect"), "belongs to the prospect"),
    "the request is for another prospect": (
        lambda r: r.account.update(competitive_set="telephony") or r.request.update(prospect="another prospect"),
        "competes with the prospect",
    ),
    "the region is another": (lambda r: r.consent.update(territory=["EMEA"]) or r.request.update(region="APAC"), "consent"),
    "the audience is another": (lambda r: r.consent.update(audience="named prospects only"), "consent"),
    "consent ends before": (lambda r: r.consent.update(valid_to=TODAY + timedelta(days=20)), "consent"),
    "the language is another": (lambda r: r.request.update(language="Welsh"), "language"),
    "it is about something to avoid": (lambda r: r.profile.update(avoid_topics="Core"), "rather not talk about"),
}  # fmt: skip
CASES = [(stage, harm) for stage, harm in product(STAGES, [None, *HARMS])]


def of(number: int) -> tuple[str, str, str]:
    """The ids of a request, its person and its match."""
    return f"a03{number:012}AAA", f"003{number:012}AAA", f"a04{number:012}AAA"


def add_reference(town: Town, name: str, language: str) -> None:
    town.reference(name)
    town.rows["account"][-1].update(owner=OWNER, competitive_set=f"payments {name}")
    town.rows["profile"][-1].update(languages=[language])


def add_ask(town: Town, number: int, noted: Row) -> Rows:
    """A request whose person has come so far, with a second person who would suit."""
    (request, person, match), language = of(number), f"language {number}"
    add_reference(town, f"003{number:012}BBB", language)
    add_reference(town, person, language)
    wants = {"type": "call", "product": "Core", "region": "EMEA", "language": language, "needed_by": NEEDED}
    said = {"stage": "submitted", "requester": REP, "prospect": "prospect", "submitted_on": ago(5)}
    town.add("request", id=request, audience=language, **wants, **said)
    held = {
        "attempt": 1.0,
        "state": "proposed",
        "recommended": True,
        "rank": 1.0,
        "reserved_until": TODAY + timedelta(7),
    }
    key = match_key(request, person)
    town.add("match", id=match, key=key, request=request, profile=f"prof {person}", decide_by=TODAY, **held, **noted)
    return Rows(*(town.rows[name][-1] for name in ("account", "consent", "profile", "request")))


def empty_town(snapshot_of: Any, program: Program) -> Town:
    town = Town(snapshot_of, program)
    town.rows["account"][0].update(competitive_set="retail banking")
    town.add("account", id="rival", competitive_set="retail banking")
    town.add("account", id="another prospect", competitive_set="Telephony")
    town.add("user", id=REP, active=True)
    town.add("user", id=OWNER, active=True, role="program_owner")
    return town


@dataclass(frozen=True)
class Decided:
    """What one run leads to."""

    before: Snapshot
    rows: dict[str, list[Row]]
    tasks: list[Row]

    @classmethod
    def of(cls, town: Town, program: Program) -> Decided:
        decision = decide(town.snapshot(), program)
        after = foresee(decision.snapshot, decision.plan.changes)
        tasks = [
            {name: plain(value) for name, value in change.fields.items()}
            for change in decision.plan.changes
            if change.object == "task"
        ]
        return cls(decision.snapshot, {name: table.to_pylist() for name, table in after.tables.items()}, tasks)

    def row(self, mapping: str, record: str) -> Row:
        return next(row for row in self.rows[mapping] if row["id"] == record)

    def told(self, record: str) -> list[str]:
        """The subjects of the new tasks about a record."""
        return [task["subject"].partition(":")[0] for task in self.tasks if task.get("what") == record]


@pytest.fixture(scope="module")
def decided(snapshot_of: Any, program: Program) -> Decided:
    town = empty_town(snapshot_of, program)
    for number, (stage, harm) in enumerate(CASES, start=1):
        rows = add_ask(town, number, STAGES[stage])
        if harm is not None:
            HARMS[harm][0](rows)
    return Decided.of(town, program)


@pytest.mark.parametrize(("number", "stage", "harm"), [(n, *case) for n, case in enumerate(CASES, start=1)])
def test_an_ask_stands_or_freezes_by_its_requests_own_rules(
    decided: Decided, number: int, stage: str, harm: str | None
) -> None:
    """The match, the request, the owner and the requester are told the same, and nobody else is asked meanwhile."""
    request_id, _, match_id = of(number)
    match, request = decided.row("match", match_id), decided.row("request", request_id)
    others = [m for m in decided.rows["match"] if m["request"] == request_id and m["id"] != match_id]
    assert not any(other["recommended"] for other in others)
    if harm is None:
        assert (match["gate_verdict"], match["state"]) == ("passed", "proposed")
        assert request["status"] == STANDS_AS[stage]
        return
    assert (match["gate_verdict"], match["state"], request["status"]) == ("refused", "frozen", "frozen")
    assert HARMS[harm][1] in match["gate_reasons"]
    assert request["verdict_summary"] == "This request is on hold; nobody is being asked."
    assert request["reasons"] is None
    assert decided.told(match_id) == ["On hold"]
    assert decided.told(request_id) == []


def test_whom_an_activity_alone_has_asked_is_judged_too(snapshot_of: Any, program: Program) -> None:
    """It freezes, stands and holds its request like one with a match; only there is no match to say so."""
    town, alone = empty_town(snapshot_of, program), {}
    cases = [
        (status, kind) for status in ("asked", "accepted", "scheduled") for kind in ("stands", "withdrawn", "rival")
    ]
    for number, (status, kind) in enumerate(cases, start=1):
        rows = add_ask(town, number, {})
        town.rows["match"].pop()
        activity = f"a05{number:012}AAA"
        days = {"asked_on": ago(2), "scheduled_on": TODAY + timedelta(8) if status == "scheduled" else None}
        use = {"contact": of(number)[1], "type": "call", "request": of(number)[0], "requester": REP, "status": status}
        town.add(
            "activity", id=activity, key=digest("activity", activity), audience=f"language {number}", **use, **days
        )
        if kind == "withdrawn":
            rows.consent.update(status="withdrawn", withdrawn_on=TODAY)
        if kind == "rival":
            rows.account.update(competitive_set="retail banking")
        alone[number] = (activity, {"asked": "customer_asked", "accepted": "approved"}.get(status, status), kind)
    decided = Decided.of(town, program)
    for number, (activity, stands_as, kind) in alone.items():
        request = decided.row("request", of(number)[0])
        assert request["status"] == (stands_as if kind == "stands" else "frozen"), (number, kind)
        assert request["recommended_match"] is None, "nobody else is asked, and nobody decides what was asked already"
        assert decided.told(activity) == ([] if kind == "stands" else ["On hold"])


def test_a_withdrawal_on_a_duplicate_record_goes_to_legal(snapshot_of: Any, program: Program) -> None:
    """It freezes the ask of the person, so it is the same incident as on the record that was asked."""
    town = empty_town(snapshot_of, program)
    add_ask(town, 1, ASKED)
    _, person, match = of(1)
    twin = "003000000000009AAA"
    town.add("contact", id=twin, account=f"acc {person}", individual="0PK1", **PERSON)
    next(row for row in town.rows["contact"] if row["id"] == person)["individual"] = "0PK1"
    town.add("individual", id="0PK1", forget=False, no_processing=False, no_solicit=False)
    gone = CONSENT | {"status": "withdrawn", "withdrawn_on": TODAY}
    town.add("consent", id="con twin", contact=twin, use="call", **gone)
    decided = Decided.of(town, program)
    assert decided.row("match", match)["state"] == "frozen"
    assert [row["kind"] for row in decided.rows["escalation"]] == ["consent_withdrawn"]


def test_an_ask_freezes_while_the_org_does_not_show_who_competes(snapshot_of: Any, program: Program) -> None:
    """Of one blank company the owner is warned and decides; with the whole field hidden nobody can be judged."""
    town = empty_town(snapshot_of, program)
    add_ask(town, 1, ASKED)
    hidden = snapshot_of(as_of=AS_OF, unreadable=frozenset({("account", "parent")}), **town.rows)
    decision = decide(hidden, program)
    matches = foresee(decision.snapshot, decision.plan.changes).tables["match"].to_pylist()
    assert [(m["state"], m["gate_verdict"]) for m in matches] == [("frozen", "refused")]
    assert "not known whether" in matches[0]["gate_reasons"]
